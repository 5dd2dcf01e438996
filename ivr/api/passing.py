"""A file that was made for one answer."""

from __future__ import annotations

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter


class Passing(web.FileResponse):
    """Sends a file, or the part of it that is asked for, and deletes it."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it."""
        try:
            return await super().prepare(request)
        finally:
            self._path.unlink(missing_ok=True)
