"""Files of work orders: stored beside the database, as steps of their orders."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.integration.order_desk import AGENT, DISPATCHER, HOUSING, Desk, actor
from ticketing.domain import actions as do
from ticketing.domain.errors import (
    AttachmentNotFound,
    BadAttachment,
    DatabaseUnavailable,
    IllegalAction,
    NotYours,
    OrderNotFound,
)
from ticketing.domain.roles import Role
from ticketing.service.attachments import AttachmentLimits, Attachments
from ticketing.store import attachments as store
from ticketing.store import history
from ticketing.store.database import Database
from ticketing.store.order_tables import ATTACHMENTS, ORDER_EVENTS

PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(range(256)) * 20


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await Desk(database).open()


@pytest.fixture
def files(desk: Desk, tmp_path: Path) -> Attachments:
    limits = AttachmentLimits(size=10_000, files=3)
    return Attachments(desk.database, desk.orders, tmp_path / "files", limits, desk.now)


def on_disk(folder: Path) -> set[str]:
    return {file.name for file in (folder / "files").glob("*/*")}


async def pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def test_a_file_is_added_and_read_again(
    desk: Desk, files: Attachments, tmp_path: Path
) -> None:
    number = (await desk.dispatched()).number
    added = await files.add(HOUSING, number, "现场/照片.JPG", pieces(PICTURE))
    assert (added.number, added.name, added.media) == (number, "照片.jpg", "image/jpeg")
    assert (added.size, added.who) == (len(PICTURE), HOUSING.name)
    assert added.sha256 == hashlib.sha256(PICTURE).hexdigest()
    event = (await desk.orders.open(AGENT, number)).events[-1]
    assert event.command == do.Attach(attachment=added.id, name="照片.jpg", sha256=added.sha256)
    stored = await files.read(DISPATCHER, added.id)
    assert stored.attachment == added
    assert stored.path.read_bytes() == PICTURE
    assert stored.path.is_relative_to(tmp_path / "files")
    folders = {stored.path.parent, stored.path.parent.parent / "incoming"}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}
    text = await files.add(AGENT, number, "说明", "路灯".encode("gb18030"))
    assert (text.name, text.media) == ("说明.txt", "text/plain")
    assert await files.list(HOUSING, number) == (added, text)
    assert on_disk(tmp_path) == {added.id, text.id}


async def test_who_may_not_see_the_order_sees_no_file(desk: Desk, files: Attachments) -> None:
    number = (await desk.dispatched("housing")).number
    added = await files.add(AGENT, number, "a", PICTURE)
    water = actor("water", Role.UNIT_LEADER)
    for wanted in (files.read(water, added.id), files.read(AGENT, "0" * 32)):
        with pytest.raises(AttachmentNotFound):
            await wanted
    for name in ("", "../" + added.id, added.id.upper(), added.id + "\n", "x" * 5000):
        with pytest.raises(AttachmentNotFound):
            await files.read(AGENT, name)
    with pytest.raises(OrderNotFound):
        await files.list(water, number)
    (await files.read(AGENT, added.id)).path.unlink()
    with pytest.raises(AttachmentNotFound):
        await files.read(AGENT, added.id)


async def test_what_is_refused_leaves_nothing(
    desk: Desk, files: Attachments, tmp_path: Path
) -> None:
    number = (await desk.dispatched()).number
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 1000

    for content, why in (
        (b"", "空"),
        (pieces(b""), "空"),
        (b"\x7fELF" + b"\0" * 100, "docx"),
        (PICTURE + b"x" * 10_000, "0.009537 MB"),
        (endless(), "MB"),
    ):
        with pytest.raises(BadAttachment, match=why):
            await files.add(HOUSING, number, "x.jpg", content)
    assert taken == 11, "no more is read than is needed to know"
    with pytest.raises(OrderNotFound):
        await files.add(actor("water", Role.UNIT_LEADER), number, "x.jpg", PICTURE)
    with pytest.raises(NotYours):
        await files.add(actor("city", Role.EVALUATOR), number, "x.jpg", PICTURE)
    closed = (await desk.closed()).number
    await desk.orders.act(DISPATCHER, closed, do.Archive())
    with pytest.raises(IllegalAction):
        await files.add(AGENT, closed, "x.jpg", PICTURE)
    assert on_disk(tmp_path) == set()
    async with desk.database.reading() as session:
        assert (await session.execute(select(ATTACHMENTS))).all() == []


async def test_an_order_has_so_many_files_and_no_more(
    desk: Desk, files: Attachments, tmp_path: Path
) -> None:
    number = (await desk.receive()).number
    many = [files.add(AGENT, number, f"{n}.jpg", PICTURE + bytes([n])) for n in range(6)]
    told = await asyncio.gather(*many, return_exceptions=True)
    refused = [one for one in told if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [BadAttachment] * 3
    kept = {one.id for one in await files.list(AGENT, number)}
    assert kept == on_disk(tmp_path)
    assert len(kept) == 3
    with pytest.raises(BadAttachment, match="3"):
        await files.add(AGENT, number, "x.jpg", PICTURE)


async def test_a_step_and_its_file_are_one(
    desk: Desk, files: Attachments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row cannot be written: there is no step either. The file is swept when it is old."""
    number = (await desk.receive()).number

    async def broken(*_: object) -> None:
        raise DatabaseUnavailable("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(store, "add", broken)
        with pytest.raises(DatabaseUnavailable):
            await files.add(AGENT, number, "x.jpg", PICTURE)
    async with desk.database.reading() as session:
        assert len((await session.execute(select(ORDER_EVENTS))).all()) == 1
        assert await history.verify(session) == (1, None)
    assert len(on_disk(tmp_path)) == 1
    kept = await files.add(AGENT, number, "x.jpg", PICTURE)
    assert await files.sweep() == 0, "it may be on its way still"
    long_ago = time.time() - 7200
    unfinished = tmp_path / "files" / "incoming" / ("a" * 32)
    unfinished.write_bytes(b"x")
    (tmp_path / "files" / "incoming" / "notes of somebody").write_bytes(b"x")
    for file in (tmp_path / "files").glob("*/*"):
        os.utime(file, (long_ago, long_ago))
    assert await files.sweep() == 2
    assert on_disk(tmp_path) == {kept.id, "notes of somebody"}
    assert (await files.read(AGENT, kept.id)).path.read_bytes() == PICTURE


async def test_a_sweep_before_the_first_file_finds_nothing(files: Attachments) -> None:
    assert await files.sweep() == 0
