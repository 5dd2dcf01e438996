"""Rings the persons responsible for an urgent order, one after the other (H4).

A second at a time the cascades are looked at: whoever's turn it is has a ring stored, and only
then does a telephone ring. Who answers hears the order and presses a key
(``agi_scripts/dispatch_call.py``). A ring that was begun by a controller that died is never made
again: when Asterisk knows nothing of it any more, the next person's turn has come.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ivr.ami import OriginateOutcome
from ivr.errors import AmiError, AmiTimeout
from ivr.outward import Outward
from ivr.rounds import rounds
from ticketing.domain.dispatch_calls import Cascade, Outcome, Ring, lost
from ticketing.domain.errors import (
    DatabaseUnavailable,
    NoTrunk,
    NumberNotAllowed,
    OutboundLimit,
    TicketingError,
)
from ticketing.domain.guards import Actor
from ticketing.domain.outbound import Purpose
from ticketing.service.dispatch_calls import DispatchCalls, Told, channel_of

if TYPE_CHECKING:  # it tells the API, which is given this
    from ivr.live import Live

EVERY_SECONDS = 1.0
CONTEXT = "dispatch-call"
_OUTCOMES = {
    OriginateOutcome.BUSY: Outcome.BUSY,
    OriginateOutcome.REFUSED: Outcome.REFUSED,
    OriginateOutcome.NO_ANSWER: Outcome.NO_ANSWER,
}

log = logging.getLogger(__name__)


class DispatchCalling:
    """Works off the cascades of one hotline.

    Args:
        listed: the cascades in SQL.
        changed: told when an order has changed.
        now: the clock, UTC.
    """

    def __init__(
        self,
        listed: DispatchCalls,
        outward: Outward,
        live: Live,
        *,
        changed: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.listed, self._outward, self._live, self._now = listed, outward, live, now
        self._changed = changed
        self._placing: dict[str, asyncio.Task[None]] = {}
        self._answering: set[str] = set()
        self._news = asyncio.Event()

    # --- what people ask for ---------------------------------------------------------------
    async def start(self, actor: Actor, number: str) -> Told:
        """Have the persons responsible for an order rung; see `DispatchCalls.start`."""
        begun = await self.listed.start(actor, number)
        self._tell(number)
        self._news.set()
        return begun

    async def stop(self, actor: Actor, number: str) -> Told:
        """Ring nobody else; see `DispatchCalls.stop`."""
        over = await self.listed.stop(actor, number)
        self._tell(number)
        return over

    # --- what the flow asks ----------------------------------------------------------------
    async def answer(self, attempt: str, *, takes: bool) -> bool:
        """Somebody who was rung takes the order over, or cannot.

        Returns:
            whether it is theirs now.

        Raises:
            DatabaseUnavailable
        """
        if not takes:
            await self.listed.ended(attempt, Outcome.DECLINED)
            self._news.set()
            return False
        theirs = await self.listed.accept(attempt)
        if theirs:
            self._changed()
        else:
            await self.listed.ended(attempt, Outcome.DECLINED)
        self._news.set()
        return theirs

    # --- for ever --------------------------------------------------------------------------
    async def run(self) -> None:
        """Ring whoever's turn it is, for ever."""
        await rounds(self.look, self._news, EVERY_SECONDS, "ringing for urgent orders is put off")

    async def look(self) -> None:
        """Look at the cascades once.

        Raises:
            HotlineError, TicketingError: something is away.
        """
        if not self._live.connected:
            return
        for told in await self.listed.going():
            if await self._follow(told):
                continue
            ring = await self.listed.step(told)
            if ring is not None:
                self._start(told.cascade, ring)
            self._tell(told.cascade.number)

    async def _follow(self, told: Told) -> bool:
        """See to a ring that goes on; whether one does."""
        for ring in told.rings:
            if ring.outcome is not None:
                continue
            attempt = channel_of(told.cascade, ring)
            alive = attempt in self._placing or attempt in self._live.board.channels
            if not lost(ring, self._now(), self.listed.rules, self.listed.node, alive=alive):
                return True
            answered = attempt in self._answering
            self._answering.discard(attempt)
            await self.listed.ended(attempt, Outcome.NO_KEY if answered else Outcome.LOST)
            self._news.set()
            return True
        return False

    def _start(self, cascade: Cascade, ring: Ring) -> None:
        attempt = channel_of(cascade, ring)
        task = asyncio.create_task(self._place(cascade, ring, attempt))
        self._placing[attempt] = task
        task.add_done_callback(lambda _: self._placed(attempt))

    def _placed(self, attempt: str) -> None:
        self._placing.pop(attempt, None)
        self._news.set()

    async def _place(self, cascade: Cascade, ring: Ring, attempt: str) -> None:
        """Ring one person, once."""
        try:
            placed = await self._outward.place(
                None,
                ring.person.phone,
                purpose=Purpose.DISPATCH,
                ref=cascade.number,
                extension=(CONTEXT, "s"),
                ring_for=float(self.listed.rules.ring_seconds),
                caller_id='"12345" <12345>',
                variables={"HOTLINE_DISPATCH": attempt},
                channel_id=attempt,
            )
        except AmiTimeout as problem:
            log.warning("order %s: %s; the telephone may ring", cascade.number, problem)
            return
        except (NumberNotAllowed, OutboundLimit, NoTrunk, DatabaseUnavailable, AmiError) as problem:
            log.warning("order %s: nobody is rung: %s", cascade.number, problem)
            outcome = Outcome.NOT_PLACED
        else:
            if placed.answered:
                self._answering.add(attempt)
                return
            outcome = _OUTCOMES.get(placed.outcome, Outcome.NOT_PLACED)
        try:
            await self.listed.ended(attempt, outcome)
        except TicketingError as problem:
            log.warning("order %s: what became of a ring is not kept: %s", cascade.number, problem)

    def _tell(self, number: str) -> None:
        """Who watches is told that there is something new of the order's cascade."""
        self._live.tell({"dispatch_calls": [number]})
