"""What each queue and each seat did in a time: calls, and seconds waited and talked. Pure.

Counted from the records of calls, so that a day can be counted again; the same figures are in
Asterisk's queue log, which witnesses them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """A call that waited. What did not happen is None.

    Attributes:
        queue: the first one it waited in.
        left_at: when it was answered, or when it was over.
        seats: the seats that it talked to, and for how many seconds.
    """

    queue: str
    joined_at: datetime
    left_at: datetime
    answered: bool
    seats: tuple[tuple[str, float], ...] = ()


@dataclass(slots=True)
class Tally:
    """Of a queue or a seat. ``abandoned``: hung up, asked to be called back, or left a message."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    waited_seconds: float = 0.0
    talked_seconds: float = 0.0


def by_queue(stays: Iterable[Stay]) -> dict[str, Tally]:
    """What each queue did. A call counts for the queue it came to first."""
    found: dict[str, Tally] = {}
    for stay in stays:
        tally = found.setdefault(stay.queue, Tally())
        tally.offered += 1
        tally.answered += stay.answered
        tally.abandoned += not stay.answered
        tally.waited_seconds += (stay.left_at - stay.joined_at).total_seconds()
        tally.talked_seconds += sum(seconds for _, seconds in stay.seats)
    return found


def by_seat(stays: Iterable[Stay]) -> dict[str, Tally]:
    """What each seat did; a call that it was handed counts for it too."""
    found: dict[str, Tally] = {}
    for stay in stays:
        for place, (seat, seconds) in enumerate(stay.seats):
            tally = found.setdefault(seat, Tally())
            tally.offered += 1
            tally.answered += 1
            tally.talked_seconds += seconds
            if not place:
                tally.waited_seconds += (stay.left_at - stay.joined_at).total_seconds()
    return found
