"""Watches a hotline as the console does: the WebSocket ``/api/v1/events``, put together."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.e2e.hotline import Hotline

_KEYS = {"calls": "id", "seats": "number", "queues": "name"}


@dataclass
class Picture:
    """What goes on at one moment, by id, number and name.

    Attributes:
        connected: whether it is true now: the controller hears from Asterisk.
    """

    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    seats: dict[str, dict[str, Any]] = field(default_factory=dict)
    queues: dict[str, dict[str, Any]] = field(default_factory=dict)
    connected: bool = False

    def take(self, message: dict[str, Any]) -> None:
        """Take in a snapshot or a change."""
        self.connected = message.get("connected", self.connected)
        for kind, key in _KEYS.items():
            items: dict[str, dict[str, Any]] = getattr(self, kind)
            items.update({item[key]: item for item in message.get(kind, ())})
            for gone in message.get(f"gone_{kind}", ()):
                items.pop(gone, None)

    def of(self, caller: str) -> dict[str, Any]:
        """The call from ``caller``; empty when there is none."""
        return next((call for call in self.calls.values() if call["caller"] == caller), {})

    def waiting(self) -> list[str]:
        """The callers who wait, in all queues, in their order."""
        entries = [entry for queue in self.queues.values() for entry in queue["waiting"]]
        return [self.calls[entry["call"]]["caller"] for entry in entries]

    def talking(self) -> list[str]:
        """The callers who talk to a seat."""
        return [call["caller"] for call in self.calls.values() if call["seats"]]


class Watcher:
    """The present picture, and every one before it. Use ``async with``.

    Attributes:
        now: the picture after the latest message.
        past: a picture after each message, oldest first.
    """

    def __init__(self, hotline: Hotline) -> None:
        self.now = Picture()
        self.past: list[Picture] = []
        self._hotline = hotline
        self._news = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._socket = await (await self._hotline.http()).ws_connect("/api/v1/events")
        self._listening = asyncio.create_task(self._listen())
        await self.until(lambda now: bool(now.seats), "snapshot")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._socket.close()
        if self._listening is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening

    async def until(
        self, true: Callable[[Picture], bool], what: str, timeout: float = 20.0
    ) -> Picture:
        """Wait until the picture is as wanted.

        Raises:
            AssertionError: it is not within ``timeout`` seconds, or the socket is closed.
        """
        try:
            async with asyncio.timeout(timeout):
                while not true(self.now):
                    assert self._listening is not None
                    assert not self._listening.done(), f"the WebSocket was closed before: {what}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {what} within {timeout} s: {self.now}") from None
        return copy.deepcopy(self.now)

    async def seat(self, number: str, state: str, timeout: float = 20.0) -> None:
        """Wait until a seat is shown in a state."""
        await self.until(
            lambda now: now.seats.get(number, {}).get("state") == state,
            f"{number} {state}",
            timeout,
        )

    async def _listen(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.now.take(message.json())
                self.past.append(copy.deepcopy(self.now))
                self._news.set()
        self._news.set()
