"""Use cases of what was said in calls: read it, look for words, export the sound without numbers.

Whoever may hear recordings and see numbers reads every word. Everybody else who may see calls reads
the text without personal numbers, and nobody finds a call by one.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ticketing.domain.calls import CallRecord
from ticketing.domain.errors import (
    NotAllowed,
    NotTranscribed,
    RecordingDeleted,
    RecordingNotFound,
)
from ticketing.domain.roles import Permission, Principal
from ticketing.domain.transcripts import CITIZEN, Progress, Source, Utterance, silences
from ticketing.service.clock import utc_now
from ticketing.store import audit, calls, recordings, transcripts
from ticketing.store.database import Database
from ticketing.store.recordings import Recording
from ticketing.store.transcripts import HitPage, Transcript

Export = Callable[[Path, Path, Sequence[tuple[int, float, float]]], None]
"""Writes a recording (a folder of legs, or a file) as WAV with stretches of channels silent."""

_AGAIN = (Progress.FAILED, Progress.NO_MODEL, Progress.DONE)


@dataclass(frozen=True, slots=True)
class Said:
    """One recording of a call, and what was said in it.

    Attributes:
        masked: the text is shown without personal numbers.
    """

    recording: Recording
    transcript: Transcript | None
    masked: bool


class Transcripts:
    """What was said in calls.

    Args:
        recordings: the folder that recordings' paths are relative to.
        export: writes sound with stretches silent.
        changed: told when there is something to be done after a call.
    """

    def __init__(
        self,
        database: Database,
        recordings: Path,
        export: Export,
        changed: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._recordings, self._now = database, recordings, now
        self._export, self._changed = export, changed

    async def of_call(self, principal: Principal, call_id: str) -> tuple[Said, ...]:
        """What was said in a call, by its recordings. Reading every word is noted.

        Raises:
            CallNotFound
            RecordingNotFound: nothing was recorded.
        """
        async with self._database.reading() as session:
            record = await calls.get(session, call_id)
            kept = await recordings.of_call(session, call_id)
            texts = {text.source: text for text in await transcripts.of_call(session, call_id)}
        if not kept:
            kept = _to_come(record)
        if not kept:
            raise RecordingNotFound(f"{call_id}: this call has no recording")
        masked = not _reads_all(principal)
        if texts and not masked:
            await self._note(principal, "transcript.read", call_id)
        return tuple(Said(one, _shown(texts.get(one.source), masked), masked) for one in kept)

    async def find(self, words: str, *, limit: int = 20, cursor: str | None = None) -> HitPage:
        """Calls in which all of ``words`` were said; personal numbers are not found.

        Raises:
            BadCursor
        """
        async with self._database.reading() as session:
            return await transcripts.find(session, words, limit=limit, cursor=cursor)

    async def export(
        self, principal: Principal, call_id: str, source: Source, *, redact: bool
    ) -> Path:
        """A WAV file to be handed out; whoever asked for it deletes it. Noted in the audit log.

        Args:
            redact: personal numbers are silent.

        Raises:
            CallNotFound, RecordingNotFound, RecordingDeleted
            NotAllowed: with the numbers in it, it is for those who may see numbers.
            NotTranscribed: there is no text, so it is not known what to silence.
        """
        if not redact and not principal.may(Permission.CALLS_SEE_NUMBERS):
            raise NotAllowed("sound with numbers in it is exported by those who may see numbers")
        target, spans = await self._made(call_id, (source,), redact=redact)
        await self._note(principal, "recording.export", call_id, redact=redact, silenced=spans)
        return target

    async def hear(self, principal: Principal, call_id: str) -> Path:
        """A call's recording, or the message it left, with personal numbers silent, for those who
        may hear calls and not see numbers (A5).

        A WAV file; whoever asked for it deletes it. Noted in the audit log.

        Raises:
            CallNotFound, RecordingNotFound, RecordingDeleted
            NotTranscribed: there is no text, so it is not known what to silence.
        """
        target, spans = await self._made(call_id, (Source.CALL, Source.MESSAGE), redact=True)
        await self._note(principal, "recording.hear", call_id, silenced=spans)
        return target

    async def _made(
        self, call_id: str, sources: Sequence[Source], *, redact: bool
    ) -> tuple[Path, int]:
        """A file of the first of ``sources`` that there is, and how much of it is silent."""
        async with self._database.reading() as session:
            record = await calls.get(session, call_id)
            kept = await recordings.of_call(session, call_id)
            texts = {text.source: text for text in await transcripts.of_call(session, call_id)}
        there = {one.source: one for one in (kept or _to_come(record))}
        one = next((there[source] for source in sources if source in there), None)
        if one is None:
            raise RecordingNotFound(f"{call_id}: this call has no recording")
        if one.sound_gone_at is not None:
            raise RecordingDeleted(one.sound_gone_at)
        text = texts.get(one.source)
        if redact and (text is None or one.state is not Progress.DONE):
            raise NotTranscribed(f"{call_id}: it has not become text")
        quiet = silences(text.said) if redact and text is not None else ()
        spans = [(0 if each.speaker == CITIZEN else 1, each.start, each.end) for each in quiet]
        try:
            target = await asyncio.to_thread(self._write, one, spans)
        except FileNotFoundError:
            raise RecordingNotFound(f"{call_id}: its file is gone") from None
        if text is not None:  # who asks for parts of it one after the other sees one file
            moment = text.made_at.timestamp()
            await asyncio.to_thread(os.utime, target, (moment, moment))
        return target, len(spans)

    def _write(self, one: Recording, spans: Sequence[tuple[int, float, float]]) -> Path:
        handle, name = tempfile.mkstemp(prefix=f"hotline-export-{os.getpid()}-", suffix=".wav")
        os.close(handle)
        target, written = Path(name), False
        try:
            self._export(self._sound(one), target, spans)
            written = True
        finally:
            if not written:
                target.unlink()
        return target

    # --- jobs ------------------------------------------------------------------------------
    async def jobs(
        self, state: Progress, *, limit: int = 50, cursor: str | None = None
    ) -> tuple[tuple[Recording, ...], str | None, dict[Progress, int]]:
        """Recordings in a state, the next page's cursor, and how many there are in each.

        Raises:
            BadCursor
        """
        async with self._database.reading() as session:
            items, following = await recordings.page(session, state, limit=limit, cursor=cursor)
            return items, following, await recordings.counts(session)

    async def again(self, principal: Principal, call_id: str) -> int:
        """Have a call's text made anew, or what was laid aside tried again; how many recordings.

        Raises:
            CallNotFound
            RecordingNotFound: nothing was recorded, or it is deleted.
        """
        done = 0
        async with self._database.session() as session:
            await calls.get(session, call_id)
            for source in Source:
                done += await recordings.again(session, _AGAIN, key=(call_id, source))
            if not done and not await recordings.of_call(session, call_id):
                raise RecordingNotFound(f"{call_id}: this call has no recording")
            await audit.note(session, self._now(), principal.username, "transcript.again", call_id)
        self._changed()
        return done

    async def again_all(self, who: str, states: Sequence[Progress]) -> int:
        """The same for all recordings in some states."""
        async with self._database.session() as session:
            done = await recordings.again(session, states)
            if done:
                names = [state.value for state in states]
                await audit.note(
                    session, self._now(), who, "transcript.again", "all", states=names, count=done
                )
        self._changed()
        return done

    async def _note(
        self, principal: Principal, action: str, call_id: str, **detail: object
    ) -> None:
        async with self._database.session() as session:
            await audit.note(session, self._now(), principal.username, action, call_id, **detail)

    def _sound(self, one: Recording) -> Path:
        """The legs' folder or the message, while they are there; then the kept file."""
        place = self._recordings / one.path
        if one.legs_gone_at is not None and one.kept is not None:
            place = self._recordings / one.kept.file
        root = self._recordings.resolve()
        if not place.resolve().is_relative_to(root) or not place.exists():
            raise FileNotFoundError(place)
        return place


def _reads_all(principal: Principal) -> bool:
    return principal.may(Permission.CALLS_RECORDING) and principal.may(Permission.CALLS_SEE_NUMBERS)


def _shown(text: Transcript | None, masked: bool) -> Transcript | None:
    if text is None or not masked:
        return text
    return replace(text, said=tuple(_without_numbers(each) for each in text.said))


def _without_numbers(said: Utterance) -> Utterance:
    return replace(said, text=said.masked, words=(), hidden=said.hidden)


def _to_come(record: CallRecord) -> tuple[Recording, ...]:
    """The recordings of a call that no sweep has seen yet."""
    paths = ((Source.CALL, record.recording), (Source.MESSAGE, record.message))
    return tuple(
        Recording(
            record.id,
            source,
            path,
            record.language,
            record.ended_at,
            Progress.WAITING,
            "",
            0,
            None,
            None,
            None,
            None,
        )
        for source, path in paths
        if path
    )
