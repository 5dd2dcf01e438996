"""Recordings as they are kept, and what was said in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"

_Moment = sa.DateTime(timezone=True)
_Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "recordings",
        sa.Column("call_id", sa.String(80), primary_key=True),
        sa.Column("source", sa.String(8), primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("ended_at", _Moment, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("why", sa.Text, nullable=False, server_default=""),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("queued_in", sa.String(36)),
        sa.Column("worker", sa.String(80)),
        sa.Column("claimed_until", _Moment),
        sa.Column("kept", sa.Text),
        sa.Column("codec", sa.String(8)),
        sa.Column("sha256", sa.String(64)),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("seconds", sa.Float),
        sa.Column("legs_gone_at", _Moment),
        sa.Column("sound_gone_at", _Moment),
        sa.Column("text_gone_at", _Moment),
        sa.Column("over_at", _Moment),
    )
    for name, condition in (
        ("ix_recordings_undone", "state IN ('waiting', 'working')"),
        ("ix_recordings_legs", "legs_gone_at IS NULL"),
        ("ix_recordings_there", "state NOT IN ('waiting', 'working') AND over_at IS NULL"),
    ):
        op.create_index(
            name,
            "recordings",
            ["ended_at", "call_id"],
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_index("ix_recordings_state", "recordings", ["state", "ended_at", "call_id"])
    op.create_table(
        "transcripts",
        sa.Column("id", _Big, primary_key=True),
        sa.Column("call_id", sa.String(80), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("engine", sa.String(32), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("made_at", _Moment, nullable=False),
        sa.UniqueConstraint("call_id", "source", "engine", name="uq_transcripts"),
    )
    op.create_table(
        "transcript_segments",
        sa.Column(
            "transcript",
            _Big,
            sa.ForeignKey("transcripts.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("speaker", sa.String(16), nullable=False),
        sa.Column("start", sa.Float, nullable=False),
        sa.Column("end", sa.Float, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("masked", sa.Text, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("words", sa.JSON, nullable=False),
        sa.Column("hidden", sa.JSON, nullable=False),
    )
    # A row is a part of a transcript: its id is the transcript's, and two digits more.
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE transcript_search USING fts5(grams, tokenize='ascii', prefix='1')"
        )
    else:
        op.execute(
            "CREATE TABLE transcript_search (number bigint PRIMARY KEY, grams tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_transcript_search ON transcript_search USING gin (grams)")
        op.execute("ALTER TABLE transcript_search ALTER COLUMN grams SET STATISTICS 500")


def downgrade() -> None:
    """Drop them again."""
    for table in ("transcript_search", "transcript_segments", "transcripts", "recordings"):
        op.execute(f"DROP TABLE {table}")
