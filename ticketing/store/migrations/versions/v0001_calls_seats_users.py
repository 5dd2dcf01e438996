"""Calls, seats, users, the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "calls",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("caller_name", sa.Text, nullable=False),
        sa.Column("dialled", sa.Text, nullable=False),
        sa.Column("forwarded_from", sa.Text),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("menu", sa.Text, nullable=False),
        sa.Column("queue", sa.Text),
        sa.Column("seat", sa.Text),
        sa.Column("arrived_at", _Moment, nullable=False),
        sa.Column("queued_at", _Moment),
        sa.Column("answered_at", _Moment),
        sa.Column("ended_at", _Moment, nullable=False),
        sa.Column("hangup_by", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("rating", sa.String(16)),
        sa.Column("recording", sa.Text),
        sa.Column("message", sa.Text),
    )
    op.create_index("ix_calls_arrived", "calls", ["arrived_at", "id"])
    op.create_index("ix_calls_caller", "calls", ["caller", "arrived_at", "id"])
    op.create_table(
        "call_witnesses",
        sa.Column("call_id", sa.String(80), primary_key=True),
        sa.Column("witness", sa.String(16), primary_key=True),
        sa.Column("facts", sa.JSON, nullable=False),
    )
    op.create_table(
        "journal_positions",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("updated_at", _Moment, nullable=False),
    )
    op.create_table(
        "seats",
        sa.Column("number", sa.String(6), primary_key=True),
        sa.Column("password", sa.String(64), nullable=False),
        sa.Column("roster", sa.String(8), nullable=False),
        sa.Column("phone", sa.String(8), nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("removed_at", _Moment),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("username", sa.String(64), nullable=False, unique=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("roles", sa.JSON, nullable=False),
        sa.Column("must_change_password", sa.Boolean, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("created_at", _Moment, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column(
            "user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("created_at", _Moment, nullable=False),
        sa.Column("expires_at", _Moment, nullable=False),
        sa.Column("last_seen", _Moment, nullable=False),
    )
    op.create_index("ix_sessions_user", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires", "sessions", ["expires_at"])
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("ix_audit_at", "audit_log", ["at"])


def downgrade() -> None:
    """Drop them again."""
    for table in (
        "audit_log",
        "sessions",
        "users",
        "seats",
        "journal_positions",
        "call_witnesses",
        "calls",
    ):
        op.drop_table(table)
