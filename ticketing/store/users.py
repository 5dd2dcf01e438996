"""Users and their sessions in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.roles import Role
from ticketing.store.database import upsert
from ticketing.store.tables import SESSIONS, USERS


@dataclass(frozen=True, slots=True)
class User:
    """One user as stored; the name is case-folded, ``created_at`` is UTC."""

    id: int
    username: str
    password_hash: str = field(repr=False)
    roles: frozenset[Role]
    must_change_password: bool
    disabled: bool
    created_at: datetime
    unit: str = ""


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session and its user."""

    user: User
    expires_at: datetime
    last_seen: datetime


async def create(
    session: AsyncSession,
    username: str,
    password_hash: str,
    roles: Iterable[Role],
    now: datetime,
    *,
    must_change_password: bool,
    unit: str = "",
) -> bool:
    """Add a user. Returns False, and does nothing, when the name is taken."""
    added = await session.execute(
        upsert(session, USERS)
        .values(
            username=username,
            password_hash=password_hash,
            roles=sorted(roles),
            must_change_password=must_change_password,
            disabled=False,
            created_at=now,
            unit=unit,
        )
        .on_conflict_do_nothing(index_elements=[USERS.c.username])
        .returning(USERS.c.id)
    )
    return added.one_or_none() is not None


async def find(session: AsyncSession, username: str, *, lock: bool = False) -> User | None:
    """The user of this name; ``lock`` keeps others from changing it in the meantime."""
    query = select(USERS).where(USERS.c.username == username)
    row = (await session.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else _user(row)


async def everyone(session: AsyncSession, *, lock: bool = False) -> tuple[User, ...]:
    """All users, by name."""
    query = select(USERS).order_by(USERS.c.username)
    rows = await session.execute(query.with_for_update() if lock else query)
    return tuple(_user(row) for row in rows)


async def change(session: AsyncSession, user_id: int, **values: Any) -> User:
    """Set columns of a user who is there."""
    statement = update(USERS).where(USERS.c.id == user_id).values(**values).returning(USERS)
    return _user((await session.execute(statement)).one())


async def open_session(
    session: AsyncSession, token_sha256: str, user_id: int, now: datetime, expires_at: datetime
) -> None:
    """Store a new session, and throw away all that have expired."""
    await session.execute(delete(SESSIONS).where(SESSIONS.c.expires_at <= now))
    await session.execute(
        insert(SESSIONS).values(
            token_sha256=token_sha256,
            user_id=user_id,
            created_at=now,
            expires_at=expires_at,
            last_seen=now,
        )
    )


async def find_session(session: AsyncSession, token_sha256: str) -> StoredSession | None:
    """The session with this token, expired or not."""
    query = (
        select(USERS, SESSIONS.c.expires_at, SESSIONS.c.last_seen)
        .join(SESSIONS, SESSIONS.c.user_id == USERS.c.id)
        .where(SESSIONS.c.token_sha256 == token_sha256)
    )
    row = (await session.execute(query)).one_or_none()
    return None if row is None else StoredSession(_user(row), row.expires_at, row.last_seen)


async def touch_session(
    session: AsyncSession, token_sha256: str, now: datetime, expires_at: datetime
) -> None:
    """Note that the session was used, and let it live on."""
    await session.execute(
        update(SESSIONS)
        .where(SESSIONS.c.token_sha256 == token_sha256)
        .values(last_seen=now, expires_at=expires_at)
    )


async def end_session(session: AsyncSession, token_sha256: str) -> None:
    """End one session."""
    await session.execute(delete(SESSIONS).where(SESSIONS.c.token_sha256 == token_sha256))


async def end_sessions_of(session: AsyncSession, user_id: int, keep: str = "") -> None:
    """End all sessions of a user but the one whose token is ``keep``."""
    await session.execute(
        delete(SESSIONS).where(SESSIONS.c.user_id == user_id, SESSIONS.c.token_sha256 != keep)
    )


def _user(row: Row[Any]) -> User:
    return User(
        row.id,
        row.username,
        row.password_hash,
        frozenset(Role(name) for name in row.roles),
        row.must_change_password,
        row.disabled,
        row.created_at,
        row.unit,
    )
