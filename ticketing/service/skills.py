"""Use cases of skills: who can what, and so which queue rings whom (T1, T2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from ticketing.domain.errors import SeatNotFound, UserNotFound
from ticketing.domain.seats import check_number
from ticketing.domain.skills import Levels, Skillbook, SkillQueue, checked
from ticketing.service.clock import utc_now
from ticketing.store import audit
from ticketing.store import skills as store
from ticketing.store.database import Database
from ticketing.store.skills import Whose
from ticketing.store.tables import SEATS, USERS


class Skills:
    """The skills in SQL. Asterisk is told by others: call ``apply_seats`` after a change.

    Args:
        queues: those of the pack on a local day.
        zone: the city's.
    """

    def __init__(
        self,
        database: Database,
        queues: Callable[[date], Sequence[SkillQueue]],
        zone: ZoneInfo,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._queues_of, self._zone, self._now = database, queues, zone, now

    @property
    def queues(self) -> Sequence[SkillQueue]:
        """The pack's queues of today."""
        return self._queues_of(self._now().astimezone(self._zone).date())

    async def book(self) -> Skillbook:
        """Who can what."""
        async with self._database.reading() as session:
            return await store.book(session)

    async def of_seat(self, actor: str, number: str, levels: Levels) -> dict[str, int]:
        """Say what can be done at a seat, in place of what was said before.

        Raises:
            BadSeatNumber, SeatNotFound, BadSkill
        """
        known = select(SEATS.c.number).where(
            SEATS.c.number == check_number(number), SEATS.c.removed_at.is_(None)
        )
        return await self._put(actor, Whose.SEAT, number, levels, known)

    async def of_person(self, actor: str, username: str, levels: Levels) -> dict[str, int]:
        """Say what somebody can, in place of what was said before.

        Raises:
            UserNotFound, BadSkill
        """
        known = select(USERS.c.username).where(USERS.c.username == username)
        return await self._put(actor, Whose.PERSON, username, levels, known)

    async def _put(
        self, actor: str, whose: Whose, name: str, levels: Levels, known: Select[tuple[str]]
    ) -> dict[str, int]:
        good = checked(levels, self.queues)
        async with self._database.session() as session:
            if (await session.execute(known)).one_or_none() is None:
                missing = SeatNotFound if whose is Whose.SEAT else UserNotFound
                raise missing(f"{whose} {name} does not exist")
            await store.put(session, whose, name, good)
            at = self._now()
            await audit.note(session, at, actor, f"skills.{whose}", name, levels=good)
        return good
