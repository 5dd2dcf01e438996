"""Which limits a step sets, from the order, the pack and the calendar alone (W1 to W9).

`recomputed` does it again from the history: what it gives is what is stored, or the log lies.

Limits that are set anew (I8, note 7) keep what was granted since: extensions and free time are
counted again, in their order, on what the dispatch sets now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

from ticketing.domain import actions as do
from ticketing.domain.actions import Command
from ticketing.domain.deadlines import (
    Deadline,
    Deadlines,
    due_clock,
    exempted,
    extended,
    extension_limit,
    set_deadlines,
)
from ticketing.domain.fold import evolve
from ticketing.domain.guards import World
from ticketing.domain.policy import Clock
from ticketing.domain.work_order import (
    Capped,
    Credit,
    Event,
    Free,
    Granted,
    Holder,
    Moments,
    WorkOrder,
)


def limits_after(order: WorkOrder, command: Command, at: datetime, world: World) -> Moments | None:
    """The holder's limits after ``command`` at ``at`` (UTC); None when it sets none.

    Where the step moves the limits of the units above too, they are in ``above``.
    """
    match command:
        case do.Dispatch():
            return _dispatched(order, at, world)
        case do.Redo() | do.Review(passed=False):
            return _below(_fresh(order, at, world), order.chain[:-1]) if order.chain else None
        case do.Forward():
            return _below(_fresh(order, at, world), order.chain)
        case do.SetUrgency():
            return _renewed(replace(order, urgency=command.urgency), world)
        case do.Recompute():
            return _renewed(order, world)
        case do.AskReturn():
            return _stopped(order, world)
        case do.ReportBack() | do.DecideReturn(accepted=False):
            return _going_on(order, at, world)
        case do.PassOn():
            return _instructed(order, command, world)
        case do.DecideExtension(accepted=True):
            asked = order.extension_request
            assert asked is not None  # noqa: S101 - a guard has seen to it
            assert isinstance(asked.command, do.AskExtension)  # noqa: S101
            return _granted(order, Granted(asked.command.days), world)
        case do.DecideExemption(accepted=True):
            asked = order.exemption_request
            assert asked is not None  # noqa: S101 - a guard has seen to it
            assert isinstance(asked.command, do.AskExemption)  # noqa: S101
            return _freed(order, Free(asked.command.start, asked.command.end), world)
        case do.Resume():
            assert order.paused_at is not None  # noqa: S101 - a guard has seen to it
            return _freed(order, Free(order.paused_at, at), world)
        case _:
            return None


def recomputed(
    events: Iterable[Event], world_of: Callable[[Event], World]
) -> tuple[tuple[Event, Moments | None], ...]:
    """Every event that stores limits or should, with the limits computed anew."""
    found: list[tuple[Event, Moments | None]] = []
    order: WorkOrder | None = None
    for event in events:
        if order is not None:
            again = limits_after(order, event.command, event.at, world_of(event))
            if again is not None or event.moments is not None:
                found.append((event, again))
        order = evolve(order, event)
    return tuple(found)


def _dispatched(order: WorkOrder, at: datetime, world: World) -> Moments:
    """Limits that start with the dispatch; or what was left to the unit before (note 14)."""
    before = order.returned
    if before is None or world.pack.returns.restarts_when_accepted:
        return _fresh(order, at, world)
    since = before.moments.since or before.at
    goes_on = replace(before, at=at, moments=_fresh(order, at, world, since))
    return _with_credits(order, goes_on, world)


def _stopped(order: WorkOrder, world: World) -> Moments | None:
    """The holder's clock stands while it asks for a return, where the pack says so (note 14)."""
    holder = order.holder
    if holder is None or world.pack.returns.clock_runs_while_pending:
        return None
    return replace(holder.moments, stands=True)


def _going_on(order: WorkOrder, at: datetime, world: World) -> Moments | None:
    """The clock goes on after a return was asked for; it belongs to the unit that asked, so that
    the time of the units above it goes on meanwhile."""
    holder, asked = order.holder, order.return_request
    if holder is None or asked is None or not holder.moments.stands:
        return None
    runs = replace(holder, moments=replace(holder.moments, stands=False))
    return _below(_later(order, runs, Free(asked.at, at), world), order.chain[:-1])


def _fresh(order: WorkOrder, at: datetime, world: World, since: datetime | None = None) -> Moments:
    """The limits of a unit that has the order from ``at`` on.

    Args:
        since: from when its handling is counted, where that is earlier (note 14).
    """
    deadlines = _set(order, at, world)
    counted = deadlines if since is None else _set(order, since, world)
    each = (
        deadlines.sign_by,
        deadlines.return_by,
        deadlines.return_by_site_check,
        counted.extension_by,
        counted.due,
    )
    return Moments(
        sign_by=deadlines.sign_by.at,
        return_by=deadlines.return_by.at,
        return_by_site_check=deadlines.return_by_site_check.at,
        extension_by=counted.extension_by.at,
        due=counted.due.at,
        days=counted.limit_days,
        provisional=any(deadline.provisional for deadline in each),
        since=since,
    )


