"""The duty roster in SQL. Every function works in the unit of work it is given."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.duty import Duty
from ticketing.domain.errors import DutyNotFound
from ticketing.store.leg_tables import DUTIES


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the roster, with the number it has here."""

    id: int
    duty: Duty


async def roster(session: AsyncSession, unit: str | None = None) -> tuple[Entry, ...]:
    """The rows, by unit, rank and first day; of one unit if given."""
    query = select(DUTIES).order_by(DUTIES.c.unit, DUTIES.c.rank, DUTIES.c.since, DUTIES.c.id)
    if unit is not None:
        query = query.where(DUTIES.c.unit == unit)
    return tuple(_entry(row) for row in await session.execute(query))


async def entry(session: AsyncSession, number: int) -> Entry:
    """One row.

    Raises:
        DutyNotFound
    """
    row = (await session.execute(select(DUTIES).where(DUTIES.c.id == number))).one_or_none()
    if row is None:
        raise DutyNotFound(f"{number}: the roster has no such row")
    return _entry(row)


async def add(session: AsyncSession, duty: Duty) -> Entry:
    """Store a new row."""
    added = insert(DUTIES).values(_values(duty)).returning(DUTIES.c.id)
    return Entry((await session.execute(added)).scalar_one(), duty)


async def change(session: AsyncSession, changed: Entry) -> None:
    """Store a row that is there already, as it is now."""
    statement = update(DUTIES).where(DUTIES.c.id == changed.id)
    await session.execute(statement.values(_values(changed.duty)))


async def remove(session: AsyncSession, number: int) -> None:
    """Take a row away."""
    await session.execute(delete(DUTIES).where(DUTIES.c.id == number))


def _values(duty: Duty) -> dict[str, Any]:
    return {**asdict(duty), "days": "".join(str(day) for day in sorted(duty.days))}


def _entry(row: Row[Any]) -> Entry:
    values = dict(row._mapping)
    number, days = values.pop("id"), frozenset(int(day) for day in values.pop("days"))
    return Entry(number, Duty(days=days, **values))
