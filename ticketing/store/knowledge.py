"""Articles with their versions (K1, H1), and questions that came (K2), in SQL.

Every function works in the unit of work it is given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import ArticleChanged, ArticleNotFound
from ticketing.domain.knowledge import Article, Status, Version
from ticketing.domain.questions import Question
from ticketing.store import cursors, search
from ticketing.store.database import upsert
from ticketing.store.reference_tables import ARTICLE_VERSIONS, ARTICLES, QUESTIONS

_ID = re.compile(r"K([1-9][0-9]{0,8})")
_VERSION_COLUMNS = tuple(Version.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Kept:
    """An article as it is stored.

    Attributes:
        revision: 1, and one more with each change.
    """

    article: Article
    revision: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """One line of a list.

    Attributes:
        published: the number of the published version, or None.
        waiting: the status of the version that is being written or waits for approval, or None.
        title: of the published version, else of the newest.
    """

    id: str
    unit: str
    category: str
    title: str
    published: int | None
    waiting: Status | None
    review_by: date
    changed_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """One page; ``next`` is the cursor of the page after it, or None."""

    items: tuple[ArticleRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class ArticleFilters:
    """What a list of articles is narrowed by; None and empty narrow nothing.

    Attributes:
        words: every one of them, parted by blanks or punctuation, is in title or text.
        category: this one and all below it.
        status: of any version that stands; `Status.WITHDRAWN` means that none does.
        overdue_on: published, and its review was due before that day (K1); the longest first.
        drafts_of: articles without a published version are shown of these units only; None: of all.
    """

    words: str = ""
    category: str = ""
    unit: str = ""
    status: Status | None = None
    overdue_on: date | None = None
    drafts_of: tuple[str, ...] | None = None


def number_of(article: str) -> int:
    """The number that the id of an article stands for.

    Raises:
        ArticleNotFound: it is no such id.
    """
    match = _ID.fullmatch(article)
    if match is None:
        raise ArticleNotFound(f"{article}: no article has this id")
    return int(match[1])


async def get(session: AsyncSession, article: str) -> Kept:
    """One article with all its versions.

    Raises:
        ArticleNotFound
    """
    number = number_of(article)
    row = (await session.execute(select(ARTICLES).where(ARTICLES.c.id == number))).one_or_none()
    if row is None:
        raise ArticleNotFound(f"{article}: no article has this id")
    query = select(*(ARTICLE_VERSIONS.c[name] for name in _VERSION_COLUMNS))
    query = query.where(ARTICLE_VERSIONS.c.article == number).order_by(ARTICLE_VERSIONS.c.number)
    versions = tuple(_version(each) for each in await session.execute(query))
    whole = Article(
        id=article,
        unit=row.unit,
        category=row.category,
        review_by=row.review_by,
        versions=versions,
    )
    return Kept(whole, row.revision, row.changed_at)


async def add(session: AsyncSession, article: Article, at: datetime) -> Kept:
    """Store a new article; its ``id`` is made here."""
    values = {**_columns(article), "revision": 1, "changed_at": at}
    added = await session.execute(insert(ARTICLES).values(values).returning(ARTICLES.c.id))
    number = added.scalar_one()
    await _save_versions(session, number, article.versions)
    await _index(session, number, article)
    return await get(session, f"K{number}")


async def save(session: AsyncSession, before: Kept, article: Article, at: datetime) -> Kept:
    """Store what became of an article.

    Raises:
        ArticleChanged: it is no longer as it was ``before``.
    """
    number = number_of(article.id)
    changed = await session.execute(
        update(ARTICLES)
        .where(ARTICLES.c.id == number, ARTICLES.c.revision == before.revision)
        .values({**_columns(article), "revision": before.revision + 1, "changed_at": at})
        .returning(ARTICLES.c.revision)
    )
    if changed.one_or_none() is None:
        raise ArticleChanged(f"{article.id}: somebody else was faster; load it again")
    known = set(before.article.versions)
    await _save_versions(session, number, [v for v in article.versions if v not in known])
    if _shown(before.article) != _shown(article):
        await _index(session, number, article)
    return Kept(article, before.revision + 1, at)


async def page(
    session: AsyncSession, filters: ArticleFilters, *, limit: int = 50, cursor: str | None = None
) -> ArticlePage:
    """One page of articles, the last changed first; overdue ones the longest overdue first.

    Args:
        cursor: ``next`` of the page before; ``filters`` must be as they were for it.

    Raises:
        BadCursor
    """
    table = ARTICLES.c
    query = select(*(table[name] for name in ArticleRow.__dataclass_fields__))
    query = query.where(*_conditions(session, filters))
    overdue = filters.overdue_on is not None
    if overdue:
        query = query.order_by(table.review_by, table.id)
        if cursor is not None:
            day, last = cursors.read(cursor, date.fromisoformat)
            query = query.where(
                or_(table.review_by > day, and_(table.review_by == day, table.id > last))
            )
    else:
        query = query.order_by(table.changed_at.desc(), table.id.desc())
        if cursor is not None:
            at, last = cursors.read(cursor, _moment)
            query = query.where(
                or_(table.changed_at < at, and_(table.changed_at == at, table.id < last))
            )
    rows = (await session.execute(query.limit(limit + 1))).all()
    items = tuple(_row(row) for row in rows[:limit])
    if len(rows) <= limit or not items:
        return ArticlePage(items, None)
    key = rows[limit - 1].review_by if overdue else rows[limit - 1].changed_at
    return ArticlePage(items, cursors.write(key.isoformat(), rows[limit - 1].id))


async def ask(
    session: AsyncSession, at: datetime, by: str, question: Question, source: str
) -> Question:
    """Keep a question that came (K2); its ``id`` is made here.

    Args:
        source: the call or work order it came with; may be empty.
    """
    added = await session.execute(
        insert(QUESTIONS)
        .values(
            text=question.text,
            at=at,
            category=question.category,
            article=question.article,
            source=source,
            asked_by=by,
        )
        .returning(QUESTIONS.c.id)
    )
    return Question(
        f"Q{added.scalar_one()}", question.text, at, question.category, question.article
    )


async def unanswered(
    session: AsyncSession, since: datetime, until: datetime, most: int
) -> tuple[Question, ...]:
    """The newest ``most`` questions of a time that no article answered."""
    query = (
        select(QUESTIONS)
        .where(QUESTIONS.c.at >= since, QUESTIONS.c.at < until, QUESTIONS.c.article == "")
        .order_by(QUESTIONS.c.at.desc(), QUESTIONS.c.id.desc())
        .limit(most)
    )
    return tuple(
        Question(f"Q{row.id}", row.text, row.at, row.category, row.article)
        for row in await session.execute(query)
    )


async def count_questions(
    session: AsyncSession, since: datetime, until: datetime
) -> tuple[int, int]:
    """How many questions came in a time, and how many of them no article answered."""
    query = select(func.count(), func.count().filter(QUESTIONS.c.article == "")).where(
        QUESTIONS.c.at >= since, QUESTIONS.c.at < until
    )
    asked, open_ = (await session.execute(query)).one()
    return asked, open_


def _conditions(session: AsyncSession, filters: ArticleFilters) -> list[ColumnElement[bool]]:
    table = ARTICLES.c
    found: list[ColumnElement[bool]] = []
    if filters.words:
        by_words = search.articles(session, filters.words)
        found.append(false() if by_words is None else and_(by_words))
    if filters.category:
        code = filters.category
        below = table.category.startswith(f"{code}.", autoescape=True)
        found.append(or_(table.category == code, below))
    if filters.unit:
        found.append(table.unit == filters.unit)
    if filters.overdue_on is not None:
        found.append(and_(table.published.is_not(None), table.review_by < filters.overdue_on))
    if filters.drafts_of is not None:
        found.append(or_(table.published.is_not(None), table.unit.in_(filters.drafts_of)))
    match filters.status:
        case None:
            pass
        case Status.PUBLISHED:
            found.append(table.published.is_not(None))
        case Status.DRAFT | Status.SUBMITTED:
            found.append(table.waiting == filters.status.value)
            if filters.drafts_of is not None:
                found.append(table.unit.in_(filters.drafts_of))
        case _:
            found.append(and_(table.published.is_(None), table.waiting.is_(None)))
    return found


def _shown(article: Article) -> Version:
    """The version that lists show and words are looked for in."""
    return article.published or article.open or article.versions[-1]


async def _index(session: AsyncSession, number: int, article: Article) -> None:
    shown = _shown(article)
    await search.index_article(session, number, f"{shown.title} {shown.text}")


def _columns(article: Article) -> dict[str, Any]:
    shown = _shown(article)
    return {
        "unit": article.unit,
        "category": article.category,
        "review_by": article.review_by,
        "published": article.published.number if article.published else None,
        "waiting": article.open.status.value if article.open else None,
        "title": shown.title,
    }


async def _save_versions(session: AsyncSession, number: int, versions: Sequence[Version]) -> None:
    if not versions:
        return
    statement = upsert(session, ARTICLE_VERSIONS)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[ARTICLE_VERSIONS.c.article, ARTICLE_VERSIONS.c.number],
            set_={name: statement.excluded[name] for name in _VERSION_COLUMNS},
        ),
        [{**asdict(each), "status": each.status.value, "article": number} for each in versions],
    )


def _version(row: Row[Any]) -> Version:
    return Version(**{**row._mapping, "status": Status(row.status)})


def _row(row: Row[Any]) -> ArticleRow:
    values = dict(row._mapping)
    waiting = values["waiting"]
    values["waiting"] = None if waiting is None else Status(waiting)
    return ArticleRow(**{**values, "id": f"K{row.id}"})


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.utcoffset() != timedelta(0):
        raise ValueError(text)
    return at.astimezone(UTC)
