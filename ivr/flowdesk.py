"""What the flows of calls ask of the rest of the controller (`ivr.call.Desk`)."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ivr import roster
from ivr.call import Arrival, Event, Greeted, Outlook, Rung
from ivr.callbacks import CallingBack
from ivr.dispatch_calls import DispatchCalling
from ivr.handing_on import HandingOn
from ivr.lines import CityLines
from ivr.live import Live
from ivr.nuisance import NuisanceDoor
from ivr.numbers import Signalled
from ivr.outward import Outward
from ivr.surge import Surging
from ticketing.domain.outbound import Purpose
from ticketing.domain.skills import queue_for
from ticketing.domain.work_order import State
from ticketing.service.dispatch_calls import Matter
from ticketing.service.orders import Orders


class FlowDesk:
    """Leads each question to the part that knows.

    Args:
        timezone: the city's; queues of skills depend on its day.
    """

    def __init__(
        self,
        *,
        lines: CityLines,
        timezone: ZoneInfo,
        live: Live,
        outward: Outward,
        orders: Orders,
        calling_back: CallingBack,
        handing_on: HandingOn,
        dispatch_calling: DispatchCalling,
        nuisance: NuisanceDoor,
        surging: Surging,
    ) -> None:
        self._lines, self._timezone = lines, timezone
        self._live, self._outward, self._orders = live, outward, orders
        self._calling_back, self._handing_on = calling_back, handing_on
        self._dispatch_calling, self._nuisance, self._surging = dispatch_calling, nuisance, surging

    def outlook(self, call: str) -> Outlook:
        """What awaits a caller who is led to the queue now."""
        return replace(self._live.outlook(call), callbacks=self._calling_back.offered)

    def callable(self, number: str) -> bool:
        """Whether a citizen can be called back on a number."""
        return self._calling_back.callable(number)

    def place(self, call: str, queue: str) -> int | None:
        """The place that is kept for a call in a queue."""
        return self._calling_back.place(call, queue)

    def greeted(self, caller: str) -> Greeted:
        """How a caller is to be met."""
        return self._nuisance.greeted(caller)

    def emergency(self, call: str, number: str) -> AbstractAsyncContextManager[str]:
        """Leave to call an emergency number for a citizen."""
        return self._outward.permit(None, number, purpose=Purpose.EMERGENCY, ref=call)

    def arrival(self, came: Signalled) -> Arrival:
        """The line of a call that comes now."""
        line = self._lines.find(came, datetime.now(UTC)).line
        queue = line.queue
        if queue == roster.QUEUES["day"]:
            queue = self.own_queue(line.skill) or queue
        return Arrival(line.number, line.announce, queue, line.skill, line.priority)

    def event(self, caller: str, line: str) -> Event | None:
        """What many call on now (K3)."""
        return self._surging.event(caller, line)

    async def join(self, event: str, call: str, caller: str, language: str, line: str) -> bool:
        """Register a caller with an event."""
        return await self._surging.join(event, call, caller, language, line)

    def own_queue(self, skill: str) -> str | None:
        """The queue of the seats with a skill, or None."""
        today = datetime.now(self._timezone).date()
        return queue_for(self._lines.queues(today), skill)

    async def next_to_ring(self, call: str, before: str) -> Rung | None:
        """Who is rung next for a citizen who is handed on to the outside (T7)."""
        return await self._handing_on.next(call, before)

    async def urgent(self, attempt: str) -> Matter | None:
        """The order that somebody is rung for (H4)."""
        return await self._dispatch_calling.listed.matter(attempt)

    async def takes(self, attempt: str, accepted: bool) -> bool:
        """Keep that somebody takes an urgent order over, or cannot."""
        return await self._dispatch_calling.answer(attempt, takes=accepted)

    async def order_state(self, number: str) -> State | None:
        """Where a work order is; None when there is none of this number."""
        row = await self._orders.find(number)
        return None if row is None else row.state
