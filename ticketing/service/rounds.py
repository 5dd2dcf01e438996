"""Use case of the clock: rounds of supervision are drafted when their period is over (D6, D7).

A round is drafted once, whatever node does it and however late: that it was, and its drafts, are
written in one unit of work. Of several periods that were missed the last one is drafted.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from ticketing.domain.errors import NoPolicy
from ticketing.domain.fold import fold
from ticketing.domain.measures import Draft
from ticketing.domain.supervision import Facts
from ticketing.domain.supervision_facts import facts_of
from ticketing.domain.supervision_rounds import (
    Period,
    Rhythm,
    hard_cases,
    last_period,
    unit_rounds,
)
from ticketing.domain.units import UnitKind, UnitTree
from ticketing.service.clock import utc_now
from ticketing.service.orders import Worlds
from ticketing.store import drafts, history, inbox
from ticketing.store import rounds as store
from ticketing.store.database import Database
from ticketing.store.inbox import Message

HARD_CASES, BULLETINS = "hard_cases", "bulletins"
BATCH = 100  # orders that are read at once
TOLD = "round_drafted"
"""What the message is called that tells the centre of a round to be issued."""


class Rounds:
    """Drafts the rounds of all hotline bodies.

    Args:
        database: where orders and drafts are.
        worlds: whose pack says how often.
        now: the clock, UTC.
    """

    def __init__(
        self, database: Database, worlds: Worlds, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database, self._worlds, self._now = database, worlds, now

    async def draft(self) -> int:
        """Draft what is due and was not drafted yet.

        Returns:
            how many rounds were drafted now.

        Raises:
            UnitNotFound: there is no unit yet.
            DatabaseUnavailable
        """
        now = self._now()
        try:
            world = await self._worlds.world(now.astimezone(self._worlds.zone).date())
        except NoPolicy:
            return 0
        rules, done = world.pack.supervision, 0
        for kind, rhythm in ((HARD_CASES, rules.hard_cases), (BULLETINS, rules.bulletins)):
            for centre in _centres(world.units):
                done += await self._round(centre, kind, rhythm, now)
        return done

    async def _round(self, centre: str, kind: str, rhythm: Rhythm, now: datetime) -> bool:
        period = last_period(rhythm, now, self._worlds.zone)
        if period is None:
            return False
        async with self._database.reading() as session:
            if await store.is_drafted(session, centre, kind, period.id):
                return False
            if kind == HARD_CASES:
                numbers = await store.open_orders(session, centre)
            else:
                numbers = await store.fallen_due(session, centre, period.start, period.end)
        found = _needed(kind, await self._facts(numbers), period, now, centre)
        async with self._database.session() as session:
            if not await store.claim(session, centre, kind, period.id, now):
                return False
            await drafts.add_round(session, found, now)
            if found:
                told = message_id("drafted", f"{centre}/{kind}/{period.id}")
                await inbox.put(session, Message(told, centre, period.id, TOLD, now))
        return True

    async def _facts(self, numbers: Sequence[str]) -> list[Facts]:
        """What supervision needs to know of the orders; others work in between."""
        found: list[Facts] = []
        for start in range(0, len(numbers), BATCH):
            async with self._database.reading() as session:
                some = await history.read_several(session, numbers[start : start + BATCH])
            for events in some.values():
                order = fold(events)
                day = order.received_at.astimezone(self._worlds.zone).date()
                facts = facts_of(order, await self._worlds.world(day, order.pack), ended=True)
                if facts is not None:
                    found.append(facts)
            await asyncio.sleep(0)
        return found


def message_id(what: str, key: str) -> str:
    """The id of a message about a round: the same for the same."""
    return f"round-{what}-{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _needed(
    kind: str, facts: Sequence[Facts], period: Period, now: datetime, centre: str
) -> tuple[Draft, ...]:
    if kind == BULLETINS:
        return unit_rounds(facts, period, now, centre=centre)
    batch = hard_cases(facts, period, now, centre=centre)
    return () if batch is None else (batch,)


def _centres(tree: UnitTree) -> Iterator[str]:
    """The hotline bodies: each looks after the orders that it took in (N2, N3)."""
    yield tree.root.id
    for unit in tree:
        if unit.kind is UnitKind.CENTRE and unit.active and unit.id != tree.root.id:
            yield unit.id
