"""Use cases of the shifts: keep what happens at the seats, tell how long each state lasted (T1).

What a command may do is judged by `ticketing.domain.shifts`; Asterisk is told by `ivr.desk`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ticketing.domain.figures import Figures, Waited, figures
from ticketing.domain.roles import Permission, Principal
from ticketing.domain.seats import check_number
from ticketing.domain.shifts import PersonTimes, SeatNow, ShiftEvent, fold, times
from ticketing.service.clock import utc_now
from ticketing.store import audit
from ticketing.store import shifts as store
from ticketing.store.database import Database
from ticketing.store.tables import CALLS

_WATCH = "phones"


class Shifts:
    """The shifts in SQL.

    Args:
        zone: whose midnight ends a day.
        now: the clock, UTC.
    """

    def __init__(
        self, database: Database, zone: ZoneInfo, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._zone = zone
        self._now = now

    async def load(self) -> tuple[dict[str, SeatNow], datetime | None]:
        """The seats that anybody ever logged in to, and until when their phones were watched."""
        async with self._database.reading() as session:
            found = await store.current(session)
            seen = await store.seen_until(session, _WATCH)
        return {seat: fold(seat, events) for seat, events in found.items()}, seen

    async def keep(self, events: Sequence[ShiftEvent], seen_at: datetime | None = None) -> None:
        """Store what happened; what people did goes into the audit log.

        Args:
            seen_at: until when the phones were watched.

        Raises:
            SeatTaken: somebody else was faster; nothing was stored.
        """
        async with self._database.session() as session:
            await store.append(session, events)
            for event in events:
                if event.actor:
                    detail = {
                        "person": event.person,
                        "reason": event.reason,
                        "until": "" if event.until is None else event.until.isoformat(),
                    }
                    told = {name: value for name, value in detail.items() if value}
                    await audit.note(
                        session, event.at, event.actor, f"shift.{event.kind}", event.seat, **told
                    )
            if seen_at is not None:
                await store.saw(session, _WATCH, seen_at)

    async def note(
        self, who: Principal, action: str, target: str, detail: Mapping[str, str]
    ) -> None:
        """Write into the audit log what somebody did with a call."""
        async with self._database.session() as session:
            await audit.note(session, self._now(), who.username, action, target, **detail)

    async def times(
        self, who: Principal, seat: str, day: date | None
    ) -> tuple[date, tuple[PersonTimes, ...]]:
        """How long each person did what at a seat on a day (today without one), up to now.

        Who does not manage the desk sees the own times only.

        Raises:
            BadSeatNumber
        """
        check_number(seat)
        day, begin, end = self._bounds(day)
        async with self._database.reading() as session:
            events = await store.between(session, seat, begin, end)
        found = times(seat, events, begin, end)
        if not who.may(Permission.DESK_MANAGE):
            found = tuple(each for each in found if each.person == who.username)
        return day, found

    async def figures(self, day: date | None = None) -> tuple[date, Figures]:
        """How well the calls of a day (today without one) were connected; those that are over."""
        day, begin, end = self._bounds(day)
        query = select(CALLS.c.queued_at, CALLS.c.answered_at).where(
            CALLS.c.arrived_at >= begin, CALLS.c.arrived_at < end
        )
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        return day, figures(Waited(row.queued_at, row.answered_at) for row in rows)

    def _bounds(self, day: date | None) -> tuple[date, datetime, datetime]:
        now = self._now()
        if day is None:
            day = now.astimezone(self._zone).date()
        begin = datetime.combine(day, time(), self._zone)
        end = datetime.combine(day + timedelta(days=1), time(), self._zone)
        return day, begin, max(min(end, now), begin)
