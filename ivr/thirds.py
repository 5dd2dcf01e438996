"""Third parties: whom to ring for a call, and ringing them one after the other (T5, T6).

A unit is reached by its duty roster and its register of contacts; who does not answer, is busy or
refuses is followed by the next. Each is rung by the controller; on answering, Asterisk's dialplan
(context ``leg``) puts the leg into the bridge of the seat that asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from ivr.ami import Originated, OriginateOutcome
from ivr.errors import AmiTimeout
from ivr.steering import Steering
from ivr.switchboard import Channel
from ticketing.domain.duty import OnCall
from ticketing.domain.errors import NobodyOnCall, NumberNotAllowed
from ticketing.domain.legs import LegId, LegKind, LegOutcome
from ticketing.domain.lines import HOTLINE, LinePlan
from ticketing.domain.outbound import Purpose
from ticketing.domain.roles import Principal

log = logging.getLogger(__name__)
MOST_RUNG = 8  # of one cascade
_CONTEXT = "leg"  # of extensions.conf
_OUTCOMES = {
    OriginateOutcome.ANSWERED: LegOutcome.ANSWERED,
    OriginateOutcome.BUSY: LegOutcome.BUSY,
    OriginateOutcome.CONGESTION: LegOutcome.REFUSED,
    OriginateOutcome.FAILED: LegOutcome.REFUSED,
}


class Gate(Protocol):
    """The way out; `ivr.outward`."""

    def dial(self, number: str, purpose: Purpose | None = None) -> str: ...
    async def place(
        self,
        who: Principal | None,
        number: str,
        *,
        purpose: Purpose,
        ref: str,
        extension: tuple[str, str] | None = None,
        ring_for: float = 30.0,
        caller_id: str = "",
        variables: dict[str, str] | None = None,
        channel_id: str = "",
    ) -> Originated: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who is to join a call: one of a unit, a seat, a telephone number, a line of the plan (T4)."""

    unit: str = ""
    seat: str = ""
    number: str = ""
    line: str = ""

    def __str__(self) -> str:
        return self.unit or self.seat or self.number or self.line


@dataclass(frozen=True, slots=True)
class Callee:
    """One who may be rung: a seat, or a telephone number outside."""

    dialled: str
    seat: bool = False
    unit: str = ""
    person: str = ""

    @property
    def digits(self) -> str:
        """What was dialled, as an id can hold it."""
        return "".join(c for c in self.dialled if c.isdigit())[:20] or "0"

    @property
    def name(self) -> str:
        """Who it is, for people."""
        return self.person or self.unit or self.dialled


@dataclass(eq=False)
class Ringing:
    """Third parties being rung for a call.

    Attributes:
        leg: the one that rings now.
        tried: how it went with those before, for people.
    """

    call: str
    asked_by: Channel
    leg: LegId | None = None
    cancelled: bool = False
    tried: list[str] = field(default_factory=list)


