"""The one gate through which calls leave the house.

Nothing else knows the way out: the dialplan has no pattern that dials a number, and the endpoint
``trunk-out`` is named here only. Each call is judged by the plan of outward calls, counted, and in
the audit log before the phone rings.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ivr.ami import Ami, Originated, OriginateOutcome
from ivr.switchboard import Board
from ticketing.domain.calls import PLACED
from ticketing.domain.errors import (
    DatabaseUnavailable,
    NoTrunk,
    NumberNotAllowed,
    OutboundLimit,
)
from ticketing.domain.outbound import Dialled, Purpose
from ticketing.domain.roles import Principal
from ticketing.service.outward import OutwardCalls, Permit

TRUNK_OUT = "trunk-out"
"""The endpoint of ``pjsip.conf`` that leads out."""
_CAUSES = {
    "17": OriginateOutcome.BUSY,
    "18": OriginateOutcome.NO_ANSWER,
    "19": OriginateOutcome.NO_ANSWER,
    "20": OriginateOutcome.NO_ANSWER,
    "21": OriginateOutcome.REFUSED,
    "34": OriginateOutcome.CONGESTION,
    "38": OriginateOutcome.CONGESTION,
    "41": OriginateOutcome.CONGESTION,
    "42": OriginateOutcome.CONGESTION,
}
"""Asterisk says why a call was not taken when its leg is hung up (Q.850)."""
_CAUSE_WITHIN = 1.0
_LEG = f"PJSIP/{TRUNK_OUT}-"

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Going:
    """A call under way. ``leg`` is its channel's id, where that is known beforehand."""

    leg: str | None
    outcome: str = "failed"
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    cause: str = ""


class Outward:
    """Places one node's calls to the outside.

    Args:
        calls: judges and keeps them.
        board: the legs that go on now.
        open: whether there is a way out (``HOTLINE_TRUNK_OUT``).
    """

    def __init__(
        self,
        ami: Ami,
        calls: OutwardCalls,
        board: Callable[[], Board],
        *,
        open: bool,  # noqa: A002
    ) -> None:
        self._ami, self._calls, self._board, self._open = ami, calls, board, open
        self._inside: set[_Going] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def dial(self, number: str, purpose: Purpose | None = None) -> str:
        """How a number is dialled: ``PJSIP/13800001111@trunk-out``; nothing is counted.

        Raises:
            NumberNotAllowed: the plan does not let it out.
            NoTrunk: there is no way out.
        """
        return self._channel(self._calls.judge(number, purpose))

    @asynccontextmanager
    async def permit(
        self, who: Principal | None, number: str, *, purpose: Purpose, ref: str
    ) -> AsyncIterator[str]:
        """Leave to call ``number`` inside the block, in which the channel to dial is given.

        The call counts as going on while the block lasts, and as long as its leg does.

        Args:
            who: who wants it; None for the hotline itself.
            ref: what it is for: the id of a call, the number of an order.

        Raises:
            NumberNotAllowed, OutboundLimit, NoTrunk, DatabaseUnavailable
        """
        async with self._going(who, number, purpose, ref, None) as (going, permit):
            yield self._channel(permit.dialled)
            going.outcome = "over"

    async def place(
        self,
        who: Principal | None,
        number: str,
        *,
        purpose: Purpose,
        ref: str,
        extension: tuple[str, str] | None = None,
        application: tuple[str, str] | None = None,
        ring_for: float = 30.0,
        caller_id: str = "",
        variables: Mapping[str, str] | None = None,
        channel_id: str = "",
    ) -> Originated:
        """Call ``number`` once, and wait until it is answered or has failed.

        Args:
            who, ref: as for `permit`.
            channel_id: of the leg; it begins with ``placed.``. One is made when it is empty.
            extension, application, ring_for, caller_id, variables: as for `Ami.originate`.

        Raises:
            NumberNotAllowed, OutboundLimit, NoTrunk, DatabaseUnavailable
            AmiError: as `Ami.originate`.
        """
        leg = channel_id or f"{PLACED}{purpose}.{secrets.token_hex(8)}"
        if not leg.startswith(PLACED):
            raise ValueError(f"{leg}: the id of a call that is placed begins with {PLACED}")
        async with self._going(who, number, purpose, ref, leg) as (going, permit):
            placed = await self._ami.originate(
                self._channel(permit.dialled),
                extension=extension,
                application=application,
                ring_for=ring_for,
                caller_id=caller_id,
                variables=variables,
                channel_id=leg,
            )
            if placed.outcome is OriginateOutcome.FAILED:
                placed = replace(placed, outcome=await _why(going))
            going.outcome = placed.outcome
        return placed

    def take(self, event: Mapping[str, Any]) -> None:
        """See the end of a leg that was placed, in an event of Asterisk's."""
        leg = event.get("Uniqueid", "")
        if event.get("Event") != "Hangup" or not leg.startswith(PLACED):
            return
        for going in self._inside:
            if going.leg == leg:
                going.cause = event.get("Cause", "")
                going.gone.set()
        if event.get("Channel", "").startswith(_LEG):
            task = asyncio.create_task(self._ended(leg))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Finish what is being written."""
        await asyncio.gather(*self._tasks)

    def going_on(self) -> int:
        """How many calls to the outside there are now; those about to be placed are counted."""
        channels = self._board().channels
        legs = sum(channel.name.startswith(_LEG) for channel in channels.values())
        coming = sum(going.leg is not None and going.leg not in channels for going in self._inside)
        return max(legs + coming, len(self._inside))

    @asynccontextmanager
    async def _going(
        self, who: Principal | None, number: str, purpose: Purpose, ref: str, leg: str | None
    ) -> AsyncIterator[tuple[_Going, Permit]]:
        """One call, from the asking on; how it went is kept at the end of the block."""
        if not self._open:
            raise NoTrunk("HOTLINE_TRUNK_OUT is not set")
        going, before = _Going(leg), self.going_on()
        self._inside.add(going)
        try:
            permit = await self._calls.permit(
                who, number, purpose, ref, going_on=before, channel=leg
            )
            try:
                yield going, permit
            finally:
                await self._told(permit, going.outcome)
        except (NumberNotAllowed, OutboundLimit) as refusal:
            log.warning("not called, for %s (%s): %s", purpose, ref or "-", refusal)
            raise
        finally:
            self._inside.discard(going)

    def _channel(self, dialled: Dialled) -> str:
        if not self._open:
            raise NoTrunk("HOTLINE_TRUNK_OUT is not set")
        return f"PJSIP/{dialled.number}@{TRUNK_OUT}"

    async def _told(self, permit: Permit, outcome: str) -> None:
        try:
            await self._calls.told(permit, outcome)
        except DatabaseUnavailable as problem:
            log.warning("how an outward call went is not kept: %s", problem)

    async def _ended(self, leg: str) -> None:
        try:
            await self._calls.ended(leg)
        except DatabaseUnavailable as problem:
            log.warning("the end of an outward call is not kept: %s", problem)


async def _why(going: _Going) -> OriginateOutcome:
    """What the hang-up of a leg that was not answered says; it may come after the answer to us."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CAUSE_WITHIN):
            await going.gone.wait()
    return _CAUSES.get(going.cause, OriginateOutcome.FAILED)
