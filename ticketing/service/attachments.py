"""Use cases of attachments: add one to an order, read one, sweep what was left over."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from ticketing.domain.actions import Attach
from ticketing.domain.errors import (
    AttachmentNotFound,
    BadAttachment,
    DatabaseUnavailable,
    OrderChanged,
    OrderNotFound,
    TicketingError,
)
from ticketing.domain.guards import Actor
from ticketing.service.clock import utc_now
from ticketing.service.orders import Orders
from ticketing.store import attachments as store
from ticketing.store.attachments import Attachment, Incoming, Shelf
from ticketing.store.database import Database
from ticketing.store.media import ENDINGS, kind_of

_UNSAFE = re.compile(r'[\\/:*?"<>|]')
_SPACES = re.compile(r"\s+")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_LONGEST_NAME = 120
_BATCH = 500
_STALE = 3600.0  # seconds; an upload takes less


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """How much is taken: bytes of one file, files of one order."""

    size: int = 20 * 1024 * 1024
    files: int = 50


@dataclass(frozen=True, slots=True)
class Stored:
    """A file to be sent: what is known of it, and where it is."""

    attachment: Attachment
    path: Path


class Attachments:
    """The files of work orders.

    Args:
        database: where the rows are.
        orders: adding a file is a step of its order.
        folder: where the files are.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        orders: Orders,
        folder: Path,
        limits: AttachmentLimits | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._orders, self._now = database, orders, now
        self._shelf, self._limits = Shelf(folder), limits or AttachmentLimits()

    async def add(
        self, actor: Actor, number: str, name: str, content: bytes | AsyncIterable[bytes]
    ) -> Attachment:
        """Add a file to an order.

        Args:
            name: as its sender calls it; it is cleaned, and ends as its kind does.
            content: the whole file, or its pieces as they come in.

        Raises:
            OrderNotFound: there is none, or the actor may not see it.
            BadAttachment: too big, too many, empty, or of a kind that is not taken.
            IllegalAction, NotYours, OrderChanged
        """
        order = (await self._orders.open(actor, number)).order
        async with self._database.reading() as session:
            self._check_count(await store.count(session, number))
        incoming = await asyncio.to_thread(self._shelf.begin)
        try:
            sha256 = await self._write(incoming, content)
            media = await asyncio.to_thread(kind_of, incoming.file)
            if media is None:
                raise BadAttachment(_kinds())
            name = safe_name(name, media)
            kept = await asyncio.to_thread(self._shelf.keep, incoming)
        finally:
            await asyncio.to_thread(incoming.drop)
        attachment = Attachment(
            kept, order.number, name, media, incoming.size, sha256, self._now(), actor.name
        )
        try:
            await self._keep(actor, attachment)
        except DatabaseUnavailable:
            raise  # it may have been committed; if not, the file is swept
        except TicketingError:
            await asyncio.to_thread(self._shelf.drop, kept)
            raise
        return attachment

    async def _write(self, incoming: Incoming, content: bytes | AsyncIterable[bytes]) -> str:
        async for piece in _pieces(content):
            if incoming.size + len(piece) > self._limits.size:
                most = _megabytes(self._limits.size)
                raise BadAttachment(
                    f"文件超过 {most} MB，请压缩或分开上传。It is larger than {most} MB."
                )
            await asyncio.to_thread(incoming.write, piece)
        if not incoming.size:
            raise BadAttachment("文件是空的。It is empty.")
        return await asyncio.to_thread(incoming.finish)

    async def _keep(self, actor: Actor, attachment: Attachment) -> None:
        step = Attach(attachment=attachment.id, name=attachment.name, sha256=attachment.sha256)
        try:
            async with self._database.session() as session:
                await self._orders.act_within(session, actor, attachment.number, step)
                self._check_count(await store.count(session, attachment.number))
                await store.add(session, attachment)
        except IntegrityError:
            raise OrderChanged(f"{attachment.number}: somebody else was faster") from None

    def _check_count(self, count: int) -> None:
        most = self._limits.files
        if count >= most:
            raise BadAttachment(
                f"一张工单最多 {most} 个附件。An order has at most {most} attachments."
            )

    async def list(self, actor: Actor, number: str) -> tuple[Attachment, ...]:
        """The files of an order.

        Raises:
            OrderNotFound: there is none, or the actor may not see it.
        """
        order = (await self._orders.open(actor, number)).order
        async with self._database.reading() as session:
            return await store.of_order(session, order.number)

    async def read(self, actor: Actor, attachment: str) -> Stored:
        """A file to be sent. Send it as a download, never to be shown as part of a page.

        Raises:
            AttachmentNotFound: there is none, its file is gone, or the actor may not see its order.
        """
        missing = AttachmentNotFound("there is no such attachment")
        try:
            path = self._shelf.path(attachment)
        except ValueError:
            raise missing from None
        async with self._database.reading() as session:
            found = await store.get(session, attachment)
        if found is None:
            raise missing
        try:
            await self._orders.open(actor, found.number)
        except OrderNotFound:
            raise missing from None
        if not await asyncio.to_thread(path.is_file):
            raise missing
        return Stored(found, path)

    async def sweep(self, age: float = _STALE) -> int:
        """Delete files that no row names and that are ``age`` seconds old; gives how many."""
        old = await asyncio.to_thread(lambda: tuple(self._shelf.older(age)))
        dropped = 0
        for start in range(0, len(old), _BATCH):
            batch = dict(old[start : start + _BATCH])
            async with self._database.reading() as session:
                known = await store.known(session, tuple(batch))
            for name, file in batch.items():
                if name not in known:
                    await asyncio.to_thread(file.unlink, missing_ok=True)
                    dropped += 1
        return dropped


def safe_name(name: str, media: str) -> str:
    """``name`` as a file's name that no system trips over, with an ending that fits its kind."""
    plain = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    plain = "".join(
        " " if character.isspace() else character
        for character in plain
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    plain = _SPACES.sub(" ", _UNSAFE.sub("_", plain)).rstrip(" .")
    endings = ENDINGS[media]
    ending = next((each for each in endings if plain.lower().endswith(each)), None)
    stem = (plain if ending is None else plain[: -len(ending)]).strip(" .")
    return (stem[:_LONGEST_NAME] or "附件") + (ending or endings[0])


async def _pieces(content: bytes | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    async for piece in content:
        yield piece


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.4g}"


def _kinds() -> str:
    told = "、".join(ending for endings in ENDINGS.values() for ending in endings)
    return (
        f"不支持这种文件。可上传：{told}。"
        f"Files of this kind are not taken; these are: {told.replace('、', ', ')}."
    )
