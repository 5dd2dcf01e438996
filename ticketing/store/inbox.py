"""The units' inbox, and what became of mails, in SQL.

Every function works in the unit of work it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import BadCursor, MessageNotFound
from ticketing.store import cursors
from ticketing.store.database import upsert
from ticketing.store.inbox_tables import MAIL_POSITIONS, MAILS, UNIT_INBOX

I = UNIT_INBOX.c  # noqa: E741 - short for many conditions


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that a unit is told; times are UTC.

    Attributes:
        what: the name of what has happened, as in the outbox.
        read_by: who has said that it was read.
    """

    id: str
    unit: str
    number: str
    what: str
    at: datetime
    read_at: datetime | None = None
    read_by: str | None = None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page: what is not read first, each part newest first.

    Attributes:
        unread: how many are not read, on all pages.
        next: the cursor of the page after it, or None.
    """

    items: tuple[Message, ...]
    unread: int
    next: str | None


async def put(session: AsyncSession, message: Message) -> None:
    """Lay a message into a unit's inbox; the same id a second time changes nothing."""
    statement = upsert(session, UNIT_INBOX).values(
        id=message.id,
        unit=message.unit,
        number=message.number,
        what=message.what,
        at=message.at,
    )
    await session.execute(statement.on_conflict_do_nothing())


async def page(
    session: AsyncSession, unit: str, *, limit: int = 50, cursor: str | None = None
) -> MessagePage:
    """One page of a unit's messages.

    Args:
        cursor: ``next`` of the page before.

    Raises:
        BadCursor
    """
    part, after = ("u", None) if cursor is None else _read_cursor(cursor)
    rows: list[Row[Any]] = []
    if part == "u":
        rows += (await session.execute(_part(unit, "u", after, limit + 1))).all()
        part, after = "r", None
    if len(rows) <= limit:
        rows += (await session.execute(_part(unit, part, after, limit + 1 - len(rows)))).all()
    unread = select(func.count()).where(I.unit == unit, I.read_at.is_(None))
    items = tuple(Message(**row._mapping) for row in rows[:limit])
    following = None
    if len(rows) > limit and items:
        last = items[-1]
        mark = "u" if last.read_at is None else "r"
        following = cursors.write_moment(last.at, f"{mark}{last.id}")
    return MessagePage(items, (await session.execute(unread)).scalar_one(), following)


def _part(unit: str, part: str, after: tuple[datetime, str] | None, limit: int) -> Select[Any]:
    query = select(*(I[name] for name in Message.__dataclass_fields__)).where(I.unit == unit)
    query = query.where(I.read_at.is_(None) if part == "u" else I.read_at.is_not(None))
    if after is not None:
        at, last = after
        query = query.where(I.at <= at, or_(I.at < at, and_(I.at == at, I.id < last)))
    return query.order_by(I.at.desc(), I.id.desc()).limit(limit)


def _read_cursor(cursor: str) -> tuple[str, tuple[datetime, str]]:
    at, marked = cursors.read_moment(cursor)
    part, last = marked[:1], marked[1:]
    if part not in ("u", "r"):
        raise BadCursor("this cursor is not one of ours; ask again without it")
    return part, (at, last)


async def mark_read(
    session: AsyncSession, unit: str, message: str, by: str, at: datetime
) -> Message:
    """Say that a message of the unit was read; who said so first is kept.

    Raises:
        MessageNotFound: the unit has none of this id.
    """
    ours = and_(I.id == message, I.unit == unit)
    await session.execute(
        update(UNIT_INBOX).where(ours, I.read_at.is_(None)).values(read_at=at, read_by=by)
    )
    fields = [I[name] for name in Message.__dataclass_fields__]
    row = (await session.execute(select(*fields).where(ours))).one_or_none()
    if row is None:
        raise MessageNotFound(f"{message}: there is no such message in this inbox")
    return Message(**row._mapping)


@dataclass(frozen=True, slots=True)
class MailRow:
    """What became of a mail.

    Attributes:
        fingerprint: the same for the same mail wherever it lies.
        number: the order that it made or belongs to.
    """

    fingerprint: str
    mailbox: str
    uid_validity: int
    uid: int
    message_id: str
    outcome: str
    number: str | None
    at: datetime


async def mail(session: AsyncSession, fingerprint: str) -> MailRow | None:
    """What became of a mail; None when it is not known."""
    fields = [MAILS.c[name] for name in MailRow.__dataclass_fields__]
    query = select(*fields).where(MAILS.c.fingerprint == fingerprint)
    row = (await session.execute(query)).one_or_none()
    return None if row is None else MailRow(*row)


async def order_of_mails(session: AsyncSession, message_ids: Sequence[str]) -> tuple[str, ...]:
    """The orders that mails with these Message-IDs made or belong to."""
    query = select(MAILS.c.number).where(
        MAILS.c.message_id.in_(message_ids), MAILS.c.number.is_not(None)
    )
    return tuple(dict.fromkeys((await session.execute(query)).scalars()))


async def add_mail(session: AsyncSession, row: MailRow) -> bool:
    """Keep what became of a mail; False when that is known already."""
    values = {name: getattr(row, name) for name in MailRow.__dataclass_fields__}
    statement = upsert(session, MAILS).values(values).on_conflict_do_nothing()
    added = await session.execute(statement.returning(MAILS.c.fingerprint))
    return added.one_or_none() is not None


async def lease(
    session: AsyncSession, mailbox: str, now: datetime, until: datetime, *, ours: bool = False
) -> bool:
    """Take a mailbox until ``until``; False when another node has it.

    Args:
        ours: it is ours already, for longer now.
    """
    columns = MAIL_POSITIONS.c
    statement = upsert(session, MAIL_POSITIONS).values(
        mailbox=mailbox, uid_validity=0, uid=0, leased_until=until
    )
    free = or_(columns.leased_until.is_(None), columns.leased_until <= now)
    taken = await session.execute(
        statement.on_conflict_do_update(
            index_elements=[columns.mailbox],
            set_={"leased_until": until},
            where=None if ours else free,
        ).returning(columns.mailbox)
    )
    return taken.one_or_none() is not None


async def release(session: AsyncSession, mailbox: str, now: datetime) -> None:
    """Any node may take the mailbox."""
    columns = MAIL_POSITIONS.c
    await session.execute(
        update(MAIL_POSITIONS).where(columns.mailbox == mailbox).values(leased_until=now)
    )


async def position(session: AsyncSession, mailbox: str) -> tuple[int, int] | None:
    """How far a mailbox was read: UIDVALIDITY and UID; None when it never was."""
    columns = MAIL_POSITIONS.c
    query = select(columns.uid_validity, columns.uid).where(columns.mailbox == mailbox)
    row = (await session.execute(query)).one_or_none()
    return None if row is None or not row.uid_validity else (row.uid_validity, row.uid)


async def move(session: AsyncSession, mailbox: str, uid_validity: int, uid: int) -> None:
    """A mailbox was read so far; never back, as long as it keeps its UIDVALIDITY."""
    columns = MAIL_POSITIONS.c
    ahead = or_(columns.uid_validity != uid_validity, columns.uid < uid)
    await session.execute(
        update(MAIL_POSITIONS)
        .where(columns.mailbox == mailbox, ahead)
        .values(uid_validity=uid_validity, uid=uid)
    )
