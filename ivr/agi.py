"""FastAGI: Asterisk connects for each step of a call, and a route talks to the caller through it.

A session is a run of lines: headers, an empty line, then one reply for each command. Lines are
taken as they come, not when somebody asks for one, so that

- ``HANGUP``, which Asterisk sends when it likes, is noted at once and is never a reply;
- a line that nobody asked for (the tail of a value with a line break in it) is dropped and cannot
  become the reply to the next command.

Whoever connects and is not Asterisk is closed and counted, nothing more.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast
from urllib.parse import parse_qsl

from ivr.errors import AgiCommandError, AgiError, AgiProtocolError, AgiTimeout, HungUp, UnsafeValue

logger = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024
"""Limit of all the headers together, of a line, and of a reply."""
MAX_HEADERS = 200
"""Lines."""
MAX_COMMAND = 2046
"""Bytes; Asterisk would take the rest of a longer line for a command of its own."""
KEEPALIVE_AFTER = 60
"""Seconds of silence after which the system asks whether Asterisk's machine is still there."""

_HANGUP_TOLD_SECONDS = 0.05  # after a command that it has cut off
_REPLY = re.compile(r"200 result=(\S*)(?: \((.*)\))?(?: endpos=(\d+))?(?: .*)?", re.DOTALL)
_VALUE_ENDS = re.compile(rb"\)(?: endpos=.*)?$")


@dataclass(frozen=True, slots=True)
class Reply:
    """A command that was carried out.

    Attributes:
        result: as sent, for digits may begin with a 0: ``"007"``; ``number`` reads it.
        data: what stood in parentheses: a variable's value, ``timeout``, ``dtmf`` …
        endpos: where a sound or recording ended, in samples.
        raw: the whole reply, lines joined by a line feed.
    """

    result: str
    data: str | None
    endpos: int | None
    raw: str

    @property
    def number(self) -> int:
        """The result as a number.

        Raises:
            AgiProtocolError: it is none.
        """
        try:
            return int(self.result)
        except ValueError:
            raise AgiProtocolError(f"a number was expected as result: {self.raw[:80]!r}") from None


def parse_reply(text: str) -> Reply:
    """Read a whole reply.

    Raises:
        HungUp: the channel is dead (511).
        AgiCommandError: Asterisk does not know the command (510), its usage (520), or refused it.
        AgiProtocolError: this is no reply.
    """
    if match := _REPLY.fullmatch(text):
        result, data, endpos = match.groups()
        return Reply(result, data, None if endpos is None else int(endpos), text)
    if text.startswith("511"):
        raise HungUp("the call is over")
    if re.match(r"5\d\d\b", text):
        raise AgiCommandError(text.partition("\n")[0][:200])
    raise AgiProtocolError(f"not a reply of AGI: {text[:80]!r}")


