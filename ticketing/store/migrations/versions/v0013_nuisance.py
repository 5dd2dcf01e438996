"""Nuisance callers: what speaks against them, and what was done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision: str | None = "0012"

_Moment = sa.DateTime(timezone=True)
_Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "nuisance_signs",
        sa.Column("id", _Number, primary_key=True),
        sa.Column("caller", sa.String(80), nullable=False),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("call", sa.String(80), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.UniqueConstraint("call", "kind", "who", name="uq_nuisance_signs_call"),
    )
    op.create_index("ix_nuisance_signs_caller", "nuisance_signs", ["caller", "at"])
    op.create_table(
        "nuisance_measures",
        sa.Column("id", _Number, primary_key=True),
        sa.Column("caller", sa.String(80), nullable=False),
        sa.Column("measure", sa.String(16), nullable=False),
        sa.Column("since", _Moment, nullable=False),
        sa.Column("until", _Moment, nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("decision", sa.String(16)),
        sa.Column("reviewed_by", sa.String(64)),
        sa.Column("reviewed_at", _Moment),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("ix_nuisance_measures_caller", "nuisance_measures", ["caller", "until"])
    op.create_index("ix_nuisance_measures_until", "nuisance_measures", ["until"])


def downgrade() -> None:
    """Drop them again."""
    for table in ("nuisance_measures", "nuisance_signs"):
        op.drop_table(table)
