"""What goes in and out about third parties in calls, what is kept of them, and who is on call."""

from __future__ import annotations

import datetime as dt

from pydantic import Field, model_validator

from ivr.api.fields import ID, PHONE, Day, Line, MaybeProse
from ivr.api.models import SEAT_NUMBER, In, Out
from ticketing.domain.conduct import Conduct
from ticketing.domain.contacts import ContactRole
from ticketing.domain.duty import FIRST_RANK, LAST_RANK, Found
from ticketing.domain.legs import CallEventKind, LegKind, LegOutcome

LINE_NUMBER = r"^[0-9]{3,15}$"


class ConsultIn(In):
    """Who is to join the call: a unit's person on call, a seat, a number, or a line of the plan.

    In private the citizen hears music until ``merge``; otherwise all three talk at once.
    """

    unit: str | None = Field(None, pattern=ID)
    seat: str | None = Field(None, pattern=SEAT_NUMBER)
    number: str | None = Field(None, pattern=PHONE)
    line: str | None = Field(None, pattern=LINE_NUMBER)
    private: bool = True

    @model_validator(mode="after")
    def _one_of_them(self) -> ConsultIn:
        given = [self.unit, self.seat, self.number, self.line]
        if sum(each is not None for each in given) != 1:
            raise ValueError("give unit, seat, number or line")
        return self


class DropIn(In):
    """Which third party is sent away; all of them without a number."""

    third: int | None = Field(None, ge=1, le=999)


class EmergencyIn(In):
    """The emergency service: 110, 119, 120 or 122."""

    number: str = Field("110", pattern=r"^1[0-9]{2}$")


class CaseIn(In):
    """The number under which another body knows the matter."""

    case: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._/ -]{0,63}$")


class LegOut(Out):
    """Somebody who took part in a call, beside the citizen.

    ``number`` is that of a third party within the call, null for a seat that the call came to.
    ``talk_seconds`` is booked to who talked. ``offset`` is where the leg's own recording begins,
    in seconds from the beginning of the call's.
    """

    number: int | None
    kind: LegKind
    dialled: str
    seat: str | None
    unit: str
    person: str
    asked_by: str
    begun_at: dt.datetime
    answered_at: dt.datetime | None
    ended_at: dt.datetime
    talk_seconds: float
    outcome: LegOutcome
    recorded: bool
    offset: float | None


class CallEventOut(Out):
    """What happened in a call."""

    at: dt.datetime
    kind: CallEventKind
    detail: dict[str, str]


class MarkOut(Out):
    """A mark on how a unit's person behaved; the leg's recording is the evidence (S26)."""

    id: int
    call: str
    third: int
    unit: str
    person: str
    kind: Conduct
    words: str
    marked_at: dt.datetime
    marked_by: str
    withdrawn_at: dt.datetime | None
    withdrawn_by: str


class HandlingOut(Out):
    """How a call was dealt with."""

    call: str
    case_number: str | None
    legs: list[LegOut]
    events: list[CallEventOut]
    marks: list[MarkOut]


class MarkIn(In):
    """How the person behaved, and what was said."""

    kind: Conduct
    words: MaybeProse = ""


class MarksQuery(In):
    """Of one unit, of some days."""

    unit: str | None = Field(None, pattern=ID)
    since: Day | None = Field(None, description="the first day")
    until: Day | None = Field(None, description="the last day")


class MarksOut(Out):
    items: list[MarkOut]


class OnCallOut(Out):
    """Somebody who may be rung for a unit."""

    unit: str
    person: str
    phone: str
    role: ContactRole
    found: Found


class CascadeOut(Out):
    """Who is rung, one after the other."""

    items: list[OnCallOut]


class CascadeQuery(In):
    unit: str = Field(pattern=ID)
    at: dt.datetime | None = Field(None, description="now without it")

    @model_validator(mode="after")
    def _with_zone(self) -> CascadeQuery:
        if self.at is not None and self.at.tzinfo is None:
            raise ValueError("write the moment with its time zone")
        return self


class DutiesQuery(In):
    unit: str | None = Field(None, pattern=ID)


class DutyOut(Out):
    """A row of the duty roster; ``days`` are those of the week on which it begins, 0 for Monday."""

    id: int
    unit: str
    person: str
    phone: str
    since: dt.date
    until: dt.date | None
    days: list[int]
    begins: str
    ends: str
    rank: int


class DutiesOut(Out):
    items: list[DutyOut]


HOUR = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
Midnight = Field("00:00", pattern=HOUR, description="local, like 18:30")


class DutyIn(In):
    """A row: hours of some days of the week.

    An end no later than the begin is the next day's: from 00:00 to 00:00 is the whole day.
    """

    unit: str = Field(pattern=ID)
    person: Line
    phone: str = Field(pattern=PHONE)
    since: Day
    until: Day | None = None
    days: list[int] = Field(default_factory=lambda: list(range(7)), min_length=1, max_length=7)
    begins: str = Midnight
    ends: str = Midnight
    rank: int = Field(FIRST_RANK, ge=FIRST_RANK, le=LAST_RANK)


class DutyChangeIn(In):
    """What is left out stays as it is."""

    person: Line | None = None
    phone: str | None = Field(None, pattern=PHONE)
    until: Day | None = None
    days: list[int] | None = Field(None, min_length=1, max_length=7)
    begins: str | None = Field(None, pattern=HOUR)
    ends: str | None = Field(None, pattern=HOUR)
    rank: int | None = Field(None, ge=FIRST_RANK, le=LAST_RANK)
