"""Queries of probes: an attempt is claimed before the phone rings, and completed after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.probes import Target, TargetKind
from ticketing.store.database import upsert
from ticketing.store.probe_tables import PROBES

ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Probe:
    """One attempt to reach a number. Times are UTC.

    Attributes:
        day: the local day it belongs to.
        attempt: counted from 1 within the day.
        who: who had it made; ``system`` for the clock.
        outcome: ``answered``, ``no_answer``, ``busy`` …, or why it was not called; None while it
            goes on, or when nobody saw its end.
        rang: seconds until it was answered or given up.
        came_back: of a forwarded number: whether the call reached the hotline again (T3).
        recording: the sound, relative to the recordings' root.
        unanswered: the last attempt of a day on which none was answered (S6, S7).
    """

    id: int
    day: date
    number: str
    attempt: int
    kind: TargetKind
    unit: str
    person: str
    who: str
    at: datetime
    outcome: str | None
    rang: float | None
    came_back: bool | None
    recording: str | None
    unanswered: bool


async def of_day(session: AsyncSession, day: date) -> dict[str, list[Probe]]:
    """The attempts of a day by number, each number's in order."""
    query = select(PROBES).where(PROBES.c.day == day).order_by(PROBES.c.attempt)
    found: dict[str, list[Probe]] = {}
    for row in await session.execute(query):
        found.setdefault(row.number, []).append(_probe(row))
    return found


async def claim(
    session: AsyncSession, day: date, target: Target, attempt: int, who: str, at: datetime
) -> int | None:
    """Begin an attempt; None when another node has."""
    row = await session.execute(
        upsert(session, PROBES)
        .values(
            day=day,
            number=target.number,
            attempt=attempt,
            kind=target.kind.value,
            unit=target.unit,
            person=target.person,
            who=who,
            at=at,
            unanswered=False,
        )
        .on_conflict_do_nothing()
        .returning(PROBES.c.id)
    )
    found = row.first()
    return None if found is None else int(found.id)


async def told(session: AsyncSession, probe: int, **values: Any) -> Probe:
    """Note how an attempt went."""
    row = await session.execute(
        update(PROBES).where(PROBES.c.id == probe).values(values).returning(PROBES)
    )
    return _probe(row.one())


async def latest(
    session: AsyncSession,
    *,
    limit: int,
    before: int | None = None,
    unit: str | None = None,
    unanswered: bool = False,
) -> list[Probe]:
    """The latest attempts, newest first.

    Args:
        before: only those older than this id.
        unanswered: only those of which is told that nobody answered.
    """
    query = select(PROBES).order_by(PROBES.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(PROBES.c.id < before)
    if unit is not None:
        query = query.where(PROBES.c.unit == unit)
    if unanswered:
        query = query.where(PROBES.c.unanswered.is_(True))
    return [_probe(row) for row in await session.execute(query)]


async def last_attempt(session: AsyncSession, day: date, number: str) -> int:
    """How often a number was tried on a day."""
    query = select(func.max(PROBES.c.attempt)).where(PROBES.c.day == day, PROBES.c.number == number)
    return int((await session.execute(query)).scalar_one() or 0)


def _probe(row: Row[Any]) -> Probe:
    return Probe(
        id=row.id,
        day=row.day,
        number=row.number,
        attempt=row.attempt,
        kind=TargetKind(row.kind),
        unit=row.unit,
        person=row.person,
        who=row.who,
        at=row.at,
        outcome=row.outcome,
        rang=row.rang,
        came_back=row.came_back,
        recording=row.recording,
        unanswered=row.unanswered,
    )
