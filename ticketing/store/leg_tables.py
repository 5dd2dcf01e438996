"""The tables of who took part in a call and what happened in it, of conduct, of duties.

What a column means is said by ``ticketing.domain``: ``legs``, ``conduct`` and ``duty``.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Time,
)

from ticketing.store.reference_tables import CODE
from ticketing.store.tables import METADATA, UtcDateTime

_ID = BigInteger().with_variant(Integer, "sqlite")

# No foreign keys to calls: they are saved with their record, and marks may come before it.
CALL_LEGS = Table(
    "call_legs",
    METADATA,
    Column("call_id", String(80), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("number", Integer),
    Column("kind", String(16), nullable=False),
    Column("dialled", String(32), nullable=False),
    Column("seat", String(6)),
    Column("unit", CODE, nullable=False),
    Column("person", Text, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("talk_seconds", Float, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("recording", Text),
    Column("recorded_from", UtcDateTime),
    Index("ix_call_legs_unit", "unit", "begun_at"),
)

CALL_EVENTS = Table(
    "call_events",
    METADATA,
    Column("call_id", String(80), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("detail", JSON, nullable=False),
)

CONDUCT_MARKS = Table(
    "conduct_marks",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("call_id", String(80), nullable=False),
    Column("leg", Integer, nullable=False),
    Column("unit", CODE, nullable=False),
    Column("person", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("words", Text, nullable=False),
    Column("marked_at", UtcDateTime, nullable=False),
    Column("marked_by", String(64), nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_by", String(64), nullable=False),
    Index("ix_conduct_marks_unit", "unit", "marked_at"),
    Index("ix_conduct_marks_call", "call_id", "leg"),
)

DUTIES = Table(
    "duties",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("unit", CODE, ForeignKey("units.id"), nullable=False),
    Column("person", Text, nullable=False),
    Column("phone", String(32), nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    Column("days", String(7), nullable=False),
    Column("begins", Time, nullable=False),
    Column("ends", Time, nullable=False),
    Column("rank", Integer, nullable=False),
    Index("ix_duties_unit", "unit"),
)
