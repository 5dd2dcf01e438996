"""Use cases of the sound of jobs after calls, for the worker that has the job in hand.

A worker proves who it is by a token that it has made itself and shows to the controller alone. Its
name, which stands in the claim of its job, ends with the token's fingerprint. So nothing has to be
stored or handed out, and who gets in is who can claim a job, by the database's own credentials.
"""

from __future__ import annotations

import asyncio
import glob
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import AsyncIterable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from ticketing.domain.errors import JobNotHeld, RecordingNotFound, UploadBroken
from ticketing.domain.transcripts import AGENT, CITIZEN, Source
from ticketing.service.clock import utc_now
from ticketing.store import recordings
from ticketing.store.attachments import Incoming
from ticketing.store.database import Database
from ticketing.store.recordings import Key, Recording

LEG = r"citizen|agent|expert-[1-9][0-9]{0,3}"
"""What a leg is called, a regular expression."""

CODECS = ("opus", "flac", "wav")
_LEG = re.compile(LEG)
_FINGERPRINT = 40  # of the SHA-256's 64 digits; a name holds 80 characters
_HEADERS = 64 * 1024  # bytes of an encoded file that are not sound, at most

_log = logging.getLogger(__name__)


def fingerprint(token: str) -> str:
    """What may be known of a worker's token: the end of the worker's name."""
    return hashlib.sha256(token.encode()).hexdigest()[:_FINGERPRINT]


def worker_name(host: str, pid: int, token: str) -> str:
    """The name of the worker process ``pid`` on the machine ``host``; up to 80 characters."""
    return f"{host[:30]}-{pid}-{fingerprint(token)}"


def legs_of(source: Source, place: Path) -> dict[str, Path]:
    """Who is heard in which file; only files that are there.

    Args:
        place: the folder of the legs, or the message's file.
    """
    if source is Source.MESSAGE:
        return {CITIZEN: place} if place.is_file() else {}
    experts = sorted(file.stem for file in place.glob("expert-*.sln16"))
    names = (CITIZEN, AGENT, *(name for name in experts if _LEG.fullmatch(name)))
    files = {name: place / f"{name}.sln16" for name in names}
    return {name: file for name, file in files.items() if file.is_file()}


def kept_name(job: Recording, codec: str) -> str:
    """The file that a recording is kept in, below the recordings' root.

    A message that stays WAV is kept in the file that it was left in.
    """
    if job.source is Source.CALL:
        return f"{job.path}/stereo.{codec}"
    return str(PurePosixPath(job.path).with_suffix(f".{codec}"))


@dataclass(frozen=True, slots=True)
class JobSound:
    """What there is of a job's sound.

    Attributes:
        legs: who is heard in a file of how many bytes.
        kept: the encoded file is there.
    """

    legs: Mapping[str, int]
    kept: bool


