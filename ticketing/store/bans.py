"""Queries of bans. A row is never overwritten but for its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.store.ban_tables import BANS


@dataclass(frozen=True, slots=True)
class Ban:
    """An address shut out, or one that would have been. Times are UTC.

    Attributes:
        failures: how many attempts were counted.
        accounts: the names that were tried, each once, some of them.
        spared: why it was only told of: ``seat``, ``trunk``, ``self``; empty when it was shut out.
        lifted_by: who ended it before its time; empty when nobody did.
    """

    id: int
    address: str
    since: datetime
    until: datetime
    failures: int
    accounts: tuple[str, ...]
    spared: str
    lifted_by: str
    lifted_at: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether the address is shut out at a moment."""
        return not self.spared and self.lifted_at is None and self.since <= at < self.until


async def add(
    session: AsyncSession,
    address: str,
    since: datetime,
    until: datetime,
    failures: int,
    accounts: Sequence[str],
    spared: str,
) -> Ban:
    """Write a ban."""
    values: dict[str, Any] = {
        "address": address,
        "since": since,
        "until": until,
        "failures": failures,
        "accounts": list(accounts),
        "spared": spared,
        "lifted_by": "",
    }
    row = await session.execute(insert(BANS).values(values).returning(BANS.c.id))
    return Ban(
        int(row.scalar_one()), address, since, until, failures, tuple(accounts), spared, "", None
    )


async def times(session: AsyncSession, address: str, since: datetime) -> int:
    """How often an address was shut out since a moment; what was lifted does not count."""
    query = select(func.count()).where(
        BANS.c.address == address,
        BANS.c.since >= since,
        BANS.c.spared == "",
        BANS.c.lifted_at.is_(None),
    )
    return int((await session.execute(query)).scalar_one())


async def standing(session: AsyncSession, at: datetime) -> list[Ban]:
    """The bans that hold at a moment, the first to end first."""
    query = (
        select(BANS)
        .where(BANS.c.until > at, BANS.c.spared == "", BANS.c.lifted_at.is_(None))
        .order_by(BANS.c.until)
    )
    return [_ban(row) for row in await session.execute(query)]


async def latest(session: AsyncSession, limit: int) -> list[Ban]:
    """The latest bans, newest first, whatever became of them."""
    query = select(BANS).order_by(BANS.c.id.desc()).limit(limit)
    return [_ban(row) for row in await session.execute(query)]


async def lift(session: AsyncSession, address: str, who: str, at: datetime) -> int:
    """End the bans of an address that hold now; how many there were."""
    done = await session.execute(
        update(BANS)
        .where(
            BANS.c.address == address,
            BANS.c.until > at,
            BANS.c.spared == "",
            BANS.c.lifted_at.is_(None),
        )
        .values(lifted_by=who, lifted_at=at)
        .returning(BANS.c.id)
    )
    return len(done.all())


def _ban(row: Row[Any]) -> Ban:
    return Ban(
        id=row.id,
        address=row.address,
        since=row.since,
        until=row.until,
        failures=row.failures,
        accounts=tuple(row.accounts),
        spared=row.spared,
        lifted_by=row.lifted_by,
        lifted_at=row.lifted_at,
    )
