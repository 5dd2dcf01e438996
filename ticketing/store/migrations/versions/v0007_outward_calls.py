"""Calls that the hotline places out of the house."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"

_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "outward_calls",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("ref", sa.Text, nullable=False),
        sa.Column("channel", sa.String(80)),
        sa.Column("outcome", sa.String(16)),
        sa.Column("answered_at", _Moment),
        sa.Column("ended_at", _Moment),
    )
    op.create_index("ix_outward_at", "outward_calls", ["at", "number"])
    op.create_index("ix_outward_channel", "outward_calls", ["channel"])


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("outward_calls")
