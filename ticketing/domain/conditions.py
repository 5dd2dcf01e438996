"""The conditions of steps: who acts, in which world, and whether something holds."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from datetime import datetime, timedelta

from ticketing.domain import actions as do
from ticketing.domain.actions import Command, Measure, Reached
from ticketing.domain.calendar import WorkCalendar
from ticketing.domain.deadlines import extended, latest_listed_limit, supervision_limit
from ticketing.domain.lines import LineKind
from ticketing.domain.matters import Satisfaction
from ticketing.domain.policy import PolicyPack, ReplyBy
from ticketing.domain.roles import Role
from ticketing.domain.units import UnitKind, UnitTree
from ticketing.domain.work_order import State, WorkOrder

_LONGEST_STATUTORY = 3650
_LONGEST_SUPERVISION = timedelta(days=366)
_WITHOUT_LIMIT = frozenset({Measure.REMINDER, Measure.ACCOUNTABILITY, Measure.JOINT})
_CONTENT = frozenset({Satisfaction.SATISFIED, Satisfaction.BASICALLY})
_TOLD = frozenset(
    {
        "answer",
        "attended",
        "content",
        "earlier",
        "evidence",
        "leader",
        "master",
        "person",
        "result",
        "text",
        "why",
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        unit: the unit that the person belongs to; the root for the city's hotline itself.
        system: a clock or a channel, not a person.
    """

    name: str
    roles: frozenset[Role]
    unit: str
    system: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """What a step is judged by: the pack in force, the calendar and the tree of units."""

    pack: PolicyPack
    calendar: WorkCalendar
    units: UnitTree


@dataclass(frozen=True, slots=True)
class Facts:
    """One step to be judged.

    Attributes:
        at_centre: the actor stands at the centre's desk (`ticketing.domain.lifecycle`).
    """

    order: WorkOrder
    command: Command
    actor: Actor
    now: datetime
    world: World
    at_centre: bool = False


def said(f: Facts) -> bool:
    """Every text that the action cannot do without is there."""
    return all(
        _filled(getattr(f.command, each.name))
        for each in fields(f.command)
        if each.name in _TOLD and each.default is MISSING
    )


def _filled(value: object) -> bool:
    texts = value if isinstance(value, tuple) else (value,)
    return any(str(text).strip() for text in texts)


def bad_work_explained(f: Facts) -> bool:
    """What is sent back for redoing is sent back with reasons (W7)."""
    assert isinstance(f.command, do.Review)  # noqa: S101
    return f.command.passed or bool(f.command.why.strip())


def number_well_formed(f: Facts) -> bool:
    number = f.order.number
    return number.isascii() and number.isdigit() and 8 <= len(number) <= 18


def taken_in_by_a_centre(f: Facts) -> bool:
    centre = f.world.units.get(f.order.centre)
    return centre is not None and (
        centre.kind is UnitKind.CENTRE or centre.id == f.world.units.root.id
    )


def statutory_complete(f: Facts) -> bool:
    """A law's limit is a day or more, and the law is named (W4)."""
    assert isinstance(f.command, do.Classify)  # noqa: S101
    limit = f.command.statutory
    return limit is None or (1 <= limit.days <= _LONGEST_STATUTORY and bool(limit.basis.strip()))


def article_cited(f: Facts) -> bool:
    assert isinstance(f.command, do.AnswerDirectly)  # noqa: S101
    return bool(f.command.article.strip()) and f.command.version >= 1


# --- units --------------------------------------------------------------------------------------
def known_unit(f: Facts) -> bool:
    assert isinstance(f.command, do.Dispatch | do.Forward)  # noqa: S101
    return _active(f, f.command.unit)


def _active(f: Facts, unit: str) -> bool:
    known = f.world.units.get(unit)
    return known is not None and known.active


def assisting_known(f: Facts) -> bool:
    assert isinstance(f.command, do.Dispatch)  # noqa: S101
    others = f.command.assisting
    return (
        len(set(others)) == len(others)
        and f.command.unit not in others
        and all(_active(f, name) for name in others)
    )


def in_own_tree(f: Facts) -> bool:
    assert isinstance(f.command, do.Dispatch)  # noqa: S101
    return f.world.units.within(f.command.unit, f.actor.unit)


def below_own(f: Facts) -> bool:
    assert isinstance(f.command, do.Forward)  # noqa: S101
    return f.command.unit != f.actor.unit and f.world.units.within(f.command.unit, f.actor.unit)


def not_refused_before(f: Facts) -> bool:
    assert isinstance(f.command, do.Dispatch)  # noqa: S101
    refused = {refusal.unit for refusal in f.order.refusals}
    return f.command.unit not in refused or f.order.state is State.CENTRE


