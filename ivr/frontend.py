"""The console in ``web/``: its packages, and the pages made of it, in step with its sources."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ivr.commands import lines
from ivr.progress import Progress

_MADE = ("node_modules", "dist", "openapi.json", "src/api/schema.d.ts", "tests")
_STAMP = "built"


class Frontend:
    """The console of the checkout ``project``.

    Args:
        programs: the folder with ``node`` and ``npm``.
    """

    def __init__(self, project: Path, programs: Path, progress: Progress) -> None:
        self.folder = project / "web"
        self._programs, self._progress = programs, progress

    @property
    def pages(self) -> Path:
        """Where the pages are that are served."""
        return self.folder / "dist"

    def ready(self) -> bool:
        """Whether the pages are those of the sources."""
        return _read(self.pages / _STAMP) == self._version()

    def ensure(self) -> None:
        """Make the pages; they appear whole. Two runs at once are safe.

        Raises:
            SetupError: the packages cannot be had, or the sources are wrong.
        """
        if self.ready():
            return
        with self._alone():
            if self.ready():
                return
            self._fetch()
            version, draft = self._version(), self.folder / "dist.new"
            shutil.rmtree(draft, ignore_errors=True)
            with self._progress.step("Making the console's pages") as report:
                vite = self.folder / "node_modules/vite/bin/vite.js"
                for line in self.node(str(vite), "build", "--outDir", draft.name, "--emptyOutDir"):
                    report(line.strip())
            (draft / _STAMP).write_text(version, "utf-8")
            shutil.rmtree(self.pages, ignore_errors=True)
            draft.rename(self.pages)

    def packages(self) -> None:
        """Have the packages that ``package-lock.json`` names; npm checks their hashes.

        Raises:
            SetupError: they cannot be had.
        """
        with self._alone():
            self._fetch()

    def node(self, *argv: str) -> Iterator[str]:
        """Run a script in ``web/``; what it prints, line by line. Raises as `commands.lines`."""
        return self._run("node", *argv)

    def _fetch(self) -> None:
        stamp = self.folder / "node_modules" / _STAMP
        wanted = _digest([self.folder / "package.json", self.folder / "package-lock.json"])
        if _read(stamp) == wanted:
            return
        with self._progress.step("Fetching the console's packages") as report:
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
            for line in self._run("npm", "ci", *quiet):
                report(line.strip())
        stamp.write_text(wanted, "utf-8")

    def _run(self, program: str, *argv: str) -> Iterator[str]:
        path = os.pathsep.join((str(self._programs), os.environ.get("PATH", os.defpath)))
        return lines([str(self._programs / program), *argv], {"PATH": path}, self.folder)

    def _version(self) -> str:
        made = [self.folder / name for name in (*_MADE, "dist.new")]
        return _digest(
            file
            for top in self.folder.iterdir()
            if top not in made
            for file in ((top, *top.rglob("*")) if top.is_dir() else (top,))
            if file.is_file() and file not in made
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _read(stamp: Path) -> str:
    try:
        return stamp.read_text("utf-8")
    except OSError:
        return ""


def _digest(files: Iterable[Path]) -> str:
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(f"{file}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
