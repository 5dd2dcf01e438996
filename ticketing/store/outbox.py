"""The outbox: what is to be done outside, at least once, in the order it was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.effects import Effect
from ticketing.domain.errors import DeliveryNotFound
from ticketing.domain.work_order import Event
from ticketing.store import cursors
from ticketing.store.order_tables import OUTBOX

_LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be done.

    Attributes:
        id: the same for ever; a receiver that has seen it does nothing the second time.
        attempts: how often it was tried before.
    """

    id: str
    number: str
    kind: str
    target: str
    what: str
    data: Mapping[str, Any]
    created_at: datetime
    attempts: int


async def add(
    session: AsyncSession,
    follows: Iterable[tuple[Event, Sequence[tuple[Effect, datetime]]]],
) -> None:
    """Write what follows from events, each with the moment it may first be done."""
    rows = [row for event, effects in follows for row in rows_of(event, effects)]
    if rows:
        await session.execute(insert(OUTBOX), rows)


def rows_of(event: Event, effects: Sequence[tuple[Effect, datetime]]) -> list[dict[str, Any]]:
    """The rows of an event's effects."""
    return [
        {
            "id": f"{event.order}-{event.seq}-{place}",
            "number": event.order,
            "kind": effect.kind.value,
            "target": effect.target,
            "what": effect.what,
            "data": dict(effect.data),
            "created_at": event.at,
            "next_at": at,
            "attempts": 0,
            "done_at": None,
            "failed": None,
        }
        for place, (effect, at) in enumerate(effects)
    ]


async def claim(
    session: AsyncSession, now: datetime, limit: int = 20, lease: timedelta = _LEASE
) -> tuple[Item, ...]:
    """Take what may be done now. It comes again after ``lease`` unless `done` or `later` is told;
    two nodes never take the same at once."""
    query = (
        select(OUTBOX)
        .where(OUTBOX.c.next_at <= now)
        .order_by(OUTBOX.c.next_at, OUTBOX.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.execute(query)).all()
    if rows:
        await session.execute(
            update(OUTBOX)
            .where(OUTBOX.c.id.in_([row.id for row in rows]))
            .values(next_at=now + lease, attempts=OUTBOX.c.attempts + 1)
        )
    return tuple(
        Item(
            row.id,
            row.number,
            row.kind,
            row.target,
            row.what,
            row.data,
            row.created_at,
            row.attempts,
        )
        for row in rows
    )


async def done(session: AsyncSession, item: str, now: datetime) -> None:
    """It is done, once and for all."""
    await session.execute(
        update(OUTBOX).where(OUTBOX.c.id == item).values(done_at=now, next_at=None, failed=None)
    )


async def later(session: AsyncSession, item: str, at: datetime | None, why: str) -> None:
    """It could not be done: again at ``at``, or never (None); ``why`` is for people.

    What somebody else has done meanwhile stays done.
    """
    await session.execute(
        update(OUTBOX)
        .where(OUTBOX.c.id == item, OUTBOX.c.done_at.is_(None))
        .values(next_at=at, failed=why)
    )


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be done, and is not tried again by itself; times are UTC.

    Attributes:
        why: for people; it holds no number, address or secret.
    """

    id: str
    number: str
    kind: str
    target: str
    what: str
    created_at: datetime
    attempts: int
    why: str


@dataclass(frozen=True, slots=True)
class FailurePage:
    """One page, newest first; ``next`` is the cursor of the page after it, or None."""

    items: tuple[Failure, ...]
    next: str | None


_O = OUTBOX.c
_FAILED = and_(_O.failed.is_not(None), _O.next_at.is_(None))
_SHOWN = (
    _O.id,
    _O.number,
    _O.kind,
    _O.target,
    _O.what,
    _O.created_at,
    _O.attempts,
    _O.failed,
)


async def due(session: AsyncSession, now: datetime) -> bool:
    """Whether something may be done now; asking takes no lock."""
    query = select(_O.id).where(_O.next_at <= now).limit(1)
    return (await session.execute(query)).first() is not None


async def failures(
    session: AsyncSession, *, limit: int = 50, cursor: str | None = None
) -> FailurePage:
    """One page of what has failed for good.

    Args:
        cursor: ``next`` of the page before.

    Raises:
        BadCursor
    """
    query = select(*_SHOWN).where(_FAILED)
    if cursor is not None:
        at, last = cursors.read_moment(cursor)
        older = or_(_O.created_at < at, and_(_O.created_at == at, _O.id < last))
        query = query.where(_O.created_at <= at, older)
    query = query.order_by(_O.created_at.desc(), _O.id.desc()).limit(limit + 1)
    rows = (await session.execute(query)).all()
    items = tuple(Failure(*row) for row in rows[:limit])
    more = len(rows) > limit and items
    return FailurePage(
        items, cursors.write_moment(items[-1].created_at, items[-1].id) if more else None
    )


async def again(session: AsyncSession, item: str, now: datetime) -> Failure:
    """Try what has failed for good once more, from the first attempt on.

    Raises:
        DeliveryNotFound: nothing that has failed has this id.
    """
    statement = update(OUTBOX).where(_O.id == item, _FAILED)
    row = (
        await session.execute(statement.values(next_at=now, attempts=0).returning(*_SHOWN))
    ).one_or_none()
    if row is None:
        raise DeliveryNotFound(f"{item}: nothing that has failed has this id")
    return Failure(*row)
