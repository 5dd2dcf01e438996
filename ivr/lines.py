"""The city's number plan at work: which line a call came for (T2, T3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ivr.numbers import Signalled
from ticketing.domain.callbacks import CallbackRules
from ticketing.domain.dispatch_calls import DispatchRules
from ticketing.domain.errors import NoPolicy
from ticketing.domain.lines import LineMatch, LinePlan, line_for
from ticketing.domain.nuisance import NuisanceRules
from ticketing.domain.outbound import Outbound
from ticketing.domain.policy import PolicyPack
from ticketing.domain.skills import SkillQueue
from ticketing.domain.transcripts import Retention
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

    def nuisance(self, day: date) -> tuple[NuisanceRules, LinePlan]:
        """When a caller is slowed or blocked on a local day, and the plan of numbers."""
        try:
            pack = pack_in_force(self._packs, self._city, day)
        except NoPolicy:
            return NuisanceRules(), LinePlan()
        return pack.nuisance, pack.lines

    def outbound(self, day: date) -> tuple[Outbound, LinePlan]:
        """What may go out on a local day: the plan of outward calls, and that of numbers."""
        try:
            pack = pack_in_force(self._packs, self._city, day)
        except NoPolicy:
            return Outbound(), LinePlan()
        return pack.outbound, pack.lines

    def callbacks(self, day: date) -> CallbackRules:
        """How those who waited are called back, on a local day."""
        try:
            return pack_in_force(self._packs, self._city, day).queue_callbacks
        except NoPolicy:
            return CallbackRules()

    def dispatch(self, day: date) -> DispatchRules:
        """How the persons responsible for an urgent order are rung, on a local day (H4)."""
        try:
            return pack_in_force(self._packs, self._city, day).dispatch_calls
        except NoPolicy:
            return DispatchRules()

    def retention(self, at: datetime) -> Retention:
        """How long recordings and their texts are kept."""
        try:
            return pack_in_force(
                self._packs, self._city, at.astimezone(self._zone).date()
            ).retention
        except NoPolicy:
            return Retention()

    def queues(self, day: date) -> tuple[SkillQueue, ...]:
        """The queues of their own, on a local day."""
        try:
            return pack_in_force(self._packs, self._city, day).queues
        except NoPolicy:
            return ()

    def find(self, came: Signalled, at: datetime) -> LineMatch:
        """The line of a call that came at a moment with these numbers."""
        day = at.astimezone(self._zone).date()
        return line_for(self.plan(day), came.dialled, came.diversions, came.history, day)