def own_or_by_phone(f: Facts) -> bool:
    """Who signs for another unit has its responsible person on the telephone (H4)."""
    assert isinstance(f.command, do.Sign)  # noqa: S101
    holder = f.order.holder
    return bool(f.command.by_phone.strip()) or (holder is not None and f.actor.unit == holder.unit)


def way_known(f: Facts) -> bool:
    assert isinstance(f.command, do.Coordinate)  # noqa: S101
    return f.command.how in f.world.pack.coordination


# --- limits -------------------------------------------------------------------------------------
def due_ahead(f: Facts) -> bool:
    holder = f.order.holder
    return holder is not None and holder.moments.due > _on_the_clock(f)


def _on_the_clock(f: Facts) -> datetime:
    """Now, on a clock that may stand since a return was asked for (note 14)."""
    asked, holder = f.order.return_request, f.order.holder
    stands = asked is not None and holder is not None and holder.moments.stands
    return asked.at if asked is not None and stands else f.now


def clock_runs(f: Facts) -> bool:
    return f.order.paused_at is None


def clock_stands(f: Facts) -> bool:
    return f.order.paused_at is not None


def no_return_open(f: Facts) -> bool:
    return f.order.return_request is None


def return_open(f: Facts) -> bool:
    return f.order.return_request is not None


def no_extension_open(f: Facts) -> bool:
    return f.order.extension_request is None


def extension_open(f: Facts) -> bool:
    return f.order.extension_request is not None


def no_exemption_open(f: Facts) -> bool:
    return f.order.exemption_request is None


def exemption_open(f: Facts) -> bool:
    return f.order.exemption_request is not None


def exemption_settled(f: Facts) -> bool:
    """Lateness can be judged; a unit above need not wait for it (W9)."""
    return f.order.exemption_request is None or len(f.order.chain) > 1


def exemption_window(f: Facts) -> bool:
    assert isinstance(f.command, do.AskExemption)  # noqa: S101
    start, end = f.command.start, f.command.end
    return _aware(start) and _aware(end) and start < end <= f.now


def _aware(moment: datetime) -> bool:
    return moment.utcoffset() is not None


def extensions_left(f: Facts) -> bool:
    unbound = f.order.statutory is not None and f.world.pack.extensions.statutory_unlimited
    return unbound or f.order.extensions < f.world.pack.extensions.most


def extension_in_time(f: Facts) -> bool:
    holder = f.order.holder
    return holder is not None and _on_the_clock(f) <= holder.moments.extension_by


def extension_not_longer(f: Facts) -> bool:
    """Neither asked for nor granted: the limit may have become shorter in between (I8)."""
    holder, days = f.order.holder, _extension_days(f)
    return days is None or (holder is not None and 1 <= days <= holder.moments.days)


def extension_own_to_grant(f: Facts) -> bool:
    """A unit that has forwarded the order grants no more time than it has itself (N1)."""
    days, chain = _extension_days(f), f.order.chain
    if days is None or len(chain) < 2 or f.at_centre:
        return True
    last, above = chain[-1].moments, chain[-2].moments
    later = extended(f.world.pack, f.world.calendar, last.due, days, original_days=days, granted=0)
    return later.at <= above.due


def _extension_days(f: Facts) -> int | None:
    """The days that are asked for or would be granted; None when it is refused."""
    if isinstance(f.command, do.AskExtension):
        return f.command.days
    assert isinstance(f.command, do.DecideExtension)  # noqa: S101
    asked = f.order.extension_request
    if asked is None or not f.command.accepted:
        return None
    assert isinstance(asked.command, do.AskExtension)  # noqa: S101
    return asked.command.days


# --- answer and callback ------------------------------------------------------------------------
def replied(f: Facts) -> bool:
    holder = f.order.holder
    return f.world.pack.reply_by is ReplyBy.CENTRE or (
        holder is not None and (holder.replied_at is not None or len(f.order.chain) > 1)
    )


def unit_replies(f: Facts) -> bool:
    return f.world.pack.reply_by is not ReplyBy.CENTRE


def centre_replies(f: Facts) -> bool:
    return f.world.pack.reply_by is not ReplyBy.UNIT and len(f.order.chain) == 1


def not_rated(f: Facts) -> bool:
    return f.order.satisfaction is None


def one_result(f: Facts) -> bool:
    assert isinstance(f.command, do.CallBack)  # noqa: S101
    answered = f.command.reached is Reached.ANSWERED
    return (f.command.satisfaction is None) != answered and (
        f.command.satisfaction is not Satisfaction.UNREACHABLE
    )


def not_content(f: Facts) -> bool:
    return f.order.state is State.CLOSED or f.order.satisfaction is Satisfaction.DISSATISFIED


