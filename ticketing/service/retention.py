"""Deleting by policy: raw legs, recordings and texts whose time is over, each with an audit row.

What an open order links to is held. Raw legs go only when the file that the recording is kept in
is there and is what it was.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from ticketing.domain.transcripts import Deletion, Retention, Source, deletions
from ticketing.service.clock import utc_now
from ticketing.store import audit, recordings, transcripts
from ticketing.store.database import Database
from ticketing.store.recordings import Recording

WHO = "policy"
BATCH = 200

_log = logging.getLogger(__name__)


class Deleting:
    """Deletes what is to be deleted; safe to run twice, late, and on two nodes.

    Args:
        recordings: the folder that recordings' paths are relative to.
        keep: the days in force now.
    """

    def __init__(
        self,
        database: Database,
        recordings: Path,
        keep: Callable[[datetime], Retention],
        now: Callable[[], datetime] = utc_now,
        batch: int = BATCH,
    ) -> None:
        self._database, self._root, self._now = database, recordings.resolve(), now
        self._keep, self._batch = keep, batch

    async def run_once(self) -> bool:
        """A sweep as one of the controller's own jobs; there is never more at once.

        Raises:
            DatabaseUnavailable
        """
        if deleted := await self.sweep():
            _log.info("deleted by policy: %d", deleted)
        return False

    async def sweep(self) -> int:
        """Delete what is due; how many things were deleted.

        Raises:
            DatabaseUnavailable
        """
        now = self._now()
        keep = self._keep(now)
        days = {
            Deletion.LEGS: keep.legs,
            Deletion.SOUND: keep.recordings,
            Deletion.TEXT: keep.transcripts,
        }
        return sum([await self._stage(what, keep, now, days[what]) for what in Deletion])

    async def _stage(self, what: Deletion, keep: Retention, now: datetime, days: int) -> int:
        deleted = 0
        after: tuple[datetime, str] | None = None
        before = now - timedelta(days=days)
        while True:
            async with self._database.reading() as session:
                found = await recordings.ageing(session, what, before, after, self._batch)
            for one, there in found:
                due = deletions(there, keep, now)
                if what is Deletion.LEGS and Deletion.SOUND not in due and what in due:
                    deleted += await self._delete_legs(one, now)
                elif what in due:
                    deleted += await self._delete(one, what, now)
            if len(found) < self._batch:
                return deleted
            after = (found[-1][0].ended_at, found[-1][0].name)

    async def _delete_legs(self, one: Recording, now: datetime) -> bool:
        if await asyncio.to_thread(self._whole, one):
            return await self._delete(one, Deletion.LEGS, now)
        _log.warning("%s: the file it is kept in is not what it was", one.name)
        await asyncio.to_thread(self._drop_kept, one)
        async with self._database.session() as session:
            await recordings.unkeep(session, one.key)
        return False

    async def _delete(self, one: Recording, what: Deletion, now: datetime) -> bool:
        """The files go first: a deletion that is cut off is done again, and then noted."""
        if what is not Deletion.TEXT:
            await asyncio.to_thread(self._remove, one, what)
        async with self._database.session() as session:
            if what is Deletion.TEXT:
                await transcripts.remove(session, *one.key)
            await recordings.gone(session, one.key, what, now)
            await audit.note(
                session,
                now,
                WHO,
                f"recording.delete_{what.value}",
                one.call_id,
                source=one.source.value,
                call_ended_at=one.ended_at.isoformat(),
            )
        return True

    # --- files -----------------------------------------------------------------------------
    def _whole(self, one: Recording) -> bool:
        if one.kept is None:
            return False
        file = recordings.within(self._root, one.kept.file)
        if file is None or not file.is_file():
            return False
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == one.kept.sha256

    def _drop_kept(self, one: Recording) -> None:
        """What is not whole would be taken for the recording by the next job."""
        file = recordings.within(self._root, one.kept.file) if one.kept else None
        if file is not None:
            file.unlink(missing_ok=True)

    def _remove(self, one: Recording, what: Deletion) -> None:
        place = recordings.within(self._root, one.path)
        kept = recordings.within(self._root, one.kept.file) if one.kept else None
        if what is Deletion.LEGS:
            if place is None:
                return
            files = list(place.iterdir()) if place.is_dir() else [place]
            for file in files:
                if file != kept and file.suffix in {".sln16", ".wav"}:
                    file.unlink(missing_ok=True)
            return
        if kept is not None:
            kept.unlink(missing_ok=True)
        if place is not None and one.source is Source.CALL:
            shutil.rmtree(place, ignore_errors=True)
        elif place is not None:
            place.unlink(missing_ok=True)
