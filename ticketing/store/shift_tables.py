"""The tables of shifts: what happened at each seat, and who sits there (T1)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from ticketing.store.tables import METADATA, UtcDateTime

# ``id`` is the order of what happened; times of one seat never go back.
SHIFT_EVENTS = Table(
    "shift_events",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("seat", String(6), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("person", String(64), nullable=False),
    Column("phone", String(16)),
    Column("reason", Text, nullable=False),
    Column("until", UtcDateTime),
    Index("ix_shift_events_seat", "seat", "id"),
)

# One person at one seat, and a person has one seat: both keys say so.
SITTING = Table(
    "seat_persons",
    METADATA,
    Column("seat", String(6), primary_key=True),
    Column("person", String(64), nullable=False, unique=True),
    Column("since", UtcDateTime, nullable=False),
)

# Until when somebody was watching the phones; what came after is unseen.
WATCHES = Table(
    "shift_watches",
    METADATA,
    Column("name", String(16), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
)
