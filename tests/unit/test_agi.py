"""FastAGI against a scripted Asterisk; the tests named ``trap`` close panoramisk's."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi import (
    KEEPALIVE_AFTER,
    MAX_BYTES,
    MAX_COMMAND,
    AgiServer,
    AgiSession,
    Reply,
    _Connection,
    parse_reply,
)
from ivr.errors import (
    AgiCommandError,
    AgiError,
    AgiProtocolError,
    AgiTimeout,
    HungUp,
    UnsafeValue,
)

WITHIN = 5.0
HEADERS = (
    "agi_network: yes\nagi_network_script: flow?x=1&name=%E5%B8%82\nagi_uniqueid: 1763.12\n"
    "agi_calleridname: 市民\nagi_callerid: \n\n"
).encode()


class Asterisk:
    """One connection as Asterisk makes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def command(self) -> str:
        async with asyncio.timeout(WITHIN):
            return (await self._reader.readuntil(b"\n")).decode().removesuffix("\n")

    async def answer(self, reply: bytes) -> str:
        """Take a command and answer it."""
        command = await self.command()
        await self.send(reply)
        return command

    async def closed(self) -> None:
        """Wait for the peer to close."""
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(WITHIN):
                assert await self._reader.read() == b""

    async def probe(self) -> None:
        """Say no more, and wait for the peer to close."""
        self._writer.write_eof()
        await self.closed()

    async def leave(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class Bench:
    """A server with one route, and what the route came to."""

    def __init__(self) -> None:
        self.route: Callable[[AgiSession], Awaitable[object]] | None = None
        self.ended: asyncio.Queue[object] = asyncio.Queue()
        self.server = AgiServer(
            "127.0.0.1", 0, {"flow": self._flow}, headers_within=WITHIN, grace=WITHIN
        )
        self.connections: list[Asterisk] = []

    async def connect(self, first: bytes = HEADERS) -> Asterisk:
        asterisk = Asterisk(*await asyncio.open_connection("127.0.0.1", self.server.port))
        self.connections.append(asterisk)
        await asterisk.send(first)
        return asterisk

    async def play(self, route: Callable[[AgiSession], Awaitable[object]]) -> Asterisk:
        self.route = route
        return await self.connect()

    async def end(self) -> object:
        """What the route returned or raised."""
        async with asyncio.timeout(WITHIN):
            return await self.ended.get()

    async def _flow(self, session: AgiSession) -> None:
        assert self.route is not None
        try:
            self.ended.put_nowait(await self.route(session))
        except Exception as error:
            self.ended.put_nowait(error)
            raise


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    await bench.server.start()
    yield bench
    for connection in bench.connections:
        await connection.leave()
    await bench.server.close()
    assert bench.server.sessions == 0


async def one(bench: Bench, reply: bytes, *command: str) -> Reply:
    """Carry out one command that is answered so."""

    async def route(session: AgiSession) -> Reply:
        return await session.command(*(command or ("NOOP",)))

    asterisk = await bench.play(route)
    await asterisk.answer(reply)
    result = await bench.end()
    if isinstance(result, Exception):
        raise result
    assert isinstance(result, Reply)
    return result


async def test_sessions_notice_when_the_other_machine_is_gone(bench: Bench) -> None:
    async def route(session: AgiSession) -> list[tuple[int, int]]:
        taken = [transport.get_extra_info("socket") for transport in bench.server.open]
        return [
            (
                its.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                its.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            )
            for its in taken
        ]

    await bench.play(route)
    assert await bench.end() == [(1, KEEPALIVE_AFTER)]


# --- the traps of panoramisk ---------------------------------------------------------------


async def test_trap_1_a_port_probe_is_closed_and_the_next_call_is_served(bench: Bench) -> None:
    for _ in range(20):
        await (await bench.connect(b"")).probe()
    assert (await one(bench, b"200 result=1 (x)\n", "GET VARIABLE", "A")).data == "x"
    assert bench.server.rejected == 20


async def test_trap_2_the_end_of_the_connection_is_a_hangup(bench: Bench) -> None:
    async def route(session: AgiSession) -> Reply:
        return await session.command("WAIT FOR DIGIT", "1000")

    asterisk = await bench.play(route)
    await asterisk.command()
    await asterisk.leave()
    assert isinstance(await bench.end(), HungUp)


async def test_trap_2_a_hangup_line_is_noted_and_never_a_reply(bench: Bench) -> None:
    async def route(session: AgiSession) -> list[str | None]:
        first = await session.command("GET VARIABLE", "A")
        async with asyncio.timeout(WITHIN):
            await session.hungup.wait()
        with pytest.raises(HungUp):
            await session.command("STREAM FILE", "welcome", "")
        second = await session.command("GET VARIABLE", "B", after_hangup=True)
        return [first.data, second.data]

    asterisk = await bench.play(route)
    await asterisk.answer(b"HANGUP\n200 result=1 (a)\n")
    assert await asterisk.answer(b"200 result=1 (b)\n") == 'GET VARIABLE "B"'
    assert await bench.end() == ["a", "b"]


async def test_trap_2_a_usage_of_many_lines_is_read_to_its_end(bench: Bench) -> None:
    async def route(session: AgiSession) -> str | None:
        with pytest.raises(AgiCommandError, match="520-Invalid command syntax"):
            await session.command("STREAM FILE")
        return (await session.command("GET VARIABLE", "A")).data

    asterisk = await bench.play(route)
    await asterisk.answer(
        b"520-Invalid command syntax.  Proper usage follows:\nUsage: STREAM FILE\n"
        b"200 result=1 (is said here)\n520 End of proper usage.\n"
    )
    await asterisk.answer(b"200 result=1 (right)\n")
    assert await bench.end() == "right"


async def test_trap_2_minus_one_is_a_hangup_if_the_channel_is_dead(bench: Bench) -> None:
    async def route(session: AgiSession) -> Reply:
        return await session.command("WAIT FOR DIGIT", "1000")

    asterisk = await bench.play(route)
    await asterisk.answer(b"200 result=-1\n")
    assert await asterisk.answer(b"511 Command Not Permitted on a dead channel\n") == (
        "CHANNEL STATUS"
    )
    assert isinstance(await bench.end(), HungUp)


async def test_trap_2_minus_one_on_a_live_channel_is_a_failed_command(bench: Bench) -> None:
    async def route(session: AgiSession) -> str | None:
        with pytest.raises(AgiCommandError, match="STREAM FILE: Asterisk could not do it"):
            await session.command("STREAM FILE", "missing", "")
        return (await session.command("GET VARIABLE", "A")).data

    asterisk = await bench.play(route)
    await asterisk.answer(b"200 result=-1 endpos=0\n")
    await asterisk.answer(b"200 result=6\n")
    await asterisk.answer(b"200 result=1 (on)\n")
    assert await bench.end() == "on"


async def test_trap_2_timeout_and_leading_zeros_are_kept(bench: Bench) -> None:
    reply = await one(bench, b"200 result=007 (timeout)\n", "GET DATA", "x", "1000", "3")
    assert (reply.result, reply.data, reply.number) == ("007", "timeout", 7)
    reply = await one(bench, b"200 result= (timeout)\n", "GET DATA", "x", "1000", "3")
    assert (reply.result, reply.data) == ("", "timeout")
    with pytest.raises(AgiProtocolError):
        assert reply.number


async def test_trap_2_a_value_hangup_is_just_a_value(bench: Bench) -> None:
    assert (await one(bench, b"200 result=1 (hangup)\n", "GET VARIABLE", "A")).data == "hangup"


@pytest.mark.parametrize("bad", ["a\nHANGUP", "a\r", "\0", "\udc80", "x" * (MAX_COMMAND + 1)])
async def test_trap_2_a_line_break_in_an_argument_is_refused(bench: Bench, bad: str) -> None:
    async def route(session: AgiSession) -> None:
        with pytest.raises(UnsafeValue) as caught:
            await session.command("SET VARIABLE", "A", bad)
        assert bad not in str(caught.value)
        with pytest.raises(UnsafeValue):
            await session.command(bad)
        await session.command("NOOP")

    asterisk = await bench.play(route)
    assert await asterisk.answer(b"200 result=0\n") == "NOOP"
    assert await bench.end() is None


# --- commands and replies ------------------------------------------------------------------


async def test_arguments_are_quoted(bench: Bench) -> None:
    async def route(session: AgiSession) -> None:
        await session.command("SET VARIABLE", "NAME", 'a "b" \\ 市', "")

    asterisk = await bench.play(route)
    command = await asterisk.answer(b"200 result=1\n")
    assert command == 'SET VARIABLE "NAME" "a \\"b\\" \\\\ 市" ""'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("200 result=0", ("0", None, None)),
        ("200 result=49 endpos=1234", ("49", None, 1234)),
        ("200 result=0 (timeout) endpos=8000", ("0", "timeout", 8000)),
        ("200 result=1 (a) endpos=3)", ("1", "a) endpos=3", None)),
        ("200 result=1 ()", ("1", "", None)),
        ("200 result=1 (two\nlines)", ("1", "two\nlines", None)),
        ("200 result=12*#", ("12*#", None, None)),
    ],
)
def test_replies(line: str, expected: tuple[str, str | None, int | None]) -> None:
    reply = parse_reply(line)
    assert (reply.result, reply.data, reply.endpos, reply.raw) == (*expected, line)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("510 Invalid or unknown command", AgiCommandError),
        ("511 Command Not Permitted on a dead channel", HungUp),
        ("520 Invalid command syntax.  Proper usage not available.", AgiCommandError),
        ("200 results", AgiProtocolError),
        ("5100", AgiProtocolError),
        ("", AgiProtocolError),
    ],
)
def test_replies_that_are_errors(line: str, error: type[AgiError]) -> None:
    with pytest.raises(error):
        parse_reply(line)


