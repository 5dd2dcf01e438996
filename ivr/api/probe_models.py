"""What goes in and out about probes."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from ivr.api.fields import MAYBE_ID
from ivr.api.models import In, Out
from ticketing.domain.probes import TargetKind


class ProbesQuery(In):
    """A page of probes, newest first."""

    limit: int = Field(50, ge=1, le=200)
    before: int | None = Field(None, ge=1, le=10**15, description="`next` of the page before")
    unit: str = Field("", pattern=MAYBE_ID, description="only those of this unit")
    unanswered: bool = Field(False, description="only those of which nobody was reached")


class ProbeIn(In):
    """A number to try at once; one of those that must answer."""

    number: str = Field(pattern=r"^[0-9]{3,20}$")


class ProbeOut(Out):
    """One attempt to reach a number.

    ``outcome``: ``answered``, ``no_answer``, ``busy``, ``refused``, ``congestion``, ``failed``;
    ``not_forwarded`` when a forwarded number was answered by somebody else; the id of an error when
    it was not called; null while it goes on. ``unanswered``: the last attempt of a day without an
    answer, which counts in the assessment.
    """

    id: int
    day: date
    number: str
    attempt: int
    kind: TargetKind
    unit: str
    person: str
    who: str
    at: datetime
    outcome: str | None
    rang: float | None
    came_back: bool | None
    recording: str | None
    unanswered: bool


class ProbesOut(Out):
    """A page of them; ``next`` for the page after it, or null."""

    items: list[ProbeOut]
    next: int | None
