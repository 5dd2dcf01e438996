"""Reference data over HTTP: units, contacts, categories, articles, notices, calendar, packs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from ivr.api.openapi import describe
from ivr.api.routes import ROUTES
from tests.integration.api_world import World
from ticketing.domain.knowledge import CENTRE, WRITERS
from ticketing.domain.roles import MATRIX, Permission, Role

CITY = {"id": "city", "name": "市热线中心", "kind": "centre", "level": "city"}
HOUSING = {
    "id": "city.housing",
    "name": "住建局",
    "kind": "department",
    "level": "city",
    "parent": "city",
}
WATER = {**HOUSING, "id": "city.water", "name": "水务局"}


class Town:
    """A world with three units and people of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tokens: dict[str, str] = {}

    async def ask(
        self, name: str, method: str, path: str, body: Any = None, **options: Any
    ) -> tuple[int, Any]:
        if body is not None:
            options["json"] = body
        return await self.world.call(method, f"/api/v1{path}", self.tokens[name], **options)

    async def good(self, name: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        status, answer = await self.ask(name, method, path, body, **more)
        assert status in {200, 201}, answer
        return answer

    async def refused(
        self, name: str, method: str, path: str, body: Any = None, **more: Any
    ) -> tuple[int, str]:
        status, answer = await self.ask(name, method, path, body, **more)
        assert set(answer) >= {"error", "message"}
        return status, answer["error"]


@pytest.fixture
async def town(world: World) -> Town:
    town = Town(world)
    town.tokens["manager"] = await world.token(Role.MANAGER)
    for unit in (CITY, HOUSING, WATER):
        await town.good("manager", "POST", "/units", unit)
    town.tokens["agent"] = await world.token(Role.AGENT)
    town.tokens["evaluator"] = await world.token(Role.EVALUATOR)
    town.tokens["handler"] = await world.token(Role.UNIT_HANDLER, unit="city.housing")
    town.tokens["leader"] = await world.token(Role.UNIT_LEADER, unit="city.housing")
    town.tokens["stranger"] = await world.token(Role.UNIT_LEADER, unit="city.water")
    return town


async def test_the_tree_and_one_unit_with_its_contacts(town: Town) -> None:
    listed = await town.good("agent", "GET", "/units")
    assert [(unit["id"], unit["depth"]) for unit in listed["items"]] == [
        ("city", 0),
        ("city.housing", 1),
        ("city.water", 1),
    ]
    entry = {"unit": "city.housing", "person": "王芳", "role": "on_call", "phone": "13812345678"}
    await town.good("leader", "POST", "/contacts", {**entry, "since": "2026-01-01"})
    card = await town.good("agent", "GET", "/units/city.housing")
    assert card["path"] == "市热线中心 / 住建局"
    assert [contact["phone"] for contact in card["contacts"]] == ["13812345678"]
    for path in ("/units/city.housing", "/contacts?unit=city.housing&role=on_call"):
        answer = await town.good("evaluator", "GET", path)
        (contact,) = answer.get("contacts") or answer["items"]
        assert contact["phone"] == "138****5678"
    changes = "/contact-changes?since=2026-01-01&until=2026-01-31"
    (change,) = (await town.good("agent", "GET", changes))["items"]
    assert (change["kind"], change["day"]) == ("joined", "2026-01-01")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("POST", "/units", HOUSING, 409, "unit_exists"),
        ("POST", "/units", {**CITY, "id": "second"}, 409, "bad_unit_tree"),
        ("PATCH", "/units/city", {"parent": "city.water"}, 409, "bad_unit_tree"),
        ("PATCH", "/units/city", {"active": False}, 409, "unit_inactive"),
        ("PATCH", "/units/nobody", {"active": False}, 404, "unit_not_found"),
        ("PATCH", "/units/city", {"id": "town"}, 400, "bad_request"),
        ("POST", "/units", {**HOUSING, "id": "住建"}, 400, "bad_request"),
        ("POST", "/units", {**HOUSING, "id": "x", "name": " "}, 400, "bad_request"),
        ("POST", "/units", {**HOUSING, "id": "x", "name": "a\u0000"}, 400, "bad_request"),
        ("POST", "/categories", {"code": "03.02", "name": "供暖"}, 404, "category_not_found"),
        ("PATCH", "/responsibilities/7", {"until": "2026-01-01"}, 404, "responsibility_not_found"),
        ("PATCH", "/contacts/seven", {}, 404, "contact_not_found"),
        ("GET", "/units?under=nobody", None, 404, "unit_not_found"),
        ("GET", "/contact-changes?since=2026-02-01&until=2026-01-01", None, 400, "bad_period"),
        ("GET", "/contacts?day=0", None, 400, "bad_request"),
        ("GET", "/contacts?day=9999-12-31", None, 400, "bad_request"),
        ("GET", "/articles/K1", None, 404, "article_not_found"),
        ("GET", "/articles/1%27", None, 404, "article_not_found"),
        ("GET", "/articles?cursor=x", None, 400, "bad_cursor"),
        ("GET", "/notices/N0", None, 404, "notice_not_found"),
        ("GET", "/notices?cursor=x", None, 400, "bad_cursor"),
        ("GET", "/calendar", None, 400, "bad_request"),
        ("GET", "/calendar?year=1999", None, 400, "bad_request"),
        ("GET", "/policies/atlantis", None, 404, "no_policy"),
        ("GET", "/policies/yanji-2019/explain/W99", None, 404, "rule_not_found"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(
    town: Town, method: str, path: str, body: Any, status: int, error: str
) -> None:
    assert await town.refused("manager", method, path, body) == (status, error)


async def test_a_unit_is_changed_and_moved(town: Town) -> None:
    changed = await town.good(
        "manager", "PATCH", "/units/city.water", {"parent": "city.housing", "active": False}
    )
    assert changed == {
        "id": "city.water",
        "name": "水务局",
        "short_name": "",
        "kind": "department",
        "level": "city",
        "parent": "city.housing",
        "district": "",
        "active": False,
    }
    listed = await town.good("agent", "GET", "/units?under=city.housing")
    assert [unit["id"] for unit in listed["items"]] == ["city.housing", "city.water"]


async def test_categories_and_who_is_responsible(town: Town) -> None:
    await town.good("manager", "POST", "/categories", {"code": "03", "name": "住房城建"})
    await town.good(
        "manager", "POST", "/categories", {"code": "03.02", "name": "供暖", "active": False}
    )
    await town.good("manager", "PATCH", "/categories/03", {"legal_basis": "城市供热条例"})
    listed = await town.good("agent", "GET", "/categories?active=true")
    assert listed["items"] == [
        {"code": "03", "name": "住房城建", "active": True, "legal_basis": "城市供热条例"}
    ]
    row = {"category": "03", "unit": "city.housing", "since": "2026-01-01"}
    kept = await town.good("manager", "POST", "/responsibilities", row)
    assert await town.refused("manager", "POST", "/responsibilities", row) == (
        409,
        "responsibility_exists",
    )
    ended = await town.good(
        "manager", "PATCH", f"/responsibilities/{kept['id']}", {"until": "2026-06-01"}
    )
    assert ended == {**kept, "until": "2026-06-01"}
    for day, expected in (("2026-05-31", [ended]), ("2026-06-01", [])):
        path = f"/responsibilities?category=03&day={day}"
        assert (await town.good("handler", "GET", path))["items"] == expected


async def test_an_article_on_its_way(town: Town) -> None:
    text = {"title": "供暖费标准", "text": "每平方米 23 元。\n可减免。"}
    made = await town.good("handler", "POST", "/articles", text)
    path = f"/articles/{made['id']}"
    assert (made["revision"], made["published"], made["review_by"]) == (1, None, None)
    assert await town.refused("agent", "GET", path) == (404, "article_not_found")
    await town.good("handler", "POST", f"{path}/submission", {"revision": 1})
    review = {"revision": 2, "review_by": "2199-01-01"}
    assert await town.refused("handler", "POST", f"{path}/approval", review) == (403, "not_allowed")
    assert await town.refused("stranger", "POST", f"{path}/approval", review) == (
        404,
        "article_not_found",
    )
    await town.good("leader", "POST", f"{path}/approval", review)
    shown = await town.good("agent", "GET", path)
    assert (shown["published"]["text"], shown["open"]) == (text["text"], None)
    assert await town.refused("stranger", "PUT", f"{path}/draft", {"revision": 3, **text}) == (
        403,
        "not_allowed",
    )
    second = {"revision": 3, "title": "供暖费标准", "text": "每平方米 24 元。"}
    drafted = await town.good("handler", "PUT", f"{path}/draft", second)
    assert drafted["open"]["number"] == 2
    assert await town.refused("handler", "PUT", f"{path}/draft", second) == (409, "article_changed")
    assert (await town.good("agent", "GET", path))["open"] is None
    await town.good("handler", "POST", f"{path}/submission", {"revision": 4})
    back = {"revision": 5, "why": "请写明依据"}
    returned = await town.good("leader", "POST", f"{path}/return", back)
    assert (returned["open"]["status"], returned["open"]["remark"]) == ("draft", "请写明依据")
    kept = await town.good("leader", "POST", f"{path}/review", {**review, "revision": 6})
    assert kept["review_by"] == "2199-01-01"
    gone = {"revision": 7, "why": "停止执行"}
    await town.good("leader", "POST", f"{path}/withdrawal", gone)
    cited = await town.good("agent", "GET", f"{path}/versions/1")
    assert (cited["status"], cited["text"]) == ("withdrawn", text["text"])


async def test_a_condition_that_fails_is_told_in_the_readers_language(town: Town) -> None:
    made = await town.good("leader", "POST", "/articles", {"title": "物业", "text": "内容"})
    path = f"/articles/{made['id']}"
    await town.good("leader", "POST", f"{path}/submission", {"revision": 1})
    own = {"revision": 2, "review_by": "2199-01-01"}
    for language, word in (("zh-CN", "不能审核自己编写的版本"), ("en", "Nobody approves")):
        status, answer = await town.ask(
            "leader", "POST", f"{path}/approval", own, headers={"Accept-Language": language}
        )
        assert (status, answer["error"], answer["reason"]) == (409, "guard_failed", "own_version")
        assert word in answer["message"]


async def test_articles_are_searched_page_by_page(town: Town) -> None:
    for number in range(3):
        article = {"title": f"供暖第{number}条", "text": "管道漏水请报修"}
        await town.good("handler", "POST", "/articles", article)
    found = []
    cursor = ""
    while cursor is not None:
        path = f"/articles?words=供暖 漏水&status=draft&limit=2{cursor}"
        page = await town.good("handler", "GET", path)
        found += [row["title"] for row in page["items"]]
        cursor = None if page["next"] is None else f"&cursor={page['next']}"
    assert found == ["供暖第2条", "供暖第1条", "供暖第0条"]
    assert (await town.good("handler", "GET", "/articles?words=停电"))["items"] == []
    assert (await town.good("handler", "GET", "/articles?overdue=true"))["items"] == []


async def test_questions_without_an_article(town: Town) -> None:
    for _ in range(2):
        await town.good("agent", "POST", "/questions", {"text": "公积金怎么提取", "source": "c-1"})
    now = town.world.office_clock()
    window = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    params = {name: moment.isoformat() for name, moment in window.items()}
    report = await town.good("leader", "GET", "/questions/report", params=params)
    assert (report["asked"], report["unanswered"]) == (2, 2)
    assert [(gap["text"], gap["count"]) for gap in report["gaps"]] == [("公积金怎么提取", 2)]
    swapped = {"since": params["until"], "until": params["since"]}
    answer = await town.refused("leader", "GET", "/questions/report", params=swapped)
    assert answer == (400, "bad_period")


async def test_a_notice_is_written_published_shown_and_ended(town: Town) -> None:
    now = town.world.office_clock()
    notice = {
        "kind": "emergency",
        "start": (now - timedelta(hours=1)).isoformat(),
        "end": (now + timedelta(hours=1)).isoformat(),
        "zh": "延西街道今日停水",
        "scope": {"extent": "districts", "codes": ["c1"]},
    }
    written = await town.good("handler", "POST", "/notices", notice)
    path = f"/notices/{written['id']}"
    assert (written["unit"], written["published_by"]) == ("city.housing", "")
    assert await town.refused("leader", "POST", f"{path}/publication") == (403, "not_allowed")
    assert (await town.good("agent", "GET", "/notices/active"))["items"] == []
    published = await town.good("manager", "POST", f"{path}/publication")
    assert published["conflicts"] == []
    for query, count in (("", 1), ("?district=c1", 1), ("?district=c2", 0)):
        shown = await town.good("agent", "GET", f"/notices/active{query}")
        assert len(shown["items"]) == count, query
    assert await town.refused("stranger", "POST", f"{path}/end", {"why": "误发"}) == (
        403,
        "not_your_unit",
    )
    ended = await town.good("leader", "POST", f"{path}/end", {"why": "已恢复"})
    assert ended["withdrawn_by"] == "user-unit_leader-city.housing"
    assert ended["withdrawn_why"] == "已恢复"
    assert (await town.good("agent", "GET", "/notices/active"))["items"] == []
    assert [one["id"] for one in (await town.good("agent", "GET", "/notices"))["items"]] == [
        written["id"]
    ]
    announced = {**notice, "announce": True}
    status, answer = await town.ask("handler", "POST", "/notices", announced)
    assert (status, answer["reason"]) == (409, "text_missing")


async def test_the_calendar_says_what_is_provisional(town: Town) -> None:
    year = await town.good("handler", "GET", "/calendar?year=2026")
    assert (year["provisional"], len(year["days"])) == (False, 365)
    days = {day["day"]: day for day in year["days"]}
    assert days["2026-02-14"] == {
        "day": "2026-02-14",
        "working": True,
        "reason": "调休",
        "provisional": False,
    }
    assert (await town.good("handler", "GET", "/calendar?year=2080"))["provisional"] is True


async def test_packs_are_shown_and_their_rules_explained(town: Town) -> None:
    listed = await town.good("handler", "GET", "/policies")
    assert [pack["id"] for pack in listed["items"]] == ["xianning-2019", "yanji-2019"]
    pack = (await town.good("handler", "GET", "/policies/yanji-2019"))["pack"]
    assert pack["office_hours"] == [["08:30:00", "11:30:00"], ["13:30:00", "17:00:00"]]
    explained = await town.good("handler", "GET", "/policies/yanji-2019/explain/W3")
    assert explained["rule"]["id"] == "W3"
    assert explained["settings"][0]["path"] == "limits.consultation"
    assert explained["settings"][0]["value"]["working_days"] == 1


def test_the_door_lets_those_write_whom_the_rules_let_write() -> None:
    may_write = {role for role in Role if Permission.KNOWLEDGE_WRITE in MATRIX[role]}
    assert may_write == {*WRITERS, *CENTRE, Role.ADMIN}


def test_the_times_of_a_pack_are_described_as_they_are_written() -> None:
    hours = describe(ROUTES, "1")["components"]["schemas"]["PolicyPack"]["properties"][
        "office_hours"
    ]["items"]
    assert len(hours["prefixItems"]) == 2
    for each in hours["prefixItems"]:
        assert "format" not in each
        assert re.fullmatch(each["pattern"], "08:30:00")
