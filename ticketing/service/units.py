"""Use cases of the units (N1 to N3) and of the register of their contact persons (K4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain import contacts
from ticketing.domain.contacts import ChangeKind, Contact, ContactRole
from ticketing.domain.errors import BadPeriod, BadUnitTree, UnitExists, UnitInactive, UnitNotFound
from ticketing.domain.plain import to_plain
from ticketing.domain.roles import Permission, Principal, mask_number
from ticketing.domain.units import BadTree, Unit, UnitTree
from ticketing.service import reach
from ticketing.service.clock import utc_now
from ticketing.store import audit, units
from ticketing.store.database import Database
from ticketing.store.units import Entry

_LONGEST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class ContactCard:
    """A contact as it is shown: ``phone`` may be masked.

    Attributes:
        id: of the register's entry; None in a list of changes.
    """

    id: int | None
    unit: str
    person: str
    role: ContactRole
    phone: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class ContactChange:
    """A change of the register, on the first day it is so (K4)."""

    day: date
    kind: ChangeKind
    contact: ContactCard
    before: ContactCard | None


@dataclass(frozen=True, slots=True)
class UnitCard:
    """A unit as it is shown.

    Attributes:
        path: names from the top to the unit.
        children: ids of the units right below.
        contacts: the register's entries in force today.
    """

    unit: Unit
    path: str
    children: tuple[str, ...]
    contacts: tuple[ContactCard, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A unit in the tree; ``depth`` is 0 for the root."""

    unit: Unit
    depth: int


