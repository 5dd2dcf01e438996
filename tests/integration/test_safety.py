"""Outward calls, bans and nuisance callers in SQL and over HTTP, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.integration.api_world import Clock, World
from tests.integration.samples import record
from ticketing.domain.calls import Outcome
from ticketing.domain.errors import BanNotFound, CallerUnknown, NumberNotAllowed, OutboundLimit
from ticketing.domain.intruders import Attempt, BanRule, Failed
from ticketing.domain.nuisance import Decision, Measure, NuisanceRules
from ticketing.domain.outbound import Outbound, Purpose
from ticketing.domain.roles import OPERATOR, Principal, Role
from ticketing.policies.loader import load_pack
from ticketing.service.bans import Bans
from ticketing.service.nuisance import Nuisance
from ticketing.service.outward import OutwardCalls, OutwardLog
from ticketing.store import audit, calls
from ticketing.store import nuisance as store
from ticketing.store.database import Database

ZONE = ZoneInfo("Asia/Shanghai")
LINES = load_pack("xianning-2019").lines
EVENING = datetime(2026, 3, 2, 15, 59, tzinfo=UTC)  # a minute before midnight in the city
WANG, LI = (Principal(name, frozenset({Role.AGENT})) for name in ("wang", "li"))
CALLER = "13812345678"


@pytest.fixture
def clock() -> Clock:
    found = Clock()
    found.now = EVENING
    return found


def gate(database: Database, clock: Clock, **limits: int) -> OutwardCalls:
    plan = Outbound(**{"concurrent": 3, "daily": 5, "number_daily": 2, **limits})
    return OutwardCalls(database, lambda _day: (plan, LINES), ZONE, clock)


async def go(calls: OutwardCalls, number: str, purpose: Purpose = Purpose.EXPERT) -> None:
    permit = await calls.permit(WANG, number, purpose, "x", going_on=0)
    await calls.told(permit, "no_answer")


async def test_the_days_calls_are_counted_over_a_restart_and_anew_after_midnight(
    database: Database, clock: Clock
) -> None:
    for _ in range(2):
        await go(gate(database, clock), "13800001111")  # each time a gate that knows nothing
    with pytest.raises(OutboundLimit, match="number_daily"):
        await go(gate(database, clock), "+86 138 0000 1111")
    for number in ("13800002222", "13800003333", "8123456"):
        await go(gate(database, clock), number)
    with pytest.raises(OutboundLimit, match="daily is 5"):
        await go(gate(database, clock), "13800004444")
    await go(gate(database, clock), "110", Purpose.EMERGENCY)
    clock.turn(minutes=2)
    await go(gate(database, clock), "13800001111")


async def test_two_at_once_do_not_pass_a_limit_together(database: Database, clock: Clock) -> None:
    one = gate(database, clock, daily=1)
    done = await asyncio.gather(
        *(go(one, f"1380000{n:04}") for n in range(8)), return_exceptions=True
    )
    assert sum(each is None for each in done) == 1
    assert all(each is None or isinstance(each, OutboundLimit) for each in done)


async def test_every_call_and_every_refusal_is_in_the_audit_log(
    database: Database, clock: Clock
) -> None:
    one = gate(database, clock)
    await go(one, "13800001111")
    with pytest.raises(NumberNotAllowed):
        await go(one, "0044207946000")
    async with database.reading() as session:
        refused, placed = await audit.latest(session, 2)
    assert (placed.actor, placed.action, placed.target) == ("wang", "outward.expert", "138****1111")
    assert (refused.action, refused.detail["reason"]) == ("outward.refused", "international")
    [row] = (await OutwardLog(database).page(limit=10)).items
    assert (row.number, row.outcome, row.seconds) == ("13800001111", "no_answer", 0.0)


async def test_outward_calls_come_in_pages(database: Database, clock: Clock) -> None:
    one = gate(database, clock, daily=100)
    for n in range(7):
        await go(one, f"1380000{n:04}")
        clock.turn(seconds=n % 2)
    seen, cursor = [], None
    while True:
        page = await OutwardLog(database).page(limit=3, cursor=cursor)
        seen += [row.number for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [f"1380000{n:04}" for n in reversed(range(7))]


async def test_how_long_a_leg_lasted(database: Database, clock: Clock) -> None:
    one = gate(database, clock)
    permit = await one.permit(
        None, "13800001111", Purpose.PROBE, "x", going_on=0, channel="placed.probe.1"
    )
    await one.told(permit, "answered")
    clock.turn(seconds=12)
    await one.ended("placed.probe.1")
    clock.turn(seconds=12)
    await one.ended("placed.probe.1")
    [row] = (await OutwardLog(database).page(limit=1)).items
    assert (row.seconds, row.who) == (12.0, "system")


# --- bans -------------------------------------------------------------------------------------
def attempts(clock: Clock, address: str = "203.0.113.7") -> list[Failed]:
    return [Failed(clock.now, address, f"80{n:02}\n", Attempt.PASSWORD) for n in range(12)]


async def test_who_comes_again_is_shut_out_for_longer(database: Database, clock: Clock) -> None:
    rule = BanRule()
    bans = Bans(database, rule, clock)
    lengths = []
    for _ in range(4):
        ban = await bans.shut_out(attempts(clock))
        lengths.append(ban.until - ban.since)
        assert [one.address for one in await bans.standing()] == ["203.0.113.7"]
        clock.now = ban.until
        assert await bans.standing() == []
    assert lengths == [rule.length(n) for n in range(4)]
    assert all("\n" not in name for name in ban.accounts)
    assert len(ban.accounts) == 10
    clock.turn(days=31)
    ban = await bans.shut_out(attempts(clock))
    assert ban.until - ban.since == rule.first


async def test_a_ban_that_was_lifted_is_not_held_against_anybody(
    database: Database, clock: Clock
) -> None:
    bans = Bans(database, now=clock)
    await bans.shut_out(attempts(clock, "2001:db8::1"))
    assert await bans.lift(OPERATOR, "[2001:DB8::1]") == "2001:db8::1"
    assert await bans.standing() == []
    for wrong in ("2001:db8::1", "nonsense", "2001:db8::2"):
        with pytest.raises(BanNotFound):
            await bans.lift(OPERATOR, wrong)
    again = await bans.shut_out(attempts(clock, "2001:db8::1"))
    assert again.until - again.since == BanRule().first


async def test_who_is_spared_is_told_of_and_stands_in_no_list(
    database: Database, clock: Clock
) -> None:
    bans = Bans(database, now=clock)
    await bans.shut_out(attempts(clock), "seat")
    assert await bans.standing() == []
    [kept] = await bans.latest()
    assert (kept.spared, kept.holds(clock.now)) == ("seat", False)


# --- nuisance callers -------------------------------------------------------------------------
def nuisance(database: Database, clock: Clock) -> Nuisance:
    rules = NuisanceRules(slow_calls=3)
    return Nuisance(database, lambda _day: (rules, LINES), ZONE, clock)


async def test_reports_of_two_agents_block_until_a_person_looks(
    database: Database, clock: Clock
) -> None:
    service = nuisance(database, clock)
    assert await service.report(WANG, "c1", CALLER, "辱骂") == []
    assert await service.report(WANG, "c1", CALLER, "again") == []  # the same call, the same agent
    assert await service.report(WANG, "c2", CALLER, "辱骂") == []
    [blocked] = await service.report(LI, "c3", CALLER, "骚扰")
    assert (blocked.measure, blocked.reasons) == (Measure.BLOCKED, ("c1", "c2", "c3"))
    assert await service.report(LI, "c4", CALLER, "骚扰") == []  # blocked already
    assert [kept.id for kept in await service.holding()] == [blocked.id]
    clock.turn(minutes=1)
    lifted = await service.review(OPERATOR, blocked.id, Decision.LIFTED, None, "误报")
    assert not lifted.holds(clock.now)
    assert await service.holding() == []
    clock.turn(minutes=1)
    assert await service.report(LI, "c5", CALLER, "x") == []  # what was before counts no more


async def test_a_measure_that_is_kept_may_last_longer(database: Database, clock: Clock) -> None:
    service = nuisance(database, clock)
    kept = await service.block(OPERATOR, CALLER, 1, "x")
    kept = await service.review(OPERATOR, kept.id, Decision.KEPT, 48, "again and again")
    clock.turn(hours=47)
    assert kept.holds(clock.now)
    clock.turn(hours=1)
    assert await service.holding() == []


async def test_calls_without_a_matter_count_once_each(database: Database, clock: Clock) -> None:
    service = nuisance(database, clock)
    ended = [
        replace(
            record(n), caller=CALLER, outcome=Outcome.ABANDONED_IN_MENU, menu="", ended_at=clock.now
        )
        for n in range(3)
    ]
    assert await service.observe(ended[:2]) == []
    assert await service.observe(ended[:2]) == []  # the journal is read twice after a crash
    [slowed] = await service.observe(ended[2:])
    assert (slowed.measure, slowed.until - slowed.since) == (Measure.SLOWED, timedelta(hours=1))


async def test_a_machine_that_calls_all_day_costs_no_more_with_each_call(
    database: Database, clock: Clock
) -> None:
    service = nuisance(database, clock)
    ended = [
        replace(record(n), caller=CALLER, outcome=Outcome.ABANDONED_IN_MENU, ended_at=clock.now)
        for n in range(500)
    ]
    [slowed] = await service.observe(ended)
    async with database.reading() as session:
        looked_at = await store.signs(session, CALLER, clock.now - timedelta(days=1), 3)
    assert len(slowed.reasons) == len(looked_at) == 3
    assert await service.observe(ended) == []


@pytest.mark.parametrize("caller", ["", "anonymous", "8001", "12366", "8182111", "x" * 80])
async def test_nothing_is_done_against_who_is_no_citizen(
    database: Database, clock: Clock, caller: str
) -> None:
    service = nuisance(database, clock)
    with pytest.raises(CallerUnknown):
        await service.report(WANG, "c1", caller, "x")
    with pytest.raises(CallerUnknown):
        await service.block(OPERATOR, caller, 1, "x")
    ended = [replace(record(n), caller=caller, outcome=Outcome.ABANDONED_IN_MENU) for n in range(9)]
    assert await service.observe(ended) == []


async def test_the_api_reports_lists_and_reviews(world: World) -> None:
    agents = [await world.token(role) for role in (Role.AGENT, Role.DISPATCHER)]
    manager = await world.token(Role.MANAGER)
    async with world.database.session() as session:
        await calls.save(session, [record(n) for n in range(3)])
    for n, agent in enumerate([agents[0], agents[0], agents[1]]):
        path = f"/api/v1/calls/{record(n).id}/nuisance"
        status, answer = await world.call("POST", path, agent, json={"note": "辱骂"})
        assert status == 200, answer
    assert answer == {"measures": ["blocked"]}
    status, _ = await world.call("GET", "/api/v1/nuisance", agents[0])
    assert status == 403
    status, answer = await world.call("GET", "/api/v1/nuisance", manager)
    [measure] = answer["items"]
    assert (status, measure["caller"], measure["holds"]) == (200, CALLER, True)
    path = f"/api/v1/nuisance/{measure['id']}/review"
    body = {"decision": "lifted", "note": "误会"}
    status, answer = await world.call("POST", path, manager, json=body)
    assert (status, answer["holds"], answer["decision"]) == (200, False, "lifted")
    status, answer = await world.call("POST", "/api/v1/nuisance/999/review", manager, json=body)
    assert (status, answer["error"]) == (404, "measure_not_found")
