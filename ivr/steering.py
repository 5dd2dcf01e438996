"""What all who steer calls need: who may, which leg, one press of a key, and Asterisk's word on it.

Each verb returns when Asterisk's own events show that it is done. A second click, while the first
is under way or just done, shares the first one's outcome.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from ivr.ami import Ami
from ivr.desk import Desk
from ivr.errors import AmiError, AmiNotConnected, AmiRefused, AmiTimeout
from ivr.switchboard import Board, Channel, Device, Held, LiveCall
from ticketing.domain.errors import (
    CallHeldElsewhere,
    CallNotConnected,
    CallNotFound,
    ConsultUnderWay,
    NotYourSeat,
    PhoneNotRegistered,
    SeatBusy,
    SeatNotFound,
)
from ticketing.domain.roles import Permission, Principal
from ticketing.domain.shifts import Doing
from ticketing.service.clock import utc_now

log = logging.getLogger(__name__)
CONFIRM_SECONDS = 5.0
DOUBLE_CLICK_SECONDS = 2.0
NOTE_KEY, RINGING_KEY, HOLD_KEY = "A", "B", "C"
"""As in features.conf."""
_T = TypeVar("_T")
_ENDS_ITSELF = 4.0  # seconds until a leg that should is hung up
_NOTED_LOOKS, _NOTED_PAUSE = 50, 0.03


@dataclass(frozen=True, slots=True)
class Steered:
    """A call as it is after a verb.

    Attributes:
        seats: those in the bridge with the citizen, or talking while the citizen is on hold.
        held: the citizen hears music.
        thirds: the numbers of the third parties' legs that are in it.
        recorded: its recording is not paused.
    """

    call: str
    seats: tuple[str, ...]
    held: bool
    thirds: tuple[int, ...] = ()
    recorded: bool = True


class Steering:
    """One node's calls, as they can be steered.

    Args:
        board: who talks to whom now.
    """

    def __init__(self, ami: Ami, board: Callable[[], Board], desk: Desk) -> None:
        self.ami = ami
        self.desk = desk
        self._board = board
        self._news = asyncio.Event()
        self._asked: dict[tuple[str, ...], asyncio.Task[Any]] = {}
        self._noting: dict[str, asyncio.Lock] = {}

    @property
    def board(self) -> Board:
        """Who talks to whom now."""
        return self._board()

    def take(self, _event: Mapping[str, Any]) -> None:
        """The board has changed, perhaps."""
        self._news.set()

    # --- which call, which leg -------------------------------------------------------------
    def find(self, who: Principal, call: str) -> tuple[LiveCall, Channel | None]:
        """A call going on and the leg of the seat that has it: of the own one, if it is there.

        Raises:
            CallNotFound, NotYourSeat
            AmiNotConnected: which calls go on is not known yet.
        """
        board = self.board
        live = board.calls.get(call)
        if live is None and board.blank:
            raise AmiNotConnected("Asterisk has not told yet what goes on")
        if live is None:
            raise CallNotFound(f"{call} does not go on")
        legs = [leg for leg in board.others(call) if leg.seat]
        own = self.desk.seat_of(who.username)
        mine = next((leg for leg in legs if leg.seat == own), None)
        if mine is None:
            if not who.may(Permission.DESK_MANAGE):
                raise NotYourSeat(f"{call} is not with the seat of {who.username}")
            # who was called by the queue comes before who was asked to join
            mine = min(legs, key=lambda leg: (leg.third is not None, leg.seat), default=None)
        return live, mine

    def talking(self, who: Principal, call: str) -> tuple[LiveCall, Channel]:
        """The same of a call that a seat has.

        Raises:
            CallNotFound, CallNotConnected, NotYourSeat
        """
        live, leg = self.find(who, call)
        if leg is None:
            raise CallNotConnected(f"{call} is with no seat")
        return live, leg

    def joined(self, call: str) -> tuple[Channel, ...]:
        """The legs of third parties that are in the bridge with the citizen."""
        return tuple(leg for leg in self.board.others(call) if leg.third is not None)

    def held(self, call: str) -> bool:
        """Whether the citizen hears music."""
        live = self.board.calls.get(call)
        return live is not None and bool(live.held)

    def steered(self, call: str) -> Steered:
        """A call as it is now."""
        live = self.board.calls.get(call)
        thirds = sorted(leg.third.number for leg in self.joined(call) if leg.third)
        return Steered(
            call,
            tuple(sorted(self.board.parties(call))),
            self.held(call),
            tuple(thirds),
            live is None or not live.unrecorded,
        )

    def check_phone(self, number: str) -> None:
        """Whether a seat's phone could be rung.

        Raises:
            SeatNotFound, PhoneNotRegistered, SeatBusy
        """
        seat = self.board.seats.get(number)
        if seat is None:
            raise SeatNotFound(f"seat {number} does not exist")
        if seat.device is Device.UNAVAILABLE:
            raise PhoneNotRegistered(f"the phone of seat {number} is not registered")
        if seat.device is not Device.IDLE:
            raise SeatBusy(f"seat {number} has a call")

    def check_free(self, number: str) -> None:
        """Whether a seat would take a call now.

        Raises:
            SeatNotFound, PhoneNotRegistered, SeatBusy
        """
        self.check_phone(number)
        now = self.desk.seat(number)
        if now is not None and now.managed and now.doing(utc_now()) is not Doing.READY:
            raise SeatBusy(f"seat {number} takes no call now")

    async def hand_on(self, call: str, leg: Channel, exten: str) -> None:
        """Lead the citizen to where context ``transfer`` says; the seat's leg ends.

        Raises:
            ConsultUnderWay: there is a third party.
            CallHeldElsewhere, AmiError
        """
        if self.board.thirds(call) and leg.third is None:
            raise ConsultUnderWay(f"{call}: there is a third party")
        await self.hold(call, leg, False)
        await self.ami.action("BlindTransfer", Channel=leg.name, Context="transfer", Exten=exten)
        await self.until(lambda: (leg.seat or "") not in self.board.parties(call), "BlindTransfer")

    # --- what Asterisk is told -------------------------------------------------------------
    async def hold(
        self, call: str, leg: Channel, wanted: bool, *, seconds: float | None = None
    ) -> None:
        """Let the citizen hear music, or not any more, until ``leg`` is gone.

        Args:
            seconds: how long at most, unless a third party has joined; None for no bound.

        Raises:
            CallHeldElsewhere, AmiError
        """
        live = self.board.calls[call]
        if bool(live.held) is wanted:
            return
        if live.held is Held.PHONE:
            raise CallHeldElsewhere(f"{call} was put on hold by the phone of seat {leg.seat}")
        channel = self.board.channels[call].name
        at_most = "" if seconds is None else str(round(seconds))
        await self.set(channel, HOTLINE_HOLD_FOR="", HOTLINE_HOLD_SECONDS=at_most)
        await self.set(channel, HOTLINE_HOLD=leg.name if wanted else "")
        await self.press(channel, HOLD_KEY)
        await self.until(lambda: self.held(call) is wanted, "PlayDTMF")

    async def press(self, channel: str, key: str) -> None:
        """Press a key on a channel as if its telephone had."""
        await self.ami.action("PlayDTMF", Channel=channel, Digit=key, Duration="50", Receive="true")

    async def set(self, channel: str, **variables: str) -> None:
        """Set variables of a channel."""
        for name, value in variables.items():
            await self.ami.action("Setvar", Channel=channel, Variable=name, Value=value)

    async def get(self, channel: str, name: str) -> str:
        """A channel's variable; empty when it is not set."""
        try:
            reply = await self.ami.action("Getvar", Channel=channel, Variable=name)
        except AmiRefused:
            return ""
        return str(reply.get("Value", ""))

    async def end(self, leg: Channel) -> None:
        """Hang up one leg; one that is gone already is well.

        A seat's leg ends itself (`features.conf`), for then the queue counts its talk right.

        Raises:
            AmiError
        """
        source = "CHANNEL(hangupsource)"  # the journal tells by it who has hung up

        def gone() -> bool:
            return leg.id not in self.board.channels

        try:
            await self.ami.action("Setvar", Channel=leg.name, Variable=source, Value=leg.name)
            if leg.seat and leg.third is None:
                await self.set(leg.name, HOTLINE_END="yes")
                await self.press(leg.name, NOTE_KEY)
                with contextlib.suppress(AmiTimeout):
                    await self.until(gone, "PlayDTMF", _ENDS_ITSELF)
            if not gone():
                await self.ami.action("Hangup", Channel=leg.name, Cause="16")
        except AmiRefused:
            if not gone():
                raise
        await self.until(gone, "Hangup")

    async def note(self, leg: Channel, /, *, record_as: str = "", **facts: str) -> None:
        """Have Asterisk write facts into the journal, on a leg of the call (T7).

        That the journal has them is waited for, but a call is not kept from going on for it.

        Args:
            record_as: from now on the leg has a recording of its own: where, without its ending.
        """
        told = "&".join(f"{key}={quote(value, safe='')}" for key, value in facts.items() if value)
        lock = self._noting.setdefault(leg.id, asyncio.Lock())
        try:
            async with lock:
                await self.set(leg.name, HOTLINE_LEG_FILE=record_as, HOTLINE_NOTE=told)
                await self.press(leg.name, NOTE_KEY)
                for _ in range(_NOTED_LOOKS):
                    if not await self.get(leg.name, "HOTLINE_NOTE"):
                        return
                    await asyncio.sleep(_NOTED_PAUSE)
            log.warning("%s: not in the journal: %s", leg.name, sorted(facts))
        except AmiError as problem:
            log.warning("%s: not in the journal: %s (%s)", leg.name, sorted(facts), problem)
        finally:
            if not lock.locked():
                self._noting.pop(leg.id, None)

    # --- waiting ---------------------------------------------------------------------------
    async def until(
        self, done: Callable[[], bool], action: str, within: float = CONFIRM_SECONDS
    ) -> None:
        """Wait until Asterisk's events show it.

        Raises:
            AmiTimeout
        """
        try:
            async with asyncio.timeout(within):
                await self.see(done)
        except TimeoutError:
            raise AmiTimeout(f"{action}: not confirmed in {within:g} s") from None

    async def see(self, done: Callable[[], bool]) -> None:
        """Wait until the board shows it."""
        while not done():
            self._news.clear()
            await self._news.wait()

    async def once(self, key: tuple[str, ...], work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
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
