"""A citizen on the telephone: sipp does the SIP, ``ivr.demo.rtp`` speaks, presses keys and hears.

A call can be scripted (``steps``) or led by hand (``press``, ``say``, ``hang_up`` …); one sipp
process for each call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ivr.demo.leash import Leashed, free_port
from ivr.demo.rtp import EVENT_TYPE, Voice
from ivr.demo.script import (
    AwaitBye,
    CitizenResult,
    HangUp,
    Hear,
    Press,
    Speak,
    Step,
    Wait,
)
from ivr.demo.sipp_scenario import citizen as citizen_scenario
from ivr.demo.sound import alaw_speech
from ivr.errors import PhoneError

_BIND_FAILED = 254  # sipp's exit code when its port was taken in the meantime
_PORT_TRIES = 3
_FAREWELL = 3.0  # seconds for BYE or CANCEL and their answers


class Citizen:
    """One call from the trunk to the hotline.

    Args:
        sipp: the program and its first arguments.
        target: ``host:port`` of the hotline's SIP.
        dialled: the number in the request's address.
        caller: user part of the From address.
        caller_name: what stands before the address in From, as it is on the wire: quotes are the
            caller's business, so that broken names can be sent too.
        headers: further headers of the INVITE, as (name, value).
        steps: what to do once answered; with none, the call is led by the methods below.
        patience: hang up when not answered within so many seconds.
        env: variables for sipp, on top of ours.

    Use ``async with``, or ``start`` and ``stop``.
    """

    def __init__(
        self,
        sipp: Sequence[str],
        *,
        target: str = "127.0.0.1:5060",
        dialled: str = "12345",
        caller: str = "13812345678",
        caller_name: str = "",
        headers: Sequence[tuple[str, str]] = (),
        steps: Sequence[Step] = (),
        patience: float | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._sipp = list(sipp)
        self._target = target
        self._dialled = dialled
        self._caller = caller
        self._caller_name = caller_name
        self._headers = list(headers)
        self._steps = list(steps)
        self._patience = patience
        self._env = env
        self._folder = Path()
        self._voice: Voice | None = None
        self._sip: Leashed | None = None
        self._reports: asyncio.Task[None] | None = None
        self._script: asyncio.Task[None] | None = None
        self._pipes: list[asyncio.ReadTransport] = []
        self._port = 0
        self._call_id = ""
        self._times: dict[str, float] = {}
        self._status = 0
        self._left = False  # whether we began to hang up
        self._refused = False
        self._broken = False  # whether sipp gave up in the middle
        self._noticed = asyncio.Event()  # the hotline has answered something, 100 at least
        self._ringing = asyncio.Event()
        self._answered = asyncio.Event()
        self._over = asyncio.Event()

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
    def voice(self) -> Voice:
        """The sound of the call: ``hears``, ``heard``, ``first_sound_at``; stays after the end."""
        if self._voice is None:
            raise PhoneError("this citizen has not called yet; start it first")
        return self._voice

    @property
    def sip_call_id(self) -> str:
        """The Call-ID header of the call."""
        return self._call_id

    async def start(self) -> None:
        """Dial; returns when sipp runs.

        Raises:
            PhoneError: sipp cannot be started, or already was.
        """
        if self._voice is not None:
            raise PhoneError("this citizen has called already; make a new one")
        self._voice = await Voice.open()
        self._folder = Path(tempfile.mkdtemp(prefix="citizen-"))
        try:
            await self._dial()
        except (OSError, PhoneError):
            await self.stop()
            raise
        if self._steps or self._patience is not None:
            self._script = asyncio.create_task(self._play())

    async def ringing(self, timeout: float = 10.0) -> None:
        """Wait for the ringing tone's signal (180). Raises TimeoutError, or PhoneError if over."""
        await self._wait_for(self._ringing, timeout, "rang")

    async def answered(self, timeout: float = 10.0) -> None:
        """Wait for the answer. Raises TimeoutError, or PhoneError if the call is over."""
        await self._wait_for(self._answered, timeout, "was answered")

    async def press(self, keys: str) -> None:
        """Press keys; returns when the last one is released."""
        await self.voice.press(keys)

    async def say(self, sound: float | Path, seconds: float) -> None:
        """Speak a tone (Hz) or a sound file of 8 kHz; returns after ``seconds``.

        Raises:
            PhoneError: the file has another rate.
        """
        alaw = await asyncio.to_thread(alaw_speech, sound, seconds)
        await self.voice.say(alaw)

    async def hears(self, hz: float, *, seconds: float = 0.5, timeout: float = 10.0) -> None:
        """Wait until a tone is heard. Raises TimeoutError."""
        await self.voice.hears(hz, seconds=seconds, timeout=timeout)

    async def hang_up(self) -> None:
        """End the call, or cancel it while it is not answered; returns when it is over.

        Raises:
            PhoneError: the hotline does not confirm the end.
        """
        if not self._over.is_set():
            with contextlib.suppress(TimeoutError):  # a CANCEL before any answer is not allowed
                await asyncio.wait_for(self._noticed.wait(), 1.0)
            self._ask_to_leave()
            try:
                async with asyncio.timeout(_FAREWELL):
                    await self._over.wait()
            except TimeoutError:
                raise PhoneError("the hotline did not confirm the end of a call") from None
        if self._broken:
            raise PhoneError(f"the call failed: {self._explain()}")

    async def wait(self, timeout: float) -> CitizenResult:
        """Wait for the end of the call, or of the script if that fails first.

        Raises:
            TimeoutError: the call goes on.
            PhoneError: sipp failed, or a step could not be done.
        """
        over = asyncio.create_task(self._over.wait())
        try:
            async with asyncio.timeout(timeout):
                while not self._over.is_set():
                    tasks = [over, *([self._script] if self._script else [])]
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    if self._script is not None and self._script.done():
                        script, self._script = self._script, None
                        script.result()
        finally:
            over.cancel()
        return self.result()

    def result(self) -> CitizenResult:
        """How the call went.

        Raises:
            PhoneError: it is not over, or sipp failed.
        """
        if "ended" not in self._times:
            raise PhoneError("the call is not over yet")
        if self._broken:
            raise PhoneError(f"the call failed: {self._explain()}")
        by: Literal["caller", "hotline"] = (
            "caller" if self._left and not self._refused else "hotline"
        )
        return CitizenResult(
            answered="answered" in self._times,
            status=self._status,
            ended_by=by,
            dialled_at=self._times["dialled"],
            ringing_at=self._times.get("ringing"),
            answered_at=self._times.get("answered"),
            first_sound_at=self.voice.first_sound_at,
            ended_at=self._times["ended"],
        )

    async def stop(self) -> None:
        """Hang up if need be and clean up; nothing of the call stays but what was heard."""
        if self._script is not None:
            self._script.cancel()
            with contextlib.suppress(asyncio.CancelledError, PhoneError, TimeoutError):
                await self._script
            self._script = None
        if self._reports is not None:
            with contextlib.suppress(PhoneError):
                await self.hang_up()
        if self._sip is not None:
            with contextlib.suppress(TimeoutError):
                await self._sip.wait(1.0 if self._over.is_set() else 0.0)
            await self._sip.stop()
        if self._reports is not None:
            await self._reports
            self._reports = None
        for pipe in self._pipes:
            pipe.close()
        if self._voice is not None:
            await self._voice.close()
        if self._folder != Path():
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _dial(self) -> None:
        scenario = self._folder / "citizen.xml"
        scenario.write_text(citizen_scenario(self.voice.port, EVENT_TYPE), "utf-8")
        for _ in range(_PORT_TRIES):
            self._port = free_port()
            self._call_id = f"{secrets.token_hex(8)}@citizen"
            readable, writable = os.pipe()
            reader = asyncio.StreamReader()
            pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda reader=reader: asyncio.StreamReaderProtocol(reader),  # type: ignore[misc]
                os.fdopen(readable, "rb"),
            )
            self._pipes.append(pipe)
            self._times = {"dialled": time.monotonic()}
            try:
                self._sip = await Leashed.start(
                    self._argv(scenario, writable),
                    log=self._folder / "sipp.log",
                    cwd=self._folder,
                    env=self._env,
                    pass_fds=[writable],
                )
            finally:
                os.close(writable)
            first = await reader.readline()
            if first or await self._sip.wait(2.0) != _BIND_FAILED:
                self._reports = asyncio.create_task(self._listen(reader, first))
                return
        raise PhoneError("sipp found no free UDP port; close some programs")

    def _argv(self, scenario: Path, log: int) -> list[str]:
        extra = "".join(f"{name}: {value}\r\n" for name, value in self._headers)
        name = f"{self._caller_name} " if self._caller_name else ""
        return [
            *self._sipp, self._target, "-sf", str(scenario), "-m", "1", "-aa", "-nostdin",
            "-s", self._dialled, "-i", "127.0.0.1", "-mi", "127.0.0.1", "-p", str(self._port),
            "-ci", "127.0.0.1", "-cp", str(free_port()), "-cid_str", self._call_id,
            "-key", "caller", self._caller, "-key", "display", name, "-key", "extra", extra,
            "-trace_logs", "-log_file", f"/dev/fd/{log}",
            "-trace_err", "-error_file", str(self._folder / "errors.log"), "-f", "3600",
        ]  # fmt: skip

    async def _listen(self, reader: asyncio.StreamReader, line: bytes) -> None:
        """Follow what sipp reports, until it ends."""
        while line:
            word, *rest = line.decode("ascii", "replace").split()
            self._note(word, rest)
            line = await reader.readline()
        self._broken = self._broken or not self._over.is_set()
        self._note("end", [])

    def _note(self, word: str, rest: list[str]) -> None:
        now = time.monotonic()
        if word != "dialling":
            self._noticed.set()
        if word == "ringing":
            self._times.setdefault("ringing", now)
            self._ringing.set()
        elif word in {"early", "answered", "moved"}:
            self.voice.connect(rest[0], int(rest[1]))
            if word == "answered":
                self._status = 200
                self._times.setdefault("answered", now)
                self._answered.set()
        elif word == "refused":
            self._status = int(rest[0])
            self._refused = not self._left
        elif word == "crossed":
            if self._left:  # the answer crossed our CANCEL; sipp takes it and hangs up
                self._status = 200
                self._times.setdefault("answered", now)
            else:
                self._broken = True
        elif word == "bye":
            self._refused = not self._left
        elif word == "end":
            self._times.setdefault("ended", now)
            self._over.set()

    async def _wait_for(self, event: asyncio.Event, timeout: float, did: str) -> None:
        wanted = asyncio.create_task(event.wait())
        over = asyncio.create_task(self._over.wait())
        try:
            async with asyncio.timeout(timeout):
                await asyncio.wait({wanted, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wanted.cancel()
            over.cancel()
        if not event.is_set():
            raise PhoneError(f"the call was over before it {did}: {self._explain()}")

    async def _play(self) -> None:
        """Do the steps."""
        try:
            await self.answered(86_400 if self._patience is None else self._patience)
        except TimeoutError:
            await self.hang_up()
            return
        for step in self._steps:
            match step:
                case Press(keys, after):
                    await asyncio.sleep(after)
                    await self.press(keys)
                case Speak(sound, seconds):
                    await self.say(sound, seconds)
                case Hear(hz, seconds, timeout):
                    await self._expect(hz, seconds, timeout)
                case Wait(seconds):
                    await asyncio.sleep(seconds)
                case HangUp():
                    await self.hang_up()
                case AwaitBye():
                    await self._over.wait()
            if self._over.is_set():
                return

    async def _expect(self, hz: float, seconds: float, timeout: float) -> None:
        try:
            await self.hears(hz, seconds=seconds, timeout=timeout)
        except TimeoutError:
            raise PhoneError(f"the citizen did not hear {hz:g} Hz in {timeout:g} s") from None

    def _ask_to_leave(self) -> None:
        """Tell sipp to hang up (see ``sipp_scenario``)."""
        self._left = True
        text = (
            "MESSAGE sip:citizen@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{secrets.token_hex(8)}\r\n"
            "From: <sip:leash@127.0.0.1>;tag=leash\r\nTo: <sip:citizen@127.0.0.1>\r\n"
            f"Call-ID: {self._call_id}\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(text.encode(), ("127.0.0.1", self._port))

    def _explain(self) -> str:
        """What sipp says of a failure; the answer's code when there was one."""
        if self._status and not self._broken:
            return f"SIP {self._status}"
        texts = []
        for name in ("errors.log", "sipp.log"):
            with contextlib.suppress(OSError):
                texts.append((self._folder / name).read_text("utf-8", "replace"))
        lines = [line for line in "\n".join(texts).splitlines() if re.search(r"\w", line)]
        return " | ".join(lines[:12]) or "sipp ended without a word"
