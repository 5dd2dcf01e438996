"""Work orders over HTTP with real roles: from intake to archive, by the rules (W1 to W8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.api_world import World
from ticketing.domain.roles import Role
from ticketing.domain.units import Level, Unit, UnitKind
from ticketing.store import history, outbox, units

UNITS = (
    Unit("centre", "市热线中心", UnitKind.CENTRE, Level.CITY, None),
    Unit("city.housing", "市住建局", UnitKind.DEPARTMENT, Level.CITY, "centre"),
    Unit("city.police", "市公安局", UnitKind.DEPARTMENT, Level.CITY, "centre"),
    Unit("east.centre", "东区热线中心", UnitKind.CENTRE, Level.COUNTY, "centre", "east"),
    Unit("east.town", "河口镇", UnitKind.TOWN, Level.TOWN, "east.centre", "east.town"),
    Unit("east.village", "柳树村", UnitKind.VILLAGE, Level.VILLAGE, "east.town", "east.town.1"),
    Unit("east.other", "石桥村", UnitKind.VILLAGE, Level.VILLAGE, "east.town", "east.town.2"),
)
MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 09:00 in the city, a working day
COMPLAINT = {
    "content": "小区门口的路灯坏了三天，晚上很黑，老人不敢出门。",
    "citizen": {"name": "王小明", "phone": "13800001234", "address": "河口路12号"},
}
LIGHTS = {"action": "classify", "type": "complaint", "category": "city.light", "district": "east"}


class Desk:
    """People of the hotline and of units, each with a session."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def open(self) -> None:
        async with self.world.database.session() as session:
            for unit in UNITS:
                await units.add(session, unit)
        self.world.office_clock.now = MONDAY
        self.agent = await self.world.token(Role.AGENT)
        self.dispatcher = await self.world.token(Role.DISPATCHER)
        self.manager = await self.world.token(Role.MANAGER)
        self.housing = await self.world.token(Role.UNIT_HANDLER, unit="city.housing")
        self.police = await self.world.token(Role.UNIT_HANDLER, unit="city.police")

    async def receive(self, **more: Any) -> str:
        status, order = await self.world.call(
            "POST", "/api/v1/orders", self.agent, json={**COMPLAINT, **more}
        )
        assert status == 201, order
        return str(order["number"])

    async def act(self, who: str, number: str, **action: Any) -> dict[str, Any]:
        status, answer = await self.try_(who, number, **action)
        assert status == 200, answer
        return answer

    async def try_(self, who: str, number: str, **action: Any) -> tuple[int, dict[str, Any]]:
        path = f"/api/v1/orders/{number}/actions"
        return await self.world.call("POST", path, who, json={"do": action})

    async def refused(self, who: str, number: str, **action: Any) -> str:
        """The reason, or the error's id, of what must be refused; nothing is changed by it."""
        before = await self.show(number)
        status, answer = await self.try_(who, number, **action)
        assert 400 <= status < 500, answer
        assert await self.show(number) == before
        return str(answer.get("reason", answer["error"]))

    async def show(self, number: str) -> dict[str, Any]:
        status, order = await self.world.call("GET", f"/api/v1/orders/{number}", self.manager)
        assert status == 200, order
        return order

    async def dispatched(self, unit: str = "city.housing", **more: Any) -> str:
        number = await self.receive(**more)
        await self.act(self.agent, number, **LIGHTS)
        await self.act(self.dispatcher, number, action="dispatch", unit=unit, rule="I5")
        return number


@pytest.fixture
async def desk(world: World) -> Desk:
    made = Desk(world)
    await made.open()
    return made


def local(moment: str) -> str:
    return (datetime.fromisoformat(moment) + timedelta(hours=8)).strftime("%m-%d %H:%M")


