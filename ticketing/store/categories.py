"""Categories of matters, and who is responsible for them (I1, I5), in SQL.

Every function works in the unit of work it is given.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import CategoryNotFound, ResponsibilityNotFound
from ticketing.domain.routing import Responsibility
from ticketing.store.database import upsert
from ticketing.store.reference_tables import CATEGORIES, RESPONSIBILITIES


@dataclass(frozen=True, slots=True)
class Category:
    """A class of matters.

    Attributes:
        code: dotted, e.g. ``03.02``; what stands before the last dot is the class above.
        name: in Chinese.
        active: may be given to an order; those that have it keep it.
        legal_basis: the law that such matters are handled by, as it is printed; may be empty.
    """

    code: str
    name: str
    active: bool = True
    legal_basis: str = ""

    @property
    def parent(self) -> str:
        """The code of the class above; empty at the top."""
        return self.code.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A row of the table of responsibilities, with the number it has here."""

    id: int
    row: Responsibility


async def everything(session: AsyncSession, *, active: bool | None = None) -> tuple[Category, ...]:
    """All categories, or those that are active or not, by code."""
    query = select(CATEGORIES).order_by(CATEGORIES.c.code)
    if active is not None:
        query = query.where(CATEGORIES.c.active.is_(active))
    return tuple(Category(**row._mapping) for row in await session.execute(query))


async def find(session: AsyncSession, code: str, *, lock: bool = False) -> Category | None:
    """The category of this code; ``lock`` keeps others from changing it in the meantime."""
    query = select(CATEGORIES).where(CATEGORIES.c.code == code)
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else Category(**row._mapping)


async def get(session: AsyncSession, code: str, *, lock: bool = False) -> Category:
    """The category of this code.

    Raises:
        CategoryNotFound
    """
    found = await find(session, code, lock=lock)
    if found is None:
        raise CategoryNotFound(f"{code}: no category has this code")
    return found


async def add(session: AsyncSession, category: Category) -> bool:
    """Store a new category. Returns False, and does nothing, when the code is taken."""
    added = await session.execute(
        upsert(session, CATEGORIES)
        .values(asdict(category))
        .on_conflict_do_nothing(index_elements=[CATEGORIES.c.code])
        .returning(CATEGORIES.c.code)
    )
    return added.one_or_none() is not None


async def change(session: AsyncSession, category: Category) -> None:
    """Store a category that is there already, as it is now."""
    where = CATEGORIES.c.code == category.code
    await session.execute(update(CATEGORIES).where(where).values(asdict(category)))


async def lock_responsibilities(session: AsyncSession) -> None:
    """Keep others from changing the responsibilities until this unit of work ends."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("LOCK TABLE responsibilities IN SHARE ROW EXCLUSIVE MODE"))


async def responsibilities(
    session: AsyncSession,
    *,
    category: str | None = None,
    unit: str | None = None,
    district: str | None = None,
    day: date | None = None,
) -> tuple[Assignment, ...]:
    """The table of responsibilities, by category; each argument leaves only rows that match.

    Args:
        category, unit, district: exactly these.
        day: in force on that day.
    """
    table = RESPONSIBILITIES.c
    query = select(RESPONSIBILITIES).order_by(table.category, table.district, table.id)
    for column, value in (
        (table.category, category),
        (table.unit, unit),
        (table.district, district),
    ):
        if value is not None:
            query = query.where(column == value)
    if day is not None:
        query = query.where(
            or_(table.since.is_(None), table.since <= day),
            or_(table.until.is_(None), table.until > day),
        )
    return tuple(_assignment(row) for row in await session.execute(query))


async def responsibility(session: AsyncSession, number: int) -> Assignment:
    """One row of the table.

    Raises:
        ResponsibilityNotFound
    """
    query = select(RESPONSIBILITIES).where(RESPONSIBILITIES.c.id == number)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise ResponsibilityNotFound(f"{number}: no responsibility has this number")
    return _assignment(row)


async def add_responsibility(session: AsyncSession, row: Responsibility) -> Assignment:
    """Store a new row of the table."""
    added = insert(RESPONSIBILITIES).values(asdict(row)).returning(RESPONSIBILITIES.c.id)
    return Assignment((await session.execute(added)).scalar_one(), row)


async def change_responsibility(session: AsyncSession, assignment: Assignment) -> None:
    """Store a row of the table that is there already, as it is now."""
    where = RESPONSIBILITIES.c.id == assignment.id
    await session.execute(update(RESPONSIBILITIES).where(where).values(asdict(assignment.row)))


def _assignment(row: Row[Any]) -> Assignment:
    values = dict(row._mapping)
    return Assignment(values.pop("id"), Responsibility(**values))
