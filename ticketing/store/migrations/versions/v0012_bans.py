"""Addresses that are shut out because they tried to break in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"

_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "bans",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("since", _Moment, nullable=False),
        sa.Column("until", _Moment, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("accounts", sa.JSON, nullable=False),
        sa.Column("spared", sa.String(16), nullable=False),
        sa.Column("lifted_by", sa.String(64), nullable=False),
        sa.Column("lifted_at", _Moment),
    )
    op.create_index("ix_bans_address", "bans", ["address", "since"])
    op.create_index("ix_bans_until", "bans", ["until"])


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("bans")
