"""The roster on duty: the day's queue or the night's (T1). Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.settings import NightHours

QUEUES = {"day": "reception", "night": "reception_night"}
_ALL = "all"


def on_duty(moment: datetime, zone: ZoneInfo, night: NightHours) -> str:
    """``day`` or ``night`` at ``moment`` (aware)."""
    return "night" if night.covers(moment.astimezone(zone).time()) else "day"


def queues_of(seats: str) -> frozenset[str]:
    """The queues that ring a seat of the roster ``seats``: ``day``, ``night``, or ``all``."""
    return frozenset(QUEUES.values() if seats == _ALL else (QUEUES[seats],))
