"""The tables of nuisance callers: what speaks against them, and what was done."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ticketing.store.tables import METADATA, UtcDateTime

_NUMBER = BigInteger().with_variant(Integer, "sqlite")

# One call speaks once for each kind and person, however often it is told of.
NUISANCE_SIGNS = Table(
    "nuisance_signs",
    METADATA,
    Column("id", _NUMBER, primary_key=True),
    Column("caller", String(80), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("who", String(64), nullable=False),
    Column("call", String(80), nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("call", "kind", "who", name="uq_nuisance_signs_call"),
    Index("ix_nuisance_signs_kind", "caller", "kind", "at"),
)

NUISANCE_MEASURES = Table(
    "nuisance_measures",
    METADATA,
    Column("id", _NUMBER, primary_key=True),
    Column("caller", String(80), nullable=False),
    Column("measure", String(16), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("made_by", String(64), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("decision", String(16)),
    Column("reviewed_by", String(64)),
    Column("reviewed_at", UtcDateTime),
    Column("note", Text, nullable=False),
    Index("ix_nuisance_measures_caller", "caller", "until"),
    Index("ix_nuisance_measures_until", "until"),
)