class Thirds:
    """Finds and rings third parties.

    Args:
        gate: the way out.
        on_call: who may be rung for a unit now, in their order.
        plan: the number plan of a local day.
        today: the local day.
        last_leg: the highest number that a leg of a call has had, as far as the journal was read.
        ring_seconds: how long each one's telephone rings.
    """

    def __init__(
        self,
        steering: Steering,
        gate: Gate,
        *,
        on_call: Callable[[str], Awaitable[Sequence[OnCall]]],
        plan: Callable[[date], LinePlan],
        today: Callable[[], date],
        last_leg: Callable[[str], int],
        ring_seconds: float,
    ) -> None:
        self._steering, self._gate = steering, gate
        self._on_call, self._plan, self._today = on_call, plan, today
        self._last_leg = last_leg
        self._numbers: dict[str, int] = {}  # call → of the last leg
        self.ring_seconds = ring_seconds

    async def find(self, wanted: Wanted, purpose: Purpose) -> tuple[Callee, ...]:
        """Whom to ring, one after the other.

        Raises:
            SeatNotFound, PhoneNotRegistered, SeatBusy: of the seat.
            NobodyOnCall: of the unit.
            NumberNotAllowed, NoTrunk, UnitNotFound, DatabaseUnavailable
        """
        if wanted.seat:
            self._steering.check_free(wanted.seat)
            return (Callee(wanted.seat, seat=True),)
        if wanted.unit:
            found = await self._on_call(wanted.unit)
            if not found:
                raise NobodyOnCall(f"{wanted.unit}: nobody is on call")
            callees = tuple(Callee(one.phone, unit=one.unit, person=one.person) for one in found)
            return callees[:MOST_RUNG]
        number = wanted.number or wanted.line
        self._gate.dial(number, purpose)
        day = self._today()
        line = self._plan(day).find(number, day)
        if line is None:
            return (Callee(number),)
        return (Callee(line.number, unit=line.unit, person=line.name),)

    async def ring(
        self,
        who: Principal,
        ringing: Ringing,
        callees: Sequence[Callee],
        *,
        kind: LegKind,
        purpose: Purpose,
        ring_for: float,
    ) -> tuple[Channel, Callee] | None:
        """Ring one after the other, until one has joined the bridge of the seat that asked.

        Returns:
            the leg, and whose it is; None: nobody answered, or it was given up.

        Raises:
            OutboundLimit, NoTrunk, NumberNotAllowed: none was rung for it.
            AmiError
        """
        refusal: NumberNotAllowed | None = None
        for callee in callees:
            if ringing.cancelled:
                break
            try:
                leg, outcome = await self._try(who, ringing, callee, kind, purpose, ring_for)
            except NumberNotAllowed as refused:
                refusal = refused
                ringing.tried.append(f"{callee.name}: {refused.id}")
                continue
            if leg is not None:
                return leg, callee
            ringing.tried.append(f"{callee.name}: {outcome}")
        if refusal is not None and len(ringing.tried) == 1:
            raise refusal
        return None

    async def _try(
        self,
        who: Principal,
        ringing: Ringing,
        callee: Callee,
        kind: LegKind,
        purpose: Purpose,
        ring_for: float,
    ) -> tuple[Channel | None, LegOutcome]:
        steering, own, call = self._steering, ringing.asked_by, ringing.call
        leg = ringing.leg = LegId(call, self.next_number(call), callee.digits)
        folder = await steering.get(steering.board.channels[call].name, "HOTLINE_RECORDING")
        own_file = f"seat-{own.seat}-{leg.number}" if folder else ""
        await steering.note(
            own,
            record_as=f"{folder}/{own_file}" if folder else "",
            leg=str(leg.number),
            kind=kind,
            to=callee.dialled,
            unit=callee.unit,
            person=callee.person,
            by=own.seat or "",
            file=own_file,
        )
        placing = asyncio.create_task(
            self._place(
                who,
                callee,
                leg,
                purpose,
                ring_for,
                {
                    "HOTLINE_JOIN": own.name,
                    "HOTLINE_LEG_FILE": f"{folder}/expert-{leg.number}" if folder else "",
                },
                own.seat or HOTLINE,
            )
        )
        watching = asyncio.create_task(self._given_up(ringing, leg))
        try:
            await asyncio.wait({placing})
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        placed = placing.result()
        outcome = _OUTCOMES.get(placed.outcome, LegOutcome.NO_ANSWER)
        if ringing.cancelled and not placed.answered:
            outcome = LegOutcome.CANCELLED
        if placed.answered:
            if await self._comes_in(leg):
                return steering.board.channels[str(leg)], LegOutcome.ANSWERED
        elif own.id in steering.board.channels:
            await steering.note(own, leg=str(leg.number), outcome=outcome)
        return None, outcome

    async def _place(
        self,
        who: Principal,
        callee: Callee,
        leg: LegId,
        purpose: Purpose,
        ring_for: float,
        variables: dict[str, str],
        asked_by: str,
    ) -> Originated:
        extension = (_CONTEXT, "s")
        if callee.seat:
            return await self._steering.ami.originate(
                f"PJSIP/{callee.dialled}",
                extension=extension,
                ring_for=ring_for,
                caller_id=f'"{asked_by}" <{asked_by}>',
                variables=variables,
                channel_id=str(leg),
            )
        return await self._gate.place(
            who,
            callee.dialled,
            purpose=purpose,
            ref=leg.call,
            extension=extension,
            ring_for=ring_for,
            caller_id=f'"{HOTLINE}" <{HOTLINE}>',
            variables=variables,
            channel_id=str(leg),
        )

    async def _given_up(self, ringing: Ringing, leg: LegId) -> None:
        """Stop the ringing when it is given up, or citizen or seat are gone."""

        def in_vain() -> bool:
            board = self._steering.board
            gone = ringing.call not in board.calls or ringing.asked_by.id not in board.channels
            return ringing.cancelled or gone

        await self._steering.see(lambda: in_vain() and not self._over(leg))
        ringing.cancelled = True
        channel = self._steering.board.channels[str(leg)]
        if not self._joined(leg):
            await self._steering.ami.action("Hangup", Channel=channel.name, Cause="16")

    async def _comes_in(self, leg: LegId) -> bool:
        """Whether one who has answered joins; the answer may be known before the leg is seen."""
        seen = False

        def settled() -> bool:
            nonlocal seen
            gone = seen and self._over(leg)
            seen = seen or not self._over(leg)
            return gone or self._joined(leg)

        with contextlib.suppress(AmiTimeout):
            await self._steering.until(settled, "BridgeAdd")
        return self._joined(leg)

    def _over(self, leg: LegId) -> bool:
        return str(leg) not in self._steering.board.channels

    def _joined(self, leg: LegId) -> bool:
        return any(each.id == str(leg) for each in self._steering.board.others(leg.call))

    def next_number(self, call: str) -> int:
        """A number that no third party's leg of a call has had."""
        known = [leg.third.number for leg in self._steering.board.thirds(call) if leg.third]
        last = max([self._numbers.get(call, 0), self._last_leg(call), *known])
        self._numbers = {
            each: number
            for each, number in self._numbers.items()
            if each in self._steering.board.calls
        }
        self._numbers[call] = last + 1
        return last + 1
