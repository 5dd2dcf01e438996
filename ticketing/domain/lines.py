"""The number plan: which line a call came for, and which old numbers are due (T2 to T4).

A citizen dials 12345, or an old number that its owner forwards to the hotline. The plan is data of
the policy pack; what the carrier tells of a call is read by ``ivr.numbers``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from ticketing.domain.wording import BadSetting, Text

HOTLINE = "12345"
DUE_DAYS = 30
"""An end of a dual-track period is told of so many days before."""

_DUAL_TRACK_MONTHS = 6
_HIGHEST_PRIORITY = 100
_NUMBER = re.compile(r"[0-9]{3,15}")
_AREA_CODE = re.compile(r"0[0-9]{2,3}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


class LineKind(StrEnum):
    """What a number of the plan is."""

    HOTLINE = "hotline"  # 12345 itself
    MERGED = "merged"  # answered by the hotline in place of its unit (T2)
    INTERCONNECT = "interconnect"  # goes on by itself; calls are passed on either way (T4)
    UTILITY = "utility"  # of a company: water, power, gas, buses (T4)
    EMERGENCY = "emergency"  # 110, 119, 120, 122 (X1, X2)


class Source(StrEnum):
    """Where a number stood."""

    DIVERSION = "diversion"
    HISTORY = "history"
    DIALLED = "dialled"  # the number in the request itself


@dataclass(frozen=True, slots=True)
class Line:
    """One number of the plan.

    Attributes:
        name: what it is called, in Chinese.
        name_ko: the same in Korean.
        since: the first day on which its calls are ours to count.
        unit: whose it is; empty for the hotline's own.
        until: the last such day, or None.
        dual_track_until: the last day on which the old number still works beside 12345 (T3).
        announce: the caller is told that it was merged.
        queue: where its callers wait.
        skill: what a seat should know best for it; empty for any seat.
        priority: of its callers in the queue; the higher is served first.
        assumed: the documents do not say all of this.
    """

    number: str
    kind: LineKind
    name: str
    name_ko: str
    since: date
    unit: str = ""
    until: date | None = None
    dual_track_until: date | None = None
    announce: bool = False
    queue: str = "reception"
    skill: str = ""
    priority: int = 0
    assumed: bool = False

    def __post_init__(self) -> None:
        if not _NUMBER.fullmatch(self.number):
            raise BadSetting(
                "number",
                Text(f"{self.number} 不是号码", f"{self.number} is no telephone number"),
                Text(
                    '写 3 至 15 位数字，放进引号，不带区号，例如 "12333"',
                    'write 3 to 15 digits in quotation marks, without the area code: "12333"',
                ),
            )
        for field, name in (("queue", self.queue), ("skill", self.skill)):
            if not _NAME.fullmatch(name) and (name or field == "queue"):
                raise BadSetting(
                    field,
                    Text(f"{name} 不能作名称", f"{name} cannot be a name"),
                    Text(
                        "写小写英文字母、数字和下划线，以字母开头",
                        "write small letters, digits and underscores, a letter first",
                    ),
                )
        if not 0 <= self.priority <= _HIGHEST_PRIORITY:
            raise BadSetting(
                "priority",
                Text(f"{self.priority} 超出范围", f"{self.priority} is out of range"),
                Text("写 0 至 100 之间的整数", "write a whole number from 0 to 100"),
            )
        if self.announce and self.kind is not LineKind.MERGED:
            raise BadSetting(
                "announce",
                Text("这个号码没有并入 12345", "this number is not merged into 12345"),
                Text("写 announce: false，或 kind: merged", "write announce: false, or merged"),
            )
        self._check_days()

    def _check_days(self) -> None:
        if self.until is not None and self.until < self.since:
            raise BadSetting(
                "until",
                Text("until 早于 since", "it ends before it begins"),
                Text("写不早于 since 的日期，或 null", "write a day not before `since`, or null"),
            )
        if self.dual_track_until is None:
            return
        if self.kind is not LineKind.MERGED:
            raise BadSetting(
                "dual_track_until",
                Text("只有并入的号码才有双轨期", "only a merged number has a dual-track period"),
                Text("删去它，或写 kind: merged", "take it away, or write kind: merged"),
            )
        last = half_a_year_after(self.since)
        if not self.since <= self.dual_track_until <= last:
            raise BadSetting(
                "dual_track_until",
                Text("双轨期从 since 起最长半年", "the dual track lasts half a year at most (T3)"),
                Text(
                    f"写 {self.since} 至 {last} 之间的日期",
                    f"write a day from {self.since} to {last}",
                ),
            )

    def in_plan_on(self, day: date) -> bool:
        """Whether its calls are counted for it on ``day``."""
        return self.since <= day and (self.until is None or day <= self.until)

    def expired_on(self, day: date) -> bool:
        """Whether the dual track is over on ``day`` (T3). Its calls are taken all the same."""
        return self.dual_track_until is not None and self.dual_track_until < day


_ITSELF = Line(HOTLINE, LineKind.HOTLINE, "市民服务热线", "시민 상담 전화", date(1999, 1, 1))


@dataclass(frozen=True, slots=True)
class LinePlan:
    """All numbers of a city.

    Attributes:
        recognise: where the number that was dialled is looked for, the surest place first.
        area_codes: those of the city: 0715-12333 is 12333.
        numbers: the lines; one number may stand here again for another time.
    """

    recognise: tuple[Source, ...] = tuple(Source)
    area_codes: tuple[str, ...] = ()
    numbers: tuple[Line, ...] = (_ITSELF,)

    def __post_init__(self) -> None:
        if sorted(self.recognise) != sorted(Source):
            raise BadSetting(
                "recognise",
                Text("三处来源应各写一次", "each of the three places is to be there once"),
                Text(
                    "例如写 [diversion, history, dialled]",
                    "write them in your order: [diversion, history, dialled]",
                ),
            )
        for code in self.area_codes:
            if not _AREA_CODE.fullmatch(code):
                raise BadSetting(
                    "area_codes",
                    Text(f"{code} 不是区号", f"{code} is no area code"),
                    Text('写带引号的区号，例如 "0715"', 'write it like "0715"'),
                )
        if not any(line.kind is LineKind.HOTLINE for line in self.numbers):
            raise BadSetting(
                "numbers",
                Text("没有热线本身的号码", "the hotline's own number is missing"),
                Text('加上 "12345"，kind: hotline', 'add "12345" with kind: hotline'),
            )
        for place, line in enumerate(self.numbers):
            if any(_meet(line, other) for other in self.numbers[:place]):
                raise BadSetting(
                    "numbers",
                    Text(f"{line.number} 同时写了两次", f"{line.number} is there twice at a time"),
                    Text(
                        "删去一处，或用 until 和 since 分开",
                        "take one away, or part them by `until` and `since`",
                    ),
                )

    @property
    def hotline(self) -> Line:
        """The hotline's own line."""
        return next(line for line in self.numbers if line.kind is LineKind.HOTLINE)

    def find(self, number: str, day: date) -> Line | None:
        """The line of a number on a day; the city's own area code may stand before it."""
        spellings = set(self._spellings(number))
        known = [line for line in self.numbers if line.number in spellings]
        return next((line for line in known if line.in_plan_on(day)), None)

    def _spellings(self, number: str) -> Iterator[str]:
        """A number as it is, and without the city's area code, also as it is dialled abroad."""
        yield number
        for code in self.area_codes:
            for start in (code, code[1:]):
                if number.startswith(start):
                    yield number.removeprefix(start)