async def test_a_complaint_goes_all_the_way(desk: Desk) -> None:
    """Intake, late sign, refused return, three extensions and a fourth refused, reply, callback
    not content, done again, content, archived; and the chain of events holds."""
    world, clock = desk.world, desk.world.office_clock
    number = await desk.dispatched()
    order = await desk.show(number)
    assert order["receiver"] == "user-agent"
    limits = order["chain"][0]["moments"]
    assert [local(limits[name]) for name in ("sign_by", "return_by", "extension_by", "due")] == [
        "03-02 10:00",  # W1: an hour
        "03-03 17:00",  # W2: a working day
        "03-04 17:00",  # W5: the day before
        "03-05 17:00",  # W4: three working days
    ]
    clock.turn(hours=2)
    signed = await desk.act(desk.housing, number, action="sign")
    assert signed["chain"][0]["signed_at"] > limits["sign_by"]  # late, and it is to be seen

    await desk.act(desk.housing, number, action="ask_return", why="灯杆属公安局")
    assert await desk.refused(desk.housing, number, action="ask_return", why="又一次") == (
        "return_pending"
    )
    back = await desk.act(
        desk.dispatcher, number, action="decide_return", accepted=False, why="产权在住建局"
    )
    assert (back["state"], back["requests"]) == ("signed", [])

    for days, due in ((3, "03-10 17:00"), (3, "03-13 17:00"), (1, "03-16 17:00")):
        await desk.act(desk.housing, number, action="ask_extension", days=days, why="等待配件")
        granted = await desk.act(
            desk.dispatcher, number, action="decide_extension", accepted=True, why="情况属实"
        )
        assert local(granted["chain"][0]["moments"]["due"]) == due
    assert granted["extensions"] == 3
    fourth = {"action": "ask_extension", "days": 1, "why": "还要一天"}
    assert await desk.refused(desk.housing, number, **fourth) == "extensions_exhausted"

    assert await desk.refused(desk.housing, number, action="report_back", result="已修复") == (
        "citizen_not_answered"
    )
    clock.turn(days=2)
    await desk.act(desk.housing, number, action="reply", text="路灯已于今日修复。", how="电话")
    clock.turn(minutes=10)
    reported = await desk.act(
        desk.housing, number, action="report_back", result="更换灯头两只，已修复。"
    )
    holder = reported["chain"][0]
    assert reported["state"] == "reported"
    assert holder["replied_at"] < holder["reported_at"]  # W6: two times

    assert (await desk.act(desk.dispatcher, number, action="review", passed=True))["state"] == (
        "callback"
    )
    unhappy = await desk.act(
        desk.agent,
        number,
        action="call_back",
        reached="answered",
        satisfaction="dissatisfied",
        said="又坏了",
    )
    assert unhappy["state"] == "callback"
    again = await desk.act(desk.dispatcher, number, action="redo", why="市民不满意")
    assert (again["state"], again["round"], again["extensions"]) == (
        "dispatched",
        2,
        3,
    )  # W5: in all
    await desk.act(desk.housing, number, action="sign")
    await desk.act(desk.housing, number, action="reply", text="已更换线路。")
    await desk.act(desk.housing, number, action="report_back", result="线路已更换。")
    await desk.act(desk.dispatcher, number, action="review", passed=True)
    content = await desk.act(
        desk.agent, number, action="call_back", reached="answered", satisfaction="satisfied"
    )
    assert (content["state"], content["satisfaction"]) == ("closed", "satisfied")
    archived = await desk.act(desk.manager, number, action="archive")
    assert archived["state"] == "archived"
    assert archived["actions"] == []

    _, steps = await world.call("GET", f"/api/v1/orders/{number}/history", desk.housing)
    named = [step["action"] for step in steps["items"]]
    assert named.count("ask_extension") == 3
    assert [step["seq"] for step in steps["items"]] == list(range(1, len(named) + 1))
    assert all(step["who"] and step["at"] for step in steps["items"])
    async with world.database.reading() as session:
        assert await history.verify(session) == (len(named), None)


async def test_a_unit_never_sees_another_units_order(desk: Desk) -> None:
    mine, theirs = await desk.dispatched(), await desk.dispatched("city.police")
    for who, sees, blind in ((desk.housing, mine, theirs), (desk.police, theirs, mine)):
        _, page = await desk.world.call("GET", "/api/v1/orders", who)
        assert [line["number"] for line in page["items"]] == [sees]
        for path in ("", "/history", "/proposal", "/repeats"):
            status, answer = await desk.world.call("GET", f"/api/v1/orders/{blind}{path}", who)
            assert (status, answer["error"]) == (404, "order_not_found")
        status, answer = await desk.try_(who, blind, action="note", text="看看")
        assert (status, answer["error"]) == (404, "order_not_found")


async def test_a_village_sees_only_its_own_and_its_town_supervises_it(desk: Desk) -> None:
    town = await desk.world.token(Role.UNIT_HANDLER, unit="east.town")
    village = await desk.world.token(Role.UNIT_HANDLER, unit="east.village")
    other = await desk.world.token(Role.UNIT_HANDLER, unit="east.other")
    number = await desk.dispatched("east.town")
    await desk.act(town, number, action="sign")
    assert await desk.refused(town, number, action="forward", unit="city.police") == (
        "unit_not_below"
    )
    await desk.act(town, number, action="forward", unit="east.village")
    _, page = await desk.world.call("GET", "/api/v1/orders", village)
    assert [line["number"] for line in page["items"]] == [number]
    _, page = await desk.world.call("GET", "/api/v1/orders", other)
    assert page["items"] == []
    assert await desk.refused(town, number, action="sign") == "not_yours"
    await desk.act(village, number, action="sign")
    await desk.act(town, number, action="supervise", measure="reminder", text="请抓紧")
    await desk.act(village, number, action="reply", text="已处理")
    await desk.act(village, number, action="report_back", result="已处理")
    back = await desk.act(town, number, action="review", passed=True)
    assert (back["state"], back["chain"][-1]["unit"]) == ("handling", "east.town")


