"""How many calls are captioned: as many as the machine carries in time. Pure: no clock.

When sound lies unheard for too long, captions are turned off for the calls that have lasted
longest, as many at once as the machine does not carry, half of them at most. How many that are is
told by how fast the lateness grows: where it grows by 0.4 s each second, 0.6 of what is spoken is
heard. A call that is off stays off; its text is made after the call, as everybody's is. The last
one stays on, however late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

LATE_SECONDS = 0.45
"""Sound may lie unheard this long: what Asterisk holds back (1.02 s) and this are 1.5 s."""
HOLD_SECONDS = 6.0
"""So long it has to be late before one call is turned off: a worker that was away catches up. Half
as long for two, and so on, for the more are too many, the plainer it is; but not while others use
the machine, who may soon be done."""
SURE_SECONDS = 2.0
"""The least time for any number of calls."""
OURS = 0.7
"""Who hears has the processor for so much of the time, or others use the machine."""
SPARE = 1 / 8
"""So much of the machine the calls that stay leave free: it hears what lies unheard."""
CATCHES_UP = 0.1
"""While lateness falls by so many seconds each second, nothing is turned off."""
WINDOW_SECONDS = 3.0
LONGEST_SECONDS = 12.0  # where less was heard than tells something
FEWEST = 5  # turns that say something


class _Turn(NamedTuple):
    at: float
    behind: float
    took: float
    worked: float


@dataclass
class Valve:
    """Watches how late sound is heard, and says what to turn off."""

    _turns: deque[_Turn] = field(default_factory=deque)
    _since: float | None = None  # late, or late still after some were turned off
    _full: bool = False  # some were turned off, and it has not been in time since

    def observe(self, at: float, behind: float, took: float, worked: float) -> None:
        """At ``at`` a voice was heard up to what had been on the disk for ``behind`` seconds.

        Args:
            took, worked: seconds that passed with it, and those of them with the processor.
        """
        self._turns.append(_Turn(at, behind, took, worked))
        self._forget(at)

    def lateness(self, at: float) -> float:
        """95 of 100 were heard within so many seconds, of late."""
        self._forget(at)
        return _p95(self._turns)

    def judge(self, at: float, calls: Mapping[str, float]) -> list[str]:
        """The calls to turn off now, the longest first; mostly none.

        Args:
            calls: those being captioned, with the moment each began, seconds.
        """
        if self.lateness(at) <= LATE_SECONDS or len(calls) < 2:
            self._since, self._full = None, False
            return []
        if self._since is None:
            self._since = at
        turns = [turn for turn in self._turns if turn.at >= self._since]
        many = _too_many(turns, len(calls))
        if many == 0 or at - self._since < self._hold(turns, many):
            return []
        self._since, self._full = at, True
        return sorted(calls, key=lambda call: (calls[call], call))[:many]

    def _hold(self, turns: list[_Turn], many: int) -> float:
        """Seconds of lateness after which so many calls are turned off."""
        ours = sum(turn.worked for turn in turns) >= OURS * sum(turn.took for turn in turns)
        return max(SURE_SECONDS, HOLD_SECONDS / many) if ours or self._full else HOLD_SECONDS

    def _forget(self, at: float) -> None:
        turns = self._turns
        while turns and (
            turns[0].at < at - LONGEST_SECONDS
            or (turns[0].at < at - WINDOW_SECONDS and len(turns) > 2 * FEWEST)
        ):
            turns.popleft()


def _too_many(turns: list[_Turn], calls: int) -> int:
    """How many of the calls the machine does not carry; half of them at most.

    The first words of a voice take longer than the next ones: whether the other half can stay is
    seen when some of them have been said.
    """
    if len(turns) < FEWEST:
        return 0
    before, after = turns[: len(turns) // 2], turns[len(turns) // 2 :]
    rise = median(turn.behind for turn in after) - median(turn.behind for turn in before)
    seconds = median(turn.at for turn in after) - median(turn.at for turn in before)
    growth = rise / max(seconds, 0.1)
    if growth < -CATCHES_UP or sum(turn.behind > LATE_SECONDS for turn in after) < 2:
        return 0
    stay = int(calls * (1 - growth) * (1 - SPARE))
    return min(max(calls - stay, 1), calls // 2)


def _p95(turns: Iterable[_Turn]) -> float:
    ordered = sorted(turn.behind for turn in turns)
    return ordered[(len(ordered) * 95 - 1) // 100] if ordered else 0.0
