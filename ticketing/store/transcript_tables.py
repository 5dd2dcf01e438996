"""The tables of what is made after a call: the recording as it is kept, and what was said in it."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ticketing.store.tables import METADATA, UtcDateTime

_UNDONE = text("state IN ('waiting', 'working')")
_LEGS = text("legs_gone_at IS NULL")
_THERE = text("state NOT IN ('waiting', 'working') AND over_at IS NULL")

# One row for each thing to be heard: a call's recording (``source`` is ``call``), or the message it
# left. There is a row from the moment on that a job is wanted; what is to be done is read from
# here, so that a queue that is lost loses nothing.
RECORDINGS = Table(
    "recordings",
    METADATA,
    Column("call_id", String(80), primary_key=True),
    Column("source", String(8), primary_key=True),
    Column("path", Text, nullable=False),  # below the recordings' root: a folder, or a file
    Column("language", String(8), nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("state", String(12), nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("queued_in", String(36)),  # the life of Redis in which it was enqueued
    Column("worker", String(80)),
    Column("claimed_until", UtcDateTime),
    Column("kept", Text),  # the encoded file, below the recordings' root
    Column("codec", String(8)),
    Column("sha256", String(64)),
    Column("bytes", BigInteger),
    Column("seconds", Float),
    Column("legs_gone_at", UtcDateTime),
    Column("sound_gone_at", UtcDateTime),
    Column("text_gone_at", UtcDateTime),
    Column("over_at", UtcDateTime),  # nothing is left that could be deleted
    Index(
        "ix_recordings_undone",
        "ended_at",
        "call_id",
        sqlite_where=_UNDONE,
        postgresql_where=_UNDONE,
    ),
    Index(
        "ix_recordings_there", "ended_at", "call_id", sqlite_where=_THERE, postgresql_where=_THERE
    ),
    Index("ix_recordings_legs", "ended_at", "call_id", sqlite_where=_LEGS, postgresql_where=_LEGS),
    Index("ix_recordings_state", "state", "ended_at", "call_id"),
)

# One pass of one engine over a recording.
TRANSCRIPTS = Table(
    "transcripts",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("call_id", String(80), nullable=False),
    Column("source", String(8), nullable=False),
    Column("engine", String(32), nullable=False),
    Column("rank", Integer, nullable=False),  # of several, the highest is shown
    Column("language", String(8), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    UniqueConstraint("call_id", "source", "engine", name="uq_transcripts"),
)

SEGMENTS = Table(
    "transcript_segments",
    METADATA,
    Column(
        "transcript",
        BigInteger().with_variant(Integer, "sqlite"),
        ForeignKey("transcripts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("seq", Integer, primary_key=True),
    Column("speaker", String(16), nullable=False),
    Column("start", Float, nullable=False),
    Column("end", Float, nullable=False),
    Column("text", Text, nullable=False),
    Column("masked", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("words", JSON, nullable=False),
    Column("hidden", JSON, nullable=False),
)
