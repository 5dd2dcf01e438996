"""Child programs on a leash: started quietly, stopped by pid, dead when we are."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from ivr import processes
from ivr.errors import PhoneError

_TAIL = 4000  # bytes of a log shown in an error


class Leashed:
    """One child process; what it prints goes to a log file.

    The kernel ends it when our process ends, however that comes about.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.log = log

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        *,
        log: Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Leashed:
        """Start ``argv`` in ``cwd``, with nothing to read.

        Args:
            env: variables set on top of ours.

        Raises:
            PhoneError: the program cannot be started.
        """
        command = processes.leashed(argv)
        for program in (command[0], argv[0]):
            if shutil.which(program) is None:
                raise PhoneError(f"{program} cannot be started: it is not there or cannot be run")
        try:
            with log.open("ab") as output:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=cwd,
                    env={**os.environ, **(env or {})},
                    pass_fds=tuple(pass_fds),
                )
        except OSError as error:
            raise PhoneError(f"{argv[0]} cannot be started: {error}") from error
        return cls(process, log)

    @property
    def pid(self) -> int:
        """Process id, also after the end."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._process.returncode

    async def wait(self, timeout: float) -> int:
        """Wait up to ``timeout`` seconds for the end; return the exit code.

        Raises:
            TimeoutError: it still runs.
        """
        async with asyncio.timeout(timeout):
            return await self._process.wait()

    async def stop(self, grace: float = 2.0) -> None:
        """Ask it to end, kill it after ``grace`` seconds, and reap it. Safe to repeat."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await self.wait(grace)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def tail(self) -> str:
        """The end of its log, for an error message."""
        try:
            return self.log.read_bytes()[-_TAIL:].decode("utf-8", "replace")
        except OSError:
            return ""


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port of 127.0.0.1 that was free a moment ago; UDP unless told otherwise."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
