"""The picture of now: one row for each order, for lists and clocks; made from its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.work_order import RUNNING, State, WorkOrder
from ticketing.store import search
from ticketing.store.database import upsert
from ticketing.store.order_pages import page
from ticketing.store.order_rows import (
    SHOWN,
    Filters,
    OrderPage,
    OrderRow,
    Sight,
    Sort,
    row,
)
from ticketing.store.order_tables import COUNTERS, ORDER_UNITS, WORK_ORDERS

__all__ = [
    "Drawing",
    "Filters",
    "Handled",
    "OrderPage",
    "OrderRow",
    "Sight",
    "Sort",
    "decided",
    "find",
    "followers",
    "lock",
    "lock_free",
    "next_number",
    "page",
    "row_of",
    "save",
    "unit_rows",
    "waking",
    "words_of",
]
O = WORK_ORDERS.c  # noqa: E741 - short for many conditions


async def next_number(session: AsyncSession, day: str) -> str:
    """A new order's number: the day (``YYMMDD``, local) and five digits that count up."""
    statement = upsert(session, COUNTERS).values(name=f"order:{day}", value=1)
    value = await session.execute(
        statement.on_conflict_do_update(
            index_elements=[COUNTERS.c.name], set_={"value": COUNTERS.c.value + 1}
        ).returning(COUNTERS.c.value)
    )
    return f"{day}{value.scalar_one():05d}"


def row_of(order: WorkOrder, wake_at: datetime | None) -> dict[str, Any]:
    """The columns of an order as it is now."""
    holder, running = order.holder, order.state in RUNNING
    clock = holder.moments if holder is not None and running and not order.clock_stands else None
    asks = (
        "return"
        if order.return_request
        else "extension"
        if order.extension_request
        else "exemption"
        if order.exemption_request
        else None
    )
    return {
        "number": order.number,
        "state": order.state.value,
        "version": order.version,
        "received_at": order.received_at,
        "changed_at": order.changed_at,
        "centre": order.centre,
        "unit": None if holder is None else holder.unit,
        "channel": order.channel.value,
        "source": order.source,
        "call_id": order.call or None,
        "citizen_name": order.citizen.name,
        "citizen_phone": order.citizen.phone,
        "title": order.title,
        "type": None if order.type is None else order.type.value,
        "category": order.category,
        "district": order.district,
        "urgency": order.urgency.value,
        "round": order.round,
        "dispatched_at": None if holder is None else holder.at,
        "sign_by": clock.sign_by if clock and order.state is State.DISPATCHED else None,
        "due": clock.due if clock else None,
        "paused": order.paused_at is not None,
        "asks": asks,
        "satisfaction": None if order.satisfaction is None else order.satisfaction.value,
        "master": order.master or None,
        "closed_at": order.closed_at,
        "wake_at": wake_at,
        "provisional": bool(clock and clock.provisional),
        "last_due": None if holder is None else holder.moments.due,
    }


def words_of(order: WorkOrder) -> str:
    """What an order is found by."""
    parts = (order.title, order.content, order.citizen.address, order.answer, order.result)
    return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture that is to be drawn anew.

    Attributes:
        before: what it shows now; who sees the order and what it is found by are left alone where
            they are as they were. None draws all of it.
    """

    order: WorkOrder
    wake_at: datetime | None
    before: WorkOrder | None = None


async def save(session: AsyncSession, drawings: Sequence[Drawing]) -> None:
    """Draw pictures anew, each of another order, in the unit of work that has written its event."""
    if not drawings:
        return
    rows = [row_of(each.order, each.wake_at) for each in drawings]
    statement = upsert(session, WORK_ORDERS)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[WORK_ORDERS.c.number],
            set_={name: statement.excluded[name] for name in rows[0] if name != "number"},
        ),
        rows,
    )
    for each in drawings:
        seen, words = unit_rows(each.order), words_of(each.order)
        if each.before is None or unit_rows(each.before) != seen:
            mine = ORDER_UNITS.c.number == each.order.number
            await session.execute(delete(ORDER_UNITS).where(mine))
            await session.execute(insert(ORDER_UNITS), seen)
        if each.before is None or words_of(each.before) != words:
            await search.index(session, each.order.number, words)


def unit_rows(order: WorkOrder) -> list[dict[str, Any]]:
    """Who sees the order, one row for each unit."""
    return [
        {
            "unit": unit,
            "number": order.number,
            "received_at": order.received_at,
            "state": order.state.value,
            "category": order.category,
            "holds": unit in order.units,
        }
        for unit in sorted(order.units | {order.centre})
    ]


async def lock(session: AsyncSession, number: str) -> None:
    """Keep others from acting on an order until this unit of work ends."""
    await session.execute(select(O.number).where(O.number == number).with_for_update())


async def lock_free(session: AsyncSession, numbers: Sequence[str]) -> Sequence[str]:
    """Lock those of several orders that nobody else has locked; their numbers."""
    query = select(O.number).where(O.number.in_(numbers)).order_by(O.number)
    return (await session.execute(query.with_for_update(skip_locked=True))).scalars().all()


async def find(session: AsyncSession, number: str) -> OrderRow | None:
    """The line of one order."""
    query = select(*SHOWN).where(O.number == number)
    found = (await session.execute(query)).one_or_none()
    return None if found is None else row(found)


async def followers(session: AsyncSession, number: str, limit: int = 1) -> tuple[OrderRow, ...]:
    """Other callers' orders that wait for what becomes of this one."""
    query = select(*SHOWN).where(O.master == number, O.state == State.FOLLOWING.value)
    return tuple(row(found) for found in await session.execute(query.limit(limit)))


async def waking(session: AsyncSession, now: datetime, limit: int) -> Sequence[str]:
    """The numbers of orders whose clock has something to do by ``now``, the longest due first."""
    query = select(O.number).where(O.wake_at <= now).order_by(O.wake_at, O.number).limit(limit)
    return (await session.execute(query)).scalars().all()


@dataclass(frozen=True, slots=True)
class Handled:
    """Which unit has brought an order to its end."""

    number: str
    category: str
    district: str
    unit: str
    at: datetime


async def decided(
    session: AsyncSession, codes: Sequence[str], since: datetime, limit: int
) -> tuple[Handled, ...]:
    """The orders of these categories that a unit has brought to their end, the newest first."""
    query = (
        select(O.number, O.category, O.district, O.unit, O.closed_at)
        .where(
            O.category.in_([code for code in codes if code]),
            O.unit.is_not(None),
            O.closed_at.is_not(None),
            O.received_at >= since,
        )
        .order_by(O.received_at.desc())
        .limit(limit)
    )
    return tuple(Handled(*row) for row in await session.execute(query))
