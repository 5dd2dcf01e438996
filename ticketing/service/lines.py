"""Use cases of the number plan: the lines with their traffic, and what is due (T2, T3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ticketing.domain.calendar import days_between
from ticketing.domain.errors import NoPolicy
from ticketing.domain.lines import Line, LineAlarm, LinePlan, Source, alarms
from ticketing.service.clock import utc_now
from ticketing.service.orders import Worlds
from ticketing.store import inbox
from ticketing.store import lines as store
from ticketing.store.database import Database
from ticketing.store.inbox import Message

MOST_DAYS = 366
USUAL_DAYS = 30
TOLD = "dual_track_{kind}"
"""What a message of an alarm is called: ``dual_track_due``, ``dual_track_past``."""


@dataclass(frozen=True, slots=True)
class LineTraffic:
    """A line and its calls in a period.

    Attributes:
        calls: in the whole period.
        days: calls of each day that had some.
        in_plan: the plan has it on the last day of the period.
        alarm: what a person must see to, or None.
    """

    line: Line
    calls: int
    days: tuple[tuple[date, int], ...]
    in_plan: bool
    alarm: LineAlarm | None


@dataclass(frozen=True, slots=True)
class Traffic:
    """Every line in a period of local days, both included.

    Attributes:
        calls: of all lines, and of others.
        others: calls whose line is in no place of today's plan, as after a change of packs.
        recognise: where the number that was dialled is looked for, in this order.
    """

    first: date
    last: date
    items: tuple[LineTraffic, ...]
    calls: int
    others: int
    recognise: tuple[Source, ...]


class Lines:
    """The city's number plan and its traffic.

    Args:
        worlds: the policy packs.
        now: the clock, UTC.
    """

    def __init__(
        self, database: Database, worlds: Worlds, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database, self._worlds, self._now = database, worlds, now

    async def traffic(self, first: date | None = None, last: date | None = None) -> Traffic:
        """Every line of the plan with its calls; of the last 30 days unless the period is given.

        A period of more than a year is cut to its last one.

        Raises:
            NoPolicy, UnitNotFound, DatabaseUnavailable
        """
        zone = self._worlds.zone
        today = self._now().astimezone(zone).date()
        world = await self._worlds.world(today)
        return await traffic(
            self._database, world.pack.lines, zone, *period(today, first, last), today
        )

    async def remind(self) -> int:
        """Lay what is due or past into the inbox of the city's centre, each thing once (T3).

        Returns:
            how many alarms there are.

        Raises:
            UnitNotFound, DatabaseUnavailable
        """
        now = self._now()
        today = now.astimezone(self._worlds.zone).date()
        try:
            world = await self._worlds.world(today)
        except NoPolicy:
            return 0
        found = alarms(world.pack.lines, today)
        root = world.units.root.id
        if found:
            async with self._database.session() as session:
                for alarm in found:
                    key = f"line-{alarm.number}-{alarm.kind}-{alarm.last}"
                    what = TOLD.format(kind=alarm.kind)
                    await inbox.put(session, Message(key, root, alarm.number, what, now))
        return len(found)


def period(today: date, first: date | None, last: date | None) -> tuple[date, date]:
    """The first and last day of a period that may be half given, never longer than a year."""
    last = last or max(today, first or today)
    first = first or last - timedelta(days=USUAL_DAYS - 1)
    return max(first, last - timedelta(days=MOST_DAYS - 1)), last


async def traffic(
    database: Database, plan: LinePlan, zone: ZoneInfo, first: date, last: date, today: date
) -> Traffic:
    """The lines of ``plan`` with the calls of a period of local days.

    Raises:
        DatabaseUnavailable
    """
    days = [
        (day, _midnight(day, zone), _midnight(day + timedelta(days=1), zone))
        for day in days_between(first, last)
    ]
    async with database.reading() as session:
        found = await store.counts(session, days)
    due = {alarm.number: alarm for alarm in alarms(plan, today)}
    items = []
    for line in plan.numbers:
        own = sorted(
            (day, calls)
            for day, calls in found.get(line.number, {}).items()
            if line.in_plan_on(day)
        )
        in_plan = line.in_plan_on(last)
        alarm = due.get(line.number) if line.in_plan_on(today) else None
        items.append(LineTraffic(line, sum(n for _, n in own), tuple(own), in_plan, alarm))
    calls = sum(n for by_day in found.values() for n in by_day.values())
    others = calls - sum(each.calls for each in items)
    return Traffic(first, last, tuple(items), calls, others, plan.recognise)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
