"""Who took part in calls and what happened in them, in SQL; saved with the records.

Every function works in the unit of work it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.calls import CallRecord
from ticketing.domain.errors import LegNotFound
from ticketing.domain.legs import (
    CallEvent,
    CallEventKind,
    CallLeg,
    Handling,
    LegKind,
    LegOutcome,
)
from ticketing.store.leg_tables import CALL_EVENTS, CALL_LEGS


async def save(session: AsyncSession, records: Iterable[CallRecord]) -> None:
    """Store how these calls were dealt with, in place of what was stored of them."""
    kept = list(records)
    ids = [record.id for record in kept]
    legs = [
        {"call_id": record.id, "position": position, **asdict(leg)}
        for record in kept
        for position, leg in enumerate(record.handling.legs, 1)
    ]
    events = [
        {
            "call_id": record.id,
            "position": position,
            "at": event.at,
            "kind": event.kind.value,
            "detail": dict(event.detail),
        }
        for record in kept
        for position, event in enumerate(record.handling.events, 1)
    ]
    for table, rows in ((CALL_LEGS, legs), (CALL_EVENTS, events)):
        await session.execute(delete(table).where(table.c.call_id.in_(ids)))
        if rows:
            await session.execute(insert(table), rows)


async def handling(session: AsyncSession, call_id: str) -> Handling:
    """How one call was dealt with; empty of one that is not known."""
    legs = select(CALL_LEGS).where(CALL_LEGS.c.call_id == call_id)
    events = select(CALL_EVENTS).where(CALL_EVENTS.c.call_id == call_id)
    return Handling(
        tuple(_leg(row) for row in await session.execute(legs.order_by(CALL_LEGS.c.position))),
        tuple(
            CallEvent(row.at, CallEventKind(row.kind), row.detail)
            for row in await session.execute(events.order_by(CALL_EVENTS.c.position))
        ),
    )


async def third(session: AsyncSession, call_id: str, number: int) -> CallLeg:
    """The leg of a third party, by its number in the call.

    Raises:
        LegNotFound
    """
    query = select(CALL_LEGS).where(CALL_LEGS.c.call_id == call_id, CALL_LEGS.c.number == number)
    row = (await session.execute(query)).first()
    if row is None:
        raise LegNotFound(f"{call_id}: no third party has the number {number}")
    return _leg(row)


async def recordings(session: AsyncSession, call_ids: Sequence[str]) -> list[str]:
    """The files of legs that were recorded by themselves, relative to the recordings' root."""
    query = select(CALL_LEGS.c.recording).where(
        CALL_LEGS.c.call_id.in_(call_ids), CALL_LEGS.c.recording.is_not(None)
    )
    return [row.recording for row in await session.execute(query)]


def _leg(row: Row[Any]) -> CallLeg:
    values = {
        name: value for name, value in row._mapping.items() if name not in {"call_id", "position"}
    }
    kind, outcome = LegKind(values.pop("kind")), LegOutcome(values.pop("outcome"))
    return CallLeg(kind=kind, outcome=outcome, **values)
