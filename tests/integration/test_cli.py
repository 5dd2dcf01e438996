"""The command line against a whole hotline, as a person or a script uses it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from ivr.settings import SETTINGS
from tests.e2e.hotline import Hotline, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
COMMAND = str(Path(sys.executable).parent / "hotline")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline() as running:
        yield running


async def start(hotline: Hotline, *args: str, **options: Any) -> asyncio.subprocess.Process:
    """``hotline …`` that goes on, its output in a pipe."""
    return await asyncio.create_subprocess_exec(
        COMMAND, *args, env=hotline.env, cwd=hotline.home, stdout=asyncio.subprocess.PIPE, **options
    )


async def message(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The next line of JSON."""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        told: dict[str, Any] = json.loads(await process.stdout.readline())
        return told


async def refused(hotline: Hotline, *args: str) -> str:
    """Run ``hotline …`` that must fail with one line; gives that line."""
    process = await start(hotline, *args, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    assert process.returncode == 1, (out, err)
    assert out == b""
    lines = err.decode().strip().split("\n")
    assert len(lines) == 1, lines
    return lines[0].removeprefix("Error: ")


async def test_doctor_finds_a_running_hotline_well(hotline: Hotline) -> None:
    async with hotline.seats("8001"):
        await eventually(lambda: registered(hotline, "8001"), "registered seat")
        told = json.loads(await hotline.cli("doctor", "--json"))
    checks = {check["check"]: check for check in told["checks"]}
    assert told["ok"] is True
    for check in ("SIP", "SIP over TLS", "HTTP"):
        assert checks[check]["text"].endswith("is held by this hotline")
    assert checks["Hotline"]["text"] == (
        "runs; asterisk, database, redis, captions, clockwork, transcripts, assist answer"
    )
    assert checks["Seats"]["text"] == "1 of 20 have a phone"
    assert checks["First password"]["text"] == "changed"
    text = await hotline.cli("doctor")
    assert "✓ Asterisk" in text
    assert "✗" not in text


async def registered(hotline: Hotline, number: str) -> bool:
    return await hotline.seat_state(number) != "unavailable"


async def test_doctor_finds_a_dead_part(hotline: Hotline) -> None:
    supervisor = hotline.pids()["supervisor"]
    os.kill(supervisor, signal.SIGSTOP)  # or it would start the part again at once
    try:
        hotline.kill("redis")
        told = json.loads(await hotline.cli("doctor", "--json", status=1))
    finally:
        os.kill(supervisor, signal.SIGCONT)
    await hotline.healthy()
    [broken] = [check for check in told["checks"] if check["state"] == "broken"]
    assert broken["check"] == "Hotline"
    assert "redis" in broken["text"]


async def test_watch_once(hotline: Hotline) -> None:
    async with hotline.citizen("13800000081") as citizen:
        await citizen.answered()
        shown = await hotline.cli("watch", "--once")
        snapshot = json.loads(await hotline.cli("watch", "--once", "--json"))
    assert "13800000081" in shown
    assert "in the menu" in shown
    assert snapshot["type"] == "snapshot"
    assert [call["caller"] for call in snapshot["calls"]] == ["13800000081"]
    assert {"reception", "reception_night"} <= {queue["name"] for queue in snapshot["queues"]}


async def test_watch_streams_and_connects_again(hotline: Hotline) -> None:
    watching = await start(hotline, "watch", "--json")
    try:
        assert (await message(watching))["type"] == "snapshot"
        async with hotline.citizen("13800000082") as citizen:
            await citizen.answered()
            while "calls" not in (change := await message(watching)):
                pass  # seats and queues change too
            assert [call["caller"] for call in change["calls"]] == ["13800000082"]
        hotline.kill("controller")
        kinds = [change["type"]]
        while kinds[-1] != "snapshot":
            kinds.append((await message(watching))["type"])
        assert kinds.count("lost") == 1
        assert kinds[-2:] == ["lost", "snapshot"]
    finally:
        watching.send_signal(signal.SIGINT)
        await watching.communicate()
    assert watching.returncode == 0
    await hotline.healthy()


@pytest.mark.parametrize("key", [b"q", b"\x03"])
async def test_watch_on_a_terminal_until_a_key(hotline: Hotline, key: bytes) -> None:
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        "watch",
        env={**hotline.env, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # the controlling terminal
    )
    os.close(theirs)
    seen = bytearray()
    try:
        await read_until(ours, seen, b"no phone: 8001")
        os.write(ours, key)
        await read_until(ours, seen, b"\x1b[?1049l")  # back on the usual screen
        async with asyncio.timeout(10):
            assert await process.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        os.close(ours)
    assert b"Traceback" not in seen


async def read_until(handle: int, seen: bytearray, wanted: bytes) -> None:
    loop = asyncio.get_running_loop()
    news = asyncio.Event()

    def read() -> None:
        with contextlib.suppress(OSError):
            seen.extend(os.read(handle, 65536))
        news.set()

    loop.add_reader(handle, read)
    try:
        async with asyncio.timeout(30):
            while wanted not in seen:
                news.clear()
                await news.wait()
    finally:
        loop.remove_reader(handle)


async def test_watch_needs_a_terminal(hotline: Hotline) -> None:
    assert "--once or --json" in await refused(hotline, "watch")


async def test_users(hotline: Hotline) -> None:
    added = json.loads(await hotline.cli("users", "add", "Wang.Min", "agent", "--json"))
    assert (added["username"], added["roles"]) == ("wang.min", ["agent"])
    client = await hotline.http()

    async def login(password: str) -> int:
        body = {"username": "wang.min", "password": password}
        async with client.post("/api/v1/session", json=body) as answer:
            return answer.status

    assert await login(added["password"]) == 200
    await hotline.cli("users", "disable", "wang.min")
    assert await login(added["password"]) == 401
    await hotline.cli("users", "enable", "wang.min")
    changed = json.loads(await hotline.cli("users", "password", "wang.min", "--json"))
    assert await login(added["password"]) == 401
    assert await login(changed["password"]) == 200
    roles = await hotline.cli("users", "roles", "wang.min", "manager", "dispatcher")
    assert roles.split("  ")[0] == "wang.min"
    listed = json.loads(await hotline.cli("users", "list", "--json"))
    assert {user["username"]: user["roles"] for user in listed} == {
        "admin": ["admin"],
        "wang.min": ["dispatcher", "manager"],
    }
    assert not any("password" in user for user in listed)
    assert "calls.recording" in await hotline.cli("users", "roles")


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("users", "add", "admin", "agent"), "taken"),
        (("users", "disable", "nobody"), "no user has this name"),
        (("users", "disable", "admin"), "another user administrator first"),
        (("seats", "show", "9999"), "9999"),
    ],
)
async def test_what_is_refused_is_told_in_one_line(
    hotline: Hotline, args: tuple[str, ...], reason: str
) -> None:
    assert reason in await refused(hotline, *args)


