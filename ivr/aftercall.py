"""What is done with a call's sound after the call: it is encoded, and heard leg by leg.

One job for each recording. It is claimed in SQL, so that it is one worker's at a time; what it has
made is saved in one transaction with the claim's end, so that it is there whole and once, however
often the job was begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ivr.errors import HotlineError
from speech import encoding, redaction
from speech.ports import BatchEngine, NoModel, Segment, SpeechError
from speech.recording import AGENT, CITIZEN, join
from ticketing.domain.transcripts import (
    MOST_ATTEMPTS,
    Hidden,
    Progress,
    Source,
    Utterance,
    Word,
    dialogue,
    shifted,
    without_echoes,
)
from ticketing.service.clock import utc_now
from ticketing.store import calls, recordings, transcripts
from ticketing.store import legs as store_legs
from ticketing.store.database import Database
from ticketing.store.recordings import Kept, Key, Recording
from ticketing.store.transcripts import Pass

LEASE = timedelta(seconds=30)
STEREO = "stereo.wav"
_DIED = "处理这段录音的进程 {count} 次中断，请检查录音文件后重试。"
_GONE = "录音文件不存在，无法转写。"
_NO_MODEL = "没有安装 {language} 语音模型，未转写。安装方法：hotline models list。"

log = logging.getLogger(__name__)

Engines = Callable[[str], Sequence[BatchEngine]]
"""The engines that hear a language, the best last; none when there is no model of it."""


class LaidAside(HotlineError):
    """A job that will not be tried again by itself; SQL says why."""

    id = "laid_aside"


class TryAgain(HotlineError):
    """A job that has failed and is tried again later."""

    id = "try_again"


class _NoSound(Exception):
    """Neither legs nor an encoded file are there."""


@dataclass(frozen=True, slots=True)
class _Heard:
    kept: Kept | None
    passes: tuple[Pass, ...]
    state: Progress
    why: str


class AfterCall:
    """Does the jobs.

    Args:
        recordings: the folder that recordings' paths are relative to.
        engines: who hears.
        ffmpeg: how to run it; None: there is none, and recordings stay WAV.
        public: telephone numbers that are nobody's own.
        worker: this worker's name, another one for each process.
        lease: how long a job is this worker's without a sign of life.
    """

    def __init__(
        self,
        database: Database,
        recordings: Path,
        *,
        engines: Engines,
        ffmpeg: Sequence[str] | None,
        public: Collection[str],
        worker: str,
        now: Callable[[], datetime] = utc_now,
        lease: timedelta = LEASE,
    ) -> None:
        self._database, self._recordings, self._now = database, recordings, now
        self._engines, self._ffmpeg, self._public = engines, ffmpeg, frozenset(public)
        self._worker, self._lease = worker, lease

    async def do(self, key: Key) -> bool:
        """Do a recording's job; False when there is nothing to do, or another worker does it.

        Raises:
            TryAgain: it failed; it waits in SQL.
            LaidAside: it will not be tried again by itself.
            DatabaseUnavailable
        """
        now = self._now()
        async with self._database.session() as session:
            job = await recordings.claim(session, key, self._worker, now, now + self._lease)
        if job is None:
            return False
        if job.attempts > MOST_ATTEMPTS:
            return await self._lay_aside(job, _DIED.format(count=MOST_ATTEMPTS))
        try:
            async with self._held(job):
                heard = await asyncio.to_thread(self._hear, job, await self._begun(job))
        except _NoSound:
            return await self._lay_aside(job, _GONE)
        except (SpeechError, OSError, MemoryError, RuntimeError, ValueError) as problem:
            log.warning("%s: %s", job.name, problem)
            why = f"{type(problem).__name__}: {problem}"
            if job.attempts >= MOST_ATTEMPTS:
                return await self._lay_aside(job, why)
            await self._settle(job, Progress.WAITING, why)
            raise TryAgain(why) from problem
        return await self._save(job, heard)

    async def _begun(self, job: Recording) -> dict[str, float]:
        """How much later than the call's own legs those of third parties were recorded."""
        async with self._database.reading() as session:
            record = await calls.get(session, job.call_id)
            legs = (await store_legs.handling(session, job.call_id)).legs
        start = record.answered_at
        return {
            Path(leg.recording).stem: max(0.0, (leg.recorded_from - start).total_seconds())
            for leg in legs
            if start is not None and leg.recording and leg.recorded_from is not None
        }

    async def _save(self, job: Recording, heard: _Heard) -> bool:
        """All that was made, in one transaction; nothing when the job is another's by now."""
        async with self._database.session() as session:
            ours = await recordings.settle(
                session, job.key, self._worker, heard.state, heard.why, heard.kept
            )
            if ours:
                await transcripts.save(session, *job.key, heard.passes, self._now())
        log.info("%s: %s, %d passes", job.name, heard.state.value, len(heard.passes))
        return ours

    async def _lay_aside(self, job: Recording, why: str) -> bool:
        await self._settle(job, Progress.FAILED, why)
        raise LaidAside(f"{job.name}: {why}")

    async def _settle(self, job: Recording, state: Progress, why: str) -> None:
        async with self._database.session() as session:
            await recordings.settle(session, job.key, self._worker, state, why, None)

    @contextlib.asynccontextmanager
    async def _held(self, job: Recording) -> AsyncIterator[None]:
        """The claim is renewed inside the block."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(self._lease.total_seconds() / 3)
                try:
                    async with self._database.session() as session:
                        until = self._now() + self._lease
                        await recordings.renew(session, job.key, self._worker, until)
                except Exception:  # the next sign of life may get through
                    log.exception("%s: no sign of life could be given", job.name)

        task = asyncio.create_task(renew())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # --- in a thread -----------------------------------------------------------------------
    def _hear(self, job: Recording, begun: Mapping[str, float]) -> _Heard:
        with tempfile.TemporaryDirectory(prefix="hotline-job-") as name:
            legs, kept = self._sound(job, Path(name))
            passes = []
            for rank, engine in enumerate(self._engines(job.language)):
                with contextlib.suppress(NoModel):
                    said = {leg: self._leg(engine, leg, file, job) for leg, file in legs.items()}
                    heard = {leg: shifted(told, begun.get(leg, 0.0)) for leg, told in said.items()}
                    told = dialogue(without_echoes(heard))
                    passes.append(Pass(engine.name, rank, job.language, told))
        if not passes:
            why = _NO_MODEL.format(language=job.language)
            return _Heard(kept, (), Progress.NO_MODEL, why)
        return _Heard(kept, tuple(passes), Progress.DONE, "")

    def _sound(self, job: Recording, scratch: Path) -> tuple[Mapping[str, Path], Kept | None]:
        """The legs to be heard, and the encoded file where one was made now.

        Raises:
            _NoSound: neither the legs nor the encoded file are there.
        """
        place = self._recordings / job.path
        legs = {leg: file for leg, file in _legs(job.source, place).items() if file.exists()}
        if not legs:
            if job.kept is None:
                raise _NoSound
            file = self._recordings / job.kept.file
            if not file.exists():
                raise _NoSound
            wav = encoding.decode(file, scratch / STEREO, self._ffmpeg)
            return encoding.split(wav, scratch), None
        if job.kept is not None and (self._recordings / job.kept.file).exists():
            return legs, None
        if job.source is Source.CALL:
            made = encoding.encode(join(place, scratch / STEREO), self._ffmpeg, place)
        else:
            made = encoding.encode(place, self._ffmpeg, place.parent)
        file = made.file.resolve().relative_to(self._recordings.resolve())
        return legs, Kept(str(file), made.codec, made.sha256, made.bytes, made.seconds)

    def _leg(
        self, engine: BatchEngine, speaker: str, file: Path, job: Recording
    ) -> tuple[Utterance, ...]:
        if file.stat().st_size == 0:
            return ()
        return utterances(
            speaker, engine.transcribe(file, job.language), job.language, self._public
        )


def utterances(
    speaker: str, segments: Sequence[Segment], language: str, public: Collection[str] = ()
) -> tuple[Utterance, ...]:
    """What was heard of one party, with personal numbers found, over pauses too."""
    texts = [segment.text for segment in segments]
    pauses = [max(0.0, later.start - one.end) for one, later in itertools.pairwise(segments)]
    found = redaction.find_across(texts, pauses, public)
    return tuple(
        Utterance(
            speaker,
            segment.start,
            segment.end,
            segment.text,
            redaction.mask(segment.text, items, language),
            segment.confidence,
            tuple(Word(word.text, word.start, word.end) for word in segment.words),
            tuple(Hidden(item.kind.value, item.start, item.end) for item in items),
        )
        for segment, items in zip(segments, found, strict=True)
    )


def _legs(source: Source, place: Path) -> dict[str, Path]:
    """Who is heard in which file."""
    if source is Source.MESSAGE:
        return {"citizen": place}
    experts = {file.stem: file for file in sorted(place.glob("expert-*.sln16"))}
    return {"citizen": place / CITIZEN, "agent": place / AGENT, **experts}
