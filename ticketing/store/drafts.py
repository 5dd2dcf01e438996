"""Drafts of supervision in SQL: what the clock proposes, and what a person made of it (D1 to D9).

Every function works in the unit of work it is given. A key is stored once and for ever, so what was
issued or set aside never comes again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, and_, false, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import DraftNotFound
from ticketing.domain.measures import Draft, Fault, Kind
from ticketing.store import cursors
from ticketing.store.database import upsert
from ticketing.store.order_rows import Sight
from ticketing.store.order_tables import DRAFTS, WORK_ORDERS

D = DRAFTS.c


class DraftState(StrEnum):
    """What became of a draft."""

    DRAFTED = "drafted"
    ISSUED = "issued"
    DISMISSED = "dismissed"
    LAPSED = "lapsed"  # not needed any more; it may come back


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as it is kept; times are UTC.

    Attributes:
        limit: that it was issued with.
        reason: why it was set aside.
        said: with which words it was issued, where it is about many orders.
    """

    draft: Draft
    state: DraftState
    drafted_at: datetime
    limit: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    said: str | None = None


@dataclass(frozen=True, slots=True)
class DraftPage:
    """One page, newest first; ``next`` is the cursor of the page after it, or None."""

    items: tuple[Kept, ...]
    next: str | None


async def renew(
    session: AsyncSession, now_needed: Mapping[str, tuple[Sequence[Draft], datetime]]
) -> None:
    """What is drafted for orders now; their other drafts that nobody has decided lapse.

    Args:
        now_needed: by the order's number: the drafts, and since when they are needed.
    """
    if not now_needed:
        return
    keys = [draft.key for needed, _ in now_needed.values() for draft in needed]
    waiting = and_(D.number.in_(now_needed), D.state == DraftState.DRAFTED.value)
    gone = waiting if not keys else and_(waiting, D.key.not_in(keys))
    await session.execute(update(DRAFTS).where(gone).values(state=DraftState.LAPSED.value))
    rows = [
        {
            "key": draft.key,
            "number": number,
            "measure": draft.kind.value,
            "text": draft.why,
            "drafted_at": now,
            "state": DraftState.DRAFTED.value,
            "unit": draft.unit,
            "rule": draft.rule,
            "round": draft.round,
        }
        for number, (needed, now) in now_needed.items()
        for draft in needed
    ]
    if rows:
        statement = upsert(session, DRAFTS)
        again = {name: statement.excluded[name] for name in ("state", "text", "drafted_at")}
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=[D.key], set_=again, where=D.state == DraftState.LAPSED.value
            ),
            rows,
        )


async def add_round(session: AsyncSession, needed: Sequence[Draft], at: datetime) -> None:
    """Keep what was drafted for many orders at once (D6, D7); what is there stays as it is."""
    rows = [
        {
            "key": draft.key,
            "number": "",
            "measure": draft.kind.value,
            "text": draft.why,
            "drafted_at": at,
            "state": DraftState.DRAFTED.value,
            "unit": draft.unit,
            "rule": draft.rule,
            "round": draft.round,
            "centre": draft.centre,
            "orders": " ".join(draft.orders),
        }
        for draft in needed
    ]
    if rows:
        await session.execute(upsert(session, DRAFTS).on_conflict_do_nothing(), rows)


async def get(session: AsyncSession, key: str) -> Kept:
    """One draft.

    Raises:
        DraftNotFound
    """
    row = (await session.execute(select(DRAFTS).where(D.key == key))).one_or_none()
    if row is None:
        raise DraftNotFound(f"{key}: there is no such draft of supervision")
    return _kept(row)


async def decide(
    session: AsyncSession,
    key: str,
    state: DraftState,
    by: str,
    at: datetime,
    *,
    limit: datetime | None = None,
    reason: str | None = None,
    said: str | None = None,
) -> bool:
    """Store what a person has decided; False when it waits for no decision any more."""
    statement = (
        update(DRAFTS)
        .where(D.key == key, D.state == DraftState.DRAFTED.value)
        .values(state=state.value, decided_by=by, decided_at=at, limit_at=limit)
        .values(reason=reason, said=said)
        .returning(D.key)
    )
    return (await session.execute(statement)).one_or_none() is not None


async def page(
    session: AsyncSession,
    state: DraftState,
    *,
    centres: Collection[str] | None,
    limit: int = 50,
    cursor: str | None = None,
) -> DraftPage:
    """One page of the drafts in ``state``.

    Args:
        centres: only of orders that these hotline bodies took in, and their rounds; None: of all.
        cursor: ``next`` of the page before; the other arguments must be as they were for it.

    Raises:
        BadCursor
    """
    query = select(DRAFTS).where(D.state == state.value)
    if centres is not None:
        query = query.outerjoin(WORK_ORDERS, WORK_ORDERS.c.number == D.number)
        query = query.where(or_(WORK_ORDERS.c.centre.in_(centres), D.centre.in_(centres)))
    return await _page(session, query, limit, cursor)


async def issued_rounds(
    session: AsyncSession, sight: Sight | None, *, limit: int = 50, cursor: str | None = None
) -> DraftPage:
    """One page of what was issued about many orders (D6, D7), the last drafted first.

    Args:
        sight: only what went to this unit, or out of these hotline bodies; None: all.

    Raises:
        BadCursor
    """
    query = select(DRAFTS).where(D.state == DraftState.ISSUED.value, D.number == "")
    if sight is not None:
        to_unit = D.unit == sight.unit if sight.holds else false()
        query = query.where(or_(to_unit, D.centre.in_(sight.centres)))
    return await _page(session, query, limit, cursor)


async def _page(
    session: AsyncSession, query: Select[Any], limit: int, cursor: str | None
) -> DraftPage:
    if cursor is not None:
        at, last = cursors.read_moment(cursor)
        query = query.where(
            D.drafted_at <= at, or_(D.drafted_at < at, and_(D.drafted_at == at, D.key < last))
        )
    query = query.order_by(D.drafted_at.desc(), D.key.desc()).limit(limit + 1)
    rows = (await session.execute(query)).all()
    items = tuple(_kept(row) for row in rows[:limit])
    more = len(rows) > limit and items
    last_row = rows[limit - 1] if more else None
    after = None if last_row is None else cursors.write_moment(last_row.drafted_at, last_row.key)
    return DraftPage(items, after)


def _kept(row: Row[Any]) -> Kept:
    kind = Kind(row.measure)
    draft = Draft(
        key=row.key,
        kind=kind,
        rule=row.rule,
        why=row.text,
        order=row.number,
        unit=row.unit,
        round=row.round,
        orders=tuple(row.orders.split()),
        centre=row.centre,
        fault=Fault(row.key.rpartition("/")[2]) if kind is Kind.SANCTION else None,
    )
    return Kept(
        draft,
        DraftState(row.state),
        row.drafted_at,
        row.limit_at,
        row.decided_by,
        row.decided_at,
        row.reason,
        row.said,
    )
