"""What goes in and out about nuisance callers."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ivr.api.fields import Line, MaybeLine
from ivr.api.models import In, Out
from ticketing.domain.nuisance import Decision, Measure

_MOST_HOURS = 24 * 90


class ReportIn(In):
    """What the caller did, in a few words."""

    note: Line


class ReportedOut(Out):
    """Whether the report has led to a measure by itself."""

    measures: list[Measure]


class BlockIn(In):
    """Block a caller for so many hours, whatever speaks against them."""

    caller: str = Field(pattern=r"^\+?[0-9]{5,20}$")
    hours: int = Field(ge=1, le=_MOST_HOURS)
    note: Line


class MeasureReviewIn(In):
    """What the person says who has looked at a measure.

    ``hours``: it holds for so long from now; as long as before when nothing is given.
    """

    decision: Decision
    hours: int | None = Field(None, ge=1, le=_MOST_HOURS)
    note: MaybeLine = ""


class MeasureOut(Out):
    """A measure against a caller; ``reasons`` are the calls that led to it."""

    id: int
    caller: str
    measure: Measure
    holds: bool
    since: datetime
    until: datetime
    made_by: str
    reasons: list[str]
    decision: Decision | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    note: str


class MeasuresOut(Out):
    """The latest measures, newest first."""

    items: list[MeasureOut]
