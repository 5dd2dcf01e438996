"""The roster on duty: the day's queue or the night's (T1). Pure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.settings import NightHours

QUEUES = {"day": "reception", "night": "reception_night"}


def on_duty(moment: datetime, zone: ZoneInfo, night: NightHours) -> str:
    """``day`` or ``night`` at ``moment`` (aware)."""
    return "night" if night.covers(moment.astimezone(zone).time()) else "day"
