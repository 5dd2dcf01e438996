"""Third parties, the duty roster and marks of conduct, over HTTP (T5, T7, S26)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.ami import OriginateOutcome
from tests.integration.api_world import World
from tests.integration.samples import ARRIVED, record
from ticketing.domain.legs import (
    CallEvent,
    CallEventKind,
    CallLeg,
    Handling,
    LegKind,
    LegOutcome,
)
from ticketing.domain.roles import Role
from ticketing.store import calls

CALL = "hotline-1795307808.0"
EXPERT = "13900000001"
LEG = CallLeg(
    LegKind.CONSULT,
    dialled=EXPERT,
    begun_at=ARRIVED + timedelta(seconds=30),
    answered_at=ARRIVED + timedelta(seconds=35),
    ended_at=ARRIVED + timedelta(seconds=60),
    talk_seconds=25.0,
    outcome=LegOutcome.ANSWERED,
    number=1,
    unit="water",
    person="王值班",
    asked_by="8001",
    recording="20261121/x/expert-1.sln16",
    recorded_from=ARRIVED + timedelta(seconds=35),
)


async def post(world: World, token: str, path: str, **body: Any) -> tuple[int, Any]:
    return await world.call("POST", f"/api/v1/{path}", token, json=body)


async def agent_talks(world: World) -> str:
    """An agent at seat 8001 who talks to a citizen; the agent's session."""
    token = await world.token(Role.AGENT)
    status, _ = await world.call("POST", "/api/v1/seats/8001/login", token)
    assert status == 200
    world.exchange.talk(CALL, "8001")
    return token


def keys(world: World) -> list[tuple[str, str]]:
    """The keys that were pressed, and on whose leg."""
    told = world.exchange.told
    return [(f["Channel"], f["Digit"]) for name, f in told if name == "PlayDTMF"]


@pytest.fixture(autouse=True)
def _linked(world: World) -> None:
    world.exchange.link(world.desk, "8001", "8002", "8003")


async def test_three_clicks_on_consult_ring_once(world: World) -> None:
    token = await agent_talks(world)
    path = f"calls/{CALL}/consult"
    answers = await asyncio.gather(*(post(world, token, path, number=EXPERT) for _ in range(3)))
    shown = {"call": CALL, "seats": ["8001"], "held": True, "thirds": [1], "recorded": True}
    assert answers == [(200, shown)] * 3
    assert [name for name, _ in world.exchange.told].count("Originate") == 1
    merge = f"/api/v1/calls/{CALL}/merge"
    merged = await asyncio.gather(*(world.call("POST", merge, token) for _ in range(2)))
    assert merged == [(200, {**shown, "held": False})] * 2
    assert keys(world).count(("PJSIP/trunk-00000001", "C")) == 2  # held once, ended once


async def test_nobody_answers_and_the_citizen_is_back(world: World) -> None:
    token = await agent_talks(world)
    world.exchange.answers = OriginateOutcome.BUSY
    status, told = await post(world, token, f"calls/{CALL}/consult", number=EXPERT)
    assert (status, told["error"]) == (409, "nobody_answered")
    assert "busy" in told["message"]
    assert not world.exchange.board.calls[CALL].held


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"number": "00441234567890"}, (422, "number_not_allowed")),
        ({"number": "110"}, (422, "number_not_allowed")),
        ({"seat": "8777"}, (404, "seat_not_found")),
        ({"unit": "nowhere"}, (404, "unit_not_found")),
        ({"seat": "8002", "number": EXPERT}, (400, "bad_request")),
    ],
)
async def test_who_cannot_be_consulted(
    world: World, body: dict[str, str], refused: tuple[int, str]
) -> None:
    token = await agent_talks(world)
    status, told = await post(world, token, f"calls/{CALL}/consult", **body)
    assert (status, told["error"]) == refused
    assert "Originate" not in [name for name, _ in world.exchange.told]
    assert not world.exchange.board.calls[CALL].held


async def test_only_the_own_calls_are_steered(world: World) -> None:
    await agent_talks(world)
    other = await world.token(Role.DISPATCHER)
    for verb in ("merge", "leave", "record-pause"):
        status, told = await world.call("POST", f"/api/v1/calls/{CALL}/{verb}", other)
        assert (status, told["error"]) == (403, "not_your_seat"), verb
    for verb, body in (("consult", {"number": EXPERT}), ("drop", {}), ("emergency", {})):
        status, told = await post(world, other, f"calls/{CALL}/{verb}", **body)
        assert (status, told["error"]) == (403, "not_your_seat"), verb


