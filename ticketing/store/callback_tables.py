"""The table of those who are to be called back."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from ticketing.store.tables import METADATA, UtcDateTime

_OPEN = text("state IN ('waiting', 'calling')")

# What a column means is said by ``ticketing.domain.callbacks.Callback``. One number is on the list
# once: the index says so.
CALLBACKS = Table(
    "callbacks",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("call", String(80), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("number", String(24), nullable=False),
    Column("line", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("queue", String(48), nullable=False),
    Column("joined_at", UtcDateTime, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("waited_seconds", Integer, nullable=False),
    Column("message", Text),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempt", String(80), nullable=False),
    Column("calling_since", UtcDateTime),
    Column("outcome", String(16)),
    Column("closed_at", UtcDateTime),
    Column("closed_by", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_callbacks_state", "state", "id"),
    Index("ix_callbacks_open", "number", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
)