def content_or_reason(f: Facts) -> bool:
    assert isinstance(f.command, do.Close)  # noqa: S101
    return f.order.satisfaction in _CONTENT or bool(f.command.why.strip())


# --- intake -------------------------------------------------------------------------------------
def reason_known(f: Facts) -> bool:
    assert isinstance(f.command, do.Decline)  # noqa: S101
    code = f.command.code
    return any(refusal.code == code for refusal in f.world.pack.intake.declined)


def line_leaves_it_out(f: Facts) -> bool:
    """What a merged service line is there for is not declined for whose matter it is (note 13)."""
    assert isinstance(f.command, do.Decline)  # noqa: S101
    pack, code = f.world.pack, f.command.code
    of_a_body = any(each.code == code and each.by_body for each in pack.intake.declined)
    if not (of_a_body and pack.intake.line_overrides):
        return True
    day = f.order.received_at.astimezone(pack.zone).date()
    line = pack.lines.find(f.order.dialled, day) if f.order.dialled else None
    return line is None or line.kind is not LineKind.MERGED


def redirect_named(f: Facts) -> bool:
    assert isinstance(f.command, do.Decline)  # noqa: S101
    for refusal in f.world.pack.intake.declined:
        if refusal.code == f.command.code and refusal.divert:
            return bool(f.command.redirect.strip())
    return True


def another_order(f: Facts) -> bool:
    assert isinstance(f.command, do.LinkRepeat | do.JoinMaster)  # noqa: S101
    if isinstance(f.command, do.JoinMaster):
        return f.command.master != f.order.number
    return f.command.earlier != f.order.number and f.command.earlier not in f.order.earlier


# --- supervision --------------------------------------------------------------------------------
def measure_known(f: Facts) -> bool:
    assert isinstance(f.command, do.Supervise)  # noqa: S101
    return any(each.measure is f.command.measure for each in f.world.pack.supervision.measures)


def limit_given(f: Facts) -> bool:
    assert isinstance(f.command, do.Supervise)  # noqa: S101
    limit = f.command.limit
    if limit is None or f.command.measure is Measure.REMINDER:
        return limit is None and f.command.measure in _WITHOUT_LIMIT
    return _aware(limit) and f.now < limit <= f.now + _LONGEST_SUPERVISION


def instruction_open(f: Facts) -> bool:
    """There is such an instruction, and the unit was not told of it in this round (D9)."""
    assert isinstance(f.command, do.PassOn)  # noqa: S101
    this = f.command.instruction
    return this in f.order.instructions and (this, f.order.round) not in f.order.passed_on


def instruction_limited(f: Facts) -> bool:
    assert isinstance(f.command, do.PassOn)  # noqa: S101
    return _aware(f.command.limit) and f.now < f.command.limit <= f.now + _LONGEST_SUPERVISION


def fault_is_new(f: Facts) -> bool:
    """Each fault is found, and each case opened, once in a round (D8)."""
    assert isinstance(f.command, do.FindFault | do.OpenCase)  # noqa: S101
    known = f.order.faults if isinstance(f.command, do.FindFault) else f.order.cases
    return all((each.fault, each.round) != (f.command.fault, f.order.round) for each in known)


def listed_not_longer(f: Facts) -> bool:
    """Not longer than the first supervision; than the pack's when there was none (D4)."""
    assert isinstance(f.command, do.Supervise)  # noqa: S101
    if f.command.measure is not Measure.LISTED or f.command.limit is None:
        return True
    pack, calendar = f.world.pack, f.world.calendar
    for first in f.order.supervised:
        if first.limit is not None:
            latest = latest_listed_limit(
                pack, calendar, first_issued=first.at, first_limit=first.limit, issued=f.now
            )
            return f.command.limit <= latest.at
    usual = pack.supervision.limit(Measure.SUPERVISION) or pack.supervision.limit(Measure.LISTED)
    if usual is None:
        return False
    return f.command.limit <= supervision_limit(pack, calendar, f.now, usual).at


def may_be_published(f: Facts) -> bool:
    assert isinstance(f.command, do.Supervise)  # noqa: S101
    listed = f.command.measure is Measure.LISTED and f.world.pack.supervision.publish_listed
    return listed or not f.command.publish


def draft_is_new(f: Facts) -> bool:
    assert isinstance(f.command, do.Supervise)  # noqa: S101
    draft = f.command.draft
    return not draft or all(issued.draft != draft for issued in f.order.supervised)


def not_warned(f: Facts) -> bool:
    assert isinstance(f.command, do.Warn)  # noqa: S101
    return (f.command.alarm, f.command.limit) not in f.order.warned
