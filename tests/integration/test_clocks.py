"""Sweeps on real databases: in time, once, on two nodes at once, and after downtime."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from tests.integration.order_desk import DISPATCHER, HOUSING, START, UNITS, Desk, write_units
from ticketing.domain import actions as do
from ticketing.domain.calendar import WorkCalendar
from ticketing.domain.guards import World
from ticketing.domain.matters import Urgency
from ticketing.domain.units import UnitTree
from ticketing.domain.work_order import Event, State
from ticketing.policies.loader import load_calendar, load_pack
from ticketing.service.clocks import Clocks, Swept
from ticketing.service.orders import Orders
from ticketing.service.worlds import SqlWorlds
from ticketing.store import history, orders
from ticketing.store.database import Database
from ticketing.store.order_tables import DRAFTS, ORDER_EVENTS, OUTBOX, WORK_ORDERS
from ticketing.store.orders import Filters

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Still:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture
async def desk(database: Database, clock: Still) -> Desk:
    return await Desk(database, clock).open()


@pytest.fixture
def clocks(desk: Desk, clock: Still) -> Clocks:
    return Clocks(desk.database, desk.orders, desk.worlds, clock)


async def steps(desk: Desk, number: str) -> list[str]:
    """What the clock has done to an order."""
    events = (await desk.orders.open(DISPATCHER, number)).events
    return [told(event) for event in events if event.who == "clock"]


def told(event: Event) -> str:
    command = event.command
    return command.alarm.value if isinstance(command, do.Warn) else command.action


async def waiting(desk: Desk) -> list[tuple[str, str, datetime]]:
    """What is to be told by reminders: what, to whom, from when on."""
    query = select(OUTBOX).where(OUTBOX.c.what.startswith("warn_")).order_by(OUTBOX.c.id)
    async with desk.database.reading() as session:
        rows = (await session.execute(query)).all()
    return [(row.what, row.target, row.next_at) for row in rows]


async def drafts(desk: Desk) -> dict[str, str]:
    async with desk.database.reading() as session:
        rows = (await session.execute(select(DRAFTS).order_by(DRAFTS.c.key))).all()
    return {row.measure: row.state for row in rows}


async def test_nothing_is_done_before_its_time_and_everything_once(
    desk: Desk, clock: Still, clocks: Clocks
) -> None:
    number = (await desk.dispatched()).number
    assert await clocks.sweep() == Swept()
    clock.now += HOUR - MINUTE
    assert await clocks.sweep() == Swept()
    clock.now += MINUTE
    assert await clocks.sweep() == Swept(looked=1, steps=1)
    assert await clocks.sweep() == Swept()
    assert await steps(desk, number) == ["unsigned"]
    async with desk.database.reading() as session:
        (row,) = (await session.execute(select(WORK_ORDERS))).all()
    order = (await desk.orders.open(DISPATCHER, number)).order
    assert order.holder is not None
    assert row.wake_at > clock.now


async def test_a_life_of_alarms_and_drafts(desk: Desk, clock: Still, clocks: Clocks) -> None:
    number = (await desk.dispatched()).number
    order = await desk.orders.act(HOUSING, number, do.Sign())
    assert order.holder is not None
    due = order.holder.moments.due
    clock.now = datetime(2026, 3, 6, 3, 0, tzinfo=UTC)  # Friday 11:00, four office hours before
    assert due == datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
    await clocks.sweep()
    assert await drafts(desk) == {"reminder": "drafted"}
    clock.now = due
    await clocks.sweep()
    assert await drafts(desk) == {"reminder": "lapsed", "supervision": "drafted"}
    clock.now = due + 30 * DAY
    await clocks.sweep()
    assert await steps(desk, number) == ["due_soon", "overdue", "delayed"]
    assert (await drafts(desk))["sanction"] == "drafted"
    await desk.orders.act(HOUSING, number, do.Reply(text="已修好"))
    await desk.orders.act(HOUSING, number, do.ReportBack(result="已修好"))
    assert set((await drafts(desk)).values()) == {"lapsed"}


async def test_after_downtime_the_heaviest_alarm_is_told_and_not_at_night(
    desk: Desk, clock: Still, clocks: Clocks
) -> None:
    quiet, loud = [(await desk.dispatched()).number for _ in range(2)]
    await desk.orders.act(DISPATCHER, loud, do.SetUrgency(urgency=Urgency.URGENT, why="停水"))
    clock.now = datetime(2026, 3, 13, 16, 30, tzinfo=UTC)  # ten days later, Saturday 0:30
    swept = await clocks.sweep()
    assert (swept.looked, swept.failed, swept.more) == (2, 0, False)
    assert sorted(await steps(desk, quiet)) == ["overdue", "unsigned"]
    monday = datetime(2026, 3, 16, 0, 30, tzinfo=UTC)
    assert await waiting(desk) == [
        ("warn_overdue", "housing", monday),
        ("warn_unsigned", "housing", monday),
        ("warn_overdue", "housing", clock.now),
        ("warn_unsigned", "housing", clock.now),
    ]


async def test_an_answer_to_a_person_does_not_wait_for_the_morning(
    desk: Desk, clock: Still
) -> None:
    number = (await desk.dispatched()).number
    clock.now = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)  # 22:00 in the city
    await desk.orders.act(HOUSING, number, do.AskReturn(why="不属本局"))
    async with desk.database.reading() as session:
        query = select(OUTBOX).where(OUTBOX.c.what == "ask_return")
        (row,) = (await session.execute(query)).all()
    assert (row.target, row.next_at) == ("city", clock.now)


async def test_two_nodes_at_once_do_each_step_once(desk: Desk, clock: Still) -> None:
    numbers = [(await desk.dispatched()).number for _ in range(12)]
    clock.now += HOUR
    nodes = []
    for _ in range(2):
        worlds = SqlWorlds(desk.database, [load_pack("yanji-2019")], load_calendar(), ZONE)
        nodes.append(Clocks(desk.database, Orders(desk.database, worlds, clock), worlds, clock))
    first, second = await asyncio.gather(*(node.sweep() for node in nodes))
    while first.more or second.more:
        first, second = await asyncio.gather(*(node.sweep() for node in nodes))
    for number in numbers:
        assert await steps(desk, number) == ["unsigned"]
    async with desk.database.reading() as session:
        assert (await history.verify(session))[1] is None
        rows = (await session.execute(select(OUTBOX.c.what))).scalars().all()
    assert rows.count("warn_unsigned") == 12


async def test_a_sweep_is_bounded_and_says_that_there_is_more(desk: Desk, clock: Still) -> None:
    for _ in range(5):
        await desk.dispatched()
    clock.now += HOUR
    small = Clocks(desk.database, desk.orders, desk.worlds, clock, batch=2, most=4)
    assert await small.sweep() == Swept(looked=4, steps=4, more=True)
    assert await small.sweep() == Swept(looked=1, steps=1)


@pytest.mark.parametrize("batch", [1, 100])  # by themselves, and together at first
async def test_an_order_that_cannot_be_judged_keeps_none_of_the_others(
    desk: Desk, clock: Still, caplog: pytest.LogCaptureFixture, batch: int
) -> None:
    broken, sound = [(await desk.dispatched()).number for _ in range(2)]
    async with desk.database.session() as session:
        body = update(ORDER_EVENTS).where(ORDER_EVENTS.c.number == broken, ORDER_EVENTS.c.seq == 2)
        await session.execute(body.values(body="{"))
    clock.now += HOUR
    clocks = Clocks(desk.database, desk.orders, desk.worlds, clock, batch=batch)
    assert await clocks.sweep() == Swept(looked=2, steps=1, failed=1, more=True)
    assert await steps(desk, sound) == ["unsigned"]
    assert broken in caplog.text


async def test_a_moment_that_the_rules_have_moved_is_written_anew(
    desk: Desk, clock: Still, clocks: Clocks
) -> None:
    number = (await desk.dispatched()).number
    async with desk.database.session() as session:
        await session.execute(update(WORK_ORDERS).values(wake_at=START - HOUR))
    assert await clocks.sweep() == Swept(looked=1)
    async with desk.database.reading() as session:
        assert await orders.waking(session, clock.now, 9) == []
        assert await orders.waking(session, clock.now + HOUR, 9) == [number]


async def test_a_closed_order_is_archived_in_time(desk: Desk, clock: Still, clocks: Clocks) -> None:
    number = (await desk.closed()).number
    clock.now += 30 * DAY - MINUTE
    assert (await clocks.sweep()).steps == 0
    clock.now += MINUTE
    assert (await clocks.sweep()).steps == 1
    assert (await desk.orders.open(DISPATCHER, number)).order.state is State.ARCHIVED


async def test_who_is_to_be_called_back_is_in_a_list_and_the_centre_is_told(
    desk: Desk, clock: Still, clocks: Clocks
) -> None:
    number = (await desk.dispatched()).number
    await desk.orders.act(HOUSING, number, do.Sign())
    await desk.orders.act(HOUSING, number, do.Reply(text="已修好"))
    await desk.orders.act(HOUSING, number, do.ReportBack(result="已修好"))
    await desk.orders.act(DISPATCHER, number, do.Review(passed=True))
    clock.now += timedelta(hours=4)
    await clocks.sweep()
    assert ("warn_callback", "city") in [(what, to) for what, to, _ in await waiting(desk)]
    page = await desk.orders.page(DISPATCHER, Filters(states=(State.CALLBACK,)))
    assert [row.number for row in page.items] == [number]
    assert await clocks.sweep() == Swept()


class Calendars:
    """Worlds whose calendar may be published."""

    def __init__(self, tree: UnitTree, years: frozenset[int]) -> None:
        self.units = tree
        self.zone = ZONE
        self.calendar = WorkCalendar(frozenset(), frozenset(), years)

    async def tree(self) -> UnitTree:
        return self.units

    async def world(self, day: date, pack: str = "") -> World:
        return World(load_pack("yanji-2019"), self.calendar, self.units)


async def test_provisional_limits_are_set_anew_once_their_year_is_published(
    database: Database, clock: Still
) -> None:
    await write_units(database, UNITS)
    worlds = Calendars(UnitTree(UNITS), frozenset({2026}))
    desk = Desk(database, clock)
    desk.orders = Orders(database, worlds, clock)
    clock.now = datetime(2026, 12, 30, 2, 0, tzinfo=UTC)
    number = (await desk.dispatched()).number
    plain = (await desk.dispatched()).number
    clocks = Clocks(database, desk.orders, worlds, clock, batch=1)
    first = (await desk.orders.open(DISPATCHER, number)).order
    assert first.holder is not None
    assert first.holder.moments.provisional
    assert await clocks.recompute() == Swept(looked=2)
    assert await clocks.recompute() == Swept(), "nothing is looked at again for the same years"
    worlds.calendar = replace(
        worlds.calendar, years=frozenset({2026, 2027}), holidays=frozenset({date(2027, 1, 1)})
    )
    assert await clocks.recompute() == Swept(looked=2, steps=2)
    after = (await desk.orders.open(DISPATCHER, number)).order
    assert after.holder is not None
    assert not after.holder.moments.provisional
    assert (
        after.holder.moments.due - first.holder.moments.due == DAY
    )  # Monday the 4th, then Tuesday
    again = Clocks(database, desk.orders, worlds, clock)
    assert await again.recompute() == Swept(), "another node finds nothing left"
    for each in (number, plain):
        assert await steps(desk, each) == ["recompute"]
