"""Which days are worked, and office hours on them (note 7).

A *published* year is one whose holidays and make-up days (调休) the State Council has announced.
Any other year is *provisional*: its weekends are free and nothing else is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_SATURDAY = 5
_NOTHING = timedelta(0)

WEEKEND = "周末"
MAKEUP = "调休"


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The working days of a country.

    Attributes:
        holidays: days off by the announcements, weekends within a holiday included.
        makeup: weekend days that are worked in exchange for a day off (调休).
        years: the published years.
        names: what each holiday is called.

    Raises:
        ValueError: a day is both a holiday and worked.
    """

    holidays: frozenset[date]
    makeup: frozenset[date]
    years: frozenset[int]
    names: Mapping[date, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        both = self.holidays & self.makeup
        if both:
            raise ValueError(f"{min(both)}: both a holiday and a make-up day")

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is worked; of an unpublished year, whether it is no weekend."""
        if day in self.makeup:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def provisional(self, day: date) -> bool:
        """Whether the year of ``day`` is not published yet."""
        return day.year not in self.years

    def reason(self, day: date) -> str:
        """Why it is as `is_working` says; empty for a common working day."""
        if day in self.makeup:
            return MAKEUP
        if day in self.holidays:
            return self.names.get(day, "节假日")
        return WEEKEND if day.weekday() >= _SATURDAY else ""

    def add_working_days(self, day: date, n: int) -> date:
        """The ``n``-th working day after ``day``; ``day`` itself when ``n`` is 0.

        Raises:
            ValueError: ``n`` is negative.
        """
        if n < 0:
            raise ValueError("n is not negative")
        while n:
            day += _DAY
            n -= self.is_working(day)
        return day

    def working_day_before(self, day: date) -> date:
        """The last working day before ``day``."""
        day -= _DAY
        while not self.is_working(day):
            day -= _DAY
        return day

    def working_day_from(self, day: date) -> date:
        """``day`` when it is worked, else the next working day."""
        return day if self.is_working(day) else self.add_working_days(day, 1)

    def working_days(self, first: date, last: date) -> list[date]:
        """The working days from ``first`` to ``last``, both included."""
        return [day for day in days_between(first, last) if self.is_working(day)]


def days_between(first: date, last: date) -> Iterator[date]:
    """Every day from ``first`` to ``last``, both included; none when ``last`` is earlier."""
    for number in range((last - first).days + 1):
        yield first + number * _DAY


@dataclass(frozen=True, slots=True)
class OfficeTime:
    """A calendar with office hours: a clock that runs only while the office is open.

    Attributes:
        hours: opening and closing times of a working day, in their order, local.
    """

    calendar: WorkCalendar
    hours: tuple[tuple[time, time], ...]
    zone: ZoneInfo

    def day_of(self, moment: datetime) -> date:
        """The local day of ``moment``."""
        return moment.astimezone(self.zone).date()

    def closing(self, day: date) -> datetime:
        """Close of business on ``day``, in UTC."""
        return self._at(day, self.hours[-1][1])

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """When the office is open on ``day``, in UTC; nothing on a day that is not worked."""
        if not self.calendar.is_working(day):
            return []
        return [(self._at(day, opens), self._at(day, closes)) for opens, closes in self.hours]

    def is_open(self, moment: datetime) -> bool:
        """Whether it is within office hours; at the closing time it no longer is."""
        spans = self.spans(self.day_of(moment))
        return any(opens <= moment < closes for opens, closes in spans)

    def next_moment(self, moment: datetime) -> datetime:
        """The first moment within office hours from ``moment`` on, in UTC."""
        day = self.day_of(moment)
        while True:
            for opens, closes in self.spans(day):
                if moment < closes:
                    return max(moment, opens).astimezone(UTC)
            day += _DAY

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How long the office is open from ``start`` to ``end``; nothing if ``end`` is earlier."""
        total = _NOTHING
        for day in days_between(self.day_of(start), self.day_of(end)):
            for opens, closes in self.spans(day):
                total += max(_NOTHING, min(end, closes) - max(start, opens))
        return total

    def add(self, start: datetime, length: timedelta) -> datetime:
        """The first moment by which the office was open for ``length`` since ``start``, in UTC.

        Raises:
            ValueError: ``length`` is negative.
        """
        if length < _NOTHING:
            raise ValueError("length is not negative")
        if not length:
            return start.astimezone(UTC)
        day = self.day_of(start)
        while True:
            for opens, closes in self.spans(day):
                here = closes - max(start, opens)
                if here >= length:
                    return closes - (here - length)
                length -= max(_NOTHING, here)
            day += _DAY

    def _at(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, self.zone).astimezone(UTC)
