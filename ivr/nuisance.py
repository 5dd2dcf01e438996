"""Nuisance callers at the door: who is slowed or blocked now, in memory, so that no call waits.

What cannot be told is let in: without the database everybody is a citizen with a matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from ivr.call import Greeted
from ticketing.domain.calls import CallRecord
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.domain.nuisance import Measure
from ticketing.service.clock import utc_now
from ticketing.service.nuisance import Nuisance
from ticketing.store.nuisance import Kept

GATHER_SECONDS = 0.5  # what ends within is looked at together
REFRESH_SECONDS = 30.0
_AFTER_FAILURE = 3.0

log = logging.getLogger(__name__)


class NuisanceDoor:
    """One node's knowledge of the measures that hold.

    Args:
        told: of each new measure.
        now: the clock, UTC.
    """

    def __init__(
        self,
        nuisance: Nuisance,
        told: Callable[[Kept], None] = lambda _kept: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._nuisance, self._told, self._now = nuisance, told, now
        self._holding: dict[str, list[Kept]] = {}
        self._ended: asyncio.Queue[Sequence[CallRecord]] = asyncio.Queue()
        self._changed = asyncio.Event()

    def greeted(self, caller: str) -> Greeted:
        """How a caller is to be met."""
        now = self._now()
        held = {kept.measure for kept in self._holding.get(caller, ()) if kept.holds(now)}
        if not held:
            return Greeted()
        rules = self._nuisance.rules()
        if Measure.BLOCKED in held:
            return Greeted(blocked=True, connect=rules.connect_emergency)
        return Greeted(wait_seconds=rules.slow_wait_seconds)

    def ended(self, records: Sequence[CallRecord]) -> None:
        """See what calls have come to."""
        self._ended.put_nowait(records)

    def changed(self) -> None:
        """A measure was taken or lifted: look again."""
        self._changed.set()

    async def run(self) -> None:
        """Keep watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._observe(), name="nuisance-calls")
            group.create_task(self._refresh(), name="nuisance-measures")

    async def _observe(self) -> None:
        while True:
            records = list(await self._ended.get())
            await asyncio.sleep(GATHER_SECONDS)
            while not self._ended.empty():
                records += self._ended.get_nowait()
            try:
                made = await self._nuisance.observe(records)
            except DatabaseUnavailable as problem:
                log.warning("calls without a matter are not counted: %s", problem)
                continue
            for kept in made:
                self._told(kept)
            if made:
                self._changed.set()

    async def _refresh(self) -> None:
        while True:
            self._changed.clear()
            wait = REFRESH_SECONDS
            try:
                found: dict[str, list[Kept]] = {}
                for kept in await self._nuisance.holding():
                    found.setdefault(kept.caller, []).append(kept)
                self._holding = found
            except DatabaseUnavailable as problem:
                log.warning("measures against callers are not read: %s", problem)
                wait = _AFTER_FAILURE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()
