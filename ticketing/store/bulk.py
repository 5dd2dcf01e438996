"""Many orders at once: their events on the chain, their pictures, what they are found by.

For data that are brought in whole, from another system or made for a demo. It is all one unit of
work: either everything is there afterwards, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.work_order import Event, WorkOrder
from ticketing.store import history, search
from ticketing.store.database import upsert
from ticketing.store.order_tables import COUNTERS, ORDER_EVENTS, ORDER_UNITS, WORK_ORDERS
from ticketing.store.orders import row_of, unit_rows, words_of

_CHUNK = 1000
_COUNTER = "order:"
T = TypeVar("T")
Told = Callable[[int, int], None]
"""Told how many rows of how many are written."""


async def is_empty(session: AsyncSession) -> bool:
    """Whether there is no order yet."""
    query = select(ORDER_EVENTS.c.id).limit(1)
    return (await session.execute(query)).one_or_none() is None


async def last_numbers(session: AsyncSession) -> dict[str, int]:
    """How many orders' numbers each day has given out, by the day as it stands in them."""
    query = select(COUNTERS.c.name, COUNTERS.c.value)
    return {
        name.removeprefix(_COUNTER): value
        for name, value in await session.execute(query)
        if name.startswith(_COUNTER)
    }


async def write(
    session: AsyncSession,
    orders: Sequence[tuple[WorkOrder, datetime | None]],
    events: Sequence[Event],
    counters: Mapping[str, int],
    told: Told | None = None,
) -> None:
    """Write orders that are not there yet. Nothing goes to the outbox: nobody is told of them.

    Args:
        orders: each with the moment a clock next has something to do with it.
        events: all of theirs, in the order in which they go on the chain.
        counters: the last number given out on each day.
        told: how far it is.
    """
    total, done = len(orders) + len(events), 0

    def count(rows: int) -> None:
        nonlocal done
        done += rows
        if told is not None:
            told(done, total)

    for some in _chunks(orders):
        await _pictures(session, some)
        count(len(some))
    for steps in _chunks(events):
        await history.append(session, steps)
        count(len(steps))
    if counters:
        await _count_on(session, counters)


async def _pictures(
    session: AsyncSession, orders: Sequence[tuple[WorkOrder, datetime | None]]
) -> None:
    await _insert(session, WORK_ORDERS, (row_of(order, wake) for order, wake in orders))
    await _insert(session, ORDER_UNITS, (row for order, _ in orders for row in unit_rows(order)))
    await search.add(session, [(order.number, words_of(order)) for order, _ in orders])


async def _count_on(session: AsyncSession, counters: Mapping[str, int]) -> None:
    statement = upsert(session, COUNTERS)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[COUNTERS.c.name], set_={"value": statement.excluded.value}
        ),
        [{"name": f"{_COUNTER}{day}", "value": value} for day, value in counters.items()],
    )


async def _insert(session: AsyncSession, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    await session.execute(insert(table), list(rows))


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
