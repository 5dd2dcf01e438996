"""Brings the journal into SQL: records and read position in one transaction, so none is lost.

The ledger reads what Asterisk wrote, folds it (``ivr.journal``) and commits the finished records
together with the place to read on from. A controller that dies, or a database that is away, only
delays it. The read position is that of the oldest call still going on; rows after it may be read
twice, and saving a record twice changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from ivr import queuelog
from ivr.journal import Find, Journal, Row, parse, without_plan
from ivr.tail import Position, Tail
from ticketing.domain.calls import CallRecord
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.store import calls
from ticketing.store.calls import JournalPosition, Witness
from ticketing.store.database import Database

Beside = Callable[[AsyncSession, Sequence[CallRecord]], Awaitable[Sequence[CallRecord]]]

log = logging.getLogger(__name__)
ROTATE_BYTES = 64 << 20
_ROWS_AT_ONCE = 20  # read before others get their turn: a call in the menu waits for no row
_MOST_UNSAVED = 2000
_MOST_LINES = 50  # of one row
_BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0)


class Ledger:
    """Follows the journal and the queue log for one node."""

    def __init__(
        self,
        database: Database,
        *,
        journal: Path,
        queue_log: Path,
        on_saved: Callable[[Sequence[CallRecord]], Awaitable[None]],
        salvage: Callable[[CallRecord], CallRecord],
        every: float = 0.25,
        find: Find = without_plan,
        beside: Beside | None = None,
    ) -> None:
        """
        Args:
            beside: told of the records in the unit that saves them; completes them.
            on_saved: told of the records just committed.
            salvage: completes the record of a call that was cut off.
            every: seconds between two looks at the files.
            find: the number plan's word on which line a call came for (T2).
        """
        self._database = database
        self._paths = {"journal": journal, "queue_log": queue_log}
        self._on_saved = on_saved
        self._salvage = salvage
        self._beside = beside
        self._every = every
        self._fold = Journal(find)
        self._queues = queuelog.QueueLog()
        self._starts: dict[str, Position] = {}
        self._queue_starts: dict[str, Position] = {}
        self._unsaved: list[CallRecord] = []
        self._witness: dict[Witness, dict[str, dict[str, object]]] = {w: {} for w in Witness}
        self._committed: dict[str, Position] = {}
        self._torn: list[tuple[Position, str]] = []
        self._lock = asyncio.Lock()
        self.failing = ""

    async def open(self) -> None:
        """Find the places to read on from."""
        async with self._database.session() as session:
            kept = {name: await calls.position(session, name) for name in self._paths}
        self._tails = {
            name: Tail(path, Position(at.file, at.offset) if (at := kept[name]) else None)
            for name, path in self._paths.items()
        }

    async def run(self) -> None:
        """Follow the files for ever."""
        failures = 0
        while True:
            try:
                await self.catch_up()
            except (DatabaseUnavailable, SQLAlchemyError, OSError) as problem:
                # The journal keeps what could not be saved: wait, and say so on /healthz.
                self.failing = type(problem).__name__
                log.warning("call records wait for the database: %s", self.failing)
                await asyncio.sleep(_BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)])
                failures += 1
            else:
                self.failing, failures = "", 0
                await asyncio.sleep(self._every)  # the calls of a moment are saved at once

    async def catch_up(self) -> bool:
        """Read what is new and save what is finished; whether there may be more at once."""
        async with self._lock:
            read = 0
            if len(self._unsaved) < _MOST_UNSAVED:
                read = await self._read_journal() + await self._read_queue_log()
            await self._save()
            self._tails["journal"].rotate(ROTATE_BYTES)
            return read > 0

    def knows(self, call: str) -> bool:
        """Whether the journal tells of a call that is not in SQL yet."""
        return call in self._fold.open or any(each.id == call for each in self._unsaved)

    def dialled(self, call: str) -> str | None:
        """The number that was dialled in a call whose record is not in SQL yet (T2), or None."""
        story = self._fold.open.get(call)
        if story is not None:
            return story.line().number
        return next((each.dialled for each in self._unsaved if each.id == call), None)

    def recorded(self, call: str) -> tuple[str, str, datetime] | None:
        """Of an answered call going on: its recording's folder, its language, when answered."""
        story = self._fold.open.get(call)
        if story is None or story.answered_at is None or not story.facts.get("recording"):
            return None
        facts = story.facts
        return facts["recording"], facts.get("language") or "zh", story.answered_at

    def last_leg(self, call: str) -> int:
        """The highest number of a third party's leg in a call going on; 0 when there is none."""
        story = self._fold.open.get(call)
        return 0 if story is None else max(story.legs.facts, default=0)

    def testify(self, witness: Witness, call: str, facts: Mapping[str, object]) -> None:
        """Take down what a witness saw of a call; saved with the next records."""
        self._witness[witness][call] = dict(facts)

    async def end_missing(self, alive: Set[str], before: datetime) -> None:
        """End the calls a dead Asterisk left behind; see :meth:`Journal.end_missing`."""
        while await self.catch_up():
            pass
        async with self._lock:
            cut_off = self._fold.end_missing(alive, before)
            ended = [self._salvage(record) for record in cut_off]
            self._unsaved.extend(ended)
            for record in ended:
                self._starts.pop(record.id, None)
            await self._save()
        if ended:
            log.warning("%d calls were cut off when Asterisk ended", len(ended))

    async def _read_journal(self) -> int:
        count = 0
        for position, line in self._tails["journal"].read():
            count += 1
            if count % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
            row = parse(line)
            if row is None:
                row, position = self._joined(position, line)
            else:
                self._torn = []
            if row is not None:
                self._take(position, row)
        return count

    def _joined(self, position: Position, line: str) -> tuple[Row | None, Position]:
        """A row that a line break in a caller's number has cut into lines."""
        if len(self._torn) == _MOST_LINES:
            log.warning("journal: lines that are not ours were passed over")
            self._torn = []
        self._torn.append((position, line))
        start = self._torn[0][0]
        row = parse("\n".join(text for _, text in self._torn))
        if row is not None:
            self._torn = []
        return row, start

    def _take(self, position: Position, row: Row) -> None:
        known = row.call in self._fold.open
        for record in self._fold.read([row]):
            self._unsaved.append(record)
            self._starts.pop(record.id, None)
        if not known and row.call in self._fold.open:
            self._starts[row.call] = position

    async def _read_queue_log(self) -> int:
        count = 0
        for position, line in self._tails["queue_log"].read():
            count += 1
            if count % _ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
            row = queuelog.parse(line)
            if row is None:
                continue
            for call, facts in self._queues.read([row]).items():
                self.testify(Witness.QUEUE_LOG, call, asdict(facts))
                self._queue_starts.pop(call, None)
            if row.call in self._queues.open:
                self._queue_starts.setdefault(row.call, position)
        return count

    async def _save(self) -> None:
        positions = {
            "journal": _oldest(self._starts, self._tails["journal"].position),
            "queue_log": _oldest(self._queue_starts, self._tails["queue_log"].position),
        }
        records = self._unsaved[:]
        witness = {who: dict(seen) for who, seen in self._witness.items()}
        if not records and not any(witness.values()):
            return
        now = datetime.now(UTC)
        async with self._database.session() as session:
            told = await self._beside(session, records) if self._beside and records else records
            await calls.save(session, told)
            for who, seen in witness.items():
                await calls.save_witness(session, who, seen)
            for name, position in positions.items():
                if position.file and self._committed.get(name) != position:
                    place = JournalPosition(name, position.file, position.offset, now)
                    await calls.set_position(session, place)
        self._committed = positions
        del self._unsaved[: len(records)]
        for who, seen in witness.items():
            for call in seen:
                del self._witness[who][call]
        if records:
            await self._on_saved(records)


def _oldest(starts: dict[str, Position], otherwise: Position) -> Position:
    """The first call begun and not finished: dicts keep the order in which calls began."""
    return next(iter(starts.values()), otherwise)
