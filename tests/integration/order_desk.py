"""A small city with orders in a real database, to test with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from ticketing.domain import actions as do
from ticketing.domain.actions import Reached
from ticketing.domain.guards import Actor
from ticketing.domain.matters import Channel, Citizen, OrderType, Satisfaction
from ticketing.domain.roles import Role
from ticketing.domain.units import Level, Unit, UnitKind
from ticketing.domain.work_order import WorkOrder
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.orders import Orders
from ticketing.service.worlds import SqlWorlds
from ticketing.store import units
from ticketing.store.database import Database

START = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)  # a Tuesday, 9:00 in the city
UNITS = (
    Unit("city", "市热线办", UnitKind.CENTRE, Level.CITY, None),
    Unit("housing", "住建局", UnitKind.DEPARTMENT, Level.CITY, "city"),
    Unit("water", "水务公司", UnitKind.COMPANY, Level.CITY, "city"),
    Unit("north", "北县热线办", UnitKind.CENTRE, Level.COUNTY, "city", "N"),
    Unit("north.town", "北镇", UnitKind.TOWN, Level.TOWN, "north", "N"),
    Unit("north.village", "北村", UnitKind.VILLAGE, Level.VILLAGE, "north.town", "N"),
    Unit("west", "西县热线办", UnitKind.CENTRE, Level.COUNTY, "city", "W"),
    Unit("west.desk", "西镇热线站", UnitKind.CENTRE, Level.TOWN, "west", "W"),
    Unit("west.roads", "西县交通局", UnitKind.DEPARTMENT, Level.COUNTY, "west", "W"),
)


class Clock:
    """Time that goes on by a second whenever somebody looks, and by leaps."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def actor(unit: str, *roles: Role, name: str = "") -> Actor:
    return Actor(name or f"{unit}-{'-'.join(roles)}", frozenset(roles), unit)


AGENT = actor("city", Role.AGENT)
DISPATCHER = actor("city", Role.DISPATCHER)
HOUSING = actor("housing", Role.UNIT_HANDLER)


class Desk:
    """The city's orders, with words for what happens to one."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.database = database
        self.now = now or Clock()
        packs, calendar = load_packs(), load_calendar()
        zone = packs[0].zone
        self.worlds = SqlWorlds(database, packs, calendar, zone, "yanji", monotonic=monotonic)
        self.orders = Orders(database, self.worlds, self.now)

    async def open(self) -> Desk:
        """Write the units."""
        await write_units(self.database, UNITS)
        return self

    async def receive(self, content: str = "路灯不亮", **more: object) -> WorkOrder:
        """A matter is taken in, by the city's agent unless ``by`` is given."""
        by = more.pop("by", AGENT)
        key = more.pop("key", "")
        wanted = do.Receive(number="", content=content, **more)  # type: ignore[arg-type]
        return await self.orders.receive(by, wanted, key)  # type: ignore[arg-type]

    async def classify(self, number: str, **more: object) -> WorkOrder:
        values = {"type": OrderType.HELP, "category": "04.02", "district": "N", **more}
        return await self.orders.act(AGENT, number, do.Classify(**values))  # type: ignore[arg-type]

    async def dispatched(self, unit: str = "housing", **more: object) -> WorkOrder:
        """An order that a unit has to sign for."""
        order = await self.receive(**more)  # type: ignore[arg-type]
        await self.classify(order.number)
        return await self.orders.act(DISPATCHER, order.number, do.Dispatch(unit=unit))

    async def closed(self, content: str = "路灯不亮") -> WorkOrder:
        """An order that went all the way."""
        number = (await self.dispatched(content=content)).number
        for who, step in way(HOUSING):
            await self.orders.act(who, number, step)
        return (await self.orders.open(DISPATCHER, number)).order


def way(unit: Actor) -> tuple[tuple[Actor, do.Command], ...]:
    """From the dispatch to the end, with a satisfied citizen."""
    content = Satisfaction.SATISFIED
    return (
        (unit, do.Sign()),
        (unit, do.Reply(text="已修好")),
        (unit, do.ReportBack(result="灯管已更换")),
        (DISPATCHER, do.Review(passed=True)),
        (DISPATCHER, do.CallBack(reached=Reached.ANSWERED, satisfaction=content)),
    )


async def write_units(database: Database, tree: Iterable[Unit]) -> None:
    async with database.session() as session:
        for unit in tree:
            await units.add(session, unit)


CITIZEN = Citizen(name="王芳", phone="13812345678", address="解放路 5 号")
EMAIL = {"channel": Channel.EMAIL, "source": "wang@example.org", "citizen": CITIZEN}
