"""The picture of now: one row for each order, for lists and clocks; made from its events."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    column,
    delete,
    exists,
    insert,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import BadCursor
from ticketing.domain.matters import Channel, OrderType, Satisfaction, Urgency
from ticketing.domain.work_order import RUNNING, State, WorkOrder
from ticketing.store import search
from ticketing.store.database import upsert
from ticketing.store.order_tables import COUNTERS, ORDER_UNITS, WORK_ORDERS

O = WORK_ORDERS.c  # noqa: E741 - short for many conditions


@dataclass(frozen=True, slots=True)
class Sight:
    """What of all orders somebody may see (R).

    Attributes:
        unit: the reader's own.
        centres: orders that these hotline bodies have taken in.
        holds: also orders that the unit has, helps with, or has forwarded.
    """

    unit: str
    centres: tuple[str, ...] = ()
    holds: bool = True


class Sort(StrEnum):
    """The order of a list."""

    NEWEST = "newest"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None and empty narrow nothing.

    Attributes:
        category: this category and all below it.
        overdue_at: only orders whose limit has passed by then.
        asks: only orders with such a request open: return, extension, exemption.
        words: to be found in title, content, address or answer.
    """

    states: tuple[State, ...] = ()
    type: OrderType | None = None
    category: str = ""
    district: str = ""
    unit: str = ""
    urgency: Urgency | None = None
    channel: Channel | None = None
    phone: str = ""
    call: str = ""
    master: str = ""
    satisfaction: Satisfaction | None = None
    asks: str = ""
    since: datetime | None = None
    until: datetime | None = None
    overdue_at: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of a list; times are UTC."""

    number: str
    state: State
    version: int
    received_at: datetime
    changed_at: datetime
    centre: str
    unit: str | None
    channel: Channel
    call_id: str | None
    citizen_name: str
    citizen_phone: str
    title: str
    type: OrderType | None
    category: str
    district: str
    urgency: Urgency
    round: int
    dispatched_at: datetime | None
    sign_by: datetime | None
    due: datetime | None
    paused: bool
    asks: str | None
    satisfaction: Satisfaction | None
    master: str | None
    closed_at: datetime | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page; ``next`` is the cursor of the page after it, or None."""

    items: tuple[OrderRow, ...]
    next: str | None


_KINDS: dict[str, type[Any]] = {
    "state": State,
    "channel": Channel,
    "type": OrderType,
    "urgency": Urgency,
    "satisfaction": Satisfaction,
}
_MOST_DIGITS = 18  # of an order's number
_WITH_A_CLOCK = sorted(state.value for state in RUNNING)  # no other order is due
_SHOWN = tuple(WORK_ORDERS.c[name] for name in OrderRow.__dataclass_fields__)


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
    clock = holder.moments if holder is not None and running and not order.paused_at else None
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
    }


def words_of(order: WorkOrder) -> str:
    """What an order is found by."""
    parts = (order.title, order.content, order.citizen.address, order.answer, order.result)
    return " ".join(part for part in parts if part)


async def save(
    session: AsyncSession,
    order: WorkOrder,
    wake_at: datetime | None,
    before: WorkOrder | None = None,
) -> None:
    """Draw the picture of an order anew, in the unit of work that has written its event.

    Args:
        before: what the picture shows; who sees the order and what it is found by are left alone
            where they are as they were. None draws all of it.
    """
    values = row_of(order, wake_at)
    statement = upsert(session, WORK_ORDERS).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[WORK_ORDERS.c.number],
            set_={name: statement.excluded[name] for name in values if name != "number"},
        )
    )
    seen = unit_rows(order)
    if before is None or unit_rows(before) != seen:
        await session.execute(delete(ORDER_UNITS).where(ORDER_UNITS.c.number == order.number))
        await session.execute(insert(ORDER_UNITS), seen)
    words = words_of(order)
    if before is None or words_of(before) != words:
        await search.index(session, order.number, words)


def unit_rows(order: WorkOrder) -> list[dict[str, Any]]:
    """Who sees the order, one row for each unit."""
    return [
        {
            "unit": unit,
            "number": order.number,
            "received_at": order.received_at,
            "state": order.state.value,
            "holds": unit in order.units,
        }
        for unit in sorted(order.units | {order.centre})
    ]


async def lock(session: AsyncSession, number: str) -> None:
    """Keep others from acting on an order until this unit of work ends."""
    await session.execute(select(O.number).where(O.number == number).with_for_update())


async def find(session: AsyncSession, number: str) -> OrderRow | None:
    """The line of one order."""
    query = select(*_SHOWN).where(O.number == number)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else _row(row)


