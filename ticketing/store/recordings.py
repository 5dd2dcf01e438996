"""Recordings: what is still to be done with them, who does it, and what is left of them.

What is to be done is read from the calls and from here, never from a queue: a queue that is lost
loses nothing, and a job that is there twice is done once, for it is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import RecordingNotFound
from ticketing.domain.transcripts import Deletion, Holdings, Progress, Source
from ticketing.domain.work_order import State
from ticketing.store import cursors
from ticketing.store.database import upsert
from ticketing.store.order_tables import WORK_ORDERS
from ticketing.store.tables import CALLS
from ticketing.store.transcript_tables import RECORDINGS

R = RECORDINGS.c
Key = tuple[str, Source]
_row_name = R.call_id + "/" + R.source
_GONE = {
    Deletion.LEGS: R.legs_gone_at,
    Deletion.SOUND: R.sound_gone_at,
    Deletion.TEXT: R.text_gone_at,
}
_UNDONE = R.state.in_([Progress.WAITING.value, Progress.WORKING.value])


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording as it is kept.

    Attributes:
        file: below the recordings' root.
        codec: ``opus``, ``flac`` or ``wav``.
    """

    file: str
    codec: str
    sha256: str
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Recording:
    """One thing to be heard: a call's recording, or the message it left.

    Attributes:
        path: the folder of the legs, or the message's file, below the recordings' root.
        attempts: how often its job was begun.
        why: what went wrong, or what is missing, for people.
        legs_gone_at, sound_gone_at, text_gone_at: when each was deleted by policy.
    """

    call_id: str
    source: Source
    path: str
    language: str
    ended_at: datetime
    state: Progress
    why: str
    attempts: int
    kept: Kept | None
    legs_gone_at: datetime | None
    sound_gone_at: datetime | None
    text_gone_at: datetime | None

    @property
    def name(self) -> str:
        """What it is called in lists."""
        return f"{self.call_id}/{self.source.value}"

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.call_id, self.source


# --- what is to be done -----------------------------------------------------------------------
async def register(session: AsyncSession, until: datetime, since: datetime | None = None) -> int:
    """Make a row for each recording and message that has none; how many were made.

    Args:
        until: only of calls that were over then: their files are whole.
        since: only of calls that arrived later; None: of all.
    """
    made = 0
    for source, path in ((Source.CALL, CALLS.c.recording), (Source.MESSAGE, CALLS.c.message)):
        known = exists().where(R.call_id == CALLS.c.id, R.source == source.value)
        query = select(
            CALLS.c.id,
            literal(source.value),
            path,
            CALLS.c.language,
            CALLS.c.ended_at,
            literal(Progress.WAITING.value),
        ).where(path.is_not(None), path != "", CALLS.c.ended_at <= until, ~known)
        if since is not None:
            query = query.where(CALLS.c.arrived_at >= since)
        columns = ["call_id", "source", "path", "language", "ended_at", "state"]
        statement = upsert(session, RECORDINGS).from_select(columns, query)
        result = await session.execute(statement.on_conflict_do_nothing().returning(R.call_id))
        made += len(result.all())
    return made


async def unqueued(
    session: AsyncSession, life: str, now: datetime, limit: int, *, emptied: bool = False
) -> list[Key]:
    """What is to be put into the queue, the oldest first.

    Args:
        life: the present life of the queue; what was put in in another is lost.
        emptied: the queue is empty: what was put in and waits is lost as well.
    """
    lost = or_(R.queued_in.is_(None), R.queued_in != life, literal(emptied))
    waiting = and_(R.state == Progress.WAITING.value, lost)
    dead = and_(R.state == Progress.WORKING.value, R.claimed_until < now)
    query = select(R.call_id, R.source).where(_UNDONE, or_(waiting, dead))
    rows = await session.execute(query.order_by(R.ended_at, R.call_id).limit(limit))
    return [(row.call_id, Source(row.source)) for row in rows]


async def queued(session: AsyncSession, keys: Sequence[Key], life: str) -> None:
    """Remember that they were put into the queue in this life of it."""
    await session.execute(
        update(RECORDINGS)
        .where(_any(keys), R.state == Progress.WAITING.value)
        .values(queued_in=life)
    )
    # whoever had it is dead; it may be claimed anew
    await session.execute(
        update(RECORDINGS)
        .where(_any(keys), R.state == Progress.WORKING.value)
        .values(state=Progress.WAITING.value, queued_in=life)
    )


