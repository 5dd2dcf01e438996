"""Training and judging the models that help agents, on the centre's own decided orders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, datetime
from functools import lru_cache

from ticketing.assist.corpus import Example, Kind
from ticketing.assist.evaluation import Evaluation, Route, Split, evaluate, part
from ticketing.assist.model import Model, Shelf
from ticketing.assist.places import Gazetteer
from ticketing.assist.training import Learner, Told
from ticketing.domain.precedents import Decided, learn
from ticketing.domain.routing import Matter, propose
from ticketing.service.clock import utc_now
from ticketing.service.orders import Worlds
from ticketing.store import assist, categories
from ticketing.store.database import Database

_PAGE = 500
_ROUTES = 4096  # remembered


class Training:
    """Makes models, and tells how good they would be.

    Args:
        now: the clock, UTC.
    """

    def __init__(
        self, database: Database, worlds: Worlds, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database, self._worlds, self._now = database, worlds, now

    async def train(self, shelf: Shelf, told: Told | None = None) -> Model:
        """Learn from every decided order, and put the model in use.

        The orders are read twice, a page at a time: their words are never in memory together.

        Args:
            told: how far it is.

        Raises:
            ValueError: there is no decided order yet.
            DatabaseUnavailable
        """
        now = self._now()
        learner = Learner(await self._names())
        async with self._database.reading() as session:
            total = await assist.count_decided(session, now)
        for what, look in (("words", learner.count), ("orders", learner.learn)):
            done = 0
            async for page in self._pages(now):
                await asyncio.to_thread(look, page)
                done += len(page)
                if told is not None:
                    told(what, done, total)
        model = await asyncio.to_thread(learner.model, now, told)
        await asyncio.to_thread(shelf.save, model)
        return model

    async def assess(
        self,
        splits: Sequence[Split],
        *,
        most: int = 20_000,
        share: float = 0.2,
        told: Told | None = None,
    ) -> list[Evaluation]:
        """Learn from a part of the newest ``most`` orders and ask about the rest, in each way.

        Raises:
            ValueError: there are too few decided orders.
            UnitNotFound, DatabaseUnavailable
        """
        examples = await self._newest(most)
        names = await self._names()
        tree = await self._worlds.tree()
        found = []
        for split in splits:
            known, _ = part(examples, split, share)
            route = await self._route(known)

            def places(model: Model) -> Gazetteer:
                return Gazetteer(tree, model.heads[Kind.DISTRICT].labels)

            def judge(split: Split = split, route: Route = route) -> Evaluation:
                return evaluate(
                    examples, names, split, share=share, places=places, route=route, told=told
                )

            found.append(await asyncio.to_thread(judge))
        return found

    async def _route(self, known: Sequence[Example]) -> Route:
        """Units for a category and district, by the table, the pack, and what is ``known``."""
        tree, zone = await self._worlds.tree(), self._worlds.zone
        world = await self._worlds.world(self._now().astimezone(zone).date())
        async with self._database.reading() as session:
            table = [row.row for row in await categories.responsibilities(session)]
        precedents = learn(
            Decided(each.category, each.district, each.unit, each.number, each.at, "")
            for each in known
            if each.unit
        )

        @lru_cache(_ROUTES)
        def route(category: str, district: str, day: date) -> tuple[str, ...]:
            proposal = propose(
                tree,
                table,
                Matter(category, district),
                day=day,
                precedents=precedents,
                settings=world.pack.routing,
            )
            return (proposal.lead, *(other.unit for other in proposal.alternatives))

        return lambda category, district, at: route(category, district, at.astimezone(zone).date())

    async def _names(self) -> dict[str, str]:
        async with self._database.reading() as session:
            found = await categories.everything(session, active=True)
        return {category.code: category.name for category in found}

    async def _newest(self, most: int) -> list[Example]:
        async with self._database.reading() as session:
            too_many = await assist.count_decided(session) - most
        found: list[Example] = []
        async for page in self._pages(None):
            skipped = min(len(page), max(0, too_many))
            too_many -= skipped
            found += page[skipped:]
        return found

    async def _pages(self, until: datetime | None) -> AsyncIterator[tuple[Example, ...]]:
        after: tuple[datetime, str] | None = None
        while True:
            async with self._database.reading() as session:
                page = await assist.decided(session, after, _PAGE, until)
            if page:
                yield page
            if len(page) < _PAGE:
                return
            after = page[-1].at, page[-1].number
