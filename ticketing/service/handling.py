"""Use cases of how calls were dealt with: who took part, what happened, marks of conduct (S26)."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ticketing.domain.calls import CallRecord
from ticketing.domain.conduct import Conduct, Mark
from ticketing.domain.errors import NotAllowed, RecordingNotFound
from ticketing.domain.legs import CallEvent, CallLeg, Handling
from ticketing.domain.roles import Permission, Principal, mask_number
from ticketing.service.clock import utc_now
from ticketing.store import audit, calls, conduct, legs
from ticketing.store.conduct import Entry
from ticketing.store.database import Database

_RATE = 16_000  # of a leg's raw file


@dataclass(frozen=True, slots=True)
class Dealt:
    """How a call that is over was dealt with."""

    record: CallRecord
    handling: Handling
    marks: tuple[Entry, ...]


class Handlings:
    """How calls were dealt with, in SQL and in the recordings' folder.

    Args:
        recordings: the folder that a leg's ``recording`` is relative to.
        zone: whose midnight ends a day.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        recordings: Path,
        zone: ZoneInfo,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._recordings = database, recordings
        self._zone, self._now = zone, now

    async def show(self, who: Principal, call: str) -> Dealt:
        """One call; numbers are masked for those who may not see them.

        Raises:
            CallNotFound
        """
        async with self._database.reading() as session:
            record = await calls.get(session, call)
            handling = await legs.handling(session, call)
            marks = await conduct.found(session, call=call)
        if not who.may(Permission.CONTACTS_SEE_PHONES):
            handling = Handling(
                tuple(replace(leg, dialled=_masked(leg)) for leg in handling.legs),
                tuple(_without_numbers(event) for event in handling.events),
            )
        return Dealt(record, handling, marks)

    async def recording(self, who: Principal, call: str, number: int) -> Path:
        """What the third party with this number said, as a WAV file; noted in the audit log.

        Raises:
            LegNotFound, RecordingNotFound
            NotAllowed: personal numbers may be in it, and ``who`` may not see those (A5).
        """
        if not who.may(Permission.CALLS_SEE_NUMBERS):
            raise NotAllowed("a leg by itself is heard by those who may see numbers")
        async with self._database.reading() as session:
            leg = await legs.third(session, call, number)
        raw = self._recordings / leg.recording if leg.recording else None
        if raw is None or not raw.resolve().is_relative_to(self._recordings.resolve()):
            raise RecordingNotFound(f"{call}: leg {number} was not recorded")
        file = await asyncio.to_thread(_as_wav, raw)
        if file is None:
            raise RecordingNotFound(f"{call}: leg {number} was not recorded")
        async with self._database.session() as session:
            target, detail = call, {"third": str(number)}
            await audit.note(session, self._now(), who.username, "recording.hear", target, **detail)
        return file

    async def mark(
        self, who: Principal, call: str, number: int, kind: Conduct, words: str
    ) -> Entry:
        """Mark how the person on a leg behaved (S26).

        Raises:
            LegNotFound
        """
        async with self._database.session() as session:
            leg = await legs.third(session, call, number)
            mark = Mark(call, number, leg.unit, leg.person, kind, words, self._now(), who.username)
            added = await conduct.add(session, mark)
            detail = {"third": str(number), "unit": leg.unit, "kind": kind.value}
            await audit.note(session, mark.marked_at, who.username, "conduct.mark", call, **detail)
        return added

    async def withdraw(self, who: Principal, number: int) -> Entry:
        """Let a mark count no more; it stays, and who withdrew it is kept.

        Raises:
            MarkNotFound
        """
        async with self._database.session() as session:
            entry = await conduct.withdraw(session, number, self._now(), who.username)
            await audit.note(
                session, self._now(), who.username, "conduct.withdraw", f"mark {number}"
            )
        return entry

    async def marks(
        self, unit: str | None, since: date | None, until: date | None
    ) -> tuple[Entry, ...]:
        """Marks of a unit, or of all, of some local days."""
        async with self._database.reading() as session:
            return await conduct.found(
                session,
                unit=unit,
                since=None if since is None else self._midnight(since),
                until=None if until is None else self._midnight(until + timedelta(days=1)),
            )

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)


def _masked(leg: CallLeg) -> str:
    return leg.dialled if leg.seat else mask_number(leg.dialled)


def _without_numbers(event: CallEvent) -> CallEvent:
    kept = {key: value for key, value in event.detail.items() if key != "to"}
    return replace(event, detail=kept)


def _as_wav(raw: Path) -> Path | None:
    """The raw file with a header before it, made once; None when there is none."""
    file = raw.with_suffix(".wav")
    if not raw.is_file():
        return file if file.is_file() else None
    if not file.is_file() or file.stat().st_size < raw.stat().st_size:
        half = file.with_suffix(".part")
        with wave.open(str(half), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(_RATE)
            out.writeframes(raw.read_bytes())
        half.replace(file)
    return file
