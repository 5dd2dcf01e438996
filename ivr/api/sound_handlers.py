"""The handlers of the sound of jobs after calls: to workers on other machines, and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from ivr.api import sound_models as models
from ivr.api.problems import ApiError
from ivr.api.services import Ask
from ticketing.domain.errors import JobNotHeld, UploadBroken
from ticketing.domain.transcripts import Source
from ticketing.store.recordings import Key

_UPLOAD_SECONDS = 1800.0
_SILENT_SECONDS = 60.0  # between two pieces
_PIECE = 256 * 1024


async def job_sound(ask: Ask) -> models.JobSoundOut:
    """What there is to be heard of a recording whose job one has in hand."""
    found = await ask.use.sounds.of(ask.token, _key(ask))
    legs = [models.LegOut(leg=leg, bytes=size) for leg, size in found.legs.items()]
    return models.JobSoundOut(legs=legs, kept=found.kept)


async def job_leg(ask: Ask) -> web.FileResponse:
    """One leg as it was recorded: raw, 16 bit, 16 kHz, mono; of a message the WAV file."""
    return _file(await ask.use.sounds.leg(ask.token, _key(ask), ask.path("leg")))


async def job_kept(ask: Ask) -> web.FileResponse:
    """The encoded file, where the legs are gone."""
    return _file(await ask.use.sounds.kept(ask.token, _key(ask)))


async def keep_job(ask: Ask) -> None:
    """Hand in the encoded file: the request's body. It is kept whole, or not at all."""
    query = ask.query(models.KeepQuery)
    try:
        async with asyncio.timeout(_UPLOAD_SECONDS):
            await ask.use.sounds.keep(
                ask.token, _key(ask), query.codec, query.sha256, _pieces(ask.request)
            )
    except TimeoutError:
        raise ApiError("request_timeout", {"Connection": "close"}) from None


def _key(ask: Ask) -> Key:
    try:
        return ask.path("call_id"), Source(ask.path("source"))
    except ValueError:
        raise JobNotHeld(ask.path("source")) from None


def _file(file: Path) -> web.FileResponse:
    return web.FileResponse(file, headers={"Content-Type": "application/octet-stream"})


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(_SILENT_SECONDS):
                piece = await request.content.read(_PIECE)
        except (web.RequestPayloadError, ConnectionError) as problem:
            raise UploadBroken(type(problem).__name__) from None
        if not piece:
            return
        yield piece
