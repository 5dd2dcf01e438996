"""What is asked of the orders, as the API asks it: through the service, at random places."""

from __future__ import annotations

import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import func, select

from bench.orders.molds import CITIZENS, RARE
from bench.stand import percentile
from ticketing.domain.guards import Actor
from ticketing.domain.matters import Channel, OrderType, Satisfaction, Urgency
from ticketing.domain.roles import Role
from ticketing.domain.work_order import State
from ticketing.service.clocks import Clocks
from ticketing.service.orders import Orders
from ticketing.service.worlds import SqlWorlds
from ticketing.store import order_pages as store
from ticketing.store.database import Database
from ticketing.store.order_tables import ORDER_UNITS, WORK_ORDERS
from ticketing.store.orders import Filters, Sort

O = WORK_ORDERS.c  # noqa: E741 - as in the store
ROOT = Actor("manager01", frozenset({Role.MANAGER}), "centre")
BUSY = Actor("city.urban.01", frozenset({Role.UNIT_HANDLER}), "city.urban")
COUNTY = Actor("songhe.01", frozenset({Role.DISPATCHER}), "songhe")
PAGE = 50
_PATIENCE = 60.0  # seconds for one kind of request; it is cut short then, and marked
Say = Callable[[str], None]
Ask = Callable[[], Awaitable[int]]


@dataclass(frozen=True)
class Figure:
    """What one kind of request took, in milliseconds.

    Attributes:
        rows: found on average.
        requests: how many were made.
    """

    p50: float
    p95: float
    most: float
    rows: float
    requests: int


@dataclass
class Asked:
    """All that was measured of one database with one number of orders.

    Attributes:
        sweeps: seconds.
    """

    orders: int
    events: int
    figures: dict[str, Figure] = field(default_factory=dict)
    sweeps: dict[str, float] = field(default_factory=dict)


