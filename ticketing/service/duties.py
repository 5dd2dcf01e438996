"""Use cases of the duty roster: who is on call for a unit, in which order (T5, H4, R12)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.contacts import ContactRole
from ticketing.domain.duty import EXPERTS, RESPONSIBLE, Duty, OnCall, cascade
from ticketing.domain.roles import Principal
from ticketing.service import reach
from ticketing.service.clock import utc_now
from ticketing.store import audit, duties, units
from ticketing.store.database import Database
from ticketing.store.duties import Entry


class Duties:
    """The duty roster in SQL.

    Args:
        zone: of the roster's hours.
        now: the clock, UTC.
    """

    def __init__(
        self, database: Database, zone: ZoneInfo, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database, self._zone, self._now = database, zone, now

    async def on_call(
        self, unit: str, roles: Sequence[ContactRole] = EXPERTS, at: datetime | None = None
    ) -> tuple[OnCall, ...]:
        """Whom to ring for a unit, one after the other.

        Args:
            roles: of the register, in their order, after the roster.
            at: now without it.

        Raises:
            UnitNotFound
        """
        moment = (at or self._now()).astimezone(self._zone)
        async with self._database.reading() as session:
            await units.get(session, unit)
            rows = await duties.roster(session, unit)
            register = await units.register(session, unit=unit, day=moment.date())
        there = (entry.contact for entry in register)
        return cascade((row.duty for row in rows), there, unit, moment, roles)

    async def responsible(self, unit: str) -> tuple[OnCall, ...]:
        """Whom to ring for an urgent order of a unit now, one after the other (H4).

        Raises:
            UnitNotFound
        """
        return await self.on_call(unit, RESPONSIBLE)

    async def roster(self, unit: str | None) -> tuple[Entry, ...]:
        """The rows of the roster."""
        async with self._database.reading() as session:
            return await duties.roster(session, unit)

    async def add(self, who: Principal, duty: Duty) -> Entry:
        """Enter a row.

        Raises:
            UnitNotFound, NotYourUnit
        """
        async with self._database.session() as session:
            await units.get(session, duty.unit)
            reach.check(who, await units.tree(session), duty.unit)
            added = await duties.add(session, duty)
            await self._note(session, who, "duty.add", added.id, duty=duty)
        return added

    async def change(self, who: Principal, number: int, **changes: Any) -> Entry:
        """Change a row.

        Raises:
            DutyNotFound, NotYourUnit
            GuardFailed: as of `Duty`.
        """
        async with self._database.session() as session:
            before = await duties.entry(session, number)
            reach.check(who, await units.tree(session), before.duty.unit)
            after = Entry(number, replace(before.duty, **changes))
            if after != before:
                await duties.change(session, after)
                await self._note(session, who, "duty.change", number, duty=after.duty)
        return after

    async def remove(self, who: Principal, number: int) -> None:
        """Take a row away.

        Raises:
            DutyNotFound, NotYourUnit
        """
        async with self._database.session() as session:
            before = await duties.entry(session, number)
            reach.check(who, await units.tree(session), before.duty.unit)
            await duties.remove(session, number)
            await self._note(session, who, "duty.remove", number, duty=before.duty)

    async def _note(
        self, session: AsyncSession, who: Principal, action: str, number: int, duty: Duty
    ) -> None:
        hours = f"{duty.begins:%H:%M}-{duty.ends:%H:%M}"
        detail = {"unit": duty.unit, "person": duty.person, "hours": hours}
        await audit.note(session, self._now(), who.username, action, f"duty {number}", **detail)
