"""Use cases of the policy packs and the working calendar: read, and explained rule by rule."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic_core import to_jsonable_python

from ticketing.domain.calendar import days_between
from ticketing.domain.deadlines import CountedDay
from ticketing.domain.errors import NoPolicy, RuleNotFound
from ticketing.domain.policy import PolicyPack, RuleText
from ticketing.policies.loader import FOLDER, CalendarFile, load_packs


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a pack: its path, such as ``limits.consultation``, and its value as JSON."""

    path: str
    value: Any


@dataclass(frozen=True, slots=True)
class Explained:
    """A rule as a city has it, with the settings that carry it."""

    pack: str
    rule: RuleText
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class YearCalendar:
    """A year's days.

    Attributes:
        provisional: the year is not published; only its weekends are known to be free (note 7).
        working_days: how many are worked.
    """

    year: int
    provisional: bool
    working_days: int
    days: tuple[CountedDay, ...]


class Policies:
    """Packs and calendar as the files in ``folder`` have them."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder, self._calendar = folder, CalendarFile(folder)

    async def list(self) -> tuple[PolicyPack, ...]:
        """Every pack, by id.

        Raises:
            PolicyError: a file is wrong.
        """
        packs = await asyncio.to_thread(load_packs, self._folder)
        return tuple(sorted(packs, key=lambda pack: pack.id))

    async def show(self, pack: str) -> PolicyPack:
        """One pack.

        Raises:
            NoPolicy, PolicyError
        """
        for each in await self.list():
            if each.id == pack:
                return each
        raise NoPolicy(f"there is no policy pack {pack}")

    async def explain(self, pack: str, rule: str) -> Explained:
        """What a rule says in a city, and the settings that carry it.

        Args:
            rule: its id, such as ``W3``, in any case.

        Raises:
            NoPolicy, PolicyError
            RuleNotFound: the pack has no such rule.
        """
        found = await self.show(pack)
        for each in found.rules:
            if each.id.casefold() == rule.casefold():
                settings = tuple(Setting(path, _value(found, path)) for path in each.settings)
                return Explained(found.id, each, settings)
        raise RuleNotFound(f"{pack} has no rule {rule}")

    async def calendar(self, year: int) -> YearCalendar:
        """The days of a year.

        Raises:
            PolicyError: the table of working days is wrong.
        """
        known = await asyncio.to_thread(self._calendar)
        first, last = date(year, 1, 1), date(year, 12, 31)
        days = tuple(
            CountedDay(day, known.is_working(day), known.reason(day), known.provisional(day))
            for day in days_between(first, last)
        )
        working = sum(1 for day in days if day.working)
        return YearCalendar(year, known.provisional(first), working, days)


def _value(pack: PolicyPack, path: str) -> Any:
    value: Any = pack
    for name in path.split("."):
        value = getattr(value, name)
    return to_jsonable_python(value)
