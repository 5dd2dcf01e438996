"""``hotline watch``: queues, seats and calls as they are now, in the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import termios
import time
import tty
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from typing import Any

import aiohttp
import click
from rich.console import Console
from rich.live import Live

from ivr.cli.board import Picture, draw
from ivr.cli.control import NotRunning, ask, session
from ivr.errors import SetupError
from ivr.settings import Settings

RETRY_SECONDS = 1.0
_TICK_SECONDS = 0.5  # the clock and how long things last go on without any news
_PAUSE_SECONDS = 0.1  # between two drawings
_HEARTBEAT_SECONDS = 5.0  # a hotline that hangs is noticed, not only one that is gone
_LARGEST = 1 << 26  # bytes of one message


@click.command()
@click.option("--once", is_flag=True, help="Print one picture and end.")
@click.option("--json", "as_json", is_flag=True, help="Print each message as a line of JSON.")
@click.pass_obj
def watch(settings: Settings, once: bool, as_json: bool) -> None:
    """Watch queues, seats and calls live; q or Ctrl-C leaves.

    It connects again by itself when the hotline restarts. With --json the first line is a
    snapshot and each later one a change; --once --json prints the snapshot only.
    """
    if once or as_json:
        asyncio.run(_stream(settings, once=once, as_json=as_json))
    elif sys.stdout.isatty():
        asyncio.run(_screen(settings))
    else:
        raise SetupError("this is no terminal: add --once or --json")


async def messages(settings: Settings) -> AsyncGenerator[dict[str, Any], None]:
    """What ``/api/v1/events`` tells, for ever; ``{"type": "lost"}`` each time contact is lost.

    After a loss the connection is tried once a second, until the reader has enough.

    Raises:
        NotRunning: no hotline answers at the first attempt.
    """
    await ask(settings, "GET", "/api/v1/queues")
    linked = True
    while True:
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            async with (
                session(settings) as client,
                client.ws_connect(
                    "/api/v1/events", heartbeat=_HEARTBEAT_SECONDS, max_msg_size=_LARGEST
                ) as socket,
            ):
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        linked = True
                        yield json.loads(message.data)
        if linked:
            linked = False
            yield {"type": "lost"}
        await asyncio.sleep(RETRY_SECONDS)


async def _stream(settings: Settings, *, once: bool, as_json: bool) -> None:
    """Print messages, or one picture, as plain lines."""
    async with _leaving() as leave, aclosing(messages(settings)) as told:
        while (message := await _unless(leave, anext(told))) is not None:
            if as_json:
                click.echo(json.dumps(message, ensure_ascii=False))
            elif message["type"] == "snapshot":
                console = Console()
                picture = Picture().after(message)
                console.print(
                    draw(picture, now=time.time(), zone=settings.timezone, width=console.width)
                )
            if once and message["type"] == "lost":
                raise NotRunning("the hotline went away; is it being stopped?")
            if once:
                return


async def _screen(settings: Settings) -> None:
    """Draw the picture on the whole terminal until the person leaves."""
    console = Console()
    picture, news = Picture(linked=True, connected=True), asyncio.Event()

    async def listen() -> None:
        nonlocal picture
        async with aclosing(messages(settings)) as told:
            async for message in told:
                picture = picture.after(message)
                news.set()

    await ask(settings, "GET", "/api/v1/queues")  # not running: say so in the plain terminal
    async with _leaving() as leave:
        listening = asyncio.create_task(listen())
        try:
            with (
                _keys(leave),
                Live(console=console, screen=True, auto_refresh=False, transient=True) as live,
            ):
                while not leave.is_set() and not listening.done():
                    news.clear()
                    width, height = console.size
                    seen = draw(
                        picture,
                        now=time.time(),
                        zone=settings.timezone,
                        width=width,
                        height=height,
                    )
                    live.update(seen, refresh=True)
                    await asyncio.sleep(_PAUSE_SECONDS)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_TICK_SECONDS):
                            await _unless(leave, news.wait())
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening


@asynccontextmanager
async def _leaving() -> AsyncIterator[asyncio.Event]:
    """An event that is set when the person, or the system, wants us to end."""
    leave, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leave.set)
    try:
        yield leave
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _unless(leave: asyncio.Event, work: Any) -> Any:
    """The result of ``work``, or None when it is time to leave first."""
    working, leaving = asyncio.ensure_future(work), asyncio.create_task(leave.wait())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


@contextmanager
def _keys(leave: asyncio.Event) -> Iterator[None]:
    """Take single keys from the terminal: q leaves."""
    if not sys.stdin.isatty():
        yield
        return
    handle, loop = sys.stdin.fileno(), asyncio.get_running_loop()

    def read() -> None:
        typed = os.read(handle, 64)
        if not typed or b"q" in typed.lower():
            leave.set()

    before = termios.tcgetattr(handle)
    try:
        tty.setcbreak(handle)
        loop.add_reader(handle, read)
        yield
    finally:
        loop.remove_reader(handle)
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
