"""Steering the calls that go on: hang up, hand on, hold; listen, whisper, barge.

Each verb returns when Asterisk's own events show that it is done. A second click, while the first
is under way or just done, shares the first one's outcome.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ivr.ami import Ami
from ivr.desk import Desk
from ivr.errors import AmiTimeout
from ivr.switchboard import Board, Channel, Device, Held, LiveCall, Spy, Spying
from ticketing.domain.errors import (
    CallHeldElsewhere,
    CallNotConnected,
    CallNotFound,
    NotYourSeat,
    PhoneNotAnswered,
    PhoneNotRegistered,
    QueueNotFound,
    SeatBusy,
    SeatNotFound,
)
from ticketing.domain.roles import Permission, Principal
from ticketing.domain.shifts import Doing
from ticketing.service.clock import utc_now
from ticketing.service.shifts import Shifts

CONFIRM_SECONDS = 5.0
DOUBLE_CLICK_SECONDS = 2.0
_T = TypeVar("_T")
HOLD_KEY = "C"  # as in features.conf
_OPTIONS = {Spying.LISTEN: "qES", Spying.WHISPER: "qESw", Spying.BARGE: "qESB"}
"""Of ChanSpy: say nothing, end with the call; ``w`` is heard by the seat, ``B`` by both."""


@dataclass(frozen=True, slots=True)
class Steered:
    """A call as it is after a verb: with which seats it is, and whether it is on hold."""

    call: str
    seats: tuple[str, ...]
    held: bool


class Control:
    """Steers one node's calls.

    Args:
        board: who talks to whom now.
        shifts: writes who did what into the audit log.
        ring_seconds: how long a supervisor's phone rings.
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
        self._ami = ami
        self._board = board
        self._desk = desk
        self._shifts = shifts
        self._ring_seconds = ring_seconds
        self._news = asyncio.Event()
        self._asked: dict[tuple[str, ...], asyncio.Task[Any]] = {}

    def take(self, _event: Mapping[str, Any]) -> None:
        """The board has changed, perhaps."""
        self._news.set()

    # --- calls -----------------------------------------------------------------------------
    async def hangup(self, who: Principal, call: str) -> Steered:
        """End the seat's part of a call: the citizen is asked for a rating, if still there.

        A manager ends also a call that is with no seat: then the citizen's part.

        Raises:
            CallNotFound, NotYourSeat, AmiError
        """
        return await self._once(("hangup", who.username, call), lambda: self._hangup(who, call))

    async def transfer(
        self, who: Principal, call: str, *, seat: str | None = None, queue: str | None = None
    ) -> Steered:
        """Hand a citizen on, unannounced, to a seat or a queue (T7); recording goes on.

        A seat that does not answer gives the citizen back to the queue.

        Args:
            seat, queue: one of them.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
            SeatNotFound, PhoneNotRegistered, SeatBusy: of the seat it should go to.
            QueueNotFound
        """
        to = seat or queue or ""
        key = ("transfer", who.username, call, to)
        return await self._once(key, lambda: self._transfer(who, call, seat, to))

    async def hold(self, who: Principal, call: str) -> Steered:
        """Let the citizen hear music, and nothing of the seat.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
        """
        return await self._once(("hold", who.username, call), lambda: self._hold(who, call, True))

    async def resume(self, who: Principal, call: str) -> Steered:
        """Let the two talk again.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat, AmiError
            CallHeldElsewhere: it was the telephone that put it on hold.
        """
        return await self._once(
            ("resume", who.username, call), lambda: self._hold(who, call, False)
        )

    async def _hangup(self, who: Principal, call: str) -> Steered:
        live, leg = self._find(who, call)
        if leg is None:
            channel = self._board().channels.get(live.id)
            if channel is None:
                raise CallNotConnected(f"{call} is over")
        else:
            channel = leg
            source = "CHANNEL(hangupsource)"  # the journal tells by it who has hung up
            name = channel.name
            await self._ami.action("Setvar", Channel=name, Variable=source, Value=name)
        await self._shifts.note(who, "call.hangup", call, {"seat": channel.seat or ""})
        await self._ami.action("Hangup", Channel=channel.name, Cause="16")
        await self._until(lambda: channel.id not in self._board().channels, "Hangup")
        return self._steered(call)

    async def _transfer(self, who: Principal, call: str, seat: str | None, to: str) -> Steered:
        _, leg = self._find(who, call)
        if leg is None:
            raise CallNotConnected(f"{call} is with no seat")
        if seat is not None:
            self._free(seat)
        elif to not in self._board().queues:
            raise QueueNotFound(f"no queue {to}")
        await self._shifts.note(who, "call.transfer", call, {"seat": leg.seat or "", "to": to})
        await self._ami.action("BlindTransfer", Channel=leg.name, Context="transfer", Exten=to)
        await self._until(
            lambda: (leg.seat or "") not in self._board().parties(call), "BlindTransfer"
        )
        return self._steered(call)

    async def _hold(self, who: Principal, call: str, wanted: bool) -> Steered:
        live, leg = self._find(who, call)
        if leg is None:
            raise CallNotConnected(f"{call} is with no seat")
        if bool(live.held) is not wanted:
            if live.held is Held.PHONE:
                raise CallHeldElsewhere(f"{call} was put on hold by the phone of seat {leg.seat}")
            verb = "call.hold" if wanted else "call.resume"
            await self._shifts.note(who, verb, call, {"seat": leg.seat or ""})
            channel = self._board().channels[live.id].name
            await self._ami.action(
                "PlayDTMF", Channel=channel, Digit=HOLD_KEY, Duration="50", Receive="true"
            )
            await self._until(lambda: self._held(call) is wanted, "PlayDTMF")
        return self._steered(call)

    def _held(self, call: str) -> bool:
        live = self._board().calls.get(call)
        return live is not None and bool(live.held)

    def _find(self, who: Principal, call: str) -> tuple[LiveCall, Channel | None]:
        """A call going on and the leg of the seat that has it: of the own one, if it is there."""
        board = self._board()
        live = board.calls.get(call)
        if live is None:
            raise CallNotFound(f"{call} does not go on")
        parties = board.parties(call)
        own = self._desk.seat_of(who.username)
        if own not in parties:
            if not who.may(Permission.DESK_MANAGE):
                raise NotYourSeat(f"{call} is not with the seat of {who.username}")
            own = min(parties, default=None)
        bridge = board.channels[call].bridge if own else None
        legs = (c for c in board.channels.values() if c.seat == own and c.bridge == bridge)
        return live, next(legs, None) if own else None

    def _steered(self, call: str) -> Steered:
        return Steered(call, tuple(sorted(self._board().parties(call))), self._held(call))

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
        return await self._once(key, lambda: self._supervise(who, how, seat, own))

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
        self._check_phone(own)
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

    def _check_phone(self, number: str) -> None:
        seat = self._board().seats.get(number)
        if seat is None:
            raise SeatNotFound(f"seat {number} does not exist")
        if seat.device is Device.UNAVAILABLE:
            raise PhoneNotRegistered(f"the phone of seat {number} is not registered")
        if seat.device is not Device.IDLE:
            raise SeatBusy(f"seat {number} has a call")

    def _free(self, number: str) -> None:
        self._check_phone(number)
        now = self._desk.seat(number)
        if now is not None and now.managed and now.doing(utc_now()) is not Doing.READY:
            raise SeatBusy(f"seat {number} takes no call now")

    # --- waiting ---------------------------------------------------------------------------
    async def _gone(self, channel: str) -> None:
        await self._until(lambda: channel not in self._board().channels, "Hangup")

    async def _until(self, done: Callable[[], bool], action: str) -> None:
        """Wait until Asterisk's events show it."""
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                while not done():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AmiTimeout(f"{action}: not confirmed in {CONFIRM_SECONDS:g} s") from None

    async def _once(self, key: tuple[str, ...], work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Do ``work``, or share the outcome of the same that is under way or just done."""
        task = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._asked[key] = task
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    def _done(self, key: tuple[str, ...], task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._asked.pop(key, None)
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(DOUBLE_CLICK_SECONDS, self._asked.pop, key, None)
