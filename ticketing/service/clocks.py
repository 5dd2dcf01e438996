"""The clocks' own steps: sweeps over the orders that something is due for (D1, W8, C1, note 7).

A sweep may come late, twice, or on two nodes at once: what is due is read from the order itself,
and of two who do the same step one wins and the other passes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from ticketing.domain import actions as do
from ticketing.domain.actions import Command
from ticketing.domain.errors import DatabaseUnavailable, Refused
from ticketing.domain.fold import fold
from ticketing.domain.guards import Actor, World
from ticketing.domain.limits import limits_after
from ticketing.domain.timers import due_commands, wake_at
from ticketing.domain.work_order import RUNNING, WorkOrder
from ticketing.service.clock import utc_now
from ticketing.service.orders import Due, Orders, Worlds, system_actor
from ticketing.store import history, orders
from ticketing.store.database import Database
from ticketing.store.order_tables import WORK_ORDERS

CLOCK = "clock"
BATCH = 100  # orders that are looked up, and done, at once
MOST = 5000  # orders in one sweep; the next one goes on

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep has done.

    Attributes:
        looked: at how many orders.
        steps: how many steps were done.
        failed: orders that could not be judged; the log says why.
        more: something is left for the next sweep.
    """

    looked: int = 0
    steps: int = 0
    failed: int = 0
    more: bool = False


class Clocks:
    """Sweeps.

    Args:
        database: where the orders are.
        orders: does the steps.
        worlds: what orders are judged by.
        now: the clock of ``orders``, UTC.
        batch, most: how many orders are looked up at once, and looked at in one sweep.
    """

    def __init__(
        self,
        database: Database,
        orders: Orders,
        worlds: Worlds,
        now: Callable[[], datetime] = utc_now,
        *,
        batch: int = BATCH,
        most: int = MOST,
    ) -> None:
        self._database, self._orders, self._worlds, self._now = database, orders, worlds, now
        self._batch, self._most = batch, most
        self._years: frozenset[int] | None = None  # published years that all orders have seen

    async def sweep(self) -> Swept:
        """Do what is due now: alarms, with the drafts of supervision they bring, and archiving.

        Raises:
            UnitNotFound: there is no unit yet.
            DatabaseUnavailable
        """
        clock = system_actor(CLOCK, await self._worlds.tree())
        looked = steps = failed = 0
        left: set[str] = set()  # to be looked at by the next sweep
        while looked < self._most:
            async with self._database.reading() as session:
                found = await orders.waking(session, self._now(), self._batch + len(left))
            numbers = [number for number in found if number not in left][: self._batch]
            if not numbers:
                return Swept(looked, steps, failed, more=bool(left))
            done = await self._together(numbers, clock)
            looked, steps = looked + len(done), steps + sum(done.values())
            for number in [number for number in numbers if number not in done]:
                looked += 1
                try:
                    taken, settled = await self._look(number, clock, due_commands)
                    if settled and not taken:
                        await self._wake_anew(number)
                except DatabaseUnavailable:
                    raise
                except Exception:  # one order that cannot be judged keeps none of the others
                    _log.exception("order %s: the clock cannot judge it", number)
                    taken, settled, failed = 0, False, failed + 1
                steps += taken
                if not settled:
                    left.add(number)
        return Swept(looked, steps, failed, more=True)

    async def _together(self, numbers: Sequence[str], clock: Actor) -> dict[str, int]:
        """Do what is due for many orders at once: how many steps for each of them; none at all
        when one of them cannot be judged, so that each is looked at by itself."""
        try:
            return await self._orders.act_together(clock, numbers, due_commands)
        except DatabaseUnavailable:
            raise
        except Exception as problem:
            _log.info("%d orders are looked at one by one: %s", len(numbers), problem)
            return {}

    async def recompute(self) -> Swept:
        """Set limits anew that were provisional, once their years have been published (note 7).

        All such orders are looked at when the published years are others than at the last time.

        Raises:
            UnitNotFound, NoPolicy, DatabaseUnavailable
        """
        today = self._now().astimezone(self._worlds.zone).date()
        years = (await self._worlds.world(today)).calendar.years
        if years == self._years:
            return Swept()
        clock = system_actor(CLOCK, await self._worlds.tree())
        looked = steps = failed = 0
        last = ""
        while numbers := await self._provisional(last):
            for number in numbers:
                looked += 1
                try:
                    done, settled = await self._look(number, clock, _published)
                except DatabaseUnavailable:
                    raise
                except Exception:
                    _log.exception("order %s: its limits cannot be set anew", number)
                    done, settled = 0, False
                steps, failed = steps + done, failed + (not settled)
            last = numbers[-1]
        if not failed:
            self._years = years
        return Swept(looked, steps, failed, more=failed > 0)

    async def _provisional(self, after: str) -> list[str]:
        columns = WORK_ORDERS.c
        query = select(columns.number).where(columns.provisional, columns.number > after)
        async with self._database.reading() as session:
            found = await session.execute(query.order_by(columns.number).limit(self._batch))
            return list(found.scalars())

    async def _look(self, number: str, clock: Actor, due: Due) -> tuple[int, bool]:
        """Do what is due for one order: how many steps, and whether that was all."""
        async with self._database.reading() as session:
            order = fold(await history.read(session, number))
        commands = due(order, self._now(), await self._world(order))
        for done, command in enumerate(commands):
            try:
                order = await self._orders.act(clock, number, command, order.version)
            except Refused as refusal:  # somebody was faster; what is still due is found again
                _log.info("order %s: %s was passed over: %s", number, command.action, refusal)
                return done, False
        return len(commands), True

    async def _wake_anew(self, number: str) -> None:
        """Nothing is due after all: the rules or the calendar were others when it was written."""
        async with self._database.session() as session:
            await orders.lock(session, number)
            order = fold(await history.read(session, number))
            at = wake_at(order, await self._world(order))
            await session.execute(
                update(WORK_ORDERS).where(WORK_ORDERS.c.number == number).values(wake_at=at)
            )

    async def _world(self, order: WorkOrder) -> World:
        day = self._now().astimezone(self._worlds.zone).date()
        return await self._worlds.world(day, order.pack if order.chain else "")


def _published(order: WorkOrder, now: datetime, world: World) -> tuple[Command, ...]:
    """The limits anew, when no day that decides them is provisional any more."""
    holder = order.holder
    if holder is None or not holder.moments.provisional:
        return ()
    if order.state not in RUNNING or order.paused_at is not None:
        return ()
    command = do.Recompute(why="工作日历已公布")
    moments = limits_after(order, command, now, world)
    return () if moments is None or moments.provisional else (command,)