async def test_of_two_dispatchers_one_wins(desk: Desk) -> None:
    number = await desk.receive()
    shown = await desk.act(desk.agent, number, **LIGHTS)
    path = f"/api/v1/orders/{number}/actions"
    wanted = [
        {"version": shown["version"], "do": {"action": "dispatch", "unit": unit}}
        for unit in ("city.housing", "city.police")
    ]
    first = await desk.world.call("POST", path, desk.dispatcher, json=wanted[0])
    second = await desk.world.call("POST", path, desk.manager, json=wanted[1])
    assert first[0] == 200
    assert (second[0], second[1]["error"]) == (409, "order_changed")


async def test_a_repeated_request_makes_no_second_order(desk: Desk) -> None:
    headers = {"Idempotency-Key": "call-1763753060.1"}
    answers = [
        await desk.world.call("POST", "/api/v1/orders", desk.agent, json=COMPLAINT, headers=headers)
        for _ in range(2)
    ]
    assert [status for status, _ in answers] == [201, 201]
    assert answers[0][1]["number"] == answers[1][1]["number"]
    status, refused = await desk.world.call(
        "POST",
        "/api/v1/orders",
        desk.agent,
        json={**COMPLAINT, "content": "别的事"},
        headers=headers,
    )
    assert (status, refused["error"]) == (409, "key_reused")


async def test_the_public_hears_of_an_order_only_with_its_telephone(desk: Desk) -> None:
    matter = {"content": "公交车总是晚点", "phone": "13900005678", "channel": "wechat"}
    status, receipt = await desk.world.call("POST", "/api/v1/public/orders", json=matter)
    assert status == 201
    asked = {"number": receipt["number"], "phone": "139-0000-5678"}
    status, told = await desk.world.call("POST", "/api/v1/public/progress", json=asked)
    assert (status, told["state"]) == (200, "received")
    assert set(told) == {"number", "state", "received_at", "changed_at", "closed_at"}
    wrong = {**asked, "phone": "13900005679"}
    unknown = {**asked, "number": "26010100001"}
    for body in (wrong, unknown):
        status, answer = await desk.world.call("POST", "/api/v1/public/progress", json=body)
        assert (status, answer["error"]) == (404, "order_not_found")


async def test_who_wishes_not_to_be_named_is_known_to_the_hotline_alone(desk: Desk) -> None:
    citizen = {**COMPLAINT["citizen"], "anonymous": True}  # type: ignore[dict-item]
    number = await desk.dispatched(citizen=citizen)
    _, order = await desk.world.call("GET", f"/api/v1/orders/{number}", desk.housing)
    assert order["citizen"]["name"] == "王**"
    assert order["citizen"]["phone"] == "138****1234"
    assert order["citizen"]["address"] == ""
    _, steps = await desk.world.call("GET", f"/api/v1/orders/{number}/history", desk.housing)
    assert "13800001234" not in str(steps)
    assert (await desk.show(number))["citizen"]["phone"] == "13800001234"


async def test_a_guard_speaks_the_askers_language(desk: Desk) -> None:
    number = await desk.dispatched()
    path = f"/api/v1/orders/{number}/actions"
    body = {"do": {"action": "decide_return", "accepted": True, "why": "x"}}
    said = {}
    for language in ("zh-CN", "en", "ko"):
        _, answer = await desk.world.call(
            "POST", path, desk.dispatcher, json=body, headers={"Accept-Language": language}
        )
        assert answer["reason"] == "no_return_pending"
        said[language] = answer["message"]
    assert said["zh-CN"] == "没有待处理的退回申请。"
    assert len(set(said.values())) == 3


