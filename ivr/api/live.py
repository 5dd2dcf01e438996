"""What goes on now, and who is told of its changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Protocol

_MOST_WAITING = 1000


class Lagging(Exception):
    """A subscriber is so far behind that changes had to be dropped; it must start afresh."""


class Live(Protocol):
    """The live state, as JSON."""

    def snapshot(self) -> dict[str, Any]:
        """``calls``, ``seats`` and ``queues``, each a list of objects, and ``seq``.

        A seat has its ``number``; a call has its citizen in ``caller`` (and ``caller_name``), which
        are masked for those who may not see them, wherever they stand. ``seq`` is the number of
        the last change that is in it.
        """

    def subscribe(self) -> AsyncIterator[dict[str, Any]]:
        """The changes from this call on (not from the first step of the iterator).

        Each has a ``seq``, greater than the one before. May raise `Lagging`.
        """


class Broadcast:
    """Hands changes to many subscribers, and waits for none of them."""

    def __init__(self) -> None:
        self.seq = 0
        self._subscribers: set[_Subscription] = set()

    def publish(self, change: dict[str, Any]) -> None:
        """Number ``change`` and hand it on."""
        self.seq += 1
        numbered = {**change, "seq": self.seq}
        for subscriber in tuple(self._subscribers):
            if not subscriber.offer(numbered):
                self._subscribers.discard(subscriber)

    def subscribe(self) -> _Subscription:
        """The changes from now on; forgotten when the iterator is closed or lags."""
        subscriber = _Subscription(self._subscribers)
        self._subscribers.add(subscriber)
        return subscriber

    def __len__(self) -> int:
        return len(self._subscribers)


class _Subscription:
    def __init__(self, among: set[_Subscription]) -> None:
        self._among = among
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_MOST_WAITING)
        self._lagging = False

    def offer(self, change: dict[str, Any]) -> bool:
        try:
            self._waiting.put_nowait(change)
        except asyncio.QueueFull:
            self._lagging = True
        return not self._lagging

    def __aiter__(self) -> _Subscription:
        return self

    async def __anext__(self) -> dict[str, Any]:
        if self._lagging:
            raise Lagging
        return await self._waiting.get()

    async def aclose(self) -> None:
        self._among.discard(self)