def _set(order: WorkOrder, at: datetime, world: World) -> Deadlines:
    assert order.type is not None  # noqa: S101 - nothing is dispatched before it is classified
    return set_deadlines(
        world.pack,
        world.calendar,
        type=order.type,
        dispatched=at,
        urgency=order.urgency,
        complex_matter=order.complex,
        statutory=order.statutory,
    )


def _below(moments: Moments, chain: tuple[Holder, ...]) -> Moments:
    """A unit further down has no more time than the one above it (N1)."""
    return _not_after(moments, chain[-1].moments) if chain else moments


def _not_after(moments: Moments, above: Moments) -> Moments:
    return replace(
        moments,
        due=min(moments.due, above.due),
        extension_by=min(moments.extension_by, above.extension_by),
        days=min(moments.days, above.days),
        provisional=moments.provisional or above.provisional,
    )


def _packed(limits: list[Moments]) -> Moments:
    """The limits of a whole chain as an event keeps them, none later than the one above it."""
    for i in range(1, len(limits)):
        limits[i] = _not_after(limits[i], limits[i - 1])
    return replace(limits[-1], above=tuple(limits[:-1]))


def _renewed(order: WorkOrder, world: World) -> Moments:
    """From the time of dispatch anew, for each unit that has the order."""
    return _packed(_anew(order, world))


def _instructed(order: WorkOrder, command: do.PassOn, world: World) -> Moments:
    """Due no later than a leader wants it (D9), and by the urgency that comes with that (I8)."""
    chain = order.chain
    if command.urgency not in (None, order.urgency):
        anew = _anew(replace(order, urgency=command.urgency), world)
        chain = tuple(replace(each, moments=new) for each, new in zip(chain, anew, strict=True))
    cap = Capped(command.limit.astimezone(UTC))
    return _packed([_later(order, holder, cap, world) for holder in chain])


def _anew(order: WorkOrder, world: World) -> list[Moments]:
    limits: list[Moments] = []
    for holder in order.chain:
        fresh = _fresh(order, holder.at, world, holder.moments.since)
        moments = _with_credits(order, replace(holder, moments=fresh), world)
        limits.append(replace(moments, stands=holder.moments.stands))
    return limits


def _with_credits(order: WorkOrder, holder: Holder, world: World) -> Moments:
    """The holder's limits after all that has moved them since they were set."""
    counted = replace(holder, credits=())
    for credit in holder.credits:
        moved = _later(order, counted, credit, world)
        counted = replace(counted, moments=moved, credits=(*counted.credits, credit))
    return counted.moments


def _granted(order: WorkOrder, credit: Granted, world: World) -> Moments:
    """An extension that goes beyond the limit of the unit above is one of the whole chain."""
    own = _later(order, order.chain[-1], credit, world)
    if len(order.chain) == 1 or own.due <= order.chain[-2].moments.due:
        return own
    return _packed([_later(order, holder, credit, world) for holder in order.chain])


def _freed(order: WorkOrder, credit: Free, world: World) -> Moments:
    """Time that does not count does so for each unit that has the order (W9)."""
    return _packed([_later(order, holder, credit, world) for holder in order.chain])


def _later(order: WorkOrder, holder: Holder, credit: Credit, world: World) -> Moments:
    """The limits of one unit after one more credit."""
    pack, calendar, current = world.pack, world.calendar, holder.moments
    if isinstance(credit, Capped):
        return _due_at(current, min(current.due, credit.until), world)
    if isinstance(credit, Granted):
        # whether it may be granted was a matter of guards, by the limit as it then was
        later = extended(
            pack, calendar, current.due, credit.days, original_days=credit.days, granted=0
        )
        return _with_due(current, later, world)
    windows = _uncounted(holder, credit)

    def move(limit: datetime, clock: Clock, since: datetime = holder.at) -> Deadline:
        return exempted(pack, calendar, limit, windows, since=since, clock=clock)

    moved = replace(
        current,
        sign_by=move(current.sign_by, pack.sign.clock).at,
        return_by=move(current.return_by, pack.returns.limit.clock).at,
        return_by_site_check=move(current.return_by_site_check, pack.returns.site_check.clock).at,
    )
    assert order.type is not None  # noqa: S101 - nothing is dispatched before it is classified
    clock = due_clock(pack, order.type, complex_matter=order.complex, statutory=order.statutory)
    return _with_due(moved, move(current.due, clock, current.since or holder.at), world)


def _uncounted(holder: Holder, credit: Free) -> tuple[tuple[datetime, datetime], ...]:
    """The parts of ``credit`` that the holder was not given before: no time is free twice."""
    parts = [(credit.start, credit.end)]
    for given in holder.credits:
        if isinstance(given, Free):
            parts = [
                part
                for start, end in parts
                for part in ((start, min(end, given.start)), (max(start, given.end), end))
                if part[0] < part[1]
            ]
    return tuple(parts)


def _with_due(moments: Moments, due: Deadline, world: World) -> Moments:
    later = _due_at(moments, due.at, world)
    if later is moments:
        return moments
    return replace(later, provisional=moments.provisional or due.provisional)


def _due_at(moments: Moments, due: datetime, world: World) -> Moments:
    if due == moments.due:
        return moments
    asked_by = extension_limit(world.pack, world.calendar, due, days=moments.days)
    return replace(moments, due=due, extension_by=asked_by.at)
