"""The rows of the prompts in the table of routes."""

from __future__ import annotations

from ivr.api import prompt_handlers as handlers
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

_ONE = (errors.PromptNotFound,)

PROMPT_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/prompts",
        Permission.PROMPTS_MANAGE,
        handlers.list_prompts,
        handlers.PromptsOut,
    ),
    Route(
        "GET",
        "/api/v1/prompts/{prompt}/{language}/sound",
        Permission.PROMPTS_MANAGE,
        handlers.prompt_sound,
        raises=_ONE,
        media="audio/wav",
        also={206: None, 304: None, 412: None, 416: None},
    ),
    Route(
        "POST",
        "/api/v1/prompts/{prompt}/{language}",
        Permission.PROMPTS_MANAGE,
        handlers.replace_prompt,
        handlers.OwnOut,
        query=handlers.ReplaceQuery,
        upload=True,
        status=201,
        raises=(*_ONE, errors.GuardFailed),
    ),
    Route(
        "DELETE",
        "/api/v1/prompts/{prompt}/{language}",
        Permission.PROMPTS_MANAGE,
        handlers.restore_prompt,
        status=204,
        raises=_ONE,
    ),
)
