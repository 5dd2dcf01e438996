"""Those who are to be called back, in SQL and over HTTP: one row, one attempt, one outcome (T9)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.integration.api_world import Clock, World
from tests.integration.samples import ARRIVED, record
from ticketing.domain.callbacks import Callback, CallbackRules, Kind, State, Tried
from ticketing.domain.calls import CallRecord, HangupSide, Outcome
from ticketing.domain.roles import Role
from ticketing.service.callbacks import Callbacks
from ticketing.store import audit, calls
from ticketing.store.database import Database

RULES = CallbackRules(automatic=tuple(Kind))
ONE, OTHER = "13800001111", "13800002222"


def waited(number: int = 1, caller: str = ONE, **changes: object) -> CallRecord:
    """The record of a call whose citizen hung up while waiting."""
    values: dict[str, object] = {
        "caller": caller,
        "seat": None,
        "answered_at": None,
        "hangup_by": HangupSide.CALLER,
        "outcome": Outcome.ABANDONED_IN_QUEUE,
        "rating": None,
        "recording": None,
    }
    return record(number, **{**values, **changes})


class Office:
    """The list, and the ledger's way of telling it of records."""

    def __init__(self, database: Database) -> None:
        self.clock = Clock(ARRIVED + timedelta(hours=1))
        self.database = database
        self.list = Callbacks(database, lambda _day: RULES, ZoneInfo("Asia/Shanghai"), self.clock)

    async def over(self, *records: CallRecord) -> list[CallRecord]:
        """These calls are over: what is kept of them."""
        async with self.database.session() as session:
            told = await self.list.take(session, records)
            await calls.save(session, told)
        return list(told)

    async def only(self) -> Callback:
        [row] = await self.list.outstanding()
        return row


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def attempt(row: Callback, outcome: Outcome, **changes: object) -> CallRecord:
    """The record of an attempt; of whom it called the journal knows nothing."""
    values = {"id": row.attempt, "outcome": outcome, "caller": "", "line": "12345"}
    return waited(50, **{**values, **changes})  # type: ignore[arg-type]


async def test_a_call_leads_to_one_row_however_often_it_is_told(office: Office) -> None:
    for _ in range(2):
        await office.over(waited(1), waited(2, OTHER, callback="8126141"))
    first, second = await office.list.outstanding()
    assert (first.number, first.kind, first.call) == (ONE, Kind.ABANDONED, waited(1).id)
    assert (second.number, second.kind) == ("8126141", Kind.REQUESTED)


async def test_one_number_is_on_the_list_once(office: Office) -> None:
    await office.over(waited(1), waited(2), waited(3, callback=ONE), waited(4))
    row = await office.only()
    assert (row.kind, row.call) == (Kind.REQUESTED, waited(3).id)


async def test_who_gets_through_meanwhile_is_off_the_list(office: Office) -> None:
    await office.over(waited(1), waited(2, OTHER))
    await office.over(record(3, caller=ONE))
    assert [row.number for row in await office.list.outstanding()] == [OTHER]
    await office.over(waited(1))  # the journal is read again
    assert [row.number for row in await office.list.outstanding()] == [OTHER]
    assert (await office.list.get(1)).state is State.CAME_BACK


async def test_of_two_who_begin_an_attempt_one_has_it(office: Office) -> None:
    await office.over(waited(1))
    row = await office.only()
    begun = await asyncio.gather(*(office.list.begin(row) for _ in range(4)))
    [ours] = [each for each in begun if each is not None]
    assert (ours.state, ours.attempts) == (State.CALLING, 1)
    assert await office.only() == ours


async def test_the_record_of_its_call_settles_an_attempt_once(office: Office) -> None:
    await office.over(waited(1, line="12333", language="ko"))
    begun = await office.list.begin(await office.only())
    assert begun is not None
    [told] = await office.over(attempt(begun, Outcome.UNREACHED))
    assert (told.caller, told.line, told.language) == (ONE, "12333", "ko")
    row = await office.only()
    assert (row.state, row.outcome, row.attempts) == (State.WAITING, Tried.NO_ANSWER, 1)
    again = await office.list.begin(row)
    assert again is not None
    await office.over(attempt(begun, Outcome.UNREACHED))  # the first one, told again
    assert (await office.only()).state is State.CALLING
    answered = attempt(again, Outcome.ANSWERED, answered_at=ARRIVED + timedelta(hours=2))
    await office.over(answered)
    assert await office.list.outstanding() == []
    assert (await office.list.get(1)).state is State.REACHED


