"""Marks of conduct in SQL. Every function works in the unit of work it is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.conduct import Conduct, Mark
from ticketing.domain.errors import MarkNotFound
from ticketing.store.leg_tables import CONDUCT_MARKS

MOST = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """A mark, with the number it has here."""

    id: int
    mark: Mark


async def add(session: AsyncSession, mark: Mark) -> Entry:
    """Store a mark."""
    added = insert(CONDUCT_MARKS).values(
        call_id=mark.call,
        leg=mark.leg,
        unit=mark.unit,
        person=mark.person,
        kind=mark.kind.value,
        words=mark.words,
        marked_at=mark.marked_at,
        marked_by=mark.marked_by,
        withdrawn_by="",
    )
    number = (await session.execute(added.returning(CONDUCT_MARKS.c.id))).scalar_one()
    return Entry(number, mark)


async def withdraw(session: AsyncSession, number: int, at: datetime, by: str) -> Entry:
    """Let a mark count no more; one that is withdrawn stays as it is.

    Raises:
        MarkNotFound
    """
    await session.execute(
        update(CONDUCT_MARKS)
        .where(CONDUCT_MARKS.c.id == number, CONDUCT_MARKS.c.withdrawn_at.is_(None))
        .values(withdrawn_at=at, withdrawn_by=by)
    )
    query = select(CONDUCT_MARKS).where(CONDUCT_MARKS.c.id == number)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise MarkNotFound(f"{number}: there is no such mark")
    return _entry(row)


async def found(
    session: AsyncSession,
    *,
    call: str | None = None,
    unit: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[Entry, ...]:
    """Marks, the latest first, at most ``MOST``; each argument leaves those that match."""
    table = CONDUCT_MARKS.c
    query = select(CONDUCT_MARKS).order_by(table.marked_at.desc(), table.id.desc()).limit(MOST)
    if call is not None:
        query = query.where(table.call_id == call)
    if unit is not None:
        query = query.where(table.unit == unit)
    if since is not None:
        query = query.where(table.marked_at >= since)
    if until is not None:
        query = query.where(table.marked_at < until)
    return tuple(_entry(row) for row in await session.execute(query))


def _entry(row: Row[Any]) -> Entry:
    values = dict(row._mapping)
    number, kind = values.pop("id"), Conduct(values.pop("kind"))
    return Entry(number, Mark(call=values.pop("call_id"), kind=kind, **values))
