"""Units in SQL, as one tree (N1 to N3), and the register of their contact persons (K4).

Every function works in the unit of work it is given.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.contacts import Contact, ContactRole
from ticketing.domain.errors import ContactNotFound, UnitNotFound
from ticketing.domain.units import Level, Unit, UnitKind, UnitTree
from ticketing.store.reference_tables import CONTACTS, UNITS


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the register of contacts, with the number it has here."""

    id: int
    contact: Contact


async def lock(session: AsyncSession) -> None:
    """Keep others from changing the units until this unit of work ends.

    Two changes that are right each by itself may make a circle together. On SQLite there is one
    writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("LOCK TABLE units IN SHARE ROW EXCLUSIVE MODE"))


async def everyone(session: AsyncSession) -> tuple[Unit, ...]:
    """All units, by id."""
    return tuple(_unit(row) for row in await session.execute(select(UNITS).order_by(UNITS.c.id)))


async def tree(session: AsyncSession) -> UnitTree:
    """All units as a tree.

    Raises:
        UnitNotFound: there is no unit yet.
    """
    found = await everyone(session)
    if not found:
        raise UnitNotFound("there are no units yet; add the city's centre first")
    return UnitTree(found)


async def get(session: AsyncSession, unit: str) -> Unit:
    """One unit.

    Raises:
        UnitNotFound
    """
    row = (await session.execute(select(UNITS).where(UNITS.c.id == unit))).one_or_none()
    if row is None:
        raise UnitNotFound(f"{unit}: no unit has this id")
    return _unit(row)


async def add(session: AsyncSession, unit: Unit) -> None:
    """Store a new unit."""
    await session.execute(insert(UNITS).values(_values(unit)))


async def change(session: AsyncSession, unit: Unit) -> None:
    """Store a unit that is there already, as it is now."""
    values = _values(unit)
    await session.execute(update(UNITS).where(UNITS.c.id == unit.id).values(values))


async def register(
    session: AsyncSession,
    *,
    unit: str | None = None,
    role: ContactRole | None = None,
    day: date | None = None,
) -> tuple[Entry, ...]:
    """Entries of the register, by unit, role and first day; each argument leaves those that match.

    Args:
        day: in force on that day.
    """
    query = select(CONTACTS).order_by(CONTACTS.c.unit, CONTACTS.c.since, CONTACTS.c.id)
    if unit is not None:
        query = query.where(CONTACTS.c.unit == unit)
    if role is not None:
        query = query.where(CONTACTS.c.role == role.value)
    if day is not None:
        query = query.where(
            CONTACTS.c.since <= day, or_(CONTACTS.c.until.is_(None), CONTACTS.c.until >= day)
        )
    found = [_entry(row) for row in await session.execute(query)]
    roles = list(ContactRole)
    found.sort(key=lambda entry: (entry.contact.unit, roles.index(entry.contact.role)))
    return tuple(found)


async def entry(session: AsyncSession, number: int) -> Entry:
    """One entry of the register.

    Raises:
        ContactNotFound
    """
    query = select(CONTACTS).where(CONTACTS.c.id == number)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise ContactNotFound(f"{number}: no entry of the register has this number")
    return _entry(row)


async def add_entry(session: AsyncSession, contact: Contact) -> Entry:
    """Store a new entry of the register."""
    added = insert(CONTACTS).values(asdict(contact)).returning(CONTACTS.c.id)
    return Entry((await session.execute(added)).scalar_one(), contact)


async def change_entry(session: AsyncSession, changed: Entry) -> None:
    """Store an entry that is there already, as it is now."""
    statement = update(CONTACTS).where(CONTACTS.c.id == changed.id)
    await session.execute(statement.values(asdict(changed.contact)))


def _values(unit: Unit) -> dict[str, Any]:
    return {
        "id": unit.id,
        "name": unit.name,
        "kind": unit.kind.value,
        "level": unit.level.value,
        "parent": unit.parent,
        "district": unit.district,
        "short_name": unit.short_name,
        "active": unit.active,
    }


def _unit(row: Row[Any]) -> Unit:
    values = dict(row._mapping)
    return Unit(**{**values, "kind": UnitKind(values["kind"]), "level": Level(values["level"])})


def _entry(row: Row[Any]) -> Entry:
    values = dict(row._mapping)
    number, role = values.pop("id"), ContactRole(values["role"])
    return Entry(number, Contact(**{**values, "role": role}))
