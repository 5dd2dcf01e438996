"""What goes in and out of the routes of transcripts and of the jobs after calls."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ivr.api.models import In, Out
from ticketing.domain.transcripts import Progress, Source


class WordOut(Out):
    """A word; seconds from the recording's beginning."""

    text: str
    start: float
    end: float


class UtteranceOut(Out):
    """What one party said in one breath.

    ``start`` and ``end`` are seconds: a player that is set to ``start`` plays it. ``hides`` names
    the kinds of personal numbers in it; who may not read them is given the text without them.
    """

    speaker: str = Field(description="`citizen`, `agent`, `expert-1` …")
    start: float
    end: float
    text: str
    confidence: float
    words: list[WordOut]
    hides: list[str]


class KeptOut(Out):
    """The file that a recording is kept in."""

    codec: str
    sha256: str
    bytes: int
    seconds: float


class RecordingOut(Out):
    """One recording of a call, and how far its text is.

    ``state`` is ``no_model`` when nothing here can hear the language: then there is no text, which
    does not mean that nothing was said. ``why`` says what is missing, or what went wrong.
    ``sound_gone_at`` and ``text_gone_at`` are when each was deleted by policy.
    """

    call_id: str
    source: Source
    language: str
    ended_at: datetime
    state: Progress
    why: str
    attempts: int
    kept: KeptOut | None
    legs_gone_at: datetime | None
    sound_gone_at: datetime | None
    text_gone_at: datetime | None


class SaidOut(RecordingOut):
    """A recording with what was said in it; ``said`` is null while there is no text."""

    masked: bool = Field(description="the text is without personal numbers")
    engine: str | None
    made_at: datetime | None
    said: list[UtteranceOut] | None


class TranscriptOut(Out):
    """What was said in a call, by its recordings: the call itself, and the message it left."""

    items: list[SaidOut]


class FindQuery(In):
    words: str = Field(
        min_length=1, max_length=80, description="all of them are to be found; no personal numbers"
    )
    limit: int = Field(20, ge=1, le=100, description="the most calls on a page")
    cursor: str | None = Field(None, max_length=400, description="`next` of the page before")


class HitOut(Out):
    """A call in which the words were said, with up to three utterances that have them."""

    call_id: str
    source: Source
    made_at: datetime
    said: list[UtteranceOut]


class HitsOut(Out):
    items: list[HitOut]
    next: str | None


class ExportQuery(In):
    source: Source = Source.CALL
    redact: bool = Field(True, description="personal numbers are silent")


class JobsQuery(In):
    state: Progress = Progress.FAILED
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=400, description="`next` of the page before")


class JobsOut(Out):
    """Recordings in a state, the latest call first, and how many there are in each state."""

    items: list[RecordingOut]
    next: str | None
    counts: dict[Progress, int]


class AgainOut(Out):
    """How many recordings are being heard again."""

    recordings: int
