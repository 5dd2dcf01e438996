"""Help for an agent from what a citizen says: everything is proposed, and a person decides.

What is learned gives type and category, the districts' names the district, the rules of routing
the unit (I5); nothing of what was said is kept, only what was proposed, so that it can be told how
often people agree.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ticketing.assist.bm25 import Bm25
from ticketing.assist.corpus import Kind
from ticketing.assist.drafting import Draft, draft
from ticketing.assist.linear import Choice
from ticketing.assist.model import Model, Origin
from ticketing.assist.places import Gazetteer
from ticketing.assist.words import words
from ticketing.domain.errors import NothingSaid, ProposalNotFound
from ticketing.domain.guards import Actor
from ticketing.domain.matters import Citizen
from ticketing.domain.repeats import Case, Match
from ticketing.domain.routing import Matter, Proposal
from ticketing.domain.sensitive import Sensitive, sensitive
from ticketing.domain.similarity import bigrams, likeness
from ticketing.domain.transcripts import CITIZEN
from ticketing.domain.units import UnitKind, UnitTree
from ticketing.domain.work_order import State
from ticketing.service.advice import Advice
from ticketing.service.clock import utc_now
from ticketing.service.models import Models
from ticketing.service.orders import Orders, Worlds, sight
from ticketing.store import assist as store
from ticketing.store import transcripts
from ticketing.store.assist import Published
from ticketing.store.database import Database
from ticketing.store.order_rows import OrderRow

SURE = 0.35
"""A first choice with a smaller share is shown, but not taken for the routing of the matter."""
_SIMILAR_DAYS, _SIMILAR_MOST, _SIMILAR_LIKE = 30, 150, 0.35
_EVENT = timedelta(hours=48)
_SHOWN = 5
_TITLE_WEIGHT = 3.0
_SAME_CATEGORY = 1.5
_WEAK = 0.35  # of the best article's score
_LONGEST = 8000  # characters of what was said
_LOOKED_FOR = 6  # words that similar orders are looked for by


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an agent has: words, typed or heard, and what is known beside them.

    Attributes:
        call: the call it is about; what was heard in it is taken when ``text`` is empty.
        address: where it is; ``phone``: the citizen's.
    """

    text: str = ""
    call: str = ""
    address: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class ArticleFound:
    """A published article that fits, to be cited with its version (H1); why: the words in both."""

    article: Published
    score: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SimilarOrder:
    """An order of the last weeks that is worded alike.

    Attributes:
        same_event: of the same category and place within two days: perhaps one event.
    """

    row: OrderRow
    likeness: float
    same_event: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Everything that is proposed.

    Attributes:
        model: where the proposals come from; None when there is no model yet.
        names: of the categories that are named here, by their codes.
    """

    id: str
    model: Origin | None
    types: tuple[Choice, ...]
    categories: tuple[Choice, ...]
    districts: tuple[Choice, ...]
    unit: Proposal | None
    articles: tuple[ArticleFound, ...]
    repeats: tuple[Match, ...]
    similar: tuple[SimilarOrder, ...]
    sensitive: tuple[Sensitive, ...]
    draft: Draft
    names: Mapping[str, str]


@dataclass(slots=True)
class Tally:
    """How often a kind was proposed, and chosen by the person; ``three``: among the first three."""

    proposed: int = 0
    agreed: int = 0
    three: int = 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often persons have chosen what was proposed.

    Attributes:
        asked: how often something was proposed; ``orders``: how many orders became of it.
        kinds: by kind, over all; ``persons``: by who asked, then by kind.
    """

    asked: int
    orders: int
    kinds: Mapping[str, Tally]
    persons: Mapping[str, Mapping[str, Tally]]


@dataclass(frozen=True)
class _Thought:
    """What is found without the database."""

    types: tuple[Choice, ...] = ()
    categories: tuple[Choice, ...] = ()
    districts: tuple[Choice, ...] = ()
    looked_for: tuple[str, ...] = ()
    draft: Draft = field(default_factory=lambda: Draft("", "", (), ()))


