"""No key of a waiting caller is lost (T1).

While Asterisk's queue says a caller's place, a key stops it and then counts as none (app_queue
forgets which key it was; asterisk#543). So a key that leads out of the queue is pressed once more
for a caller who still waits a moment after it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ivr.errors import AmiError

log = logging.getLogger(__name__)
WAY_OUT = frozenset({"1", "3"})  # as in the context queue-keys of extensions.conf
_MOMENT_SECONDS = 0.3


class LostKeys:
    """Presses lost keys again.

    Args:
        waits: whether a call waits in a queue now, by its id.
        press: presses a key on a channel as if its caller had; raises ``AmiError`` when Asterisk
            does not.
    """

    def __init__(
        self, waits: Callable[[str], bool], press: Callable[[str, str], Awaitable[object]]
    ) -> None:
        self._waits = waits
        self._press = press
        self._ours: set[str] = set()  # calls whose next key is the one that we pressed
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one AMI event."""
        call = event.get("Uniqueid", "")
        if event.get("Event") == "QueueCallerLeave":
            self._ours.discard(call)
        if event.get("Event") != "DTMFEnd" or event.get("Direction") != "Received":
            return
        if call in self._ours:
            self._ours.discard(call)
        elif event.get("Digit") in WAY_OUT and self._waits(call):
            task = asyncio.create_task(self._look(call, event["Channel"], event["Digit"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look(self, call: str, channel: str, key: str) -> None:
        await asyncio.sleep(_MOMENT_SECONDS)
        if not self._waits(call):
            return
        self._ours.add(call)
        try:
            await self._press(channel, key)
        except AmiError as problem:
            self._ours.discard(call)
            log.info("a key of a waiting caller is lost: %s", problem)
