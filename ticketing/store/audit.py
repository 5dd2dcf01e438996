"""The audit log: who did what to what, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.store.tables import AUDIT


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed; ``at`` is UTC."""

    at: datetime
    actor: str
    action: str
    target: str
    detail: Mapping[str, Any]


async def note(
    session: AsyncSession, at: datetime, actor: str, action: str, target: str, **detail: Any
) -> None:
    """Write one deed in the unit of work that does it, so that neither is without the other."""
    await session.execute(
        insert(AUDIT).values(at=at, actor=actor, action=action, target=target, detail=detail)
    )


async def latest(session: AsyncSession, limit: int = 100) -> tuple[AuditEntry, ...]:
    """The last ``limit`` deeds, newest first."""
    query = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
    return tuple(
        AuditEntry(row.at, row.actor, row.action, row.target, row.detail)
        for row in await session.execute(query)
    )
