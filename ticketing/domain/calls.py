"""What is kept of a call: one record for each, complete whatever happened (T9, I4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ticketing.domain.legs import Handling

PLACED = "placed."
"""How the ids of calls begin that the hotline places itself; they are no citizen's."""
CALLBACK = f"{PLACED}callback."
"""… but for these, in which a citizen is called back; see `ticketing.domain.callbacks`."""


class Outcome(StrEnum):
    """How a call ended, seen from the citizen."""

    ANSWERED = "answered"
    ABANDONED_IN_MENU = "abandoned_in_menu"
    ABANDONED_IN_QUEUE = "abandoned_in_queue"
    MESSAGE_LEFT = "message_left"
    CALLBACK_ASKED = "callback_asked"  # hung up to be called back
    REGISTERED = "registered"  # with an event that many call on, by a key (K3)
    UNREACHED = "unreached"  # called back, and did not answer
    FAILED = "failed"


class HangupSide(StrEnum):
    """Who ended the call."""

    CALLER = "caller"
    AGENT = "agent"
    SYSTEM = "system"


class Rating(StrEnum):
    """The citizen's answer to the survey after the call."""

    SATISFIED = "satisfied"  # 1 满意
    FAIR = "fair"  # 2 基本满意
    DISSATISFIED = "dissatisfied"  # 3 不满意


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call, written once when it is over. Times are UTC.

    Attributes:
        id: the node's name and Asterisk's uniqueid, whole: ``hotline-1763753060.12``.
        caller: the citizen's number as the carrier gave it; may be empty.
        dialled: the number the citizen really dialled (T2).
        forwarded_from: the old number that was forwarded to us, or None.
        line: the hotline the call came in on, ``12345`` unless forwarded (T3).
        language: ``zh`` or ``ko``.
        menu: the keys pressed, in order, joined by ``>``: ``1>1``.
        queue: the queue the call waited in, or None.
        seat: the seat that answered first (I4, the first receiver), or None.
        recording: folder of the recording relative to the recordings' root, or None.
        message: sound file of a message left, relative to the recordings' root, or None.
        callback: the number on which the caller asked to be called back, or None.
        case_number: under which another body, such as 110, knows the matter, or None (X1).
        handling: who took part, and what happened; empty when the record is read from a list.
    """

    id: str
    caller: str
    caller_name: str
    dialled: str
    forwarded_from: str | None
    line: str
    language: str
    menu: str
    queue: str | None
    seat: str | None
    arrived_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    hangup_by: HangupSide
    outcome: Outcome
    rating: Rating | None
    recording: str | None
    message: str | None
    callback: str | None = None
    case_number: str | None = None
    handling: Handling = field(default_factory=Handling)
