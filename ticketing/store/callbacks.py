"""Queries of those who are to be called back. Every change says which state it expects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.callbacks import Callback, Kind, State, Tried
from ticketing.domain.errors import CallbackNotFound
from ticketing.store import cursors
from ticketing.store.callback_tables import CALLBACKS

_OPEN = (State.WAITING.value, State.CALLING.value)


@dataclass(frozen=True, slots=True)
class CallbackPage:
    """A page of the list, newest first; ``next`` is the cursor of the page after it, or None."""

    items: tuple[Callback, ...]
    next: str | None


async def get(session: AsyncSession, id: int) -> Callback:  # noqa: A002
    """One row.

    Raises:
        CallbackNotFound
    """
    query = select(CALLBACKS).where(CALLBACKS.c.id == id)
    row = (await session.execute(query)).one_or_none()
    if row is None:
        raise CallbackNotFound(f"there is no callback {id}")
    return _callback(row)


async def outstanding(session: AsyncSession) -> list[Callback]:
    """All that is still to be done, the oldest first."""
    return await _where(session, CALLBACKS.c.state.in_(_OPEN))


async def open_of(session: AsyncSession, numbers: Iterable[str]) -> dict[str, Callback]:
    """What is still to be done for these numbers."""
    wanted = CALLBACKS.c.number.in_(sorted(set(numbers)))
    found = await _where(session, wanted & CALLBACKS.c.state.in_(_OPEN))
    return {each.number: each for each in found}


async def of_calls(session: AsyncSession, calls: Sequence[str]) -> set[str]:
    """Which of these calls have led to a row."""
    found = await session.execute(select(CALLBACKS.c.call).where(CALLBACKS.c.call.in_(calls)))
    return {row.call for row in found}


async def of_ids(session: AsyncSession, ids: Sequence[int]) -> dict[int, Callback]:
    """These rows, as far as there are any."""
    return {each.id: each for each in await _where(session, CALLBACKS.c.id.in_(ids))}


async def add(session: AsyncSession, new: Callback) -> int:
    """Add a row; gives its id."""
    values = {name: value for name, value in asdict(new).items() if name != "id"}
    added = await session.execute(insert(CALLBACKS).values(values).returning(CALLBACKS.c.id))
    return int(added.scalar_one())


async def change(session: AsyncSession, before: Callback, after: Callback) -> bool:
    """Store ``after`` if the row is still as ``before``: of two who try, one succeeds."""
    values = {name: value for name, value in asdict(after).items() if name != "id"}
    changed = await session.execute(
        update(CALLBACKS)
        .where(
            CALLBACKS.c.id == before.id,
            CALLBACKS.c.state == before.state.value,
            CALLBACKS.c.attempts == before.attempts,
        )
        .values(values)
        .returning(CALLBACKS.c.id)
    )
    return changed.one_or_none() is not None


async def page(
    session: AsyncSession,
    *,
    open_only: bool,
    kind: Kind | None = None,
    since: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> CallbackPage:
    """One page of the list, newest first.

    Raises:
        BadCursor
    """
    query = select(CALLBACKS).order_by(CALLBACKS.c.id.desc())
    if open_only:
        query = query.where(CALLBACKS.c.state.in_(_OPEN))
    if kind is not None:
        query = query.where(CALLBACKS.c.kind == kind.value)
    if since is not None:
        query = query.where(CALLBACKS.c.asked_at >= since)
    if cursor is not None:
        _, last = cursors.read(cursor, _no_key)
        query = query.where(CALLBACKS.c.id < last)
    rows = (await session.execute(query.limit(limit + 1))).all()
    items = tuple(_callback(row) for row in rows[:limit])
    more = len(rows) > limit
    return CallbackPage(items, cursors.write("-", items[-1].id) if more else None)


async def _where(session: AsyncSession, condition: ColumnElement[bool]) -> list[Callback]:
    query = select(CALLBACKS).where(condition).order_by(CALLBACKS.c.id)
    return [_callback(row) for row in await session.execute(query)]


def _no_key(text: str) -> str:
    if text != "-":
        raise ValueError(text)
    return text


def _callback(row: Row[Any]) -> Callback:
    values = dict(row._mapping)
    values["kind"] = Kind(values["kind"])
    values["state"] = State(values["state"])
    values["outcome"] = None if values["outcome"] is None else Tried(values["outcome"])
    return Callback(**values)
