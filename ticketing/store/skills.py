"""The skills of seats and persons in SQL."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Column, Integer, String, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.skills import Levels, Skillbook
from ticketing.store.tables import METADATA

# ``name`` is a seat's number or a user's name, as ``whose`` says.
SKILLS = Table(
    "skills",
    METADATA,
    Column("whose", String(8), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("skill", String(32), primary_key=True),
    Column("level", Integer, nullable=False),
)


class Whose(StrEnum):
    """Who has a skill."""

    SEAT = "seat"
    PERSON = "person"


async def book(session: AsyncSession) -> Skillbook:
    """Who can what."""
    found: dict[Whose, dict[str, dict[str, int]]] = {whose: {} for whose in Whose}
    for row in await session.execute(select(SKILLS)):
        found[Whose(row.whose)].setdefault(row.name, {})[row.skill] = row.level
    return Skillbook(found[Whose.SEAT], found[Whose.PERSON])


async def put(session: AsyncSession, whose: Whose, name: str, levels: Levels) -> None:
    """Store what somebody can, in place of what was stored."""
    await session.execute(
        delete(SKILLS).where(SKILLS.c.whose == whose.value, SKILLS.c.name == name)
    )
    for skill, level in levels.items():
        row = {"whose": whose.value, "name": name, "skill": skill, "level": level}
        await session.execute(insert(SKILLS).values(row))
