"""Rounds of supervision in SQL (D6, D7): which were drafted, and which orders they look at.

Every function works in the unit of work it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.measures import Kind
from ticketing.domain.work_order import WITH_A_UNIT
from ticketing.store.database import upsert
from ticketing.store.order_tables import DRAFTS, ROUNDS, WORK_ORDERS

D, O, R = DRAFTS.c, WORK_ORDERS.c, ROUNDS.c  # noqa: E741 - short for many conditions
_AT_ONCE = 500


async def is_drafted(session: AsyncSession, centre: str, kind: str, period: str) -> bool:
    """Whether the round of this period was drafted."""
    query = select(R.at).where(R.centre == centre, R.kind == kind, R.period == period)
    return (await session.execute(query)).one_or_none() is not None


async def claim(session: AsyncSession, centre: str, kind: str, period: str, at: datetime) -> bool:
    """Say that this unit of work drafts the round; False when another one has."""
    statement = upsert(session, ROUNDS).values(centre=centre, kind=kind, period=period, at=at)
    added = await session.execute(statement.on_conflict_do_nothing().returning(R.at))
    return added.one_or_none() is not None


async def open_orders(session: AsyncSession, centre: str) -> Sequence[str]:
    """The numbers of a hotline body's orders that a unit has now."""
    query = select(O.number).where(
        O.state.in_([state.value for state in WITH_A_UNIT]), O.centre == centre
    )
    return (await session.execute(query.order_by(O.number))).scalars().all()


async def fallen_due(
    session: AsyncSession, centre: str, start: datetime, end: datetime
) -> Sequence[str]:
    """The numbers of a hotline body's orders that fell due from ``start`` to before ``end``."""
    query = select(O.number).where(O.last_due >= start, O.last_due < end, O.centre == centre)
    return (await session.execute(query.order_by(O.number))).scalars().all()


@dataclass(frozen=True, slots=True)
class Line:
    """An order as a round's paper lists it; ``last_due`` is UTC."""

    number: str
    title: str
    category: str
    unit: str | None
    last_due: datetime | None


async def lines(session: AsyncSession, numbers: Sequence[str]) -> tuple[Line, ...]:
    """The orders of these numbers, in their order."""
    fields = [O[name] for name in Line.__dataclass_fields__]
    found: list[Line] = []
    for start in range(0, len(numbers), _AT_ONCE):
        query = select(*fields).where(O.number.in_(numbers[start : start + _AT_ONCE]))
        found += [Line(*row) for row in await session.execute(query)]
    return tuple(sorted(found, key=lambda line: line.number))


async def bulletins(session: AsyncSession, centre: str, period: str) -> tuple[tuple[str, str], ...]:
    """The units of a hotline body with what their bulletins of a period say."""
    query = select(D.unit, D.text).where(
        D.centre == centre,
        D.measure == Kind.BULLETIN.value,
        D.key.endswith(f"/{period}", autoescape=True),
    )
    rows = await session.execute(query.order_by(D.unit))
    return tuple((unit, text) for unit, text in rows)
