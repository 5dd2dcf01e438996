"""The sound of jobs behind the controller's HTTP, for workers on other machines.

The other side is `ivr/api/sound_routes.py`. It gives a worker the sound of the job that it has in
hand, for as long as it has it; its token tells which worker it is (`ticketing.service.sounds`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel, Field, ValidationError
from yarl import URL

from ivr.soundstore import Sound, SoundAway, SoundBroken
from speech.encoding import Encoded
from ticketing.domain.transcripts import Source
from ticketing.service.sounds import CODECS, LEG, kept_name
from ticketing.store.recordings import Recording

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 60.0  # between two pieces, or until the answer to the last one
SLOWEST = 50_000  # bytes a second; what comes slower is taken for broken
LARGEST = 2 * 1024**3  # bytes of one file: eighteen hours of a leg
_LARGEST_LIST = 64 * 1024
_PIECE = 256 * 1024
_AWAY = frozenset({502, 503, 504})  # what a proxy says when the controller is not there

log = logging.getLogger(__name__)


class _Leg(BaseModel):
    leg: Annotated[str, Field(pattern=f"^({LEG})$")]
    bytes: int = Field(ge=0, le=LARGEST)


class _Listed(BaseModel):
    legs: list[_Leg]
    kept: bool


class Remote:
    """The sound that a controller has.

    Args:
        url: the controller's, without a slash at its end.
        token: this worker's; its name ends with the fingerprint.
        trust: checks certificates; by default the machine's own authorities are trusted.
    """

    def __init__(self, url: str, token: str, trust: ssl.SSLContext | None = None) -> None:
        self._url, self._token, self._trust = url, token, trust

    async def fetch(self, job: Recording, scratch: Path) -> Sound:
        """See `SoundStore`; the files are laid into ``scratch`` as they lie at the controller."""
        async with self._session() as session:
            listed = await self._listed(session, job)
            place = scratch / ("message.wav" if job.source is Source.MESSAGE else "legs")
            if job.source is Source.CALL:
                await asyncio.to_thread(place.mkdir)
            for each in listed.legs:
                file = place if job.source is Source.MESSAGE else place / f"{each.leg}.sln16"
                await self._load(session, self._at(job, "sound", each.leg), file, each.bytes)
            kept = None
            if listed.kept and not listed.legs:
                kept = await self._kept(session, job, scratch)
        return Sound(place, kept, listed.kept)

    async def keep(self, job: Recording, made: Encoded) -> str:
        """See `SoundStore`."""
        name = kept_name(job, made.codec)
        if name == job.path:
            return name
        address = self._at(job, "kept").with_query(codec=made.codec, sha256=made.sha256)
        with await asyncio.to_thread(made.file.open, "rb") as content:
            async with self._session() as session, _typed_errors():
                headers = {"Content-Type": "application/octet-stream"}
                async with session.put(
                    address,
                    data=content,
                    headers=headers,
                    allow_redirects=False,
                    timeout=_patience(made.bytes),
                ) as answer:
                    _judge(answer, 204)
        return name

    # --- requests --------------------------------------------------------------------------
    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=True if self._trust is None else self._trust),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={
                "User-Agent": "hotline",
                "Accept-Encoding": "identity",
                "Authorization": f"Bearer {self._token}",
            },
        )

    def _at(self, job: Recording, *parts: str) -> URL:
        path = "/".join(quote(each, safe="") for each in (job.call_id, job.source.value, *parts))
        return URL(f"{self._url}/api/v1/after-calls/{path}", encoded=True)

    async def _listed(self, session: aiohttp.ClientSession, job: Recording) -> _Listed:
        told = bytearray()
        async with self._get(session, self._at(job, "sound"), _LARGEST_LIST) as pieces:
            async for piece in pieces:
                told += piece
        try:
            return _Listed.model_validate_json(bytes(told))
        except ValidationError as problem:
            raise SoundBroken(f"{job.name}: the controller's list cannot be read") from problem

    async def _kept(
        self, session: aiohttp.ClientSession, job: Recording, scratch: Path
    ) -> Path | None:
        if job.kept is None or job.kept.codec not in CODECS:
            return None
        file = scratch / f"kept.{job.kept.codec}"
        digest = await self._load(session, self._at(job, "kept"), file, job.kept.bytes)
        if digest != job.kept.sha256:
            raise SoundBroken(f"{job.name}: the file it is kept in is not what it was")
        return file

    async def _load(
        self, session: aiohttp.ClientSession, address: URL, file: Path, size: int
    ) -> str:
        """Write what is at ``address`` into a file; gives its SHA-256."""
        digest, got = hashlib.sha256(), 0
        with await asyncio.to_thread(file.open, "xb") as out:
            async with self._get(session, address, size) as pieces:
                async for piece in pieces:
                    digest.update(piece)
                    got += len(piece)
                    await asyncio.to_thread(out.write, piece)
        if got != size:
            raise SoundBroken(f"{file.name}: {got} of {size} bytes came")
        return digest.hexdigest()

    @asynccontextmanager
    async def _get(
        self, session: aiohttp.ClientSession, address: URL, most: int
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The pieces of what is at ``address``; of more than ``most`` bytes nothing is taken."""
        async with (
            _typed_errors(),
            session.get(address, allow_redirects=False, timeout=_patience(most)) as answer,
        ):
            _judge(answer, 200)
            if (answer.content_length or 0) > most:
                raise SoundBroken("more bytes came than were told of")
            yield _bounded(answer.content, most)


async def _bounded(content: aiohttp.StreamReader, most: int) -> AsyncIterator[bytes]:
    got = 0
    async for piece in content.iter_chunked(_PIECE):
        got += len(piece)
        if got > most:
            raise SoundBroken("more bytes came than were told of")
        yield piece


@asynccontextmanager
async def _typed_errors() -> AsyncIterator[None]:
    """Errors of the connection as ours; no address in them."""
    try:
        yield
    except aiohttp.ClientConnectorCertificateError:
        raise SoundAway("the controller's certificate is not to be trusted") from None
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as problem:
        raise SoundAway(f"the controller cannot be reached ({type(problem).__name__})") from None
    except (aiohttp.ClientError, ConnectionError, TimeoutError) as problem:
        raise SoundBroken(f"the connection broke ({type(problem).__name__})") from None


def _judge(answer: aiohttp.ClientResponse, good: int) -> None:
    if answer.status in _AWAY:
        raise SoundAway(f"the controller is not there ({answer.status})")
    if answer.status != good:
        raise SoundBroken(f"the controller answered {answer.status}")


def _patience(size: int) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(
        total=CONNECT_SECONDS + SILENT_SECONDS + size / SLOWEST,
        connect=CONNECT_SECONDS,
        sock_read=SILENT_SECONDS,
    )
