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
    "BLINDTRANSFER": "transfer",
    "ATTENDEDTRANSFER": "transfer",
}
_REMEMBERED = 2000  # calls whose stay is over and who may come back


@dataclass(slots=True)
class QueueFacts:
    """One call in one queue. Times are whole seconds since the epoch.

    Attributes:
        ended: by whom, at ``ended_at``.
    """

    queue: str
    queued: int | None = None
    seat: str | None = None
    answered: int | None = None
    ended: str | None = None
    ended_at: int | None = None


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
    """Calls the log has begun and not yet finished telling.

    A call that is transferred back comes to a queue again; its first stay is what counts, and how
    its last one ended.
    """

    def __init__(self) -> None:
        self.open: dict[str, QueueFacts] = {}
        self._over: dict[str, QueueFacts] = {}

    def read(self, rows: Iterable[QueueRow]) -> dict[str, QueueFacts]:
        """Take in rows in their order; give the calls whose stay in the queue is over."""
        done: dict[str, QueueFacts] = {}
        for row in rows:
            facts = self.open.get(row.call)
            if facts is None:
                facts = self._over.pop(row.call, None) or QueueFacts(row.queue)
                self.open[row.call] = facts
            if row.event == "ENTERQUEUE" and facts.queued is None:
                facts.queued = row.at
            elif row.event == "CONNECT" and facts.answered is None:
                facts.seat, facts.answered = row.member, row.at
            elif row.event in _ENDINGS:
                facts.ended, facts.ended_at = _ENDINGS[row.event], row.at
                done[row.call] = self._over[row.call] = self.open.pop(row.call)
                if len(self._over) > _REMEMBERED:
                    del self._over[next(iter(self._over))]
        return done
