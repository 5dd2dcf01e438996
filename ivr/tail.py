"""Reads a growing log file from a kept position, over restarts and rotation. No line is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a log: the file's identity (inode) and the offset in bytes."""

    file: str
    offset: int


class Tail:
    """Follows ``journal.csv`` and its rotated predecessors ``journal-*.csv`` in one folder."""

    def __init__(self, current: Path, start: Position | None = None) -> None:
        """
        Args:
            current: the file being written; it need not exist yet.
            start: where to go on. None, or a file that is gone: at the oldest there is.
        """
        self.current = current
        files = self._files()
        at = next((i for i, file in enumerate(files) if start and _identity(file) == start.file), 0)
        self._file = files[at] if files else current
        known = bool(start and files and _identity(self._file) == start.file)
        self._offset = start.offset if start and known else 0
        self._identity = _identity(self._file)

    def read(self) -> Iterator[tuple[Position, str]]:
        """The whole lines written since, each with its own position; at most about 1 MiB."""
        if not self._settle():
            return
        with self._file.open("rb") as log:
            if os.fstat(log.fileno()).st_size < self._offset:  # cut short by someone: begin again
                self._offset = 0
            log.seek(self._offset)
            data = log.read(READ_BYTES)
        whole = data.rfind(b"\n") + 1
        if whole == 0 and len(data) == READ_BYTES:
            whole = len(data)  # no line is that long: garbage, to be passed over
        for line in data[:whole].splitlines(keepends=True):
            position = self.position
            self._offset += len(line)
            yield position, line.decode("utf-8", "replace").rstrip("\r\n")

    @property
    def position(self) -> Position:
        """Where the next line will be read."""
        return Position(self._identity, self._offset)

    def rotate(self, size: int) -> None:
        """Rename the current file once it holds ``size`` bytes; reading goes on in it first."""
        try:
            status = self.current.stat()
        except FileNotFoundError:
            return
        if status.st_size >= size:
            stamp = status.st_mtime_ns
            target = self.current.with_name(f"{self.current.stem}-{stamp}{self.current.suffix}")
            self.current.rename(target)
            if self._identity == _identity(target):
                self._file = target

    def _settle(self) -> bool:
        """Be on the file that holds the next bytes; False when there are none yet."""
        while True:
            if not self._identity:
                self._file = next(iter(self._files()), self.current)
                self._identity = _identity(self._file)
                if not self._identity:
                    return False
            if _identity(self._file) != self._identity:  # renamed under us
                known = {_identity(file): file for file in self._files()}
                self._file = known.get(self._identity, self.current)
                if self._identity not in known:
                    self._identity, self._offset = _identity(self._file), 0
                continue
            if self._file.stat().st_size != self._offset or self._file == self.current:
                return True
            files = self._files()
            following = files[files.index(self._file) + 1 :]
            if not following:
                return False
            self._file, self._offset = following[0], 0
            self._identity = _identity(self._file)

    def _files(self) -> list[Path]:
        """Oldest first, the current one last."""
        pattern = f"{self.current.stem}-*{self.current.suffix}"
        rotated = sorted(self.current.parent.glob(pattern), key=lambda file: file.stem)
        return [*rotated, *([self.current] if self.current.exists() else [])]


def _identity(file: Path) -> str:
    try:
        return str(file.stat().st_ino)
    except FileNotFoundError:
        return ""
