"""The handlers of an order's files and official papers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal
from urllib.parse import quote

from aiohttp import web
from pydantic import Field

from ivr.api.models import In, Out
from ivr.api.problems import ApiError
from ivr.api.services import Ask
from ticketing.documents.render import MEDIA_TYPES, Format
from ticketing.store.attachments import Attachment

_UPLOAD_SECONDS = 300.0
_PIECE = 64 * 1024


class UploadQuery(In):
    name: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="what the file is called",
    )


class PaperQuery(In):
    format: Literal["pdf", "docx"] = "pdf"


class AttachmentOut(Out):
    id: str
    name: str
    media: str
    size: int
    sha256: str
    at: datetime
    who: str


class AttachmentsOut(Out):
    items: list[AttachmentOut]


class PaperOut(Out):
    """A paper that can be had; ``seq`` is the step it belongs to."""

    seq: int
    kind: str
    title: str
    at: datetime


class PapersOut(Out):
    items: list[PaperOut]


async def list_attachments(ask: Ask) -> AttachmentsOut:
    """The files of an order."""
    actor = await ask.use.orders.actor(ask.who)
    found = await ask.use.attachments.list(actor, ask.path("order"))
    return AttachmentsOut(items=[_attachment(each) for each in found])


async def add_attachment(ask: Ask) -> AttachmentOut:
    """Add a file to an order: the request's body is the file itself."""
    actor, query = await ask.use.orders.actor(ask.who), ask.query(UploadQuery)
    try:
        async with asyncio.timeout(_UPLOAD_SECONDS):
            added = await ask.use.attachments.add(
                actor, ask.path("order"), query.name, _pieces(ask.request)
            )
    except TimeoutError:
        raise ApiError("request_timeout", {"Connection": "close"}) from None
    return _attachment(added)


async def read_attachment(ask: Ask) -> web.FileResponse:
    """A file of an order, as a download."""
    actor = await ask.use.orders.actor(ask.who)
    stored = await ask.use.attachments.read(actor, ask.path("attachment"))
    return web.FileResponse(
        stored.path,
        headers={
            "Content-Type": stored.attachment.media,
            "Content-Disposition": _as_download(stored.attachment.name),
        },
    )


async def list_papers(ask: Ask) -> PapersOut:
    """The official papers of an order (H3, D1, D2, D4, W2, W5)."""
    actor = await ask.use.orders.actor(ask.who)
    found = await ask.use.papers.of(actor, ask.path("order"))
    return PapersOut(items=[PaperOut.model_validate(line) for line in found])


async def read_paper(ask: Ask) -> web.Response:
    """One official paper, to be printed."""
    actor, chosen = await ask.use.orders.actor(ask.who), ask.query(PaperQuery).format
    order, seq = ask.path("order"), ask.path("seq")
    step = int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 9 else 0
    title, content = await ask.use.papers.make(actor, order, step, chosen)
    return paper(f"{order}-{title}.{chosen}", chosen, content)


def paper(name: str, chosen: Format, content: bytes) -> web.Response:
    """A paper's file as a download."""
    return web.Response(
        body=content,
        headers={
            "Content-Type": MEDIA_TYPES[chosen],
            "Content-Disposition": _as_download(name),
        },
    )


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    async for piece in request.content.iter_chunked(_PIECE):
        yield piece


def _attachment(found: Attachment) -> AttachmentOut:
    return AttachmentOut.model_validate(found)


def _as_download(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
