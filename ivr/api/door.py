"""The door: every request passes here, and nowhere else is it decided whether it may.

In order: is there such a route, who is asking, from which site, with which permission, and is what
they send well formed. Every error leaves here as ``{"error": id, "message": text}``.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError
from yarl import URL

from ivr.api.handlers import session_cookie
from ivr.api.problems import PROBLEMS, ApiError, choose_language, text
from ivr.api.routes import Access, Route
from ivr.api.services import Ask, UseCases
from ivr.errors import HotlineError
from ticketing.domain.errors import (
    BadAttachment,
    BadPauseReason,
    GuardFailed,
    NobodyAnswered,
    NotAllowed,
    NotLoggedIn,
    PersonSeated,
    RecordingDeleted,
    TicketingError,
    TooManyAttempts,
)
from ticketing.domain.roles import OPERATOR, Principal

logger = logging.getLogger(__name__)
BODY_LIMIT = 64 * 1024
_BODY_SECONDS = 10.0
_SAFE = {"GET", "HEAD"}
_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """Lets requests in.

    Args:
        routes: (method, path) → row; what is not in it does not exist.
        use: what the handlers may use.
        operator: everyone who gets here is the local operator.
    """

    def __init__(
        self, routes: Mapping[tuple[str, str], Route], use: UseCases, *, operator: bool
    ) -> None:
        self._routes, self._use, self._operator = routes, use, operator

    async def let_in(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        route = self._routes[_key(request)]
        principal, token = await self._who(request, route)
        _check_site(request, route)
        _check_permission(route, principal, token)
        _check_path(request)
        query = None if route.query is None else _parse_query(request, route.query)
        body = None if route.body is None else await _parse_body(request, route.body)
        answer = await route.handler(Ask(request, self._use, principal, token, query, body))
        if isinstance(answer, web.StreamResponse):
            return answer
        if answer is None:
            return web.Response(status=route.status)
        return web.Response(
            status=route.status, body=answer.model_dump_json(), content_type="application/json"
        )

    async def _who(self, request: web.Request, route: Route) -> tuple[Principal | None, str]:
        if route.access is Access.WORKER:
            token = _bearer(request)
            return None, token if token and await self._use.sounds.knows(token) else ""
        if self._operator:
            return OPERATOR, ""
        token = _bearer(request) or request.cookies.get(session_cookie(request), "")
        if not token:
            return None, ""
        try:
            return await self._use.accounts.principal(token), token
        except NotLoggedIn:
            return None, ""
        except TicketingError:
            if route.access is Access.PUBLIC:
                return None, ""
            raise


@web.middleware
async def errors_as_json(request: web.Request, handler: _Next) -> web.StreamResponse:
    """Turn every error into JSON, in the language that is asked for; none tells of our insides."""
    try:
        return await handler(request)
    except ApiError as error:
        return problem(request, error.id, error.headers, **error.values)
    except TooManyAttempts as error:
        headers = {"Retry-After": str(error.retry_after)}
        return problem(request, error.id, headers, retry_after=error.retry_after)
    except GuardFailed as error:
        return problem(request, error.id, reason=error.guard, zh=error.zh, en=error.en, ko=error.ko)
    except BadAttachment as error:
        return problem(request, error.id, detail=str(error))
    except BadPauseReason as error:
        return problem(request, error.id, reasons="、".join(error.reasons))
    except NobodyAnswered as error:
        return problem(request, error.id, tried="、".join(error.tried))
    except RecordingDeleted as error:
        return problem(request, error.id, at=f"{error.at:%Y-%m-%d}")
    except PersonSeated as error:
        return problem(request, error.id, seat=error.seat)
    except TicketingError as error:
        headers = {"WWW-Authenticate": "Bearer"} if PROBLEMS[error.id].status == 401 else {}
        return problem(request, error.id, headers)
    except HotlineError:
        logger.warning("%s %s failed", request.method, _canonical(request), exc_info=True)
        return problem(request, "phones_unavailable", {"Retry-After": "5"})
    except web.HTTPRequestEntityTooLarge:
        return problem(request, "body_too_large", limit=BODY_LIMIT)
    except web.HTTPMethodNotAllowed as error:
        allow = ", ".join(sorted(error.allowed_methods))
        return problem(request, "method_not_allowed", {"Allow": allow}, allow=allow)
    except web.HTTPNotFound:
        return problem(request, "not_found")
    except web.HTTPException as error:
        return problem(request, "bad_request", detail=error.reason)
    except Exception:
        logger.exception("%s %s failed", request.method, _canonical(request))
        return problem(request, "internal_error")


def problem(
    request: web.Request,
    id: str,  # noqa: A002
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> web.Response:
    """The answer for one row of the problems' table."""
    language = choose_language(request.headers.get("Accept-Language", ""))
    told = {"error": id, "message": text(id, language, values)}
    if "reason" in values:
        told["reason"] = values["reason"]
    body = json.dumps(told, ensure_ascii=False)
    return web.Response(
        status=PROBLEMS[id].status,
        body=body.encode(),
        content_type="application/json",
        headers={**(headers or {}), "Content-Language": language, "Vary": "Accept-Language"},
    )


