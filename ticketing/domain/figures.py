"""The figures of connecting (T9; GB/T 33358): what is counted is said beside the number. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

VERSION = "1"
PROMPT = timedelta(seconds=15)
FORMULA_ZH = (
    "接通率 = 人工接听的来电数 ÷ 进入人工队列的来电数；"
    " 15 秒接听率 = 进入队列后 15 秒内人工接听的来电数 ÷ 进入人工队列的来电数。"
    " 放弃的来电一律计入分母；没有来电进入队列时不计算。"
)
FORMULA_EN = (
    "connect rate = calls answered by a person / calls that came to the queue; "
    "answered within 15 s = calls answered within 15 s of coming to the queue / the same. "
    "Abandoned calls always count below the line; without a call there is no rate."
)


@dataclass(frozen=True, slots=True)
class Waited:
    """Of a call: when it came to the queue (None: it never did), and when a person answered."""

    queued_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """How well calls are connected. Rates are from 0 to 1, or None without a call.

    Attributes:
        offered: calls that came to the queue.
        connected: of these, those that a person answered.
        prompt: of these, those answered within 15 s.
    """

    offered: int = 0
    connected: int = 0
    prompt: int = 0

    @property
    def connect_rate(self) -> float | None:
        """Connected by offered; the goal is 1 (T9)."""
        return self.connected / self.offered if self.offered else None

    @property
    def prompt_rate(self) -> float | None:
        """Answered within 15 s by offered."""
        return self.prompt / self.offered if self.offered else None


def figures(calls: Iterable[Waited]) -> Figures:
    """Count ``calls``, each of which is over."""
    offered = connected = prompt = 0
    for call in calls:
        if call.queued_at is None:
            continue
        offered += 1
        if call.answered_at is not None:
            connected += 1
            prompt += call.answered_at - call.queued_at <= PROMPT
    return Figures(offered, connected, prompt)
