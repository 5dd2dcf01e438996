"""Serves the console's pages, made of ``web/`` (`ivr.frontend`)."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

_NOT_MADE = Path(__file__).with_name("no_console.html")
_PAGES = "login|password|calls|search|system"
_KEPT = "public, max-age=31536000, immutable"  # their names change with their content
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def add_console(app: web.Application, pages: Path) -> None:
    """Serve the console: its one page at ``/`` and at each address within it, and what that loads.

    Args:
        pages: the folder that it was made into; without it a page says what to do.
    """
    made = (pages / "index.html").is_file()
    index = pages / "index.html" if made else _NOT_MADE
    policy = _POLICY if made else "default-src 'none'; style-src 'unsafe-inline'"

    async def page(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(index, headers={"Content-Security-Policy": policy})

    app.router.add_get("/", page)
    app.router.add_get(f"/{{page:(?:{_PAGES})(?:/[^/]+)?}}", page)
    if (pages / "assets").is_dir():
        app.router.add_get("/assets/{name:[A-Za-z0-9_.-]+}", _Assets(pages / "assets").give)


class _Assets:
    """Files that are there from the start; no other is ever given."""

    def __init__(self, folder: Path) -> None:
        self._files = {file.name: file for file in folder.iterdir() if file.is_file()}

    async def give(self, request: web.Request) -> web.FileResponse:
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        return web.FileResponse(file, headers={"Cache-Control": _KEPT})
