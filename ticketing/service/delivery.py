"""Empties the outbox: tells citizens, by the way the matter came (M1), and units.

At least once and idempotent: an item keeps its id for ever, receivers drop what they have seen, and
a crash between the telling and the note that it is done brings it again with the same id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ticketing.channels.errors import BadPhone
from ticketing.channels.outbound import (
    Delivered,
    Failed,
    OutboxItem,
    Outcome,
    TryAgain,
)
from ticketing.channels.outbound import Delivery as Citizens
from ticketing.channels.phones import PhoneKind, read_phone
from ticketing.channels.webhooks import retry_at
from ticketing.domain.effects import EffectKind
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.domain.matters import Channel
from ticketing.service.clock import utc_now
from ticketing.service.letters import letter_of
from ticketing.service.orders import Worlds
from ticketing.store import history, inbox, outbox
from ticketing.store.database import Database
from ticketing.store.inbox import Message
from ticketing.store.outbox import Item

BATCH = 20
AT_ONCE = 8  # orders whose items are on their way at the same time
LONGEST = 60.0  # seconds for one item; less than the outbox's lease

_log = logging.getLogger(__name__)


class UnitHook(Protocol):
    """Tells a unit's own system of what is in its inbox."""

    async def tell(self, message: Message) -> Outcome:
        """Try once; what goes wrong is an outcome, not an error."""
        ...


@dataclass(frozen=True, slots=True)
class Emptied:
    """What one round has done; ``more`` may be waiting when ``taken`` was a whole batch."""

    taken: int = 0
    done: int = 0
    later: int = 0
    failed: int = 0
    more: bool = False


class OutboxWorker:
    """Does what is in the outbox.

    Args:
        database: where it is.
        worlds: names of units, and the texts of a pack.
        citizens: the ways to citizens.
        units: told of each message beside the inbox; None: the inbox alone.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        worlds: Worlds,
        citizens: Citizens,
        units: UnitHook | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._worlds, self._now = database, worlds, now
        self._citizens, self._units = citizens, units

    async def run_once(self) -> Emptied:
        """Take what may be done now, and do it; items of one order one after the other.

        Raises:
            DatabaseUnavailable: what was taken comes again.
        """
        async with self._database.reading() as session:
            if not await outbox.due(session, self._now()):
                return Emptied()
        async with self._database.session() as session:
            items = await outbox.claim(session, self._now(), BATCH)
        by_order: dict[str, list[Item]] = {}
        for item in items:
            by_order.setdefault(item.number, []).append(item)
        slots = asyncio.Semaphore(AT_ONCE)
        results = await asyncio.gather(
            *(self._one_order(mine, slots) for mine in by_order.values()), return_exceptions=True
        )
        outcomes: list[Outcome] = []
        for result in results:
            if isinstance(result, BaseException):
                raise result
            outcomes += result
        done, later, failed = (
            sum(isinstance(outcome, kind) for outcome in outcomes)
            for kind in (Delivered, TryAgain, Failed)
        )
        return Emptied(len(items), done, later, failed, more=len(items) == BATCH)

    async def _one_order(self, items: list[Item], slots: asyncio.Semaphore) -> list[Outcome]:
        async with slots:
            return [await self._one(item) for item in items]

    async def _one(self, item: Item) -> Outcome:
        try:
            async with asyncio.timeout(LONGEST):
                outcome = await self._deliver(item)
        except DatabaseUnavailable:
            raise
        except TimeoutError:
            outcome = TryAgain(f"no end within {LONGEST:g} s")
        except Exception as error:  # one item that cannot be told keeps none of the others
            _log.exception("outbox %s: it cannot be told", item.id)
            outcome = TryAgain(f"an error of the hotline itself ({type(error).__name__})")
        return await self._noted(item, outcome)

    async def _noted(self, item: Item, outcome: Outcome) -> Outcome:
        """Write down how it went; what may be tried again is, until the schedule ends."""
        now = self._now()
        if isinstance(outcome, TryAgain):
            at = retry_at(item.attempts + 1, now, item.id)
            if at is None:
                outcome = Failed(f"{outcome.reason} ({item.attempts + 1} attempts)")
            elif outcome.after is not None:
                at = max(at, now + timedelta(seconds=outcome.after))
        async with self._database.session() as session:
            match outcome:
                case Delivered():
                    await outbox.done(session, item.id, now)
                case TryAgain():
                    await outbox.later(session, item.id, at, outcome.reason)
                case Failed():
                    _log.warning("outbox %s: it failed: %s", item.id, outcome.reason)
                    await outbox.later(session, item.id, None, outcome.reason)
        return outcome

    async def _deliver(self, item: Item) -> Outcome:
        match item.kind:
            case EffectKind.TELL_CITIZEN:
                return await self._tell_citizen(item)
            case EffectKind.TELL_UNIT | EffectKind.TELL_DESK:
                return await self._tell_unit(item)
            case EffectKind.PAPER:
                return Delivered("")  # it is made when somebody prints it
            case _:
                return Failed(f"nobody knows what {item.kind} is")

    async def _tell_citizen(self, item: Item) -> Outcome:
        async with self._database.reading() as session:
            events = await history.read(session, item.number)
        day = item.created_at.astimezone(self._worlds.zone).date()
        pack = next((event.pack for event in reversed(events) if event.pack), "")
        letter = letter_of(item.id, events, await self._worlds.world(day, pack))
        if _heard_already(letter):
            return Delivered("")
        return await self._citizens.deliver(letter)

    async def _tell_unit(self, item: Item) -> Outcome:
        message = Message(item.id, item.target, item.number, item.what, item.created_at)
        async with self._database.session() as session:
            await inbox.put(session, message)
        return Delivered("") if self._units is None else await self._units.tell(message)


def _heard_already(letter: OutboxItem) -> bool:
    """Whether the citizen was told on the telephone what no text message can reach with."""
    channel, _, number = letter.target.partition(":")
    if letter.kind != "received" or channel != Channel.PHONE.value:
        return False
    try:
        return read_phone(number).kind is not PhoneKind.MOBILE
    except BadPhone:
        return True
