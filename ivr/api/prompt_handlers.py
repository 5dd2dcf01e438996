"""The handlers of the prompts: what is said, and recordings of one's own in their place."""

from __future__ import annotations

import asyncio
from datetime import datetime

from aiohttp import web
from pydantic import Field

from ivr.api.fields import Line
from ivr.api.models import In, Out
from ivr.api.problems import ApiError
from ivr.api.services import Ask
from ivr.ownprompts import Own
from ivr.prompts import CATALOGUE, Language, P
from speech.fitting import LARGEST, BadRecording
from ticketing.domain.errors import GuardFailed, PromptNotFound
from ticketing.store import audit

_UPLOAD_SECONDS = 120.0
_PIECE = 64 * 1024
_UNUSABLE_KO = "이 녹음은 쓸 수 없습니다. 30초 이내의 모노 WAV 파일로 다시 올려 주십시오."


class ReplaceQuery(In):
    """Where a recording comes from."""

    name: Line = Field(description="what the file is called")
    licence: Line = Field(description="who spoke it, and on what terms it may be used")


class OwnOut(Out):
    """A recording in a prompt's place. ``current``: the prompt's text is still the one spoken."""

    who: str
    at: datetime
    source: str
    licence: str
    text: str
    current: bool


class PromptOut(Out):
    """A prompt in one language; ``own`` is what is played in its place."""

    id: str
    language: Language
    text: str
    own: OwnOut | None


class PromptsOut(Out):
    items: list[PromptOut]


async def list_prompts(ask: Ask) -> PromptsOut:
    """Every prompt with its texts, and what is played in its place."""
    kept = await asyncio.to_thread(ask.use.services.prompts.all)
    return PromptsOut(
        items=[
            PromptOut(
                id=id_.value,
                language=language,
                text=prompt.text(language),
                own=_own(kept[id_, language]) if (id_, language) in kept else None,
            )
            for id_, prompt in CATALOGUE.items()
            for language in Language
        ]
    )


async def prompt_sound(ask: Ask) -> web.FileResponse:
    """The sound of a prompt as it is played now."""
    prompt, language = _which(ask)
    file = await asyncio.to_thread(ask.use.services.prompts.file, prompt, language)
    return web.FileResponse(file, headers={"Content-Type": "audio/wav"})


async def replace_prompt(ask: Ask) -> OwnOut:
    """Put a recording in a prompt's place; the request's body is the file. The next call hears it.

    It is trimmed, levelled and resampled as the telephone needs it.
    """
    prompt, language = _which(ask)
    query, services = ask.query(ReplaceQuery), ask.use.services
    data = bytearray()
    try:
        async with asyncio.timeout(_UPLOAD_SECONDS):
            async for piece in ask.request.content.iter_chunked(_PIECE):
                data += piece
                if len(data) > LARGEST:
                    break  # refused below, by its size
    except TimeoutError:
        raise ApiError("request_timeout", {"Connection": "close"}) from None
    now = services.now()

    def replace() -> Own:
        return services.prompts.replace(
            prompt,
            language,
            bytes(data),
            who=ask.who.username,
            at=now,
            source=query.name,
            licence=query.licence,
        )

    try:
        own = await asyncio.to_thread(replace)
    except BadRecording as problem:
        raise GuardFailed("recording_unusable", problem.zh, problem.en, _UNUSABLE_KO) from None
    await _note(ask, "prompt.replaced", prompt, language, licence=query.licence, name=query.name)
    return _own(own)


async def restore_prompt(ask: Ask) -> None:
    """Have the hotline's own sound again."""
    prompt, language = _which(ask)
    if await asyncio.to_thread(ask.use.services.prompts.restore, prompt, language):
        await _note(ask, "prompt.restored", prompt, language)


async def _note(ask: Ask, what: str, prompt: P, language: Language, **detail: str) -> None:
    services = ask.use.services
    async with services.database.session() as session:
        target = f"{prompt.value}/{language.value}"
        await audit.note(session, services.now(), ask.who.username, what, target, **detail)


def _which(ask: Ask) -> tuple[P, Language]:
    try:
        prompt, language = P(ask.path("prompt")), Language(ask.path("language"))
    except ValueError:
        raise PromptNotFound(ask.path("prompt")) from None
    if CATALOGUE[prompt].tone is not None:
        raise PromptNotFound(prompt.value)
    return prompt, language


def _own(own: Own) -> OwnOut:
    text = CATALOGUE[P(own.id)].text(Language(own.language))
    return OwnOut(
        who=own.who,
        at=datetime.fromisoformat(own.at),
        source=own.source,
        licence=own.licence,
        text=own.text,
        current=own.text == text,
    )
