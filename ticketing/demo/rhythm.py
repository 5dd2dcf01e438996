"""When people call: by month, weekday and hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from ticketing.demo.city import ZONE
from ticketing.domain.calendar import WorkCalendar, days_between

# Weights of January to December.
SEASONS: dict[str, tuple[int, ...]] = {
    "flat": (10,) * 12,
    "winter": (20, 16, 10, 8, 6, 5, 5, 5, 6, 10, 18, 20),
    "heating": (30, 24, 14, 8, 0, 0, 0, 0, 2, 24, 40, 34),
    "snow": (30, 20, 6, 0, 0, 0, 0, 0, 0, 2, 20, 30),
    "spring": (6, 8, 20, 22, 18, 10, 8, 8, 8, 8, 6, 5),
    "summer": (3, 3, 6, 10, 18, 24, 26, 24, 16, 8, 4, 3),
    "rain": (2, 2, 5, 8, 14, 22, 30, 28, 14, 6, 3, 2),
    "harvest": (0, 0, 8, 10, 2, 4, 0, 0, 10, 30, 14, 0),
    "school": (6, 6, 14, 12, 12, 12, 4, 6, 20, 14, 12, 10),
    "enrol": (1, 1, 4, 6, 14, 26, 30, 24, 6, 1, 1, 1),
    "holiday": (8, 14, 5, 10, 18, 8, 16, 16, 8, 22, 4, 4),
    "year_end": (28, 14, 8, 6, 6, 6, 6, 7, 8, 9, 14, 24),
}
# Weights of the hours from midnight on.
HOURS: dict[str, tuple[int, ...]] = {
    "all": (2, 1, 1, 1, 1, 2, 5, 10, 18, 22, 20, 16, 11, 13, 17, 18, 16, 14, 11, 10, 9, 7, 5, 3),
    "office": (0, 0, 0, 0, 0, 0, 1, 4, 20, 26, 22, 14, 8, 12, 20, 20, 16, 8, 4, 3, 2, 1, 1, 0),
    "day": (0, 0, 0, 0, 0, 1, 4, 8, 18, 22, 20, 14, 10, 14, 18, 18, 16, 12, 8, 5, 3, 2, 1, 0),
    "early": (3, 2, 1, 2, 4, 9, 18, 24, 22, 16, 12, 10, 9, 8, 8, 8, 9, 12, 14, 12, 9, 6, 5, 4),
    "evening": (3, 1, 1, 0, 0, 1, 3, 6, 9, 9, 8, 7, 7, 6, 6, 7, 9, 13, 20, 26, 24, 18, 11, 6),
    "night": (18, 12, 7, 4, 3, 3, 5, 6, 7, 7, 5, 4, 4, 3, 3, 4, 5, 6, 8, 10, 14, 22, 26, 24),
}
_FREE_DAY = 0.62  # of a working day's calls


class Rhythm:
    """Draws days of a span, as busy as they are.

    Args:
        start, end: UTC; nothing is drawn outside.
    """

    def __init__(self, calendar: WorkCalendar, start: datetime, end: datetime) -> None:
        self._start, self._end = start, end
        last = (end - timedelta(microseconds=1)).astimezone(ZONE).date()
        self._days = list(days_between(start.astimezone(ZONE).date(), last))
        self._weights: list[float] = []
        total = 0.0
        for day in self._days:
            base = 1.0 if calendar.is_working(day) else _FREE_DAY
            total += base * (1.15 if day.weekday() == 0 else 1.0)
            self._weights.append(total)

    def day(self, dice: Random) -> date:
        """One day."""
        return dice.choices(self._days, cum_weights=self._weights)[0]

    def moment(self, day: date, hours: str, dice: Random) -> datetime:
        """A moment of ``day`` by the curve ``hours``, UTC."""
        hour = dice.choices(range(24), HOURS[hours])[0]
        local = datetime.combine(
            day, time(hour, dice.randrange(60), dice.randrange(60)), ZONE
        ).astimezone(UTC)
        return min(max(local, self._start), self._end - timedelta(seconds=dice.randint(1, 3600)))


def of_month(season: str, month: int) -> int:
    """How much there is of it in ``month`` (1 to 12)."""
    weights: Sequence[int] = SEASONS[season]
    return weights[month - 1]
