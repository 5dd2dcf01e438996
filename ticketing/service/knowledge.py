"""Use cases of the knowledge base (K1, K2, H1): write, approve, look up, count what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain import knowledge as rules
from ticketing.domain.errors import ArticleChanged, ArticleNotFound, BadPeriod
from ticketing.domain.knowledge import Article, Status, Version
from ticketing.domain.questions import Gap, Question, gaps
from ticketing.domain.roles import Permission, Principal, Role
from ticketing.domain.units import UnitTree
from ticketing.service import reach
from ticketing.service.clock import utc_now
from ticketing.store import audit, categories, knowledge, units
from ticketing.store.database import Database
from ticketing.store.knowledge import ArticleFilters, ArticlePage, Kept

_MOST_QUESTIONS = 20_000
_LONGEST_DAYS = 366
_CENTRE = frozenset({Role.MANAGER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """What was asked in a time, and what no article answered (K2).

    Attributes:
        asked: how many questions came.
        unanswered: how many of them no article answered.
        grouped: how many of the newest of those ``gaps`` is made of.
    """

    asked: int
    unanswered: int
    grouped: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class _Writer:
    name: str
    roles: frozenset[Role]
    unit: str


class Knowledge:
    """Articles and questions in SQL.

    Args:
        database: where they are kept.
        now: the clock, UTC.
        zone: the city's; it decides which day it is.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime] = utc_now,
        zone: ZoneInfo = reach.CITY_TIME,
    ) -> None:
        self._database, self._now, self._zone = database, now, zone

    async def page(
        self,
        who: Principal,
        *,
        words: str = "",
        category: str = "",
        unit: str = "",
        status: Status | None = None,
        overdue: bool = False,
        limit: int = 50,
        cursor: str | None = None,
    ) -> ArticlePage:
        """One page of articles; those never published only for those who write them.

        Args:
            words: all of them are in title or text.
            category: this one and all below it.
            overdue: only those whose review is overdue, the longest first (K1).
            cursor: ``next`` of the page before; all else must be as it was for it.

        Raises:
            BadCursor
        """
        async with self._database.reading() as session:
            everyone = await units.everyone(session)
            if not everyone:
                return ArticlePage((), None)
            filters = ArticleFilters(
                words=words,
                category=category,
                unit=unit,
                status=status,
                overdue_on=self._local().date() if overdue else None,
                drafts_of=reach.unpublished_of(who, UnitTree(everyone), Permission.KNOWLEDGE_WRITE),
            )
            return await knowledge.page(session, filters, limit=limit, cursor=cursor)

    async def show(self, who: Principal, article: str) -> Kept:
        """An article with the versions that ``who`` may read: drafts only those who write them.

        Raises:
            ArticleNotFound: it is not there, or there is no such version.
        """
        async with self._database.reading() as session:
            kept = await knowledge.get(session, article)
            tree = await units.tree(session)
        drafts = reach.unpublished_of(who, tree, Permission.KNOWLEDGE_WRITE)
        if drafts is None or kept.article.unit in drafts:
            return kept
        public = tuple(v for v in kept.article.versions if v.published_at is not None)
        if not public:
            raise ArticleNotFound(f"{article}: no article has this id")
        return replace(kept, article=replace(kept.article, versions=public))

    async def version(self, who: Principal, article: str, number: int) -> Version:
        """One version, whatever became of it: what an answer cites can be read for ever (H1).

        Raises:
            ArticleNotFound: no such article or version, or ``who`` may not read it.
        """
        found = (await self.show(who, article)).article.version(number)
        if found is None:
            raise ArticleNotFound(f"{article} has no version {number}")
        return found

    async def draft(
        self, who: Principal, *, title: str, text: str, category: str, unit: str = ""
    ) -> Kept:
        """Begin an article, as a draft.

        Args:
            category: may be empty.
            unit: the owner; the principal's own unit when empty.

        Raises:
            UnitNotFound, CategoryNotFound
            NotAllowed: the owner is another's unit.
            GuardFailed: ``text_missing``
        """
        at = self._local()
        async with self._database.session() as session:
            tree = await units.tree(session)
            owner = (await units.get(session, unit or reach.place_of(who, tree))).id
            if category:
                await categories.get(session, category)
            empty = Article(id="", unit=owner, category=category, review_by=at.date())
            article = rules.write(empty, _writer(who, tree, owner), title, text, at)
            kept = await knowledge.add(session, article, at)
            await self._note(session, who, "article.draft", kept.article, unit=owner)
        return kept

    async def write(
        self,
        who: Principal,
        article: str,
        revision: int,
        *,
        title: str,
        text: str,
        category: str | None = None,
    ) -> Kept:
        """Change the draft, or begin the next version (K1).

        Args:
            revision: of the article that was looked at; so it is for all that follows.
            category: None leaves it as it is.

        Raises:
            ArticleNotFound, CategoryNotFound, NotAllowed
            ArticleChanged: somebody else was faster.
            GuardFailed: ``text_missing``, ``version_submitted``
        """

        def deed(old: Article, by: _Writer, at: datetime) -> Article:
            moved = old if category is None else replace(old, category=category)
            return rules.write(moved, by, title, text, at)

        return await self._act(who, article, revision, deed, "article.write", category=category)

    async def submit(self, who: Principal, article: str, revision: int) -> Kept:
        """Ask for approval of the draft.

        Raises:
            ArticleNotFound, NotAllowed, ArticleChanged
            GuardFailed: ``no_draft``
        """
        return await self._act(
            who, article, revision, lambda old, by, at: rules.submit(old, by), "article.submit"
        )

    async def approve(self, who: Principal, article: str, revision: int, review_by: date) -> Kept:
        """Publish the version that waits.

        Args:
            review_by: the last day by which the owner looks at it again.

        Raises:
            ArticleNotFound, NotAllowed, ArticleChanged
            GuardFailed: ``not_submitted``, ``own_version``, ``bad_review_date``
        """
        return await self._act(
            who,
            article,
            revision,
            lambda old, by, at: rules.approve(old, by, at, review_by),
            "article.approve",
            review_by=review_by.isoformat(),
        )

    async def send_back(self, who: Principal, article: str, revision: int, why: str) -> Kept:
        """Do not approve; the version is a draft again.

        Raises:
            ArticleNotFound, NotAllowed, ArticleChanged
            GuardFailed: ``not_submitted``, ``reason_missing``
        """
        return await self._act(
            who,
            article,
            revision,
            lambda old, by, at: rules.send_back(old, by, why),
            "article.send_back",
            why=why,
        )

    async def withdraw(self, who: Principal, article: str, revision: int, why: str) -> Kept:
        """Take the published version away.

        Raises:
            ArticleNotFound, NotAllowed, ArticleChanged
            GuardFailed: ``not_published``, ``reason_missing``
        """
        return await self._act(
            who,
            article,
            revision,
            lambda old, by, at: rules.withdraw(old, by, at, why),
            "article.withdraw",
            why=why,
        )

    async def confirm(self, who: Principal, article: str, revision: int, review_by: date) -> Kept:
        """Say that the published version is still true, until the next review (K1).

        Raises:
            ArticleNotFound, NotAllowed, ArticleChanged
            GuardFailed: ``not_published``, ``bad_review_date``
        """
        return await self._act(
            who,
            article,
            revision,
            lambda old, by, at: rules.confirm(old, by, at, review_by),
            "article.confirm",
            review_by=review_by.isoformat(),
        )

    async def ask(
        self, who: Principal, text: str, *, category: str = "", article: str = "", source: str = ""
    ) -> Question:
        """Count a question that was asked (K2).

        Args:
            text: without anything personal.
            article: that answered it; empty when none did.
            source: the call or work order it came with.

        Raises:
            CategoryNotFound, ArticleNotFound
        """
        async with self._database.session() as session:
            if category:
                await categories.get(session, category)
            if article:
                await knowledge.get(session, article)
            at = self._now()
            question = Question("", text, at, category, article)
            kept = await knowledge.ask(session, at, who.username, question, source)
            await audit.note(
                session, at, who.username, "question.ask", kept.id, article=article, source=source
            )
        return kept

    async def report(self, since: datetime, until: datetime) -> QuestionReport:
        """The questions that no article answered from ``since`` to before ``until`` (K2).

        Raises:
            BadPeriod: ``until`` is not after ``since``, or more than a year after it.
        """
        if not since < until or (until - since).days > _LONGEST_DAYS:
            raise BadPeriod("a report is for a time of up to a year")
        async with self._database.reading() as session:
            asked, open_ = await knowledge.count_questions(session, since, until)
            questions = await knowledge.unanswered(session, since, until, _MOST_QUESTIONS)
        found = await asyncio.to_thread(gaps, questions, since=since, until=until)
        return QuestionReport(asked, open_, len(questions), found)

    async def _act(
        self,
        who: Principal,
        article: str,
        revision: int,
        deed: Callable[[Article, _Writer, datetime], Article],
        action: str,
        **detail: Any,
    ) -> Kept:
        await self.show(who, article)  # one that may not be read is not there
        at = self._local()
        async with self._database.session() as session:
            kept = await knowledge.get(session, article)
            tree = await units.tree(session)
            if detail.get("category"):
                await categories.get(session, detail["category"])
            changed = deed(kept.article, _writer(who, tree, kept.article.unit), at)
            if kept.revision != revision:
                raise ArticleChanged(f"{article}: it has changed since you have looked")
            saved = await knowledge.save(session, kept, changed, at)
            await self._note(session, who, action, changed, **detail)
        return saved

    def _local(self) -> datetime:
        return self._now().astimezone(self._zone)

    async def _note(
        self, session: AsyncSession, who: Principal, action: str, article: Article, **detail: Any
    ) -> None:
        told = {name: value for name, value in detail.items() if value is not None}
        version = article.versions[-1].number
        await audit.note(
            session, self._now(), who.username, action, article.id, version=version, **told
        )


def _writer(who: Principal, tree: UnitTree, owner: str) -> _Writer:
    """``who`` as the rules know a writer: a manager is the centre's for the units below only."""
    roles = who.roles - _CENTRE
    if who.roles & _CENTRE and reach.reaches(who, tree, owner):
        roles |= {Role.MANAGER}
    return _Writer(who.username, roles, reach.place_of(who, tree))
