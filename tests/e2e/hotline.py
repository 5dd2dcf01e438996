"""A whole hotline of a test's own: ``hotline serve`` with a home and ports of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import psutil

from ivr.demo.baresip import Seat
from ivr.demo.phones import SeatPhones
from ivr.demo.sipp import Citizen
from tests import tools
from tests.tools import CACHE
from ticketing.store.database import Database

ADMIN_PASSWORD = "correct horse 12345"
START_SECONDS = 60.0


class Hotline:
    """One running hotline. Use ``async with``."""

    def __init__(self, **env: str) -> None:
        """
        Args:
            env: settings of this hotline, such as ``HOTLINE_WRAP_UP_SECONDS="0"``.
        """
        self.home = Path(tempfile.mkdtemp(prefix="hotline-"))
        self.sip_port = free_sip_port()
        self.http_port = free_tcp_port()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")}
        self.env = {
            **inherited,
            "HOTLINE_HOME": str(self.home),
            "HOTLINE_CACHE": str(CACHE),
            "HOTLINE_SIP_PORT": str(self.sip_port),
            "HOTLINE_HTTP_PORT": str(self.http_port),
            "HOTLINE_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "HOTLINE_WRAP_UP_SECONDS": "0",
            "HOTLINE_CAPTIONS": "off",  # recognisers take much: only where a test asks for them
            "HOTLINE_WORKERS": "0",
            **env,
        }
        self.process: asyncio.subprocess.Process | None = None
        self.started_in = 0.0
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self._show_logs()
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._show_logs()
        await self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    async def start(self) -> None:
        """Start it and wait for its word that it is up."""
        file = self.home / "hotline.sqlite3"
        if "HOTLINE_DATABASE_URL" not in self.env and not file.exists():
            file.write_bytes(await asyncio.to_thread(_tables))
        began = time.monotonic()
        with (self.home / "serve.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).parent / "hotline"),
                "serve",
                env=self.env,
                cwd=self.home,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            async for line in self.process.stdout:
                if b"Stop it" in line:
                    break
            else:
                raise AssertionError((self.home / "serve.log").read_text())
        self.started_in = time.monotonic() - began

    async def stop(self) -> float:
        """Stop it as Ctrl-C does; gives the seconds that took."""
        if self._http is not None:
            await self._http.close()
            self._http = None
        began = time.monotonic()
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
            try:
                async with asyncio.timeout(15):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        for pid in self.pids().values():  # only what a test killed the supervisor of is left
            os.kill(pid, signal.SIGKILL)
        return time.monotonic() - began

    # --- its parts -------------------------------------------------------------------------
    def pids(self) -> dict[str, int]:
        """The processes of this hotline that run now, by name."""
        found = {}
        for process in psutil.process_iter(["pid", "cmdline", "environ", "status"]):
            line = " ".join(process.info["cmdline"] or ())
            ours = (process.info["environ"] or {}).get("HOTLINE_HOME") == str(self.home)
            if process.info["status"] == psutil.STATUS_ZOMBIE:
                continue
            if str(self.home / "asterisk") in line and " -rx " not in line:
                found["asterisk"] = process.pid
            elif str(self.home) in line and "redis" in line:
                found["redis"] = process.pid
            elif ours and "ivr.worker" in line:
                found["worker"] = process.pid
            elif ours and "ivr.app" in line:
                found["controller"] = process.pid
            elif ours and "ivr.captioner" in line:
                found["captioner"] = process.pid
            elif ours and line.endswith("hotline serve"):
                found["supervisor"] = process.pid
        return found

    def kill(self, part: str) -> int:
        """``kill -9`` one part; gives its pid."""
        pid = self.pids()[part]
        os.kill(pid, signal.SIGKILL)
        return pid

    async def cli(self, *args: str, status: int = 0) -> str:
        """Run ``hotline …`` against it; gives what it printed."""
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "hotline"),
            *args,
            env=self.env,
            cwd=self.home,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == status, (args, out.decode(), err.decode())
        return out.decode()

    # --- its API ---------------------------------------------------------------------------
    @property
    def url(self) -> str:
        """Where its API is."""
        return f"http://127.0.0.1:{self.http_port}"

    async def http(self) -> aiohttp.ClientSession:
        """A client that is logged in as ``admin``."""
        if self._http is None:
            self._http = aiohttp.ClientSession(self.url)
            body = {"username": "admin", "password": ADMIN_PASSWORD}
            async with self._http.post("/api/v1/session", json=body) as answer:
                assert answer.ok, await answer.text()
                token = (await answer.json())["token"]
            self._http.headers["Authorization"] = f"Bearer {token}"
        return self._http

    async def get(self, path: str, **query: str) -> Any:
        """GET as ``admin``; the decoded answer."""
        client = await self.http()
        async with client.get(path, params=query) as answer:
            assert answer.status == 200, (path, answer.status, await answer.text())
            return await answer.json()

    async def calls(self, **query: str) -> list[dict[str, Any]]:
        """The latest call records."""
        return list((await self.get("/api/v1/calls", limit="200", **query))["items"])

    async def record(self, caller: str, timeout: float = 10.0) -> dict[str, Any]:
        """The record of the only call from ``caller``, once it is there."""

        async def look() -> dict[str, Any] | None:
            found = await self.calls(caller=caller)
            assert len(found) <= 1, found
            return found[0] if found else None

        record: dict[str, Any] = await eventually(look, f"a record of {caller}", timeout)
        return record

    async def healthy(self, timeout: float = 30.0) -> None:
        """Wait until every part answers."""

        async def look() -> bool:
            try:
                async with (
                    aiohttp.ClientSession(self.url) as client,
                    client.get("/healthz") as answer,
                ):
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        await eventually(look, "a healthy hotline", timeout)

    async def seat_state(self, number: str) -> str:
        """What the switchboard says of a seat."""
        seats = (await self.get("/api/v1/seats"))["items"]
        return str(next(seat for seat in seats if seat["number"] == number)["state"])

    # --- people ----------------------------------------------------------------------------
    def citizen(self, caller: str, **options: Any) -> Citizen:
        """A citizen at the telephone."""
        sipp = tools.phone("sipp")
        return Citizen(
            sipp.argv,
            target=f"127.0.0.1:{self.sip_port}",
            caller=caller,
            env=sipp.env,
            **options,
        )

    @asynccontextmanager
    async def seats(self, *numbers: str, **options: Any) -> AsyncIterator[SeatPhones]:
        """Registered telephones of seats."""
        accounts = []
        for number in numbers:
            shown = await self.get(f"/api/v1/seats/{number}")
            accounts.append(
                Seat(
                    shown["number"],
                    shown["password"],
                    user=shown["user"],
                    registrar=f"127.0.0.1:{self.sip_port}",
                    **options,
                )
            )
        baresip, modules = tools.phone("baresip"), tools.baresip_modules()
        async with SeatPhones(baresip.argv, modules, accounts, env=baresip.env) as phones:
            await phones.registered()
            yield phones

    def _show_logs(self) -> None:
        for file in (
            self.home / "serve.log",
            self.home / "log" / "controller.log",
            self.home / "asterisk" / "log" / "messages.log",
        ):
            if file.exists():
                tail = file.read_text(errors="replace").splitlines()[-60:]
                print(f"--- {file.name}", *tail, sep="\n")


@cache
def _tables() -> bytes:
    """A database with its tables and nothing in them; to make it is a third of a first start."""

    async def migrate(file: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{file}")
        await database.migrate()
        await database.close()

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "hotline.db"
        asyncio.run(migrate(file))
        return file.read_bytes()


async def to_the_queue(citizen: Citizen, language: str = "1", key: str = "1") -> None:
    """Press the keys of the language and of the menu; they interrupt what is said."""
    await citizen.answered()
    await citizen.voice.hears_sound()
    await citizen.press(language)
    await citizen.press(key)


async def eventually(look: Callable[[], Any], what: str, timeout: float = 10.0) -> Any:
    """Look again and again until there is something; a bound on waiting for outside processes.

    A look that takes long is not taken so often: there are other processes to wait for.
    """
    deadline = time.monotonic() + timeout
    while True:
        began = time.monotonic()
        found = await look()
        now = time.monotonic()
        if found:
            return found
        if now > deadline:
            raise AssertionError(f"no {what} within {timeout} s")
        await asyncio.sleep(max(0.05, 3 * (now - began)))


def free_tcp_port() -> int:
    """A free port that the system does not hand out by itself to others in the meantime."""
    while True:
        port = random.randrange(20_001, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


def free_sip_port() -> int:
    """A port that is free for UDP and TCP, with a free one above it for TLS."""
    while True:
        port = free_tcp_port()
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tls:
            try:
                udp.bind(("127.0.0.1", port))
                tls.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