async def claim(
    session: AsyncSession, key: Key, worker: str, now: datetime, until: datetime
) -> Recording | None:
    """Take a recording's job, alone; None when there is nothing to do, or another has it."""
    statement = (
        update(RECORDINGS)
        .where(_is(key), _UNDONE, or_(R.claimed_until.is_(None), R.claimed_until < now))
        .values(
            state=Progress.WORKING.value,
            worker=worker,
            claimed_until=until,
            attempts=R.attempts + 1,
        )
        .returning(RECORDINGS)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else _recording(row)


async def renew(session: AsyncSession, key: Key, worker: str, until: datetime) -> bool:
    """Keep a job; False when it is no longer this worker's."""
    statement = update(RECORDINGS).where(_is(key), _has(worker)).values(claimed_until=until)
    return (await session.execute(statement.returning(R.call_id))).one_or_none() is not None


def within(root: Path, path: str) -> Path | None:
    """A path below the recordings' folder ``root``; None when it would lead out of it."""
    root = root.resolve()
    found = (root / path).resolve()
    return found if found != root and found.is_relative_to(root) else None


async def at_work(session: AsyncSession, name: str, now: datetime) -> bool:
    """Whether a worker whose name ends with ``name`` has a job at this moment."""
    working = (R.state == Progress.WORKING.value, R.claimed_until > now)
    query = select(R.worker).where(*working, R.worker.endswith(name, autoescape=True)).limit(1)
    return (await session.execute(query)).one_or_none() is not None


async def in_hand(
    session: AsyncSession, key: Key, now: datetime, *, lock: bool = False
) -> tuple[Recording, str] | None:
    """A recording whose job a worker has at this moment, with the worker's name, or None.

    Args:
        lock: nobody else may claim or settle it before the unit of work ends.
    """
    query = select(RECORDINGS).where(
        _is(key), R.state == Progress.WORKING.value, R.claimed_until > now
    )
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else (_recording(row), row.worker or "")


async def settle(
    session: AsyncSession, key: Key, worker: str, state: Progress, why: str, kept: Kept | None
) -> bool:
    """End a job, or give it back to be tried again; False when it is no longer this worker's.

    Args:
        kept: the encoded file; None: none was made now.
    """
    values: dict[str, Any] = {
        "state": state.value,
        "why": why,
        "worker": None,
        "claimed_until": None,
    }
    if kept is not None:
        values |= {
            "kept": kept.file,
            "codec": kept.codec,
            "sha256": kept.sha256,
            "bytes": kept.bytes,
            "seconds": kept.seconds,
        }
    statement = update(RECORDINGS).where(_is(key), _has(worker)).values(values)
    return (await session.execute(statement.returning(R.call_id))).one_or_none() is not None


async def release(session: AsyncSession, worker: str, key: Key | None = None) -> None:
    """Give back what a worker has begun and cannot do now; that it began does not count.

    Args:
        key: only this one; None: all that it has.
    """
    wanted = [_has(worker)] if key is None else [_has(worker), _is(key)]
    await session.execute(
        update(RECORDINGS)
        .where(*wanted)
        .values(
            state=Progress.WAITING.value,
            attempts=R.attempts - 1,
            queued_in=None,
            worker=None,
            claimed_until=None,
        )
    )


async def unkeep(session: AsyncSession, key: Key) -> None:
    """Have a recording encoded and heard again, for the file it is kept in is not what it was."""
    values = {"state": Progress.WAITING.value, "attempts": 0, "queued_in": None, "kept": None}
    await session.execute(update(RECORDINGS).where(_is(key), ~_UNDONE).values(values))


async def again(
    session: AsyncSession,
    states: Iterable[Progress],
    *,
    languages: Iterable[str] = (),
    key: Key | None = None,
) -> int:
    """Have jobs that were laid aside done again; how many.

    Args:
        languages: only of these; all when there are none.
        key: only this one.
    """
    wanted: list[ColumnElement[bool]] = [R.state.in_([state.value for state in states])]
    wanted.append(R.text_gone_at.is_(None))
    if languages:
        wanted.append(R.language.in_(list(languages)))
    if key is not None:
        wanted.append(_is(key))
    statement = (
        update(RECORDINGS)
        .where(*wanted)
        .values(state=Progress.WAITING.value, attempts=0, queued_in=None, claimed_until=None)
    )
    return len((await session.execute(statement.returning(R.call_id))).all())


# --- looking up -------------------------------------------------------------------------------
async def of_call(session: AsyncSession, call_id: str) -> tuple[Recording, ...]:
    """The recordings of a call, its own before its message."""
    query = select(RECORDINGS).where(R.call_id == call_id).order_by(R.source)
    return tuple(_recording(row) for row in await session.execute(query))


async def get(session: AsyncSession, key: Key) -> Recording:
    """One recording.

    Raises:
        RecordingNotFound: there is none.
    """
    row = (await session.execute(select(RECORDINGS).where(_is(key)))).one_or_none()
    if row is None:
        raise RecordingNotFound(f"{key[0]}: this call has no recording")
    return _recording(row)


async def counts(session: AsyncSession) -> dict[Progress, int]:
    """How many there are in each state that is not done."""
    query = (
        select(R.state, func.count())
        .where(R.state != Progress.DONE.value, R.state.in_([each.value for each in Progress]))
        .group_by(R.state)
    )
    found = {Progress(state): count for state, count in await session.execute(query)}
    return {state: found.get(state, 0) for state in Progress if state is not Progress.DONE}


async def page(
    session: AsyncSession, state: Progress, *, limit: int = 50, cursor: str | None = None
) -> tuple[tuple[Recording, ...], str | None]:
    """One page of the recordings in a state, the latest call first, and the next one's cursor.

    Raises:
        BadCursor
    """
    query = select(RECORDINGS).where(R.state == state.value)
    if cursor is not None:
        at, last = cursors.read_moment(cursor)
        query = query.where(
            R.ended_at <= at, or_(R.ended_at < at, and_(R.ended_at == at, _row_name < last))
        )
    ordered = query.order_by(R.ended_at.desc(), _row_name.desc())
    rows = (await session.execute(ordered.limit(limit + 1))).all()
    items = tuple(_recording(row) for row in rows[:limit])
    more = len(rows) > limit and items
    return items, cursors.write_moment(items[-1].ended_at, items[-1].name) if more else None


# --- deleting ---------------------------------------------------------------------------------
async def ageing(
    session: AsyncSession,
    what: Deletion,
    before: datetime,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[tuple[Recording, Holdings]]:
    """Recordings of calls that were over before ``before`` and still have ``what``.

    Args:
        after: the moment and name of the last one of the batch before.
    """
    open_order = exists().where(
        WORK_ORDERS.c.call_id == R.call_id, WORK_ORDERS.c.state != State.ARCHIVED.value
    )
    query = select(RECORDINGS, open_order.label("held")).where(
        ~_UNDONE, R.over_at.is_(None), _GONE[what].is_(None), R.ended_at < before
    )
    if after is not None:
        at, last = after
        query = query.where(
            R.ended_at >= at, or_(R.ended_at > at, and_(R.ended_at == at, _row_name > last))
        )
    found = []
    for row in await session.execute(query.order_by(R.ended_at, _row_name).limit(limit)):
        one = _recording(row)
        there = Holdings(
            ended_at=one.ended_at,
            encoded=one.kept is not None,
            legs=one.legs_gone_at is None,
            sound=one.sound_gone_at is None,
            text=one.text_gone_at is None,
            held=bool(row.held),
        )
        found.append((one, there))
    return found


async def gone(session: AsyncSession, key: Key, what: Deletion, now: datetime) -> None:
    """Remember that something was deleted; a recording of which nothing is left is over."""
    await session.execute(update(RECORDINGS).where(_is(key)).values({_GONE[what]: now}))
    nothing = [part.is_not(None) for part in _GONE.values()]
    await session.execute(update(RECORDINGS).where(_is(key), *nothing).values(over_at=now))


# --- rows -------------------------------------------------------------------------------------
def _is(key: Key) -> ColumnElement[bool]:
    return and_(R.call_id == key[0], R.source == key[1].value)


def _any(keys: Sequence[Key]) -> ColumnElement[bool]:
    return tuple_(R.call_id, R.source).in_([(call, source.value) for call, source in keys])


def _has(worker: str) -> ColumnElement[bool]:
    return and_(R.worker == worker, R.state == Progress.WORKING.value)


def _recording(row: Row[Any]) -> Recording:
    kept = None
    if row.kept is not None:
        kept = Kept(row.kept, row.codec, row.sha256, row.bytes, row.seconds)
    return Recording(
        row.call_id,
        Source(row.source),
        row.path,
        row.language,
        row.ended_at,
        Progress(row.state),
        row.why,
        row.attempts,
        kept,
        row.legs_gone_at,
        row.sound_gone_at,
        row.text_gone_at,
    )