async def test_settings(hotline: Hotline) -> None:
    told = json.loads(await hotline.cli("settings", "--json"))
    values = {row["variable"]: row["value"] for row in told}
    assert set(values) == {row.variable for row in SETTINGS}
    assert values["HOTLINE_HTTP_PORT"] == str(hotline.http_port)
    assert values["HOTLINE_ADMIN_PASSWORD"] == "(set, hidden)"
    assert values["HOTLINE_AMI_PORT"].endswith("(chosen)")
    table = await hotline.cli("settings", "--markdown")
    assert str(hotline.http_port) not in table
    assert table.count("\n") == 2 + len(SETTINGS)


async def test_without_a_hotline_all_say_so(hotline: Hotline, tmp_path: Path) -> None:
    elsewhere = Hotline.__new__(Hotline)
    elsewhere.env, elsewhere.home = {**hotline.env, "HOTLINE_HOME": str(tmp_path)}, tmp_path
    for args in (("watch", "--once"), ("watch", "--json")):
        assert "no hotline is running" in await refused(elsewhere, *args)


async def test_demo_shows_calls_and_ends_at_once(tmp_path: Path) -> None:
    """Citizens are answered by simulated agents and by one's own phone; Ctrl-C ends all of it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    town, told = Hotline(TMPDIR=str(scratch)), list[str]()
    demo = await start(
        town,
        *("demo", "--calls-per-minute", "20", "--seats", "1"),
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert demo.stdout is not None
    try:
        async with asyncio.timeout(180):
            while not (told and "Recordings" in told[-1]):
                told.append((await demo.stdout.readline()).decode())
            async with town.seats("8002"):
                while not {"8001", "8002"} <= {seat_in(line) for line in told}:
                    told.append((await demo.stdout.readline()).decode())
                    assert told[-1], "the demo ended"
        text = "".join(told)
        assert "agents on 8001\n" in text
        assert "on 8002–8020" in text
        assert not [line for line in told if "ERROR" in line or "Traceback" in line]
        record = await town.record(next(line.split()[1] for line in told if seat_in(line)))
        assert record["outcome"] == "answered"
        began = time.monotonic()
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
        rest = (await demo.stdout.read()).decode()
        assert await demo.wait() == 0, rest
        assert time.monotonic() - began < 5
        assert "Traceback" not in rest
        assert not [p.cmdline() for p in psutil.process_iter() if belongs_to(p, town)]
        assert [file.name for file in scratch.iterdir()] == []
    except BaseException:
        print(*told, sep="")
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(demo.pid, signal.SIGKILL)
        await town.stop()
        shutil.rmtree(town.home, ignore_errors=True)


def seat_in(line: str) -> str:
    """The seat in a line like ``05:02:40  13056014314 → 8003, 9 s, not rated``."""
    found = re.search(r"→ (\d+), \d+ s", line)
    return found[1] if found else ""


def belongs_to(process: psutil.Process, hotline: Hotline) -> bool:
    try:
        return process.environ().get("HOTLINE_HOME") == str(hotline.home)
    except psutil.Error:
        return False