class Assist:
    """Proposals from what a citizen says.

    Args:
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        work: Orders,
        advice: Advice,
        worlds: Worlds,
        models: Models,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._work, self._advice = database, work, advice
        self._worlds, self._models, self._now = worlds, models, now
        self._articles: Bm25[int] = Bm25(())
        self._published: tuple[Published, ...] = ()
        self._stamp: tuple[int, datetime | None] | None = None
        self._indexing = asyncio.Lock()

    async def propose(self, actor: Actor, asked: Asked) -> Help:
        """Everything that may help with what was said.

        Raises:
            NothingSaid: there are no words, typed or heard.
            DatabaseUnavailable
        """
        text = asked.text[:_LONGEST].strip() or await self._heard(asked.call)
        if not text:
            raise NothingSaid(asked.call)
        now = self._now()
        today = now.astimezone(self._worlds.zone).date()
        model, tree = await self._models.current(), await self._worlds.tree()
        world = await self._worlds.world(today)
        thought = await asyncio.to_thread(_think, model, tree, text, asked.address, today)
        category, district = _sure(thought.categories), _named(thought.districts)
        unit = None
        if category:
            matter = Matter(category, district)
            own = tree.get(actor.unit)
            centre = own if own is not None and own.kind is UnitKind.CENTRE else tree.root
            unit = await self._advice.whose(matter, centre.id)
        found = Help(
            id=secrets.token_hex(8),
            model=None if model is None else model.origin,
            types=thought.types,
            categories=thought.categories,
            districts=thought.districts,
            unit=unit,
            articles=await self._fitting(text, thought.categories),
            repeats=await self._repeats(actor, asked.phone, text, thought.categories, now),
            similar=await self._similar(actor, text, thought.looked_for, category, district, now),
            sensitive=sensitive(text, world.pack.sensitive),
            draft=thought.draft,
            names=await self._names(thought.categories),
        )
        await self._keep(actor, asked.call, found, now)
        return found

    async def used(self, actor: Actor, proposal: str, number: str) -> None:
        """Tell which order became of a proposal, so that agreement can be counted.

        Raises:
            OrderNotFound: there is none that the actor may see.
            ProposalNotFound: it was not proposed to the actor.
        """
        await self._work.open(actor, number)
        async with self._database.session() as session:
            if not await store.used(session, proposal, actor.name, number):
                raise ProposalNotFound(proposal)

    async def agreement(self, since: datetime, until: datetime) -> Agreement:
        """How often persons have chosen what was proposed in a time."""
        async with self._database.reading() as session:
            asked = await store.count_proposals(session, since, until)
            chosen = await store.chosen(session, since, until)
        kinds: dict[str, Tally] = {}
        persons: dict[str, dict[str, Tally]] = {}
        for each in chosen:
            for tallies in (kinds, persons.setdefault(each.proposed.who, {})):
                _count(tallies, each)
        return Agreement(asked, len(chosen), kinds, persons)

    async def _heard(self, call: str) -> str:
        """What the citizen has said in a call that is over, without personal numbers."""
        async with self._database.reading() as session:
            found = await transcripts.of_call(session, call) if call else ()
        said = [each for transcript in found for each in transcript.said]
        return "\n".join(each.masked for each in said if each.speaker == CITIZEN)[:_LONGEST]

    # --- parts ----------------------------------------------------------------------------------
    async def _fitting(self, text: str, categories: tuple[Choice, ...]) -> tuple[ArticleFound, ...]:
        await self._index()
        articles, published = self._articles, self._published
        hits = await asyncio.to_thread(articles.search, text, 4 * _SHOWN)
        likely = {each.label for each in categories if each.share >= SURE}
        ranked = sorted(
            (
                (hit.score * (_SAME_CATEGORY if published[hit.key].category in likely else 1), hit)
                for hit in hits
            ),
            key=lambda each: (-each[0], each[1].key),
        )
        said = {word.text for word in words(text)}
        found = []
        for score, hit in ranked[:_SHOWN]:
            article = published[hit.key]
            common = said & {word.text for word in words(f"{article.title}。{article.text}")}
            if common and score >= _WEAK * ranked[0][0]:
                found.append(ArticleFound(article, round(score, 2), tuple(sorted(common))))
        return tuple(found)

    async def _index(self) -> None:
        """Have the articles as they are published now."""
        async with self._indexing, self._database.reading() as session:
            stamp = await store.articles_stamp(session)
            if stamp == self._stamp:
                return
            published = await store.published(session)
            parts = [
                (place, ((each.title, _TITLE_WEIGHT), (each.text, 1.0)))
                for place, each in enumerate(published)
            ]
            self._articles = await asyncio.to_thread(Bm25, parts)
            self._published, self._stamp = published, stamp

    async def _repeats(
        self,
        actor: Actor,
        phone: str,
        text: str,
        categories: tuple[Choice, ...],
        now: datetime,
    ) -> tuple[Match, ...]:
        """Earlier orders of the same citizen on a matter alike (W10)."""
        found: dict[str, Match] = {}
        for each in categories if phone else ():
            case = Case("", Citizen(phone=phone), each.label, text, now)
            candidate = await self._advice.seeming(actor, case)
            for match in candidate.earlier if candidate is not None else ():
                found.setdefault(match.order, match)
        return tuple(sorted(found.values(), key=lambda match: -match.likeness)[:_SHOWN])

    async def _similar(
        self,
        actor: Actor,
        text: str,
        looked_for: tuple[str, ...],
        category: str,
        district: str,
        now: datetime,
    ) -> tuple[SimilarOrder, ...]:
        since = (now - timedelta(days=_SIMILAR_DAYS)).astimezone(self._worlds.zone).date()
        seen_by = sight(actor, await self._worlds.tree())
        async with self._database.reading() as session:
            rows = await store.with_any(session, looked_for, since, seen_by, _SIMILAR_MOST)
        pairs = bigrams(text)
        found = []
        for row, content in rows:
            alike = likeness(pairs, bigrams(content))
            if alike >= _SIMILAR_LIKE and row.state is not State.WITHDRAWN:
                place = not district or row.district == district
                event = bool(category) and row.category == category and place
                recent = now - row.received_at <= _EVENT
                found.append(SimilarOrder(row, round(alike, 3), event and recent))
        found.sort(key=lambda each: (not each.same_event, -each.likeness, each.row.number))
        return tuple(found[:_SHOWN])

    async def _names(self, categories: tuple[Choice, ...]) -> dict[str, str]:
        async with self._database.reading() as session:
            return await store.category_names(session, [each.label for each in categories])

    async def _keep(self, actor: Actor, call: str, found: Help, now: datetime) -> None:
        proposed = store.Proposed(
            id=found.id,
            at=now,
            who=actor.name,
            call=call,
            number="",
            model="" if found.model is None else found.model.version,
            type=found.types[0].label if found.types else None,
            category=found.categories[0].label if found.categories else None,
            categories=tuple(each.label for each in found.categories),
            district=found.districts[0].label if found.districts else None,
            unit=None if found.unit is None else found.unit.lead,
        )
        async with self._database.session() as session:
            await store.keep(session, proposed)


def _think(model: Model | None, tree: UnitTree, text: str, address: str, today: date) -> _Thought:
    """What the words tell; apart from the event loop."""
    where = f"{text}。{address}"
    if model is None:
        weights = {word.text: float(len(word.text)) for word in words(text)}
        gazetteer = Gazetteer(tree)
        return _Thought(
            districts=gazetteer.choices(where),
            looked_for=_heaviest(weights),
            draft=draft(text, today, weights),
        )
    weights = model.weights_of(text)
    named = Gazetteer(tree, model.heads[Kind.DISTRICT].labels).choices(where)
    return _Thought(
        types=model.choices(Kind.TYPE, text),
        categories=model.choices(Kind.CATEGORY, text),
        districts=named or model.choices(Kind.DISTRICT, where),
        looked_for=_heaviest(weights),
        draft=draft(text, today, weights),
    )


def _heaviest(weights: Mapping[str, float]) -> tuple[str, ...]:
    ranked = sorted(weights, key=lambda word: (-weights[word], word))
    return tuple(ranked[:_LOOKED_FOR])


def _sure(choices: tuple[Choice, ...]) -> str:
    return choices[0].label if choices and choices[0].share >= SURE else ""


def _named(choices: tuple[Choice, ...]) -> str:
    """The district, unless two are as likely."""
    return choices[0].label if choices and choices[0].share > 1 / 2 else ""


def _count(tallies: dict[str, Tally], each: store.Chosen) -> None:
    proposed = each.proposed
    for kind, was, wanted, three in (
        ("type", proposed.type, {each.type}, ()),
        ("category", proposed.category, {each.category}, proposed.categories),
        ("district", proposed.district, {each.district}, ()),
        ("unit", proposed.unit, each.units, ()),
    ):
        if was is None or not wanted:
            continue
        tally = tallies.setdefault(kind, Tally())
        tally.proposed += 1
        tally.agreed += was in wanted
        tally.three += was in wanted or any(label in wanted for label in three)
