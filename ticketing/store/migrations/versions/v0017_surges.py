"""Notices announced before the queue, and those who joined."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision: str | None = "0016"

_Moment = sa.DateTime(timezone=True)
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "surges",
        sa.Column("notice", _Id, sa.ForeignKey("notices.id"), primary_key=True),
        sa.Column("piece", sa.String(16), nullable=False),
        sa.Column("master", sa.String(20), nullable=False),
        sa.Column("since", _Moment, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("stopped_at", _Moment),
    )
    op.create_table(
        "surge_callers",
        sa.Column("number", sa.String(20), primary_key=True),
        sa.Column("notice", _Id, sa.ForeignKey("surges.notice"), nullable=False),
        sa.Column("told_at", _Moment),
    )
    op.create_index("ix_surge_callers_notice", "surge_callers", ["notice", "told_at"])


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("surge_callers")
    op.drop_table("surges")
