"""Calls in SQL: the records, what other witnesses say of them, and how far a journal was read.

Every function works in the unit of work it is given, so that records and the journal's position
can be committed together.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Insert, Row, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from ticketing.domain.calls import CallRecord, HangupSide, Outcome, Rating
from ticketing.domain.errors import BadCursor, CallNotFound
from ticketing.store import legs
from ticketing.store.database import dialect_of, insert_into
from ticketing.store.tables import CALLS, POSITIONS, WITNESSES

_COLUMNS = tuple(field.name for field in fields(CallRecord) if field.name != "handling")


class Witness(StrEnum):
    """Who else saw the call, besides Asterisk's event log."""

    AMI = "ami"
    QUEUE_LOG = "queue_log"


@dataclass(frozen=True, slots=True)
class Page:
    """One page of calls, newest first; ``next`` is the cursor of the page after it, or None."""

    items: tuple[CallRecord, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """How far a journal was read: ``offset`` bytes into the file identified by ``file``."""

    name: str
    file: str
    offset: int
    updated_at: datetime


async def save(session: AsyncSession, records: Sequence[CallRecord]) -> int:
    """Store ``records``. Saving the same again changes nothing.

    A record whose id is stored already replaces the stored one as a whole: what is saved later
    was folded from more of the journal, so the newer fold wins. Of several records with one id
    in ``records`` the last counts.

    Returns:
        how many records were new or changed.
    """
    latest = {record.id: record for record in records}
    if not latest:
        return 0
    result = await session.execute(
        _save_calls(dialect_of(session)),
        [{name: getattr(record, name) for name in _COLUMNS} for record in latest.values()],
    )
    await legs.save(session, latest.values())
    return len(result.all())


async def get(session: AsyncSession, call_id: str) -> CallRecord:
    """The record of one call.

    Raises:
        CallNotFound: there is none.
    """
    row = (await session.execute(select(CALLS).where(CALLS.c.id == call_id))).one_or_none()
    if row is None:
        raise CallNotFound(f"{call_id}: no call has this id")
    return _record(row)


async def page(
    session: AsyncSession,
    *,
    caller: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """One page of the calls, newest first.

    Args:
        caller: only this number's calls, exactly as it was given by the carrier.
        since: only calls that arrived then or later.
        until: only calls that arrived before then.
        limit: the most records on a page.
        cursor: ``next`` of the page before; the other arguments must be as they were for it.

    Raises:
        BadCursor: ``cursor`` is not one of ours.
    """
    query = select(CALLS).order_by(CALLS.c.arrived_at.desc(), CALLS.c.id.desc())
    if caller is not None:
        query = query.where(CALLS.c.caller == caller)
    if since is not None:
        query = query.where(CALLS.c.arrived_at >= since)
    if until is not None:
        query = query.where(CALLS.c.arrived_at < until)
    if cursor is not None:
        moment, last = _read_cursor(cursor)
        older = CALLS.c.arrived_at < moment
        query = query.where(
            CALLS.c.arrived_at <= moment,
            or_(older, and_(CALLS.c.arrived_at == moment, CALLS.c.id < last)),
        )
    rows = (await session.execute(query.limit(limit + 1))).all()
    items = tuple(_record(row) for row in rows[:limit])
    more = len(rows) > limit and items
    return Page(items, _cursor(items[-1]) if more else None)


async def save_witness(
    session: AsyncSession, witness: Witness, facts: Mapping[str, Mapping[str, Any]]
) -> None:
    """Store what ``witness`` saw: call id → facts (JSON). Later facts of a call replace earlier."""
    if not facts:
        return
    await session.execute(
        _save_witness(dialect_of(session)),
        [
            {"call_id": call_id, "witness": witness.value, "facts": dict(seen)}
            for call_id, seen in facts.items()
        ],
    )


async def witnesses(
    session: AsyncSession, call_ids: Sequence[str]
) -> dict[str, dict[Witness, dict[str, Any]]]:
    """What was seen of the calls: call id → witness → facts. At most some 10,000 ids at once."""
    found: dict[str, dict[Witness, dict[str, Any]]] = {}
    query = select(WITNESSES).where(WITNESSES.c.call_id.in_(call_ids))
    for row in await session.execute(query):
        found.setdefault(row.call_id, {})[Witness(row.witness)] = row.facts
    return found


async def position(session: AsyncSession, name: str) -> JournalPosition | None:
    """How far the journal ``name`` was read, or None when it never was."""
    query = select(POSITIONS).where(POSITIONS.c.name == name)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else JournalPosition(row.name, row.file, row.offset, row.updated_at)


async def set_position(session: AsyncSession, place: JournalPosition) -> None:
    """Remember how far a journal was read."""
    await session.execute(_save_position(dialect_of(session)), [asdict(place)])


# Made once for each dialect: making one costs as much as sending it, and the ledger sends them
# four times a second.
@cache
def _save_calls(dialect: str) -> ReturningInsert[tuple[str]]:
    statement = insert_into(dialect, CALLS)
    others = [name for name in _COLUMNS if name != "id"]
    changed = or_(*(CALLS.c[name].is_distinct_from(statement.excluded[name]) for name in others))
    return statement.on_conflict_do_update(
        index_elements=[CALLS.c.id],
        set_={name: statement.excluded[name] for name in others},
        where=changed,
    ).returning(CALLS.c.id)


@cache
def _save_witness(dialect: str) -> Insert:
    statement = insert_into(dialect, WITNESSES)
    return statement.on_conflict_do_update(
        index_elements=[WITNESSES.c.call_id, WITNESSES.c.witness],
        set_={"facts": statement.excluded.facts},
    )


@cache
def _save_position(dialect: str) -> Insert:
    statement = insert_into(dialect, POSITIONS)
    return statement.on_conflict_do_update(
        index_elements=[POSITIONS.c.name],
        set_={name: statement.excluded[name] for name in ("file", "offset", "updated_at")},
    )


def _record(row: Row[Any]) -> CallRecord:
    values = dict(row._mapping)
    values["hangup_by"] = HangupSide(values["hangup_by"])
    values["outcome"] = Outcome(values["outcome"])
    values["rating"] = None if values["rating"] is None else Rating(values["rating"])
    return CallRecord(**values)


def _cursor(record: CallRecord) -> str:
    plain = f"{record.arrived_at.astimezone(UTC).isoformat()} {record.id}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    refused = BadCursor("this cursor is not one of ours; ask again without it")
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        plain = base64.b64decode(padded, b"-_", validate=True).decode()
        moment, _, last = plain.partition(" ")
        at = datetime.fromisoformat(moment)
    except ValueError:  # also binascii.Error and UnicodeError
        raise refused from None
    if not last or "\0" in last or at.utcoffset() != timedelta(0):
        raise refused
    return at, last
