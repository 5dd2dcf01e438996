"""Queries of calls to the persons responsible for an urgent order (H4)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.dispatch_calls import Cascade, Outcome, Person, Ring, Stage
from ticketing.store.dispatch_tables import DISPATCH_CALLS, DISPATCH_RINGS

C, R = DISPATCH_CALLS.c, DISPATCH_RINGS.c


async def add(session: AsyncSession, new: Cascade) -> int:
    """Add a cascade; gives its id.

    Raises:
        IntegrityError: of one order's people some are being rung already.
    """
    added = await session.execute(insert(DISPATCH_CALLS).values(_columns(new)).returning(C.id))
    return int(added.scalar_one())


async def going(session: AsyncSession) -> tuple[Cascade, ...]:
    """All that go on, the oldest first."""
    query = select(DISPATCH_CALLS).where(C.ended_at.is_(None)).order_by(C.id)
    return tuple(_cascade(row) for row in await session.execute(query))


async def get(session: AsyncSession, id: int) -> Cascade | None:  # noqa: A002
    """One cascade."""
    query = select(DISPATCH_CALLS).where(C.id == id)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else _cascade(row)


async def last_of(session: AsyncSession, number: str) -> Cascade | None:
    """The last one of an order."""
    query = select(DISPATCH_CALLS).where(C.number == number).order_by(C.id.desc()).limit(1)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else _cascade(row)


async def rings(session: AsyncSession, id: int) -> tuple[Ring, ...]:  # noqa: A002
    """The rings of a cascade, in their order."""
    query = select(DISPATCH_RINGS).where(R.dispatch == id).order_by(R.seq)
    return tuple(_ring(row) for row in await session.execute(query))


async def change(session: AsyncSession, before: Cascade, after: Cascade) -> bool:
    """Store ``after`` if the row is still as ``before``: of two who try, one succeeds."""
    changed = await session.execute(
        update(DISPATCH_CALLS)
        .where(
            C.id == before.id,
            C.stage == before.stage.value,
            C.rings == before.rings,
            C.ended_at.is_(None),
        )
        .values(_columns(after))
        .returning(C.id)
    )
    return changed.one_or_none() is not None


async def add_ring(session: AsyncSession, id: int, ring: Ring) -> None:  # noqa: A002
    """Add a ring that begins now."""
    await session.execute(
        insert(DISPATCH_RINGS).values(
            dispatch=id,
            seq=ring.seq,
            stage=ring.stage.value,
            person=ring.person.name,
            phone=ring.person.phone,
            node=ring.node,
            started_at=ring.started_at,
        )
    )


async def end_ring(
    session: AsyncSession,
    id: int,  # noqa: A002
    seq: int,
    outcome: Outcome,
    at: datetime,
) -> bool:
    """Say what became of a ring; False when that is known already."""
    changed = await session.execute(
        update(DISPATCH_RINGS)
        .where(R.dispatch == id, R.seq == seq, R.outcome.is_(None))
        .values(outcome=outcome.value, ended_at=at)
        .returning(R.seq)
    )
    return changed.one_or_none() is not None


def _columns(cascade: Cascade) -> dict[str, Any]:
    values = {name: value for name, value in asdict(cascade).items() if name != "id"}
    return {
        **values,
        "stage": cascade.stage.value,
        "people": _plain(cascade.people),
        "leaders": _plain(cascade.leaders),
    }


def _plain(people: Iterable[Person]) -> str:
    return json.dumps([[one.name, one.phone] for one in people], ensure_ascii=False)


def _people(text: str) -> tuple[Person, ...]:
    return tuple(Person(name, phone) for name, phone in json.loads(text))


def _cascade(row: Row[Any]) -> Cascade:
    values = dict(row._mapping)
    return Cascade(
        **{
            **values,
            "stage": Stage(values["stage"]),
            "people": _people(values["people"]),
            "leaders": _people(values["leaders"]),
        }
    )


def _ring(row: Row[Any]) -> Ring:
    return Ring(
        seq=row.seq,
        stage=Stage(row.stage),
        person=Person(row.person, row.phone),
        node=row.node,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=None if row.outcome is None else Outcome(row.outcome),
    )