@dataclass(frozen=True, slots=True)
class LineMatch:
    """The line that a call came for.

    Attributes:
        line: the line it counts for; the hotline's own when no other is known.
        number: the number that the citizen really dialled (T2).
        forwarded_from: the old number that was forwarded to us; None when we were called directly.
        by: what told the line.
        expired: the dual-track period of the line is over (T3).
        why: the same in words.
    """

    line: Line
    number: str
    forwarded_from: str | None
    by: Source
    expired: bool
    why: Text


def line_for(
    plan: LinePlan, dialled: str, diversions: Sequence[str], history: Sequence[str], day: date
) -> LineMatch:
    """The line of a call (T2, T3). No number is ever lost, and no call refused.

    In each place of ``plan.recognise`` the oldest number that the plan knows decides. A place that
    knows the hotline itself, or nothing, leaves it to the next. When all do, the call is the
    hotline's own; a strange number that forwarded it is kept.

    Args:
        dialled: the number in the request; empty when there is none.
        diversions: the numbers that forwarded the call, the oldest first.
        history: the numbers it was sent to, the oldest first.
        day: the local day of the call.
    """
    told = {
        Source.DIVERSION: tuple(diversions),
        Source.HISTORY: tuple(history),
        Source.DIALLED: (dialled,) if dialled else (),
    }
    forwards = [source for source in plan.recognise if source is not Source.DIALLED]
    strangers = [
        (source, told[source][0])
        for source in forwards
        if told[source] and not any(plan.find(number, day) for number in told[source])
    ]
    for source in plan.recognise:
        line = next(filter(None, (plan.find(number, day) for number in told[source])), None)
        if line is None or line.kind is LineKind.HOTLINE:
            continue
        number, old = told[source][0], line.number
        if source is Source.DIALLED:
            number, old = (strangers[0][1],) * 2 if strangers else (number, "")
        over = line.expired_on(day)
        return LineMatch(line, number, old or None, source, over, _why(line, source, over))
    for source, number in strangers:
        return LineMatch(plan.hotline, number, number, source, False, _unknown(number))
    number = dialled or plan.hotline.number
    direct = Text("直接拨打热线", "the hotline itself was dialled")
    return LineMatch(plan.hotline, number, None, Source.DIALLED, False, direct)


