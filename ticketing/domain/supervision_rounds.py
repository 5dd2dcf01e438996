"""Supervision of many orders at once, at the end of a period (D6, D7): drafted, not issued.

What is hard goes to the supervising offices in one batch; each unit is told how it did, and those
that were late without reason are advised what to put right; the government gets one report.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ticketing.domain.measures import Draft, Fault, Kind
from ticketing.domain.supervision import Facts


class Rhythm(StrEnum):
    """How often a round comes."""

    NEVER = "never"
    WEEKLY = "weekly"  # from Monday to Monday
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Period:
    """A period, named for people and keys, e.g. ``2026-02``; ``end`` is no part of it. Aware."""

    id: str
    start: datetime
    end: datetime

    def has(self, moment: datetime) -> bool:
        """Whether ``moment`` is in it."""
        return self.start <= moment < self.end


def last_period(rhythm: Rhythm, now: datetime, zone: ZoneInfo) -> Period | None:
    """The last period of ``rhythm`` that is over at ``now`` (aware); None when there is none.

    Periods end at midnight in ``zone``. A week is named as ISO 8601 does: ``2026-W09``.
    """
    today = now.astimezone(zone).date()
    if rhythm is Rhythm.WEEKLY:
        last = today - timedelta(days=today.weekday())
        first = last - timedelta(days=7)
        name = f"{first:%G-W%V}"
    elif rhythm is Rhythm.MONTHLY:
        last = today.replace(day=1)
        first = (last - timedelta(days=1)).replace(day=1)
        name = f"{first:%Y-%m}"
    else:
        return None
    start, end = (datetime.combine(day, time(), zone) for day in (first, last))
    return Period(name, start, end)


@dataclass(frozen=True, slots=True)
class RoundSettings:
    """What makes a case hard (D6): any one of these, each counted over the order's life."""

    rounds: int = 3
    extensions: int = 3
    refusals: int = 2


def hard_cases(
    orders: Iterable[Facts],
    period: Period,
    now: datetime,
    *,
    centre: str,
    settings: RoundSettings | None = None,
    settled: Iterable[str] = (),
) -> Draft | None:
    """The batch for the supervising offices (D6): open orders that the usual means do not settle.

    Args:
        centre: whose batch it is.
        settled: keys that were issued or dismissed already.

    Returns:
        None before the period is over, when there is nothing to send, and when it was settled.
    """
    chosen = settings or RoundSettings()
    numbers = tuple(sorted(one.order for one in orders if _hard(one, chosen)))
    key = _key(centre, centre, Kind.HARD_CASES, period)
    if now < period.end or not numbers or key in frozenset(settled):
        return None
    why = f"{period.id} 疑难件 {len(numbers)} 件，报送督查和信访部门"
    return Draft(
        key=key,
        kind=Kind.HARD_CASES,
        rule="D6",
        why=why,
        unit=centre,
        orders=numbers,
        centre=centre,
    )


def unit_rounds(
    orders: Iterable[Facts],
    period: Period,
    now: datetime,
    *,
    centre: str,
    settled: Iterable[str] = (),
) -> tuple[Draft, ...]:
    """A bulletin for each unit, advice to those at fault, a report to the government (D7).

    Counted are the orders that fell due in the period; exempt ones (W9) count as in time.

    Returns:
        nothing before the period is over, and no draft of a key in ``settled``.
    """
    if now < period.end:
        return ()
    by_unit: dict[str, list[Facts]] = {}
    for one in orders:
        if period.has(one.due):
            by_unit.setdefault(one.unit, []).append(one)
    drafts: list[Draft] = []
    total = late_total = 0
    for unit, mine in sorted(by_unit.items()):
        late = sorted(one.order for one in mine if is_late(one, now))
        at_fault = sorted(one.order for one in mine if _at_fault(one, now))
        total, late_total = total + len(mine), late_total + len(late)
        why = f"{period.id} 到期 {len(mine)} 件，其中超期 {len(late)} 件"
        everything = tuple(sorted(one.order for one in mine))
        drafts.append(_draft(Kind.BULLETIN, centre, unit, period, why, everything))
        if at_fault:
            why = f"{period.id} 有 {len(at_fault)} 件无正当理由超期或办理不实，建议整改"
            drafts.append(_draft(Kind.RECTIFICATION, centre, unit, period, why, tuple(at_fault)))
    if by_unit:
        why = f"{period.id} 督办情况：到期 {total} 件，超期 {late_total} 件"
        drafts.append(_draft(Kind.REPORT, centre, centre, period, why, ()))
    done = frozenset(settled)
    return tuple(draft for draft in drafts if draft.key not in done)


def _hard(one: Facts, settings: RoundSettings) -> bool:
    if one.reported_at is not None:
        return False
    stubborn = any(issued.kind in (Kind.LISTED, Kind.ACCOUNTABILITY) for issued in one.issued)
    return (
        stubborn
        or one.round >= settings.rounds
        or one.extensions >= settings.extensions
        or one.refusals >= settings.refusals
    )


def is_late(one: Facts, now: datetime) -> bool:
    """Whether it was fed back late, or is late at ``now``; an exempt one is not (W9)."""
    return not one.exempt and (one.reported_at or now) > one.due


def _at_fault(one: Facts, now: datetime) -> bool:
    dishonest = Fault.FALSIFIED in one.faults or Fault.PERFUNCTORY in one.faults
    return dishonest or (is_late(one, now) and not one.justified)


def _draft(
    kind: Kind, centre: str, unit: str, period: Period, why: str, orders: tuple[str, ...]
) -> Draft:
    key = _key(centre, unit, kind, period)
    return Draft(key=key, kind=kind, rule="D7", why=why, unit=unit, orders=orders, centre=centre)


def _key(centre: str, unit: str, kind: Kind, period: Period) -> str:
    return f"{centre}/{unit}/{kind}/{period.id}"


def period_of(draft: Draft) -> str:
    """The name of the period that a round's draft is of."""
    return draft.key.rpartition("/")[2]
