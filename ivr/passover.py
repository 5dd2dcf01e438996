"""No answer rings on: a seat that let a call ring is passed over until that call is settled (T1).

``leastrecent`` chooses the seat that is idle for the longest time, and a seat that does not answer
stays just that: alone, Asterisk would ring it again and again. So a seat goes behind the others by
a penalty in the queue, one for each ring it missed, and comes back to its place when the call that
it missed is answered by another or gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from ivr.errors import AmiError

log = logging.getLogger(__name__)
_SETTLED = frozenset({"AgentConnect", "QueueCallerLeave"})


class PassOver:
    """Keeps the penalties of the queues' members as the calls going on want them.

    Args:
        set_penalty: tells Asterisk the penalty of a member (``PJSIP/8001``) in all queues;
            raises ``AmiError`` when it cannot.
    """

    def __init__(self, set_penalty: Callable[[str, int], Awaitable[object]]) -> None:
        self._set_penalty = set_penalty
        self._missed: dict[str, Counter[str]] = {}
        self._told: dict[str, int] = {}
        self._news = asyncio.Event()

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one AMI event."""
        call = event.get("Uniqueid", "")
        if event.get("Event") == "AgentRingNoAnswer":
            self._missed.setdefault(call, Counter())[event["Interface"]] += 1
            self._news.set()
        elif event.get("Event") in _SETTLED and self._missed.pop(call, None) is not None:
            self._news.set()

    def resync(self, queues: Iterable[Mapping[str, Any]]) -> None:
        """Begin afresh from the events of ``QueueStatus``: nobody is passed over."""
        self._missed.clear()
        self._told = {
            row["Location"]: int(row["Penalty"])
            for row in queues
            if row.get("Event") == "QueueMember" and row.get("Penalty", "0") != "0"
        }
        self._news.set()

    async def run(self) -> None:
        """Tell Asterisk what changed, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            wanted: Counter[str] = Counter()
            for missed in self._missed.values():
                wanted.update(missed)
            for member in {*wanted, *self._told}:
                await self._tell(member, wanted[member])

    async def _tell(self, member: str, penalty: int) -> None:
        if self._told.get(member, 0) == penalty:
            return
        try:
            await self._set_penalty(member, penalty)
        except AmiError as problem:  # after a lost link there is a resync
            log.warning("a seat that did not answer is not passed over: %s", problem)
        if penalty:
            self._told[member] = penalty
        else:
            self._told.pop(member, None)
