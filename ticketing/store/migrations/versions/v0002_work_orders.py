"""Work orders: events, the picture of now, the outbox, search; users belong to units."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"

_Moment = sa.DateTime(timezone=True)
_Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Code = sa.String(64).with_variant(sa.VARCHAR(64, collation="C"), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Create the tables of work orders."""
    op.add_column("users", sa.Column("unit", sa.String(64), nullable=False, server_default=""))
    op.create_table(
        "order_events",
        sa.Column("id", _Big, primary_key=True, autoincrement=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.UniqueConstraint("number", "seq", name="uq_order_events"),
    )
    op.create_table(
        "chain_head",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "work_orders",
        sa.Column("number", sa.String(20), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("received_at", _Moment, nullable=False),
        sa.Column("changed_at", _Moment, nullable=False),
        sa.Column("centre", sa.String(64), nullable=False),
        sa.Column("unit", sa.String(64)),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("call_id", sa.String(80)),
        sa.Column("citizen_name", sa.Text, nullable=False),
        sa.Column("citizen_phone", sa.String(32), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("type", sa.String(16)),
        sa.Column("category", _Code, nullable=False),
        sa.Column("district", sa.String(64), nullable=False),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("dispatched_at", _Moment),
        sa.Column("sign_by", _Moment),
        sa.Column("due", _Moment),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("asks", sa.String(16)),
        sa.Column("satisfaction", sa.String(24)),
        sa.Column("master", sa.String(20)),
        sa.Column("closed_at", _Moment),
        sa.Column("wake_at", _Moment),
        sa.Column("provisional", sa.Boolean, nullable=False),
    )
    op.create_index(
        "ix_orders_asks",
        "work_orders",
        ["asks", "received_at", "number"],
        **_where("asks IS NOT NULL"),
    )
    op.create_index("ix_orders_call", "work_orders", ["call_id"])
    op.create_index("ix_orders_channel", "work_orders", ["channel", "received_at", "number"])
    op.create_index("ix_orders_category", "work_orders", ["category", "received_at", "number"])
    op.create_index("ix_orders_district", "work_orders", ["district", "received_at", "number"])
    op.create_index("ix_orders_due", "work_orders", ["due", "number"], **_where("due IS NOT NULL"))
    op.create_index(
        "ix_orders_master",
        "work_orders",
        ["master", "received_at", "number"],
        **_where("master IS NOT NULL"),
    )
    op.create_index("ix_orders_phone", "work_orders", ["citizen_phone", "received_at", "number"])
    op.create_index("ix_orders_received", "work_orders", ["received_at", "number"])
    op.create_index(
        "ix_orders_satisfaction", "work_orders", ["satisfaction", "received_at", "number"]
    )
    op.create_index("ix_orders_state", "work_orders", ["state", "received_at", "number"])
    op.create_index("ix_orders_type", "work_orders", ["type", "received_at", "number"])
    op.create_index("ix_orders_unit", "work_orders", ["unit", "received_at", "number"])
    op.create_index(
        "ix_orders_unit_due", "work_orders", ["unit", "due", "number"], **_where("due IS NOT NULL")
    )
    op.create_index("ix_orders_urgency", "work_orders", ["urgency", "received_at", "number"])
    op.create_index(
        "ix_orders_wake", "work_orders", ["wake_at", "number"], **_where("wake_at IS NOT NULL")
    )
    op.create_table(
        "order_units",
        sa.Column("unit", sa.String(64), primary_key=True),
        sa.Column("number", sa.String(20), sa.ForeignKey("work_orders.number"), primary_key=True),
        sa.Column("received_at", _Moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("category", sa.String(64), nullable=False),
        sa.Column("holds", sa.Boolean, nullable=False),
    )
    op.create_index(
        "ix_order_units_category", "order_units", ["unit", "category", "received_at", "number"]
    )
    op.create_index("ix_order_units_number", "order_units", ["number"])
    op.create_index("ix_order_units_received", "order_units", ["unit", "received_at", "number"])
    op.create_index(
        "ix_order_units_state", "order_units", ["unit", "state", "received_at", "number"]
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("next_at", _Moment),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("done_at", _Moment),
        sa.Column("failed", sa.Text),
    )
    op.create_index("ix_outbox_next", "outbox", ["next_at", "id"], **_where("next_at IS NOT NULL"))
    op.create_index("ix_outbox_number", "outbox", ["number"])
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(80), primary_key=True),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("at", _Moment, nullable=False),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media", sa.String(80), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
    )
    op.create_index("ix_attachments_number", "attachments", ["number"])
    op.create_table(
        "supervision_drafts",
        sa.Column("key", sa.String(120), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("measure", sa.String(24), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("limit_at", _Moment),
        sa.Column("drafted_at", _Moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", _Moment),
    )
    op.create_index("ix_drafts_number", "supervision_drafts", ["number"])
    op.create_index("ix_drafts_state", "supervision_drafts", ["state", "drafted_at", "key"])
    if op.get_bind().dialect.name == "sqlite":
        # "ascii" takes every character that is not ASCII as part of a word, rare ones too
        # and a prefix index finds one character without a look at all pairs that begin with it
        op.execute(
            "CREATE VIRTUAL TABLE order_search USING fts5(grams, tokenize='ascii', prefix='1')"
        )
    else:
        op.execute("CREATE TABLE order_search (number bigint PRIMARY KEY, grams tsvector NOT NULL)")
        op.execute("CREATE INDEX ix_order_search ON order_search USING gin (grams)")
        # what is common is looked for along the numbers, what is rare in the index: it must know
        op.execute("ALTER TABLE order_search ALTER COLUMN grams SET STATISTICS 500")
