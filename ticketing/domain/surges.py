"""Many call on one event (K3): what they hear before the queue, and whose order they join. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ticketing.domain.notices import Notice
from ticketing.domain.work_order import State

ANSWERED = frozenset({State.CALLBACK, State.CLOSED, State.ARCHIVED})
"""States of a master order in which those who joined it are told of its end."""


class Piece(StrEnum):
    """What can be said at once, rendered ahead of time in both languages."""

    WATER = "water"  # 停水
    POWER = "power"  # 停电
    GAS = "gas"  # 停气
    HEAT = "heat"  # 停暖
    TRAFFIC = "traffic"  # 交通管制
    OTHER = "other"  # 同一个问题


@dataclass(frozen=True, slots=True)
class Surge:
    """A notice that is announced before the queue, and shown to the agents.

    Attributes:
        notice: the notice; the announcement ends with it.
        piece: what callers hear.
        master: the order that callers on the matter may join by one key; empty for none.
        joined: how many have.
        stopped_at: when a person ended it, or None.
    """

    notice: Notice
    piece: Piece
    since: datetime
    by: str
    master: str = ""
    joined: int = 0
    stopped_at: datetime | None = None

    def active_at(self, now: datetime) -> bool:
        """Whether callers hear it at ``now``."""
        if self.stopped_at is not None or not self.notice.published_by:
            return False
        return self.notice.active_at(now)

    def concerns(self, line: str) -> bool:
        """Whether callers of a line hear it. In which district a caller is, nobody knows yet."""
        scope = self.notice.scope
        return scope.extent.value == "districts" or scope.includes("", line)
