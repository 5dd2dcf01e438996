"""Steering the calls that go on: hang up, hand on, hold; listen, whisper, barge.

What a third party has to do with is in `ivr.conference`; what both need, in `ivr.steering`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from ivr.ami import Ami
from ivr.desk import Desk
from ivr.steering import Steered, Steering
from ivr.switchboard import Board, Spy, Spying
from ticketing.domain.errors import (
    CallNotConnected,
    NotYourSeat,
    PhoneNotAnswered,
    QueueNotFound,
    SeatNotFound,
)
from ticketing.domain.roles import Principal
from ticketing.service.shifts import Shifts

_OPTIONS = {Spying.LISTEN: "qES", Spying.WHISPER: "qESw", Spying.BARGE: "qESB"}
"""Of ChanSpy: say nothing, end with the call; ``w`` is heard by the seat, ``B`` by both."""


class Control:
    """Steers one node's calls.

    Args:
        board: who talks to whom now.
        shifts: writes who did what into the audit log.
        ring_seconds: how long a supervisor's phone rings.

    Attributes:
        steering: what `ivr.conference` shares with it.
    """

    def __init__(
        self,
        ami: Ami,
        board: Callable[[], Board],
        desk: Desk,
        shifts: Shifts,
        *,
        ring_seconds: float,
    ) -> None:
        self.steering = Steering(ami, board, desk)
        self._ami = ami
        self._board = board
        self._desk = desk
        self._shifts = shifts
        self._ring_seconds = ring_seconds

    def take(self, event: Mapping[str, Any]) -> None:
        """The board has changed, perhaps."""
        self.steering.take(event)

    # --- calls -----------------------------------------------------------------------------
    async def hangup(self, who: Principal, call: str) -> Steered:
        """End the seat's part of a call: the citizen is asked for a rating, if still there.

        With a third party in it, those two go on. A manager ends also a call that is with no seat:
        then the citizen's part.

        Raises:
            CallNotFound, NotYourSeat, AmiError
        """
        key = ("hangup", who.username, call)
        return await self.steering.once(key, lambda: self._hangup(who, call))

    async def transfer(
        self, who: Principal, call: str, *, seat: str | None = None, queue: str | None = None
    ) -> Steered:
        """Hand a citizen on, unannounced, to a seat or a queue (T7); recording goes on.

        A seat that does not answer gives the citizen back to the queue.

        Args:
            seat, queue: one of them.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
            ConsultUnderWay: there is a third party.
            SeatNotFound, PhoneNotRegistered, SeatBusy: of the seat it should go to.
            QueueNotFound
        """
        to = seat or queue or ""
        key = ("transfer", who.username, call, to)
        return await self.steering.once(key, lambda: self._transfer(who, call, seat, to))

    async def hold(self, who: Principal, call: str) -> Steered:
        """Let the citizen hear music, and nothing of the seat.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
        """
        key = ("hold", who.username, call)
        return await self.steering.once(key, lambda: self._hold(who, call, True))

    async def resume(self, who: Principal, call: str) -> Steered:
        """Let the two talk again.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
            CallHeldElsewhere: it was the telephone that put it on hold.
        """
        key = ("resume", who.username, call)
        return await self.steering.once(key, lambda: self._hold(who, call, False))

    async def _hangup(self, who: Principal, call: str) -> Steered:
        live, leg = self.steering.find(who, call)
        channel = leg or self._board().channels.get(live.id)
        if channel is None:
            raise CallNotConnected(f"{call} is over")
        await self._shifts.note(who, "call.hangup", call, {"seat": channel.seat or ""})
        if leg is None:
            await self._ami.action("Hangup", Channel=channel.name, Cause="16")
            await self._gone(channel.id)
        else:
            await self.steering.end(leg)
        return self.steering.steered(call)

    async def _transfer(self, who: Principal, call: str, seat: str | None, to: str) -> Steered:
        _, leg = self.steering.talking(who, call)
        if seat is not None:
            self.steering.check_free(seat)
        elif to not in self._board().queues:
            raise QueueNotFound(f"no queue {to}")
        await self._shifts.note(who, "call.transfer", call, {"seat": leg.seat or "", "to": to})
        await self.steering.hand_on(call, leg, to)
        return self.steering.steered(call)

    async def _hold(self, who: Principal, call: str, wanted: bool) -> Steered:
        live, leg = self.steering.talking(who, call)
        if bool(live.held) is not wanted:
            verb = "call.hold" if wanted else "call.resume"
            await self._shifts.note(who, verb, call, {"seat": leg.seat or ""})
            await self.steering.hold(call, leg, wanted)
        return self.steering.steered(call)

    # --- supervision -----------------------------------------------------------------------
    async def supervise(self, who: Principal, how: Spying, seat: str, own: str) -> Spy:
        """Ring the supervisor's phone, and let it hear (and be heard in) the call of a seat.

        Args:
            seat: whose call.
            own: the supervisor's seat.

        Raises:
            SeatNotFound
            CallNotConnected: the seat talks to nobody.
            NotYourSeat: another person sits at ``own``.
            PhoneNotRegistered, SeatBusy, PhoneNotAnswered: the supervisor's phone.
            AmiError
        """
        key = ("supervise", who.username, how.value, seat, own)
        return await self.steering.once(key, lambda: self._supervise(who, how, seat, own))

    async def stop(self, who: Principal, own: str) -> None:
        """End what a supervisor's seat listens to; all done already is well.

        Raises:
            NotYourSeat, AmiError
        """
        self._check_own(who, own)
        for channel in [c for c in self._board().channels.values() if c.seat == own]:
            if channel.spy is None:
                continue
            await self._shifts.note(who, "supervision.stop", channel.spy.seat, {"with": own})
            await self._ami.action("Hangup", Channel=channel.name, Cause="16")
            await self._gone(channel.id)

    async def _supervise(self, who: Principal, how: Spying, seat: str, own: str) -> Spy:
        self._check_own(who, own)
        board = self._board()
        if seat not in board.seats:
            raise SeatNotFound(f"seat {seat} does not exist")
        spy = Spy(how, seat)
        if any(c.seat == own and c.spy == spy for c in board.channels.values()):
            return spy
        talking = (c for c in board.channels.values() if c.seat == seat and c.bridge)
        target = next((c for c in talking if seat in board.parties(c.call)), None)
        if target is None:
            raise CallNotConnected(f"seat {seat} talks to nobody")
        self.steering.check_phone(own)
        await self._shifts.note(who, f"supervision.{how}", seat, {"with": own, "call": target.call})
        placed = await self._ami.originate(
            f"PJSIP/{own}",
            application=("ChanSpy", f"{target.name},{_OPTIONS[how]}"),
            ring_for=self._ring_seconds,
            caller_id=f'"{seat}" <{seat}>',
            channel_id=spy.call_id(secrets.token_hex(6)),
        )
        if not placed.answered:
            raise PhoneNotAnswered(f"seat {own}: {placed.outcome}")
        return spy

    def _check_own(self, who: Principal, own: str) -> None:
        now = self._desk.seat(own)
        if now is not None and now.person not in {"", who.username}:
            raise NotYourSeat(f"{now.person} sits at seat {own}")

    async def _gone(self, channel: str) -> None:
        await self.steering.until(lambda: channel not in self._board().channels, "Hangup")
