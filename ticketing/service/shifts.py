"""Use cases of the shifts: keep what happens at the seats, tell how long each state lasted (T1).

What a command may do is judged by `ticketing.domain.shifts`; Asterisk is told by `ivr.desk`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ticketing.domain.calls import CALLBACK
from ticketing.domain.figures import Figures, Waited, figures
from ticketing.domain.floor_figures import Stay
from ticketing.domain.roles import Permission, Principal
from ticketing.domain.seats import check_number
from ticketing.domain.shifts import PersonTimes, SeatNow, ShiftEvent, fold, times
from ticketing.service.clock import utc_now
from ticketing.store import audit
from ticketing.store import shifts as store
from ticketing.store.database import Database
from ticketing.store.leg_tables import CALL_LEGS
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
            CALLS.c.arrived_at >= begin,
            CALLS.c.arrived_at < end,
            CALLS.c.id.not_like(f"{CALLBACK}%"),  # those did not come: we called
        )
        async with self._database.reading() as session:
            rows = (await session.execute(query)).all()
        return day, figures(Waited(row.queued_at, row.answered_at) for row in rows)

    async def floor(self, day: date | None = None) -> tuple[date, list[Stay]]:
        """The calls of a day (today without one) that waited and are over; calls back too."""
        day, begin, end = self._bounds(day)
        chosen = (CALLS.c.arrived_at >= begin, CALLS.c.arrived_at < end, CALLS.c.queue.is_not(None))
        columns = (CALLS.c.id, CALLS.c.queue, CALLS.c.queued_at, CALLS.c.answered_at)
        talks = (
            select(CALL_LEGS.c.call_id, CALL_LEGS.c.seat, CALL_LEGS.c.talk_seconds)
            .join(CALLS, CALLS.c.id == CALL_LEGS.c.call_id)
            .where(*chosen, CALL_LEGS.c.seat.is_not(None), CALL_LEGS.c.answered_at.is_not(None))
            .order_by(CALL_LEGS.c.call_id, CALL_LEGS.c.position)
        )
        async with self._database.reading() as session:
            rows = (await session.execute(select(*columns, CALLS.c.ended_at).where(*chosen))).all()
            seats: dict[str, list[tuple[str, float]]] = {}
            for leg in await session.execute(talks):
                seats.setdefault(leg.call_id, []).append((leg.seat, leg.talk_seconds))
        return day, [
            Stay(
                row.queue,
                row.queued_at,
                row.answered_at or row.ended_at,
                row.answered_at is not None,
                tuple(seats.get(row.id, ())),
            )
            for row in rows
            if row.queued_at is not None
        ]

    def _bounds(self, day: date | None) -> tuple[date, datetime, datetime]:
        now = self._now()
        if day is None:
            day = now.astimezone(self._zone).date()
        begin = datetime.combine(day, time(), self._zone)
        end = datetime.combine(day + timedelta(days=1), time(), self._zone)
        return day, begin, max(min(end, now), begin)
