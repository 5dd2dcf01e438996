"""Which limits a step sets, from the order, the pack and the calendar alone (W1 to W9).

`recomputed` does it again from the history: what it gives is what is stored, or the log lies.

Limits that are set anew (I8, note 7) keep what was granted since: extensions and free time are
counted again, in their order, on what the dispatch sets now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from ticketing.domain import actions as do
from ticketing.domain.actions import Command
from ticketing.domain.deadlines import (
    Deadline,
    due_clock,
    exempted,
    extended,
    extension_limit,
    set_deadlines,
)
from ticketing.domain.fold import evolve
from ticketing.domain.guards import World
from ticketing.domain.policy import Clock
from ticketing.domain.work_order import Event, Free, Granted, Holder, Moments, WorkOrder


def limits_after(order: WorkOrder, command: Command, at: datetime, world: World) -> Moments | None:
    """The holder's limits after ``command`` at ``at`` (UTC); None when it sets none.

    Where the step moves the limits of the units above too, they are in ``above``.
    """
    match command:
        case do.Dispatch():
            return _fresh(order, at, world)
        case do.Redo() | do.Review(passed=False):
            return _below(_fresh(order, at, world), order.chain[:-1]) if order.chain else None
        case do.Forward():
            return _below(_fresh(order, at, world), order.chain)
        case do.SetUrgency():
            return _renewed(replace(order, urgency=command.urgency), world)
        case do.Recompute():
            return _renewed(order, world)
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


def _fresh(order: WorkOrder, at: datetime, world: World) -> Moments:
    assert order.type is not None  # noqa: S101 - nothing is dispatched before it is classified
    deadlines = set_deadlines(
        world.pack,
        world.calendar,
        type=order.type,
        dispatched=at,
        urgency=order.urgency,
        complex_matter=order.complex,
        statutory=order.statutory,
    )
    each = (
        deadlines.sign_by,
        deadlines.return_by,
        deadlines.return_by_site_check,
        deadlines.extension_by,
        deadlines.due,
    )
    return Moments(
        sign_by=deadlines.sign_by.at,
        return_by=deadlines.return_by.at,
        return_by_site_check=deadlines.return_by_site_check.at,
        extension_by=deadlines.extension_by.at,
        due=deadlines.due.at,
        days=deadlines.limit_days,
        provisional=any(deadline.provisional for deadline in each),
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
    limits: list[Moments] = []
    for holder in order.chain:
        moments, counted = _fresh(order, holder.at, world), replace(holder, credits=())
        for credit in holder.credits:
            moments = _later(order, replace(counted, moments=moments), credit, world)
            counted = replace(counted, credits=(*counted.credits, credit))
        limits.append(moments)
    return _packed(limits)


def _granted(order: WorkOrder, credit: Granted, world: World) -> Moments:
    """An extension that goes beyond the limit of the unit above is one of the whole chain."""
    own = _later(order, order.chain[-1], credit, world)
    if len(order.chain) == 1 or own.due <= order.chain[-2].moments.due:
        return own
    return _packed([_later(order, holder, credit, world) for holder in order.chain])


def _freed(order: WorkOrder, credit: Free, world: World) -> Moments:
    """Time that does not count does so for each unit that has the order (W9)."""
    return _packed([_later(order, holder, credit, world) for holder in order.chain])


def _later(order: WorkOrder, holder: Holder, credit: Granted | Free, world: World) -> Moments:
    """The limits of one unit after one more credit."""
    pack, calendar, current = world.pack, world.calendar, holder.moments
    if isinstance(credit, Granted):
        # whether it may be granted was a matter of guards, by the limit as it then was
        later = extended(
            pack, calendar, current.due, credit.days, original_days=credit.days, granted=0
        )
        return _with_due(current, later, world)
    windows = _uncounted(holder, credit)

    def move(limit: datetime, clock: Clock) -> Deadline:
        return exempted(pack, calendar, limit, windows, since=holder.at, clock=clock)

    moved = replace(
        current,
        sign_by=move(current.sign_by, pack.sign.clock).at,
        return_by=move(current.return_by, pack.returns.limit.clock).at,
        return_by_site_check=move(current.return_by_site_check, pack.returns.site_check.clock).at,
    )
    assert order.type is not None  # noqa: S101 - nothing is dispatched before it is classified
    clock = due_clock(pack, order.type, complex_matter=order.complex, statutory=order.statutory)
    return _with_due(moved, move(current.due, clock), world)


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
    if due.at == moments.due:
        return moments
    asked_by = extension_limit(world.pack, world.calendar, due.at, days=moments.days)
    return replace(
        moments,
        due=due.at,
        extension_by=asked_by.at,
        provisional=moments.provisional or due.provisional,
    )
