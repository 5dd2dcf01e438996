"""What is measured, in which order, and how the two sides compare."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.meter import memory
from bench.stand import Run, Side, Stand

Say = Callable[[str], None]
CALM = 0.1
"""The share of the machine that other programs may take while a run counts as undisturbed."""
TRIES = 3
"""How often a run is made that others disturb, and how often a side may fail at a rate."""


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        warm_up: calls before anything counts. Asterisk keeps a call's SIP state for 32 seconds, so
            its memory grows that long at a steady rate, leak or no leak.
        memory_calls: memory is read after the first and after the second number of further calls.
        memory_rate: calls a second meanwhile.
        pairs: how often both sides are measured at ``pair_rate`` new calls a second, one after
            the other, for ``pair_seconds``.
        rungs: rates tried one after the other, by each side until it fails at one each time.
        rung_seconds: length of one try.
    """

    warm_up: int
    memory_calls: tuple[int, int]
    memory_rate: float
    pairs: int
    pair_rate: float
    pair_seconds: float
    rungs: tuple[float, ...]
    rung_seconds: float


FULL = Plan(3500, (1000, 10_000), 100, 15, 100, 3, (180, *range(200, 340, 10)), 5)
QUICK = Plan(100, (100, 200), 50, 2, 50, 2, (100,), 2)


@dataclass(frozen=True)
class Spread:
    """Least, median and greatest of some ratios, ours to plain."""

    least: float
    median: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of ``values``, of which there must be one at least."""
        return cls(min(values), statistics.median(values), max(values))


@dataclass
class Results:
    """Everything that was measured."""

    pairs: list[tuple[Run, Run]] = field(default_factory=list)
    ladder: dict[Side, list[Run]] = field(default_factory=lambda: {side: [] for side in Side})
    memory_mib: dict[int, dict[str, int]] = field(default_factory=dict)

    def ratios(self) -> dict[str, Spread]:
        """Ours to plain, over the pairs, and of the highest rates."""
        measures: dict[str, Callable[[Run, Run], float]] = {
            "first sound, p50": lambda a, b: a.first_sound_ms["p50"] / b.first_sound_ms["p50"],
            "first sound, p95": lambda a, b: a.first_sound_ms["p95"] / b.first_sound_ms["p95"],
            "CPU, Asterisk alone": lambda a, b: a.cpu_ms["asterisk"] / b.cpu_ms["asterisk"],
            "CPU, with the controller": lambda a, b: whole(a) / whole(b),
            "CPU, to Asterisk alone": lambda a, b: whole(a) / b.cpu_ms["asterisk"],
        }
        found = {
            name: Spread.of([ratio(ours, plain) for ours, plain in self.pairs])
            for name, ratio in measures.items()
        }
        if self.best(Side.PLAIN):
            ratio = self.best(Side.OURS) / self.best(Side.PLAIN)
            found["calls/s without failure"] = Spread(ratio, ratio, ratio)
        return found

    def best(self, side: Side) -> float:
        """The highest rate, calls a second, at which no call failed; 0 when there was none."""
        return max((run.rate for run in self.ladder[side] if run.good), default=0.0)

    def growth(self) -> dict[str, float]:
        """Memory after many calls to memory after the first."""
        few, many = self.memory_mib[min(self.memory_mib)], self.memory_mib[max(self.memory_mib)]
        return {part: many[part] / few[part] for part in few}

    def as_json(self) -> dict[str, Any]:
        """Everything, plain."""
        return {
            "ratios": {name: asdict(spread) for name, spread in self.ratios().items()},
            "highest_rate": {side.value: self.best(side) for side in Side},
            "memory_mib": self.memory_mib,
            "memory_growth": self.growth(),
            "pairs": [[asdict(ours), asdict(plain)] for ours, plain in self.pairs],
            "ladder": {side.value: [asdict(r) for r in runs] for side, runs in self.ladder.items()},
        }


def whole(run: Run) -> float:
    """Milliseconds of CPU a call, Asterisk and controller together."""
    return run.cpu_ms["asterisk"] + run.cpu_ms["controller"]


async def carry_out(plan: Plan, stand: Stand, say: Say) -> Results:
    """Measure all of ``plan`` on a fresh stand.

    Raises:
        PhoneError: sipp cannot work.
    """
    results = Results()
    await _memory(plan, stand, results, say)
    await _pairs(plan, stand, results, say)
    await _ladder(plan, stand, results, say)
    return results


async def _memory(plan: Plan, stand: Stand, results: Results, say: Say) -> None:
    say(_told(await stand.run(Side.OURS, rate=plan.memory_rate, calls=plan.warm_up)))
    done = 0
    for goal in plan.memory_calls:
        while done < goal:
            calls = min(3 * plan.memory_calls[0], goal - done)
            run = await stand.run(Side.OURS, rate=plan.memory_rate, calls=calls)
            say(_told(run))
            done += calls
        results.memory_mib[done] = memory(stand.pids)
        say(f"memory after {done} calls: {results.memory_mib[done]}")


async def _pairs(plan: Plan, stand: Stand, results: Results, say: Say) -> None:
    calls = round(plan.pair_rate * plan.pair_seconds)
    for number in range(plan.pairs):
        order = (Side.OURS, Side.PLAIN) if number % 2 == 0 else (Side.PLAIN, Side.OURS)
        runs = {}
        for side in order:
            runs[side] = await _calm_run(stand, side, plan.pair_rate, calls, say)
        results.pairs.append((runs[Side.OURS], runs[Side.PLAIN]))


async def _ladder(plan: Plan, stand: Stand, results: Results, say: Say) -> None:
    climbing = set(Side)
    for rate in plan.rungs:
        waiting = climbing
        for _ in range(TRIES):  # in turn, so that a slow minute of the machine is for both
            for side in sorted(waiting):
                run = await stand.run(side, rate=rate, calls=round(rate * plan.rung_seconds))
                results.ladder[side].append(run)
                say(_told(run))
            waiting = {side for side in waiting if not results.ladder[side][-1].good}
        climbing = climbing - waiting


async def _calm_run(stand: Stand, side: Side, rate: float, calls: int, say: Say) -> Run:
    """One run, made again when other programs took part of the machine; the calmest counts."""
    runs: list[Run] = []
    while len(runs) < TRIES and not any(run.others <= CALM for run in runs):
        runs.append(await stand.run(side, rate=rate, calls=calls))
        say(_told(runs[-1]))
    return min(runs, key=lambda run: run.others)


def _told(run: Run) -> str:
    state = "all well" if run.good else f"{run.failed} failed {run.trouble}"
    return (
        f"{run.side:15} {run.wanted_rate:4.0f}/s  {run.calls:5} calls  "
        f"first sound {run.first_sound_ms['p50']:6.1f}/{run.first_sound_ms['p95']:6.1f} ms  "
        f"CPU {run.cpu_ms['asterisk']:5.2f} + {run.cpu_ms['controller']:.2f} ms  "
        f"others {run.others:3.0%}  {state}"
    )
