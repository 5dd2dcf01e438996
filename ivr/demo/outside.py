"""People outside the house: whoever is called by the hotline, all behind one UDP port.

An `Outside` answers each call by the number that was dialled: at once or late, with a tone, with
keys pressed; or it lets the telephone ring, is busy, refuses. What it hears is kept. SIP and sound
are real.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from ivr.demo.outside_sip import Message, sdp
from ivr.demo.rtp import Voice
from ivr.demo.sound import alaw_speech
from ivr.errors import PhoneError

_AGAIN = 0.5  # an answer is sent again after so many seconds (RFC 3261, T1), then twice as many
_LAST = 4.0
_TRIES = 7
_BUFFER = 4 * 1024 * 1024  # of the socket: a hundred calls may come at once
_TONE_SECONDS = 1  # of sound in one piece


@dataclass(frozen=True)
class Manner:
    """What somebody does when the telephone rings.

    Attributes:
        status: 200 takes the call; 0 lets it ring; any other refuses with this status.
        after: seconds of ringing before that.
        hz: the tone that is spoken all the time, or None for silence.
        keys: pressed when the call is taken …
        keys_after: … so many seconds later.
        talks: seconds until hanging up, or None: the other side does.
    """

    status: int = 200
    after: float = 0.0
    hz: float | None = None
    keys: str = ""
    keys_after: float = 0.0
    talks: float | None = None


RINGS = Manner(status=0)
BUSY = Manner(status=486)
REFUSES = Manner(status=603)


@dataclass(eq=False)
class OutsideCall:
    """One call to somebody outside. Times are ``time.monotonic()``.

    Attributes:
        number: who was called.
        shown: the number that the caller's side shows.
        voice: ear and mouth; what was heard stays after the end.
        invite: what called.
        status: what it was answered with at last; 0 while it rings.
    """

    number: str
    shown: str
    manner: Manner
    voice: Voice
    side: Outside = field(repr=False)
    invite: Message = field(repr=False)
    rang_at: float = field(default_factory=time.monotonic)
    answered_at: float | None = None
    ended_at: float | None = None
    status: int = 0

    def __post_init__(self) -> None:
        self.tag = secrets.token_hex(6)
        self._last = b""  # of our answers, sent again when the INVITE comes again
        self._acknowledged = asyncio.Event()
        self._answered = asyncio.Event()
        self._over = asyncio.Event()
        self._take = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def answered(self, timeout: float = 10.0) -> Self:
        """Wait until the call is taken, and the other side knows it.

        Raises:
            TimeoutError
        """
        async with asyncio.timeout(timeout):
            await self._answered.wait()
        return self

    async def ended(self, timeout: float = 10.0) -> Self:
        """Wait until the call is over, answered or not.

        Raises:
            TimeoutError
        """
        async with asyncio.timeout(timeout):
            await self._over.wait()
        return self

    @property
    def over(self) -> bool:
        """Whether it is."""
        return self._over.is_set()

    def take(self) -> None:
        """Take the call now, whatever was meant to be done."""
        self._take.set()

    async def press(self, keys: str) -> None:
        """Press keys.

        Raises:
            PhoneError: the call is over, or there are no such keys.
        """
        await self.voice.press(keys)

    async def hears(self, hz: float, *, seconds: float = 0.5, timeout: float = 10.0) -> None:
        """Wait until a tone is heard.

        Raises:
            TimeoutError
        """
        await self.voice.hears(hz, seconds=seconds, timeout=timeout)

    async def hang_up(self) -> None:
        """End the call, if it was taken and is not over."""
        if self.answered_at is None or self.over:
            return
        bye = self.invite.bye(self.tag, self.side.address, "1", self.side.contact)
        for number in range(_TRIES):
            self.side.send(bye, self)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(_AGAIN * 2**number, _LAST)):
                    await self._over.wait()
                    return
        self.finish()

    # --- what Outside does with it ----------------------------------------------------------
    def begin(self) -> None:
        """The telephone rings."""
        self.reply(180)
        self._spawn(self._behave())

    def reply(self, status: int) -> None:
        """Answer the INVITE."""
        body = sdp(self.side.host, self.voice.port) if status == 200 else ""
        self._last = self.invite.answer(status, self.tag, self.side.contact, body)
        self.side.send(self._last, self)

    def heard_again(self, request: Message) -> None:
        """An INVITE: the same once more, or a new one within the call."""
        if request.get("cseq") == self.invite.get("cseq"):
            self.side.send(self._last, self)
            return
        self.connect(request)
        body = sdp(self.side.host, self.voice.port)
        self.side.send(request.answer(200, self.tag, self.side.contact, body), self)

    def connect(self, message: Message) -> None:
        """Send the sound to where the other side wants it."""
        place = message.sound_goes_to()
        if place is not None:
            self.voice.connect(*place)

    def acknowledge(self) -> None:
        """The other side knows our answer."""
        self._acknowledged.set()
        if self.answered_at is not None:
            self._answered.set()

    def cancel(self, request: Message) -> None:
        """The other side gives up."""
        self.side.send(request.answer(200, self.tag, self.side.contact), self)
        if self.answered_at is None and not self.over:
            self.status = 487
            self.reply(487)
            self.finish()

    def finish(self) -> None:
        """It is over."""
        if not self.over:
            self.ended_at = time.monotonic()
            self._over.set()
            self._spawn(self.voice.close())

    async def close(self) -> None:
        """Stop all that goes on in this call."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.voice.close()

    async def _behave(self) -> None:
        manner = self.manner
        wait = None if manner.status == 0 else manner.after
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._take.wait()
        status = 200 if self._take.is_set() else manner.status
        if self.over:
            return
        self.status = status
        if status == 200:
            self.answered_at = time.monotonic()
            self.connect(self.invite)
        for number in range(_TRIES):
            self.reply(status)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(_AGAIN * 2**number, _LAST)):
                    await self._acknowledged.wait()
                    break
        if status != 200:
            self.finish()
            return
        self._spawn(self._speak())
        if manner.keys:
            await asyncio.sleep(manner.keys_after)
            with contextlib.suppress(PhoneError):
                await self.voice.press(manner.keys)
        if manner.talks is not None:
            await asyncio.sleep(manner.talks)
            await self.hang_up()

    async def _speak(self) -> None:
        hz = self.manner.hz
        if hz is None:
            return
        piece = alaw_speech(hz, _TONE_SECONDS)
        with contextlib.suppress(PhoneError):
            while not self.over:
                await self.voice.say(piece)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))