def _key(request: web.Request) -> tuple[str, str]:
    method = "GET" if request.method == "HEAD" else request.method
    return method, _canonical(request)


def _canonical(request: web.Request) -> str:
    """The route's path with its places unfilled: nothing personal, fit for a log."""
    resource = request.match_info.route.resource
    return "(no such path)" if resource is None else resource.canonical


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _check_site(request: web.Request, route: Route) -> None:
    """Refuse what a page of another site makes a browser send (CSRF, and foreign WebSockets).

    Browsers name the site in ``Sec-Fetch-Site`` or ``Origin``; programs that are no browser name
    none, and hold no user's cookie unless the user has given it to them. A request with a bearer's
    token cannot be made by a foreign page at all.
    """
    if request.method in _SAFE and route.status != 101:
        return
    if _bearer(request):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        raise ApiError("foreign_origin")
    origin = request.headers.get("Origin")
    if origin is not None and not _same_host(origin, request):
        raise ApiError("foreign_origin")


def _same_host(origin: str, request: web.Request) -> bool:
    # The scheme is left out: behind a proxy that ends TLS we do not know it.
    try:
        theirs = URL(origin)
        ours = URL(f"{theirs.scheme}://{request.host}")
        return bool(theirs.host) and (theirs.host, theirs.port) == (ours.host, ours.port)
    except ValueError:
        return False


def _check_permission(route: Route, principal: Principal | None, token: str) -> None:
    if route.access is Access.PUBLIC or (route.access is Access.WORKER and token):
        return
    if principal is None:
        raise NotLoggedIn
    if principal.must_change_password and not route.locked:
        raise ApiError("password_change_required")
    if not isinstance(route.access, Access) and not principal.may(route.access):
        raise NotAllowed


def _check_path(request: web.Request) -> None:
    if any(not part.isprintable() for part in request.match_info.values()):
        raise web.HTTPNotFound


def _parse_query(request: web.Request, model: type[BaseModel]) -> BaseModel:
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values:
            raise ApiError("bad_request", detail=f"{name}: given twice")
        values[name] = value
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise ApiError("bad_request", detail=_explain(error)) from None


async def _parse_body(request: web.Request, model: type[BaseModel]) -> BaseModel:
    if request.content_type != "application/json":
        raise ApiError("unsupported_media_type")
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            raw = await request.read()
    except TimeoutError:
        raise ApiError("request_timeout", {"Connection": "close"}) from None
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise ApiError("bad_request", detail=_explain(error)) from None


def _explain(error: ValidationError) -> str:
    """The first complaint; never the value, which may be a password."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    plain = {"string_pattern_mismatch": "this cannot be written here"}
    said = plain.get(first["type"], first["msg"])
    return f"{place}: {said}" if place else said
