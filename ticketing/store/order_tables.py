"""The tables of work orders. What a column means is said by `ticketing.domain.work_order`.

``order_events`` is the truth, and it only grows; every other table here can be made from it again.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    VARCHAR,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ticketing.store.tables import METADATA, UtcDateTime

NUMBER = String(20)
UNIT = String(64)
# compared by its bytes in any locale: a category and all below it are one range
CODE = String(64).with_variant(VARCHAR(64, collation="C"), "postgresql")

# One row for each step, chained by hashes over all orders: a row that was changed, put in or taken
# out afterwards breaks the chain. ``body`` is text, so that its bytes stay as they were hashed.
ORDER_EVENTS = Table(
    "order_events",
    METADATA,
    Column(
        "id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    ),
    Column("number", NUMBER, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Column("unit", UNIT, nullable=False),
    Column("action", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("number", "seq", name="uq_order_events"),
)

CHAIN_HEAD = Table(
    "chain_head",
    METADATA,
    Column("name", String(16), primary_key=True),
    Column("id", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
)

# The order as it is now, for lists and clocks.
WORK_ORDERS = Table(
    "work_orders",
    METADATA,
    Column("number", NUMBER, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("centre", UNIT, nullable=False),
    Column("unit", UNIT),
    Column("channel", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("call_id", String(80)),
    Column("citizen_name", Text, nullable=False),
    Column("citizen_phone", String(32), nullable=False),
    Column("title", Text, nullable=False),
    Column("type", String(16)),
    Column("category", CODE, nullable=False),
    Column("district", String(64), nullable=False),
    Column("urgency", String(16), nullable=False),
    Column("round", Integer, nullable=False),
    Column("dispatched_at", UtcDateTime),
    Column("sign_by", UtcDateTime),
    Column("due", UtcDateTime),
    Column("paused", Boolean, nullable=False),
    Column("asks", String(16)),
    Column("satisfaction", String(24)),
    Column("master", NUMBER),
    Column("closed_at", UtcDateTime),
    Column("wake_at", UtcDateTime),
    Column("provisional", Boolean, nullable=False),
    Column("last_due", UtcDateTime),  # of the last unit that had it, running or not
    Index("ix_orders_received", "received_at", "number"),
    Index("ix_orders_state", "state", "received_at", "number"),
    Index("ix_orders_unit", "unit", "received_at", "number"),
    Index("ix_orders_category", "category", "received_at", "number"),
    Index("ix_orders_district", "district", "received_at", "number"),
    Index("ix_orders_phone", "citizen_phone", "received_at", "number"),
    Index("ix_orders_type", "type", "received_at", "number"),
    Index("ix_orders_urgency", "urgency", "received_at", "number"),
    Index("ix_orders_channel", "channel", "received_at", "number"),
    Index("ix_orders_satisfaction", "satisfaction", "received_at", "number"),
    Index("ix_orders_call", "call_id"),
    Index(
        "ix_orders_asks",
        "asks",
        "received_at",
        "number",
        sqlite_where=text("asks IS NOT NULL"),
        postgresql_where=text("asks IS NOT NULL"),
    ),
    Index(
        "ix_orders_master",
        "master",
        "received_at",
        "number",
        sqlite_where=text("master IS NOT NULL"),
        postgresql_where=text("master IS NOT NULL"),
    ),
    Index(
        "ix_orders_last_due",
        "last_due",
        "number",
        sqlite_where=text("last_due IS NOT NULL"),
        postgresql_where=text("last_due IS NOT NULL"),
    ),
    Index("ix_orders_name", "citizen_name", "received_at", "number"),
    Index(
        "ix_orders_due",
        "due",
        "number",
        sqlite_where=text("due IS NOT NULL"),
        postgresql_where=text("due IS NOT NULL"),
    ),
    Index(
        "ix_orders_unit_due",
        "unit",
        "due",
        "number",
        sqlite_where=text("due IS NOT NULL"),
        postgresql_where=text("due IS NOT NULL"),
    ),
    Index(
        "ix_orders_wake",
        "wake_at",
        "number",
        sqlite_where=text("wake_at IS NOT NULL"),
        postgresql_where=text("wake_at IS NOT NULL"),
    ),
    Index(
        "ix_orders_provisional",
        "number",
        sqlite_where=text("provisional = 1"),
        postgresql_where=text("provisional"),
    ),
)

# Who sees an order besides the city's own centre (R): its centre, its holders, its helpers.
# ``holds``: it has the order or helps with it; else it is only the centre that took it in.
ORDER_UNITS = Table(
    "order_units",
    METADATA,
    Column("unit", UNIT, primary_key=True),
    Column("number", NUMBER, ForeignKey("work_orders.number"), primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("category", String(64), nullable=False),
    Column("holds", Boolean, nullable=False),
    Index("ix_order_units_received", "unit", "received_at", "number"),
    Index("ix_order_units_category", "unit", "category", "received_at", "number"),
    Index("ix_order_units_state", "unit", "state", "received_at", "number"),
    Index("ix_order_units_number", "number"),
)

COUNTERS = Table(
    "counters",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# What is to be done outside, written in the transaction of the fact (M1). ``id`` is made of the
# event, so that the same effect is never there twice.
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("number", NUMBER, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("target", Text, nullable=False),
    Column("what", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("done_at", UtcDateTime),
    Column("failed", Text),
    Index(
        "ix_outbox_next",
        "next_at",
        "id",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    Index("ix_outbox_number", "number"),
    Index(
        "ix_outbox_failed",
        "created_at",
        "id",
        sqlite_where=text("failed IS NOT NULL AND next_at IS NULL"),
        postgresql_where=text("failed IS NOT NULL AND next_at IS NULL"),
    ),
)

IDEMPOTENCY = Table(
    "idempotency_keys",
    METADATA,
    Column("actor", String(64), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("number", NUMBER, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

ATTACHMENTS = Table(
    "attachments",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("number", NUMBER, nullable=False),
    Column("name", Text, nullable=False),
    Column("media", String(80), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", Text, nullable=False),
    Index("ix_attachments_number", "number"),
)

# Measures of supervision that a clock has drafted and a person issues or dismisses (D1 to D9).
# What is about many orders (D6, D7) has no ``number`` but a ``centre``; ``orders``: their numbers,
# parted by blanks. ``said``: with which words it was issued.
DRAFTS = Table(
    "supervision_drafts",
    METADATA,
    Column("key", String(200), primary_key=True),
    Column("number", NUMBER, nullable=False),
    Column("measure", String(24), nullable=False),
    Column("text", Text, nullable=False),
    Column("limit_at", UtcDateTime),
    Column("drafted_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", UtcDateTime),
    Column("unit", UNIT, nullable=False, server_default=""),
    Column("rule", String(16), nullable=False, server_default=""),
    Column("round", Integer, nullable=False, server_default="1"),
    Column("reason", Text),
    Column("centre", UNIT, nullable=False, server_default=""),
    Column("orders", Text, nullable=False, server_default=""),
    Column("said", Text),
    Index("ix_drafts_state", "state", "drafted_at", "key"),
    Index("ix_drafts_number", "number"),
)

# The rounds of supervision that were drafted (D6, D7): each period once, whatever node does it.
ROUNDS = Table(
    "supervision_rounds",
    METADATA,
    Column("centre", UNIT, primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("period", String(16), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)
