"""Traffic of the lines in SQL: how many calls came for each, day by day (T3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import String, and_, cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.store.tables import CALLS

_DAYS_AT_ONCE = 100  # SQLite joins at most 500 rows of literals


async def counts(
    session: AsyncSession, days: Sequence[tuple[date, datetime, datetime]]
) -> dict[str, dict[date, int]]:
    """Line → day → calls that arrived on it. What is 0 is left out.

    Args:
        days: each day with its first moment and the first one after it.
    """
    found: dict[str, dict[date, int]] = {}
    for start in range(0, len(days), _DAYS_AT_ONCE):
        part = days[start : start + _DAYS_AT_ONCE]
        spans = union_all(
            *(
                select(
                    cast(literal(day.isoformat()), String).label("day"),
                    literal(first, CALLS.c.arrived_at.type).label("first"),
                    literal(after, CALLS.c.arrived_at.type).label("after"),
                )
                for day, first, after in part
            )
        ).subquery()
        within = and_(CALLS.c.arrived_at >= spans.c.first, CALLS.c.arrived_at < spans.c.after)
        query = (
            select(CALLS.c.line, spans.c.day, func.count())
            .select_from(spans.join(CALLS, within))
            .group_by(CALLS.c.line, spans.c.day)
        )
        for line, day, calls in await session.execute(query):
            found.setdefault(line, {})[date.fromisoformat(day)] = calls
    return found
