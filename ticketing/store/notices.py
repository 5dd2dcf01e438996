"""Notices (K3) in SQL.

Every function works in the unit of work it is given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import NoticeNotFound
from ticketing.domain.notices import Extent, Notice, NoticeKind, Scope
from ticketing.store import cursors
from ticketing.store.reference_tables import NOTICES

_ID = re.compile(r"N([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class NoticePage:
    """One page, newest first; ``next`` is the cursor of the page after it, or None."""

    items: tuple[Notice, ...]
    next: str | None


async def get(session: AsyncSession, notice: str, *, lock: bool = False) -> Notice:
    """One notice; ``lock`` keeps others from changing it in the meantime.

    Raises:
        NoticeNotFound
    """
    match = _ID.fullmatch(notice)
    row = None
    if match is not None:
        query = select(NOTICES).where(NOTICES.c.id == int(match[1]))
        row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NoticeNotFound(f"{notice}: no notice has this id")
    return _notice(row)


async def add(session: AsyncSession, notice: Notice, by: str) -> str:
    """Store a new notice that ``by`` has written; returns the id that is made here."""
    values = {**_values(notice), "written_by": by}
    added = await session.execute(insert(NOTICES).values(values).returning(NOTICES.c.id))
    return f"N{added.scalar_one()}"


async def change(session: AsyncSession, notice: Notice) -> None:
    """Store a notice that is there already, as it is now."""
    where = NOTICES.c.id == int(notice.id[1:])
    await session.execute(update(NOTICES).where(where).values(_values(notice)))


async def standing(session: AsyncSession, now: datetime) -> tuple[Notice, ...]:
    """Published notices that are not over at ``now`` nor withdrawn, whether begun or not."""
    query = (
        select(NOTICES)
        .where(
            NOTICES.c.ends_at > now,
            NOTICES.c.published_by != "",
            or_(NOTICES.c.withdrawn_at.is_(None), NOTICES.c.withdrawn_at > now),
        )
        .order_by(NOTICES.c.id)
    )
    return tuple(_notice(row) for row in await session.execute(query))


async def page(
    session: AsyncSession,
    *,
    unit: str = "",
    drafts_of: tuple[str, ...] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> NoticePage:
    """One page of notices.

    Args:
        unit: only of this unit.
        drafts_of: those that are not published are shown of these units only; None: of all.
        cursor: ``next`` of the page before; the other arguments must be as they were for it.

    Raises:
        BadCursor
    """
    query = select(NOTICES).order_by(NOTICES.c.id.desc())
    if unit:
        query = query.where(NOTICES.c.unit == unit)
    if drafts_of is not None:
        query = query.where(or_(NOTICES.c.published_by != "", NOTICES.c.unit.in_(drafts_of)))
    if cursor is not None:
        _, last = cursors.read(cursor, str)
        query = query.where(NOTICES.c.id < last)
    rows = (await session.execute(query.limit(limit + 1))).all()
    items = tuple(_notice(row) for row in rows[:limit])
    more = len(rows) > limit and items
    return NoticePage(items, cursors.write("notice", rows[limit - 1].id) if more else None)


def _values(notice: Notice) -> dict[str, Any]:
    return {
        "unit": notice.unit,
        "kind": notice.kind.value,
        "starts_at": notice.start,
        "ends_at": notice.end,
        "zh": notice.zh,
        "ko": notice.ko,
        "extent": notice.scope.extent.value,
        "codes": list(notice.scope.codes),
        "announce": notice.announce,
        "published_by": notice.published_by,
        "withdrawn_at": notice.withdrawn_at,
        "withdrawn_by": notice.withdrawn_by,
        "withdrawn_why": notice.withdrawn_why,
    }


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        id=f"N{row.id}",
        unit=row.unit,
        kind=NoticeKind(row.kind),
        start=row.starts_at,
        end=row.ends_at,
        zh=row.zh,
        ko=row.ko,
        scope=Scope(Extent(row.extent), tuple(row.codes)),
        announce=row.announce,
        published_by=row.published_by,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by,
        withdrawn_why=row.withdrawn_why,
    )
