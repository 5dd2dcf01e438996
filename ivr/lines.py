"""The city's number plan at work: which line a call came for (T2, T3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ivr.numbers import Signalled
from ticketing.domain.errors import NoPolicy
from ticketing.domain.lines import LineMatch, LinePlan, line_for
from ticketing.domain.policy import PolicyPack
from ticketing.policies.loader import pack_in_force


class CityLines:
    """The lines of one city, day by day.

    Args:
        packs: every policy pack there is.
        zone: the city's time zone.
    """

    def __init__(self, packs: Iterable[PolicyPack], city: str, zone: ZoneInfo) -> None:
        self._packs, self._city, self._zone = tuple(packs), city, zone

    def plan(self, day: date) -> LinePlan:
        """The number plan of a local day; of 12345 alone when no pack is in force."""
        try:
            return pack_in_force(self._packs, self._city, day).lines
        except NoPolicy:
            return LinePlan()

    def find(self, came: Signalled, at: datetime) -> LineMatch:
        """The line of a call that came at a moment with these numbers."""
        day = at.astimezone(self._zone).date()
        return line_for(self.plan(day), came.dialled, came.diversions, came.history, day)
