"""Persons at seats, calls steered and supervised, over HTTP and in SQL (T1, T7, T9)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ivr.ami import OriginateOutcome
from ivr.errors import AmiTimeout
from ivr.switchboard import Device
from tests.integration.api_world import World
from tests.integration.samples import BARE, record
from ticketing.domain.roles import Role
from ticketing.domain.shifts import Doing
from ticketing.store import audit
from ticketing.store import calls as call_store

CALL = "hotline-1.0"


async def audited(world: World) -> list[tuple[str, str, str, dict[str, Any]]]:
    """What was done at seats and with calls, in its order."""
    async with world.database.reading() as session:
        entries = await audit.latest(session)
    kinds = {"shift", "call", "supervision"}
    return [
        (entry.actor, entry.action, entry.target, dict(entry.detail))
        for entry in reversed(entries)
        if entry.action.partition(".")[0] in kinds
    ]


def pauses(world: World) -> list[tuple[str, str, str]]:
    """How Asterisk was told to pause its members."""
    return [
        (fields["Interface"], fields["Paused"], fields["Reason"])
        for name, fields in world.exchange.told
        if name == "QueuePause"
    ]


async def seat(world: World, token: str, verb: str, number: str = "8001", **body: Any) -> Any:
    """Ask for a change of a seat; gives the status, and what it does now (or the error's id)."""
    json = {"json": body} if body else {}
    path = f"/api/v1/seats/{number}/{verb}"
    status, answer = await world.call("POST", path, token, **json)
    return status, answer.get("doing") or answer["error"]


async def test_a_shift_with_a_pause(world: World) -> None:
    agent = await world.token(Role.AGENT)
    assert await seat(world, agent, "login") == (200, "ready")
    world.office_clock.turn(seconds=100)
    assert await seat(world, agent, "pause", reason="用餐") == (200, "paused")
    assert await seat(world, agent, "pause", reason="用餐") == (200, "paused")
    world.office_clock.turn(seconds=50)
    assert await seat(world, agent, "resume") == (200, "ready")
    assert await seat(world, agent, "logout") == (200, "logged_out")
    assert await seat(world, agent, "logout") == (200, "logged_out")
    assert pauses(world) == [
        ("PJSIP/8001", "true", "用餐"),
        ("PJSIP/8001", "false", ""),
        ("PJSIP/8001", "true", "logged-out"),
    ]
    assert await audited(world) == [
        ("user-agent", "shift.login", "8001", {"person": "user-agent"}),
        ("user-agent", "shift.pause", "8001", {"reason": "用餐"}),
        ("user-agent", "shift.resume", "8001", {}),
        ("user-agent", "shift.logout", "8001", {}),
    ]
    status, told = await world.call("GET", "/api/v1/seats/8001/times", agent)
    assert status == 200
    assert told["persons"] == [
        {
            "person": "user-agent",
            "logged_in": 150.0,
            "doing": {"ready": 100.0, "paused": 50.0},
            "pauses": {"用餐": 50.0},
        }
    ]


async def test_ten_clicks_at_once_are_one(world: World) -> None:
    agent = await world.token(Role.AGENT)
    answers = await asyncio.gather(*(seat(world, agent, "login") for _ in range(10)))
    assert answers == [(200, "ready")] * 10
    assert len(await audited(world)) == 1


async def test_of_two_who_want_a_seat_one_is_told(world: World) -> None:
    tokens = [await world.token(Role.AGENT), await world.token(Role.DISPATCHER)]
    answers = await asyncio.gather(*(seat(world, token, "login") for token in tokens))
    assert sorted(answers) == [(200, "ready"), (409, "seat_taken")]
    winner = tokens[answers.index((200, "ready"))]
    assert await seat(world, winner, "login", "8002") == (409, "person_seated")


async def test_agents_have_their_own_seat_and_managers_any(world: World) -> None:
    agent, other, manager, unit = [
        await world.token(*roles)
        for roles in ((Role.AGENT,), (Role.DISPATCHER,), (Role.MANAGER,), (Role.UNIT_HANDLER,))
    ]
    await seat(world, agent, "login")
    for verb, body in (("logout", {}), ("pause", {"reason": "小休"}), ("wrap-up", {"seconds": 60})):
        assert await seat(world, other, verb, **body) == (403, "not_your_seat")
        assert await seat(world, unit, verb, **body) == (403, "not_allowed")
    assert await seat(world, manager, "pause", reason="小休") == (200, "paused")
    assert await seat(world, manager, "logout") == (200, "logged_out")
    assert [entry[0] for entry in await audited(world)] == [
        "user-agent",
        "user-manager",
        "user-manager",
    ]


async def test_what_cannot_be_is_refused_with_its_own_error(world: World) -> None:
    agent = await world.token(Role.AGENT)
    assert await seat(world, agent, "login", "8777") == (404, "seat_not_found")
    assert await seat(world, agent, "pause", reason="小休") == (409, "nobody_there")
    world.exchange.phone("8002", Device.UNAVAILABLE)
    assert await seat(world, agent, "login", "8002") == (409, "phone_not_registered")
    await seat(world, agent, "login")
    assert await seat(world, agent, "pause", reason="so") == (422, "bad_pause_reason")
    world.exchange.phone("8001", Device.BUSY)
    assert await seat(world, agent, "logout") == (409, "seat_busy")
    world.exchange.phone("8001", Device.IDLE)
    world.desk.lost()
    assert await seat(world, agent, "logout") == (503, "phones_unavailable")


async def test_what_asterisk_does_not_confirm_is_not_so(world: World) -> None:
    agent = await world.token(Role.AGENT)
    await seat(world, agent, "login")
    world.exchange.refuses = AmiTimeout("no answer")
    assert await seat(world, agent, "pause", reason="小休") == (503, "phones_unavailable")
    world.exchange.refuses = None
    status, told = await world.call("GET", "/api/v1/desk", agent)
    assert (status, told["seat"]["doing"]) == (200, "ready")
    assert [entry[1] for entry in await audited(world)] == ["shift.login"]


async def test_a_new_controller_knows_the_shift_and_makes_asterisk_equal_to_it(
    world: World,
) -> None:
    agent, other = await world.token(Role.AGENT), await world.token(Role.DISPATCHER)
    await seat(world, agent, "login")
    await seat(world, agent, "pause", reason="用餐")
    await seat(world, other, "login", "8002")
    await seat(world, other, "logout", "8002")
    world.office_clock.turn(seconds=60)

    again = world.exchange.desk(world.shifts, world.office_clock)
    world.exchange.told.clear()
    world.exchange.link(again, "8001", "8002", "8009", s8009="somebody's pause")
    running = asyncio.create_task(again.run())
    try:
        async with asyncio.timeout(5):
            while len(pauses(world)) < 2 or again.seat("8001") is None:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
    now = again.seat("8001")
    assert now is not None
    assert (now.person, now.pause) == ("user-agent", "用餐")
    assert sorted(pauses(world)) == [
        ("PJSIP/8001", "true", "用餐"),
        ("PJSIP/8002", "true", "logged-out"),
    ]


async def test_wrap_up_is_ended_in_asterisk_too(world: World) -> None:
    agent = await world.token(Role.AGENT)
    await world.desk.join({"8001": {"reception": 0}}, [])
    await seat(world, agent, "login")
    world.exchange.event("AgentComplete", MemberName="8001", Uniqueid=CALL)
    _, told = await world.call("GET", "/api/v1/desk", agent)
    assert told["seat"]["doing"] == "wrap_up"
    assert told["wrap_up_seconds"] == 15
    world.exchange.told.clear()
    await seat(world, agent, "wrap-up", seconds=120)
    assert pauses(world) == [("PJSIP/8001", "true", "wrap-up")]
    await seat(world, agent, "wrap-up", seconds=0)
    names = [name for name, _ in world.exchange.told]
    assert names == ["QueuePause", "QueueRemove", "QueueAdd", "QueuePause"]
    assert pauses(world)[-1] == ("PJSIP/8001", "false", "")


async def test_after_a_call_that_was_handed_on_there_is_a_wrap_up_too(world: World) -> None:
    agent = await world.token(Role.AGENT)
    assert await seat(world, agent, "login", "8002") == (200, "ready")
    world.exchange.talk(CALL, "8001")
    for leg in (CALL, f"{CALL}-leg"):
        world.exchange.event("BridgeLeave", Uniqueid=leg, BridgeUniqueid="b1")
    world.exchange.event("AgentComplete", MemberName="8001", Uniqueid=CALL)
    second = {"Uniqueid": "second", "Linkedid": CALL, "Channel": "PJSIP/8002-00000007"}
    world.exchange.event("Newchannel", Context="from-seat", **second)
    world.exchange.event("BridgeEnter", Uniqueid=CALL, Linkedid=CALL, BridgeUniqueid="b2")
    world.exchange.phone("8002", Device.BUSY)
    world.exchange.event("BridgeEnter", BridgeUniqueid="b2", **second)
    world.exchange.event("BridgeLeave", BridgeUniqueid="b2", **second)
    world.exchange.phone("8002", Device.IDLE)
    now = world.desk.seat("8002")
    assert now is not None
    assert now.doing(world.office_clock.now) is Doing.WRAP_UP
    running = asyncio.create_task(world.desk.run())
    try:
        async with asyncio.timeout(5):
            while not pauses(world):
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
    assert pauses(world) == [("PJSIP/8002", "true", "wrap-up")]


async def test_only_the_seat_of_a_call_and_managers_steer_it(world: World) -> None:
    agent, other, manager = [
        await world.token(role) for role in (Role.AGENT, Role.DISPATCHER, Role.MANAGER)
    ]
    await seat(world, agent, "login")
    world.exchange.talk(CALL, "8001")
    for token in (other, manager):
        for verb in ("hold", "resume", "hangup"):
            status, told = await world.call("POST", f"/api/v1/calls/{CALL}/{verb}", token)
            if token == other:
                assert (status, told["error"]) == (403, "not_your_seat")
            else:
                assert status == 200
        world.exchange.phone("8001", Device.IDLE)
    assert [entry[1] for entry in await audited(world)] == [
        "shift.login",
        "call.hold",
        "call.resume",
        "call.hangup",
    ]


async def test_hold_is_confirmed_and_a_double_click_is_one_key(world: World) -> None:
    agent = await world.token(Role.AGENT)
    await seat(world, agent, "login")
    world.exchange.talk(CALL, "8001")
    path = f"/api/v1/calls/{CALL}"
    held = await asyncio.gather(*(world.call("POST", f"{path}/hold", agent) for _ in range(3)))
    shown = {"call": CALL, "seats": ["8001"], "held": True, "thirds": [], "recorded": True}
    assert held == [(200, shown)] * 3
    assert [name for name, _ in world.exchange.told].count("PlayDTMF") == 1
    status, told = await world.call("POST", f"{path}/resume", agent)
    assert (status, told["held"]) == (200, False)
    world.exchange.event("MusicOnHoldStart", Uniqueid=CALL, Context="queue")
    status, told = await world.call("POST", f"{path}/resume", await world.token(Role.MANAGER))
    assert (status, told["error"]) == (409, "call_held_elsewhere")


async def test_a_citizen_is_handed_on_to_a_free_seat_or_a_queue(world: World) -> None:
    agent = await world.token(Role.AGENT)
    await seat(world, agent, "login")
    world.exchange.talk(CALL, "8001")
    path = f"/api/v1/calls/{CALL}/transfer"
    world.exchange.phone("8009", Device.BUSY)
    for body, error in (
        ({"seat": "8009"}, (409, "seat_busy")),
        ({"seat": "8777"}, (404, "seat_not_found")),
        ({"queue": "no_such"}, (404, "queue_not_found")),
        ({"queue": "reception", "seat": "8002"}, (400, "bad_request")),
    ):
        status, told = await world.call("POST", path, agent, json=body)
        assert (status, told["error"]) == error
    status, told = await world.call("POST", path, agent, json={"seat": "8002"})
    assert (status, told["seats"]) == (200, [])
    (fields,) = [fields for name, fields in world.exchange.told if name == "BlindTransfer"]
    assert fields == {"Channel": "PJSIP/8001-00000002", "Context": "transfer", "Exten": "8002"}


async def test_calls_that_are_over_are_not_found(world: World) -> None:
    manager = await world.token(Role.MANAGER)
    for verb in ("hangup", "hold", "resume"):
        status, told = await world.call("POST", f"/api/v1/calls/{CALL}/{verb}", manager)
        assert (status, told["error"]) == (404, "call_not_found")


async def test_supervision_is_of_managers_and_audited(world: World) -> None:
    agent, manager = await world.token(Role.AGENT), await world.token(Role.MANAGER)
    body = {"seat": "8001", "with": "8009"}
    path = "/api/v1/supervision/listen"
    status, told = await world.call("POST", path, agent, json=body)
    assert (status, told["error"]) == (403, "not_allowed")
    status, told = await world.call("POST", path, manager, json=body)
    assert (status, told["error"]) == (409, "call_not_connected")
    world.exchange.talk(CALL, "8001")
    answers = await asyncio.gather(
        *(world.call("POST", path, manager, json=body) for _ in range(3))
    )
    assert answers == [(200, {"how": "listen", **body})] * 3
    (placed,) = [fields for name, fields in world.exchange.told if name == "Originate"]
    assert placed["channel"] == "PJSIP/8009"
    assert placed["application"] == ("ChanSpy", "PJSIP/8001-00000002,qES")
    assert CALL in world.exchange.board.calls
    assert len(world.exchange.board.calls) == 1  # the supervisor's leg is no citizen's call
    status, _ = await world.call("POST", "/api/v1/supervision/stop", manager, json={"with": "8009"})
    assert status == 204
    assert [(e[0], e[1], e[2]) for e in await audited(world)] == [
        ("user-manager", "supervision.listen", "8001"),
        ("user-manager", "supervision.stop", "8001"),
    ]


async def test_a_supervisor_who_does_not_answer_hears_nothing(world: World) -> None:
    manager = await world.token(Role.MANAGER)
    world.exchange.talk(CALL, "8001")
    world.exchange.answers = OriginateOutcome.NO_ANSWER
    status, told = await world.call(
        "POST", "/api/v1/supervision/barge", manager, json={"seat": "8001", "with": "8009"}
    )
    assert (status, told["error"]) == (409, "phone_not_answered")


async def test_the_figures_of_a_day_say_how_they_are_counted(world: World) -> None:
    async with world.database.session() as session:
        await call_store.save(session, [record(3), record(4, answered_at=None), BARE])
    world.office_clock.turn(days=1)
    token = await world.token(Role.LEADING_GROUP)
    status, told = await world.call("GET", "/api/v1/figures?day=2026-03-01", token)
    assert status == 200
    assert (told["offered"], told["connected"], told["within_15_seconds"]) == (2, 1, 1)
    assert (told["connect_rate"], told["formula_version"]) == (0.5, "1")
    assert "÷" in told["formula"]


@pytest.mark.parametrize("day", ["2026-13-01", "tomorrow"])
async def test_a_day_that_is_none_is_refused(world: World, day: str) -> None:
    status, _ = await world.call("GET", f"/api/v1/figures?day={day}", await world.token())
    assert status == 400