class JobSounds:
    """The sound of jobs. ``token`` is the worker's, ``key`` names the job.

    Args:
        recordings: the folder that recordings' paths are relative to.
        now: the clock that leases are measured by, UTC.
    """

    def __init__(
        self, database: Database, recordings: Path, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database, self._root, self._now = database, recordings, now

    async def knows(self, token: str) -> bool:
        """Whether this is the token of a worker that has a job in hand; which one is not said."""
        async with self._database.reading() as session:
            return await recordings.at_work(session, f"-{fingerprint(token)}", self._now())

    async def of(self, token: str, key: Key) -> JobSound:
        """What there is to be heard.

        Raises:
            JobNotHeld: the job is another worker's, or nobody's.
        """
        job = await self._held(token, key)

        def look() -> JobSound:
            legs = {leg: file.stat().st_size for leg, file in self._legs(job).items()}
            return JobSound(legs, self._kept(job) is not None)

        return await asyncio.to_thread(look)

    async def leg(self, token: str, key: Key, leg: str) -> Path:
        """The file of one leg.

        Raises:
            JobNotHeld
            RecordingNotFound: no such leg.
        """
        job = await self._held(token, key)
        file = (await asyncio.to_thread(self._legs, job)).get(leg)
        if file is None:
            raise RecordingNotFound(f"{job.name}: no such leg")
        return file

    async def kept(self, token: str, key: Key) -> Path:
        """The encoded file.

        Raises:
            JobNotHeld
            RecordingNotFound: there is none.
        """
        job = await self._held(token, key)
        file = await asyncio.to_thread(self._kept, job)
        if file is None:
            raise RecordingNotFound(f"{job.name}: there is no encoded file")
        return file

    async def keep(
        self, token: str, key: Key, codec: str, sha256: str, content: AsyncIterable[bytes]
    ) -> None:
        """Take in the encoded file. It appears whole under its name, or nothing changes.

        Args:
            codec: one of `CODECS`.
            sha256: of the whole file, hexadecimal.
            content: its pieces as they come in.

        Raises:
            JobNotHeld: also when the job was lost while the file came in.
            RecordingNotFound: there is nothing that could have been encoded.
            UploadBroken: another checksum, or more bytes than the job's sound can become.
        """
        job = await self._held(token, key)
        target, most = await asyncio.to_thread(self._target, job, codec)
        await asyncio.to_thread(_clear, target)
        incoming = _begin(target)  # in no thread: whoever cancels us would not know of it
        try:
            async for piece in content:
                if incoming.size + len(piece) > most:
                    raise UploadBroken(f"{job.name}: larger than its sound")
                await asyncio.to_thread(incoming.write, piece)
            if await asyncio.to_thread(incoming.finish) != sha256:
                raise UploadBroken(f"{job.name}: another checksum")
            async with self._database.session() as session:
                # While the row is locked nobody else can claim the job, so the file that appears
                # is the one whose checksum is saved.
                _judge(token, await recordings.in_hand(session, key, self._now(), lock=True))
                await asyncio.to_thread(incoming.file.replace, target)
        finally:
            await asyncio.to_thread(incoming.drop)
        _log.info("%s: %d bytes taken in", job.name, incoming.size)

    async def _held(self, token: str, key: Key) -> Recording:
        async with self._database.reading() as session:
            return _judge(token, await recordings.in_hand(session, key, self._now()))

    # --- files -----------------------------------------------------------------------------
    def _legs(self, job: Recording) -> dict[str, Path]:
        place = recordings.within(self._root, job.path)
        legs = {} if place is None else legs_of(job.source, place)
        return {leg: file for leg, file in legs.items() if not file.is_symlink()}

    def _kept(self, job: Recording) -> Path | None:
        file = None if job.kept is None else recordings.within(self._root, job.kept.file)
        return file if file is not None and file.is_file() else None

    def _target(self, job: Recording, codec: str) -> tuple[Path, int]:
        """Where the encoded file goes, and how many bytes it has at most."""
        sizes = [file.stat().st_size for file in self._legs(job).values()]
        name = kept_name(job, codec) if codec in CODECS else job.path
        target = recordings.within(self._root, name)
        if not sizes or target is None or name == job.path:
            raise RecordingNotFound(f"{job.name}: nothing that could have been encoded so")
        return target, 2 * max(sizes) + _HEADERS  # two channels of the longest leg as WAV


def _judge(token: str, found: tuple[Recording, str] | None) -> Recording:
    """The recording, when the token is the one of the worker that has its job."""
    job, worker = found or (None, "")
    ours = hmac.compare_digest(worker.rpartition("-")[2].encode(), fingerprint(token).encode())
    if job is None or not ours:
        raise JobNotHeld("the job is not this worker's at this moment")
    return job


def _clear(target: Path) -> None:
    """Delete drafts of ``target``: those who made them have lost the job."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.upload-*"):
        left.unlink(missing_ok=True)


def _begin(target: Path) -> Incoming:
    """A new draft of ``target``, beside it."""
    return Incoming(target.with_name(f".{target.name}.upload-{secrets.token_hex(8)}"))
