"""What goes in and out about the lines of the number plan."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from ivr.api.fields import Day
from ivr.api.models import In, Out
from ticketing.domain.lines import AlarmKind, LineKind, Source


class LinesQuery(In):
    """A period of local days, both included; the last 30 days when nothing is given."""

    since: Day | None = Field(None, description="first day, such as 2026-03-01")
    until: Day | None = Field(None, description="last day; at most a year is counted")


class LineDayOut(Out):
    """The calls of a local day."""

    day: date
    calls: int


class LineAlarmOut(Out):
    """The end of a dual-track period that a person must see to (T3).

    ``days`` until then is negative when it is past.
    """

    kind: AlarmKind
    last: date
    days: int
    zh: str
    en: str


class LineOut(Out):
    """One number of the plan with its calls; days without a call are left out."""

    number: str
    kind: LineKind
    name: str
    name_ko: str
    unit: str
    since: date
    until: date | None
    dual_track_until: date | None
    announce: bool
    queue: str
    skill: str
    priority: int
    assumed: bool
    in_plan: bool
    calls: int
    days: list[LineDayOut]
    alarm: LineAlarmOut | None


class LinesOut(Out):
    """The number plan with its traffic.

    ``others`` counts the calls for lines that the plan no longer has.
    """

    since: date
    until: date
    recognise: list[Source]
    calls: int
    others: int
    items: list[LineOut]