class AlarmKind(StrEnum):
    """How pressing the end of a dual-track period is."""

    DUE = "due"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class LineAlarm:
    """A dual-track period that ends soon, or is over while the number is still in the plan (T3).

    Attributes:
        last: the last day of the period.
        days: until then; negative when it is past.
    """

    number: str
    kind: AlarmKind
    last: date
    days: int
    text: Text


def alarms(plan: LinePlan, day: date, *, before: int = DUE_DAYS) -> tuple[LineAlarm, ...]:
    """The ends of dual-track periods that a person must see to, the most pressing first.

    Args:
        day: today, local.
        before: so many days ahead.
    """
    found = []
    for line in plan.numbers:
        last = line.dual_track_until
        if last is None or not line.in_plan_on(day) or last > day + timedelta(days=before):
            continue
        kind = AlarmKind.PAST if last < day else AlarmKind.DUE
        found.append(LineAlarm(line.number, kind, last, (last - day).days, _alarm(line, kind)))
    return tuple(sorted(found, key=lambda alarm: (alarm.last, alarm.number)))


def half_a_year_after(day: date) -> date:
    """The same day six months on; the month's last where there is no such day."""
    months = day.month - 1 + _DUAL_TRACK_MONTHS
    year, month = day.year + months // 12, months % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def _meet(one: Line, other: Line) -> bool:
    """Whether both lines have one number, and a day in common."""
    first, second = sorted((one, other), key=lambda line: line.since)
    return one.number == other.number and first.in_plan_on(second.since)


def _why(line: Line, source: Source, expired: bool) -> Text:
    place = {
        Source.DIVERSION: Text("Diversion", "Diversion"),
        Source.HISTORY: Text("History-Info", "History-Info"),
        Source.DIALLED: Text("被叫号码", "the number called"),
    }[source]
    over = Text("", "")
    if expired:
        last = line.dual_track_until
        over = Text(f"，双轨期已于 {last} 结束", f"; its dual track ended on {last}")
    return Text(
        f"{place.zh}中有 {line.number}（{line.unit or line.name}）{over.zh}",
        f"{place.en} names {line.number} ({line.unit or line.name}){over.en}",
    )


def _unknown(number: str) -> Text:
    return Text(
        f"由 {number} 转来，当日的号码表中没有它",
        f"forwarded by {number}, which the number plan does not have that day",
    )


def _alarm(line: Line, kind: AlarmKind) -> Text:
    last, whose = line.dual_track_until, line.unit or line.name
    if kind is AlarmKind.DUE:
        return Text(
            f"{line.number}（{whose}）的双轨期 {last} 到期，请安排停用或公告",
            f"the dual track of {line.number} ({whose}) ends on {last}: "
            "have the number closed, or told of",
        )
    return Text(
        f"{line.number}（{whose}）的双轨期已于 {last} 结束，号码表中还有它："
        "请确认运营商已停用，然后在政策包写上 until",
        f"the dual track of {line.number} ({whose}) ended on {last} and the plan still has it: "
        "see that the carrier has closed it, then write `until` in the policy pack",
    )
