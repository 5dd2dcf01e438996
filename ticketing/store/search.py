"""Full-text search that works for Chinese, on SQLite and on PostgreSQL.

Chinese has no spaces, so a text is stored as its overlapping pairs of characters: ``路灯不亮`` as
``路灯 灯不 不亮 亮``. Pairs that follow one another are exactly the text that was looked for.
Words of Latin letters and digits stay whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

_RUN = re.compile(r"(?P<word>[0-9a-z]+)|(?P<wide>[^\W0-9a-z_]+)")
_MOST = 4000  # characters of one order
MOST_OF_AN_ARTICLE = 16_000  # PostgreSQL tells no more places apart
_ROWS = re.compile(r"rows=(\d+)")
_FEW, _FEW_SHARE = 5000, 0.004  # orders with a rare word; a word unknown to it is taken for one
_LONGEST = 64  # characters of a word; PostgreSQL takes no token of more than 2046 bytes


def grams(value: str, most: int = _MOST) -> str:
    """The first ``most`` characters of ``value`` as they are indexed: pairs and words, separated
    by spaces."""
    return " ".join(token for run in _runs(value, most) for token in run)


def phrases(query: str) -> tuple[tuple[str, ...], ...]:
    """``query`` as runs of tokens; every run is to be found, in one piece."""
    found: list[tuple[str, ...]] = []
    for run in _runs(query[:80]):
        found.append(tuple(run[:-1]) if len(run) > 1 and len(run[-1]) == 1 else tuple(run))
    return tuple(found)


def _runs(value: str, most: int = _MOST) -> Iterator[list[str]]:
    for match in _RUN.finditer(unicodedata.normalize("NFKC", value[:most]).casefold()[:most]):
        if match["word"]:
            yield [match["word"][:_LONGEST]]
        else:
            wide = match["wide"]
            yield [*(wide[i : i + 2] for i in range(len(wide) - 1)), wide[-1]]


def condition(session: AsyncSession, query: str) -> TextClause | ColumnElement[bool] | None:
    """The condition on ``order_search`` that finds ``query``; None when nothing can be found."""
    found = match(session.get_bind().dialect.name, "order_search", query)
    return None if found is None else text(found[0]).bindparams(grams=found[1])


def match(dialect: str, table: str, query: str) -> tuple[str, str] | None:
    """The condition on an index of words that finds ``query``, and the value of its ``:grams``;
    None when nothing can be found."""
    wanted = phrases(query)
    if not wanted:
        return None
    if dialect == "sqlite":
        return f"{table} MATCH :grams", " AND ".join(map(_fts5, wanted))
    return f"{table}.grams @@ CAST(:grams AS tsquery)", " & ".join(map(_tsquery, wanted))


def either(session: AsyncSession, words: Iterable[str]) -> TextClause | None:
    """The condition on ``order_search`` that finds any of ``words``; None when there is none."""
    runs = [run for word in words for run in phrases(word)]
    if not runs:
        return None
    if session.get_bind().dialect.name == "sqlite":
        return text("order_search MATCH :grams").bindparams(grams=" OR ".join(map(_fts5, runs)))
    return text("order_search.grams @@ CAST(:grams AS tsquery)").bindparams(
        grams=" | ".join(map(_tsquery, runs))
    )


def _alone(run: tuple[str, ...]) -> bool:
    """One character without a neighbour: it is found at the beginning of a pair."""
    return len(run) == 1 and len(run[0]) == 1 and not run[0].isascii()


async def is_rare(session: AsyncSession, query: str) -> bool:
    """Whether PostgreSQL expects ``query`` in few orders only, by what it knows of common words."""
    explain = text(
        "EXPLAIN SELECT FROM order_search WHERE grams @@ CAST(:grams AS tsquery)"
    ).bindparams(grams=" & ".join(_tsquery(run) for run in phrases(query)))
    plan = (await session.execute(explain)).scalars().first()
    match = _ROWS.search(plan or "")
    size = text("SELECT reltuples FROM pg_class WHERE oid = CAST('order_search' AS regclass)")
    orders = (await session.execute(size)).scalar_one()
    return match is None or int(match[1]) <= max(_FEW, _FEW_SHARE * orders)


def _fts5(run: tuple[str, ...]) -> str:
    if _alone(run):
        return f'"{run[0]}"*'
    return '"' + " ".join(run) + '"'


def _tsquery(run: tuple[str, ...]) -> str:
    return "(" + " <-> ".join(f"'{token}'" for token in run) + ")"


async def index(session: AsyncSession, number: str, value: str) -> None:
    """Have the order ``number`` found by ``value`` from now on."""
    if session.get_bind().dialect.name == "sqlite":
        stale = text("DELETE FROM order_search WHERE rowid = :number")
        await session.execute(stale, {"number": int(number)})
    await add(session, [(number, value)])


async def index_article(session: AsyncSession, number: int, value: str) -> None:
    """Have the article ``number`` found by ``value`` from now on."""
    if session.get_bind().dialect.name == "sqlite":
        stale = text("DELETE FROM article_search WHERE rowid = :number")
        await session.execute(stale, {"number": number})
    await add(session, [(str(number), value)], "article_search", MOST_OF_AN_ARTICLE)


def articles(session: AsyncSession, query: str) -> TextClause | None:
    """The condition on ``articles`` that finds ``query``; None when nothing can be found."""
    dialect = session.get_bind().dialect.name
    found = match(dialect, "article_search", query)
    if found is None:
        return None
    key = "rowid" if dialect == "sqlite" else "number"
    within = f"articles.id IN (SELECT {key} FROM article_search WHERE {found[0]})"  # noqa: S608
    return text(within).bindparams(grams=found[1])


async def add(
    session: AsyncSession,
    found_by: Iterable[tuple[str, str]],
    table: str = "order_search",
    most: int = _MOST,
) -> None:
    """Have orders, each with its text, found that are not in the index yet (on SQLite)."""
    rows: list[dict[str, Any]] = [
        {"number": int(number), "grams": grams(value, most)} for number, value in found_by
    ]
    if session.get_bind().dialect.name == "sqlite":
        insert = f"INSERT INTO {table} (rowid, grams) VALUES (:number, :grams)"  # noqa: S608
    else:
        insert = (
            f"INSERT INTO {table} (number, grams)"  # noqa: S608 - a table of ours
            " VALUES (:number, CAST(:grams AS tsvector))"
            " ON CONFLICT (number) DO UPDATE SET grams = excluded.grams"
        )
        for row in rows:
            row["grams"] = vector(row["grams"])
    await session.execute(text(insert), rows)


def vector(tokens: str) -> str:
    """`grams` in PostgreSQL's own notation, so that no parser of its splits the pairs.

    Single characters are put in too, without a place: PostgreSQL knows how common each is, but not
    how common all pairs are that begin with it.
    """
    found = tokens.split()
    alone = sorted({token[0] for token in found if len(token) == 2 and not token.isascii()})
    placed = [f"'{token}':{place}" for place, token in enumerate(found, 1)]
    return " ".join([*placed, *(f"'{character}'" for character in alone)])