async def page(
    session: AsyncSession,
    filters: Filters,
    *,
    seen_by: Sight | None,
    sort: Sort = Sort.NEWEST,
    limit: int = 50,
    cursor: str | None = None,
) -> OrderPage:
    """One page of the orders.

    Args:
        seen_by: only what is seen from there; None for all.
        cursor: ``next`` of the page before; all else must be as it was for it.

    Raises:
        BadCursor: it is not one of ours.
    """
    if seen_by is not None and not (seen_by.centres or seen_by.holds):
        return OrderPage((), None)
    own = seen_by if seen_by is not None and set(seen_by.centres) <= {seen_by.unit} else None
    query = _narrow(_seen(select(*_SHOWN), seen_by), filters, own=own is not None)
    if filters.words:
        found = search.condition(session, filters.words)
        if found is None:
            return OrderPage((), None)
        query = _searched(session, query).where(found)
        return await _newest_found(session, query, limit, cursor)
    if sort is Sort.DUE:
        query = query.where(O.due.is_not(None)).order_by(O.due, O.number)
        if own is not None:
            query = query.where(ORDER_UNITS.c.state.in_(_WITH_A_CLOCK))
        if cursor is not None:
            at, last = _read_cursor(cursor)
            query = query.where(O.due >= at, or_(O.due > at, and_(O.due == at, O.number > last)))
        return await _fetch(session, query, limit, "due")
    source = O if own is None else ORDER_UNITS.c
    query = query.order_by(source.received_at.desc(), source.number.desc())
    if cursor is not None:
        at, last = _read_cursor(cursor)
        query = query.where(
            source.received_at <= at,
            or_(source.received_at < at, and_(source.received_at == at, source.number < last)),
        )
    return await _fetch(session, query, limit, "received_at")


def _seen(query: Select[Any], sight: Sight | None) -> Select[Any]:
    """Only what is seen from there: by the unit's own index, unless there are centres below it."""
    if sight is None:
        return query
    mine = and_(ORDER_UNITS.c.unit == sight.unit, ORDER_UNITS.c.number == O.number)
    if not set(sight.centres) <= {sight.unit}:
        seen: list[ColumnElement[bool]] = [O.centre.in_(sight.centres)]
        if sight.holds:
            seen.append(exists().where(mine, ORDER_UNITS.c.holds))
        return query.where(or_(*seen))
    query = query.join(ORDER_UNITS, mine)
    if not sight.holds:
        return query.where(O.centre == sight.unit)
    return query if sight.centres else query.where(ORDER_UNITS.c.holds)


def _narrow(query: Select[Any], f: Filters, *, own: bool) -> Select[Any]:
    if f.states:
        states = [state.value for state in f.states]
        query = query.where(O.state.in_(states))
        if own:
            query = query.where(ORDER_UNITS.c.state.in_(states))
    exact = {
        "type": f.type,
        "urgency": f.urgency,
        "channel": f.channel,
        "satisfaction": f.satisfaction,
    }
    for name, value in exact.items():
        if value is not None:
            query = query.where(O[name] == value.value)
    same = {
        "district": f.district,
        "unit": f.unit,
        "citizen_phone": f.phone,
        "call_id": f.call,
        "master": f.master,
        "asks": f.asks,
    }
    for name, wanted in same.items():
        if wanted:
            query = query.where(O[name] == wanted)
    if f.category:
        below = and_(O.category > f"{f.category}.", O.category < f"{f.category}/")
        query = query.where(or_(O.category == f.category, below))
    if f.since is not None:
        query = query.where(O.received_at >= f.since)
    if f.until is not None:
        query = query.where(O.received_at < f.until)
    if f.overdue_at is not None:
        query = query.where(O.due < f.overdue_at)
        if own:
            query = query.where(ORDER_UNITS.c.state.in_(_WITH_A_CLOCK))
    return query


def _searched(session: AsyncSession, query: Select[Any]) -> Select[Any]:
    key = "rowid" if session.get_bind().dialect.name == "sqlite" else "number"
    found = table("order_search", column(key))
    return query.join(found, O.number == literal_column("CAST(order_search." + key + " AS TEXT)"))


async def _newest_found(
    session: AsyncSession, query: Select[Any], limit: int, cursor: str | None
) -> OrderPage:
    """Numbers count up with time, so the newest have the highest; the index knows them by it."""
    key = "rowid" if session.get_bind().dialect.name == "sqlite" else "number"
    place: Any = literal_column(f"order_search.{key}")
    query = query.order_by(place.desc())
    if cursor is not None:
        _, last = _read_cursor(cursor)
        query = query.where(place < int(last))
    return await _fetch(session, query, limit, "received_at")


async def _fetch(session: AsyncSession, query: Select[Any], limit: int, key: str) -> OrderPage:
    rows = (await session.execute(query.limit(limit + 1))).all()
    items = tuple(_row(row) for row in rows[:limit])
    more = len(rows) > limit and items
    return OrderPage(items, _cursor(getattr(items[-1], key), items[-1].number) if more else None)


async def followers(session: AsyncSession, number: str, limit: int = 1) -> tuple[OrderRow, ...]:
    """Other callers' orders that wait for what becomes of this one."""
    query = select(*_SHOWN).where(O.master == number, O.state == State.FOLLOWING.value)
    return tuple(_row(row) for row in await session.execute(query.limit(limit)))


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


def _row(row: Row[Any]) -> OrderRow:
    values = dict(row._mapping)
    for name, kind in _KINDS.items():
        if values[name] is not None:
            values[name] = kind(values[name])
    return OrderRow(**values)


def _cursor(at: datetime, number: str) -> str:
    plain = f"{at.astimezone(UTC).isoformat()} {number}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    refused = BadCursor("this cursor is not one of ours; ask again without it")
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        moment, _, last = base64.b64decode(padded, b"-_", validate=True).decode().partition(" ")
        at = datetime.fromisoformat(moment)
    except ValueError:  # also binascii.Error and UnicodeError
        raise refused from None
    digits = last.isascii() and last.isdigit() and len(last) <= _MOST_DIGITS
    if not digits or at.utcoffset() != timedelta(0):
        raise refused
    return at, last
