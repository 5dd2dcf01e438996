"""The Python environment at ``.venv``: made, filled and kept in step with ``pyproject.toml``."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ivr import toolbox
from ivr.commands import lines, run
from ivr.errors import SetupError
from ivr.progress import Progress, Report

OLDEST_PYTHON = (3, 11)
_OLDEST_PIP = (25, 1)  # the first that installs dependency groups
_TRIES = 3
_SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_NETWORK_TROUBLE = re.compile(
    r"Retrying \(Retry|Connection|timed out|Timeout|IncompleteRead|ProtocolError|HTTP error 5"
)


def suitable_python() -> str | None:
    """The newest Python on PATH that is new enough, or None."""
    for minor in range(30, OLDEST_PYTHON[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    return None


@dataclass(frozen=True)
class Environment:
    """The environment of the checkout ``project``; programs are fetched into ``cache``."""

    project: Path
    cache: Path
    progress: Progress

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.project / ".venv"

    @property
    def packages(self) -> Path:
        """Its ``site-packages``."""
        return self.folder / f"lib/python3.{sys.version_info.minor}/site-packages"

    def program(self, name: str) -> str:
        """Path of one of its programs."""
        return str(self.folder / "bin" / name)

    def ready(self, *, dev: bool) -> bool:
        """Whether it is whole and in step; ``dev``: with what tests and checks need."""
        stamp = self._stamp()
        return stamp == {**self._wanted(), "dev": True} or (not dev and stamp == self._wanted())

    def ensure(self, *, dev: bool) -> None:
        """Make it whole and in step. Two runs at once are safe.

        Raises:
            SetupError: no network, or a package cannot be had.
        """
        if self.ready(dev=dev):
            return
        try:
            with _alone(self.project, self.progress):
                if not self.ready(dev=dev):
                    self._make(dev=dev)
        except OSError as error:
            raise SetupError(f"{self.folder} cannot be made: {error}") from error

    def _stamp(self) -> dict[str, object]:
        try:
            stamp = json.loads((self.folder / "hotline.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def _wanted(self) -> dict[str, object]:
        import tomllib  # only here, so that an older Python gets as far as saying it is too old

        pyproject = tomllib.loads((self.project / "pyproject.toml").read_text("utf-8"))
        installed = [pyproject.get(k) for k in ("build-system", "project", "dependency-groups")]
        return {
            "python": f"{_python()} {sys.version}",
            "project": str(self.project),
            "packages": hashlib.sha256(json.dumps(installed).encode()).hexdigest(),
            "dev": False,
        }

    def _make(self, *, dev: bool) -> None:
        stamp, wanted = self._stamp(), self._wanted()
        dev = dev or stamp.get("dev") is True
        same = all(stamp.get(key) == wanted[key] for key in ("python", "project"))
        (self.folder / "hotline.json").unlink(missing_ok=True)
        if not same:
            self._create()
        self._install("the project's packages", "-e", str(self.project), *_group(dev=dev))
        text = json.dumps({**wanted, "dev": dev}, indent=1)
        (self.folder / "hotline.json").write_text(text, "utf-8")

    def _create(self) -> None:
        complete = importlib.util.find_spec("ensurepip") is not None
        options = [] if complete else ["--without-pip"]
        version = ".".join(map(str, sys.version_info[:3]))
        with self.progress.step(f"Making a Python {version} environment in {self.folder.name}"):
            run([_python(), "-m", "venv", "--clear", *options, str(self.folder)])
        if not complete:
            self._borrow_pip()
        if self._pip_version() < _OLDEST_PIP:
            least = ".".join(map(str, _OLDEST_PIP))
            self._install("a newer pip", "--upgrade", f"pip>={least}")

    def _borrow_pip(self) -> None:
        """Put the distribution's pip into the environment, for a Python without ``ensurepip``."""
        with zipfile.ZipFile(toolbox.pip_wheel(self.cache, self.progress)) as wheel:
            wheel.extractall(self.packages)
        certifi = self.packages / "pip/_vendor/certifi"
        if not Path(_SYSTEM_CERTIFICATES).exists():  # which this pip wants; it has its own too
            text = (certifi / "core.py").read_text("utf-8")
            text = text.replace(_SYSTEM_CERTIFICATES, str(certifi / "cacert.pem"))
            (certifi / "core.py").write_text(text, "utf-8")

    def _pip_version(self) -> tuple[int, ...]:
        found = [
            re.match(r"pip-(\d+)\.(\d+)", p.name) for p in self.packages.glob("pip-*.dist-info")
        ]
        return max(((int(m[1]), int(m[2])) for m in found if m), default=(0, 0))

    def _install(self, what: str, *args: str) -> None:
        """Run ``pip install``, again where the network failed."""
        # Wheels only, for a fresh machine has no compiler; whoever has one may say otherwise.
        # Of what vosk needs, srt has no wheel, nor anything to compile.
        only = os.environ.get("PIP_ONLY_BINARY", ":all:")
        env = {"PIP_USER": "0"}
        argv = [self.program("python"), "-m", "pip", "install", "--no-input"]
        argv += [f"--only-binary={only}", "--no-binary=srt"]
        argv += ["--disable-pip-version-check", "--progress-bar=off", *args]
        for attempt in range(1, _TRIES + 1):
            try:
                with self.progress.step(f"Installing {what}") as report:
                    _follow(lines(argv, env), report)
            except SetupError as error:
                if attempt == _TRIES or not _NETWORK_TROUBLE.search(str(error)):
                    raise SetupError(
                        f"{error}\nPython packages could not be installed. If the network or a "
                        "proxy is at fault, mend it (pip's own settings apply) and try again."
                    ) from error
                self.progress.say(f"The network failed; trying again ({attempt} of {_TRIES - 1})")
                time.sleep(2.0 * attempt)
            else:
                return


def _group(*, dev: bool) -> tuple[str, ...]:
    return ("--group", "dev" if dev else "console")


def _follow(output: Iterator[str], report: Report) -> None:
    """Show what pip is at: the package in hand and how many there were so far."""
    seen = 0
    for line in output:
        words = line.split()
        if words[:1] == ["Collecting"]:
            seen += 1
            report(f"{seen} packages, {re.split('[<>=!~;]', words[1])[0]}")
        elif words[:1] == ["Installing"]:
            report(f"unpacking {seen} packages")


def _python() -> str:
    """The Python that runs us or, when that is of an environment, the one it was made from."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


@contextmanager
def _alone(folder: Path, progress: Progress) -> Iterator[None]:
    """Hold ``folder`` alone among the set-ups of this checkout."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("Another run is setting up this folder; waiting for it …")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
