"""Callers who keep others from being heard: slowed by rule, blocked by what agents report. Pure.

Calling often and hanging up only slows a caller: that may be somebody in distress. A block needs
the reports of several agents, or a supervisor, ends by itself, and is looked at by a person. An
emergency is never cut off: who is blocked still reaches 110, 119 and 120 (X1, X2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ticketing.domain.calls import CallRecord, Outcome
from ticketing.domain.wording import BadSetting, Text

_LONGEST_HOURS = 24 * 90


class SignKind(StrEnum):
    """What speaks against a caller."""

    SHORT = "short"  # called, and brought no matter
    REPORT = "report"  # an agent said so


class Measure(StrEnum):
    """What is done, the milder first."""

    SLOWED = "slowed"  # waits before being led on
    BLOCKED = "blocked"  # reaches no seat


class Decision(StrEnum):
    """What the person who looked at a measure said."""

    LIFTED = "lifted"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that speaks against a caller.

    Attributes:
        who: the agent who reported it; empty for what was counted.
    """

    at: datetime
    kind: SignKind
    who: str
    call: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A measure against a caller that holds."""

    measure: Measure
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class NuisanceRules:
    """When a caller is slowed or blocked: a pack's section ``nuisance``.

    Attributes:
        short_seconds: a talk shorter than this has brought no matter.
        slow_calls, slow_within_minutes: so many calls without a matter in so long a time …
        slow_minutes: … slow a caller for this long.
        slow_wait_seconds: who is slowed waits so long before being led on.
        block_reports, block_agents, block_within_days: so many reports, by so many agents at
            least, in so many days …
        block_hours: … block a caller for this long.
        connect_emergency: who is blocked and presses a key for 110, 119 or 120 is connected;
            otherwise told to dial it.
    """

    short_seconds: int = 10
    slow_calls: int = 20
    slow_within_minutes: int = 60
    slow_minutes: int = 60
    slow_wait_seconds: int = 20
    block_reports: int = 3
    block_agents: int = 2
    block_within_days: int = 7
    block_hours: int = 24
    connect_emergency: bool = True

    def __post_init__(self) -> None:
        for name, least, most in (
            ("short_seconds", 0, 120),
            ("slow_calls", 3, 10_000),
            ("slow_within_minutes", 1, 24 * 60),
            ("slow_minutes", 1, 24 * 60),
            ("slow_wait_seconds", 0, 120),
            ("block_reports", 2, 1000),
            ("block_agents", 1, 100),
            ("block_within_days", 1, 90),
            ("block_hours", 1, _LONGEST_HOURS),
        ):
            if not least <= getattr(self, name) <= most:
                raise BadSetting(
                    name,
                    Text("超出范围", "out of range"),
                    Text(f"写 {least} 至 {most} 之间的整数", f"write {least} to {most}"),
                )


def without_matter(record: CallRecord, rules: NuisanceRules) -> bool:
    """Whether a call brought no matter.

    Waiting in vain is nobody's fault, and never counts; nor does asking for an order's progress
    (key 2 of the main menu), which needs no seat.
    """
    if record.outcome is Outcome.ABANDONED_IN_MENU:
        return "2" not in record.menu.split(">")[1:]
    if record.outcome is not Outcome.ANSWERED or record.answered_at is None:
        return False
    return record.ended_at - record.answered_at < timedelta(seconds=rules.short_seconds)


def judge(
    signs: Iterable[Sign],
    standing: Sequence[Standing],
    cleared: datetime | None,
    at: datetime,
    rules: NuisanceRules,
) -> tuple[Standing, tuple[Sign, ...]] | None:
    """The measure that is due against a caller, with the signs that are its reason.

    Args:
        signs: all there are of this caller.
        standing: the measures against the caller that hold now.
        cleared: when a person last lifted one: what was before does not count any more.
        at: now.

    Returns:
        None when none is due, or one as strong holds already.
    """
    held = {one.measure for one in standing if one.since <= at < one.until}
    if Measure.BLOCKED in held:
        return None
    counted = [one for one in signs if one.at <= at and (cleared is None or one.at > cleared)]
    since = at - timedelta(days=rules.block_within_days)
    reports = [one for one in counted if one.kind is SignKind.REPORT and one.at > since]
    calls = {one.call: one for one in reports}
    if (
        len(calls) >= rules.block_reports
        and len({one.who for one in reports}) >= rules.block_agents
    ):
        until = at + timedelta(hours=rules.block_hours)
        return Standing(Measure.BLOCKED, at, until), tuple(reports)
    if Measure.SLOWED in held:
        return None
    since = at - timedelta(minutes=rules.slow_within_minutes)
    short = [one for one in counted if one.kind is SignKind.SHORT and one.at > since]
    if len({one.call for one in short}) >= rules.slow_calls:
        until = at + timedelta(minutes=rules.slow_minutes)
        return Standing(Measure.SLOWED, at, until), tuple(short)
    return None
