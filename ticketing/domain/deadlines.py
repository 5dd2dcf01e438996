"""By when what must be done: W1 to W5, W9, D1, D4 and notes 7 to 9 and 14, from a pack's data.

Every function takes the pack and the calendar and gives the same for the same. To compute anew
after a year was published, call it again with the new calendar. What an order that is given back
keeps of its time (note 14) is told by `ticketing.domain.limits`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ticketing.domain.calendar import OfficeTime, WorkCalendar, days_between
from ticketing.domain.errors import ExtensionRefused
from ticketing.domain.matters import OrderType, StatutoryLimit, Urgency
from ticketing.domain.policy import Clock, LateDispatch, Limit, PolicyPack

_DAY = timedelta(days=1)
_KINDS = {
    OrderType.CONSULTATION: "咨询",
    OrderType.HELP: "求助",
    OrderType.COMPLAINT: "投诉",
    OrderType.REPORT: "举报",
    OrderType.SUGGESTION: "建议",
    OrderType.EMERGENCY: "突发",
}
_URGENCIES = {Urgency.URGENT: "紧急", Urgency.CRITICAL: "特急"}
_EXEMPTION = "W9"
_STATUTORY = "W4"
_LISTED = "D4"


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A day that was looked at: whether it is worked, and why so.

    Attributes:
        provisional: its year is not published, so this may change (note 7).
    """

    day: date
    working: bool
    reason: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Deadline:
    """One limit.

    Attributes:
        at: until then, UTC; what happens later is late.
        rule: the id of the rule that sets it.
        days: the days that decided it, none for a limit on the wall clock.
        provisional: one of them is.
        why: in words, in Chinese.
    """

    at: datetime
    rule: str
    days: tuple[CountedDay, ...]
    provisional: bool
    why: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """All limits of one dispatch.

    Attributes:
        limit_days: the length of the limit in working days; 0 when it is set in hours. No
            extension is longer (note 9).
    """

    sign_by: Deadline
    return_by: Deadline
    return_by_site_check: Deadline
    extension_by: Deadline
    due: Deadline
    limit_days: int


def office_time(pack: PolicyPack, calendar: WorkCalendar) -> OfficeTime:
    """The clock that runs while the city's offices are open."""
    return OfficeTime(calendar, pack.office_hours, pack.zone)


def set_deadlines(
    pack: PolicyPack,
    calendar: WorkCalendar,
    *,
    type: OrderType,  # noqa: A002 - the order's word for it
    dispatched: datetime,
    urgency: Urgency = Urgency.NORMAL,
    complex_matter: bool = False,
    statutory: StatutoryLimit | None = None,
) -> Deadlines:
    """The limits of an order dispatched at ``dispatched``, which is aware (W1 to W5).

    A statutory limit goes before the pack's whatever its length, and urgency does not shorten it.

    Raises:
        ValueError: ``dispatched`` has no offset, or the statutory limit is shorter than a day.
    """
    if dispatched.tzinfo is None:
        raise ValueError("the time of dispatch needs an offset")
    office = office_time(pack, calendar)
    if statutory is None:
        limit = pack.limits.of(type, complex_matter).shortened(pack.urgency.of(urgency))
        by_complexity = complex_matter and type is not OrderType.EMERGENCY
        label = f"{_URGENCIES.get(urgency, '')}{'复杂' if by_complexity else _KINDS[type]}事项"
        due = _after(pack, office, dispatched, limit, f"{label}办结")
        days = limit.working_days
    else:
        due, days = _statutory(pack, office, dispatched, statutory)
    return Deadlines(
        sign_by=_after(pack, office, dispatched, pack.sign, "签收"),
        return_by=_after(pack, office, dispatched, pack.returns.limit, "申请退回"),
        return_by_site_check=_after(
            pack, office, dispatched, pack.returns.site_check, "需现场核查的，申请退回"
        ),
        extension_by=_asked_by(pack, office, due, days),
        due=due,
        limit_days=days,
    )


def due_clock(
    pack: PolicyPack,
    type: OrderType,  # noqa: A002
    *,
    complex_matter: bool = False,
    statutory: StatutoryLimit | None = None,
) -> Clock:
    """The clock that the limit of an order runs on, for `shifted` and `exempted`."""
    limit = pack.limits.of(type, complex_matter)
    by_hours = limit.hours > 0 and statutory is None
    return limit.clock if by_hours else Clock.OFFICE


