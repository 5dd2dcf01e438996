"""Do the three witnesses of a call agree? Pure.

The record comes from Asterisk's event log (CEL). The AMI's view and ``queue_log`` are compared
with it; what a witness did not see (it was away, the call never queued) is no disagreement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ticketing.domain.calls import CallRecord, HangupSide

TOLERANCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One fact of one call on which a witness differs from the record."""

    call: str
    fact: str
    record: str
    witness: str
    says: str


def disagreements(
    record: CallRecord, ami: Mapping[str, Any] | None, queue_log: Mapping[str, Any] | None
) -> list[Disagreement]:
    """Compare a record with what the other two saw; see ``ivr.queuelog`` and ``ivr.live``."""
    found: list[Disagreement] = []

    def compare(witness: str, fact: str, ours: object, theirs: object) -> None:
        if ours != theirs:
            found.append(Disagreement(record.id, fact, str(ours), witness, str(theirs)))

    def compare_times(witness: str, fact: str, ours: datetime | None, theirs: float | None) -> None:
        apart = None if ours is None or theirs is None else abs(ours.timestamp() - theirs)
        if (ours is None) != (theirs is None) or (apart or 0) > TOLERANCE_SECONDS:
            shown = None if ours is None else ours.timestamp()
            found.append(Disagreement(record.id, fact, str(shown), witness, str(theirs)))

    cut_off = record.hangup_by is HangupSide.SYSTEM
    if ami is not None and not ami.get("partial"):
        compare("ami", "queue", record.queue, ami.get("queue"))
        compare("ami", "seat", record.seat, ami.get("seat"))
        compare_times("ami", "answered_at", record.answered_at, ami.get("answered"))
    if queue_log is not None:
        compare("queue_log", "queue", record.queue, queue_log.get("queue"))
        compare("queue_log", "seat", record.seat, queue_log.get("seat"))
        compare_times("queue_log", "queued_at", record.queued_at, queue_log.get("queued"))
        compare_times("queue_log", "answered_at", record.answered_at, queue_log.get("answered"))
        if record.seat is not None and not cut_off and not _together(record, queue_log):
            compare("queue_log", "hangup_by", record.hangup_by.value, queue_log.get("ended"))
    elif record.queue is not None and not cut_off:
        compare("queue_log", "queue", record.queue, None)
    return found


def _together(record: CallRecord, queue_log: Mapping[str, Any]) -> bool:
    """Whether both ends may have hung up: the queue, which keeps whose word came first, ended with
    the call. CEL has the order in which their channels went, which may be another."""
    over = queue_log.get("ended_at")
    sides = {record.hangup_by.value, queue_log.get("ended")}
    if over is None or sides != {HangupSide.AGENT.value, HangupSide.CALLER.value}:
        return False
    return bool(abs(record.ended_at.timestamp() - over) <= TOLERANCE_SECONDS)
