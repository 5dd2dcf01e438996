"""Builds the aiohttp application from the table of routes."""

from __future__ import annotations

import asyncio
import json
from functools import cache

from aiohttp import web

from ivr.api.console import add_console
from ivr.api.door import BODY_LIMIT, Door, errors_as_json
from ivr.api.events import OPEN, OpenSockets, close_all
from ivr.api.openapi import describe
from ivr.api.routes import ROUTES
from ivr.api.services import ApiServices, UseCases

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def build_api(services: ApiServices, *, operator: bool = False) -> web.Application:
    """The application with all routes.

    Args:
        services: what the handlers use.
        operator: every request is the local operator's, who may do all. Serve such an application
            on a Unix socket only (`ivr.api.sites.serve_unix`), where file permission guards it.
    """
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[errors_as_json])
    app[OPEN] = OpenSockets()
    door = Door(
        {(row.method, row.path): row for row in ROUTES}, UseCases.of(services), operator=operator
    )
    for row in ROUTES:
        app.router.add_route(row.method, row.path, door.let_in)
        if row.method == "GET" and row.status != 101:
            app.router.add_route("HEAD", row.path, door.let_in)

    async def openapi(request: web.Request) -> web.Response:
        description = await asyncio.to_thread(_description, services.version)
        return web.Response(body=description, content_type="application/json")

    app.router.add_get("/openapi.json", openapi)
    add_console(app, services.pages)
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(close_all)
    return app


@cache
def _description(version: str) -> bytes:
    """``/openapi.json``: made when somebody first asks for it; it takes half a second."""
    return json.dumps(describe(ROUTES, version), ensure_ascii=False).encode()


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "hotline"  # aiohttp would tell its version, and Python's