async def test_an_application_that_asterisk_lacks(bench: Bench) -> None:
    with pytest.raises(AgiCommandError, match="no such application"):
        await one(bench, b"200 result=-2\n", "EXEC", "Nope")


async def test_a_notice_that_work_goes_on_is_no_reply(bench: Bench) -> None:
    reply = await one(bench, b"100 Trying...\n200 result=1 (x)\n", "GET VARIABLE", "A")
    assert reply.data == "x"


async def test_a_value_with_a_line_break_does_not_shift_the_replies(bench: Bench) -> None:
    async def route(session: AgiSession) -> list[str | None]:
        return [(await session.command("GET VARIABLE", name)).data for name in "ABC"]

    asterisk = await bench.play(route)
    await asterisk.answer(b"200 result=1 (one\nHANGUP\ntwo)\n")
    await asterisk.answer(b"200 result=1 (evil)\n200 result=1 (forged)\n")
    await asterisk.answer(b"200 result=1 (true)\n")
    assert await bench.end() == ["one\nHANGUP\ntwo", "evil", "true"]


@pytest.mark.parametrize(
    "noise", [b"nonsense\n", b"x" * (MAX_BYTES + 1), b"200 result=1 (\n" * 9999]
)
async def test_a_peer_that_stops_speaking_agi_is_dropped(bench: Bench, noise: bytes) -> None:
    with pytest.raises(AgiProtocolError):
        await one(bench, noise)


