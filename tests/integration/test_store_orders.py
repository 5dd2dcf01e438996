"""The picture of the orders in lists: what is seen, narrowed and walked, on real databases."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from itertools import combinations, count, product

import pytest
from sqlalchemy import select

from tests.integration.order_desk import (
    AGENT,
    CITIZEN,
    DISPATCHER,
    HOUSING,
    START,
    UNITS,
    Clock,
    Desk,
    actor,
)
from ticketing.domain import actions as do
from ticketing.domain.errors import BadCursor
from ticketing.domain.fold import fold
from ticketing.domain.guards import Actor
from ticketing.domain.lifecycle import may_see
from ticketing.domain.matters import Channel, Citizen, OrderType, Satisfaction, Urgency
from ticketing.domain.roles import Role
from ticketing.domain.units import UnitTree
from ticketing.domain.work_order import State, WorkOrder
from ticketing.store import history
from ticketing.store.database import Database
from ticketing.store.order_tables import ORDER_EVENTS
from ticketing.store.orders import Filters, OrderPage, Sort

TREE = UnitTree(UNITS)


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await Desk(database).open()


async def fill(desk: Desk) -> dict[str, WorkOrder]:
    """Orders of many kinds, by number."""
    north = actor("north", Role.AGENT, Role.DISPATCHER)
    west = actor("west.desk", Role.AGENT)
    orders = desk.orders
    await desk.receive("路灯不亮", citizen=CITIZEN, call="hotline-1.1")
    await desk.receive("占道经营", by=north, channel=Channel.PORTAL)
    await desk.receive(
        "河道污染", by=west, channel=Channel.SMS, citizen=Citizen(phone="13900000000")
    )
    master = await desk.dispatched("housing", content="小区停水")
    same = await desk.receive("也停水了", citizen=CITIZEN)
    await orders.act(AGENT, same.number, do.JoinMaster(master=master.number))
    for unit in ("north", "water", "west.roads"):
        await desk.dispatched(unit, content=f"派给 {unit}")
    helped = await desk.receive("井盖丢失")
    await desk.classify(helped.number, type=OrderType.COMPLAINT, category="04", district="W")
    step = do.Dispatch(unit="water", assisting=("housing", "north.town"))
    await orders.act(DISPATCHER, helped.number, step)
    await orders.act(DISPATCHER, helped.number, do.SetUrgency(urgency=Urgency.CRITICAL, why="学校"))
    down = await desk.dispatched("north", content="村路坏了")
    await orders.act(north, down.number, do.Sign())
    await orders.act(north, down.number, do.Forward(unit="north.town"))
    town = actor("north.town", Role.UNIT_LEADER)
    await orders.act(town, down.number, do.Sign())
    await orders.act(town, down.number, do.Forward(unit="north.village"))
    asked = await desk.dispatched("housing", content="不属住建")
    await orders.act(HOUSING, asked.number, do.AskReturn(why="属城管"))
    for kind in (OrderType.CONSULTATION, OrderType.EMERGENCY):
        late = await desk.receive("限时不同")
        await desk.classify(late.number, type=kind, category="04.03")
        await orders.act(DISPATCHER, late.number, do.Dispatch(unit="housing"))
    await desk.closed("已经办好")
    paused = await desk.dispatched("water", content="等材料")
    await orders.act(actor("water", Role.UNIT_LEADER), paused.number, do.Sign())
    await orders.act(DISPATCHER, paused.number, do.Pause(why="等材料"))
    return await everything(desk)


async def everything(desk: Desk) -> dict[str, WorkOrder]:
    async with desk.database.reading() as session:
        numbers = (await session.execute(select(ORDER_EVENTS.c.number).distinct())).scalars().all()
        return {number: fold(await history.read(session, number)) for number in numbers}


async def walk(
    desk: Desk,
    who: Actor,
    filters: Filters,
    sort: Sort = Sort.NEWEST,
    limit: int = 4,
    between: Callable[[], object] | None = None,
) -> list[str]:
    """The numbers on all pages, one page after the other."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page: OrderPage = await desk.orders.page(
            who, filters, sort=sort, limit=limit, cursor=cursor
        )
        assert len(page.items) <= limit
        found += [line.number for line in page.items]
        cursor = page.next
        if cursor is None:
            return found
        if between is not None:
            await between()  # type: ignore[misc]


