"""One order as it goes: each step is judged by the lifecycle, and clocks ring in between."""

from __future__ import annotations

from datetime import datetime, timedelta

from ticketing.domain.actions import Command
from ticketing.domain.deadlines import next_office_moment
from ticketing.domain.guards import Actor, World
from ticketing.domain.lifecycle import decide
from ticketing.domain.timers import due_commands, wake_at
from ticketing.domain.work_order import Event, Holder, State, WorkOrder

_SECOND = timedelta(seconds=1)


class Over(Exception):
    """Nothing more happens to the order until the end."""


class Thread:
    """The steps of one order, in order of time.

    Args:
        clock: who acts when a limit passes.
        until: nothing happens later.
        stop: the state in which people leave it.
    """

    def __init__(
        self, world: World, clock: Actor, start: datetime, until: datetime, stop: State | None
    ) -> None:
        self.world, self.now = world, start
        self.events: list[Event] = []
        self._clock, self._until, self._stop = clock, until, stop
        self._order: WorkOrder | None = None

    @property
    def it(self) -> WorkOrder:
        """The order as it is."""
        if self._order is None:
            raise ValueError("nothing was taken in yet")
        return self._order

    @property
    def holder(self) -> Holder:
        """Who has the order now."""
        if self.it.holder is None:
            raise ValueError(f"{self.it.number}: no unit has it")
        return self.it.holder

    def step(self, who: Actor, command: Command, at: datetime) -> WorkOrder:
        """``who`` does one thing at ``at``, or a moment after the step before.

        Raises:
            Over: that is later than the end, or the order is in the state where people leave it.
            IllegalAction, NotYours, GuardFailed: it may not be done.
        """
        at = max(at, self.now + _SECOND).replace(microsecond=0)
        self._ring(min(at, self._until))
        if at > self._until:
            raise Over
        self._do(who, command, at)
        if self.it.state is self._stop:
            raise Over
        return self.it

    def finish(self) -> WorkOrder:
        """Let the clocks go on until the end."""
        self._ring(self._until)
        return self.it

    def office(self, at: datetime) -> datetime:
        """When somebody is at it from ``at`` on: at once, or soon after the office opens."""
        opens = next_office_moment(self.world.pack, self.world.calendar, at)
        if opens == at:
            return at
        # not everybody begins at the stroke of the clock
        return opens + timedelta(minutes=(at.second + at.minute) % 43, seconds=at.second)

    def _ring(self, until: datetime) -> None:
        while self._order is not None:
            wake = wake_at(self._order, self.world)
            if wake is None or wake > until:
                return
            at = max(wake, self.now)
            due = due_commands(self._order, at, self.world)
            if not due:
                return
            for command in due:
                self._do(self._clock, command, at)

    def _do(self, who: Actor, command: Command, at: datetime) -> None:
        decision = decide(self._order, command, who, at, self.world)
        self._order, self.now = decision.order, at
        self.events.append(decision.event)
