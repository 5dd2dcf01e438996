"""Does it answer? Which lines are tried by a call of the hotline, and when (T3, T8). Pure.

Each forwarded number, each unit's liaison line (in office hours) and its mobiles (which must answer
day and night) come up every so many days, at a time of the day that differs from day to day and
cannot be told beforehand without the seed. One that does not answer is tried again, so that "not
answered for half an hour" (S6) has its evidence.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ticketing.domain.contacts import Contact, ContactRole
from ticketing.domain.errors import NumberNotAllowed
from ticketing.domain.lines import LineKind, LinePlan
from ticketing.domain.outbound import normal
from ticketing.domain.wording import BadSetting, Text

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_ROLES = (ContactRole.LIAISON, ContactRole.ON_CALL)
LATE = timedelta(hours=1)
"""A probe that could not be placed at its time is still placed so much later, not after."""


class TargetKind(StrEnum):
    """What a number that is tried is."""

    FORWARDED = "forwarded"  # an old number that leads to the hotline (T3)
    LIAISON = "liaison"  # a unit's line in office hours (S6)
    MOBILE = "mobile"  # must answer at any hour (S7)


@dataclass(frozen=True, slots=True)
class Target:
    """A number that is tried.

    Attributes:
        number: in one way of writing.
        unit: whose it is: a unit's id, or its name in the number plan.
        person: of the register; empty for a line.
    """

    number: str
    kind: TargetKind
    unit: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class ProbeRules:
    """The rhythm of probes: a pack's section ``probes``.

    Attributes:
        enabled: the units know of it, and it runs by itself.
        every_days: how often each number comes up.
        daily: so many numbers a day at most.
        rings: seconds until a call counts as not answered.
        attempts, again_minutes: one that does not answer is tried so often in all, so far apart.
        day: when mobiles are tried, local time …
        nights_percent: … but for so many of a hundred, which are tried in the night.
    """

    enabled: bool = False
    every_days: int = 7
    daily: int = 60
    rings: int = 30
    attempts: int = 3
    again_minutes: int = 15
    day: tuple[time, time] = (time(8, 30), time(21))
    nights_percent: int = 0

    def __post_init__(self) -> None:
        for name, least, most in (
            ("every_days", 1, 92),
            ("daily", 0, 5000),
            ("rings", 5, 120),
            ("attempts", 1, 10),
            ("again_minutes", 1, 240),
            ("nights_percent", 0, 100),
        ):
            if not least <= getattr(self, name) <= most:
                raise BadSetting(
                    name,
                    Text("超出范围", "out of range"),
                    Text(f"写 {least} 至 {most} 之间的整数", f"write {least} to {most}"),
                )
        if not self.day[0] < self.day[1]:
            raise BadSetting(
                "day",
                Text("白天的起止时间有误", "the day ends before it begins"),
                Text('例如写 ["08:30", "21:00"]', 'write ["08:30", "21:00"], for example'),
            )


@dataclass(frozen=True, slots=True)
class Slot:
    """A number and when it is first tried."""

    at: datetime
    target: Target


def targets(lines: LinePlan, register: Iterable[Contact], day: date) -> tuple[Target, ...]:
    """Every number that must answer on a day, each once."""
    found: dict[str, Target] = {}
    for line in lines.numbers:
        if line.kind is LineKind.MERGED and line.in_plan_on(day) and not line.expired_on(day):
            found[line.number] = Target(line.number, TargetKind.FORWARDED, line.unit)
    for contact in register:
        if contact.role in _ROLES and contact.in_force(day):
            number = _number(contact.phone, lines)
            kind = TargetKind.MOBILE if _MOBILE.fullmatch(number) else TargetKind.LIAISON
            if kind is TargetKind.MOBILE or contact.role is ContactRole.LIAISON:
                found.setdefault(number, Target(number, kind, contact.unit, contact.person))
    return tuple(found.values())


def plan(
    wanted: Sequence[Target],
    day: date,
    office: Sequence[tuple[datetime, datetime]],
    rules: ProbeRules,
    zone: ZoneInfo,
    seed: bytes,
) -> tuple[Slot, ...]:
    """Whom to try on a day and when, in order of time; the same arguments, the same plan.

    Args:
        office: when offices are open that day; nothing on a day off.
        seed: makes the times differ from one hotline to the other.
    """
    slots = []
    for target in wanted:
        turn = _dice(seed, target.number, "turn") % rules.every_days
        if (day.toordinal() + turn) % rules.every_days:
            continue
        windows = _windows(target, day, office, rules, zone, seed)
        if windows:
            place = _dice(seed, target.number, day.isoformat())
            slots.append(Slot(_at(windows, place), target))
    slots.sort(key=lambda slot: _dice(seed, slot.target.number, f"{day} budget"))
    return tuple(sorted(slots[: rules.daily], key=lambda slot: (slot.at, slot.target.number)))


def next_attempt(
    slot: Slot, tried: Sequence[tuple[datetime, bool]], now: datetime, rules: ProbeRules
) -> bool:
    """Whether a number is to be tried now.

    Args:
        tried: the attempts of this day so far, the oldest first: when, and whether answered.
    """
    if not tried:
        return slot.at <= now < slot.at + LATE
    last, answered = tried[-1]
    again = timedelta(minutes=rules.again_minutes)
    return (
        not answered and len(tried) < rules.attempts and last + again <= now < last + again + LATE
    )


def unanswered(tried: Sequence[tuple[datetime, bool]], rules: ProbeRules) -> bool:
    """Whether a number has not answered for good: that is told, and counted (S6, S7)."""
    return len(tried) >= rules.attempts and not any(answered for _, answered in tried)


def _windows(
    target: Target,
    day: date,
    office: Sequence[tuple[datetime, datetime]],
    rules: ProbeRules,
    zone: ZoneInfo,
    seed: bytes,
) -> Sequence[tuple[datetime, datetime]]:
    if target.kind is TargetKind.LIAISON:
        return office
    begins, ends = (datetime.combine(day, moment, zone) for moment in rules.day)
    night = _dice(seed, target.number, f"{day} night") % 100 < rules.nights_percent
    if target.kind is TargetKind.MOBILE and night:
        midnight = datetime.combine(day, time(), zone)
        return [(midnight, begins), (ends, midnight + timedelta(days=1))]
    return [(begins, ends)]


def _number(phone: str, lines: LinePlan) -> str:
    """A number of the register as it is dialled; as it stands when it cannot be."""
    try:
        number = normal(phone)
    except NumberNotAllowed:
        return phone
    for code in lines.area_codes:
        number = number.removeprefix(code)
    return number


def _at(windows: Sequence[tuple[datetime, datetime]], place: int) -> datetime:
    """The moment at ``place`` seconds of the windows, which are gone through round and round."""
    lengths = [int((end - begin).total_seconds()) for begin, end in windows]
    left = place % sum(lengths)
    for (begin, _), length in zip(windows, lengths, strict=True):
        if left < length:
            return begin + timedelta(seconds=left)
        left -= length
    return windows[0][0]


def _dice(seed: bytes, *words: str) -> int:
    digest = hmac.digest(seed, "\n".join(words).encode(), "sha256")
    return int.from_bytes(digest[:8], "big")
