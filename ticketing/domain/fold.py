"""How events make an order: the fold (W8). It judges nothing; the lifecycle has done that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from ticketing.domain import actions as do
from ticketing.domain.matters import Satisfaction
from ticketing.domain.measures import Fault
from ticketing.domain.work_order import (
    RUNNING,
    Attempt,
    Blame,
    Capped,
    Credit,
    Event,
    Free,
    Granted,
    Holder,
    Refusal,
    Request,
    State,
    Supervised,
    Takeover,
    WorkOrder,
)


class BrokenHistory(ValueError):
    """Events that do not follow one another; the text says which."""


def fold(events: Iterable[Event]) -> WorkOrder:
    """The order that ``events`` have made.

    Raises:
        BrokenHistory: no event, or one that does not follow the one before.
    """
    order: WorkOrder | None = None
    for event in events:
        order = evolve(order, event)
    if order is None:
        raise BrokenHistory("an order has at least one event")
    return order


def evolve(order: WorkOrder | None, event: Event) -> WorkOrder:
    """The order after one more event.

    Raises:
        BrokenHistory: it does not follow.
    """
    command = event.command
    if order is None:
        if not isinstance(command, do.Receive) or event.seq != 1:
            raise BrokenHistory(f"{event.order}: the first event takes the matter in")
        return _received(event, command)
    if event.seq != order.version + 1 or event.order != order.number:
        raise BrokenHistory(f"{event.order}: event {event.seq} after {order.version}")
    changed = _changed(order, event)
    if event.to is State.CALLBACK and order.state is not State.CALLBACK:
        changed = replace(changed, callback_since=event.at)
    return replace(changed, state=event.to, version=event.seq, changed_at=event.at)


def _received(event: Event, command: do.Receive) -> WorkOrder:
    return WorkOrder(
        number=command.number,
        state=event.to,
        version=1,
        received_at=event.at,
        receiver=event.who,
        centre=command.centre,
        channel=command.channel,
        source=command.source,
        call=command.call,
        dialled=command.dialled,
        language=command.language,
        citizen=command.citizen,
        title=command.title,
        content=command.content,
        changed_at=event.at,
    )


def _changed(order: WorkOrder, event: Event) -> WorkOrder:
    """What the event's command changes, the state apart: one case for each action."""
    c = event.command
    match c:
        case do.Classify():
            return replace(
                order,
                type=c.type,
                category=c.category,
                district=c.district,
                urgency=c.urgency,
                complex=c.complex,
                leader_instructed=c.leader_instructed,
                statutory=c.statutory,
                title=c.title or order.title,
            )
        case do.Decline():
            return replace(order, reason_code=c.code, answer=c.said, closed_at=event.at)
        case do.AnswerDirectly():
            cited = (*order.articles, (c.article, c.version))
            return replace(order, answer=c.answer, result=c.answer, articles=cited)
        case do.Dispatch():
            return replace(
                order,
                chain=(_dispatched(order, event, c.unit),),
                assisting=c.assisting,
                returned=None,
                late_returns=0,
                pack=event.pack or order.pack,
            )
        case do.Forward():
            return replace(order, chain=(*order.chain, _holder(order, event, c.unit)))
        case do.Sign():
            return _last(order, signed_at=event.at)
        case do.Withdraw() | do.Close():
            return replace(_undecided(order), closed_at=event.at, paused_at=None)
        case do.Reply():
            replied = replace(order, answer=c.text)
            return _last(replied, replied_at=event.at) if order.state in RUNNING else replied
        case do.ReportBack():
            cited = (*order.articles, (c.article, c.version)) if c.article else order.articles
            told = replace(_decided(order, event), extension_request=None)
            return _last(replace(told, result=c.result, articles=cited), reported_at=event.at)
        case do.Review():
            return _reviewed(order, event, c)
        case do.Redo():
            return _again(order, event)
        case do.CallBack():
            return _called_back(order, event, c)
        case do.Opinion():
            return replace(order, opinions=(*order.opinions, (event.unit, c.text)))
        case do.Pause():
            return replace(order, paused_at=event.at)
        case do.Resume():
            assert order.paused_at is not None  # noqa: S101 - a guard has seen to it
            freed = Free(order.paused_at, event.at)
            return _credited(replace(order, paused_at=None), event, freed)
        case do.SetUrgency():
            return _with_moments(replace(order, urgency=c.urgency), event)
        case do.Recompute():
            return _with_moments(order, event)
        case do.Supervise():
            issued = Supervised(
                at=event.at,
                who=event.who,
                measure=c.measure,
                limit=c.limit,
                draft=c.draft,
                published=c.publish,
                round=order.round,
            )
            return replace(order, supervised=(*order.supervised, issued))
        case do.Instruct():
            return replace(order, instructions=(*order.instructions, event.seq))
        case do.PassOn():
            passed_on = (*order.passed_on, (c.instruction, order.round))
            urgent = replace(order, passed_on=passed_on, urgency=c.urgency or order.urgency)
            return _credited(urgent, event, Capped(c.limit.astimezone(UTC)))
        case do.Verify():
            return replace(order, verified=order.round)
        case do.FindFault():
            return replace(order, faults=(*order.faults, _blame(order, event, c.fault)))
        case do.OpenCase():
            case = _blame(order, event, c.fault, c.draft)
            return replace(order, cases=(*order.cases, case))
        case do.AcceptDispatch():
            return _taken_over(order, event, c)
        case do.Warn():
            return replace(order, warned=order.warned | {(c.alarm, c.limit)})
        case do.LinkRepeat():
            return replace(order, earlier=(*order.earlier, c.earlier))
        case do.JoinMaster():
            return replace(order, master=c.master)
        case do.LeaveMaster():
            return replace(order, master="")
        case _:
            return _requested(order, event)


