"""A phone in a real browser: Chromium without a window, and JsSIP in a page of our own."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import WSMsgType, web

from ivr.demo.leash import Leashed
from ivr.demo.sound import tone, write_wav
from tests import tools

_PAGE = '<!doctype html><meta charset="utf-8"><script src="phone.js"></script>'
_START_SECONDS = 30.0
_LIKE_HZ = 12.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # which root cannot have, nor who may not make namespaces
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
)
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


class Browser:
    """One browser with one phone. Use ``async with``.

    Args:
        speaks: the tone that its microphone hears, in Hz.
    """

    def __init__(self, *, speaks: float) -> None:
        self._speaks = speaks
        self._folder = Path()
        self._news: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._link: asyncio.Future[web.WebSocketResponse] | None = None
        self._runner: web.AppRunner | None = None
        self._process: Leashed | None = None

    async def __aenter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="browser-"))
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and self._process is not None:
            print("--- browser", self._process.tail(), sep="\n")
        await self.stop()

    async def register(self, facts: dict[str, Any]) -> None:
        """Register as a seat; ``facts`` as ``hotline seats show`` tells them."""
        await self._order("register", **{k: facts[k] for k in ("websocket", "user", "password")})
        await self.until("registered")

    async def hears(self, hz: float, times: int = 5, timeout: float = 15.0) -> None:
        """Wait until a tone was the loudest that it heard, ``times`` reports of 0.1 s on end."""
        told: list[float] = []
        try:
            async with asyncio.timeout(timeout):
                while len(told) < times or any(abs(h - hz) > _LIKE_HZ for h in told[-times:]):
                    told.append((await self._next("hears"))["hz"])
        except TimeoutError:
            raise AssertionError(f"no tone of {hz} Hz was heard, but {told[-50:]}") from None

    async def until(self, what: str, timeout: float = 30.0) -> dict[str, Any]:
        """Wait until it tells ``what``."""
        try:
            async with asyncio.timeout(timeout):
                return await self._next(what)
        except TimeoutError:
            raise AssertionError(f"the phone in the browser did not tell: {what}") from None

    async def hang_up(self) -> None:
        """End the call."""
        await self._order("hang up")
        await self.until("ended")

    async def stop(self) -> None:
        """End it, and remove what it wrote. Safe to repeat."""
        if self._process is not None:
            await self._process.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _start(self) -> None:
        self._link = asyncio.get_running_loop().create_future()
        script = await asyncio.to_thread(tools.browser_phone)
        program = await asyncio.to_thread(tools.browser)
        url = await self._serve(script)
        microphone = write_wav(self._folder / "microphone.wav", tone(self._speaks, 10.0))
        fonts = self._folder / "fonts.conf"
        where = (program.root or Path("/")) / "usr/share/fonts"
        fonts.write_text(_FONTS.format(fonts=where, cache=self._folder / "fonts"), "utf-8")
        self._process = await Leashed.start(
            [
                *program.argv,
                *_FLAGS,
                f"--user-data-dir={self._folder / 'profile'}",
                f"--use-file-for-fake-audio-capture={microphone}",
                url,
            ],
            log=self._folder / "browser.log",
            cwd=self._folder,
            env={"FONTCONFIG_FILE": str(fonts), "HOME": str(self._folder)},
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await asyncio.shield(self._link)
        except TimeoutError:
            raise AssertionError(f"the browser did not start: {self._process.tail()}") from None

    async def _serve(self, script: str) -> str:
        """Serve the page, on a port of its own; gives its address."""
        app = web.Application()

        async def page(_request: web.Request) -> web.Response:
            return web.Response(text=_PAGE, content_type="text/html")

        async def phone(_request: web.Request) -> web.Response:
            return web.Response(text=script, content_type="text/javascript")

        app.router.add_get("/", page)
        app.router.add_get("/phone.js", phone)
        app.router.add_get("/link", self._talk)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        link = web.WebSocketResponse()
        await link.prepare(request)
        assert self._link is not None
        self._link.set_result(link)
        async for message in link:
            if message.type is WSMsgType.TEXT:
                self._news.put_nowait(message.json())
        return link

    async def _order(self, what: str, **more: Any) -> None:
        assert self._link is not None
        await self._link.result().send_str(json.dumps({"what": what, **more}))

    async def _next(self, what: str) -> dict[str, Any]:
        while True:
            news = await self._news.get()
            assert news["what"] != "error", f"in the browser: {news['why']}"
            if news["what"] == what:
                return news