async def test_a_command_without_reply_ends_the_session(bench: Bench) -> None:
    async def route(session: AgiSession) -> None:
        with pytest.raises(AgiTimeout, match=r"NOOP: no reply in 0\.02 s"):
            await session.command("NOOP", timeout=0.02)
        await session.command("NOOP")

    asterisk = await bench.play(route)
    assert await asterisk.command() == "NOOP"
    assert isinstance(await bench.end(), HungUp)
    await asterisk.closed()


async def test_a_cancelled_command_ends_the_session(bench: Bench) -> None:
    async def route(session: AgiSession) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await session.command("NOOP")
        await session.command("NOOP")

    asterisk = await bench.play(route)
    assert await asterisk.command() == "NOOP"
    assert isinstance(await bench.end(), HungUp)


async def test_two_commands_at_once_are_refused(bench: Bench) -> None:
    async def route(session: AgiSession) -> Reply:
        first = asyncio.create_task(session.command("GET VARIABLE", "A"))
        await asyncio.sleep(0)
        with pytest.raises(AgiProtocolError, match="under way"):
            await session.command("GET VARIABLE", "B")
        return await first

    asterisk = await bench.play(route)
    await asterisk.answer(b"200 result=1 (a)\n")
    reply = await bench.end()
    assert isinstance(reply, Reply)
    assert reply.data == "a"


# --- sessions ------------------------------------------------------------------------------


async def test_a_session_knows_its_call(bench: Bench) -> None:
    async def route(session: AgiSession) -> AgiSession:
        return session

    await bench.play(route)
    session = await bench.end()
    assert isinstance(session, AgiSession)
    assert (session.script, dict(session.query)) == ("flow", {"x": "1", "name": "市"})
    assert session.call_id == "1763.12"
    assert session.env["agi_calleridname"] == "市民"
    assert session.env["agi_callerid"] == ""


async def test_headers_are_raw_and_can_be_had_clean(bench: Bench) -> None:
    """A later header of the same name is a forgery: ours come first."""

    async def route(session: AgiSession) -> AgiSession:
        return session

    bench.route = route
    await bench.connect(
        b"agi_network: yes\nagi_network_script: /flow\nagi_uniqueid: 1.1\n"
        b"agi_calleridname: a\x1b[31m\r\xffb\n no header\nagi_network_script: other\n\n"
    )
    session = await bench.end()
    assert isinstance(session, AgiSession)
    assert session.env["agi_calleridname"] == "a\x1b[31m\r\ufffdb"
    assert session.clean("agi_calleridname") == "a[31m\ufffdb"
    assert session.clean("agi_nothing") == ""
    assert session.script == "flow"


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\n\x00\n",
        b"\n",
        b"agi_network: yes\n\n",
        b"agi_network: yes\nagi_network_script: nowhere\n\n",
        b"agi_network: yes\n" * 201,
        b"agi_network: yes\n" + b"agi_arg_1: " + b"x" * MAX_BYTES + b"\n",
        b"x" * (MAX_BYTES + 1),
    ],
)
async def test_whoever_is_not_asterisk_is_closed_and_counted(bench: Bench, first: bytes) -> None:
    await (await bench.connect(first)).closed()
    assert bench.server.rejected == 1
    assert bench.server.sessions == 0