# --- pages ----------------------------------------------------------------------------------------


async def test_a_list_shows_what_may_be_opened_and_nothing_else(desk: Desk) -> None:
    """R: whoever it is and wherever, with one role or with two."""
    orders = await fill(desk)
    roles = [{role} for role in Role] + [set(two) for two in combinations(list(Role)[::4], 2)]
    for unit, has in product(TREE, [set(), *roles]):
        who = actor(unit.id, *has)
        seen = await walk(desk, who, Filters(), limit=50)
        allowed = {number for number, order in orders.items() if may_see(order, who, TREE)}
        assert len(seen) == len(set(seen)), who
        assert set(seen) == allowed, who
        searched = await walk(desk, who, Filters(words="水"), limit=50)
        assert set(searched) <= allowed, who
    assert await walk(desk, actor("elsewhere", Role.DISPATCHER), Filters()) == []


async def test_examples_of_what_is_seen(desk: Desk) -> None:
    orders = await fill(desk)
    told = {
        name: {orders[number].content for number in await walk(desk, who, Filters())}
        for name, who in {
            "village": actor("north.village", Role.UNIT_HANDLER),
            "town": actor("north.town", Role.UNIT_LEADER),
            "county": actor("north", Role.DISPATCHER),
            "upper county": actor("west", Role.MANAGER),
            "city": DISPATCHER,
        }.items()
    }
    assert told["village"] == {"村路坏了"}
    assert told["town"] == {"村路坏了", "井盖丢失"}
    assert told["county"] == {"占道经营", "派给 north", "村路坏了"}
    assert told["upper county"] == {"河道污染"}
    assert len(told["city"]) == len({order.content for order in orders.values()})


NARROWED: dict[str, tuple[Filters, Callable[[WorkOrder], bool]]] = {
    "nothing": (Filters(), lambda o: True),
    "state": (Filters(states=(State.RECEIVED,)), lambda o: o.state is State.RECEIVED),
    "states": (
        Filters(states=(State.DISPATCHED, State.CLOSED)),
        lambda o: o.state in {State.DISPATCHED, State.CLOSED},
    ),
    "type": (
        Filters(type=OrderType.COMPLAINT),
        lambda o: o.type is OrderType.COMPLAINT,
    ),
    "category": (Filters(category="04.02"), lambda o: o.category == "04.02"),
    "category above": (Filters(category="04"), lambda o: o.category[:2] == "04"),
    "no category": (Filters(category="0"), lambda o: False),
    "district": (Filters(districts=("W",)), lambda o: o.district == "W"),
    "unit": (Filters(unit="housing"), lambda o: bool(o.holder and o.holder.unit == "housing")),
    "urgency": (Filters(urgency=Urgency.CRITICAL), lambda o: o.urgency is Urgency.CRITICAL),
    "channel": (Filters(channel=Channel.SMS), lambda o: o.channel is Channel.SMS),
    "phone": (Filters(phone=CITIZEN.phone), lambda o: o.citizen.phone == CITIZEN.phone),
    "call": (Filters(call="hotline-1.1"), lambda o: o.call == "hotline-1.1"),
    "master": (Filters(master="26030300004"), lambda o: o.master == "26030300004"),
    "satisfaction": (
        Filters(satisfaction=Satisfaction.SATISFIED),
        lambda o: o.satisfaction is Satisfaction.SATISFIED,
    ),
    "asks": (Filters(asks="return"), lambda o: o.return_request is not None),
    "since": (
        Filters(since=START + timedelta(seconds=9)),
        lambda o: o.received_at >= START + timedelta(seconds=9),
    ),
    "until": (
        Filters(until=START + timedelta(seconds=9)),
        lambda o: o.received_at < START + timedelta(seconds=9),
    ),
    "overdue": (
        Filters(overdue_at=START + timedelta(days=2)),
        lambda o: o.due is not None and o.paused_at is None and o.due < START + timedelta(days=2),
    ),
    "two": (
        Filters(unit="housing", states=(State.DISPATCHED,), category="04.02"),
        lambda o: (
            o.state is State.DISPATCHED
            and o.category == "04.02"
            and o.holder is not None
            and o.holder.unit == "housing"
        ),
    ),
}


