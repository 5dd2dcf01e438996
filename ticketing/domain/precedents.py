"""Precedents of ownership: whose a matter was, learned from the cases that were decided (I5, I6).

A decision is a person's: the centre has arbitrated, or has chosen another unit than was proposed.
Nothing is guessed; a precedent only counts what was decided before, and is shown with its numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision on whose a matter is.

    Attributes:
        category, district: codes; the district is empty for a matter without a place.
        unit: whose it is.
        order: the work order that was decided.
        at: aware.
        by: who decided.
    """

    category: str
    district: str
    unit: str
    order: str
    at: datetime
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Precedent:
    """How often a matter of this category and district was this unit's.

    Attributes:
        cases: orders that were decided so.
        share: of all the orders of this category and district that were decided, 0 to 1.
        last: when it was last decided so.
        order: the order of that last decision, to be looked up.
    """

    category: str
    district: str
    unit: str
    cases: int
    share: float
    last: datetime
    order: str = ""


def learn(decisions: Iterable[Decided], since: datetime | None = None) -> tuple[Precedent, ...]:
    """What ``decisions`` teach: by category and district, the most frequent unit first.

    An order that was decided more than once counts as it was decided last.

    Args:
        since: older decisions count no more; aware.
    """
    last: dict[str, Decided] = {}
    for decision in sorted(decisions, key=lambda one: (one.at, one.unit)):
        last[decision.order] = decision
    kept = [one for one in last.values() if since is None or one.at >= since]
    total = Counter((one.category, one.district) for one in kept)
    groups: dict[tuple[str, str, str], list[Decided]] = {}
    for one in kept:
        groups.setdefault((one.category, one.district, one.unit), []).append(one)
    found = []
    for (category, district, unit), cases in groups.items():
        newest = max(cases, key=lambda one: (one.at, one.order))
        share = len(cases) / total[category, district]
        found.append(
            Precedent(category, district, unit, len(cases), share, newest.at, newest.order)
        )
    found.sort(key=lambda one: (-one.cases, -one.last.timestamp(), one.unit))
    found.sort(key=lambda one: (one.category, one.district))
    return tuple(found)


def applying(
    precedents: Iterable[Precedent], categories: Sequence[str], districts: Sequence[str]
) -> tuple[Precedent, ...]:
    """The precedents that speak for a matter, those of the nearest category and district.

    Args:
        categories: the matter's category and those above it, nearest first.
        districts: its district and those around it, nearest first.

    Returns:
        those of one category and one district, the most frequent unit first; or nothing.
    """
    by_place: dict[tuple[str, str], list[Precedent]] = {}
    for one in precedents:
        by_place.setdefault((one.category, one.district), []).append(one)
    for category in categories:
        for district in districts:
            found = by_place.get((category, district))
            if found:
                return tuple(
                    sorted(found, key=lambda one: (-one.cases, -one.last.timestamp(), one.unit))
                )
    return ()
