"""Those who are to be called back; where a caller wants to be."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"

_Moment = sa.DateTime(timezone=True)
_OPEN = sa.text("state IN ('waiting', 'calling')")


def upgrade() -> None:
    """Create the table, add the column."""
    op.add_column("calls", sa.Column("callback", sa.Text))
    op.create_table(
        "callbacks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("call", sa.String(80), nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("queue", sa.String(48), nullable=False),
        sa.Column("joined_at", _Moment, nullable=False),
        sa.Column("asked_at", _Moment, nullable=False),
        sa.Column("next_at", _Moment, nullable=False),
        sa.Column("waited_seconds", sa.Integer, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("attempt", sa.String(80), nullable=False),
        sa.Column("calling_since", _Moment),
        sa.Column("outcome", sa.String(16)),
        sa.Column("closed_at", _Moment),
        sa.Column("closed_by", sa.String(64), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("ix_callbacks_state", "callbacks", ["state", "id"])
    op.create_index(
        "ix_callbacks_open",
        "callbacks",
        ["number"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("callbacks")
    op.drop_column("calls", "callback")
