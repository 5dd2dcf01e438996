"""The ledger: from the journal's file to SQL, whatever happens in between."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.ledger import Ledger
from ticketing.domain.calls import CallRecord, Outcome
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.store import calls
from ticketing.store.calls import Witness
from ticketing.store.database import Database

T0 = 1_795_291_538.0


class World:
    """A journal, a queue log and a database."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.journal = folder / "journal.csv"
        self.queue_log = folder / "queue_log"
        self.told: list[str] = []

    async def ledger(self) -> Ledger:
        """A controller that starts."""

        async def saved(records: Sequence[CallRecord]) -> None:
            self.told += [record.id for record in records]

        ledger = Ledger(
            self.database,
            journal=self.journal,
            queue_log=self.queue_log,
            on_saved=saved,
            salvage=lambda record: replace(record, menu="salvaged"),
            every=0.01,
        )
        await ledger.open()
        return ledger

    def write(self, call: int, *events: str) -> None:
        """Rows of one call, as Asterisk writes them."""
        name, channel = f"h-1.{call}", f"PJSIP/trunk-{call:08x}"
        with self.journal.open("a", newline="") as out:
            for event in events:
                extra = json.dumps({"hangupsource": channel}) if event == "HANGUP" else ""
                fields = [f"{T0 + call:.6f}", event, name, name, channel, f"138{call:08}", ""]
                row = [*fields, "12345", "from-trunk", "", extra]
                csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(row)

    def whole(self, call: int) -> None:
        """A whole call that is hung up in the menu."""
        self.write(call, "CHAN_START", "ANSWER", "HANGUP", "CHAN_END", "LINKEDID_END")

    async def stored(self) -> list[str]:
        """The ids of all records, oldest first."""
        async with self.database.reading() as session:
            page = await calls.page(session, limit=200)
        assert page.next is None
        return [record.id for record in reversed(page.items)]


@pytest.fixture
def scene(database: Database, tmp_path: Path) -> World:
    return World(database, tmp_path)


async def test_finished_calls_are_stored_and_told(scene: World) -> None:
    ledger = await scene.ledger()
    assert not await ledger.catch_up()
    scene.whole(1)
    scene.write(2, "CHAN_START")
    assert await ledger.catch_up()
    assert await scene.stored() == scene.told == ["h-1.1"]
    scene.write(2, "HANGUP", "LINKEDID_END")
    await ledger.catch_up()
    assert await scene.stored() == scene.told == ["h-1.1", "h-1.2"]


async def test_a_controller_that_died_goes_on_where_the_oldest_open_call_began(
    scene: World,
) -> None:
    first = await scene.ledger()
    scene.whole(1)
    scene.write(2, "CHAN_START")
    scene.whole(3)
    await first.catch_up()
    del first
    scene.whole(4)
    scene.write(2, "HANGUP", "LINKEDID_END")
    second = await scene.ledger()
    await second.catch_up()
    assert await scene.stored() == ["h-1.1", "h-1.2", "h-1.3", "h-1.4"]
    assert "h-1.1" not in scene.told[2:], "what was finished before is not read again"


async def test_a_database_that_is_away_only_delays(scene: World) -> None:
    ledger = await scene.ledger()
    session, failures = scene.database.session, []

    def away() -> None:
        failures.append(1)
        raise DatabaseUnavailable("away")

    scene.database.session = away  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(ledger.run())
    try:
        scene.whole(1)
        async with asyncio.timeout(10):
            while len(failures) < 2:
                await asyncio.sleep(0.01)
        assert ledger.failing == "DatabaseUnavailable"
        scene.whole(2)
        scene.database.session = session  # type: ignore[method-assign]
        async with asyncio.timeout(10):
            while await scene.stored() != ["h-1.1", "h-1.2"]:
                await asyncio.sleep(0.01)
        assert ledger.failing == ""
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_lines_that_are_not_ours_are_passed_over(scene: World) -> None:
    ledger = await scene.ledger()
    scene.whole(1)
    with scene.journal.open("ab") as out:
        out.write(b'\xff\xfe\n"half a row\n1,2,3\n')
    scene.whole(2)
    await ledger.catch_up()
    assert await scene.stored() == ["h-1.1", "h-1.2"]


async def test_calls_a_dead_asterisk_left_behind_are_ended(scene: World) -> None:
    ledger = await scene.ledger()
    scene.write(1, "CHAN_START")
    scene.write(2, "CHAN_START")
    await ledger.end_missing({"h-1.2"}, datetime.fromtimestamp(T0 + 60, UTC))
    assert await scene.stored() == ["h-1.1"]
    async with scene.database.reading() as session:
        record = await calls.get(session, "h-1.1")
    assert (record.outcome, record.menu) == (Outcome.FAILED, "salvaged")


async def test_witnesses_are_stored_beside_the_record(scene: World) -> None:
    ledger = await scene.ledger()
    scene.whole(1)
    scene.queue_log.write_text(
        f"{T0:.0f}|NONE|NONE|NONE|QUEUESTART|\n"
        f"{T0:.0f}|h-1.1|reception|NONE|ENTERQUEUE||138|1\n"
        f"{T0 + 5:.0f}|h-1.1|reception|NONE|ABANDON|1|1|5\n"
    )
    ledger.testify(Witness.AMI, "h-1.1", {"seat": None})
    await ledger.catch_up()
    async with scene.database.reading() as session:
        seen = (await calls.witnesses(session, ["h-1.1"]))["h-1.1"]
    assert seen[Witness.AMI] == {"seat": None}
    assert seen[Witness.QUEUE_LOG]["ended"] == "abandoned"


async def test_a_journal_that_grew_large_is_put_aside_and_nothing_of_it_is_lost(
    scene: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.ledger.ROTATE_BYTES", 1000)
    ledger = await scene.ledger()
    scene.write(9, "CHAN_START")  # goes on all the time, over a restart too
    for call in range(1, 9):
        scene.whole(call)
        await ledger.catch_up()
    assert len(list(scene.journal.parent.glob("journal-*.csv"))) > 1
    ledger = await scene.ledger()
    scene.write(9, "HANGUP", "LINKEDID_END")
    while await ledger.catch_up():
        pass
    assert await scene.stored() == [f"h-1.{call}" for call in range(1, 10)]
