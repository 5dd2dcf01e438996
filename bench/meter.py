"""What a stretch of time cost: CPU of the hotline's processes and of the machine, and memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import psutil

PARTS = ("asterisk", "controller")


@dataclass(frozen=True)
class Reading:
    """CPU seconds used up to one moment.

    Attributes:
        parts: by each of the hotline's processes.
        ours: by the hotline, the bench and its callers together.
        busy: by everything on the machine.
        whole: what the machine could have given.
    """

    parts: Mapping[str, float]
    ours: float
    busy: float
    whole: float

    @classmethod
    def take(cls, pids: Mapping[str, int]) -> Self:
        """Read the clocks.

        Raises:
            psutil.NoSuchProcess: one of the hotline's processes has died.
        """
        parts = {}
        for name, pid in pids.items():
            times = psutil.Process(pid).cpu_times()
            parts[name] = times.user + times.system
        bench = os.times()
        callers = bench.children_user + bench.children_system
        machine = psutil.cpu_times()
        return cls(
            parts,
            sum(parts.values()) + bench.user + bench.system + callers,
            sum(machine) - machine.idle - machine.iowait,
            sum(machine),
        )

    def load(self, before: Reading) -> float:
        """The share of the machine that was in use since ``before``, 0 to 1."""
        return (self.busy - before.busy) / max(self.whole - before.whole, 0.01)

    def others(self, before: Reading) -> float:
        """The share of the machine that other programs took since ``before``, 0 to 1."""
        theirs = (self.busy - before.busy) - (self.ours - before.ours)
        return max(0.0, round(theirs / max(self.whole - before.whole, 0.01), 3))


def memory(pids: Mapping[str, int]) -> dict[str, int]:
    """Resident memory of the two great parts, in MiB."""
    return {part: psutil.Process(pids[part]).memory_info().rss >> 20 for part in PARTS}