async def test_headers_must_come_in_time() -> None:
    server = AgiServer("127.0.0.1", 0, {}, headers_within=0.05)
    await server.start()
    asterisk = Asterisk(*await asyncio.open_connection("127.0.0.1", server.port))
    await asterisk.send(HEADERS[:-1])
    await asterisk.closed()
    assert server.rejected == 1
    await asterisk.leave()
    await server.close()


async def test_a_route_that_fails_is_logged_by_call_and_closed(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async def route(_session: AgiSession) -> None:
        raise ValueError("odd")

    asterisk = await bench.play(route)
    await asterisk.closed()
    assert "call 1763.12: flow failed; the dialplan goes on" in caplog.text
    assert "市民" not in caplog.text


async def test_a_hangup_is_absorbed(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async def route(_session: AgiSession) -> None:
        raise HungUp("gone")

    await (await bench.play(route)).closed()
    assert isinstance(await bench.end(), HungUp)
    assert caplog.text == ""


async def test_closing_lets_sessions_end_and_cancels_the_rest(bench: Bench) -> None:
    server = AgiServer("127.0.0.1", 0, {"flow": bench._flow}, grace=0.1)
    await server.start()
    release = asyncio.Event()
    running: asyncio.Queue[AgiSession] = asyncio.Queue()

    async def route(session: AgiSession) -> str:
        running.put_nowait(session)
        if running.qsize() == 1:
            await release.wait()
            return "ended"
        return str(await session.command("NOOP"))

    bench.route = route
    ours = []
    for _ in range(3):
        ours.append(Asterisk(*await asyncio.open_connection("127.0.0.1", server.port)))
    for asterisk in ours[:2]:
        await asterisk.send(HEADERS)
    await ours[1].command()
    closing = asyncio.create_task(server.close())
    await asyncio.sleep(0)
    release.set()
    await closing
    await server.close()
    assert await bench.end() == "ended"
    assert server.sessions == 0
    assert server.open == set()
    for asterisk in ours:
        await asterisk.closed()
        await asterisk.leave()


# --- anything at all -----------------------------------------------------------------------


@given(st.text(max_size=60))
def test_any_text_is_a_reply_or_a_typed_error(text: str) -> None:
    for line in (text, f"200 result={text}", f"520{text}"):
        with contextlib.suppress(AgiError):
            assert parse_reply(line).raw == line


@given(st.text(max_size=40))
def test_any_value_comes_back_as_it_was(value: str) -> None:
    assert parse_reply(f"200 result=1 ({value})").data == value


class Options:
    """A socket that takes any option."""

    def setsockopt(self, *_args: int) -> None: ...


class Pipe(asyncio.Transport):
    """Leads nowhere, and knows whether it was closed."""

    def __init__(self) -> None:
        super().__init__({"socket": Options()})
        self.over = False

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def is_closing(self) -> bool:
        return self.over

    def abort(self) -> None:
        self.over = True

    close = abort


@given(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"")), max_size=12))
async def test_any_lines_give_a_reply_or_a_typed_error(lines: list[bytes]) -> None:
    session = AgiSession(Pipe(), {"agi_network_script": "flow"})
    command = asyncio.create_task(session.command("GET VARIABLE", "A"))
    await asyncio.sleep(0)
    for line in lines:
        session.take_line(line)
    session.fail(HungUp("closed"))
    [result] = await asyncio.gather(command, return_exceptions=True)
    assert isinstance(result, Reply | AgiError)


@given(st.binary(max_size=200), st.lists(st.integers(0, 10_000), max_size=8))
async def test_any_headers_in_any_cut_are_read_alike(noise: bytes, places: list[int]) -> None:
    """However the bytes are cut, the same session comes of them or none."""
    started: list[dict[str, str]] = []

    async def route(session: AgiSession) -> None:
        started.append(dict(session.env))

    stream = b"agi_network: yes\nagi_network_script: s\nagi_x: " + noise + b"\n\n"
    edges = [0, *sorted(p % (len(stream) + 1) for p in places), len(stream)]
    for chunks in ([stream], [stream[a:b] for a, b in pairwise(edges)]):
        server, pipe = AgiServer("127.0.0.1", 0, {"s": route}), Pipe()
        connection = _Connection(server)
        connection.connection_made(pipe)
        for chunk in chunks:
            connection.data_received(chunk)
        await asyncio.gather(*server._tasks)
        connection.connection_lost(None)
        assert (server.open, server.rejected, pipe.over) == (set(), 0, True)
    assert len(started) == 2
    assert started[0] == started[1]
