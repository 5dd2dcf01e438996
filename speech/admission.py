"""How many calls are captioned: as many as the machine carries in time. Pure: no clock.

When sound lies unheard for too long, captions are turned off for the call that has lasted longest,
then for the next, until the rest is in time again. A call that is off stays off; its text is made
after the call, as everybody's is. The last one stays on: late is better than nothing for nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

LATE_SECONDS = 0.45
"""Sound may lie unheard this long: what Asterisk holds back (1.02 s) and this are 1.5 s."""
HOLD_SECONDS = 6.0
"""So long it has to be late before anything is turned off: a worker that was away catches up."""
WINDOW_SECONDS = 3.0
FEWEST = 5  # samples that say something


@dataclass
class Valve:
    """Watches how late sound is heard, and says what to turn off."""

    _samples: deque[tuple[float, float]] = field(default_factory=deque)
    _late_since: float | None = None

    def observe(self, at: float, waited: float) -> None:
        """Sound was heard at ``at`` that had lain there for ``waited`` seconds."""
        self._samples.append((at, waited))
        self._forget(at)

    def lateness(self, at: float) -> float:
        """95 of 100 were heard within so many seconds, of late."""
        self._forget(at)
        waits = sorted(waited for _, waited in self._samples)
        return waits[(len(waits) * 95 - 1) // 100] if waits else 0.0

    def judge(self, at: float, calls: Mapping[str, float]) -> str | None:
        """The call to turn off now, or None.

        Args:
            calls: those being captioned, with the moment each began.
        """
        late = self.lateness(at) > LATE_SECONDS and len(self._samples) >= FEWEST
        if not late or len(calls) < 2:
            self._late_since = None
            return None
        if self._late_since is None:
            self._late_since = at
        if at - self._late_since < HOLD_SECONDS:
            return None
        self._samples.clear()
        self._late_since = None
        return min(calls, key=lambda call: (calls[call], call))

    def _forget(self, at: float) -> None:
        while self._samples and self._samples[0][0] < at - WINDOW_SECONDS:
            self._samples.popleft()
