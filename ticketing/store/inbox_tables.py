"""The tables of what was handed over: to units, and by mail."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text, text

from ticketing.store.order_tables import NUMBER, UNIT
from ticketing.store.tables import METADATA, UtcDateTime

# What a unit is told. ``id`` is the outbox's (or made from a mail), so that nothing is told twice.
UNIT_INBOX = Table(
    "unit_inbox",
    METADATA,
    Column("id", String(100), primary_key=True),
    Column("unit", UNIT, nullable=False),
    Column("number", NUMBER, nullable=False),
    Column("what", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
    Column("read_by", Text),
    Index(
        "ix_inbox_unread",
        "unit",
        "at",
        "id",
        sqlite_where=text("read_at IS NULL"),
        postgresql_where=text("read_at IS NULL"),
    ),
    Index(
        "ix_inbox_read",
        "unit",
        "at",
        "id",
        sqlite_where=text("read_at IS NOT NULL"),
        postgresql_where=text("read_at IS NOT NULL"),
    ),
)

# How far each mailbox has been read. Until ``leased_until`` it is one node's.
MAIL_POSITIONS = Table(
    "mail_positions",
    METADATA,
    Column("mailbox", String(200), primary_key=True),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("leased_until", UtcDateTime),
)

# What became of each mail that was read. ``number`` is the order that it made or belongs to.
MAILS = Table(
    "mails",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("mailbox", String(200), nullable=False),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("message_id", String(260), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("number", NUMBER),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_mails_message", "message_id"),
)
