"""The table of what was proposed to agents. No text of a citizen's is in it."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, String, Table

from ticketing.store.order_tables import CODE, NUMBER, UNIT
from ticketing.store.tables import METADATA, UtcDateTime

PROPOSALS = Table(
    "assist_proposals",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(64), nullable=False),
    Column("call_id", String(80)),
    Column("number", NUMBER),
    Column("model", String(32), nullable=False),
    Column("type", String(16)),
    Column("category", CODE),
    Column("categories", JSON, nullable=False),
    Column("district", String(64)),
    Column("unit", UNIT),
    Index("ix_assist_at", "at", "id"),
    Index("ix_assist_call", "call_id"),
)
