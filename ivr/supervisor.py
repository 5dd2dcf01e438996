"""The supervisor: starts Asterisk, Redis and the controller, and starts again what dies.

It holds no state and touches no call. Asterisk runs in a session of its own: when the supervisor
is killed, calls go on, and the next supervisor takes the running Asterisk over.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from ivr import certificates, processes, start, toolbox
from ivr.asterisk import Asterisk, Program
from ivr.asterisk_files import AsteriskFiles
from ivr.errors import AsteriskError, SettingsError
from ivr.progress import Progress
from ivr.settings import Settings
from ivr.wiring import Wiring, check_ports
from ticketing.domain.seats import Seat

log = logging.getLogger(__name__)
BACKOFF_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)
SETTLED_SECONDS = 20.0
STOP_SECONDS = 2.0
CONTROLLER_SILENT_SECONDS = 10.0
CONTROLLER_START_SECONDS = 60.0


@dataclass
class Child:
    """One process to keep running.

    Attributes:
        start: starts it (or takes it over) and gives its pid.
    """

    name: str
    start: Callable[[], Awaitable[int]]
    pid: int | None = None
    starts: int = 0


class Supervisor:
    """Keeps one hotline running."""

    def __init__(self, settings: Settings, program: Program, seats: Sequence[Seat]) -> None:
        self.settings = settings
        self.wiring = Wiring.load(settings)
        self.files = AsteriskFiles(settings)
        self.asterisk = Asterisk(self.files, program)
        self._seats = seats
        self._handles: list[asyncio.subprocess.Process] = []
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask it to end; :meth:`run` returns within five seconds."""
        self._stopping.set()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Run until :meth:`stop`.

        Args:
            on_ready: called once, when a call would be answered.

        Raises:
            SettingsError: a port is taken, or the same hotline runs already.
            AsteriskError: Asterisk or the controller does not come up.
        """
        with self._lock():
            async with self._everything() as children:
                await self._ready()
                on_ready()
                watchers = [asyncio.create_task(self._keep(child)) for child in children]
                controller = next(child for child in children if child.name == "controller")
                watchers.append(asyncio.create_task(self._watch_controller(controller)))
                try:
                    await self._stopping.wait()
                finally:
                    for task in watchers:
                        task.cancel()
                    await asyncio.gather(*watchers, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _everything(self) -> AsyncIterator[list[Child]]:
        adopted = self.asterisk.running_pid() is not None
        if not adopted:
            check_ports(self.settings)
            self.wiring = self.wiring.renewed(self.settings)
        certificates.ensure(self.files)
        self.files.render(self.asterisk.program, self.wiring, self._seats)
        if adopted:
            log.warning("Asterisk was running: it is taken over, its calls go on")
            await self.asterisk.cli("core reload")
        children = [Child("asterisk", self._start_asterisk)]
        if self.settings.redis_url is None:
            children.append(Child("redis", self._start_redis))
        children.append(Child("controller", self._start_controller))
        if self.settings.captions:
            children.append(Child("captioner", self._start_captioner))
        children += [
            Child(f"worker-{number}", partial(self._start_worker, number))
            for number in range(1, self.settings.workers + 1)
        ]
        try:
            for child in children:
                child.pid = await child.start()
            yield children
        finally:
            pids = [child.pid for child in reversed(children) if child.pid is not None]
            await asyncio.gather(*(processes.stop(pid, STOP_SECONDS) for pid in pids))
            await asyncio.gather(*(handle.wait() for handle in self._handles))

    # --- starting --------------------------------------------------------------------------
    async def _start_asterisk(self) -> int:
        pid = self.asterisk.running_pid()
        if pid is None:
            process = await self.asterisk.start()
            self._handles.append(process)
            pid = process.pid
        return pid

    async def _start_redis(self) -> int:
        run, home = self.settings.run, self.settings.home
        server = toolbox.redis_server(self.settings.cache, Progress(None))
        with contextlib.suppress(FileNotFoundError):
            redis_socket(self.settings).unlink()
        return await self._spawn(
            "redis",
            [
                *server.argv,
                *("--port", "0", "--unixsocket", str(redis_socket(self.settings))),
                *("--unixsocketperm", "600", "--dir", str(home), "--save", ""),
                *("--daemonize", "no", "--pidfile", str(run / "redis.pid")),
            ],
        )

    async def _start_controller(self) -> int:
        return await self._spawn("controller", start.command("ivr.app"))

    async def _start_captioner(self) -> int:
        return await self._spawn("captioner", start.command("ivr.captioner"))

    async def _start_worker(self, number: int) -> int:
        return await self._spawn(f"worker-{number}", start.command("ivr.worker"))

    async def _spawn(self, name: str, command: list[str]) -> int:
        with self._output(name) as out:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                preexec_fn=processes.leash(),
                start_new_session=True,
            )
        self._handles.append(process)
        return process.pid

    @contextlib.contextmanager
    def _output(self, name: str) -> Iterator[IO[bytes]]:
        with (self.settings.logs / f"{name}.log").open("ab") as out:
            yield out

    # --- watching --------------------------------------------------------------------------
    async def _ready(self) -> None:
        await self.asterisk.ready()
        try:
            async with asyncio.timeout(CONTROLLER_START_SECONDS):
                while await self._ask_controller() != 200:  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AsteriskError(
                f"the controller did not come up; see {self.settings.logs / 'controller.log'}"
            ) from None

    async def _keep(self, child: Child) -> None:
        """Start ``child`` again each time it ends."""
        loop = asyncio.get_running_loop()
        quick = 0
        while True:
            began = loop.time()
            if child.pid is not None:
                await processes.ended(child.pid)
            quick = 0 if loop.time() - began > SETTLED_SECONDS else quick + 1
            log.error("%s ended; starting it again", child.name)
            await asyncio.sleep(BACKOFF_SECONDS[min(quick, len(BACKOFF_SECONDS) - 1)])
            try:
                child.pid = await child.start()
                child.starts += 1
            except OSError:
                child.pid = None
                log.exception("%s cannot be started", child.name)

    async def _watch_controller(self, controller: Child) -> None:
        """Kill a controller that no longer answers: its callers fall through to the dialplan."""
        loop = asyncio.get_running_loop()
        answered = loop.time()
        pid = controller.pid
        while True:
            await asyncio.sleep(1.0)
            if await self._ask_controller() is not None or pid != controller.pid:
                answered, pid = loop.time(), controller.pid
            elif loop.time() - answered > CONTROLLER_SILENT_SECONDS and pid is not None:
                log.error("the controller does not answer; it is killed and started again")
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    async def _ask_controller(self) -> int | None:
        """The status of ``/healthz`` over the control socket, or None when nobody answers."""
        with contextlib.suppress(OSError, TimeoutError, ValueError, IndexError):
            async with asyncio.timeout(4):
                path = str(self.settings.control_socket)
                reader, writer = await asyncio.open_unix_connection(path)
                try:
                    writer.write(b"GET /healthz HTTP/1.0\r\nHost: control\r\n\r\n")
                    return int((await reader.readline()).split()[1])
                finally:
                    writer.close()
        return None

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One supervisor for each home; the kernel drops the lock when we die."""
        self.settings.home.mkdir(parents=True, exist_ok=True)
        with (self.settings.home / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise SettingsError(
                    f"a hotline is running in {self.settings.home} already; "
                    "stop it, or set HOTLINE_HOME to another folder"
                ) from None
            yield


def redis_socket(settings: Settings) -> Path:
    """Where the embedded Redis listens."""
    return settings.run / "redis.sock"


def with_redis(settings: Settings) -> Settings:
    """The settings with the embedded Redis' address where none was given."""
    if settings.redis_url is not None:
        return settings
    return replace(settings, redis_url=f"unix://{redis_socket(settings)}")