def _requested(order: WorkOrder, event: Event) -> WorkOrder:
    """Requests and their decisions; whatever else there is changes only the history."""
    c = event.command
    match c:
        case do.AskReturn():
            late = order.late_returns + _too_late(order, c, event.at)
            asked_back = replace(order, return_request=_request(event, c), late_returns=late)
            return _with_moments(asked_back, event)
        case do.AskExtension():
            return replace(order, extension_request=_request(event, c))
        case do.AskExemption():
            return replace(order, exemption_request=_request(event, c))
        case do.DecideReturn():
            return _returned(order, event, c)
        case do.DecideExtension():
            decided = replace(order, extension_request=None)
            asked = order.extension_request
            if not c.accepted or asked is None:
                return decided
            assert isinstance(asked.command, do.AskExtension)  # noqa: S101 - what it holds
            one_more = replace(decided, extensions=order.extensions + 1)
            return _credited(one_more, event, Granted(asked.command.days))
        case do.DecideExemption():
            decided = replace(order, exemption_request=None)
            asked = order.exemption_request
            if not c.accepted or asked is None:
                return decided
            assert isinstance(asked.command, do.AskExemption)  # noqa: S101 - what it holds
            return _credited(decided, event, Free(asked.command.start, asked.command.end))
        case _:
            return order


def _request(event: Event, command: do.AskReturn | do.AskExtension | do.AskExemption) -> Request:
    return Request(at=event.at, who=event.who, unit=event.unit, command=command)


def _holder(order: WorkOrder, event: Event, unit: str) -> Holder:
    if event.moments is None:
        raise BrokenHistory(f"{order.number}: a dispatch sets limits (event {event.seq})")
    return Holder(unit=unit, by=event.unit, at=event.at, moments=event.moments)


def _last(order: WorkOrder, **changes: datetime) -> WorkOrder:
    """The order with its holder changed."""
    if not order.chain:
        raise BrokenHistory(f"{order.number}: no unit has it")
    return replace(order, chain=(*order.chain[:-1], replace(order.chain[-1], **changes)))  # type: ignore[arg-type]


def _with_moments(order: WorkOrder, event: Event) -> WorkOrder:
    """The limits of the holder, and of the units above it where the step has moved them."""
    if event.moments is None or not order.chain:
        return order
    own = replace(event.moments, above=())
    limits = (*(event.moments.above or (above.moments for above in order.chain[:-1])), own)
    chain = (replace(each, moments=new) for each, new in zip(order.chain, limits, strict=True))
    return replace(order, chain=tuple(chain))


def _blame(order: WorkOrder, event: Event, fault: Fault, draft: str = "") -> Blame:
    return Blame(
        at=event.at,
        who=event.who,
        unit="" if order.holder is None else order.holder.unit,
        fault=fault,
        round=order.round,
        draft=draft,
    )


def _taken_over(order: WorkOrder, event: Event, command: do.AcceptDispatch) -> WorkOrder:
    """Who takes an order over signs for it, where nobody has (W1, H4)."""
    holder = order.holder
    unit = "" if holder is None else holder.unit
    taken = Takeover(at=event.at, person=command.person, unit=unit, call=command.call)
    told = replace(order, takeovers=(*order.takeovers, taken))
    signed = holder is None or holder.signed_at is not None
    return told if signed else _last(told, signed_at=event.at)


