"""Call records to test with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ticketing.domain.calls import CallRecord, HangupSide, Outcome, Rating

ARRIVED = datetime(2026, 3, 1, 8, 30, 0, 123456, tzinfo=UTC)


def record(number: int = 1, **changes: object) -> CallRecord:
    """A complete record; ``number`` makes its id and, in minutes, its time."""
    arrived = ARRIVED + timedelta(minutes=number)
    whole = CallRecord(
        id=f"hotline-1763753060.{number}",
        caller="13812345678",
        caller_name='市民 "王" \\ <x>',
        dialled="12345",
        forwarded_from=None,
        line="12345",
        language="zh",
        menu="1>1",
        queue="general",
        seat="8001",
        arrived_at=arrived,
        queued_at=arrived + timedelta(seconds=9),
        answered_at=arrived + timedelta(seconds=20),
        ended_at=arrived + timedelta(seconds=80),
        hangup_by=HangupSide.AGENT,
        outcome=Outcome.ANSWERED,
        rating=Rating.SATISFIED,
        recording="2026-03-01/1763753060.1",
        message=None,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


BARE = record(
    2,
    caller="",
    queue=None,
    seat=None,
    queued_at=None,
    answered_at=None,
    rating=None,
    recording=None,
    hangup_by=HangupSide.CALLER,
    outcome=Outcome.ABANDONED_IN_MENU,
)
