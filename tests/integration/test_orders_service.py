"""Work orders through the use cases, on real databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.order_desk import (
    AGENT,
    CITIZEN,
    DISPATCHER,
    EMAIL,
    HOUSING,
    START,
    UNITS,
    Clock,
    Desk,
    actor,
    way,
    write_units,
)
from ticketing.domain import actions as do
from ticketing.domain.errors import (
    IllegalAction,
    KeyReused,
    NoPolicy,
    NotYours,
    OrderChanged,
    OrderNotFound,
    UnitNotFound,
)
from ticketing.domain.fold import fold
from ticketing.domain.matters import Channel, OrderType, Satisfaction, StatutoryLimit, Urgency
from ticketing.domain.roles import Principal, Role
from ticketing.domain.units import UnitTree
from ticketing.domain.work_order import State
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.worlds import SqlWorlds
from ticketing.store import history, orders, units
from ticketing.store.database import Database
from ticketing.store.order_tables import OUTBOX, WORK_ORDERS
from ticketing.store.orders import Filters


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await Desk(database).open()


async def test_an_order_goes_all_the_way_and_comes_back_as_it_was(desk: Desk) -> None:
    order = await desk.receive(
        "路灯不亮", title="路灯", call="hotline-1.1", dialled="12319", **EMAIL
    )
    assert (order.number, order.state, order.version) == ("26030300001", State.RECEIVED, 1)
    assert (order.receiver, order.centre, order.citizen) == (AGENT.name, "city", CITIZEN)
    statutory = StatutoryLimit(days=5, working=True, basis="《城市道路管理条例》第十条")
    seen = await desk.classify(order.number, statutory=statutory, urgency=Urgency.URGENT)
    assert seen.statutory == statutory
    dispatch = do.Dispatch(unit="housing", assisting=("water",), rule="I5", why="属地")
    after = await desk.orders.act(DISPATCHER, order.number, dispatch)
    for who, step in way(HOUSING):
        after = await desk.orders.act(who, order.number, step)
    opened = await desk.orders.open(DISPATCHER, order.number)
    assert opened.order == after
    assert after.state is State.CLOSED
    assert after.satisfaction is Satisfaction.SATISFIED
    assert [event.command.action for event in opened.events] == [
        "receive",
        "classify",
        "dispatch",
        "sign",
        "reply",
        "report_back",
        "review",
        "call_back",
    ]
    assert [event.command for event in opened.events[2:4]] == [dispatch, do.Sign()]
    assert opened.events[2].moments == opened.order.chain[0].moments
    assert opened.events[2].pack == "yanji-2019"
    assert "archive" in opened.actions
    page = await desk.orders.page(DISPATCHER, Filters())
    (line,) = page.items
    assert (line.number, line.state, line.version) == (order.number, State.CLOSED, 8)
    assert (line.due, line.sign_by, line.closed_at) == (None, None, opened.events[-1].at)


async def test_the_line_shows_the_running_clock_and_what_is_asked_for(desk: Desk) -> None:
    number = (await desk.dispatched()).number
    line = (await desk.orders.page(DISPATCHER, Filters())).items[0]
    order = (await desk.orders.open(HOUSING, number)).order
    assert order.holder is not None
    assert (line.sign_by, line.due) == (order.holder.moments.sign_by, order.holder.moments.due)
    await desk.orders.act(HOUSING, number, do.Sign())
    await desk.orders.act(HOUSING, number, do.AskReturn(why="不属本局"))
    line = (await desk.orders.page(DISPATCHER, Filters())).items[0]
    assert (line.sign_by, line.due, line.asks) == (None, order.holder.moments.due, "return")
    await desk.orders.act(DISPATCHER, number, do.Pause(why="等材料"))
    line = (await desk.orders.page(DISPATCHER, Filters())).items[0]
    assert (line.due, line.paused) == (None, True)


async def test_a_step_that_is_refused_writes_nothing(desk: Desk) -> None:
    number = (await desk.receive()).number
    with pytest.raises(IllegalAction):
        await desk.orders.act(DISPATCHER, number, do.Dispatch(unit="housing"))
    with pytest.raises(OrderNotFound):
        await desk.orders.act(HOUSING, number, do.Note(text="?"))
    await desk.classify(number)
    await desk.orders.act(DISPATCHER, number, do.Dispatch(unit="housing", assisting=("water",)))
    with pytest.raises(NotYours):
        await desk.orders.act(actor("water", Role.UNIT_HANDLER), number, do.Sign())
    assert len((await desk.orders.open(AGENT, number)).events) == 3
    with pytest.raises(OrderNotFound):
        await desk.orders.open(AGENT, "26030399999")


async def test_numbers_count_up_for_each_local_day(desk: Desk) -> None:
    clock = desk.now
    assert isinstance(clock, Clock)
    numbers = [(await desk.receive()).number for _ in range(2)]
    clock.now = datetime(2026, 3, 3, 15, 59, tzinfo=UTC)
    numbers.append((await desk.receive()).number)
    clock.now = datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
    numbers.append((await desk.receive()).number)
    assert numbers == ["26030300001", "26030300002", "26030300003", "26030400001"]


async def test_orders_taken_in_at_once_all_have_numbers_of_their_own(desk: Desk) -> None:
    taken = await asyncio.gather(*(desk.receive(f"第 {n} 件") for n in range(40)))
    assert sorted(order.number for order in taken) == [f"260303{n:05d}" for n in range(1, 41)]
    async with desk.database.reading() as session:
        assert await history.verify(session) == (40, None)


async def test_of_two_dispatchers_at_once_exactly_one_wins(desk: Desk) -> None:
    rivals = [actor("city", Role.DISPATCHER, name=name) for name in ("甲", "乙")]

    async def race() -> str:
        number = (await desk.receive()).number
        version = (await desk.classify(number)).version
        steps = [
            desk.orders.act(rival, number, do.Dispatch(unit=unit), version)
            for rival, unit in zip(rivals, ("housing", "water"), strict=True)
        ]
        told = await asyncio.gather(*steps, return_exceptions=True)
        (lost,) = [one for one in told if isinstance(one, BaseException)]
        assert isinstance(lost, OrderChanged), lost
        opened = await desk.orders.open(AGENT, number)
        assert opened.order in told
        assert opened.order.version == version + 1
        return opened.events[-1].who

    winners = [await race() for _ in range(50)]
    assert set(winners) <= {"甲", "乙"}
    async with desk.database.reading() as session:
        kept = (await session.execute(select(OUTBOX.c.id))).scalars().all()
    told = [name for name in kept if name.split("-")[1] == "3"]  # of the third event, the dispatch
    assert len(told) == 2 * 50  # the winner's alone: the unit is told, the paper is made


async def test_who_does_not_mind_changes_is_never_told_of_one(desk: Desk) -> None:
    number = (await desk.receive()).number
    notes = [desk.orders.act(AGENT, number, do.Note(text=str(n))) for n in range(20)]
    versions = sorted(order.version for order in await asyncio.gather(*notes))
    assert versions == list(range(2, 22))


async def test_the_same_key_gives_the_same_order(desk: Desk) -> None:
    first = await desk.receive("路灯不亮", key="k1")
    assert await desk.receive("路灯不亮", key="k1") == first
    with pytest.raises(KeyReused):
        await desk.receive("井盖丢失", key="k1")
    other = await desk.receive("路灯不亮", key="k1", by=DISPATCHER)
    assert other.number != first.number, "a key is its actor's own"
    assert (await desk.receive("路灯不亮", key="k2")).number != first.number
    await desk.classify(first.number)
    again = await desk.receive("路灯不亮", key="k1")
    assert (again.number, again.state) == (first.number, State.CLASSIFIED)


async def test_the_same_key_at_once_makes_one_order(desk: Desk) -> None:
    for n in range(10):
        same = [desk.receive("路灯不亮", key=f"at once {n}") for _ in range(5)]
        assert len({order.number for order in await asyncio.gather(*same)}) == 1
    async with desk.database.reading() as session:
        assert await history.verify(session) == (10, None)


async def test_a_key_that_came_with_two_requests_at_once_is_refused_to_one(desk: Desk) -> None:
    told = await asyncio.gather(
        desk.receive("路灯不亮", key="two"),
        desk.receive("井盖丢失", key="two"),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in told) == ["KeyReused", "WorkOrder"]


async def test_effects_are_in_the_outbox_and_reminders_wait_for_the_morning(desk: Desk) -> None:
    clock = desk.now
    assert isinstance(clock, Clock)
    number = (await desk.dispatched()).number
    clock.now = datetime(2026, 3, 3, 14, 0, tzinfo=UTC)  # 22:00 in the city
    order = (await desk.orders.open(HOUSING, number)).order
    assert order.holder is not None
    system = replace(AGENT, roles=frozenset(), system=True)
    warn = do.Warn(alarm=do.Alarm.UNSIGNED, limit=order.holder.moments.sign_by)
    await desk.orders.act(system, number, warn)
    async with desk.database.reading() as session:
        rows = (await session.execute(select(OUTBOX).order_by(OUTBOX.c.id))).all()
    assert [(row.id, row.what, row.target) for row in rows] == [
        (f"{number}-1-0", "received", ""),
        (f"{number}-3-0", "dispatched", "housing"),
        (f"{number}-3-1", "dispatch", "housing"),
        (f"{number}-4-0", "warn_unsigned", "housing"),
    ]
    assert rows[-1].next_at == datetime(2026, 3, 4, 0, 30, tzinfo=UTC)  # 8:30
    assert rows[1].next_at == rows[1].created_at


async def test_the_picture_is_the_fold_of_the_events(desk: Desk) -> None:
    numbers = [(await desk.closed()).number, (await desk.dispatched("water")).number]
    numbers.append((await desk.receive(by=actor("north", Role.AGENT))).number)
    async with desk.database.reading() as session:
        for number in numbers:
            order = fold(await history.read(session, number))
            query = select(WORK_ORDERS).where(WORK_ORDERS.c.number == number)
            row = dict((await session.execute(query)).mappings().one())
            assert row == orders.row_of(order, row["wake_at"])


async def test_one_who_belongs_to_no_unit_belongs_to_the_centre(desk: Desk) -> None:
    user = Principal("li", frozenset({Role.AGENT}))
    assert (await desk.orders.actor(user)).unit == "city"
    assert (await desk.orders.actor(replace(user, unit="north"))).unit == "north"


# --- worlds ---------------------------------------------------------------------------------------


async def test_a_changed_unit_is_seen_at_once_here_and_after_a_second_elsewhere(
    desk: Desk, database_url: str
) -> None:
    passed = 0.0
    elsewhere = Database(database_url)
    packs, calendar = load_packs(), load_calendar()
    zone = ZoneInfo("Asia/Shanghai")
    far = SqlWorlds(elsewhere, packs, calendar, zone, "yanji", monotonic=lambda: passed)
    assert "new" not in await far.tree()
    assert "new" not in await desk.worlds.tree()
    await write_units(desk.database, [replace(UNITS[1], id="new", name="新局")])
    assert "new" in await desk.worlds.tree()
    assert "new" not in await far.tree(), "kept for a second"
    passed = 1.1
    assert "new" in await far.tree()
    async with desk.database.session() as session:
        await units.change(session, replace(UNITS[1], id="new", name="改名"))
        assert (await desk.worlds.tree())["new"].name == "新局", "not committed yet"
    assert (await desk.worlds.tree())["new"].name == "改名"
    await elsewhere.close()


async def test_the_tree_is_not_read_for_each_step(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await Desk(database, monotonic=lambda: 0.0).open()
    reads = 0
    real = units.tree

    async def counted(session: AsyncSession) -> UnitTree:
        nonlocal reads
        reads += 1
        return await real(session)

    monkeypatch.setattr(units, "tree", counted)
    await asyncio.gather(*(desk.receive() for _ in range(20)))
    assert reads == 1


async def test_many_steps_at_once_do_not_starve_the_tree_of_a_connection(
    database: Database,
) -> None:
    """Each step holds one of the pool's connections when it asks for the tree."""
    passed = count(0, 2)
    desk = await Desk(database, monotonic=lambda: next(passed)).open()
    async with asyncio.timeout(30):
        taken = await asyncio.gather(*(desk.receive() for _ in range(30)))
    assert len({order.number for order in taken}) == 30


async def test_an_order_is_judged_by_the_pack_of_its_dispatch(desk: Desk) -> None:
    day = START.date()
    assert (await desk.worlds.world(day)).pack.id == "yanji-2019"
    assert (await desk.worlds.world(day, "xianning-2019")).pack.id == "xianning-2019"
    with pytest.raises(NoPolicy):
        await desk.worlds.world(day, "atlantis-1")
    with pytest.raises(NoPolicy):
        await desk.worlds.world(day - timedelta(days=365 * 20))
    with pytest.raises(ValueError, match="yanji"):
        SqlWorlds(desk.database, load_packs(), load_calendar(), ZoneInfo("Asia/Shanghai"))


async def test_without_units_nothing_is_judged(database: Database) -> None:
    with pytest.raises(UnitNotFound):
        await Desk(database).receive()


async def test_a_channel_takes_in_and_a_type_may_be_changed_until_the_dispatch(desk: Desk) -> None:
    system = replace(AGENT, name="mail", roles=frozenset(), system=True)
    order = await desk.receive(by=system, channel=Channel.EMAIL)
    await desk.classify(order.number)
    again = await desk.classify(order.number, type=OrderType.COMPLAINT)
    assert again.type is OrderType.COMPLAINT
