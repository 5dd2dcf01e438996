"""Lists of the demo city's orders against a plain look at all of them: every filter, every way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
import pytest_asyncio

from ticketing.demo.install import install
from ticketing.domain.guards import Actor
from ticketing.domain.matters import Channel, OrderType, Satisfaction
from ticketing.domain.roles import Role
from ticketing.domain.units import UnitTree
from ticketing.domain.work_order import State, WorkOrder
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.orders import sight
from ticketing.store import orders, search
from ticketing.store.database import Database
from ticketing.store.orders import Filters, Sight, Sort, row_of, unit_rows, words_of

UNTIL = datetime(2026, 11, 20, 16, tzinfo=UTC)
FILTERS = (
    Filters(),
    Filters(states=(State.ARCHIVED,)),
    Filters(states=(State.HANDLING, State.SIGNED, State.ARCHIVED)),
    Filters(states=(State.HANDLING, State.DISPATCHED)),
    Filters(category="07"),
    Filters(category="0"),
    Filters(category="06.01.01", states=(State.ARCHIVED, State.CLOSED)),
    Filters(category="03", states=(State.HANDLING,)),
    Filters(type=OrderType.COMPLAINT, districts=("990100",)),
    Filters(districts=("990100", "990100001", "990100002", "nowhere")),
    Filters(districts=("990100001", "990100002"), states=(State.ARCHIVED,)),
    Filters(districts=("990100", "990100001"), category="07"),
    Filters(districts=("nowhere", "elsewhere")),
    Filters(words="希望", districts=("990100001", "990100002")),
    Filters(channel=Channel.WECHAT, satisfaction=Satisfaction.SATISFIED),
    Filters(unit="city.urban", since=UNTIL - timedelta(days=200)),
    Filters(overdue_at=UNTIL),
    Filters(overdue_at=UNTIL, category="03"),
    Filters(until=UNTIL - timedelta(days=30), category="01"),
    Filters(words="希望"),
    Filters(words="希望", category="06"),
    Filters(words="希望", states=(State.ARCHIVED, State.CLOSED)),
    Filters(words="希望", unit="city.urban"),
    Filters(words="水"),
)
READERS = {
    "root": Actor("r", frozenset({Role.MANAGER}), "centre"),
    "unit": Actor("u", frozenset({Role.UNIT_HANDLER}), "city.urban"),
    "county": Actor("c", frozenset({Role.DISPATCHER}), "songhe"),
    "evaluator": Actor("e", frozenset({Role.EVALUATOR}), "songhe"),
}


@pytest_asyncio.fixture
async def filled(database: Database) -> tuple[Database, list[WorkOrder], UnitTree]:
    done = await install(database, load_packs(), load_calendar(), seed=9, orders=160, until=UNTIL)
    return database, [order for order, _ in done.made.orders], done.city.places.tree


async def walk(
    database: Database, filters: Filters, seen_by: Sight | None, sort: Sort
) -> list[str]:
    """All numbers of a list, three to a page."""
    found: list[str] = []
    cursor: str | None = None
    async with database.reading() as session:
        while True:
            page = await orders.page(
                session, filters, seen_by=seen_by, sort=sort, limit=3, cursor=cursor
            )
            found += [row.number for row in page.items]
            cursor = page.next
            if cursor is None:
                return found


def plain(everyone: list[WorkOrder], f: Filters, seen_by: Sight | None, sort: Sort) -> list[str]:
    """The same, by looking at each order."""
    kept: list[tuple[WorkOrder, dict[str, Any]]] = []
    for order in everyone:
        row = row_of(order, None)
        if _visible(order, seen_by) and all(_holds(order, row, f)):
            kept.append((order, row))
    if sort is Sort.DUE and not f.words:
        late = [(row["due"], order.number) for order, row in kept if row["due"] is not None]
        return [number for _, number in sorted(late)]
    newest = sorted(kept, key=lambda one: (one[0].received_at, one[0].number), reverse=True)
    return [order.number for order, _ in newest]


def _visible(order: WorkOrder, seen_by: Sight | None) -> bool:
    if seen_by is None or order.centre in seen_by.centres:
        return True
    holds = {row["unit"] for row in unit_rows(order) if row["holds"]}
    return seen_by.holds and seen_by.unit in holds


def _holds(order: WorkOrder, row: dict[str, Any], f: Filters) -> Iterator[bool]:
    yield not f.states or order.state in f.states
    yield not f.category or f"{order.category}.".startswith(f"{f.category}.")
    yield f.type is None or order.type is f.type
    yield f.channel is None or order.channel is f.channel
    yield f.satisfaction is None or order.satisfaction is f.satisfaction
    yield not f.districts or order.district in f.districts
    yield not f.unit or row["unit"] == f.unit
    yield f.since is None or order.received_at >= f.since
    yield f.until is None or order.received_at < f.until
    yield f.overdue_at is None or (row["due"] is not None and row["due"] < f.overdue_at)
    yield f.words in words_of(order)


@pytest.mark.parametrize("rare", [True, False])
async def test_every_list_is_what_a_plain_look_gives(
    filled: tuple[Database, list[WorkOrder], UnitTree],
    rare: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``rare``: what PostgreSQL is told of the words; it reads them in two ways."""
    database, everyone, tree = filled

    async def told(*_: Any) -> bool:
        return rare

    monkeypatch.setattr(search, "is_rare", told)
    seen: dict[str, Callable[[], Sight | None]] = {
        name: lambda who=who: sight(who, tree) for name, who in READERS.items()
    }
    rows = 0
    for (name, reader), filters, sort in product(seen.items(), FILTERS, Sort):
        expected = plain(everyone, filters, reader(), sort)
        assert await walk(database, filters, reader(), sort) == expected, (name, filters, sort)
        rows += len(expected)
    assert rows > 500