class AgiSession:
    """One step of one call, as its route sees it.

    Attributes:
        env: Asterisk's headers (``agi_uniqueid``, ``agi_callerid`` …) as sent; never log these.
        script: the route: ``reception`` for ``agi://host/reception?x=y``.
        query: what followed the ``?``, decoded.
        call_id: Asterisk's uniqueid of the channel, fit for a log.
        hungup: set once the caller has hung up.
    """

    def __init__(self, transport: asyncio.Transport, env: Mapping[str, str]) -> None:
        path, _, query = env["agi_network_script"].partition("?")
        self.env = MappingProxyType(env)
        self.script = path.strip("/")
        self.query: Mapping[str, str] = MappingProxyType(
            dict(parse_qsl(query, True)) if query else {}
        )
        self.call_id = self.clean("agi_uniqueid")
        self.hungup = asyncio.Event()
        self._transport = transport
        self._answer: asyncio.Future[Reply] | None = None
        self._lines: list[bytes] = []
        self._size = 0

    def clean(self, key: str) -> str:
        """A header without control characters, fit for a log; empty if there is none."""
        value = self.env.get(key, "")
        return value if value.isprintable() else "".join(filter(str.isprintable, value))

    async def command(
        self, name: str, *args: str, timeout: float | None = None, after_hangup: bool = False
    ) -> Reply:
        """Have Asterisk carry out one command, and wait until it is done.

        Args:
            name: ``STREAM FILE``, ``GET VARIABLE`` …
            args: its arguments; they are quoted here.
            timeout: seconds; None waits as long as the call lasts.
            after_hangup: send it even if the caller has hung up. For writing something down;
                Asterisk would sit out a ``Wait`` with nobody there.

        Raises:
            HungUp: the caller is gone, or the connection is.
            AgiCommandError: Asterisk refused or could not do it; the call goes on.
            AgiTimeout: no reply in time; the session is closed.
            AgiProtocolError: what came is not AGI (the session is closed), or a command is
                under way already.
            UnsafeValue: an argument holds a line break or NUL, or all is too long; nothing
                was sent.
        """
        line = _framed(name, args)
        if self.hungup.is_set() and not after_hangup:
            raise HungUp(f"{name}: the caller has hung up")
        reply = await self._ask(line, name, timeout)
        if reply.result == "-1":
            if self.hungup.is_set() or await self._is_dead():
                raise HungUp(f"{name}: the caller has hung up")
            raise AgiCommandError(f"{name}: Asterisk could not do it")
        if reply.result == "-2":
            raise AgiCommandError(f"{name}: Asterisk has no such application")
        return reply

    def close(self) -> None:
        """End the session; the call goes on with the next step of the dialplan."""
        self._transport.close()

    async def _is_dead(self) -> bool:
        """Find out what a result of -1 meant: Asterisk mostly says at once that the caller has
        hung up; else it is asked, for no command but a few is allowed on a dead channel."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HANGUP_TOLD_SECONDS):
                await self.hungup.wait()
                return True
        try:
            await self._ask(b"CHANNEL STATUS\n", "CHANNEL STATUS", 5.0)
        except HungUp:
            return True
        return self.hungup.is_set()

    async def _ask(self, line: bytes, name: str, timeout: float | None) -> Reply:
        if self._answer is not None:
            raise AgiProtocolError(f"{name}: another command is under way")
        if self._transport.is_closing():
            raise HungUp(f"{name}: the session is over")
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._transport.write(line)
        try:
            if timeout is None:  # most of them, and a timer costs
                return await answer
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            raise AgiTimeout(f"{name}: no reply in {timeout:g} s") from None
        finally:
            self._answer = None
            if answer.cancelled() or not answer.done():
                self._transport.abort()  # or the late reply would be taken for the next one
            else:
                answer.exception()  # seen, even if this task is being cancelled

    def take_line(self, line: bytes) -> None:
        """Take a line from Asterisk: part of a reply, a note of the hang-up, or of no use."""
        if not self._lines:
            if line == b"HANGUP":
                self.hungup.set()
                return
            if self._answer is None or self._answer.done():
                logger.debug("call %s: a line that nobody asked for", self.call_id)
                return
            if line.startswith(b"100 "):
                return
        self._lines.append(line)
        self._size += len(line) + 1
        if self._size > MAX_BYTES:
            self.fail(AgiProtocolError(f"a reply of more than {MAX_BYTES} bytes"))
        elif _ends_reply(self._lines[0], line):
            text = b"\n".join(self._lines).decode("utf-8", "replace")
            self._lines, self._size = [], 0
            self._settle(text)

    def _settle(self, text: str) -> None:
        if self._answer is None or self._answer.done():
            return
        try:
            self._answer.set_result(parse_reply(text))
        except AgiProtocolError as error:
            self.fail(error)
        except AgiError as error:
            self._answer.set_exception(error)

    def fail(self, error: AgiError) -> None:
        """End the session, and the command under way with ``error``."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self._transport.abort()


def _ends_reply(first: bytes, line: bytes) -> bool:
    if first.startswith(b"520-"):
        return line.startswith(b"520 ")
    if first.startswith(b"200 ") and b" (" in first:
        return _VALUE_ENDS.search(line) is not None
    return True


