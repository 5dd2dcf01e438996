"""What the system proposes and a person decides: whose an order is (I5), what it repeats (W10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from ticketing.domain.fold import fold
from ticketing.domain.guards import Actor
from ticketing.domain.precedents import Decided, learn
from ticketing.domain.repeats import Candidate, Case, candidate
from ticketing.domain.routing import Matter, Proposal, Refusal, categories_of, propose
from ticketing.domain.work_order import WorkOrder
from ticketing.service.clock import utc_now
from ticketing.service.orders import Orders, Worlds
from ticketing.store import categories, history, orders
from ticketing.store.database import Database
from ticketing.store.orders import Filters

_LEARNED_FROM = timedelta(days=365)
_MOST_CASES = 500
_MOST_EARLIER = 50


class Advice:
    """Proposals about orders that the actor may see.

    Args:
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        work: Orders,
        worlds: Worlds,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._work, self._worlds, self._now = database, work, worlds, now

    async def routing(self, actor: Actor, number: str) -> Proposal:
        """Which unit should have the order, and the rule that says so (I5 to I7).

        Raises:
            OrderNotFound
        """
        order = (await self._work.open(actor, number)).order
        matter = Matter(
            category=order.category,
            district=order.district,
            leader_instructed=order.leader_instructed,
            refusals=tuple(Refusal(r.unit, r.at, r.who, r.why) for r in order.refusals),
        )
        return await self.whose(matter, order.centre)

    async def whose(self, matter: Matter, centre: str) -> Proposal:
        """Which unit should have a matter, order or not, and the rule that says so (I5 to I7).

        Args:
            centre: the hotline body that dispatches it.
        """
        tree = await self._worlds.tree()
        now = self._now()
        day = now.astimezone(self._worlds.zone).date()
        world = await self._worlds.world(day)
        async with self._database.reading() as session:
            table = await categories.responsibilities(session)
            decided = await orders.decided(
                session, categories_of(matter.category), now - _LEARNED_FROM, _MOST_CASES
            )
        return propose(
            tree,
            [row.row for row in table],
            matter,
            day=day,
            centre=centre,
            precedents=learn(
                Decided(row.category, row.district, row.unit, row.number, row.at, "")
                for row in decided
            ),
            settings=world.pack.routing,
        )

    async def repeats(self, actor: Actor, number: str) -> Candidate | None:
        """Earlier orders that it seems to repeat; None when there are none.

        Raises:
            OrderNotFound
        """
        order = (await self._work.open(actor, number)).order
        return await self.seeming(actor, _case(order))

    async def seeming(self, actor: Actor, case: Case) -> Candidate | None:
        """Earlier orders that a case, order or not yet, seems to repeat; None for none."""
        world = await self._worlds.world(self._now().astimezone(self._worlds.zone).date())
        settings = world.pack.repeats
        since = case.at - timedelta(days=settings.days)
        known: set[str] = set()
        for filters in _of_the_same(case):
            asked = replace(filters, since=since, until=case.at)
            page = await self._work.page(actor, asked, limit=_MOST_EARLIER)
            known |= {row.number for row in page.items}
        async with self._database.reading() as session:
            events = await history.read_several(session, sorted(known - {case.order}))
        earlier = [_case(fold(steps)) for steps in events.values()]
        return candidate(case, earlier, settings)


def _of_the_same(case: Case) -> Iterator[Filters]:
    """Where orders of the same citizen are: under the telephone number; and under the name, of
    which those with the same address are kept (W10)."""
    citizen = case.citizen
    if citizen.phone:
        yield Filters(phone=citizen.phone)
    if citizen.name and citizen.address:
        yield Filters(name=citizen.name, category=case.category)


def _case(order: WorkOrder) -> Case:
    return Case(order.number, order.citizen, order.category, order.content, order.received_at)
