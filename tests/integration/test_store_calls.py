"""Call records in a real database: nothing twice, nothing lost, read page by page."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta, timezone

import pytest

from tests.integration.samples import ARRIVED, BARE, record
from ticketing.domain.calls import CallRecord, Rating
from ticketing.domain.errors import BadCursor, CallNotFound
from ticketing.store import calls
from ticketing.store.calls import JournalPosition, Witness
from ticketing.store.database import Database


async def save(database: Database, *records: CallRecord) -> int:
    async with database.session() as session:
        return await calls.save(session, records)


async def test_a_record_comes_back_as_it_was(database: Database) -> None:
    assert await save(database, record(1), BARE) == 2
    async with database.reading() as session:
        assert await calls.get(session, record(1).id) == record(1)
        assert await calls.get(session, BARE.id) == BARE
        with pytest.raises(CallNotFound):
            await calls.get(session, "hotline-0.0")


async def test_times_come_back_in_utc_whatever_zone_they_were_in(database: Database) -> None:
    shanghai = timezone(timedelta(hours=8))
    await save(database, record(1, arrived_at=record(1).arrived_at.astimezone(shanghai)))
    async with database.reading() as session:
        stored = await calls.get(session, record(1).id)
    assert stored.arrived_at == record(1).arrived_at
    assert stored.arrived_at.utcoffset() == timedelta(0)


async def test_saving_again_changes_nothing(database: Database) -> None:
    assert await save(database, record(1), BARE) == 2
    assert await save(database, record(1), BARE) == 0


async def test_the_newer_fold_replaces_the_older_as_a_whole(database: Database) -> None:
    await save(database, record(1, rating=None), BARE)
    assert await save(database, record(1), BARE) == 1
    assert await save(database, record(1, seat=None)) == 1
    async with database.reading() as session:
        assert await calls.get(session, record(1).id) == record(1, seat=None)


async def test_of_one_id_twice_in_a_batch_the_last_counts(database: Database) -> None:
    assert await save(database, record(1, rating=None), record(1)) == 1
    async with database.reading() as session:
        assert (await calls.get(session, record(1).id)).rating is Rating.SATISFIED


async def test_a_batch_of_thousands(database: Database) -> None:
    many = [record(number) for number in range(3000)]
    assert await save(database, *many) == 3000
    assert await save(database, *many, record(3000)) == 1


async def test_records_and_position_are_kept_together_or_not_at_all(database: Database) -> None:
    place = JournalPosition("journal", "inode 7", 4096, ARRIVED)

    async def work() -> None:
        async with database.session() as session:
            await calls.save(session, [record(1)])
            await calls.set_position(session, place)
            raise RuntimeError("power")

    with pytest.raises(RuntimeError, match="power"):
        await work()
    async with database.reading() as session:
        assert (await calls.page(session)).items == ()
        assert await calls.position(session, "journal") is None


async def test_a_position_moves_on(database: Database) -> None:
    for offset in (10, 6_000_000_000):
        async with database.session() as session:
            place = JournalPosition("journal", "inode 7", offset, ARRIVED)
            await calls.set_position(session, place)
    async with database.reading() as session:
        assert await calls.position(session, "journal") == place


async def test_pages_cover_every_call_once_newest_first(database: Database) -> None:
    same_moment = [
        record(number, arrived_at=ARRIVED, id=f"hotline-9.{number}") for number in range(5)
    ]
    everything = same_moment + [record(number) for number in range(1, 9)]
    await save(database, *everything)
    seen: list[CallRecord] = []
    cursor: str | None = None
    async with database.reading() as session:
        while True:
            page = await calls.page(session, limit=3, cursor=cursor)
            assert len(page.items) <= 3
            seen.extend(page.items)
            if page.next is None:
                break
            cursor = page.next
    assert seen == sorted(everything, key=lambda call: (call.arrived_at, call.id), reverse=True)


async def test_a_full_last_page_has_no_next(database: Database) -> None:
    await save(database, record(1), record(2))
    async with database.reading() as session:
        assert (await calls.page(session, limit=2)).next is None
        assert (await calls.page(session, limit=1)).next is not None


async def test_a_new_call_does_not_shift_the_next_page(database: Database) -> None:
    await save(database, record(1), record(2))
    async with database.reading() as session:
        first = await calls.page(session, limit=1)
    await save(database, record(3))
    async with database.reading() as session:
        second = await calls.page(session, limit=1, cursor=first.next)
    assert [call.id for call in second.items] == [record(1).id]


async def test_filters(database: Database) -> None:
    await save(database, record(1), record(2, caller="110"), record(3), record(4))
    async with database.reading() as session:

        async def ids(**filters: object) -> list[str]:
            page = await calls.page(session, **filters)  # type: ignore[arg-type]
            return [call.id for call in page.items]

        assert await ids(caller="110") == [record(2).id]
        assert await ids(caller="1381234567_") == []
        assert await ids(since=record(3).arrived_at) == [record(4).id, record(3).id]
        assert await ids(until=record(2).arrived_at) == [record(1).id]
        assert await ids(since=record(2).arrived_at, until=record(4).arrived_at) == [
            record(3).id,
            record(2).id,
        ]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "汉", "AAAA", "MjAyNi0wMS0wMSBo", "MjAyNi0wMS0wMVQwMDowMDowMCswMDowMCA", "=" * 9],
)
async def test_a_foreign_cursor_is_refused(database: Database, cursor: str) -> None:
    async with database.reading() as session:
        with pytest.raises(BadCursor):
            await calls.page(session, cursor=cursor)


async def test_witnesses(database: Database) -> None:
    async with database.session() as session:
        await calls.save_witness(session, Witness.AMI, {"a": {"seat": "8001"}, "b": {}})
        await calls.save_witness(session, Witness.QUEUE_LOG, {"a": {"名": ["x", 1, None]}})
        await calls.save_witness(session, Witness.AMI, {"a": {"seat": "8002"}})
        await calls.save_witness(session, Witness.AMI, {})
    async with database.reading() as session:
        assert await calls.witnesses(session, ["a", "b", "c"]) == {
            "a": {Witness.AMI: {"seat": "8002"}, Witness.QUEUE_LOG: {"名": ["x", 1, None]}},
            "b": {Witness.AMI: {}},
        }


_WRITER = """
import asyncio, sys
from tests.integration.samples import ARRIVED, record
from ticketing.store import calls
from ticketing.store.database import Database

async def main():
    database = Database(sys.argv[1])
    offset = 0
    while True:
        batch = [record(offset + number) for number in range(20)]
        async with database.session() as session:
            await calls.save(session, batch)
            offset += len(batch)
            place = calls.JournalPosition("journal", "f", offset, ARRIVED)
            await calls.set_position(session, place)
        print(offset, flush=True)

asyncio.run(main())
"""


async def test_a_killed_writer_leaves_records_and_position_in_step(
    database: Database, database_url: str
) -> None:
    """What a killed process had told of as saved is there, and its position fits the records."""
    told = 0
    for rounds in (3, 7, 12):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WRITER, database_url, stdout=asyncio.subprocess.PIPE
        )
        assert writer.stdout is not None
        for _ in range(rounds):
            told = max(told, int(await asyncio.wait_for(writer.stdout.readline(), 20)))
        os.kill(writer.pid, signal.SIGKILL)
        await writer.communicate()
        async with database.reading() as session:
            place = await calls.position(session, "journal")
            stored = await calls.page(session, limit=100_000)
        assert place is not None
        # A later, shorter run moves the position back; the records of the longer one stay.
        assert len(stored.items) >= max(told, place.offset)
        assert len(stored.items) % 20 == 0
