"""Calls that try whether a line answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision: str | None = "0015"

_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "probes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("outcome", sa.String(32)),
        sa.Column("rang", sa.Float),
        sa.Column("came_back", sa.Boolean),
        sa.Column("recording", sa.Text),
        sa.Column("unanswered", sa.Boolean, nullable=False),
        sa.UniqueConstraint("day", "number", "attempt", name="uq_probes_attempt"),
    )
    op.create_index("ix_probes_unit", "probes", ["unit", "id"])


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("probes")