async def test_the_duty_roster(world: World) -> None:
    manager = await world.token(Role.MANAGER)
    root = (await world.call("GET", "/api/v1/units", manager))[1]["items"]
    parent = {"parent": root[0]["id"]} if root else {}
    kind = "department" if root else "centre"
    unit = {"id": "water", "name": "联合水务", "kind": kind, "level": "city", **parent}
    assert (await post(world, manager, "units", **unit))[0] == 201
    night = {
        "unit": "water", "person": "王夜班", "phone": EXPERT, "since": "2020-01-01",
        "begins": "18:00", "ends": "08:00",
    }  # fmt: skip
    status, duty = await post(world, manager, "duties", **night)
    assert (status, duty["days"], duty["rank"]) == (201, list(range(7)), 1)
    contact = {"unit": "water", "person": "李联络", "role": "liaison", "phone": "8182111"}
    assert (await post(world, manager, "contacts", **contact, since="2020-01-01"))[0] == 201

    async def rung(at: str, token: str) -> list[tuple[str, str]]:
        query = {"unit": "water", "at": at}
        _, told = await world.call("GET", "/api/v1/on-call", token, params=query)
        return [(one["person"], one["phone"]) for one in told["items"]]

    both = [("王夜班", EXPERT), ("李联络", "8182111")]
    assert await rung("2026-03-02T23:00:00+08:00", manager) == both
    assert await rung("2026-03-03T07:59:00+08:00", manager) == both
    assert await rung("2026-03-03T08:00:00+08:00", manager) == both[1:]
    evaluator = await world.token(Role.EVALUATOR)
    assert (await rung("2026-03-02T23:00:00+08:00", evaluator))[0] == ("王夜班", "139****0001")

    path = f"/api/v1/duties/{duty['id']}"
    status, changed = await world.call("PATCH", path, manager, json={"ends": "07:00"})
    assert (status, changed["ends"]) == (200, "07:00")
    assert await rung("2026-03-03T07:59:00+08:00", manager) == both[1:]
    assert (await world.call("DELETE", path, manager))[0] == 204
    assert (await world.call("DELETE", path, manager))[0] == 404
    assert (await world.call("GET", "/api/v1/duties", manager))[1]["items"] == []


async def dealt_call(world: World) -> str:
    """A call in which an expert took part, in SQL."""
    events = (CallEvent(ARRIVED, CallEventKind.PRIVATE), CallEvent(ARRIVED, CallEventKind.MERGED))
    kept = replace(record(), answered_at=ARRIVED, handling=Handling((LEG,), events))
    async with world.database.session() as session:
        await calls.save(session, [kept])
        await calls.save(session, [kept])  # a second time, as after a crash
    return kept.id


async def test_how_a_call_was_dealt_with_and_who_may_see_whose_number(world: World) -> None:
    call = await dealt_call(world)
    path = f"/api/v1/calls/{call}/handling"
    _, told = await world.call("GET", path, await world.token(Role.MANAGER))
    (leg,) = told["legs"]
    assert (leg["dialled"], leg["unit"], leg["talk_seconds"]) == (EXPERT, "water", 25.0)
    assert leg["offset"] == 35.0
    assert [event["kind"] for event in told["events"]] == ["private", "merged"]
    _, told = await world.call("GET", path, await world.token(Role.EVALUATOR))
    assert told["legs"][0]["dialled"] == "139****0001"
    missing = await world.call("GET", "/api/v1/calls/none/handling", await world.token(Role.AGENT))
    assert missing[0] == 404


async def test_a_mark_of_conduct_counts_until_it_is_withdrawn(world: World) -> None:
    call = await dealt_call(world)
    agent, manager = await world.token(Role.AGENT), await world.token(Role.MANAGER)
    status, mark = await post(
        world, agent, f"calls/{call}/thirds/1/marks", kind="rude", words="吼叫"
    )
    assert (status, mark["unit"], mark["person"]) == (201, "water", "王值班")
    assert (await post(world, agent, f"calls/{call}/thirds/2/marks", kind="rude"))[0] == 404
    day = world.office_clock().date().isoformat()
    query = {"unit": "water", "since": day, "until": day}
    _, told = await world.call("GET", "/api/v1/conduct-marks", manager, params=query)
    assert [each["id"] for each in told["items"]] == [mark["id"]]
    _, told = await world.call(
        "GET", "/api/v1/conduct-marks", manager, params={**query, "unit": "gas"}
    )
    assert told["items"] == []
    path = f"/api/v1/conduct-marks/{mark['id']}/withdraw"
    assert (await world.call("POST", path, agent))[0] == 403
    for _ in range(2):
        _, told = await world.call("POST", path, manager)
        assert told["withdrawn_by"]
    assert (await world.call("POST", "/api/v1/conduct-marks/99/withdraw", manager))[0] == 404


async def test_a_legs_own_recording(world: World) -> None:
    call = await dealt_call(world)
    manager = await world.token(Role.MANAGER)
    path = f"/api/v1/calls/{call}/thirds/1/recording"
    assert (await world.call("GET", path, manager))[0] == 404
    raw = world.recordings / str(LEG.recording)
    write(raw)
    status, sound = await world.call("GET", path, manager)
    assert (status, sound[:4], len(sound)) == (200, b"RIFF", 44 + 32_000)
    for role in (Role.AGENT, Role.EVALUATOR):  # the one hears nothing, the other no numbers
        assert (await world.call("GET", path, await world.token(role)))[0] == 403


def write(raw: Path) -> None:
    raw.parent.mkdir(parents=True)
    raw.write_bytes(bytes(32_000))


async def test_the_answer_may_be_known_before_the_leg_is_seen(world: World) -> None:
    """Asterisk's word on the ringing overtakes its events when there are many of them."""
    token = await agent_talks(world)
    late = world.exchange.event
    kept: list[tuple[str, dict[str, str]]] = []

    def keep(name: str, **fields: str) -> None:
        if name in {"Newchannel", "BridgeEnter"}:
            kept.append((name, fields))
            if len(kept) == 2:
                loop = asyncio.get_running_loop()
                loop.call_later(0.1, lambda: [late(each, **rest) for each, rest in kept])
        else:
            late(name, **fields)

    world.exchange.event = keep  # type: ignore[method-assign]
    status, told = await post(world, token, f"calls/{CALL}/consult", number=EXPERT)
    assert (status, told["thirds"]) == (200, [1])
