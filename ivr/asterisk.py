"""Asterisk, the process: starts it, takes over one that runs, asks it.

Asterisk is started detached from our life: a controller or supervisor that dies leaves it and its
calls alone, and the next supervisor takes it over by its pid file.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import psutil

from ivr.asterisk_files import AsteriskFiles, Installation
from ivr.errors import AsteriskError

START_SECONDS = 20.0


class Program(Installation, Protocol):
    """An Asterisk to run."""

    @property
    def argv(self) -> tuple[str, ...]: ...


class Asterisk:
    """One Asterisk of ours."""

    def __init__(self, files: AsteriskFiles, program: Program) -> None:
        self.files = files
        self.settings = files.settings
        self.program = program

    @property
    def pid_file(self) -> Path:
        """Written by Asterisk itself."""
        return self.settings.run / "asterisk.pid"

    @property
    def command(self) -> list[str]:
        """The command line: in the foreground, without a terminal."""
        return [*self.program.argv, "-f", "-C", str(self.files.etc / "asterisk.conf")]

    def running_pid(self) -> int | None:
        """The pid of an Asterisk that runs with our configuration, or None."""
        try:
            pid = int(self.pid_file.read_text("ascii").strip())
            process = psutil.Process(pid)
            ours = str(self.files.etc / "asterisk.conf") in process.cmdline()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if ours and process.status() != psutil.STATUS_ZOMBIE else None

    async def start(self) -> asyncio.subprocess.Process:
        """Start the process; returns at once, see :meth:`ready`."""
        self.pid_file.unlink(missing_ok=True)
        with (self.settings.logs / "asterisk.out").open("ab") as out:
            return await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self.environment(),
                start_new_session=True,
            )

    def environment(self) -> Mapping[str, str]:
        kept = {k: os.environ[k] for k in ("PATH", "HOME", "LANG", "TZDIR") if k in os.environ}
        return {**kept, "TZ": self.settings.timezone.key}

    async def ready(self, timeout: float = START_SECONDS) -> None:
        """Wait until Asterisk is fully booted.

        Args:
            timeout: seconds.

        Raises:
            AsteriskError: it is not, in that time; the text tells where to look.
        """
        try:
            async with asyncio.timeout(timeout):
                while not await self._booted():  # noqa: ASYNC110 - a file appears, no event
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log = self.files.log / "messages.log"
            raise AsteriskError(
                f"Asterisk did not come up in {timeout:.0f} s; see {log} "
                f"and {self.settings.logs / 'asterisk.out'}"
            ) from None

    async def _booted(self) -> bool:
        if not (self.settings.run / "asterisk.ctl").exists():
            return False
        return "booted" in await self.cli("core waitfullybooted")

    async def cli(self, command: str) -> str:
        """Run one Asterisk CLI command over its control socket; returns what it printed."""
        process = await asyncio.create_subprocess_exec(
            *self.program.argv,
            "-C",
            str(self.files.etc / "asterisk.conf"),
            "-rx",
            command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        return output.decode("utf-8", "replace")
