"""Database and Redis servers of the tests' own, which can be killed and started again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path

from tests import tools

_START_SECONDS = 60


class Server(ABC):
    """One server in a folder of its own."""

    ready = ""
    crash = signal.SIGKILL

    def __init__(self, port: int = 0) -> None:
        """
        Args:
            port: TCP port on 127.0.0.1; 0 for none, only the Unix socket in ``folder``.
        """
        self.port = port
        self.folder = Path(tempfile.mkdtemp(prefix="hotline-server-"))
        self._log = self.folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> tuple[str, ...]:
        """What starts it."""

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self._log.touch()
        with self._log.open("ab") as out, self._log.open("rb") as said:
            said.seek(0, 2)
            self._process = subprocess.Popen(self.command(), stdout=out, stderr=out)
            text = b""
            deadline = time.monotonic() + _START_SECONDS
            while self.ready.encode() not in text:
                assert self._process.poll() is None, text.decode()
                assert time.monotonic() < deadline, text.decode()
                time.sleep(0.02)  # its log tells when it is ready, and a file cannot be waited for
                text += said.read()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        assert self._process is not None
        self._process.send_signal(self.crash)
        self._process.wait(20)

    def stop(self) -> None:
        """End it and forget what it held."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder)


class PostgresServer(Server):
    """PostgreSQL with a user ``hotline`` that needs no password."""

    crash = signal.SIGQUIT  # its children end with it
    ready = "ready to accept connections"

    def start(self) -> None:
        """Make the cluster the first time, then start."""
        data = self.folder / "data"
        if not data.exists():
            tools.postgres().give(self.folder)
            options = ("-U", "hotline", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
            subprocess.run(
                tools.postgres().argv("initdb", "-D", data, *options),
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=self.folder,
            )
        super().start()

    def command(self) -> tuple[str, ...]:
        network = ("-h", "127.0.0.1", "-p", str(self.port)) if self.port else ("-h", "")
        return tools.postgres().argv(
            "postgres", "-D", self.folder / "data", "-k", self.folder, "-F", *network
        )


class RedisServer(Server):
    """Redis; its Unix socket is ``s`` in the folder."""

    ready = "eady to accept connections"

    def command(self) -> tuple[str, ...]:
        network = ("--port", str(self.port), "--bind", "127.0.0.1")
        socket = ("--unixsocket", str(self.folder / "s"))
        return (*tools.redis_server().argv, *network, *socket, "--save", "")