async def test_an_attempt_that_nobody_knows_of_counts_and_one_never_sent_does_not(
    office: Office,
) -> None:
    await office.over(waited(1))
    begun = await office.list.begin(await office.only())
    assert begun is not None
    await office.list.not_placed(begun)
    row = await office.only()
    assert (row.attempts, row.next_at) == (0, office.clock.now + timedelta(minutes=1))
    begun = await office.list.begin(row)
    assert begun is not None
    assert await office.list.lost(begun)
    assert not await office.list.lost(begun)
    row = await office.only()
    assert (row.attempts, row.next_at) == (1, office.clock.now + timedelta(minutes=10))


async def test_a_number_that_may_not_be_called_is_given_up_with_a_note(office: Office) -> None:
    await office.over(waited(1, "008521234567"))
    begun = await office.list.begin(await office.only())
    assert begun is not None
    await office.list.refused(begun, "international")
    row = await office.list.get(1)
    assert (row.state, row.note, row.closed_by) == (State.GIVEN_UP, "international", "system")


# --- over HTTP ----------------------------------------------------------------------------------
async def told(world: World, *records: CallRecord) -> None:
    async with world.database.session() as session:
        await world.services.calling_back.listed.take(session, records)


async def rows(world: World, token: str, **query: str) -> list[dict[str, Any]]:
    status, answer = await world.call("GET", "/api/v1/callbacks", token, params=query)
    assert status == 200
    return list(answer["items"])


async def test_the_list_masks_numbers_and_has_pages(world: World) -> None:
    await told(world, *(waited(n, f"138000000{n:02}") for n in range(1, 6)))
    agent, evaluator = await world.token(Role.AGENT), await world.token(Role.EVALUATOR)
    assert [row["caller"] for row in await rows(world, agent, limit="2")] == [
        "13800000005",
        "13800000004",
    ]
    assert {row["caller"] for row in await rows(world, evaluator)} == {
        f"138****00{n:02}" for n in range(1, 6)
    }
    _, page = await world.call("GET", "/api/v1/callbacks?limit=3", agent)
    _, rest = await world.call("GET", f"/api/v1/callbacks?limit=3&cursor={page['next']}", agent)
    assert [row["id"] for row in page["items"] + rest["items"]] == [5, 4, 3, 2, 1]
    assert rest["next"] is None
    assert await rows(world, agent, kind="requested") == []


async def test_one_click_calls_and_a_second_one_does_not(world: World) -> None:
    await told(world, waited(1))
    agent = await world.token(Role.AGENT)
    assert (await world.call("POST", "/api/v1/seats/8001/login", agent))[0] == 200
    status, row = await world.call("POST", "/api/v1/callbacks/1/call", agent)
    assert (status, row["state"]) == (200, "calling")
    status, answer = await world.call("POST", "/api/v1/callbacks/1/call", agent)
    assert (status, answer["error"]) == (409, "callback_closed")
    while not (placed := [f for name, f in world.exchange.told if name == "Originate"]):
        await asyncio.sleep(0)
    assert [each["channel"] for each in placed] == [f"PJSIP/{ONE}@trunk-out"]
    assert placed[0]["variables"]["HOTLINE_SEAT"] == "8001"
    async with world.database.reading() as session:
        deeds = [entry.action for entry in await audit.latest(session)]
    assert {"callback.call", "outward.callback"} <= set(deeds)


async def test_somebody_is_taken_off_the_list_with_a_reason(world: World) -> None:
    await told(world, waited(1))
    agent = await world.token(Role.AGENT)
    path = "/api/v1/callbacks/1/set-aside"
    status, row = await world.call("POST", path, agent, json={"note": "已在大厅答复"})
    assert (status, row["state"], row["note"]) == (200, "set_aside", "已在大厅答复")
    assert (await world.call("POST", path, agent, json={"note": "x"}))[0] == 409
    assert (await world.call("POST", path.replace("1/s", "9/s"), agent, json={"note": "x"}))[0] == (
        404
    )
    assert await rows(world, agent) == []
    [row] = await rows(world, agent, all="true")
    assert row["closed_by"] == "user-agent"


async def test_a_number_that_may_not_be_called_is_refused_at_once(world: World) -> None:
    await told(world, replace(waited(1), caller="008521234567"))
    agent = await world.token(Role.AGENT)
    status, answer = await world.call("POST", "/api/v1/callbacks/1/call", agent)
    assert (status, answer["error"]) == (422, "number_not_allowed")
    assert (await rows(world, agent))[0]["attempts"] == 0
