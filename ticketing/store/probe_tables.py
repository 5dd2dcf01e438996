"""The table of calls that try whether a line answers."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ticketing.store.tables import METADATA, UtcDateTime

# One attempt is made once, by one node: the key says so. What a column means is said by
# ``ticketing.store.probes.Probe``.
PROBES = Table(
    "probes",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("day", Date, nullable=False),
    Column("number", String(32), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("unit", String(64), nullable=False),
    Column("person", Text, nullable=False),
    Column("who", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String(32)),
    Column("rang", Float),
    Column("came_back", Boolean),
    Column("recording", Text),
    Column("unanswered", Boolean, nullable=False),
    UniqueConstraint("day", "number", "attempt", name="uq_probes_attempt"),
    Index("ix_probes_unit", "unit", "id"),
)