def extension_limit(
    pack: PolicyPack, calendar: WorkCalendar, due: datetime, *, days: int
) -> Deadline:
    """Until when an extension of a limit that ends at ``due`` may be asked for (W5, note 9).

    Args:
        days: the length of the order's original limit in working days.
    """
    office = office_time(pack, calendar)
    end = office.day_of(due)
    ahead = pack.extensions.ask_before
    counted = _look(calendar, _days_before(calendar, end, ahead if days > ahead else 0), end)
    whole = Deadline(
        due.astimezone(UTC), pack.extensions.rule, counted, _any_provisional(counted), ""
    )
    return _asked_by(pack, office, whole, days)


def may_ask_extension(
    pack: PolicyPack,
    calendar: WorkCalendar,
    due: datetime,
    now: datetime,
    *,
    days: int,
    granted: int = 0,
    statutory: bool = False,
) -> bool:
    """Whether an extension may still be asked for at ``now`` (W5).

    Args:
        days: the length of the original limit in working days; an order of hours is not extended.
        granted: how many it has had.
        statutory: a law sets its limit.
    """
    in_time = now <= extension_limit(pack, calendar, due, days=days).at
    return in_time and days > 0 and (granted < pack.extensions.most or _unbound(pack, statutory))


def extended(
    pack: PolicyPack,
    calendar: WorkCalendar,
    due: datetime,
    days: int,
    *,
    original_days: int,
    granted: int,
    statutory: bool = False,
) -> Deadline:
    """``due`` later by ``days`` working days: the close of business on the last of them (W5).

    Raises:
        ExtensionRefused: the order has had as many as it may, or this one is longer than the
            original limit or shorter than a day.
    """
    if granted >= pack.extensions.most and not _unbound(pack, statutory):
        raise ExtensionRefused(
            f"已延期 {granted} 次，最多 {pack.extensions.most} 次（{pack.extensions.rule}）"
        )
    if not 1 <= days <= original_days:
        raise ExtensionRefused(
            f"延期应为 1 至 {original_days} 个工作日，不得超过原时限（{pack.extensions.rule}）"
            if original_days
            else "以小时计的时限不能按工作日延期"
        )
    office = office_time(pack, calendar)
    start = office.day_of(due)
    last = calendar.add_working_days(start, days)
    return _deadline(
        office,
        office.closing(last),
        pack.extensions.rule,
        (start + _DAY, last),
        f"延期 {days} 个工作日，至 {_local(office, office.closing(last))}",
    )


def shifted(
    pack: PolicyPack,
    calendar: WorkCalendar,
    due: datetime,
    paused_from: datetime,
    paused_until: datetime,
    *,
    clock: Clock = Clock.OFFICE,
) -> Deadline:
    """``due`` later by what of a pause fell on its clock: as much time is left after as before."""
    return exempted(pack, calendar, due, ((paused_from, paused_until),), clock=clock)


def exempted(
    pack: PolicyPack,
    calendar: WorkCalendar,
    due: datetime,
    windows: Iterable[tuple[datetime, datetime]],
    *,
    since: datetime | None = None,
    clock: Clock = Clock.OFFICE,
) -> Deadline:
    """``due`` later by the time that does not count: pauses and force majeure (W9).

    Windows that overlap count once, and nothing counts that lies before ``since`` (the start of the
    limit) or after the limit as it then is.

    Args:
        windows: from and until, aware; one that ends before it begins counts nothing.
        clock: the clock of the limit: the sign's (W1) is the pack's ``sign.clock``.
    """
    office = office_time(pack, calendar)
    moved = due.astimezone(UTC)
    reached = since
    for start, end in sorted(windows):
        begin = start if reached is None else max(start, reached)
        if begin >= end or begin >= moved:
            continue
        reached = end
        if clock is Clock.WALL:
            moved += end - begin
        else:
            moved = office.add(moved, office.between(begin, end))
    span = None if clock is Clock.WALL else (office.day_of(due), office.day_of(moved))
    why = f"扣除不计时的时间后，至 {_local(office, moved)}"
    return _deadline(office, moved, _EXEMPTION, span, why)


def supervision_limit(
    pack: PolicyPack, calendar: WorkCalendar, issued: datetime, limit: Limit
) -> Deadline:
    """The new limit that a measure of supervision sets when it is issued (D1, D2)."""
    return _after(pack, office_time(pack, calendar), issued, limit, "督办")


def latest_listed_limit(
    pack: PolicyPack,
    calendar: WorkCalendar,
    *,
    first_issued: datetime,
    first_limit: datetime,
    issued: datetime,
) -> Deadline:
    """The latest limit of a listed order: as many working days as the first supervision had (D4).

    The days are counted, not the hours: a supervision issued in the morning and a listing issued in
    the afternoon may both end at close of business two working days later. When the first limit was
    of the same day, the listing has as many hours.
    """
    office = office_time(pack, calendar)
    first = office.day_of(first_issued)
    days = len(calendar.working_days(first + _DAY, office.day_of(first_limit)))
    if not days:
        at = issued.astimezone(UTC) + max(first_limit - first_issued, timedelta(0))
        return _deadline(office, at, _LISTED, None, f"挂牌督办不晚于 {_local(office, at)}")
    start = office.day_of(issued)
    last = calendar.add_working_days(start, days)
    why = f"首次督办 {days} 个工作日，挂牌督办不得更长，至 {_local(office, office.closing(last))}"
    return _deadline(office, office.closing(last), _LISTED, (start + _DAY, last), why)


