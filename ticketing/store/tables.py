"""The tables. What a column of ``calls`` means is said by ``ticketing.domain.calls``."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware on our side, UTC in the database, UTC again when read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


METADATA = MetaData()

CALLS = Table(
    "calls",
    METADATA,
    Column("id", String(80), primary_key=True),
    Column("caller", Text, nullable=False),
    Column("caller_name", Text, nullable=False),
    Column("dialled", Text, nullable=False),
    Column("forwarded_from", Text),
    Column("line", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("menu", Text, nullable=False),
    Column("queue", Text),
    Column("seat", Text),
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("queued_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("hangup_by", String(16), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("rating", String(16)),
    Column("recording", Text),
    Column("message", Text),
    Column("callback", Text),
    Column("case_number", Text),
    Index("ix_calls_arrived", "arrived_at", "id"),
    Index("ix_calls_caller", "caller", "arrived_at", "id"),
)

# No foreign key to calls: a witness may speak before the record is written.
WITNESSES = Table(
    "call_witnesses",
    METADATA,
    Column("call_id", String(80), primary_key=True),
    Column("witness", String(16), primary_key=True),
    Column("facts", JSON, nullable=False),
)

POSITIONS = Table(
    "journal_positions",
    METADATA,
    Column("name", String(80), primary_key=True),
    Column("file", Text, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

SEATS = Table(
    "seats",
    METADATA,
    Column("number", String(6), primary_key=True),
    Column("password", String(64), nullable=False),
    Column("roster", String(8), nullable=False),
    Column("phone", String(8), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
)

USERS = Table(
    "users",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("unit", String(64), nullable=False, server_default=""),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("token_sha256", String(64), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Index("ix_sessions_user", "user_id"),
    Index("ix_sessions_expires", "expires_at"),
)

AUDIT = Table(
    "audit_log",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_at", "at"),
)
