"""Handing a citizen on, unannounced, to a unit or a number outside (blind transfer, T7).

The seat is free at once. The citizen hears music while those on call are rung one after the other;
the dialplan (context ``transfer``) asks before each whether it may, and whom. When nobody answers,
or there is no controller to ask, the citizen comes back to the queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from ivr.call import Rung
from ivr.steering import Steered, Steering
from ivr.thirds import Callee, Thirds, Wanted
from ticketing.domain.errors import NumberNotAllowed
from ticketing.domain.legs import LegKind
from ticketing.domain.outbound import Purpose
from ticketing.domain.roles import Principal
from ticketing.service.shifts import Shifts

log = logging.getLogger(__name__)
_LEG_SEEN_SECONDS = 5.0  # after the ringing a leg that is there counts by itself


class Gate(Protocol):
    """The way out; `ivr.outward`."""

    def permit(
        self, who: Principal | None, number: str, *, purpose: Purpose, ref: str
    ) -> AbstractAsyncContextManager[str]: ...


@dataclass(eq=False)
class _Handing:
    """A citizen on the way. ``over`` ends the leave to call that is held now."""

    who: Principal
    by: str
    callees: list[Callee]
    over: asyncio.Event = field(default_factory=asyncio.Event)


class HandingOn:
    """The citizens of one node who are handed on to the outside.

    Args:
        gate: the way out.
        shifts: writes who did what into the audit log.
    """

    def __init__(self, steering: Steering, thirds: Thirds, gate: Gate, shifts: Shifts) -> None:
        self._steering, self._thirds, self._gate = steering, thirds, gate
        self._shifts = shifts
        self._under_way: dict[str, _Handing] = {}
        self._permits: set[asyncio.Task[None]] = set()

    async def transfer(self, who: Principal, call: str, wanted: Wanted) -> Steered:
        """Hand a citizen on; recording goes on.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, ConsultUnderWay, AmiError
            UnitNotFound, NobodyOnCall, NumberNotAllowed, NoTrunk, DatabaseUnavailable
        """
        key = ("transfer", who.username, call, str(wanted))
        return await self._steering.once(key, lambda: self._transfer(who, call, wanted))

    async def next(self, call: str, before: str) -> Rung | None:
        """Who is rung next; None when nobody is left.

        Args:
            before: how it went with the one before, in Asterisk's word.

        Raises:
            OutboundLimit, NoTrunk, DatabaseUnavailable
        """
        handing = self._under_way.get(call)
        if handing is None:
            return None
        if before:
            log.info("%s: handed on, and one did not answer: %s", call, before)
        handing.over.set()
        while handing.callees:
            callee = handing.callees.pop(0)
            try:
                channel = await self._permit(handing, callee, call)
            except NumberNotAllowed:
                continue
            return await self._rung(handing, callee, call, channel)
        self._under_way.pop(call, None)
        return None

    def take(self, event: Mapping[str, Any]) -> None:
        """See a citizen who was handed on hang up."""
        if event.get("Event") == "Hangup":
            handing = self._under_way.pop(event.get("Uniqueid", ""), None)
            if handing is not None:
                handing.over.set()

    async def _transfer(self, who: Principal, call: str, wanted: Wanted) -> Steered:
        steering = self._steering
        _, leg = steering.talking(who, call)
        callees = await self._thirds.find(wanted, Purpose.TRANSFER)
        detail = {"seat": leg.seat or "", "to": str(wanted)}
        await self._shifts.note(who, "call.transfer", call, detail)
        self._under_way[call] = _Handing(who, leg.seat or "", list(callees))
        citizen = steering.board.channels[call].name
        await steering.set(citizen, HOTLINE_HAND_ON=quote(str(wanted), safe=""))
        await steering.hand_on(call, leg, "hand-on")
        return steering.steered(call)

    async def _permit(self, handing: _Handing, callee: Callee, call: str) -> str:
        """How the callee is dialled; the call counts from now on."""
        given: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        handing.over = asyncio.Event()
        task = asyncio.create_task(self._hold(handing, callee, call, given))
        self._permits.add(task)
        task.add_done_callback(self._permits.discard)
        return await given

    async def _hold(
        self, handing: _Handing, callee: Callee, call: str, given: asyncio.Future[str]
    ) -> None:
        permit = self._gate.permit(handing.who, callee.dialled, purpose=Purpose.TRANSFER, ref=call)
        try:
            async with permit as channel:
                given.set_result(channel)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._thirds.ring_seconds + _LEG_SEEN_SECONDS):
                        await handing.over.wait()
        except Exception as problem:  # whoever asks is told
            if given.done():
                raise
            given.set_exception(problem)

    async def _rung(self, handing: _Handing, callee: Callee, call: str, channel: str) -> Rung:
        steering = self._steering
        number = self._thirds.next_number(call)
        folder = ""
        citizen = steering.board.channels.get(call)
        if citizen is not None:
            folder = await steering.get(citizen.name, "HOTLINE_RECORDING")
        facts = {
            "leg": str(number),
            "kind": LegKind.TRANSFER.value,
            "to": callee.dialled,
            "unit": callee.unit,
            "person": callee.person,
            "by": handing.by,
        }
        told = "&".join(f"{key}={quote(value, safe='')}" for key, value in facts.items() if value)
        file = f"{folder}/expert-{number}" if folder else ""
        return Rung(channel, round(self._thirds.ring_seconds), told, file)
