"""Asterisk's queue_log, folded into what it says of each call. Pure; a witness, not the truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_ENDINGS = {
    "COMPLETECALLER": "caller",
    "COMPLETEAGENT": "agent",
    "ABANDON": "abandoned",
    "EXITWITHKEY": "key",
    "EXITWITHTIMEOUT": "timeout",
    "EXITEMPTY": "empty",
}


@dataclass(slots=True)
class QueueFacts:
    """One call in one queue. Times are whole seconds since the epoch."""

    queue: str
    queued: int | None = None
    seat: str | None = None
    answered: int | None = None
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line: ``1795291592|call|queue|member|EVENT|…``."""

    at: int
    call: str
    queue: str
    member: str
    event: str


def parse(line: str) -> QueueRow | None:
    """Read one line; None when it is no event of a call."""
    parts = line.split("|")
    if len(parts) < 5 or not parts[0].isdigit() or parts[1] in {"NONE", ""}:
        return None
    at, call, queue, member, event = parts[:5]
    return QueueRow(int(at), call, queue, member, event)


class QueueLog:
    """Calls the log has begun and not yet finished telling."""

    def __init__(self) -> None:
        self.open: dict[str, QueueFacts] = {}

    def read(self, rows: Iterable[QueueRow]) -> dict[str, QueueFacts]:
        """Take in rows in their order; give the calls whose stay in the queue is over."""
        done: dict[str, QueueFacts] = {}
        for row in rows:
            facts = self.open.get(row.call)
            if facts is None:
                facts = self.open[row.call] = QueueFacts(row.queue)
            if row.event == "ENTERQUEUE":
                facts.queued = row.at
            elif row.event == "CONNECT":
                facts.seat, facts.answered = row.member, row.at
            elif row.event in _ENDINGS:
                facts.ended = _ENDINGS[row.event]
                done[row.call] = self.open.pop(row.call)
        return done
