"""The units' inbox, what mails became, and more of each draft of supervision."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"

_Moment = sa.DateTime(timezone=True)
_DRAFT_COLUMNS = ("unit", "rule", "round", "reason")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Create the tables, and add the columns."""
    for column in (
        sa.Column("unit", sa.String(64), nullable=False, server_default=""),
        sa.Column("rule", sa.String(16), nullable=False, server_default=""),
        sa.Column("round", sa.Integer, nullable=False, server_default="1"),
        sa.Column("reason", sa.Text),
    ):
        op.add_column("supervision_drafts", column)
    op.create_table(
        "unit_inbox",
        sa.Column("id", sa.String(100), primary_key=True),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("read_at", _Moment),
        sa.Column("read_by", sa.Text),
    )
    columns = ["unit", "at", "id"]
    op.create_index("ix_inbox_unread", "unit_inbox", columns, **_where("read_at IS NULL"))
    op.create_index("ix_inbox_read", "unit_inbox", columns, **_where("read_at IS NOT NULL"))
    op.create_table(
        "mail_positions",
        sa.Column("mailbox", sa.String(200), primary_key=True),
        sa.Column("uid_validity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("leased_until", _Moment),
    )
    op.create_table(
        "mails",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("mailbox", sa.String(200), nullable=False),
        sa.Column("uid_validity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.String(260), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("number", sa.String(20)),
        sa.Column("at", _Moment, nullable=False),
    )
    op.create_index("ix_mails_message", "mails", ["message_id"])
    op.create_index(
        "ix_orders_provisional",
        "work_orders",
        ["number"],
        sqlite_where=sa.text("provisional = 1"),  # as conditions are written there
        postgresql_where=sa.text("provisional"),
    )
    op.create_index(
        "ix_outbox_failed",
        "outbox",
        ["created_at", "id"],
        **_where("failed IS NOT NULL AND next_at IS NULL"),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_index("ix_outbox_failed", "outbox")
    op.drop_index("ix_orders_provisional", "work_orders")
    for table in ("mails", "mail_positions", "unit_inbox"):
        op.drop_table(table)
    for column in _DRAFT_COLUMNS:
        op.drop_column("supervision_drafts", column)
