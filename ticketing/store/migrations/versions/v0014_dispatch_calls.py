"""Calls to the persons responsible for an urgent order, one after the other (H4)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision: str | None = "0013"

_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    going = sa.text("ended_at IS NULL")
    op.create_table(
        "dispatch_calls",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("centre", sa.String(64), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("started_at", _Moment, nullable=False),
        sa.Column("give_up_at", _Moment, nullable=False),
        sa.Column("people", sa.Text, nullable=False),
        sa.Column("leaders", sa.Text, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("rings", sa.Integer, nullable=False),
        sa.Column("accepted_by", sa.Text, nullable=False),
        sa.Column("ended_at", _Moment),
    )
    op.create_index("ix_dispatch_calls_number", "dispatch_calls", ["number", "id"])
    op.create_index(
        "ix_dispatch_calls_going",
        "dispatch_calls",
        ["number"],
        unique=True,
        sqlite_where=going,
        postgresql_where=going,
    )
    op.create_table(
        "dispatch_rings",
        sa.Column(
            "dispatch",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            sa.ForeignKey("dispatch_calls.id"),
            primary_key=True,
        ),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("started_at", _Moment, nullable=False),
        sa.Column("ended_at", _Moment),
        sa.Column("outcome", sa.String(16)),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("dispatch_rings")
    op.drop_index("ix_dispatch_calls_going", "dispatch_calls")
    op.drop_index("ix_dispatch_calls_number", "dispatch_calls")
    op.drop_table("dispatch_calls")
