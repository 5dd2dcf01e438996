"""A citizen's ear and mouth: one RTP stream, A-law both ways, keys as RFC 4733 events.

The SIP of a simulated call is sipp's; the sound is ours, because sipp cannot record what it
hears and needs root to send keys.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import struct
import time
from array import array
from collections import deque

from ivr.demo.sound import ALAW_SILENCE, RATE, from_alaw, tone_seconds
from ivr.errors import PhoneError

EVENT_TYPE = 101  # payload type of the keys, as offered in the SDP
_ALAW_TYPE = 8
_TICK = 0.02  # seconds of sound in a packet
_SAMPLES = round(_TICK * RATE)
_HUSH = ALAW_SILENCE * _SAMPLES
_QUIET_CODES = b"\xd5\x55\xd4\x54"  # A-law bytes of silence, comfort included
_KEYS = {key: code for code, key in enumerate("0123456789*#ABCD")}
_KEY_TICKS = 5  # a key is held for 100 ms …
_GAP_TICKS = 5  # … and as long a pause follows
_LAST_PACKETS = 3  # the end of a key is said three times (RFC 4733, 2.5.1.4)
_TRIES = 50
_FRAME = round(0.1 * RATE)  # how much is judged at once
_BREAK = round(0.1 * RATE)  # a gap in the arriving sound longer than this is kept as silence


class _Speech:
    """Something to say and who waits for its end."""

    def __init__(self, sound: bytes) -> None:
        self.sound = sound
        self.at = 0
        self.said: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def next(self) -> bytes:
        part = self.sound[self.at : self.at + _SAMPLES]
        self.at += _SAMPLES
        if self.at >= len(self.sound) and not self.said.done():
            self.said.set_result(None)
        return part.ljust(_SAMPLES, ALAW_SILENCE)


class Voice(asyncio.DatagramProtocol):
    """One RTP stream. Silence is sent while there is nothing to say, as a telephone does.

    Attributes:
        port: UDP port of the stream; even, RTCP is the next one.
        first_sound_at: ``time.monotonic()`` of the first packet that was not silence, or None.
        packets: how many packets of sound have arrived.
    """

    def __init__(self) -> None:
        self.port = 0
        self.first_sound_at: float | None = None
        self.packets = 0
        self._heard = bytearray()
        self._heard_from = 0.0
        self._heard_last = (b"", 0)  # the source of the last packet, and where its clock goes on
        self._arrived = asyncio.Event()
        self._speeches: deque[_Speech] = deque()
        self._events: deque[tuple[bytes, asyncio.Future[None] | None]] = deque()
        self._sockets: list[asyncio.DatagramTransport] = []
        self._peer: tuple[str, int] | None = None
        self._talker: asyncio.Task[None] | None = None
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._clock = secrets.randbits(31)
        self._key_clock = self._clock
        self._closed = False

    @classmethod
    async def open(cls, host: str = "127.0.0.1") -> Voice:
        """Bind a pair of free ports on ``host``.

        Raises:
            PhoneError: no pair is free.
        """
        loop = asyncio.get_running_loop()
        for _ in range(_TRIES):
            voice = cls()
            port = secrets.randbelow(12_000) * 2 + 40_000
            try:
                rtp, _ = await loop.create_datagram_endpoint(lambda v=voice: v, (host, port))  # type: ignore[misc]
            except OSError:
                continue
            voice._sockets.append(rtp)
            try:
                rtcp, _ = await loop.create_datagram_endpoint(
                    asyncio.DatagramProtocol, (host, port + 1)
                )
            except OSError:
                await voice.close()
                continue
            voice._sockets.append(rtcp)
            voice.port = port
            return voice
        raise PhoneError("no pair of free UDP ports for sound was found; close some programs")

    def connect(self, host: str, port: int) -> None:
        """Send to this address from now on; may change during a call."""
        self._peer = (host, port)
        if self._talker is None:
            self._talker = asyncio.get_running_loop().create_task(self._talk())

    async def close(self) -> None:
        """Stop talking and give the ports back. What was heard stays. Safe to repeat."""
        self._closed = True
        if self._talker is not None:
            self._talker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._talker
            self._talker = None
        for transport in self._sockets:
            transport.close()
        self._sockets.clear()
        waiting = [speech.said for speech in self._speeches]
        waiting += [done for _, done in self._events if done is not None]
        for done in waiting:
            if not done.done():
                done.set_exception(PhoneError("the call was over before all was said"))
        self._speeches.clear()
        self._events.clear()

    async def say(self, alaw: bytes) -> None:
        """Say raw A-law after what is being said; returns when it is said.

        Raises:
            PhoneError: the voice is closed, before or meanwhile.
        """
        self._check_open()
        speech = _Speech(alaw)
        self._speeches.append(speech)
        await speech.said

    async def press(self, keys: str) -> None:
        """Press keys one after the other; returns when the last one is released.

        Raises:
            PhoneError: there is no such key, or the voice is closed, before or meanwhile.
        """
        self._check_open()
        unknown = set(keys) - _KEYS.keys()
        if unknown or not keys:
            raise PhoneError(f"{keys!r}: a telephone has the keys 0-9, *, # and A-D")
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        for number, key in enumerate(keys, 1):
            self._queue_key(_KEYS[key], released if number == len(keys) else None)
        await released

    def heard(self, since: float = 0.0) -> array[int]:
        """All that was heard, from ``since`` seconds after the first packet; 8 kHz, real time."""
        return from_alaw(bytes(self._heard[round(since * RATE) :]))

    @property
    def heard_seconds(self) -> float:
        """How many seconds have been heard so far."""
        return len(self._heard) / RATE

    async def hears(self, hz: float, *, seconds: float = 0.5, timeout: float = 10.0) -> None:
        """Wait until a tone is heard for ``seconds`` from now.

        Raises:
            TimeoutError: it is not heard within ``timeout`` seconds.
        """
        at, found = len(self._heard), 0.0
        async with asyncio.timeout(timeout):
            while found < seconds:
                await self._reach(at + _FRAME)
                frame = from_alaw(bytes(self._heard[at : at + _FRAME]))
                found += tone_seconds(frame, RATE, hz)
                at += _FRAME

    async def hears_sound(self, timeout: float = 10.0) -> float:
        """Wait for the first sound of the call; return its ``time.monotonic()``.

        Raises:
            TimeoutError: nothing but silence within ``timeout`` seconds.
        """
        async with asyncio.timeout(timeout):
            while self.first_sound_at is None:
                await self._reach(len(self._heard) + _SAMPLES)
        return self.first_sound_at

    def _check_open(self) -> None:
        if self._closed:
            raise PhoneError("the call is over; nothing can be said any more")

    async def _reach(self, size: int) -> None:
        while len(self._heard) < size:
            self._arrived.clear()
            await self._arrived.wait()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Keep the sound of one packet (asyncio calls this)."""
        if len(data) < 12 or data[0] >> 6 != 2 or data[1] & 0x7F != _ALAW_TYPE:
            return
        start = 12 + 4 * (data[0] & 0x0F)
        sound = data[start:]
        now = time.monotonic()
        if not self.packets:
            self._heard_from = now
        self.packets += 1
        self._heard += ALAW_SILENCE * self._missing(data, now) + sound
        self._heard_last = (data[8:12], int.from_bytes(data[4:8], "big") + len(sound))
        if self.first_sound_at is None and sound.strip(_QUIET_CODES):
            self.first_sound_at = now
        self._arrived.set()

    def _missing(self, data: bytes, now: float) -> int:
        """How much silence lies before this packet, in samples.

        Its own clock tells, so that a packet that we are late to read makes no hole in the sound.
        Where that clock begins anew, or runs away, the time of arrival tells.
        """
        late = round((now - self._heard_from) * RATE) - len(self._heard)
        source, expected = self._heard_last
        ahead = (int.from_bytes(data[4:8], "big") - expected) & 0xFFFFFFFF
        if source == data[8:12] and ahead <= max(0, late) + _BREAK:
            return ahead
        return late if late > _BREAK else 0

    def error_received(self, exc: Exception) -> None:
        """The other side's port is not open yet, or not any more: no concern of a phone."""

    async def _talk(self) -> None:
        start = time.monotonic()
        tick = 0
        while True:
            self._send_one()
            tick += 1
            await asyncio.sleep(start + tick * _TICK - time.monotonic())

    def _send_one(self) -> None:
        self._clock += _SAMPLES
        if self._events:
            packet, done = self._events.popleft()
            if packet:
                self._send_event(packet)
            else:
                self._send(_ALAW_TYPE, _HUSH, self._clock)
            if done is not None and not done.done():
                done.set_result(None)
        elif self._speeches:
            self._send(_ALAW_TYPE, self._speeches[0].next(), self._clock)
            if self._speeches[0].said.done():
                self._speeches.popleft()
        else:
            self._send(_ALAW_TYPE, _HUSH, self._clock)

    def _queue_key(self, code: int, released: asyncio.Future[None] | None) -> None:
        for tick in range(1, _KEY_TICKS + _LAST_PACKETS):
            length = min(tick, _KEY_TICKS) * _SAMPLES
            end = 0x80 if tick >= _KEY_TICKS else 0
            self._events.append((struct.pack("!BBH", code, end | 10, length), None))
        for _ in range(_GAP_TICKS - 1):
            self._events.append((b"", None))
        self._events.append((b"", released))

    def _send_event(self, packet: bytes) -> None:
        length = int.from_bytes(packet[2:], "big")
        first = length == _SAMPLES
        if first:
            self._key_clock = self._clock
        self._send(EVENT_TYPE, packet, self._key_clock, marker=first)

    def _send(self, kind: int, payload: bytes, clock: int, *, marker: bool = False) -> None:
        if self._peer is None or not self._sockets:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = struct.pack(
            "!BBHII", 0x80, kind | (0x80 if marker else 0), self._sequence,
            clock & 0xFFFFFFFF, self._ssrc,
        )  # fmt: skip
        self._sockets[0].sendto(header + payload, self._peer)
