"""What is deleted by policy, when, and what is said of it afterwards."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from tests.integration.samples import record
from ticketing.domain.transcripts import Progress, Retention, Source, Utterance
from ticketing.domain.work_order import State
from ticketing.service.retention import Deleting
from ticketing.store import audit, calls, recordings, transcripts
from ticketing.store.database import Database
from ticketing.store.order_tables import WORK_ORDERS
from ticketing.store.recordings import Kept, Recording
from ticketing.store.transcripts import Pass

CALL = record(1)
KEY = (CALL.id, Source.CALL)
FOLDER = "2026-03-01/1763753060.1"
KEEP = Retention(legs=7, recordings=30, transcripts=60)
SAID = Utterance("citizen", 0, 1, "路灯坏了", "路灯坏了")


class Archive:
    """A call that is over and heard, its files, and a clock."""

    def __init__(self, database: Database, root: Path) -> None:
        self.database, self.root = database, root
        self.folder = root / FOLDER
        self.now = CALL.ended_at
        self.deleting = Deleting(database, root, lambda _: KEEP, lambda: self.now, batch=1)

    async def fill(self) -> None:
        self.folder.mkdir(parents=True)
        for name in ("citizen.sln16", "agent.sln16", "expert-1.sln16", "stereo.wav"):
            (self.folder / name).write_bytes(b"sound")
        opus = self.folder / "stereo.opus"
        opus.write_bytes(b"OggS")
        digest = hashlib.sha256(b"OggS").hexdigest()
        async with self.database.session() as session:
            await calls.save(session, [record(1, recording=FOLDER)])
            await recordings.register(session, self.now)
            await recordings.claim(session, KEY, "a", self.now, self.now)
            kept = Kept(f"{FOLDER}/stereo.opus", "opus", digest, 4, 1.0)
            await recordings.settle(session, KEY, "a", Progress.DONE, "", kept)
            await transcripts.save(session, *KEY, [Pass("vosk", 0, "zh", (SAID,))], self.now)

    async def after(self, days: int) -> int:
        self.now = CALL.ended_at + timedelta(days=days, seconds=1)
        return await self.deleting.sweep()

    def files(self) -> set[str]:
        return {file.name for file in self.folder.iterdir()} if self.folder.exists() else set()

    async def recording(self) -> Recording:
        async with self.database.reading() as session:
            return await recordings.get(session, KEY)

    async def deeds(self) -> list[str]:
        async with self.database.reading() as session:
            return [each.action for each in await audit.latest(session) if each.target == CALL.id]

    async def order(self, state: State, moment: datetime) -> None:
        """An order that links to the call."""
        values: dict[str, Any] = {"number": "202603010001", "state": state.value, "version": 1}
        empty = ("centre", "channel", "source", "citizen_name", "citizen_phone", "title")
        values |= dict.fromkeys((*empty, "category", "district", "urgency"), "")
        values |= {"received_at": moment, "changed_at": moment, "round": 1, "call_id": CALL.id}
        values |= {"paused": False, "provisional": False}
        async with self.database.session() as session:
            await session.execute(insert(WORK_ORDERS).values(values))


@pytest.fixture
async def archive(database: Database, tmp_path: Path) -> Archive:
    archive = Archive(database, tmp_path)
    await archive.fill()
    return archive


async def test_legs_then_sound_then_text(archive: Archive) -> None:
    assert await archive.after(6) == 0
    assert len(archive.files()) == 5
    assert await archive.after(7) == 1
    assert archive.files() == {"stereo.opus"}
    assert await archive.after(29) == 0
    assert await archive.after(30) == 1
    assert archive.files() == set()
    async with archive.database.reading() as session:
        assert len(await transcripts.of_call(session, CALL.id)) == 1
    assert await archive.after(60) == 1
    async with archive.database.reading() as session:
        assert await transcripts.of_call(session, CALL.id) == ()
    assert await archive.after(1000) == 0
    assert await archive.deeds() == [
        "recording.delete_text",
        "recording.delete_sound",
        "recording.delete_legs",
    ]
    one = await archive.recording()
    assert one.legs_gone_at == CALL.ended_at + timedelta(days=7, seconds=1)
    assert one.sound_gone_at == CALL.ended_at + timedelta(days=30, seconds=1)
    assert one.text_gone_at == CALL.ended_at + timedelta(days=60, seconds=1)


async def test_all_is_deleted_by_one_late_sweep(archive: Archive) -> None:
    assert await archive.after(90) == 3
    assert archive.files() == set()


async def test_what_an_open_order_links_to_is_held(archive: Archive) -> None:
    await archive.order(State.CLOSED, CALL.ended_at)
    assert await archive.after(90) == 1  # the raw legs; the recording is kept in another file
    assert archive.files() == {"stereo.opus"}
    async with archive.database.session() as session:
        await session.execute(update(WORK_ORDERS).values(state=State.ARCHIVED.value))
    assert await archive.after(91) == 2
    assert archive.files() == set()


async def test_legs_stay_when_the_kept_file_is_not_what_it_was(archive: Archive) -> None:
    (archive.folder / "stereo.opus").write_bytes(b"Oggs")
    assert await archive.after(8) == 0
    assert archive.files() == {"citizen.sln16", "agent.sln16", "expert-1.sln16", "stereo.wav"}
    one = await archive.recording()
    assert (one.state, one.kept) == (Progress.WAITING, None)  # it is encoded again


async def test_what_was_deleted_but_not_noted_is_noted_by_the_next_sweep(archive: Archive) -> None:
    for file in archive.folder.iterdir():
        if file.name != "stereo.opus":
            file.unlink()
    assert await archive.after(8) == 1
    assert await archive.deeds() == ["recording.delete_legs"]


async def test_nothing_outside_the_recordings_is_touched(
    database: Database, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "citizen.sln16").write_bytes(b"mine")
    archive = Archive(database, tmp_path / "recordings")
    async with database.session() as session:
        await calls.save(session, [record(1, recording="../other")])
        await recordings.register(session, archive.now)
        await recordings.claim(session, KEY, "a", archive.now, archive.now)
        await recordings.settle(session, KEY, "a", Progress.FAILED, "", None)
    assert await archive.after(100) == 3
    assert (other / "citizen.sln16").read_bytes() == b"mine"