def next_office_moment(pack: PolicyPack, calendar: WorkCalendar, moment: datetime) -> datetime:
    """The first moment from ``moment`` on at which a unit may be reminded, UTC."""
    return office_time(pack, calendar).next_moment(moment)


def _after(
    pack: PolicyPack, office: OfficeTime, start: datetime, limit: Limit, what: str
) -> Deadline:
    """``limit`` from ``start`` on."""
    if limit.working_days:
        first = _first_day(pack, office, start)
        last = office.calendar.add_working_days(first - _DAY, limit.working_days)
        at, span = office.closing(last), (first, last)
        length = f"{limit.working_days} 个工作日内"
    elif limit.clock is Clock.WALL:
        at, span = start.astimezone(UTC) + limit.length, None
        length = f"{limit.hours} 小时内（不分昼夜）"
    else:
        at = office.add(start, limit.length)
        span = (office.day_of(start), office.day_of(at))
        length = f"{limit.hours} 个办公小时内"
    assumed = "，文件未定，暂按此执行" if limit.assumed else ""
    return _deadline(
        office, at, limit.rule, span, f"{what}：{length}{assumed}，至 {_local(office, at)}"
    )


def _first_day(pack: PolicyPack, office: OfficeTime, start: datetime) -> date:
    """The first day that may count: not the day of dispatch itself (note 7)."""
    day = office.day_of(start)
    if pack.late_dispatch is LateDispatch.NEXT_WORKING_DAY:
        day = office.day_of(office.next_moment(start))
    return day + _DAY


def _statutory(
    pack: PolicyPack, office: OfficeTime, start: datetime, limit: StatutoryLimit
) -> tuple[Deadline, int]:
    """The limit that a law sets, and its length in working days (W4).

    Calendar days end on a working day: a last day that is free moves to the next that is worked.
    """
    if limit.days < 1:
        raise ValueError("a statutory limit is a day or more")
    first = _first_day(pack, office, start)
    if limit.working:
        last = office.calendar.add_working_days(first - _DAY, limit.days)
        length = f"{limit.days} 个工作日"
    else:
        last = office.calendar.working_day_from(first + (limit.days - 1) * _DAY)
        length = f"{limit.days} 日，末日非工作日的顺延至下一工作日"
    at = office.closing(last)
    why = f"法定时限（{limit.basis}）：{length}，至 {_local(office, at)}"
    days = limit.days if limit.working else len(office.calendar.working_days(first, last))
    return _deadline(office, at, _STATUTORY, (first, last), why), days


def _asked_by(pack: PolicyPack, office: OfficeTime, due: Deadline, days: int) -> Deadline:
    """Until when an extension of ``due`` may be asked for; it is decided by the same days."""
    ahead = pack.extensions.ask_before
    if days <= ahead:  # a limit this short leaves no such day: until it is due (note 9)
        at, when = due.at, "截止前均可"
    else:
        at = office.closing(_days_before(office.calendar, office.day_of(due.at), ahead))
        when = f"不晚于截止日前 {ahead} 个工作日下班"
    why = f"申请延期：{when}，至 {_local(office, at)}"
    return Deadline(at, pack.extensions.rule, due.days, due.provisional, why)


def _days_before(calendar: WorkCalendar, day: date, n: int) -> date:
    for _ in range(n):
        day = calendar.working_day_before(day)
    return day


def _unbound(pack: PolicyPack, statutory: bool) -> bool:
    return statutory and pack.extensions.statutory_unlimited


def _deadline(
    office: OfficeTime, at: datetime, rule: str, span: tuple[date, date] | None, why: str
) -> Deadline:
    counted = () if span is None else _look(office.calendar, *span)
    return Deadline(at, rule, counted, _any_provisional(counted), why)


def _look(calendar: WorkCalendar, first: date, last: date) -> tuple[CountedDay, ...]:
    return tuple(
        CountedDay(day, calendar.is_working(day), calendar.reason(day), calendar.provisional(day))
        for day in days_between(first, last)
    )


def _any_provisional(days: Iterable[CountedDay]) -> bool:
    return any(each.provisional for each in days)


def _local(office: OfficeTime, moment: datetime) -> str:
    return f"{moment.astimezone(office.zone):%Y-%m-%d %H:%M}"
