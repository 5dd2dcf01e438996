"""Who took part in a citizen's call, when, for how long, recorded where (T4 to T7, X1, X2). Pure.

A third party that is rung for a call has a leg whose id tells the call, the leg's number and what
was dialled. Whoever reads Asterisk's events or its journal knows by the id alone what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

_BEGIN = "placed.leg."
# Of the calls that meet in a bridge Asterisk gives all legs the id of the oldest; the date in an
# id is what follows its last hyphen. The citizen's call must stay the oldest, so this is of 2100.
_END = "-4102444800.0"
_ID = re.compile(re.escape(_BEGIN) + r"(.+)\.([1-9][0-9]{0,2})\.([0-9]{1,20})" + re.escape(_END))


@dataclass(frozen=True, slots=True)
class LegId:
    """The id of a third party's leg.

    Attributes:
        call: the citizen's.
        number: of the leg within the call, from 1.
        dialled: a telephone number, or that of a seat; digits.
    """

    call: str
    number: int
    dialled: str

    def __str__(self) -> str:
        return f"{_BEGIN}{self.call}.{self.number}.{self.dialled}{_END}"


def leg_of(channel_id: str) -> LegId | None:
    """What a channel's id says of a third party's leg; None of any other."""
    match = _ID.fullmatch(channel_id)
    return LegId(match[1], int(match[2]), match[3]) if match else None


class LegKind(StrEnum):
    """As what somebody took part."""

    SEAT = "seat"  # the call came to this seat
    CONSULT = "consult"  # asked to join by the seat (T5, T6)
    EMERGENCY = "emergency"  # 110, 119, 120, 122 (X1, X2)
    TRANSFER = "transfer"  # the citizen was handed on, unannounced (T7)


class LegOutcome(StrEnum):
    """How the ringing of a leg ended."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"  # the other side's telephone or exchange would not have it
    CANCELLED = "cancelled"  # we gave up


@dataclass(frozen=True, slots=True)
class CallLeg:
    """One leg of a call that is over, beside the citizen's.

    Attributes:
        number: of a third party's leg within the call, from 1; None of a seat's own.
        dialled: what was rung: a telephone number, or that of a seat.
        seat: if it is a seat's.
        unit, person: whose it is, as far as that was known.
        asked_by: the seat that wanted it.
        talk_seconds: how long it was in the bridge with others.
        recording: its own file, relative to the recordings' root, or None. The seat's part of a
            call of two is in the call's own recording.
        recorded_from: the moment of the file's first sample.
    """

    kind: LegKind
    dialled: str
    begun_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    talk_seconds: float
    outcome: LegOutcome
    number: int | None = None
    seat: str | None = None
    unit: str = ""
    person: str = ""
    asked_by: str = ""
    recording: str | None = None
    recorded_from: datetime | None = None


class CallEventKind(StrEnum):
    """What happened in a call."""

    PRIVATE = "private"  # the seat and a third party, while the citizen hears music
    MERGED = "merged"  # all talk to each other
    LEFT = "left"  # the seat has left the citizen to the third party
    DROPPED = "dropped"  # the third party was sent away
    TRANSFER = "transfer"  # the citizen is handed on, unannounced
    TRANSFER_OUTCOME = "transfer_outcome"  # … and how that went (T7)
    RECORD_PAUSED = "record_paused"
    RECORD_RESUMED = "record_resumed"
    CASE = "case"  # the number under which another body knows the matter (X1)


@dataclass(frozen=True, slots=True)
class CallEvent:
    """What happened in a call, and when."""

    at: datetime
    kind: CallEventKind
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handling:
    """How a call was dealt with: who took part, and what happened, each in order."""

    legs: tuple[CallLeg, ...] = ()
    events: tuple[CallEvent, ...] = ()
