"""The events of orders: written once, never changed, chained by hashes over all orders."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.actions import Command
from ticketing.domain.plain import from_plain, to_plain
from ticketing.domain.work_order import Event, Moments, State
from ticketing.store.database import upsert
from ticketing.store.order_tables import CHAIN_HEAD, ORDER_EVENTS

_HEAD = "orders"
_START = "0" * 64
_PAGE = 2000
COMMANDS: dict[str, type[Any]] = {
    str(kind.__dataclass_fields__["action"].default): kind for kind in get_args(Command)
}


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row at which the chain does not hold.

    Attributes:
        number: the order's; empty when it is not known.
        why: for people.
    """

    id: int
    number: str
    why: str


def body_of(event: Event) -> str:
    """What a row keeps of an event besides its columns: JSON with sorted names."""
    kept: dict[str, Any] = {"command": to_plain(event.command)}
    if event.moments is not None:
        kept["moments"] = to_plain(event.moments)
    if event.pack is not None:
        kept["pack"] = event.pack
    return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def rows_of(events: Iterable[Event], last: int, head: str) -> list[dict[str, Any]]:
    """The rows of ``events`` that go on the chain after row ``last`` with the hash ``head``."""
    rows: list[dict[str, Any]] = []
    for event in events:
        last += 1
        row: dict[str, Any] = {
            "id": last,
            "number": event.order,
            "seq": event.seq,
            "at": event.at,
            "who": event.who,
            "unit": event.unit,
            "action": event.command.action,
            "state": event.to.value,
            "body": body_of(event),
        }
        head = _hash(head, row)
        rows.append({**row, "hash": head})
    return rows


def _hash(head: str, row: dict[str, Any]) -> str:
    """The hash of a row after the row with the hash ``head``."""
    at: datetime = row["at"]
    told = [
        head,
        row["id"],
        row["number"],
        row["seq"],
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        row["who"],
        row["unit"],
        row["action"],
        row["state"],
        row["body"],
    ]
    plain = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


async def append(session: AsyncSession, events: Sequence[Event]) -> None:
    """Write events. Until the unit of work ends, nobody else writes any."""
    head = await _lock_head(session)
    rows = rows_of(events, head.id, head.hash)
    await session.execute(insert(ORDER_EVENTS), rows)
    await session.execute(
        update(CHAIN_HEAD)
        .where(CHAIN_HEAD.c.name == _HEAD)
        .values(id=rows[-1]["id"], hash=rows[-1]["hash"])
    )


async def _lock_head(session: AsyncSession) -> Row[Any]:
    query = select(CHAIN_HEAD).where(CHAIN_HEAD.c.name == _HEAD).with_for_update()
    row = (await session.execute(query)).one_or_none()
    if row is None:
        first = upsert(session, CHAIN_HEAD).values(name=_HEAD, id=0, hash=_START)
        await session.execute(first.on_conflict_do_nothing())
        row = (await session.execute(query)).one()
    return row


async def read(session: AsyncSession, number: str) -> tuple[Event, ...]:
    """The events of one order, in order; none when there is no such order."""
    query = select(ORDER_EVENTS).where(ORDER_EVENTS.c.number == number).order_by(ORDER_EVENTS.c.seq)
    return tuple(_event(row) for row in await session.execute(query))


async def read_several(
    session: AsyncSession, numbers: Sequence[str]
) -> dict[str, tuple[Event, ...]]:
    """The events of several orders by their numbers."""
    columns = ORDER_EVENTS.c
    query = select(ORDER_EVENTS).where(columns.number.in_(numbers))
    found: dict[str, list[Event]] = {}
    for row in await session.execute(query.order_by(columns.number, columns.seq)):
        found.setdefault(row.number, []).append(_event(row))
    return {number: tuple(events) for number, events in found.items()}


async def head(session: AsyncSession) -> tuple[int, str]:
    """The last row's id and hash. Whoever keeps them elsewhere can tell a chain written anew."""
    query = select(CHAIN_HEAD).where(CHAIN_HEAD.c.name == _HEAD)
    row = (await session.execute(query)).one_or_none()
    return (0, _START) if row is None else (row.id, row.hash)


async def verify(
    session: AsyncSession, told: Callable[[int, int], None] | None = None
) -> tuple[int, Broken | None]:
    """Go over the whole chain; others may go on writing meanwhile.

    Args:
        told: how far it is: rows looked at, and the last row's id.

    Returns:
        how many rows hold, and the first that does not.
    """
    last, hashed = 0, _START
    while True:
        # the head first: what is written between the two reads is found in the next round
        kept = await head(session)
        rows, unread = await _rows_after(session, last)
        for row in rows:
            broken = _check(row, last, hashed)
            if broken is not None:
                return last, broken
            last, hashed = row["id"], row["hash"]
        if unread is not None:
            return last, Broken(unread, "", "the row cannot be read")
        if told is not None:
            told(last, kept[0])
        if not rows:
            break
    if kept != (last, hashed):
        return last, Broken(last + 1, "", "rows are missing at the end")
    return last, None


def _check(row: dict[str, Any], last: int, hashed: str) -> Broken | None:
    """Whether ``row`` follows the row ``last`` with its hash ``hashed``."""
    if row["id"] <= last:
        return Broken(row["id"], str(row["number"]), "the row was put in before the first")
    if row["id"] != last + 1:
        return Broken(last + 1, str(row["number"]), "a row is missing before this one")
    try:
        same = _hash(hashed, row) == row["hash"]
    except (TypeError, ValueError):  # SQLite keeps values of any type in any column
        same = False
    return None if same else Broken(row["id"], str(row["number"]), "the row was changed")


async def _rows_after(
    session: AsyncSession, last: int
) -> tuple[Sequence[dict[str, Any]], int | None]:
    """The next rows, and the id of the one after them if it cannot be read."""
    columns = ORDER_EVENTS.c
    query = select(ORDER_EVENTS).order_by(columns.id)
    if last:  # a row with an id below 1 comes to light too
        query = query.where(columns.id > last)
    try:
        found = (await session.execute(query.limit(_PAGE))).mappings().all()
        return [dict(row) for row in found], None
    except (TypeError, ValueError):
        pass
    ids = select(columns.id).order_by(columns.id)
    if last:
        ids = ids.where(columns.id > last)
    rows: list[dict[str, Any]] = []
    for place in (await session.execute(ids.limit(_PAGE))).scalars().all():
        try:
            one = await session.execute(select(ORDER_EVENTS).where(columns.id == place))
            rows.append(dict(one.mappings().one()))
        except (TypeError, ValueError):
            return rows, int(place)
    return rows, None


def _event(row: Row[Any]) -> Event:
    body = json.loads(row.body)
    moments = body.get("moments")
    return Event(
        order=row.number,
        seq=row.seq,
        at=row.at,
        who=row.who,
        unit=row.unit,
        to=State(row.state),
        command=from_plain(COMMANDS[row.action], body["command"]),
        moments=None if moments is None else from_plain(Moments, moments),
        pack=body.get("pack"),
    )
