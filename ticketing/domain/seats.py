"""A seat: a place where an agent's phone registers (T1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ticketing.domain.errors import BadSeatNumber

_NUMBER = re.compile(r"[0-9]{3,6}")


class Roster(StrEnum):
    """When a seat takes calls (T1)."""

    ALL = "all"
    DAY = "day"
    NIGHT = "night"


class Phone(StrEnum):
    """What rings at a seat."""

    SIP = "sip"  # a telephone or softphone: UDP, TCP or TLS
    BROWSER = "browser"  # WebRTC over a WebSocket


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat as it is stored. The number is its SIP user too; ``created_at`` is UTC."""

    number: str
    password: str = field(repr=False)
    roster: Roster
    created_at: datetime
    phone: Phone = Phone.SIP


def check_number(number: str) -> str:
    """Return ``number`` when it can be a seat's: 3 to 6 digits.

    Raises:
        BadSeatNumber: it cannot.
    """
    if _NUMBER.fullmatch(number) is None:
        raise BadSeatNumber(f"{number!r}: a seat's number is 3 to 6 digits, for example 8001")
    return number