class Units:
    """Units and contacts in SQL.

    Args:
        database: where they are kept.
        now: the clock, UTC.
        zone: the city's; it decides which day it is.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime] = utc_now,
        zone: ZoneInfo = reach.CITY_TIME,
    ) -> None:
        self._database, self._now, self._zone = database, now, zone

    async def tree(self) -> UnitTree:
        """All units.

        Raises:
            UnitNotFound: there is none yet.
        """
        async with self._database.reading() as session:
            return await units.tree(session)

    async def list(self, under: str = "") -> tuple[Place, ...]:
        """The units in the tree's order: each followed by those below it. None at first.

        Args:
            under: only this unit and those below it.

        Raises:
            UnitNotFound: ``under`` is not there.
        """
        async with self._database.reading() as session:
            everyone = await units.everyone(session)
        if not everyone and not under:
            return ()
        tree = UnitTree(everyone) if everyone else None
        if tree is None or (under and under not in tree):
            raise UnitNotFound(f"{under}: no unit has this id")
        return tuple(_places(tree, under or tree.root.id))

    async def show(self, who: Principal, unit: str) -> UnitCard:
        """One unit with its contacts of today; phones are masked for those who may not see them.

        Raises:
            UnitNotFound
        """
        async with self._database.reading() as session:
            found = await units.get(session, unit)
            tree = await units.tree(session)
            entries = await units.register(session, unit=unit, day=self._today())
        shown = tuple(_shown_to(who, tree, entry.contact, entry.id) for entry in entries)
        return UnitCard(found, tree.path(unit), tree.children(unit), shown)

    async def add(self, who: Principal, unit: Unit) -> Unit:
        """Add a unit; the first one is the root.

        Raises:
            UnitExists
            BadUnitTree: a second root, or a parent that is not there.
            UnitInactive: its parent is not active.
            NotYourUnit: it would not lie within the principal's own place.
        """
        async with self._database.session() as session:
            await units.lock(session)
            everyone = await units.everyone(session)
            if any(one.id == unit.id for one in everyone):
                raise UnitExists(f"{unit.id}: the id is taken")
            tree = _checked([*everyone, unit])
            reach.check(who, tree, unit.parent or unit.id)
            await units.add(session, unit)
            await self._note(session, who, "unit.add", unit.id, **_detail(unit))
        return unit

    async def change(self, who: Principal, unit: str, **changes: Any) -> Unit:
        """Change a unit: any field of `Unit` but its id.

        Raises:
            UnitNotFound
            BadUnitTree: a circle, a second root or none, or a parent that is not there.
            UnitInactive: an active unit would stand below one that is not, or the root be inactive.
            NotYourUnit
        """
        async with self._database.session() as session:
            await units.lock(session)
            before = await units.get(session, unit)
            everyone = await units.everyone(session)
            reach.check(who, UnitTree(everyone), unit)
            after = replace(before, **changes)
            tree = _checked([after if one.id == unit else one for one in everyone])
            if after.parent != before.parent and after.parent is not None:
                reach.check(who, tree, after.parent)
            if after != before:
                await units.change(session, after)
                await self._note(session, who, "unit.change", unit, **_difference(before, after))
        return after

    async def contacts(
        self,
        who: Principal,
        *,
        unit: str | None = None,
        role: ContactRole | None = None,
        day: date | None = None,
    ) -> tuple[ContactCard, ...]:
        """The register's entries in force on ``day`` (today without it); phones as for `show`."""
        async with self._database.reading() as session:
            found = await units.register(session, unit=unit, role=role, day=day or self._today())
            tree = UnitTree(await units.everyone(session)) if found else None
        if tree is None:
            return ()
        return tuple(_shown_to(who, tree, entry.contact, entry.id) for entry in found)

    async def contact_changes(
        self, who: Principal, since: date, until: date
    ) -> tuple[ContactChange, ...]:
        """What has changed in the register from ``since`` to ``until``, both included (K4).

        Raises:
            BadPeriod: ``until`` is before ``since``, or more than ten years after it.
        """
        if not 0 <= (until - since).days <= _LONGEST_DAYS:
            raise BadPeriod(f"{since} to {until} is no period, or too long a one")
        async with self._database.reading() as session:
            entries = await units.register(session)
            tree = UnitTree(await units.everyone(session)) if entries else None
        if tree is None:
            return ()
        return tuple(
            ContactChange(
                change.day,
                change.kind,
                _shown_to(who, tree, change.contact),
                None if change.before is None else _shown_to(who, tree, change.before),
            )
            for change in contacts.changes((entry.contact for entry in entries), since, until)
        )

    async def appoint(self, who: Principal, new: Contact, instead_of: str | None = None) -> Entry:
        """Enter a contact; an entry of the same person, unit and role ends the day before (K4).

        Args:
            instead_of: the person whose entry of that unit and role ends too.

        Raises:
            UnitNotFound, NotYourUnit
            GuardFailed: ``contact_overlaps``
        """
        async with self._database.session() as session:
            await units.lock(session)
            await units.get(session, new.unit)
            reach.check(who, await units.tree(session), new.unit)
            kept = await units.register(session, unit=new.unit)
            after = contacts.appoint([entry.contact for entry in kept], new, instead_of)
            for entry, contact in zip(kept, after[:-1], strict=True):
                if contact != entry.contact:
                    await units.change_entry(session, Entry(entry.id, contact))
            added = await units.add_entry(session, new)
            detail = {**_detail(new), "instead_of": instead_of}
            await self._note(session, who, "contact.appoint", f"contact {added.id}", **detail)
        return added

    async def change_contact(self, who: Principal, number: int, **changes: Any) -> Entry:
        """Correct an entry or say when it ends; a new number from a day on is a new entry.

        Args:
            changes: ``person``, ``phone``, ``since`` or ``until``.

        Raises:
            ContactNotFound, NotYourUnit
            GuardFailed: ``contact_incomplete``, ``bad_window``
        """
        async with self._database.session() as session:
            await units.lock(session)
            before = await units.entry(session, number)
            reach.check(who, await units.tree(session), before.contact.unit)
            after = Entry(number, replace(before.contact, **changes))
            if after != before:
                await units.change_entry(session, after)
                detail = _difference(before.contact, after.contact)
                await self._note(session, who, "contact.change", f"contact {number}", **detail)
        return after

    def _today(self) -> date:
        return self._now().astimezone(self._zone).date()

    async def _note(
        self, session: AsyncSession, who: Principal, action: str, target: str, **detail: Any
    ) -> None:
        await audit.note(session, self._now(), who.username, action, target, **detail)


def _checked(everyone: list[Unit]) -> UnitTree:
    try:
        tree = UnitTree(everyone)
    except BadTree as error:
        raise BadUnitTree(str(error)) from None
    if not tree.root.active:
        raise UnitInactive(f"{tree.root.id}: the root is active")
    for unit in tree:
        if unit.active and unit.parent is not None and not tree[unit.parent].active:
            raise UnitInactive(f"{unit.id} is active, {unit.parent} above it is not")
    return tree


def _places(tree: UnitTree, top: str) -> Iterator[Place]:
    """The units in the tree's order: each followed by those below it."""
    stack = [(top, 0)]
    while stack:
        here, depth = stack.pop()
        yield Place(tree[here], depth)
        stack += [(child, depth + 1) for child in reversed(tree.children(here))]


def _shown_to(
    who: Principal, tree: UnitTree, contact: Contact, number: int | None = None
) -> ContactCard:
    rings = who.may(Permission.CONTACTS_SEE_PHONES) or reach.reaches(who, tree, contact.unit)
    values = asdict(contact)
    phone = contact.phone if rings else mask_number(contact.phone)
    return ContactCard(**{**values, "id": number, "phone": phone})


def _detail(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(value)
    return plain


def _difference(before: Any, after: Any) -> dict[str, Any]:
    old, new = to_plain(before), to_plain(after)
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return {name: {"before": old.get(name), "after": new.get(name)} for name in names}
