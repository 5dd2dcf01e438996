"""Persons at seats: what happened there, who sits there now, until when it was watched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"

_Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "shift_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("seat", sa.String(6), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("phone", sa.String(16)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until", _Moment),
    )
    op.create_index("ix_shift_events_seat", "shift_events", ["seat", "id"])
    op.create_table(
        "seat_persons",
        sa.Column("seat", sa.String(6), primary_key=True),
        sa.Column("person", sa.String(64), nullable=False, unique=True),
        sa.Column("since", _Moment, nullable=False),
    )
    op.create_table(
        "shift_watches",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("seen_at", _Moment, nullable=False),
    )


def downgrade() -> None:
    """Drop them again."""
    for table in ("shift_watches", "seat_persons", "shift_events"):
        op.drop_table(table)
