"""The table of calls that the hotline places out of the house."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from ticketing.store.tables import METADATA, UtcDateTime

# What a column means is said by ``ticketing.store.outward.OutwardCall``.
OUTWARD_CALLS = Table(
    "outward_calls",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String(64), nullable=False),
    Column("number", String(24), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("ref", Text, nullable=False),
    Column("channel", String(80)),
    Column("outcome", String(16)),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Index("ix_outward_at", "at", "number"),
    Index("ix_outward_channel", "channel"),
)