async def test_a_list_is_narrowed_and_searched(desk: Desk) -> None:
    first = await desk.dispatched()
    desk.world.office_clock.turn(minutes=1)
    second = await desk.receive(content="自来水发黄，请来看看。")

    async def found(query: str) -> list[str]:
        status, page = await desk.world.call("GET", f"/api/v1/orders?{query}", desk.manager)
        assert status == 200, page
        return [line["number"] for line in page["items"]]

    assert await found("") == [second, first]
    assert await found("q=路灯") == [first]
    assert await found("q=自来水发黄") == [second]
    assert await found("q=灯") == [first]
    assert await found("q=没有的词") == []
    assert await found("state=received") == [second]
    assert await found("state=received,dispatched") == [second, first]
    assert await found("category=city") == [first]
    assert await found("unit=city.housing") == [first]
    assert await found("phone=13800001234") == [second, first]
    assert await found("sort=due") == [first]
    assert await found("overdue=true") == []
    desk.world.office_clock.turn(days=10)
    assert await found("overdue=true") == [first]
    _, page = await desk.world.call("GET", "/api/v1/orders?limit=1", desk.manager)
    _, rest = await desk.world.call(
        "GET", f"/api/v1/orders?limit=1&cursor={page['next']}", desk.manager
    )
    assert [line["number"] for line in rest["items"]] == [first]


async def test_papers_are_printed_as_the_order_was(desk: Desk) -> None:
    number = await desk.dispatched()
    await desk.act(desk.housing, number, action="sign")
    await desk.act(desk.housing, number, action="ask_extension", days=2, why="等待配件")
    await desk.act(
        desk.dispatcher, number, action="decide_extension", accepted=True, why="情况属实"
    )
    desk.world.office_clock.turn(days=10)
    later = (desk.world.office_clock.now + timedelta(days=2)).isoformat()
    await desk.act(
        desk.manager, number, action="supervise", measure="notice", text="逾期未办", limit=later
    )
    path = f"/api/v1/orders/{number}/papers"
    _, papers = await desk.world.call("GET", path, desk.housing)
    assert [paper["kind"] for paper in papers["items"]] == [
        "dispatch_notice",
        "extension_application",
        "extension_decision",
        "supervision_notice",
    ]
    for paper in papers["items"]:
        for wanted, magic in (("pdf", b"%PDF"), ("docx", b"PK")):
            status, file = await desk.world.call(
                "GET", f"{path}/{paper['seq']}?format={wanted}", desk.housing
            )
            assert status == 200
            assert file.startswith(magic)
    status, answer = await desk.world.call("GET", f"{path}/1", desk.housing)
    assert (status, answer["error"]) == (404, "paper_not_found")


async def test_a_file_is_added_by_its_content_and_seen_by_those_who_see_the_order(
    desk: Desk,
) -> None:
    number = await desk.dispatched()
    path = f"/api/v1/orders/{number}/attachments?name=照片.png"
    picture = (
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\1" * 2 + b"\x08\2\0\0\0" + b"\0" * 64
    )
    binary = {"Content-Type": "application/octet-stream"}
    status, added = await desk.world.call("POST", path, desk.housing, data=picture, headers=binary)
    assert (status, added.get("name"), added.get("media")) == (201, "照片.png", "image/png")
    status, refused = await desk.world.call(
        "POST", path, desk.housing, data=b"MZ\x90\x00 a program", headers=binary
    )
    assert (status, refused["error"]) == (422, "bad_attachment")
    status, content = await desk.world.call(
        "GET", f"/api/v1/attachments/{added['id']}", desk.housing
    )
    assert (status, content) == (200, picture)
    status, answer = await desk.world.call("GET", f"/api/v1/attachments/{added['id']}", desk.police)
    assert (status, answer["error"]) == (404, "attachment_not_found")


async def test_many_callers_on_one_event_are_answered_singly(desk: Desk) -> None:
    """One master; the desk is told when it has an answer, and gives each caller his own (W10)."""
    master = await desk.dispatched()
    caller = await desk.receive(content="我们这边路灯也不亮")
    await desk.act(desk.agent, caller, action="join_master", master=master)
    assert (await desk.show(caller))["state"] == "following"
    other = await desk.receive(content="也是路灯")
    for wrong, why in ((caller, "master_of_a_master"), ("26010100001", "order_not_found")):
        joined = {"action": "join_master", "master": wrong}
        assert await desk.refused(desk.agent, other, **joined) == why
    await desk.act(desk.housing, master, action="sign")
    await desk.act(desk.housing, master, action="reply", text="已修复")
    await desk.act(desk.housing, master, action="report_back", result="已修复")
    await desk.act(desk.dispatcher, master, action="review", passed=True)
    async with desk.world.database.session() as session:
        told = {
            (item.number, item.target, item.what)
            for item in await outbox.claim(session, desk.world.office_clock.now, limit=100)
        }
    assert (master, "centre", "answer_followers") in told
    answered = await desk.act(desk.agent, caller, action="reply", text="路灯已修复")
    assert answered["state"] == "callback"
    closed = await desk.act(
        desk.agent, caller, action="call_back", reached="answered", satisfaction="satisfied"
    )
    assert closed["state"] == "closed"