class Outside(asyncio.DatagramProtocol):
    """Everybody outside. Use ``async with``; then ``address`` is for ``HOTLINE_TRUNK_OUT``.

    Args:
        manners: what each number does; may be changed at any time: ``outside[number] = BUSY``.
        otherwise: what all others do.
    """

    def __init__(
        self,
        manners: Mapping[str, Manner] | None = None,
        otherwise: Manner = Manner(),
    ) -> None:
        self.host, self.port = "127.0.0.1", 0
        self.calls: list[OutsideCall] = []
        self.otherwise = otherwise
        self._manners = dict(manners or {})
        self._open: dict[str, OutsideCall] = {}
        self._sources: dict[str, tuple[str, int]] = {}
        self._coming: set[asyncio.Task[None]] = set()
        self._came = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, (self.host, 0))
        carrier = self._transport.get_extra_info("socket")
        carrier.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(call.hang_up() for call in self.calls), return_exceptions=True)
        for task in self._coming:
            task.cancel()
        await asyncio.gather(*self._coming, return_exceptions=True)
        await asyncio.gather(*(call.close() for call in self.calls))
        if self._transport is not None:
            self._transport.close()

    def __setitem__(self, number: str, manner: Manner) -> None:
        self._manners[number] = manner

    @property
    def address(self) -> str:
        """Host and port of everybody."""
        return f"{self.host}:{self.port}"

    @property
    def contact(self) -> str:
        """The same as a SIP address."""
        return f"sip:outside@{self.address}"

    def to(self, number: str) -> list[OutsideCall]:
        """The calls to one number so far, the oldest first."""
        return [call for call in self.calls if call.number == number]

    async def called(self, number: str, nth: int = 1, timeout: float = 10.0) -> OutsideCall:
        """Wait until somebody is called for the ``nth`` time; the call rings then.

        Raises:
            TimeoutError
        """
        async with asyncio.timeout(timeout):
            while len(self.to(number)) < nth:
                self._came.clear()
                await self._came.wait()
        return self.to(number)[nth - 1]

    def send(self, data: bytes, call: OutsideCall) -> None:
        """Send to the other side of a call."""
        if self._transport is not None:
            self._transport.sendto(data, self._sources[call.invite.get("call-id")])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """asyncio calls this."""
        message = Message.read(data)
        if message is None or self._transport is None:
            return
        call_id = message.get("call-id")
        call = self._open.get(call_id)
        if message.status:
            if call is not None and message.method == "BYE" and message.status >= 200:
                call.finish()
        elif call is not None:
            self._sources[call_id] = addr
            self._within(call, message)
        elif message.method == "INVITE":
            self._sources.setdefault(call_id, addr)
            self._ring(message)
        elif message.method != "ACK":
            status = 200 if message.method == "OPTIONS" else 481
            self._transport.sendto(message.answer(status, "x", self.contact), addr)

    def error_received(self, exc: Exception) -> None:
        """The other side is gone, perhaps: its silence will tell."""

    def _within(self, call: OutsideCall, message: Message) -> None:
        if message.method == "INVITE":
            call.heard_again(message)
        elif message.method == "ACK":
            call.acknowledge()
        elif message.method == "CANCEL":
            call.cancel(message)
        else:
            self.send(message.answer(200, call.tag, self.contact), call)
            if message.method == "BYE":
                call.finish()

    def _ring(self, invite: Message) -> None:
        """Somebody is called, unless this INVITE has been seen already."""
        call_id = invite.get("call-id")
        if any(task.get_name() == call_id for task in self._coming):
            return
        task = asyncio.create_task(self._open_call(invite), name=call_id)
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)

    async def _open_call(self, invite: Message) -> None:
        number = invite.user
        voice = await Voice.open(self.host)
        shown = invite.uri("from").removeprefix("sip:").partition("@")[0]
        manner = self._manners.get(number, self.otherwise)
        call = OutsideCall(number, shown, manner, voice, self, invite)
        self._open[invite.get("call-id")] = call
        self.calls.append(call)
        call.begin()
        self._came.set()
