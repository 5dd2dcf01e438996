"""Use cases of the calls that are over: list them, look at one, listen to it.

Whoever may not see numbers is given records with the citizen's number and name masked.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ticketing.domain.calls import CallRecord
from ticketing.domain.errors import NotAllowed, RecordingDeleted, RecordingNotFound
from ticketing.domain.roles import Permission, Principal, mask_name, mask_number
from ticketing.service.clock import utc_now
from ticketing.store import audit, calls, recordings
from ticketing.store.calls import Page
from ticketing.store.database import Database

_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")

Join = Callable[[Path], Path]
"""Joins the legs in a recording's folder into one file and returns it; may take a while."""


class Calls:
    """The calls in SQL and their recordings.

    Args:
        database: where the records are kept.
        recordings: the folder that ``CallRecord.recording`` is relative to.
        join: makes what is listened to.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        recordings: Path,
        join: Join,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._recordings, self._now = database, recordings, now
        self._join = join

    async def page(
        self,
        principal: Principal,
        *,
        caller: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """One page, newest first; the arguments are those of ``ticketing.store.calls.page``.

        Raises:
            BadCursor
            NotAllowed: ``caller`` is asked for by one who may not see numbers, and so may not
                learn whether a number has called.
        """
        if caller is not None and not principal.may(Permission.CALLS_SEE_NUMBERS):
            raise NotAllowed("the calls of one number are shown to those who may see numbers")
        async with self._database.reading() as session:
            page = await calls.page(
                session, caller=caller, since=since, until=until, limit=limit, cursor=cursor
            )
        return Page(tuple(_shown_to(principal, record) for record in page.items), page.next)

    async def get(self, principal: Principal, call_id: str) -> CallRecord:
        """One call.

        Raises:
            CallNotFound
        """
        async with self._database.reading() as session:
            return _shown_to(principal, await calls.get(session, call_id))

    async def recording(self, principal: Principal, call_id: str) -> Path:
        """The file with both legs of a call, or the message it left; noted in the audit log.

        Raises:
            CallNotFound
            RecordingNotFound: it was not recorded, or the file is not there.
            RecordingDeleted: it was, and was deleted by policy.
        """
        async with self._database.reading() as session:
            record = await calls.get(session, call_id)
            kept = await recordings.of_call(session, call_id)
        gone = [one.sound_gone_at for one in kept if one.sound_gone_at is not None]
        if gone and len(gone) == len(kept):
            raise RecordingDeleted(gone[0])
        alone = next((one.kept for one in kept if one.legs_gone_at and one.kept), None)
        if alone is not None:
            file = self._inside(alone.file)
        else:
            file = await asyncio.to_thread(self._file, record)
        if file is None or not file.is_file():
            raise RecordingNotFound(f"{call_id}: this call has no recording")
        async with self._database.session() as session:
            await audit.note(session, self._now(), principal.username, "recording.hear", call_id)
        return file

    def _file(self, record: CallRecord) -> Path | None:
        folder, message = self._inside(record.recording), self._inside(record.message)
        if folder is None:
            return message
        try:
            file = self._inside(str(self._join(folder)))
        except FileNotFoundError:
            return message
        return file or message

    def _inside(self, path: str | None) -> Path | None:
        """A path below the recordings; None when it would lead out of them."""
        if not path:
            return None
        root = self._recordings.resolve()
        found = (root / path).resolve()
        return found if found.is_relative_to(root) else None


def _shown_to(principal: Principal, record: CallRecord) -> CallRecord:
    if principal.may(Permission.CALLS_SEE_NUMBERS):
        return record
    return replace(
        record,
        caller=mask_number(record.caller),
        caller_name=mask_name(record.caller_name),
        callback=None if record.callback is None else mask_number(record.callback),
        dialled=_of_a_person(record.dialled) or "",
        forwarded_from=_of_a_person(record.forwarded_from),
    )


def _of_a_person(number: str | None) -> str | None:
    """A number that somebody has forwarded to the hotline: masked when it is a mobile's."""
    return mask_number(number) if number and _MOBILE.fullmatch(number) else number
