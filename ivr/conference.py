"""More than two in a call: consult, merge, leave, drop (T5, T6, H2); 110 at one key (X1).

The third party is rung (`ivr.thirds`) and, on answering, put into the bridge in which citizen and
seat talk. Asterisk needs nothing of us after that: whoever leaves, the others go on, and the queue
goes on counting the seat's time. What makes a consultation private is that the citizen is on hold.
Why it is done so is told in docs/adr.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from ivr.errors import AmiError, AmiRefused
from ivr.steering import HOLD_KEY, RINGING_KEY, Steered, Steering
from ivr.switchboard import Channel, LiveCall
from ivr.thirds import Callee, Ringing, Thirds, Wanted
from ticketing.domain.errors import (
    CallNotRecorded,
    ConsultUnderWay,
    NobodyAnswered,
    NoThirdParty,
)
from ticketing.domain.legs import CallEventKind, LegKind, leg_of
from ticketing.domain.outbound import Purpose
from ticketing.domain.roles import Principal
from ticketing.service.shifts import Shifts

log = logging.getLogger(__name__)
EMERGENCY_RING_SECONDS = 90.0
_MARGIN_SECONDS = 10.0  # for what lies between one telephone and the next
_PAUSED = "HOTLINE_RECORD_PAUSED"  # on the citizen's leg: outlives the controller


class Conference:
    """Steers the calls of one node in which a third party takes part.

    Args:
        shifts: writes who did what into the audit log.
        pause_seconds: after which a paused recording goes on, for agents forget it.
    """

    def __init__(
        self, steering: Steering, thirds: Thirds, shifts: Shifts, *, pause_seconds: float = 120
    ) -> None:
        self.thirds = thirds
        self._pause_seconds = pause_seconds
        self._pauses: dict[str, asyncio.TimerHandle] = {}
        self._steering, self._thirds, self._shifts = steering, thirds, shifts
        self._ringing: dict[str, Ringing] = {}
        self._who: dict[str, Callee] = {}  # a third party's leg → who it is
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what is known ---------------------------------------------------------------------
    def who(self, leg: str) -> Callee | None:
        """Whose leg of a third party it is; None of one that was rung by another controller."""
        return self._who.get(leg)

    def take(self, event: Mapping[str, Any]) -> None:
        """See a third party leave who was consulted in private: the citizen comes back at once."""
        leg = leg_of(event.get("Uniqueid", ""))
        if event.get("Event") != "Hangup" or leg is None:
            return
        self._who.pop(str(leg), None)
        held = self._steering.held(leg.call) and not self._steering.joined(leg.call)
        if held and leg.call not in self._ringing:
            self._spawn(self._look_again(leg.call))

    def linked(self) -> None:
        """Asterisk answers again: a recording that a controller before this one has paused, and
        that nobody would remember, goes on."""
        for call in self._steering.board.calls:
            if call not in self._pauses:
                self._spawn(self._remember(call))

    # --- verbs -----------------------------------------------------------------------------
    async def consult(self, who: Principal, call: str, wanted: Wanted, *, private: bool) -> Steered:
        """Ring a third party, one after the other of a unit's, until one has joined.

        Args:
            private: the citizen hears music until `merge`; the seat hears it ring. Otherwise the
                two go on talking, and the third party joins them.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, CallHeldElsewhere, AmiError
            ConsultUnderWay: somebody is being rung for this call.
            NobodyAnswered: the citizen is with the seat again.
            SeatNotFound, PhoneNotRegistered, SeatBusy, NobodyOnCall, UnitNotFound
            NumberNotAllowed, OutboundLimit, NoTrunk, DatabaseUnavailable
        """
        key = ("consult", who.username, call, str(wanted))
        return await self._steering.once(
            key,
            lambda: self._consult(who, call, wanted, LegKind.CONSULT, Purpose.EXPERT, private),
        )

    async def emergency(self, who: Principal, call: str, number: str) -> Steered:
        """Have 110, 119, 120 or 122 join citizen and seat; the seat stays until it leaves (X1, X2).

        Raises:
            NumberNotAllowed: not the number of an emergency service.
            And as `consult`.
        """
        key = ("emergency", who.username, call, number)
        wanted, kind = Wanted(number=number), LegKind.EMERGENCY
        return await self._steering.once(
            key, lambda: self._consult(who, call, wanted, kind, Purpose.EMERGENCY, False)
        )

    async def merge(self, who: Principal, call: str) -> Steered:
        """Let all of them talk to each other.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
            NoThirdParty: nobody has joined.
        """
        key = ("merge", who.username, call)
        return await self._steering.once(key, lambda: self._merge(who, call))

    async def leave(self, who: Principal, call: str) -> Steered:
        """The seat leaves, and the citizen goes on with the third party (an attended transfer, T7).

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
            NoThirdParty: nobody has joined.
        """
        key = ("leave", who.username, call)
        return await self._steering.once(key, lambda: self._leave(who, call))

    async def drop(self, who: Principal, call: str, number: int | None = None) -> Steered:
        """Send the third party away, also one that still rings; the seat has the citizen back.

        Args:
            number: of the third party's leg; all of them without it.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
            NoThirdParty: there is none.
        """
        key = ("drop", who.username, call, str(number))
        return await self._steering.once(key, lambda: self._drop(who, call, number))

    async def pause_recording(self, who: Principal, call: str, paused: bool) -> Steered:
        """Record silence while the citizen says what nobody shall hear again; or go on recording.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
            CallNotRecorded
        """
        key = ("record", who.username, call, str(paused))
        return await self._steering.once(key, lambda: self._pause(who, call, paused))

    async def case(self, who: Principal, call: str, number: str) -> Steered:
        """Keep the number under which another body knows the matter (X1).

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat
        """
        key = ("case", who.username, call, number)
        return await self._steering.once(key, lambda: self._case(who, call, number))

    # --- how it is done --------------------------------------------------------------------
    async def _consult(
        self,
        who: Principal,
        call: str,
        wanted: Wanted,
        kind: LegKind,
        purpose: Purpose,
        private: bool,
    ) -> Steered:
        steering = self._steering
        live, own = steering.talking(who, call)
        if call in self._ringing:
            raise ConsultUnderWay(f"{call}: {self._ringing[call].leg} is being rung")
        ringing = self._ringing[call] = Ringing(call, own)
        ring_for = self._thirds.ring_seconds
        if kind is LegKind.EMERGENCY:
            ring_for = EMERGENCY_RING_SECONDS
        held_by_us = False
        try:
            callees = await self._thirds.find(wanted, purpose)
            detail = {"seat": own.seat or "", "to": str(wanted)}
            await self._shifts.note(who, f"call.{kind}", call, detail)
            ringing_seconds = ring_for * len(callees)
            if bool(live.held) is not private:
                at_most = ringing_seconds + _MARGIN_SECONDS if private else None
                await steering.hold(call, own, private, seconds=at_most)
                held_by_us = private
            if private:
                await steering.note(own, event=CallEventKind.PRIVATE)
                await self._tone(own, round(ringing_seconds))
            found = await self._thirds.ring(
                who, ringing, callees, kind=kind, purpose=purpose, ring_for=ring_for
            )
            if found is None:
                raise NobodyAnswered(ringing.tried)
            await self._joined(call, own, *found, private=private)
            held_by_us = False
        finally:
            await self._afterwards(ringing, private=private, resume=held_by_us)
        return steering.steered(call)

    async def _joined(
        self, call: str, own: Channel, leg: Channel, callee: Callee, *, private: bool
    ) -> None:
        steering = self._steering
        self._who[leg.id] = callee
        citizen = steering.board.channels[call].name
        if private:
            await steering.set(citizen, HOTLINE_HOLD_FOR=leg.name)
            if leg.id not in steering.board.channels:  # gone before the citizen's leg knew of it
                await steering.press(citizen, HOLD_KEY)
        else:
            await steering.note(own, event=CallEventKind.MERGED)
        live = steering.board.calls.get(call)
        if live is not None and live.unrecorded:
            await self._mute(leg, True)

    async def _afterwards(self, ringing: Ringing, *, private: bool, resume: bool) -> None:
        """No tone for the seat any more; and the citizen back, if nobody joined."""
        steering, own = self._steering, ringing.asked_by
        try:
            if private and own.id in steering.board.channels:
                await self._tone(own, 0)
                if resume and ringing.call in steering.board.calls:
                    await steering.hold(ringing.call, own, False)
        except AmiError as problem:
            log.warning("%s: %s after a consultation that did not come about", own.name, problem)
        finally:
            self._ringing.pop(ringing.call, None)

    async def _tone(self, own: Channel, seconds: int) -> None:
        await self._steering.set(own.name, HOTLINE_RINGING=str(seconds))
        await self._steering.press(own.name, RINGING_KEY)

    async def _merge(self, who: Principal, call: str) -> Steered:
        steering = self._steering
        live, own = steering.talking(who, call)
        self._some_third(call, own)
        if live.held:
            await self._shifts.note(who, "call.merge", call, {"seat": own.seat or ""})
            await steering.hold(call, own, False)
            await steering.note(own, event=CallEventKind.MERGED)
        return steering.steered(call)

    async def _leave(self, who: Principal, call: str) -> Steered:
        steering = self._steering
        live, own = steering.talking(who, call)
        self._some_third(call, own)
        await self._shifts.note(who, "call.leave", call, {"seat": own.seat or ""})
        await steering.note(own, event=CallEventKind.LEFT, by=own.seat or "")
        if live.held:
            await steering.hold(call, own, False)
        await steering.end(own)
        return steering.steered(call)

    async def _drop(self, who: Principal, call: str, number: int | None) -> Steered:
        steering = self._steering
        live, own = steering.talking(who, call)
        ringing = self._ringing.get(call)
        if ringing is not None and (
            number is None or (ringing.leg and ringing.leg.number == number)
        ):
            await self._shifts.note(who, "call.drop", call, {"seat": own.seat or ""})
            ringing.cancelled = True
            steering.take({})
            await steering.until(lambda: call not in self._ringing, "Hangup")
            return steering.steered(call)
        legs = [
            leg
            for leg in self._some_third(call, own)
            if number is None or (leg.third and leg.third.number == number)
        ]
        if not legs:
            raise NoThirdParty(f"{call}: no third party has the number {number}")
        await self._shifts.note(who, "call.drop", call, {"seat": own.seat or ""})
        for leg in legs:
            told = leg.third.number if leg.third else 0
            await steering.note(own, event=CallEventKind.DROPPED, third=str(told))
            await steering.end(leg)
        others = [leg for leg in steering.joined(call) if leg.id != own.id]
        if live.held and not others:
            await steering.hold(call, own, False)
        return steering.steered(call)

    def _some_third(self, call: str, own: Channel) -> list[Channel]:
        """The third parties beside the seat that asks, who may be one itself."""
        legs = [leg for leg in self._steering.board.others(call) if leg.id != own.id]
        legs = [leg for leg in legs if leg.third is not None or own.third is not None]
        if not legs:
            raise NoThirdParty(f"{call}: nobody has joined")
        return legs

    async def _look_again(self, call: str) -> None:
        """Have the dialplan see at once that who was consulted is gone."""
        channel = self._steering.board.channels.get(call)
        try:
            if channel is not None:
                await self._steering.press(channel.name, HOLD_KEY)
        except AmiError as problem:
            log.info(
                "%s: the dialplan sees by itself that the third party is gone: %s", call, problem
            )

    async def _pause(self, who: Principal, call: str, paused: bool) -> Steered:
        steering = self._steering
        live, own = steering.talking(who, call)
        if live.unrecorded is paused:
            return steering.steered(call)
        verb = "call.record_pause" if paused else "call.record_resume"
        await self._shifts.note(who, verb, call, {"seat": own.seat or ""})
        kind = CallEventKind.RECORD_PAUSED if paused else CallEventKind.RECORD_RESUMED
        await self._mute_all(call, live, paused)
        if (before := self._pauses.pop(call, None)) is not None:
            before.cancel()
        if paused:
            loop = asyncio.get_running_loop()
            self._pauses[call] = loop.call_later(
                self._pause_seconds, lambda: self._spawn(self._go_on(call))
            )
        await steering.note(own, event=kind, by=own.seat or "")
        return steering.steered(call)

    async def _remember(self, call: str) -> None:
        """Go on recording a call if its own leg says that this was paused."""
        channel = self._steering.board.channels.get(call)
        try:
            if channel and await self._steering.get(channel.name, _PAUSED):
                await self._go_on(call)
        except AmiError as problem:
            log.warning("%s: whether its recording is paused is not known: %s", call, problem)

    async def _go_on(self, call: str) -> None:
        """Record again what nobody has resumed."""
        self._pauses.pop(call, None)
        steering = self._steering
        live = steering.board.calls.get(call)
        if live is None:
            return
        try:
            await self._mute_all(call, live, False)
        except (AmiError, CallNotRecorded) as problem:
            log.warning("%s: its recording stays paused: %s", call, problem)
            return
        legs = [leg for leg in steering.board.others(call) if leg.seat]
        for leg in legs[:1]:
            await steering.note(leg, event=CallEventKind.RECORD_RESUMED)

    async def _mute_all(self, call: str, live: LiveCall, paused: bool) -> None:
        steering = self._steering
        citizen = steering.board.channels[live.id]
        if not await self._mute(citizen, paused):
            raise CallNotRecorded(f"{call} is not being recorded")
        await steering.set(citizen.name, **{_PAUSED: "yes" if paused else ""})
        for leg in steering.board.others(call):
            await self._mute(leg, paused)

        def confirmed() -> bool:
            now = steering.board.calls.get(call)
            return now is None or now.unrecorded is paused

        await steering.until(confirmed, "MixMonitorMute")

    async def _mute(self, leg: Channel, paused: bool) -> bool:
        """Whether there was a recording of this leg to pause."""
        state = "1" if paused else "0"
        try:
            await self._steering.ami.action(
                "MixMonitorMute", Channel=leg.name, Direction="both", State=state
            )
        except AmiRefused:
            return False
        return True

    async def _case(self, who: Principal, call: str, number: str) -> Steered:
        _, own = self._steering.talking(who, call)
        await self._shifts.note(who, "call.case", call, {"case": number})
        await self._steering.note(own, event=CallEventKind.CASE, case=number, by=own.seat or "")
        return self._steering.steered(call)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
