"""Attachments: their rows in SQL, and their files in a folder beside the database.

A file is whole and on the disk before its row is committed: what a row names is there. A file
without a row is left over from a unit of work that did not end well; `Shelf.older` finds it.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.store.order_tables import ATTACHMENTS

_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to an order.

    Attributes:
        number: the order's.
        name: as it is shown and downloaded; safe as a file's name.
        media: its kind, told by its content.
        size: bytes.
        sha256: of the content, hexadecimal.
        who: added it.
    """

    id: str
    number: str
    name: str
    media: str
    size: int
    sha256: str
    at: datetime
    who: str


class Incoming:
    """A file that is being written; `Shelf.keep` or `drop` ends it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.size = 0
        self._digest = hashlib.sha256()
        self._stream: BinaryIO = file.open("xb")

    def write(self, data: bytes) -> None:
        """Add to it."""
        self._stream.write(data)
        self._digest.update(data)
        self.size += len(data)

    def finish(self) -> str:
        """Have all of it on the disk; gives the SHA-256."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        return self._digest.hexdigest()

    def drop(self) -> None:
        """Forget it."""
        self._stream.close()
        self.file.unlink(missing_ok=True)


class Shelf:
    """The folder of the files, each by its id; readable by the hotline's own user alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self) -> Incoming:
        """A new file.

        Raises:
            OSError
        """
        incoming = self._folder / "incoming"
        incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Incoming(incoming / secrets.token_hex(16))

    def keep(self, incoming: Incoming) -> str:
        """Give a finished file its place; gives its id.

        Raises:
            OSError
        """
        name = incoming.file.name
        place = self.path(name)
        fresh = not place.parent.exists()
        place.parent.mkdir(mode=0o700, exist_ok=True)
        incoming.file.rename(place)
        _sync(place.parent)
        if fresh:
            _sync(self._folder)
        return name

    def path(self, name: str) -> Path:
        """Where the file with the id ``name`` is.

        Raises:
            ValueError: it is not an id of ours.
        """
        if not _ID.fullmatch(name):
            raise ValueError("not the id of an attachment")
        return self._folder / name[:2] / name

    def drop(self, name: str) -> None:
        """Delete a file."""
        self.path(name).unlink(missing_ok=True)

    def older(self, age: float) -> Iterator[tuple[str, Path]]:
        """Ids and places of all files, unfinished ones too, that are ``age`` seconds old."""
        before = time.time() - age
        for file in self._folder.glob("*/*"):
            if _ID.fullmatch(file.name) and file.stat().st_mtime <= before:
                yield file.name, file


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def add(session: AsyncSession, attachment: Attachment) -> None:
    """Write the row of a file."""
    values = {name: getattr(attachment, name) for name in Attachment.__dataclass_fields__}
    await session.execute(insert(ATTACHMENTS).values(values))


async def get(session: AsyncSession, attachment: str) -> Attachment | None:
    """One row."""
    query = select(ATTACHMENTS).where(ATTACHMENTS.c.id == attachment)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else _attachment(row)


async def of_order(session: AsyncSession, number: str) -> tuple[Attachment, ...]:
    """The files of an order, the first one first."""
    query = (
        select(ATTACHMENTS)
        .where(ATTACHMENTS.c.number == number)
        .order_by(ATTACHMENTS.c.at, ATTACHMENTS.c.id)
    )
    return tuple(_attachment(row) for row in await session.execute(query))


async def count(session: AsyncSession, number: str) -> int:
    """How many files an order has."""
    query = select(func.count()).select_from(ATTACHMENTS).where(ATTACHMENTS.c.number == number)
    return int((await session.execute(query)).scalar_one())


async def known(session: AsyncSession, names: Sequence[str]) -> frozenset[str]:
    """Which of these ids have a row."""
    query = select(ATTACHMENTS.c.id).where(ATTACHMENTS.c.id.in_(names))
    return frozenset((await session.execute(query)).scalars())


def _attachment(row: Row[Any]) -> Attachment:
    return Attachment(**row._mapping)
