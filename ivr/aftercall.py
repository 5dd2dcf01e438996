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
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ivr.errors import HotlineError
from ivr.soundstore import Sound, SoundAway, SoundBroken, SoundStore
from speech import encoding, redaction
from speech.encoding import Encoded
from speech.ports import BatchEngine, NoModel, Segment, SpeechError
from speech.recording import STEREO, join
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
from ticketing.service.sounds import legs_of
from ticketing.store import calls, recordings, transcripts
from ticketing.store import legs as store_legs
from ticketing.store.database import Database
from ticketing.store.recordings import Kept, Key, Recording
from ticketing.store.transcripts import Pass

LEASE = timedelta(seconds=30)
AWAY_SECONDS = 5.0  # before a worker that cannot reach the sound takes the next job
_SCRATCH = "hotline-job-"  # then the worker's pid
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
        sounds: where the sound is.
        engines: who hears.
        ffmpeg: how to run it; None: there is none, and recordings stay WAV.
        public: telephone numbers that are nobody's own.
        worker: this worker's name, another one for each process.
        lease: how long a job is this worker's without a sign of life.
    """

    def __init__(
        self,
        database: Database,
        sounds: SoundStore,
        *,
        engines: Engines,
        ffmpeg: Sequence[str] | None,
        public: Collection[str],
        worker: str,
        now: Callable[[], datetime] = utc_now,
        lease: timedelta = LEASE,
    ) -> None:
        self._database, self._sounds, self._now = database, sounds, now
        self._engines, self._ffmpeg, self._public = engines, ffmpeg, frozenset(public)
        self._worker, self._lease = worker, lease

    async def do(self, key: Key) -> bool:
        """Do a recording's job; False when there is nothing to do, or another worker does it.

        Where the sound cannot be reached the job is given back: it counts as never begun, and the
        sweep puts it into the queue again.

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
                heard = await self._work(job)
        except _NoSound:
            return await self._lay_aside(job, _GONE)
        except SoundAway as problem:
            return await self._give_back(job, problem)
        except (
            SoundBroken,
            SpeechError,
            OSError,
            MemoryError,
            RuntimeError,
            ValueError,
        ) as problem:
            log.warning("%s: %s", job.name, problem)
            why = f"{type(problem).__name__}: {problem}"
            if job.attempts >= MOST_ATTEMPTS:
                return await self._lay_aside(job, why)
            await self._settle(job, Progress.WAITING, why)
            raise TryAgain(why) from problem
        return await self._save(job, heard)

    async def _work(self, job: Recording) -> _Heard:
        begun = await self._begun(job)
        with tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-") as name:
            scratch = Path(name)
            sound = await self._sounds.fetch(job, scratch)
            legs, made = await asyncio.to_thread(self._prepare, job, sound, scratch)
            kept = None
            if made is not None:
                file = await self._sounds.keep(job, made)
                kept = Kept(file, made.codec, made.sha256, made.bytes, made.seconds)
            passes = await asyncio.to_thread(self._hear, job, legs, begun)
        if not passes:
            why = _NO_MODEL.format(language=job.language)
            return _Heard(kept, (), Progress.NO_MODEL, why)
        return _Heard(kept, passes, Progress.DONE, "")

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

    async def _give_back(self, job: Recording, problem: SoundAway) -> bool:
        log.warning("%s: given back: %s", job.name, problem)
        async with self._database.session() as session:
            await recordings.release(session, self._worker, job.key)
        await asyncio.sleep(AWAY_SECONDS)  # others, who may reach it, go first
        return False

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
    def _prepare(
        self, job: Recording, sound: Sound, scratch: Path
    ) -> tuple[Mapping[str, Path], Encoded | None]:
        """The legs to be heard, and the encoded file where one was made now.

        Raises:
            _NoSound: neither the legs nor the encoded file are there.
        """
        legs = legs_of(job.source, sound.place)
        if not legs:
            if sound.kept is None:
                raise _NoSound
            wav = encoding.decode(sound.kept, scratch / STEREO, self._ffmpeg)
            return encoding.split(wav, scratch), None
        if sound.encoded:
            return legs, None
        whole = sound.place
        if job.source is Source.CALL:
            whole = join(sound.place, scratch / STEREO)
        return legs, encoding.encode(whole, self._ffmpeg, scratch)

    def _hear(
        self, job: Recording, legs: Mapping[str, Path], begun: Mapping[str, float]
    ) -> tuple[Pass, ...]:
        passes = []
        for rank, engine in enumerate(self._engines(job.language)):
            with contextlib.suppress(NoModel):
                said = {leg: self._leg(engine, leg, file, job) for leg, file in legs.items()}
                heard = {leg: shifted(told, begun.get(leg, 0.0)) for leg, told in said.items()}
                told = dialogue(without_echoes(heard))
                passes.append(Pass(engine.name, rank, job.language, told))
        return tuple(passes)

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


def clear_scratch() -> None:
    """Delete what workers of this machine left of jobs' sound that were killed, or are this one."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*-*"):
        pid = folder.name.removeprefix(_SCRATCH).partition("-")[0]
        with contextlib.suppress(OSError):
            ours = folder.stat(follow_symlinks=False).st_uid == os.getuid()
            if ours and pid.isdecimal() and not _runs(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    return pid != os.getpid() and Path(f"/proc/{pid}").exists()
