"""Queries of outward calls: written before the phone rings, completed as it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.outbound import NumberKind, Purpose
from ticketing.store import cursors
from ticketing.store.outward_tables import OUTWARD_CALLS as CALLS


@dataclass(frozen=True, slots=True)
class OutwardCall:
    """One call out of the house, or the attempt at one. Times are UTC.

    Attributes:
        who: the user who wanted it; ``system`` for the hotline itself.
        number: as it was dialled.
        ref: what it was for: the id of a call, the number of an order …
        channel: Asterisk's id of its leg, where it was known beforehand.
        outcome: ``answered``, ``no_answer``, ``busy`` …, ``over`` when nothing else is known;
            None while it goes on.
    """

    id: int
    at: datetime
    who: str
    number: str
    kind: NumberKind
    purpose: Purpose
    ref: str
    channel: str | None
    outcome: str | None
    answered_at: datetime | None
    ended_at: datetime | None

    @property
    def seconds(self) -> float:
        """How long the two talked, as far as it is over."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return max(0.0, (self.ended_at - self.answered_at).total_seconds())


@dataclass(frozen=True, slots=True)
class OutwardPage:
    """A page of outward calls, newest first; ``next`` is the cursor of the page after it."""

    items: tuple[OutwardCall, ...]
    next: str | None


async def counts(session: AsyncSession, since: datetime, number: str) -> tuple[int, int]:
    """How many calls there were since a moment: in all, and to ``number``."""
    query = select(
        func.count(), func.count().filter(CALLS.c.number == number)
    ).where(CALLS.c.at >= since)  # fmt: skip
    row = (await session.execute(query)).one()
    return int(row[0]), int(row[1])


async def add(
    session: AsyncSession,
    at: datetime,
    who: str,
    number: str,
    kind: NumberKind,
    purpose: Purpose,
    ref: str,
    channel: str | None,
) -> int:
    """Write a call that is about to be placed; its id."""
    row = await session.execute(
        insert(CALLS)
        .values(
            at=at,
            who=who,
            number=number,
            kind=kind.value,
            purpose=purpose.value,
            ref=ref,
            channel=channel,
        )
        .returning(CALLS.c.id)
    )
    return int(row.scalar_one())


async def told(session: AsyncSession, call: int, at: datetime, outcome: str) -> None:
    """Note how a call went: ``answered``, or how it ended without an answer."""
    values: dict[str, object] = {"outcome": outcome}
    values["answered_at" if outcome == "answered" else "ended_at"] = at
    await session.execute(update(CALLS).where(CALLS.c.id == call).values(values))


async def ended(session: AsyncSession, channel: str, at: datetime) -> None:
    """Note that the leg of a call is gone."""
    await session.execute(
        update(CALLS)
        .where(CALLS.c.channel == channel, CALLS.c.ended_at.is_(None))
        .values(ended_at=at)
    )


async def page(
    session: AsyncSession, *, limit: int, purpose: Purpose | None = None, cursor: str | None = None
) -> OutwardPage:
    """A page of the calls, newest first.

    Raises:
        BadCursor: ``cursor`` is not one of ours.
    """
    wanted: list[ColumnElement[bool]] = []
    if purpose is not None:
        wanted.append(CALLS.c.purpose == purpose.value)
    if cursor is not None:
        at, last = cursors.read(cursor, _moment)
        earlier = and_(CALLS.c.at == at, CALLS.c.id < last)
        wanted.append(or_(CALLS.c.at < at, earlier))
    query = (
        select(CALLS).where(*wanted).order_by(CALLS.c.at.desc(), CALLS.c.id.desc()).limit(limit + 1)
    )
    rows = (await session.execute(query)).all()
    items = tuple(_call(row) for row in rows[:limit])
    more = len(rows) > limit
    return OutwardPage(
        items, cursors.write(items[-1].at.isoformat(), items[-1].id) if more else None
    )


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no time zone")
    return at


def _call(row: Row[tuple[object, ...]]) -> OutwardCall:
    return OutwardCall(
        id=row.id,
        at=row.at,
        who=row.who,
        number=row.number,
        kind=NumberKind(row.kind),
        purpose=Purpose(row.purpose),
        ref=row.ref,
        channel=row.channel,
        outcome=row.outcome,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
    )
