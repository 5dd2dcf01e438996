"""Queries of nuisance callers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.nuisance import Decision, Measure, Sign, SignKind, Standing
from ticketing.store.database import upsert
from ticketing.store.nuisance_tables import NUISANCE_MEASURES as MEASURES
from ticketing.store.nuisance_tables import NUISANCE_SIGNS as SIGNS


@dataclass(frozen=True, slots=True)
class Kept:
    """A measure against a caller, and what became of it. Times are UTC.

    Attributes:
        made_by: the supervisor who took it; ``system`` when a rule did.
        reasons: the calls that are its reason.
        decision: what the person said who looked at it; None while nobody has.
        note: in that person's words.
    """

    id: int
    caller: str
    measure: Measure
    since: datetime
    until: datetime
    made_by: str
    reasons: tuple[str, ...]
    decision: Decision | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    note: str

    def holds(self, at: datetime) -> bool:
        """Whether it does at a moment."""
        return self.decision is not Decision.LIFTED and self.since <= at < self.until

    @property
    def standing(self) -> Standing:
        """The same as the domain has it."""
        return Standing(self.measure, self.since, self.until)


async def add_sign(session: AsyncSession, caller: str, sign: Sign, note: str) -> bool:
    """Write what speaks against a caller; False when it was written before."""
    row = await session.execute(
        upsert(session, SIGNS)
        .values(_sign(caller, sign, note))
        .on_conflict_do_nothing()
        .returning(SIGNS.c.id)
    )
    return row.first() is not None


async def add_signs(session: AsyncSession, signs: Sequence[tuple[str, Sign]]) -> None:
    """Write what was counted against callers; what was written before stays."""
    rows = [_sign(caller, sign, "") for caller, sign in signs]
    await session.execute(upsert(session, SIGNS).on_conflict_do_nothing(), rows)


def _sign(caller: str, sign: Sign, note: str) -> dict[str, Any]:
    """What speaks against a caller, as a row."""
    return {
        "caller": caller,
        "at": sign.at,
        "kind": sign.kind.value,
        "who": sign.who,
        "call": sign.call,
        "note": note,
    }


async def often(
    session: AsyncSession, signs: Sequence[tuple[str, Sign]], since: datetime, calls: int
) -> list[str]:
    """Those of the callers against whom so many calls were counted since a moment."""
    query = (
        select(SIGNS.c.caller)
        .where(
            SIGNS.c.caller.in_({caller for caller, _ in signs}),
            SIGNS.c.kind == SignKind.SHORT.value,
            SIGNS.c.at > since,
        )
        .group_by(SIGNS.c.caller)
        .having(func.count() >= calls)
        .order_by(SIGNS.c.caller)
    )
    return list((await session.execute(query)).scalars())


async def signs(session: AsyncSession, caller: str, since: datetime, calls: int) -> list[Sign]:
    """What speaks against a caller since a moment: what was reported, and the latest ``calls``
    that were counted, the oldest first.

    A machine that calls all day must not cost more with each call.
    """
    found = []
    for kind in SignKind:
        query = (
            select(SIGNS)
            .where(SIGNS.c.caller == caller, SIGNS.c.kind == kind.value, SIGNS.c.at >= since)
            .order_by(SIGNS.c.at.desc(), SIGNS.c.id.desc())
        )
        if kind is SignKind.SHORT:
            query = query.limit(calls)
        rows = (await session.execute(query)).all()
        found += [Sign(row.at, kind, row.who, row.call) for row in reversed(rows)]
    return sorted(found, key=lambda sign: sign.at)


async def cleared(session: AsyncSession, caller: str) -> datetime | None:
    """When a person last lifted a measure against a caller."""
    query = select(func.max(MEASURES.c.reviewed_at)).where(
        MEASURES.c.caller == caller, MEASURES.c.decision == Decision.LIFTED.value
    )
    found: datetime | None = (await session.execute(query)).scalar_one()
    return found


async def add_measure(
    session: AsyncSession,
    caller: str,
    standing: Standing,
    made_by: str,
    reasons: Sequence[str],
    note: str = "",
) -> Kept:
    """Write a measure."""
    values: dict[str, Any] = {
        "caller": caller,
        "measure": standing.measure.value,
        "since": standing.since,
        "until": standing.until,
        "made_by": made_by,
        "reasons": list(reasons),
        "note": note,
    }
    row = await session.execute(insert(MEASURES).values(values).returning(MEASURES))
    return _kept(row.one())


async def holding(session: AsyncSession, at: datetime, caller: str | None = None) -> list[Kept]:
    """The measures that hold at a moment, of one caller if given."""
    query = select(MEASURES).where(
        MEASURES.c.until > at,
        MEASURES.c.since <= at,
        MEASURES.c.decision.is_distinct_from(Decision.LIFTED.value),
    )
    if caller is not None:
        query = query.where(MEASURES.c.caller == caller)
    return [_kept(row) for row in await session.execute(query)]


async def latest(session: AsyncSession, limit: int) -> list[Kept]:
    """The latest measures, newest first."""
    query = select(MEASURES).order_by(MEASURES.c.id.desc()).limit(limit)
    return [_kept(row) for row in await session.execute(query)]


async def get(session: AsyncSession, measure: int) -> Kept | None:
    """One measure."""
    row = (await session.execute(select(MEASURES).where(MEASURES.c.id == measure))).first()
    return None if row is None else _kept(row)


async def review(
    session: AsyncSession,
    measure: int,
    decision: Decision,
    who: str,
    at: datetime,
    until: datetime,
    note: str,
) -> Kept:
    """Write what a person said of a measure."""
    row = await session.execute(
        update(MEASURES)
        .where(MEASURES.c.id == measure)
        .values(decision=decision.value, reviewed_by=who, reviewed_at=at, until=until, note=note)
        .returning(MEASURES)
    )
    return _kept(row.one())


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        id=row.id,
        caller=row.caller,
        measure=Measure(row.measure),
        since=row.since,
        until=row.until,
        made_by=row.made_by,
        reasons=tuple(row.reasons),
        decision=None if row.decision is None else Decision(row.decision),
        reviewed_by=row.reviewed_by,
        reviewed_at=row.reviewed_at,
        note=row.note,
    )
