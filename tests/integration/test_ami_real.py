"""The manager and FastAGI links against a real Asterisk with next to no configuration."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivr.agi import AgiServer, AgiSession
from ivr.ami import Ami, AmiEvent, OriginateOutcome
from ivr.errors import AgiCommandError, AgiError, AmiLost, AmiNotConnected, AmiRefused, HungUp
from ivr.toolbox import AsteriskProgram
from tests import tools

WITHIN = 20.0
MODULES = ("pbx_config", "res_speech", "res_agi", "app_echo", "app_userevent", "app_verbose")
DIALPLAN = """
[test]
exten => echo,1,Answer()
 same => n,Echo()
exten => ring,1,Ringing()
 same => n,Wait(60)
exten => busy,1,Busy()
exten => short,1,Answer()
 same => n,Wait(1.5)
exten => flow,1,Answer()
 same => n,AGI(agi://127.0.0.1:{agi_port}/flow?line=12345)
 same => n,UserEvent(After,Status: ${{AGISTATUS}})
exten => unknown,1,Answer()
 same => n,AGI(agi://127.0.0.1:{agi_port}/unknown)
 same => n,UserEvent(After,Status: ${{AGISTATUS}})
"""


@pytest.fixture(scope="session")
def asterisk_program() -> AsteriskProgram:
    return tools.asterisk()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Asterisk:
    """A small Asterisk in a folder of its own."""

    def __init__(self, program: AsteriskProgram, home: Path, agi_port: int) -> None:
        self.port = free_port()
        self._program = program
        self._home = home
        self._process: asyncio.subprocess.Process | None = None
        own = ("etc", "varlib", "db", "key", "run", "log", "spool", "agi")
        folders = "".join(f"ast{name}dir = {home}\n" for name in own)
        modules = "".join(f"load = {name}.so\n" for name in MODULES)
        for name, text in {
            "asterisk": f"[directories]\n{folders}astmoddir = {program.modules}\n"
            f"astdatadir = {program.data}\n",
            "modules": f"[modules]\nautoload = no\n{modules}",
            "manager": f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\nport = {self.port}\n"
            "[hotline]\nsecret = right\nread = all\nwrite = all\n",
            "extensions": DIALPLAN.format(agi_port=agi_port),
        }.items():
            (home / f"{name}.conf").write_text(text, "utf-8")

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._program.argv,
            *("-C", str(self._home / "asterisk.conf"), "-f"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


class Watcher:
    """Takes what the link reports, and lets a test wait for it."""

    def __init__(self) -> None:
        self.events: list[AmiEvent] = []
        self.links: list[bool] = []
        self._changed = asyncio.Event()

    def on_event(self, event: AmiEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def on_link(self, up: bool) -> None:
        self.links.append(up)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def event(self, name: str, **fields: str) -> AmiEvent:
        def found() -> list[AmiEvent]:
            wanted = fields.items()
            return [e for e in self.events if e.name == name and wanted <= e.items()]

        await self.until(lambda: bool(found()))
        return found()[0]


@dataclass
class Flow:
    """What a call that reaches FastAGI does; set by each test."""

    run: Callable[[AgiSession], Awaitable[None]] | None = None
    error: BaseException | None = None

    async def __call__(self, session: AgiSession) -> None:
        assert self.run is not None
        try:
            await self.run(session)
        except Exception as error:
            self.error = error
            raise


@pytest.fixture
def flow() -> Flow:
    return Flow()


@pytest.fixture
async def agi(flow: Flow) -> AsyncIterator[AgiServer]:
    server = AgiServer("127.0.0.1", 0, {"flow": flow})
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def asterisk(
    asterisk_program: AsteriskProgram, tmp_path: Path, agi: AgiServer
) -> AsyncIterator[Asterisk]:
    asterisk = Asterisk(asterisk_program, tmp_path, agi.port)
    await asterisk.start()
    yield asterisk
    await asterisk.kill()


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
async def ami(asterisk: Asterisk, watcher: Watcher) -> AsyncIterator[Ami]:
    ami = client(asterisk, watcher, "right")
    await ami.start()
    await watcher.until(lambda: watcher.links == [True])
    await watcher.event("FullyBooted")  # the manager answers before all modules are there
    yield ami
    await ami.close()


def client(asterisk: Asterisk, watcher: Watcher, password: str) -> Ami:
    return Ami(
        host="127.0.0.1",
        port=asterisk.port,
        username="hotline",
        secret=password,
        on_event=watcher.on_event,
        on_link=watcher.on_link,
    )


async def test_lists_and_commands(ami: Ami) -> None:
    assert await ami.listing("CoreShowChannels") == []
    reply = await ami.action("Command", Command="core show uptime")
    assert any(line.startswith("System uptime") for line in reply.all("Output"))
    with pytest.raises(AmiRefused, match="Invalid/unknown command"):
        await ami.action("NoSuchAction")


async def test_an_originate_is_answered_and_its_variables_survive(
    ami: Ami, watcher: Watcher
) -> None:
    variables = {"NAME": "市民热线", "ODD": 'a,b="c"\\d(e) [f] {g} ${H}', "EMPTY": ""}
    call = await ami.originate(
        "Local/echo@test/n", extension=("test", "echo"), variables=variables, channel_id="hotline-1"
    )
    assert (call.outcome, call.uniqueid) == (OriginateOutcome.ANSWERED, "hotline-1")
    for name, value in variables.items():
        reply = await ami.action("Getvar", Channel=call.channel, Variable=name)
        assert reply["Value"] == value
        assert (await watcher.event("VarSet", Uniqueid="hotline-1", Variable=name))["Value"] == (
            value.replace("\\", "\\\\").replace('"', '\\"')
        )
    assert (await watcher.event("OriginateResponse"))["Uniqueid"] == "hotline-1"
    channels = await ami.listing("CoreShowChannels")
    assert {row["Linkedid"] for row in channels} == {"hotline-1"}
    assert len(channels) == 2


async def test_originates_that_fail_say_why(ami: Ami) -> None:
    async def outcome(channel: str) -> OriginateOutcome:
        call = await ami.originate(channel, application=("Echo", ""), ring_for=0.2)
        assert (call.uniqueid, call.answered) == ("", False)
        return call.outcome

    assert await outcome("Local/ring@test/n") is OriginateOutcome.NO_ANSWER
    assert await outcome("Local/busy@test/n") is OriginateOutcome.BUSY
    assert await outcome("Local/nobody@test/n") is OriginateOutcome.FAILED


async def test_chinese_in_a_user_event(ami: Ami, watcher: Watcher) -> None:
    await ami.action("UserEvent", UserEvent="Hotline", Text="市民热线")
    assert (await watcher.event("UserEvent", UserEvent="Hotline"))["Text"] == "市民热线"


async def test_a_wrong_password(asterisk: Asterisk, ami: Ami, watcher: Watcher) -> None:
    wrong = client(asterisk, Watcher(), "wrong")
    await wrong.start()
    await watcher.event("InvalidPassword")
    async with asyncio.timeout(WITHIN):
        while wrong.status == "connecting":
            await ami.action("Ping")
    assert wrong.status == "refused: Authentication failed"
    with pytest.raises(AmiNotConnected):
        await wrong.action("Ping")
    await wrong.close()


async def test_a_restart_of_asterisk_is_survived_and_nothing_is_sent_twice(
    asterisk: Asterisk, ami: Ami, watcher: Watcher
) -> None:
    call = asyncio.create_task(
        ami.originate("Local/ring@test/n", application=("Echo", ""), channel_id="once")
    )
    await watcher.event("Newchannel", Uniqueid="once")
    await asterisk.kill()
    with pytest.raises(AmiLost):
        await call
    await watcher.until(lambda: watcher.links == [True, False])
    assert not ami.connected
    watcher.events.clear()
    await asterisk.start()
    await watcher.until(lambda: watcher.links == [True, False, True])
    await watcher.event("FullyBooted")
    assert await ami.listing("CoreShowChannels") == []
    assert [e.name for e in watcher.events if e.name in {"Newchannel", "OriginateResponse"}] == []


async def test_a_session_of_fastagi(ami: Ami, watcher: Watcher, flow: Flow) -> None:
    odd = 'a "q" \\ b, 市民热线 ${X};|'
    seen: dict[str, object] = {}

    async def run(session: AgiSession) -> None:
        seen["env"] = (session.query["line"], session.env["agi_calleridname"])
        await session.command("SET VARIABLE", "ODD", odd)
        seen["odd"] = (await session.command("GET VARIABLE", "ODD")).data
        seen["none"] = (await session.command("GET VARIABLE", "NONE")).data
        for command in (("BOGUS",), ("STREAM FILE",), ("EXEC", "Nope"), ("GET DATA", "nofile")):
            with pytest.raises(AgiCommandError):
                await session.command(*command)
        seen["digit"] = (await session.command("WAIT FOR DIGIT", "10")).number
        await session.command("VERBOSE", "x" * 2000)
        seen["status"] = (await session.command("CHANNEL STATUS")).number

    flow.run = run
    await ami.originate(
        "Local/flow@test/n", extension=("test", "echo"), caller_id='"市民" <13800000000>'
    )
    assert (await watcher.event("UserEvent", UserEvent="After"))["Status"] == "SUCCESS"
    assert flow.error is None
    assert seen == {
        "env": ("12345", "市民"),
        "odd": odd,
        "none": None,
        "digit": 0,
        "status": 6,
    }


@pytest.mark.parametrize(
    "command", [("WAIT FOR DIGIT", "10000"), ("EXEC", "Wait", "10"), ("EXEC", "Echo")]
)
async def test_a_hangup_during_a_command(
    ami: Ami, watcher: Watcher, flow: Flow, command: tuple[str, ...]
) -> None:
    async def run(session: AgiSession) -> None:
        with pytest.raises(HungUp):
            await session.command(*command)
        await asyncio.wait_for(session.hungup.wait(), WITHIN)
        await session.command("EXEC", "UserEvent", "Written,A: b", after_hangup=True)
        await session.command("NOOP")

    flow.run = run
    await ami.originate("Local/flow@test/n", extension=("test", "short"))
    await watcher.event("UserEvent", UserEvent="Written")
    await watcher.until(lambda: isinstance(flow.error, AgiError))
    assert isinstance(flow.error, HungUp)


async def test_a_route_that_does_not_exist_leaves_the_call_to_the_dialplan(
    ami: Ami, watcher: Watcher, agi: AgiServer
) -> None:
    await ami.originate("Local/unknown@test/n", extension=("test", "echo"))
    await watcher.event("UserEvent", UserEvent="After")
    assert agi.rejected == 1
