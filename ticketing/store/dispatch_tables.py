"""The tables of calls to the persons responsible for an urgent order (H4)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text, text

from ticketing.store.order_tables import NUMBER, UNIT
from ticketing.store.tables import METADATA, UtcDateTime

_GOING = text("ended_at IS NULL")
_ID = BigInteger().with_variant(Integer, "sqlite")

# What a column means is said by ``ticketing.domain.dispatch_calls.Cascade``; ``people`` and
# ``leaders`` are JSON. Of one order's people no two cascades ring at once: the index says so.
DISPATCH_CALLS = Table(
    "dispatch_calls",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("number", NUMBER, nullable=False),
    Column("unit", UNIT, nullable=False),
    Column("centre", UNIT, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("give_up_at", UtcDateTime, nullable=False),
    Column("people", Text, nullable=False),
    Column("leaders", Text, nullable=False),
    Column("stage", String(16), nullable=False),
    Column("rings", Integer, nullable=False),
    Column("accepted_by", Text, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_dispatch_calls_number", "number", "id"),
    Index(
        "ix_dispatch_calls_going",
        "number",
        unique=True,
        sqlite_where=_GOING,
        postgresql_where=_GOING,
    ),
)

# One row for each telephone, stored before it rings: whoever stores it rings, and nobody else.
DISPATCH_RINGS = Table(
    "dispatch_rings",
    METADATA,
    Column("dispatch", _ID, ForeignKey("dispatch_calls.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("stage", String(16), nullable=False),
    Column("person", Text, nullable=False),
    Column("phone", String(32), nullable=False),
    Column("node", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(16)),
)
