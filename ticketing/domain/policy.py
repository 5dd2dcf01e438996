"""A policy pack: everything that one city's rules set, as one value (notes 1 to 15).

The values are checked here; `ticketing.policies` reads them from a file and says in which line one
is wrong. What the documents do not say is marked ``assumed`` where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ticketing.domain.actions import Coordination, Measure
from ticketing.domain.callbacks import CallbackRules
from ticketing.domain.dispatch_calls import DispatchRules
from ticketing.domain.lines import LinePlan
from ticketing.domain.matters import OrderType, Urgency
from ticketing.domain.nuisance import NuisanceRules
from ticketing.domain.outbound import Outbound
from ticketing.domain.probes import ProbeRules
from ticketing.domain.repeats import RepeatSettings
from ticketing.domain.routing import RoutingSettings
from ticketing.domain.sensitive import SensitiveWords
from ticketing.domain.skills import SkillQueue
from ticketing.domain.supervision import Kind, SupervisionSettings
from ticketing.domain.supervision_rounds import Rhythm
from ticketing.domain.tariff import Scoring
from ticketing.domain.transcripts import Retention
from ticketing.domain.wording import BadSetting, Text

_LONGEST_DAYS = 3650
_LONGEST_HOURS = 24 * 366
_PERCENT = 100
_LADDER = {Measure.SUPERVISION, Measure.NOTICE, Measure.LISTED, Measure.ACCOUNTABILITY}


def _whole(field: str, value: int, least: int, most: int) -> None:
    """Raise unless ``value`` lies within both bounds."""
    if not least <= value <= most:
        raise BadSetting(
            field,
            Text(
                f"{value} 不在 {least} 至 {most} 之间", f"{value} is not within {least} to {most}"
            ),
            Text(
                f"写 {least} 至 {most} 之间的整数", f"write a whole number from {least} to {most}"
            ),
        )


class Clock(StrEnum):
    """Which clock a limit runs on."""

    WALL = "wall"  # 24 × 7
    OFFICE = "office"  # while the office is open


class LateDispatch(StrEnum):
    """From which day on a dispatch after close, or on a day off, is counted (note 7)."""

    SAME_DAY = "same_day"  # the day of dispatch, whatever its hour
    NEXT_WORKING_DAY = "next_working_day"  # the working day on which the office opens next


class ReplyBy(StrEnum):
    """Who tells the citizen (note 10)."""

    UNIT = "unit"
    CENTRE = "centre"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take: working days, or hours on a clock.

    Attributes:
        rule: the id of the rule it comes from.
        working_days: until the close of business on so many working days after the dispatch.
        hours: or so many hours, on ``clock``.
        assumed: the documents give no figure.
    """

    rule: str
    working_days: int = 0
    hours: int = 0
    clock: Clock = Clock.OFFICE
    assumed: bool = False

    def __post_init__(self) -> None:
        if bool(self.working_days) == bool(self.hours):
            raise BadSetting(
                "",
                Text("时限应以工作日或小时计，二者取一", "a limit is in working days or in hours"),
                Text(
                    "写 working_days: 3，或 hours: 1 与 clock: wall",
                    "write working_days: 3, or hours: 1 with clock: wall",
                ),
            )
        _whole("working_days", self.working_days, 0, _LONGEST_DAYS)
        _whole("hours", self.hours, 0, _LONGEST_HOURS)

    @property
    def length(self) -> timedelta:
        """The hours of a limit that is set in hours."""
        return timedelta(hours=self.hours)

    def shortened(self, percent: int) -> Limit:
        """``percent`` of it, rounded up to whole days or hours: never less than one (I8)."""
        return replace(
            self,
            working_days=-(-self.working_days * percent // _PERCENT),
            hours=-(-self.hours * percent // _PERCENT),
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """By when an order is done (W3, W4), by its type."""

    consultation: Limit
    help: Limit
    complaint: Limit
    report: Limit
    suggestion: Limit
    emergency: Limit
    complex: Limit

    def of(self, kind: OrderType, complex_matter: bool) -> Limit:
        """The limit of a type; that of complex matters goes before, but for emergencies."""
        if complex_matter and kind is not OrderType.EMERGENCY:
            return self.complex
        limit: Limit = getattr(self, kind.value)
        return limit


@dataclass(frozen=True, slots=True)
class UrgencyPercent:
    """What is left of a limit when a matter is urgent (I8, A10), in percent."""

    urgent: int
    critical: int
    assumed: bool = False

    def __post_init__(self) -> None:
        _whole("urgent", self.urgent, 1, _PERCENT)
        _whole("critical", self.critical, 1, self.urgent)

    def of(self, urgency: Urgency) -> int:
        """The percentage for an urgency."""
        left = {Urgency.URGENT: self.urgent, Urgency.CRITICAL: self.critical}
        return left.get(urgency, _PERCENT)


@dataclass(frozen=True, slots=True)
class Returns:
    """Giving an order back (W2, note 14).

    Attributes:
        clock_runs_while_pending: the limit goes on while nobody has decided; else that time is
            free for the unit that has asked.
        restarts_when_accepted: the next unit's limit counts from its own dispatch; else from that
            to the unit before. The limits for signing and returning are its own in either case.
    """

    limit: Limit
    site_check: Limit
    clock_runs_while_pending: bool = True
    restarts_when_accepted: bool = True


@dataclass(frozen=True, slots=True)
class Extensions:
    """Asking for more time (W5, note 9).

    Attributes:
        most: how many for one order.
        ask_before: until the close of business so many working days before the due day.
        statutory_unlimited: ``most`` does not bind an order whose limit a law sets (附五4).
    """

    rule: str
    most: int = 3
    ask_before: int = 1
    statutory_unlimited: bool = False

    def __post_init__(self) -> None:
        _whole("most", self.most, 0, 20)
        _whole("ask_before", self.ask_before, 1, 30)


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """A measure of supervision that the city knows (D1 to D5), with the limit it sets."""

    measure: Measure
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class Supervision:
    """Supervision, in the order of its weight (D1 to D5).

    Attributes:
        publish_listed: a listed order may be made public (D4).
        hard_cases: how often the batch of hard cases goes out (D6).
        bulletins: how often each unit is told how it did, and the government (D7).
        joint_units: a late order of so many units is supervised jointly (D3).
        delay_days: an order later than this makes a sanction case (D8).
        verify_instructed: what a leader has instructed is looked at on site (D9).
    """

    measures: tuple[MeasureRule, ...]
    joint_units: int = 3
    delay_days: int = 30
    verify_instructed: bool = True
    publish_listed: bool = False
    hard_cases: Rhythm = Rhythm.NEVER
    bulletins: Rhythm = Rhythm.NEVER

    def __post_init__(self) -> None:
        known = [each.measure for each in self.measures]
        if len(set(known)) != len(known):
            raise BadSetting(
                "measures",
                Text("同一种督办方式写了两次", "a measure is there twice"),
                Text("删去一处", "take one away"),
            )
        if not any(each.measure in _LADDER for each in self.measures):
            raise BadSetting(
                "measures",
                Text("没有任何督办方式", "there is no measure of supervision"),
                Text("至少写 supervision 或 notice", "write supervision or notice at least"),
            )
        _whole("joint_units", self.joint_units, 2, 100)
        _whole("delay_days", self.delay_days, 1, _LONGEST_DAYS)

    def limit(self, measure: Measure) -> Limit | None:
        """The limit that a measure sets, or None."""
        return next((each.limit for each in self.measures if each.measure is measure), None)


@dataclass(frozen=True, slots=True)
class Callback:
    """Calling the citizen back (C1, note 11)."""

    attempts: int
    hours_between: int
    other_day: bool = True
    other_hour: bool = True

    def __post_init__(self) -> None:
        _whole("attempts", self.attempts, 1, 10)
        _whole("hours_between", self.hours_between, 0, 24 * 14)


@dataclass(frozen=True, slots=True)
class AcceptedClass:
    """A class of matters that are taken in (I1)."""

    code: str
    title: str


@dataclass(frozen=True, slots=True)
class DeclinedClass:
    """A class of matters that are not taken in (I2).

    Attributes:
        sentence: what the agent says.
        redirect: where the citizen should turn to.
        divert: the numbers a call is put through to; such a matter is never just refused.
        by_body: it is not taken in because of whose matter it is; a merged line of that body may
            override this (note 13).
    """

    code: str
    title: str
    sentence: str
    redirect: str
    divert: tuple[str, ...] = ()
    by_body: bool = False


@dataclass(frozen=True, slots=True)
class Intake:
    """What is taken in and what is not (I1, I2).

    Attributes:
        line_overrides: a merged service line takes in what a class ``by_body`` would decline
            (note 13).
    """

    accepted: tuple[AcceptedClass, ...]
    declined: tuple[DeclinedClass, ...]
    line_overrides: bool = True
    assumed: bool = False

    def __post_init__(self) -> None:
        codes = [a.code for a in self.accepted] + [d.code for d in self.declined]
        if len(set(codes)) != len(codes):
            raise BadSetting(
                "",
                Text("有两类事项用了同一个代码", "two classes have the same code"),
                Text("给每一类不同的 code", "give each class a code of its own"),
            )


@dataclass(frozen=True, slots=True)
class Reminders:
    """When units are reminded.

    Attributes:
        due_soon_hours: so many hours before the limit.
        outside_office_hours: also at night and on days off.
        urgent_at_any_time: those of urgent matters at any time.
    """

    due_soon_hours: int
    outside_office_hours: bool = False
    urgent_at_any_time: bool = True

    def __post_init__(self) -> None:
        _whole("due_soon_hours", self.due_soon_hours, 1, 24 * 30)


@dataclass(frozen=True, slots=True)
class Documents:
    """What the printed documents are called (H3, H5, H6, D1, D2, D4, W2, W5)."""

    dispatch: str
    return_request: str
    return_decision: str
    extension_request: str
    extension_decision: str
    supervision: str
    notice: str
    listed: str
    major: str
    letter: str


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule as this city has it.

    Attributes:
        source: where in the city's document; empty when the document is silent.
        text: what it says, in Chinese.
        settings: the settings that carry it, as paths such as ``limits.consultation``.
    """

    id: str
    source: str
    text: str
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyPack:
    """One city's rules, from a day on.

    Attributes:
        id: e.g. ``yanji-2019``; unique.
        city: packs of one city follow one another.
        source: the document they come from.
        until: the last day, or None.
        office_hours: opening and closing times of a working day, local.
        coordination: the ways of settling what concerns several units (I7, H6).
        archive_after_days: a closed order is archived so many days later (W8).
        lines: the number plan (T2 to T4).
        retention: how long recordings and their texts are kept.
        outbound: which numbers may be called, and how often.
        nuisance: when a caller is slowed or blocked.
        probes: when lines are tried (T8).
        dispatch_calls: ringing the persons responsible for an urgent order (H4).
        queues: those of their own, for callers who need a skill; all others wait in the common one.
        queue_callbacks: calling back those who waited, hung up or left a message.
        sensitive: words that a matter must not be overlooked for (A1).
    """

    id: str
    city: str
    name: str
    source: str
    in_force: date
    until: date | None
    timezone: str
    office_hours: tuple[tuple[time, time], ...]
    late_dispatch: LateDispatch
    sign: Limit
    returns: Returns
    limits: Limits
    urgency: UrgencyPercent
    extensions: Extensions
    supervision: Supervision
    callback: Callback
    repeats: RepeatSettings
    reply_by: ReplyBy
    intake: Intake
    routing: RoutingSettings
    coordination: tuple[Coordination, ...]
    reminders: Reminders
    archive_after_days: int
    documents: Documents
    scoring: Scoring
    rules: tuple[RuleText, ...]
    lines: LinePlan = field(default_factory=LinePlan)
    retention: Retention = field(default_factory=Retention)
    outbound: Outbound = field(default_factory=Outbound)
    nuisance: NuisanceRules = field(default_factory=NuisanceRules)
    probes: ProbeRules = field(default_factory=ProbeRules)
    dispatch_calls: DispatchRules = field(default_factory=DispatchRules)
    queue_callbacks: CallbackRules = field(default_factory=CallbackRules)
    queues: tuple[SkillQueue, ...] = ()
    sensitive: tuple[SensitiveWords, ...] = ()

    def __post_init__(self) -> None:
        _check_hours(self.office_hours)
        _whole("archive_after_days", self.archive_after_days, 0, _LONGEST_DAYS)
        _check_repeats(self.repeats)
        if self.until is not None and self.until < self.in_force:
            raise BadSetting(
                "until",
                Text("失效日早于生效日", "it ends before it begins"),
                Text("until 不早于 in_force，或写 null", "write a later day, or null"),
            )
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise BadSetting(
                "timezone",
                Text(f"没有 {self.timezone} 这个时区", f"there is no time zone {self.timezone}"),
                Text("写 Asia/Shanghai", "write Asia/Shanghai"),
            ) from None

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def supervision_settings(self) -> SupervisionSettings:
        """The pack's part in supervision, as `ticketing.domain.supervision` takes it."""
        known = [each.measure for each in self.supervision.measures]
        return SupervisionSettings(
            ladder=tuple(Kind(measure.value) for measure in known if measure in _LADDER),
            due_soon=timedelta(hours=self.reminders.due_soon_hours),
            joint_units=self.supervision.joint_units,
            delay=timedelta(days=self.supervision.delay_days),
            verify_instructed=self.supervision.verify_instructed,
        )

    def in_force_on(self, day: date) -> bool:
        """Whether orders dispatched on ``day`` are judged by it."""
        return self.in_force <= day and (self.until is None or day <= self.until)


def _check_hours(hours: tuple[tuple[time, time], ...]) -> None:
    moments = [moment for span in hours for moment in span]
    if not moments or any(a >= b for a, b in pairwise(moments)):
        raise BadSetting(
            "office_hours",
            Text("办公时间应从早到晚，不得重叠", "office hours go from early to late, apart"),
            Text(
                '写 [["08:30", "11:30"], ["13:30", "17:00"]]',
                'write [["08:30", "11:30"], ["13:30", "17:00"]]',
            ),
        )
    if any(moment.tzinfo is not None for moment in moments):
        raise BadSetting(
            "office_hours",
            Text("办公时间是当地时间", "office hours are local times"),
            Text("去掉时区", "take the offset away"),
        )


def _check_repeats(repeats: RepeatSettings) -> None:
    if repeats.days < 1 or repeats.count < 2 or not 0 < repeats.threshold <= 1:
        raise BadSetting(
            "repeats",
            Text("重复件的设置超出范围", "the settings of repeats are out of range"),
            Text(
                "days 至少 1，count 至少 2，threshold 大于 0 且不超过 1",
                "days is 1 or more, count 2 or more, threshold more than 0 and at most 1",
            ),
        )