def _credited(order: WorkOrder, event: Event, credit: Credit) -> WorkOrder:
    """Limits that are later by ``credit``: the holder's, or those of all that have the order."""
    moved = _with_moments(order, event)
    whole = event.moments is not None and bool(event.moments.above)
    chain = tuple(
        replace(each, credits=(*each.credits, credit)) if whole or each is moved.chain[-1] else each
        for each in moved.chain
    )
    return replace(moved, chain=chain)


def _undecided(order: WorkOrder) -> WorkOrder:
    """Requests that nobody will decide any more are gone."""
    return replace(order, return_request=None, extension_request=None, exemption_request=None)


def _too_late(order: WorkOrder, asked: do.AskReturn, at: datetime) -> bool:
    """Whether a return is asked for after the limit for that (W2)."""
    if order.holder is None:
        return False
    limits = order.holder.moments
    return at > (limits.return_by_site_check if asked.site_check else limits.return_by)


def _decided(order: WorkOrder, event: Event) -> WorkOrder:
    """No return is asked for any more; if the clock has stood for it, that time is free."""
    asked = order.return_request
    decided = replace(order, return_request=None)
    if asked is None or event.moments is None:
        return decided
    return _credited(decided, event, Free(asked.at, event.at))


def _dispatched(order: WorkOrder, event: Event, unit: str) -> Holder:
    """A unit that has the order now; where the clock goes on, with what has moved it before."""
    holder = _holder(order, event, unit)
    if order.returned is None or holder.moments.since is None:
        return holder
    return replace(holder, credits=order.returned.credits)


def _given_back(order: WorkOrder, holder: Holder, at: datetime) -> Holder:
    """The unit that has the order no more, with the time that its clock has stood."""
    asked, stood = order.return_request, list(holder.credits)
    if order.paused_at is not None:
        stood.append(Free(order.paused_at, at))
    if asked is not None and holder.moments.stands:
        stood.append(Free(asked.at, at))
    return replace(holder, credits=tuple(stood))


def _returned(order: WorkOrder, event: Event, command: do.DecideReturn) -> WorkOrder:
    asked, holder = order.return_request, order.holder
    decided = _decided(order, event)
    if not command.accepted or asked is None or holder is None:
        return decided
    assert isinstance(asked.command, do.AskReturn)  # noqa: S101 - what return_request holds
    refusal = Refusal(
        unit=asked.unit,
        at=asked.at,
        who=asked.who,
        why=asked.command.why,
        late=_too_late(order, asked.command, asked.at),
        forwarded=len(order.chain) > 1,
    )
    given_back = replace(decided, refusals=(*order.refusals, refusal))
    if refusal.forwarded:
        return _up(given_back)
    return replace(
        _undecided(given_back),
        chain=(),
        assisting=(),
        paused_at=None,
        returned=_given_back(order, holder, event.at),
    )


def _up(order: WorkOrder) -> WorkOrder:
    """The unit above has it again (N1); what it has asked for itself is still asked for."""
    below, exemption = order.chain[-1], order.exemption_request
    own = exemption is not None and exemption.unit != below.unit
    return replace(
        order,
        chain=order.chain[:-1],
        return_request=None,
        extension_request=None,
        exemption_request=exemption if own else None,
    )


def _reviewed(order: WorkOrder, event: Event, command: do.Review) -> WorkOrder:
    if not command.passed:
        return _again(order, event)
    if len(order.chain) == 1:
        return order
    told = order.chain[-1].replied_at
    above = _up(order)
    return _last(above, replied_at=told) if told is not None else above


def _again(order: WorkOrder, event: Event) -> WorkOrder:
    """A new round with the same unit (W7), whose clocks start anew; without one, at the centre."""
    holder, chain = order.holder, order.chain
    if holder is not None:
        chain = (*chain[:-1], replace(_holder(order, event, holder.unit), by=holder.by))
    return replace(
        _undecided(order),
        chain=chain,
        round=order.round + 1,
        satisfaction=None,
        callback_since=None,
        closed_at=None,
        paused_at=None,
        master="",
    )


def _called_back(order: WorkOrder, event: Event, command: do.CallBack) -> WorkOrder:
    attempt = Attempt(
        at=event.at,
        who=event.who,
        round=order.round,
        reached=command.reached,
        satisfaction=command.satisfaction,
        said=command.said,
    )
    tried = replace(order, attempts=(*order.attempts, attempt))
    if command.satisfaction is not None:
        tried = replace(tried, satisfaction=command.satisfaction)
    elif event.to is State.CLOSED:
        tried = replace(tried, satisfaction=Satisfaction.UNREACHABLE)
    return replace(tried, closed_at=event.at) if event.to is State.CLOSED else tried