class _Sampler:
    """Knows places in the lists, to begin pages at."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.places: list[tuple[datetime, str]] = []
        self.due: list[tuple[datetime, str]] = []

    async def look(self, database: Database) -> None:
        """Take note of orders all over the table."""
        async with database.reading() as session:
            query = select(func.min(O.received_at), func.max(O.received_at))
            first, last = (await session.execute(query)).one()
            for _ in range(400):
                at = first + (last - first) * self.dice.random()
                row = select(O.received_at, O.number).where(O.received_at >= at)
                found = await session.execute(row.order_by(O.received_at).limit(1))
                self.places.append(tuple(found.one()))
            due = select(O.due, O.number).where(O.due.is_not(None)).order_by(O.due).limit(20_000)
            self.due = [tuple(row) for row in await session.execute(due)]

    def cursor(self, sort: Sort) -> str | None:
        """None for the first page in every second request, else somewhere."""
        if self.dice.random() < 0.5:
            return None
        return store._cursor(*self.dice.choice(self.due if sort is Sort.DUE else self.places))


async def requests(
    database: Database,
    orders: Orders,
    asked: Asked,
    count: int,
    until: datetime,
    dice: Random,
    say: Say,
) -> None:
    """Make every kind of request ``count`` times, and note what they took."""
    sample = _Sampler(dice)
    await sample.look(database)

    def pages(who: Actor, what: Callable[[], Filters], sort: Sort = Sort.NEWEST) -> Ask:
        async def ask() -> int:
            page = await orders.page(who, what(), sort=sort, limit=PAGE, cursor=sample.cursor(sort))
            return len(page.items)

        return ask

    def opened(who: Actor) -> Ask:
        async def ask() -> int:
            return len((await orders.open(who, dice.choice(sample.places)[1])).events)

        return ask

    village = await _some_village(database)

    def month() -> Filters:
        since = dice.choice(sample.places)[0]
        return Filters(since=since, until=since + timedelta(days=30))

    def phone() -> Filters:
        return Filters(phone=f"160{dice.randrange(CITIZENS):08}")

    kinds: dict[str, Ask] = {
        "all, newest first": pages(ROOT, Filters),
        "state: handling": pages(ROOT, lambda: Filters(states=(State.HANDLING,))),
        "state: archived": pages(ROOT, lambda: Filters(states=(State.ARCHIVED,))),
        "states: all with a unit": pages(
            ROOT, lambda: Filters(states=(State.DISPATCHED, State.SIGNED, State.HANDLING))
        ),
        "type: complaint": pages(ROOT, lambda: Filters(type=OrderType.COMPLAINT)),
        "type: emergency (rare)": pages(ROOT, lambda: Filters(type=OrderType.EMERGENCY)),
        "category 01.02": pages(ROOT, lambda: Filters(category="01.02")),
        "category 07 and below": pages(ROOT, lambda: Filters(category="07")),
        "district": pages(ROOT, lambda: Filters(districts=("990300",))),
        "unit: city.urban": pages(ROOT, lambda: Filters(unit="city.urban")),
        "unit: a village": pages(ROOT, lambda: Filters(unit=village.unit)),
        "urgency: critical (rare)": pages(ROOT, lambda: Filters(urgency=Urgency.CRITICAL)),
        "channel: wechat": pages(ROOT, lambda: Filters(channel=Channel.WECHAT)),
        "channel: other (rare)": pages(ROOT, lambda: Filters(channel=Channel.OTHER)),
        "phone": pages(ROOT, phone),
        "satisfaction: dissatisfied": pages(
            ROOT, lambda: Filters(satisfaction=Satisfaction.DISSATISFIED)
        ),
        "satisfaction: unreachable (rare)": pages(
            ROOT, lambda: Filters(satisfaction=Satisfaction.UNREACHABLE)
        ),
        "asks: extension": pages(ROOT, lambda: Filters(asks="extension")),
        "asks: return (none)": pages(ROOT, lambda: Filters(asks="return")),
        "one month": pages(ROOT, month),
        "overdue, soonest first": pages(ROOT, lambda: Filters(overdue_at=until), Sort.DUE),
        "overdue, newest first": pages(ROOT, lambda: Filters(overdue_at=until)),
        "state and category": pages(
            ROOT, lambda: Filters(states=(State.HANDLING,), category="01.02")
        ),
        "type and district": pages(
            ROOT, lambda: Filters(type=OrderType.REPORT, districts=("990401",))
        ),
        "channel and state (rare)": pages(
            ROOT, lambda: Filters(channel=Channel.POLICE, states=(State.REPORTED,))
        ),
        "due first": pages(ROOT, Filters, Sort.DUE),
        "due first, of a unit": pages(ROOT, lambda: Filters(unit="city.urban"), Sort.DUE),
        "own list of a busy unit": pages(BUSY, Filters),
        "own list, handling": pages(BUSY, lambda: Filters(states=(State.HANDLING,))),
        "own list, one category": pages(BUSY, lambda: Filters(category="01.06")),
        "own list, a category it hardly has": pages(BUSY, lambda: Filters(category="10.01")),
        "own due list": pages(BUSY, Filters, Sort.DUE),
        "own list of a village": pages(village, Filters),
        "own due list of a village": pages(village, Filters, Sort.DUE),
        "a county's list": pages(COUNTY, Filters),
        "a county's due list": pages(COUNTY, Filters, Sort.DUE),
        "search 路灯 (common)": pages(ROOT, lambda: Filters(words="路灯")),
        "search 希望 (very common)": pages(ROOT, lambda: Filters(words="希望")),
        f"search {RARE} (rare)": pages(ROOT, lambda: Filters(words=RARE)),
        "search 水 (one character)": pages(ROOT, lambda: Filters(words="水")),
        "search 鹿 (one, rare)": pages(ROOT, lambda: Filters(words="鹿")),
        "search 停水 (two)": pages(ROOT, lambda: Filters(words="停水")),
        "search 路灯 老人 (two words)": pages(ROOT, lambda: Filters(words="路灯 老人")),
        "search 没有这个词 (nothing)": pages(ROOT, lambda: Filters(words="鲸鱼搁浅")),
        "search 路灯, handling": pages(
            ROOT, lambda: Filters(words="路灯", states=(State.HANDLING,))
        ),
        "search 路灯 by a unit": pages(BUSY, lambda: Filters(words="路灯")),
        "search 路灯 by a village": pages(village, lambda: Filters(words="路灯")),
        "open one": opened(ROOT),
    }
    for name, ask in kinds.items():
        asked.figures[name] = figure = await _time(ask, count)
        say(
            f"{name:36} p50 {figure.p50:8.1f}  p95 {figure.p95:8.1f}  max {figure.most:8.1f} ms"
            f"  {figure.rows:5.1f} rows  {figure.requests}"
        )


async def _some_village(database: Database) -> Actor:
    """Somebody of a village that has orders."""
    query = select(ORDER_UNITS.c.unit).where(ORDER_UNITS.c.unit.like("%.v%")).limit(1)
    async with database.reading() as session:
        unit = (await session.execute(query)).scalar_one()
    return Actor(f"{unit}.01", frozenset({Role.UNIT_HANDLER}), unit)


async def _time(ask: Ask, count: int) -> Figure:
    for _ in range(3):
        await ask()
    taken: list[float] = []
    rows = 0
    gc.collect()
    end = time.perf_counter() + _PATIENCE
    while len(taken) < count and time.perf_counter() < end:
        start = time.perf_counter()
        rows += await ask()
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    return Figure(
        percentile(taken, 50),
        percentile(taken, 95),
        taken[-1],
        rows / len(taken),
        len(taken),
    )


async def sweeps(
    database: Database, worlds: SqlWorlds, asked: Asked, due: int, quiet: datetime, say: Say
) -> None:
    """Sweep with nothing due, with ``due`` orders due, and look for provisional limits.

    Args:
        quiet: a moment at which nothing is due.
    """
    clock = _Stopped(quiet)
    orders = Orders(database, worlds, clock)
    clocks = Clocks(database, orders, worlds, clock)
    query = select(O.wake_at).where(O.wake_at.is_not(None)).order_by(O.wake_at).limit(due)
    async with database.reading() as session:
        moments = list((await session.execute(query)).scalars())
    clock.now = moments[0] - timedelta(seconds=1)
    await _sweep("nothing due", clocks, asked, say)
    started = time.perf_counter()
    await clocks.recompute()
    asked.sweeps["looking for provisional limits"] = time.perf_counter() - started
    clock.now = moments[-1]
    await _sweep(f"{due} due", clocks, asked, say)


async def _sweep(name: str, clocks: Clocks, asked: Asked, say: Say) -> None:
    started = time.perf_counter()
    swept = await clocks.sweep()
    asked.sweeps[name] = time.perf_counter() - started
    say(f"sweep, {name}: {asked.sweeps[name]:.2f} s, {swept}")


class _Stopped:
    """A clock that stands."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now