async def test_filters_and_sorts(desk: Desk) -> None:
    orders = await fill(desk)
    viewers = (DISPATCHER, HOUSING, actor("north", Role.MANAGER), actor("west", Role.MANAGER))
    for name, (filters, fits) in NARROWED.items():
        assert name in {"nothing", "no category"} or 0 < sum(map(fits, orders.values())) < 14, name
        for who in viewers:
            wanted = [o for o in orders.values() if fits(o) and may_see(o, who, TREE)]
            newest = sorted(wanted, key=lambda o: (o.received_at, o.number), reverse=True)
            assert await walk(desk, who, filters) == [o.number for o in newest], (name, who)
            clocks = [(o.due, o.number) for o in wanted if o.due and o.paused_at is None]
            by_due = [number for _, number in sorted(clocks)]
            assert await walk(desk, who, filters, Sort.DUE) == by_due, (name, who)


@pytest.mark.parametrize("who", [DISPATCHER, HOUSING, actor("west", Role.MANAGER)])
@pytest.mark.parametrize("filters", [Filters(), Filters(words="停水")])
async def test_a_walk_gives_each_order_once_while_more_come_in(
    database: Database, who: Actor, filters: Filters
) -> None:
    """Also when several came in at the same moment."""
    clock = Clock()
    desk = await Desk(database, lambda: clock.now).open()
    west = actor("west", Role.AGENT, Role.DISPATCHER)

    async def more() -> None:
        for by, unit in ((AGENT, "housing"), (west, "west.roads")):
            order = await desk.receive("停水", by=by)
            await desk.orders.act(by, order.number, do.Classify(type=OrderType.HELP, category="01"))
            boss = DISPATCHER if by is AGENT else by
            await desk.orders.act(boss, order.number, do.Dispatch(unit=unit))

    async def later() -> None:
        if next(times) < 7:
            clock.now += timedelta(seconds=1)
            await more()

    for n in range(6):
        clock.now += timedelta(seconds=n // 4)
        await more()
    for sort in Sort:
        times = count(1)
        before = await walk(desk, who, filters, sort)
        assert len(before) >= 6
        seen = await walk(desk, who, filters, sort, limit=2, between=later)
        assert [number for number in seen if number in before] == before
        assert len(set(seen)) == len(seen)


def cursor(plain: str) -> str:
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "路灯",
        "A" * 5000,
        cursor("2026-03-03T01:00:00+00:00"),
        cursor("2026-03-03T01:00:00+00:00 x"),
        cursor("2026-03-03T01:00:00+00:00 \0"),
        cursor("2026-03-03T01:00:00 26030300001"),
        cursor("2026-03-03T01:00:00+00:00 " + "9" * 19),
        cursor("2026-03-03T01:00:00+00:00 " + "9" * 4400),
        cursor("2026-03-03T01:00:00+00:00 ２６０３"),
        cursor("' OR 1=1 26030300001"),
    ],
)
async def test_a_cursor_of_somebody_else_is_refused(desk: Desk, bad: str) -> None:
    for sort, filters in product(Sort, (Filters(), Filters(words="路灯"))):
        with pytest.raises(BadCursor):
            await desk.orders.page(DISPATCHER, filters, sort=sort, cursor=bad)
