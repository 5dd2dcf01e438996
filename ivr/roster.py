"""The roster on duty: the day's queue or the night's (T1). Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.settings import NightHours

QUEUES = {"day": "reception", "night": "reception_night"}
_ALL = "all"
_NIGHT = "_night"


def on_duty(moment: datetime, zone: ZoneInfo, night: NightHours) -> str:
    """``day`` or ``night`` at ``moment`` (aware)."""
    return "night" if night.covers(moment.astimezone(zone).time()) else "day"


def queues_of(seats: str) -> frozenset[str]:
    """The queues that ring a seat of the roster ``seats``: ``day``, ``night``, or ``all``."""
    return frozenset(QUEUES.values() if seats == _ALL else (QUEUES[seats],))


def serving(queue: str, on_duty: str) -> str:
    """The queue that serves now those who wait, or waited, in ``queue``.

    Args:
        queue: of the day or of the night; empty for the common one.
        on_duty: as `on_duty` gives it.
    """
    own_name = own(queue)
    return f"{own_name or QUEUES['day']}{_NIGHT if on_duty == 'night' else ''}"


def own(queue: str) -> str:
    """The name of a queue of its own by day; empty for the common ones."""
    return "" if queue in QUEUES.values() else queue.removesuffix(_NIGHT)
