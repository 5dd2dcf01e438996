"""Notices that are announced before the queue, and the orders of those who joined, in SQL (K3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.surges import Piece, Surge
from ticketing.store import notices
from ticketing.store.database import upsert
from ticketing.store.reference_tables import NOTICES
from ticketing.store.tables import METADATA, UtcDateTime

SURGES = Table(
    "surges",
    METADATA,
    Column("notice", NOTICES.c.id.type, ForeignKey("notices.id"), primary_key=True),
    Column("piece", String(16), nullable=False),
    Column("master", String(20), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("stopped_at", UtcDateTime),
)

SURGE_CALLERS = Table(
    "surge_callers",
    METADATA,
    Column("number", String(20), primary_key=True),
    Column("notice", NOTICES.c.id.type, ForeignKey("surges.notice"), nullable=False),
    Column("told_at", UtcDateTime),
    Index("ix_surge_callers_notice", "notice", "told_at"),
)


async def put(session: AsyncSession, surge: Surge) -> None:
    """Store an announcement, in place of one of the same notice."""
    values = {
        "notice": int(surge.notice.id[1:]),
        "piece": surge.piece.value,
        "master": surge.master,
        "since": surge.since,
        "by": surge.by,
        "stopped_at": surge.stopped_at,
    }
    statement = upsert(session, SURGES).values(values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=[SURGES.c.notice], set_=values)
    )


async def stop(session: AsyncSession, notice: str, at: datetime) -> bool:
    """End an announcement; whether there was one."""
    ended = await session.execute(
        update(SURGES)
        .where(SURGES.c.notice == int(notice[1:]), SURGES.c.stopped_at.is_(None))
        .values(stopped_at=at)
        .returning(SURGES.c.notice)
    )
    return ended.one_or_none() is not None


async def standing(session: AsyncSession) -> list[Surge]:
    """The announcements that nobody has ended, the newest first."""
    joined = (
        select(SURGE_CALLERS.c.notice, func.count().label("joined"))
        .group_by(SURGE_CALLERS.c.notice)
        .subquery()
    )
    query = (
        select(SURGES, joined.c.joined)
        .outerjoin(joined, joined.c.notice == SURGES.c.notice)
        .where(SURGES.c.stopped_at.is_(None))
        .order_by(SURGES.c.since.desc())
    )
    return [
        Surge(
            await notices.get(session, f"N{row.notice}"),
            Piece(row.piece),
            row.since,
            row.by,
            row.master,
            row.joined or 0,
        )
        for row in (await session.execute(query)).all()
    ]


async def join(session: AsyncSession, notice: str, number: str) -> None:
    """Remember whose order was made for a caller; again it changes nothing."""
    statement = upsert(session, SURGE_CALLERS).values(number=number, notice=int(notice[1:]))
    await session.execute(statement.on_conflict_do_nothing())


async def untold(session: AsyncSession, limit: int = 50) -> Mapping[str, str]:
    """Orders whose callers have not been told of the end, each with its master."""
    query = (
        select(SURGE_CALLERS.c.number, SURGES.c.master)
        .join(SURGES, SURGES.c.notice == SURGE_CALLERS.c.notice)
        .where(SURGE_CALLERS.c.told_at.is_(None), SURGES.c.master != "")
        .order_by(SURGE_CALLERS.c.number)
        .limit(limit)
    )
    return {row.number: row.master for row in await session.execute(query)}


async def told(session: AsyncSession, number: str, at: datetime) -> None:
    """A caller was told of the end, or a person has seen to it."""
    await session.execute(
        update(SURGE_CALLERS).where(SURGE_CALLERS.c.number == number).values(told_at=at)
    )
