"""Queries of the shifts: append what happened, read it back in its order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import SeatTaken
from ticketing.domain.shifts import Kind, PhoneNow, ShiftEvent
from ticketing.store.database import upsert
from ticketing.store.shift_tables import SHIFT_EVENTS, SITTING, WATCHES

_COLUMNS = [column for column in SHIFT_EVENTS.c if column.name != "id"]
_TURNS = (Kind.LOGIN.value, Kind.LOGOUT.value)


async def append(session: AsyncSession, events: Sequence[ShiftEvent]) -> None:
    """Add ``events`` behind all others.

    Raises:
        SeatTaken: of two log-ins at once, to a seat or of a person, this is the later one.
    """
    for event in events:
        await session.execute(insert(SHIFT_EVENTS).values(_values(event)))
        if event.kind is Kind.LOGOUT:
            await session.execute(delete(SITTING).where(SITTING.c.seat == event.seat))
        elif event.kind is Kind.LOGIN:
            try:
                await session.execute(
                    insert(SITTING).values(seat=event.seat, person=event.person, since=event.at)
                )
            except IntegrityError:
                raise SeatTaken(f"seat {event.seat} or {event.person} is taken") from None


async def current(session: AsyncSession) -> dict[str, list[ShiftEvent]]:
    """What happened at each seat from its last log-in or log-out on."""
    last = (
        select(SHIFT_EVENTS.c.seat, func.max(SHIFT_EVENTS.c.id).label("id"))
        .where(SHIFT_EVENTS.c.kind.in_(_TURNS))
        .group_by(SHIFT_EVENTS.c.seat)
        .subquery()
    )
    since = and_(SHIFT_EVENTS.c.seat == last.c.seat, SHIFT_EVENTS.c.id >= last.c.id)
    query = select(*_COLUMNS).join(last, since).order_by(SHIFT_EVENTS.c.id)
    found: dict[str, list[ShiftEvent]] = {}
    for row in await session.execute(query):
        found.setdefault(row.seat, []).append(_event(row))
    return found


async def between(
    session: AsyncSession, seat: str, begin: datetime, end: datetime
) -> list[ShiftEvent]:
    """What happened at a seat before ``end``, from the last log-in or log-out before ``begin``."""
    first = select(func.max(SHIFT_EVENTS.c.id)).where(
        SHIFT_EVENTS.c.seat == seat, SHIFT_EVENTS.c.kind.in_(_TURNS), SHIFT_EVENTS.c.at <= begin
    )
    start = (await session.execute(first)).scalar_one() or 0
    query = (
        select(*_COLUMNS)
        .where(SHIFT_EVENTS.c.seat == seat, SHIFT_EVENTS.c.id >= start, SHIFT_EVENTS.c.at < end)
        .order_by(SHIFT_EVENTS.c.id)
    )
    return [_event(row) for row in await session.execute(query)]


async def saw(session: AsyncSession, name: str, at: datetime) -> None:
    """Remember that the phones were watched until ``at``."""
    statement = upsert(session, WATCHES).values(name=name, seen_at=at)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[WATCHES.c.name], set_={"seen_at": at})
    )


async def seen_until(session: AsyncSession, name: str) -> datetime | None:
    """Until when the phones were watched, or None when they never were."""
    query = select(WATCHES.c.seen_at).where(WATCHES.c.name == name)
    return (await session.execute(query)).scalar_one_or_none()


def _values(event: ShiftEvent) -> dict[str, Any]:
    return {
        "seat": event.seat,
        "kind": event.kind.value,
        "at": event.at,
        "actor": event.actor,
        "person": event.person,
        "phone": None if event.phone is None else event.phone.value,
        "reason": event.reason,
        "until": event.until,
    }


def _event(row: Row[Any]) -> ShiftEvent:
    return ShiftEvent(
        seat=row.seat,
        kind=Kind(row.kind),
        at=row.at,
        actor=row.actor,
        person=row.person,
        phone=None if row.phone is None else PhoneNow(row.phone),
        reason=row.reason,
        until=row.until,
    )
