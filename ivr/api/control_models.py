"""What goes in and out about persons at seats, calls going on, and supervision."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from ivr.api.fields import ID, PHONE, Day
from ivr.api.models import SEAT_NUMBER, In, Out
from ivr.switchboard import Spying
from ticketing.domain import figures as counted
from ticketing.domain.shifts import LONGEST_WRAP_UP, Doing

QUEUE_NAME = r"^[a-z][a-z0-9_]{0,39}$"


class SeatPauseIn(In):
    """Why no calls are taken; one of the reasons of ``/api/v1/desk``."""

    reason: str = Field(min_length=1, max_length=40)


class WrapUpIn(In):
    """How long from now the wrap-up lasts; 0 ends it."""

    seconds: int = Field(ge=0, le=int(LONGEST_WRAP_UP.total_seconds()))


class SeatNowOut(Out):
    """A seat and who sits there; ``pause`` is the reason of the pause."""

    number: str
    person: str | None
    doing: Doing
    pause: str | None
    since: dt.datetime | None
    wrap_up_until: dt.datetime | None


class DeskOut(Out):
    """What an agent's own page needs to begin with."""

    seat: SeatNowOut | None
    pause_reasons: list[str]
    wrap_up_seconds: int


class TransferIn(In):
    """Where the citizen is handed on: a seat, a queue, a unit's person on call, or a number."""

    seat: str | None = Field(None, pattern=SEAT_NUMBER)
    queue: str | None = Field(None, pattern=QUEUE_NAME)

    unit: str | None = Field(None, pattern=ID)
    number: str | None = Field(None, pattern=PHONE)

    @model_validator(mode="after")
    def _one_of_them(self) -> TransferIn:
        given = [self.seat, self.queue, self.unit, self.number]
        if sum(each is not None for each in given) != 1:
            raise ValueError("give seat, queue, unit or number")
        return self


class SteeredOut(Out):
    """A call going on: the seats it is with, and whether the citizen is on hold.

    ``thirds`` are the numbers of the third parties in it; ``recorded`` is false while its recording
    is paused.
    """

    call: str
    seats: list[str]
    held: bool
    thirds: list[int]
    recorded: bool


class StopIn(In):
    """The supervisor's seat."""

    own: str = Field(alias="with", pattern=SEAT_NUMBER)


class SpyIn(StopIn):
    """Whose call; and the supervisor's seat, whose phone rings."""

    seat: str = Field(pattern=SEAT_NUMBER)


class SpyOut(Out):
    """What the supervisor's phone takes part in now."""

    model_config = ConfigDict(from_attributes=True, serialize_by_alias=True)

    how: Spying
    seat: str
    own: str = Field(serialization_alias="with")


class DayQuery(In):
    """One day of the hotline's own calendar; today without it."""

    day: Day | None = None


class PersonTimesOut(Out):
    """Seconds; those of ``doing`` add up to ``logged_in``, those of ``pauses`` to ``paused``."""

    person: str
    logged_in: float
    doing: dict[Doing, float]
    pauses: dict[str, float]


class TimesOut(Out):
    """How long each person did what at a seat, on one day, up to now."""

    seat: str
    day: dt.date
    persons: list[PersonTimesOut]


class FiguresOut(Out):
    """How well the calls of a day were connected (T9); rates from 0 to 1, null without a call."""

    day: dt.date
    offered: int
    connected: int
    within_15_seconds: int
    connect_rate: float | None
    within_15_seconds_rate: float | None
    formula_version: str
    formula: str
    formula_en: str


def figures_out(day: dt.date, found: counted.Figures) -> dict[str, Any]:
    """The figures as JSON, with what they mean."""
    return FiguresOut(
        day=day,
        offered=found.offered,
        connected=found.connected,
        within_15_seconds=found.prompt,
        connect_rate=found.connect_rate,
        within_15_seconds_rate=found.prompt_rate,
        formula_version=counted.VERSION,
        formula=counted.FORMULA_ZH,
        formula_en=counted.FORMULA_EN,
    ).model_dump(mode="json")