def _framed(name: str, args: tuple[str, ...]) -> bytes:
    quoted = ['"' + arg.replace("\\", "\\\\").replace('"', '\\"') + '"' for arg in args]
    line = " ".join((name, *quoted))
    if "\n" in line or "\r" in line or "\0" in line:
        raise UnsafeValue(f"{name!r}: an argument holds a line break or NUL; nothing was sent")
    try:
        data = line.encode("utf-8")
    except UnicodeEncodeError:
        raise UnsafeValue(f"{name!r}: an argument is not text; nothing was sent") from None
    if len(data) > MAX_COMMAND:
        raise UnsafeValue(f"{name!r}: {len(data)} bytes are too long; nothing was sent")
    return data + b"\n"


Route = Callable[[AgiSession], Awaitable[None]]


class AgiServer:
    """Listens for Asterisk and runs a route for each session.

    Args:
        host: address to listen on.
        port: 0 for a free one; see ``port`` after ``start``.
        routes: what to run for each script; a session for any other is closed.
        headers_within: seconds in which the headers must have come.
        grace: seconds that sessions are given to end when the server closes.
    """

    def __init__(
        self,
        host: str,
        port: int,
        routes: Mapping[str, Route],
        *,
        headers_within: float = 5.0,
        grace: float = 5.0,
    ) -> None:
        self.headers_within = headers_within
        self.rejected = 0
        self._host, self._port = host, port
        self._routes = routes
        self._grace = grace
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.open: set[asyncio.Transport] = set()

    @property
    def port(self) -> int:
        """The port listened on."""
        return self._port

    @property
    def sessions(self) -> int:
        """How many routes are running."""
        return len(self._tasks)

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be had.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), self._host, self._port, backlog=1024
        )
        for listening in self._server.sockets:  # what it accepts inherits these
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_AFTER)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, let the sessions end within the grace, and cancel the rest."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in list(self.open):
            transport.abort()
        await server.wait_closed()

    def begin(self, session: AgiSession) -> None:
        """Run the session's route."""
        route = self._routes.get(session.script)
        if route is None:
            self.rejected += 1
            logger.warning("call %s: no route %r", session.call_id, session.script[:80])
            session.close()
            return
        task = asyncio.create_task(self._run(session, route), name=f"agi {session.call_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, session: AgiSession, route: Route) -> None:
        try:
            await route(session)
        except HungUp:
            logger.debug("call %s: hung up during %s", session.call_id, session.script)
        except Exception:
            logger.exception(
                "call %s: %s failed; the dialplan goes on", session.call_id, session.script
            )
        finally:
            session.close()


class _Connection(asyncio.Protocol):
    """Cuts what comes into lines: headers first, then lines for the session."""

    def __init__(self, server: AgiServer) -> None:
        self._server = server
        self._session: AgiSession | None = None
        self._buffer = bytearray()
        self._env: dict[str, str] = {}
        self._headers = 0
        self._bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.open.add(self._transport)
        self._deadline = asyncio.get_running_loop().call_later(
            self._server.headers_within, self._transport.abort
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if b"\n" in data:
            *lines, rest = bytes(self._buffer).split(b"\n")
            self._buffer = bytearray(rest)
            for line in lines:
                if self._transport.is_closing():
                    return
                if self._session is None:
                    self._take_header(line)
                else:
                    self._session.take_line(line)
        if len(self._buffer) > MAX_BYTES:
            self._give_up("a line too long")

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        self._server.open.discard(self._transport)
        if self._session is None:
            self._server.rejected += 1
        else:
            self._session.fail(HungUp("Asterisk has closed the session"))

    def _take_header(self, line: bytes) -> None:
        self._headers += 1
        self._bytes += len(line) + 1
        if self._headers > MAX_HEADERS or self._bytes > MAX_BYTES:
            self._give_up("too many headers")
        elif line:
            key, colon, value = line.decode("utf-8", "replace").partition(": ")
            if self._headers == 1 and not key.startswith("agi_"):
                self._give_up("this is not AGI")
            elif colon:
                self._env.setdefault(key, value)
        elif "agi_network_script" not in self._env:
            self._give_up("no script named")
        else:
            self._deadline.cancel()
            self._session = AgiSession(self._transport, self._env)
            self._server.begin(self._session)

    def _give_up(self, reason: str) -> None:
        if self._session is not None:
            self._session.fail(AgiProtocolError(reason))
        else:
            logger.debug("AGI: a connection was rejected: %s", reason)
            self._transport.abort()
