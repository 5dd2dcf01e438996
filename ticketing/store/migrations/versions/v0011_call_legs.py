"""Who took part in a call; what happened in it; marks of conduct; who is on call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"

_Moment = sa.DateTime(timezone=True)
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables, add the column."""
    op.add_column("calls", sa.Column("case_number", sa.Text))
    op.create_table(
        "call_legs",
        sa.Column("call_id", sa.String(80), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("dialled", sa.String(32), nullable=False),
        sa.Column("seat", sa.String(6)),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("begun_at", _Moment, nullable=False),
        sa.Column("answered_at", _Moment),
        sa.Column("ended_at", _Moment, nullable=False),
        sa.Column("talk_seconds", sa.Float, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("recording", sa.Text),
        sa.Column("recorded_from", _Moment),
    )
    op.create_index("ix_call_legs_unit", "call_legs", ["unit", "begun_at"])
    op.create_table(
        "call_events",
        sa.Column("call_id", sa.String(80), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("at", _Moment, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_table(
        "conduct_marks",
        sa.Column("id", _Id, primary_key=True),
        sa.Column("call_id", sa.String(80), nullable=False),
        sa.Column("leg", sa.Integer, nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("marked_at", _Moment, nullable=False),
        sa.Column("marked_by", sa.String(64), nullable=False),
        sa.Column("withdrawn_at", _Moment),
        sa.Column("withdrawn_by", sa.String(64), nullable=False),
    )
    op.create_index("ix_conduct_marks_unit", "conduct_marks", ["unit", "marked_at"])
    op.create_index("ix_conduct_marks_call", "conduct_marks", ["call_id", "leg"])
    op.create_table(
        "duties",
        sa.Column("id", _Id, primary_key=True),
        sa.Column("unit", sa.String(64), sa.ForeignKey("units.id"), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("phone", sa.String(32), nullable=False),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date),
        sa.Column("days", sa.String(7), nullable=False),
        sa.Column("begins", sa.Time, nullable=False),
        sa.Column("ends", sa.Time, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
    )
    op.create_index("ix_duties_unit", "duties", ["unit"])


def downgrade() -> None:
    """Drop them again."""
    for table in ("duties", "conduct_marks", "call_events", "call_legs"):
        op.drop_table(table)
    op.drop_column("calls", "case_number")
