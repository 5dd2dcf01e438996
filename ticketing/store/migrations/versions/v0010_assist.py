"""What was proposed to agents; and what became of it is told by the orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"

_Code = sa.String(64).with_variant(sa.VARCHAR(64, collation="C"), "postgresql")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "assist_proposals",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("call_id", sa.String(80)),
        sa.Column("number", sa.String(20)),
        sa.Column("model", sa.String(32), nullable=False),
        sa.Column("type", sa.String(16)),
        sa.Column("category", _Code),
        sa.Column("categories", sa.JSON, nullable=False),
        sa.Column("district", sa.String(64)),
        sa.Column("unit", sa.String(64)),
    )
    op.create_index("ix_assist_at", "assist_proposals", ["at", "id"])
    op.create_index("ix_assist_call", "assist_proposals", ["call_id"])


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("assist_proposals")
