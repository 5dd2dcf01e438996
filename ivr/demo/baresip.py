"""baresip on a leash: its configuration, its process, and its control link (``ctrl_tcp``).

The link carries netstrings of JSON: commands with a token, their answers, and events.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import shutil
import socket
import tempfile
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ivr.demo.leash import Leashed, free_port
from ivr.demo.sound import RATE, read_sound, silence, tone, write_wav
from ivr.errors import PhoneError

_START = 10.0  # seconds from start to the first word on the link
_TRIES = 3  # times that it is started
_ANSWER = 5.0  # seconds for the answer to a command
LONGEST_CALL = 300  # seconds; then the telephone has nothing more to say and hangs up
_SPEECH = "speech.wav"
_LONGEST = 1 << 20  # bytes of one message; baresip's own are far below

Event = Mapping[str, str]


@dataclass(frozen=True)
class Seat:
    """An account of a telephone.

    Attributes:
        number: the user part of its address, as ``8001``.
        user: user name for the registrar; the number unless given.
        registrar: ``host:port``.
        answer: ``auto`` or ``manual``.
        answer_delay: seconds of ringing before ``auto`` answers.
        speaks: what it says for the length of a call: a tone in whole Hz, a WAV file of 8 kHz
            (said once), or None for silence.
        registers: whether it registers; a phone that only dials need not.
        encrypts: it speaks SRTP with keys in SDP, or not at all.
    """

    number: str
    password: str = field(default="", repr=False)
    user: str | None = None
    registrar: str = "127.0.0.1:5060"
    transport: Literal["udp", "tcp", "tls"] = "udp"
    answer: Literal["auto", "manual"] = "auto"
    answer_delay: float = 0.0
    speaks: int | Path | None = 600
    registers: bool = True
    encrypts: bool = False


class Baresip:
    """One telephone: a baresip process with one account.

    One process each, because baresip 1.1 names its recordings by the second alone, and so that a
    crash of one leaves the others.

    Args:
        program: the program and its first arguments.
        modules: the folder of its modules.
        seat: its account.
        on_event: called for each event.
        env: variables for it, on top of ours.
    """

    def __init__(
        self,
        program: Sequence[str],
        modules: Path,
        seat: Seat,
        *,
        on_event: Callable[[Event], None],
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._program = list(program)
        self._modules = modules
        self._seat = seat
        self._on_event = on_event
        self._env = env
        self._folder = Path()
        self._process: Leashed | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[tuple[bool, str]]] = {}
        self._tokens = itertools.count(1)

    @property
    def pid(self) -> int:
        """Process id; 0 before the start."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start it and open the link.

        Raises:
            PhoneError: it does not come up; the text holds the end of its log.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                await self._start()
            except (OSError, PhoneError):
                await self.stop()
                if not tries_left:  # else another has taken its port in the meantime
                    raise
            else:
                return

    async def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="phone-"))
        port = free_port(socket.SOCK_STREAM)
        await asyncio.to_thread(self._write_files, port)
        # It is told of its files by their bare names, for it cuts off long paths: a phone that
        # does not find what it is to say rings and never answers.
        self._process = await Leashed.start(
            [*self._program, "-f", "."],
            log=self._folder / "baresip.log",
            cwd=self._folder,
            env=self._env,
        )
        reader, self._writer = await self._link(port)
        self._listener = asyncio.create_task(self._listen(reader))
        if f"sip:{self._seat.number}@" not in await self.command("reginfo"):
            raise PhoneError(f"another telephone has the port of {self._seat.number}")

    async def command(self, name: str, params: str = "") -> str:
        """Give a command; return what it prints.

        Raises:
            PhoneError: it is refused, not answered in time, or baresip is gone.
        """
        if self._writer is None or self._listener is None or self._listener.done():
            raise PhoneError(f"the telephone program is gone: {self.log_tail()[-1000:]}")
        token = str(next(self._tokens))
        message = {"command": name, "token": token, **({"params": params} if params else {})}
        answer: asyncio.Future[tuple[bool, str]] = asyncio.get_running_loop().create_future()
        self._waiting[token] = answer
        self._writer.write(_netstring(json.dumps(message).encode()))
        try:
            async with asyncio.timeout(_ANSWER):
                ok, data = await answer
        except TimeoutError:
            raise PhoneError(f"the telephone did not answer {name} in {_ANSWER:g} s") from None
        finally:
            self._waiting.pop(token, None)
        if not ok:
            raise PhoneError(f"the telephone refused {name} {params}: {data.strip()}")
        return data

    async def stop(self) -> None:
        """End the calls, unregister, end the process. Safe to repeat."""
        if self._process is not None:
            await self._process.stop(3.0)
        if self._listener is not None:
            await self._listener
            self._listener = None
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None
        if self._folder != Path():
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    def recordings(self) -> list[Path]:
        """WAV files of what it heard, oldest first: one for each call and each hold within it."""
        return sorted(self._folder.glob("dump-*-dec.wav"))

    def log_tail(self) -> str:
        """The end of its log."""
        return self._process.tail() if self._process else ""

    async def _link(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(_START):
                while self._process is not None and self._process.exit_code is None:
                    try:
                        return await asyncio.open_connection("127.0.0.1", port)
                    except ConnectionRefusedError:
                        await asyncio.sleep(0.05)
        except TimeoutError:
            pass
        raise PhoneError(f"the telephones did not come up: {self.log_tail()[-1500:]}")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                message = json.loads(await _read_netstring(reader))
                if "event" in message:
                    self._on_event({k: v for k, v in message.items() if isinstance(v, str)})
                    continue
                answer = self._waiting.get(message.get("token", ""))
                if answer is not None and not answer.done():
                    answer.set_result((bool(message["ok"]), str(message["data"])))
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result((False, "the telephone program is gone"))

    def _write_files(self, port: int) -> None:
        write_wav(self._folder / _SPEECH, _speech(self._seat.speaks))
        (self._folder / "config").write_text(self._config(port), "utf-8")
        accounts = self._folder / "accounts"
        accounts.touch(0o600)
        accounts.write_text(self._account() + "\n", "utf-8")

    def _config(self, port: int) -> str:
        lines = [
            "poll_method epoll",
            "sip_listen 127.0.0.1:0",
            "net_interface 127.0.0.1",
            "sip_verify_server no",
            "call_max_calls 8",
            "call_hold_other_calls no",
            "rtp_ports 50000-59998",
            "jitter_buffer_type off",
            "rtcp_mux no",
            "audio_path .",
            f"audio_source aufile,{_SPEECH}",
            "audio_player aubridge,nobody",
            "audio_alert aubridge,nobody",
            *(f"{name} {RATE}" for name in ("ausrc_srate", "auplay_srate")),
            *(f"{name} 1" for name in ("ausrc_channels", "auplay_channels")),
            "audio_level no",
            "ringback_disabled yes",
            "statmode_default off",
            "snd_path .",
            f"module_path {self._modules}",
            *(f"module {name}.so" for name in ("g711", "sndfile", "aufile", "aubridge", "srtp")),
            *(f"module_tmp {name}.so" for name in ("uuid", "account")),
            *(f"module_app {name}.so" for name in ("menu", "ctrl_tcp")),
            f"ctrl_tcp_listen 127.0.0.1:{port}",
        ]
        return "\n".join(lines) + "\n"

    def _account(self) -> str:
        seat = self._seat
        if any(c in seat.password for c in ';"<> \r\n'):
            raise PhoneError(f"seat {seat.number}: baresip takes no such password")
        options = {
            "auth_user": seat.user or seat.number,
            "auth_pass": seat.password,
            "regint": "600" if seat.registers else "0",
            "answermode": seat.answer,
            "answerdelay": str(round(seat.answer_delay * 1000)),
            "audio_codecs": "pcma",
            "mediaenc": "srtp-mand" if seat.encrypts else "",
        }
        rest = "".join(f";{name}={value}" for name, value in options.items() if value)
        return f"<sip:{seat.number}@{seat.registrar};transport={seat.transport}>{rest}"


def _speech(sound: int | Path | None) -> array[int]:
    """What a telephone says, with silence after it: baresip hangs up when its file ends."""
    if isinstance(sound, Path):
        samples, rate = read_sound(sound)
        if rate != RATE:
            raise PhoneError(f"{sound.name}: a telephone speaks {RATE} Hz, this has {rate} Hz")
        return samples + silence(max(1.0, LONGEST_CALL - len(samples) / RATE))
    return tone(sound or 0, 1.0) * LONGEST_CALL


def _netstring(data: bytes) -> bytes:
    return b"%d:%b," % (len(data), data)


async def _read_netstring(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b":")
    size = int(head[:-1])
    if not 0 <= size <= _LONGEST:
        raise PhoneError(f"the telephone sent a message of {size} bytes")
    return (await reader.readexactly(size + 1))[:-1]
