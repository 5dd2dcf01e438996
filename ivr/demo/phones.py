"""Seats' telephones: SIP phones (baresip) that register, ring, speak and keep what they hear."""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ivr.demo.baresip import Baresip, Event, Seat
from ivr.demo.sound import RATE, read_sound
from ivr.errors import PhoneError

_REGISTERED = "REGISTER_OK"
_NOT_REGISTERED = {"REGISTER_FAIL", "UNREGISTERING"}
_KEPT = 200  # events of a phone that nobody asked for


class SeatPhone:
    """One telephone. Use ``async with``, or ``start`` and ``stop``.

    Args:
        baresip: the program and its first arguments.
        modules: the folder of its modules.
        seat: its account.
        env: variables for the program, on top of ours.

    Attributes:
        calls: the calls it has now: baresip's id → the other party's SIP address. A call is here
            from ringing to its end.
        is_registered: whether the registrar took it.
    """

    def __init__(
        self,
        baresip: Sequence[str],
        modules: Path,
        seat: Seat,
        *,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.seat = seat
        self.calls: dict[str, str] = {}
        self.is_registered = False
        self._program = Baresip(baresip, modules, seat, on_event=self._note, env=env)
        self._finished: set[Path] = set()  # recordings there were when a call ended
        self._old_recordings: set[Path] = set()  # those of calls before the last one
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._news = asyncio.Event()

    def __repr__(self) -> str:
        return f"<SeatPhone {self.seat.number}, {len(self.calls)} calls>"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """Process id of the program; 0 before the start."""
        return self._program.pid

    @property
    def number(self) -> str:
        """Its number, as ``8001``."""
        return self.seat.number

    async def start(self) -> None:
        """Switch the telephone on. Raises PhoneError."""
        await self._program.start()
        report = await self._program.command("reginfo")  # what happened before we listened
        if "OK" in report.partition(f"sip:{self.number}@")[2]:
            self._note({"type": _REGISTERED})

    async def stop(self) -> None:
        """Switch it off: calls end, what it heard is gone. Safe to repeat."""
        await self._program.stop()

    async def registered(self, timeout: float = 10.0) -> None:
        """Wait until it is registered.

        Raises:
            PhoneError: it is not within ``timeout`` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not self.is_registered:
                    await self._wait()
        except TimeoutError:
            raise PhoneError(
                f"seat {self.number} is not registered: {self._program.log_tail()[-600:]}"
            ) from None

    async def event(self, kind: str, timeout: float = 10.0) -> Event:
        """Wait for the next event of a kind and return it; earlier events are dropped.

        Kinds are baresip's: ``CALL_INCOMING`` (manual phones ring), ``CALL_ESTABLISHED``,
        ``CALL_CLOSED``, ``CALL_HOLD``, ``REGISTER_OK`` … An event that came before this call
        counts, if none after it was asked for yet.

        Raises:
            TimeoutError: none within ``timeout`` seconds.
        """
        async with asyncio.timeout(timeout):
            while True:
                while self._events:
                    event = self._events.popleft()
                    if event.get("type") == kind:
                        return event
                await self._wait()

    async def ringing(self, timeout: float = 10.0) -> Event:
        """Wait until it rings (a phone that answers by hand). Raises TimeoutError."""
        return await self.event("CALL_INCOMING", timeout)

    async def talking(self, timeout: float = 10.0) -> Event:
        """Wait until a call is established. Raises TimeoutError."""
        return await self.event("CALL_ESTABLISHED", timeout)

    async def idle(self, timeout: float = 10.0) -> None:
        """Wait until it has no call. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            while self.calls:
                await self._wait()

    async def answer(self) -> None:
        """Take the call that rings. Raises PhoneError."""
        await self._do("accept")

    async def hangup(self) -> None:
        """End the present call, or decline the one that rings. Raises PhoneError."""
        await self._do("hangup")

    async def hold(self) -> None:
        """Put the other party on hold; returns when Asterisk has agreed. Raises PhoneError."""
        await self._renegotiate("hold")

    async def resume(self) -> None:
        """Come back from hold; returns when Asterisk has agreed. Raises PhoneError."""
        await self._renegotiate("resume")

    async def transfer(self, to: str) -> None:
        """Hand the call to a number or SIP address, unannounced (REFER). Raises PhoneError."""
        await self._do("transfer", self._address(to))

    async def keys(self, keys: str) -> None:
        """Press keys in the present call, 0.2 s each. Raises PhoneError."""
        for key in keys:
            await self._do("sndcode", key)
            await asyncio.sleep(0.2)

    async def dial(self, to: str) -> None:
        """Call a number or SIP address. Raises PhoneError."""
        await self._program.command("dial", self._address(to))

    async def heard(self) -> array[int]:
        """What it heard in its present or last call, from the answer on; 8 kHz.

        Raises:
            PhoneError: it has had no call.
        """
        return await asyncio.to_thread(self._heard)

    def _heard(self) -> array[int]:
        files = [f for f in self._program.recordings() if f not in self._old_recordings]
        if not files:
            raise PhoneError(f"seat {self.number} has had no call yet")
        samples = array("h")
        for file in files:
            part, rate = read_sound(file)
            if rate != RATE:
                raise PhoneError(f"seat {self.number} recorded at {rate} Hz instead of {RATE}")
            samples += part
        return samples

    def _note(self, event: Event) -> None:
        kind, call = event.get("type", ""), event.get("id", "")
        if kind == _REGISTERED:
            self.is_registered = True
        elif kind in _NOT_REGISTERED:
            self.is_registered = False
        elif kind == "CALL_CLOSED":
            self.calls.pop(call, None)
            self._finished = set(self._program.recordings())
        elif event.get("class") == "call" and call:
            if not self.calls:
                self._old_recordings = self._finished
            self.calls[call] = event.get("peeruri", "")
        self._events.append(event)
        self._news.set()

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()

    async def _do(self, command: str, params: str = "") -> None:
        if not self.calls:
            raise PhoneError(f"seat {self.number} has no call to {command}")
        await self._program.command("callfind", next(reversed(self.calls)))
        await self._program.command(command, params)

    async def _renegotiate(self, command: str) -> None:
        """Hold or resume, and wait for the answer: a second re-INVITE before it kills baresip."""
        self._events.clear()
        try:
            await self._do(command)
        except PhoneError:
            if command != "resume" or not self.calls:  # baresip 1.1 resumes and says it did not
                raise
        try:
            while (await self.event("CALL_REMOTE_SDP", 5.0)).get("param") != "answer":
                pass
        except TimeoutError:
            raise PhoneError(f"seat {self.number}: {command} was not agreed to") from None

    def _address(self, to: str) -> str:
        if "@" in to:
            return to
        return f"sip:{to}@{self.seat.registrar};transport={self.seat.transport}"


class SeatPhones:
    """Many telephones. Use ``async with``, or ``start`` and ``stop``; arguments as SeatPhone's."""

    def __init__(
        self,
        baresip: Sequence[str],
        modules: Path,
        seats: Iterable[Seat],
        *,
        env: Mapping[str, str] | None = None,
    ) -> None:
        phones = [SeatPhone(baresip, modules, seat, env=env) for seat in seats]
        self._phones = {phone.number: phone for phone in phones}
        if len(self._phones) != len(phones):
            raise PhoneError("two seats have the same number; give each its own")

    def __getitem__(self, number: str) -> SeatPhone:
        return self._phones[number]

    def __iter__(self) -> Iterator[SeatPhone]:
        return iter(self._phones.values())

    def __len__(self) -> int:
        return len(self._phones)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Switch the telephones on, all or none. Raises PhoneError."""
        started = await asyncio.gather(*(p.start() for p in self), return_exceptions=True)
        failed = [error for error in started if error is not None]
        if failed:
            await self.stop()
            raise failed[0]

    async def registered(self, timeout: float = 20.0) -> None:
        """Wait until all that should are registered. Raises PhoneError."""
        await asyncio.gather(*(p.registered(timeout) for p in self if p.seat.registers))

    async def stop(self) -> None:
        """Switch them off. Safe to repeat."""
        await asyncio.gather(*(phone.stop() for phone in self))
