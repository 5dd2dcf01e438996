"""What clocks do to an order: which moment wakes it next, and what is due when it wakes.

Both are functions of the order and the world alone, so that a sweep may come late, twice, or on two
nodes at once: what was done once is in the order, and is not due again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ticketing.domain import actions as do
from ticketing.domain.actions import Alarm
from ticketing.domain.guards import World
from ticketing.domain.supervision import next_step_at
from ticketing.domain.supervision_facts import facts_of, remind_at
from ticketing.domain.work_order import RUNNING, State, WorkOrder

_OVER = frozenset({State.CLOSED, State.DECLINED, State.WITHDRAWN})


def wake_at(order: WorkOrder, world: World) -> datetime | None:
    """When a clock next has something to do with the order, UTC; None when never."""
    moments = [at for at, _ in _plan(order, world)]
    return min(moments, default=None)


def due_commands(order: WorkOrder, now: datetime, world: World) -> tuple[do.Warn | do.Archive, ...]:
    """What the clock does now. An alarm that a heavier one has overtaken is left out."""
    due = [command for at, command in _plan(order, world) if at <= now]
    alarms = {command.alarm for command in due if isinstance(command, do.Warn)}
    return tuple(
        command
        for command in due
        if not (
            isinstance(command, do.Warn)
            and command.alarm is Alarm.DUE_SOON
            and Alarm.OVERDUE in alarms
        )
    )


def _plan(order: WorkOrder, world: World) -> Iterator[tuple[datetime, do.Warn | do.Archive]]:
    if order.state in _OVER and order.closed_at is not None:
        yield order.closed_at + timedelta(days=world.pack.archive_after_days), do.Archive()
    if order.state is State.CALLBACK and order.satisfaction is None:
        yield from _callback(order, world)
    if order.state not in RUNNING or order.clock_stands or order.holder is None:
        return
    limits = order.holder.moments
    soon = remind_at(limits.due, world)
    planned = [(soon, Alarm.DUE_SOON, limits.due), (limits.due, Alarm.OVERDUE, limits.due)]
    if order.state is State.DISPATCHED:
        planned.append((limits.sign_by, Alarm.UNSIGNED, limits.sign_by))
    planned += _supervision(order, world)
    overdue = (Alarm.OVERDUE, limits.due) in order.warned
    for at, alarm, limit in planned:
        if (alarm, limit) in order.warned or (alarm is Alarm.DUE_SOON and overdue):
            continue
        yield at, do.Warn(alarm=alarm, limit=limit)


def _supervision(order: WorkOrder, world: World) -> Iterator[tuple[datetime, Alarm, datetime]]:
    """When more is to be drafted than at the limits themselves (D2, D5, D8)."""
    facts, settings = facts_of(order, world), world.pack.supervision_settings
    if facts is None:
        return
    step = next_step_at(facts, settings)
    if step is not None:
        yield step, Alarm.UNMOVED, step
    delayed = facts.due + settings.delay
    yield delayed, Alarm.DELAYED, delayed


def _callback(order: WorkOrder, world: World) -> Iterator[tuple[datetime, do.Warn]]:
    """The next attempt is due some hours after the last one, the first after the review (C1)."""
    tried = [attempt.at for attempt in order.attempts if attempt.round == order.round]
    last = max(tried, default=order.callback_since)
    if last is None:
        return
    at = last + timedelta(hours=world.pack.callback.hours_between)
    if (Alarm.CALLBACK, at) not in order.warned:
        yield at, do.Warn(alarm=Alarm.CALLBACK, limit=at)
