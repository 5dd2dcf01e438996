"""Use cases of the categories of matters, and of who is responsible for them (I1, I5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from ticketing.domain.errors import (
    BadPeriod,
    CategoryExists,
    CategoryNotFound,
    ResponsibilityExists,
    UnitInactive,
)
from ticketing.domain.plain import to_plain
from ticketing.domain.roles import Principal
from ticketing.domain.routing import Responsibility
from ticketing.service import reach
from ticketing.service.clock import utc_now
from ticketing.store import audit, categories, units
from ticketing.store.categories import Assignment, Category
from ticketing.store.database import Database


class Categories:
    """Categories and responsibilities in SQL.

    Args:
        database: where they are kept.
        now: the clock, UTC.
    """

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._now = database, now

    async def list(self, active: bool | None = None) -> tuple[Category, ...]:
        """All categories, or those that are active or not, by code."""
        async with self._database.reading() as session:
            return await categories.everything(session, active=active)

    async def add(self, who: Principal, category: Category) -> Category:
        """Add a category.

        Raises:
            CategoryExists
            CategoryNotFound: the class above it is not there.
        """
        async with self._database.session() as session:
            if category.parent:
                await categories.get(session, category.parent)
            if not await categories.add(session, category):
                raise CategoryExists(f"{category.code}: the code is taken")
            detail = to_plain(replace(category, code=""))
            await audit.note(
                session, self._now(), who.username, "category.add", category.code, **detail
            )
        return category

    async def change(self, who: Principal, code: str, **changes: Any) -> Category:
        """Change ``name``, ``active`` or ``legal_basis``; orders keep the category they have.

        Raises:
            CategoryNotFound
        """
        async with self._database.session() as session:
            before = await categories.get(session, code, lock=True)
            after = replace(before, **changes)
            if after != before:
                await categories.change(session, after)
                await audit.note(
                    session, self._now(), who.username, "category.change", code, **changes
                )
        return after

    async def responsibilities(
        self,
        *,
        category: str | None = None,
        unit: str | None = None,
        district: str | None = None,
        day: date | None = None,
    ) -> tuple[Assignment, ...]:
        """The table of responsibilities; see `ticketing.store.categories.responsibilities`."""
        async with self._database.reading() as session:
            return await categories.responsibilities(
                session, category=category, unit=unit, district=district, day=day
            )

    async def assign(self, who: Principal, row: Responsibility) -> Assignment:
        """Make a unit responsible for a category, from a day on (I5).

        Raises:
            CategoryNotFound, UnitNotFound, NotYourUnit
            UnitInactive: it gets no new orders.
            BadPeriod: the end is before the beginning.
            ResponsibilityExists: the same row holds on one of these days already.
        """
        _check_period(row)
        async with self._database.session() as session:
            await categories.lock_responsibilities(session)
            if row.category and await categories.find(session, row.category) is None:
                raise CategoryNotFound(f"{row.category}: no category has this code")
            if not (await units.get(session, row.unit)).active:
                raise UnitInactive(f"{row.unit} is not active")
            reach.check(who, await units.tree(session), row.unit)
            same = await categories.responsibilities(
                session, category=row.category, unit=row.unit, district=row.district
            )
            if any(_overlap(other.row, row) for other in same):
                raise ResponsibilityExists(f"{row.unit}: responsible in these days already")
            added = await categories.add_responsibility(session, row)
            target = f"responsibility {added.id}"
            await audit.note(
                session, self._now(), who.username, "responsibility.add", target, **to_plain(row)
            )
        return added

    async def end(self, who: Principal, number: int, until: date) -> Assignment:
        """Say from which day on a row no longer holds; rows are never taken away.

        Args:
            until: the first day without it; the row's first day for one that was a mistake.

        Raises:
            ResponsibilityNotFound, NotYourUnit
            BadPeriod: it is before the row's first day.
            ResponsibilityExists: the row would meet another that has followed it.
        """
        async with self._database.session() as session:
            await categories.lock_responsibilities(session)
            before = await categories.responsibility(session, number)
            reach.check(who, await units.tree(session), before.row.unit)
            after = Assignment(number, replace(before.row, until=until))
            _check_period(after.row)
            row = after.row
            same = await categories.responsibilities(
                session, category=row.category, unit=row.unit, district=row.district
            )
            if any(other.id != number and _overlap(other.row, row) for other in same):
                raise ResponsibilityExists(f"{row.unit}: responsible in these days already")
            if after != before:
                await categories.change_responsibility(session, after)
                target = f"responsibility {number}"
                await audit.note(
                    session,
                    self._now(),
                    who.username,
                    "responsibility.end",
                    target,
                    until=until.isoformat(),
                )
        return after


def _check_period(row: Responsibility) -> None:
    if row.since is not None and row.until is not None and row.until < row.since:
        raise BadPeriod(f"{row.until} is before {row.since}")


def _overlap(one: Responsibility, other: Responsibility) -> bool:
    first = max(one.since or date.min, other.since or date.min)
    last = min(one.until or date.max, other.until or date.max)
    return first < last
