"""Who is captioned when the machine is full: as many as it carries, the newest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from speech.admission import HOLD_SECONDS, LATE_SECONDS, SPARE, Valve

STEP = 1.024  # seconds of sound that come at a time
LOOK = 0.04
SILENT = 0.002  # seconds of a thread for a second in which nobody speaks


@dataclass
class Voice:
    """A leg: how much of it there is and how much is heard, seconds of sound."""

    began: float
    cost: float  # seconds of a thread for each second of sound
    there: float = 0.0
    heard: float = 0.0
    hearing: float | None = None  # seconds of a thread that the turn still takes
    took: float = 0.0  # seconds that have passed in this turn


@dataclass
class Machine:
    """Hears calls as the worker does: some at a time, a step each, what has lain longest first.

    Args:
        cost: seconds of a thread for a second of speech; in each call one of two speaks.
        begin: when each call begins, the longest first.
        threads: voices heard at a time.
        speed: moment → how much of the machine there is.
    """

    cost: float
    begin: Sequence[float]
    threads: int = 2
    speed: Callable[[float], float] = lambda _at: 1.0
    calls: dict[str, list[Voice]] = field(default_factory=dict)
    off: list[tuple[float, list[str]]] = field(default_factory=list)
    lags: list[tuple[float, float]] = field(default_factory=list)
    now: float = 0.0
    _valve: Valve = field(default_factory=Valve)

    def __post_init__(self) -> None:
        for number, began in enumerate(self.begin):
            self.calls[f"{number:02}"] = [Voice(began, self.cost), Voice(began, SILENT)]

    @property
    def capacity(self) -> float:
        """Calls that it hears as fast as they speak."""
        return self.threads / (self.cost + SILENT)

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        for _ in range(int(seconds / LOOK)):
            self.now += LOOK
            for voice in self._voices():
                voice.there = max((self.now - voice.began) // STEP * STEP, 0.0)
            waiting = [voice for voice in self._voices() if voice.there - voice.heard > STEP / 2]
            waiting.sort(key=lambda voice: (voice.hearing is None, voice.began + voice.heard))
            for _ in range(self.threads):
                self._hear(waiting, LOOK * self.speed(self.now))
            self._relieve()

    def late(self, since: float = 0.0) -> list[float]:
        """The moments since then at which something was heard late."""
        return [at for at, lag in self.lags if at >= since and lag > LATE_SECONDS]

    def _hear(self, waiting: list[Voice], left: float) -> None:
        """A thread works for so many seconds."""
        while waiting:
            voice = waiting.pop(0)
            voice.took += LOOK if voice.cost != SILENT else SILENT
            needs = voice.cost * STEP if voice.hearing is None else voice.hearing
            voice.hearing = max(needs - left, 0.0)
            left -= needs
            if left < 0:
                return
            self._heard(voice)

    def _heard(self, voice: Voice) -> None:
        voice.hearing = None
        voice.heard += STEP
        behind = self.now - voice.began - voice.heard
        self.lags.append((self.now, behind))
        self._valve.observe(self.now, behind, voice.took, voice.cost * STEP)
        voice.took = 0.0

    def _relieve(self) -> None:
        chosen = self._valve.judge(self.now, {name: float(name) for name in self.calls})
        if chosen:
            self.off.append((self.now, chosen))
        for name in chosen:
            del self.calls[name]

    def _voices(self) -> list[Voice]:
        return [voice for voices in self.calls.values() for voice in voices]


calls_since = st.dictionaries(st.text("abcdef", min_size=1), st.floats(0, 1e6), min_size=1)
costs = st.floats(0.15, 0.3)
heard = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 20)), max_size=200)


@given(waits=st.lists(st.floats(0, LATE_SECONDS), max_size=200), calls=calls_since)
def test_nothing_is_turned_off_while_sound_is_heard_in_time(
    waits: list[float], calls: dict[str, float]
) -> None:
    valve = Valve()
    for number, waited in enumerate(waits):
        at = number * 0.1
        valve.observe(at, waited, 0.2, 0.2)
        assert valve.judge(at, calls) == []


@given(heard=heard, calls=calls_since)
def test_the_longest_go_first_and_one_stays_whatever_is_heard(
    heard: list[tuple[float, float]], calls: dict[str, float]
) -> None:
    valve, left, at = Valve(), dict(calls), 0.0
    order = sorted(calls, key=lambda call: (calls[call], call))
    for pause, behind in heard:
        at += pause
        valve.observe(at, behind, 0.2, 0.2)
        for call in valve.judge(at, left):
            assert call == order.pop(0)
            del left[call]
        assert left


@given(calls=calls_since)
def test_one_call_goes_after_another_while_lateness_stays_as_it_is(
    calls: dict[str, float],
) -> None:
    valve, left = Valve(), dict(calls)
    for tick in range(int((len(calls) + 1) * (HOLD_SECONDS + 4) * 10)):
        valve.observe(tick * 0.1, LATE_SECONDS * 2, 0.2, 0.2)
        for call in valve.judge(tick * 0.1, left):
            del left[call]
    assert sorted(left.values()) == sorted(calls.values())[-1:], "one stays, however late"


def begins(calls: int) -> st.SearchStrategy[list[float]]:
    """When calls begin whose sound comes spread over a step, whichever of them are left."""
    golden = [number * 0.618 % 1 for number in range(calls)]
    return st.floats(0, 0.2).map(lambda off: [STEP * ((place + off) % 1) for place in golden])


@settings(deadline=None, max_examples=40)
@given(cost=costs, more=st.floats(1.2, 2), data=st.data())
def test_calls_that_are_too_many_are_turned_off_at_once_and_the_rest_is_in_time(
    cost: float, more: float, data: st.DataObject
) -> None:
    """All begin in the same second, up to twice as many as the machine carries."""
    capacity = Machine(cost, ()).capacity
    calls = int(capacity * more) + 1
    machine = Machine(cost, data.draw(begins(calls)))
    machine.run(26)
    fewest, needed = calls - int(capacity), calls - int(capacity * (1 - SPARE))
    at, first = machine.off[0]
    assert at < 9
    assert min(fewest - 1, calls // 2) <= len(first) <= needed + 2
    assert len(machine.calls) >= calls - needed - 2, machine.off
    soon = [lag for at, lag in machine.lags if at > 20]
    assert sum(lag > LATE_SECONDS for lag in soon) <= 0.1 * len(soon), machine.off


@settings(deadline=None, max_examples=25)
@given(cost=costs, full=st.floats(0.2, 0.8), away=st.floats(0.1, 10), data=st.data())
def test_a_worker_that_was_away_catches_up(
    cost: float, full: float, away: float, data: st.DataObject
) -> None:
    calls = max(int(Machine(cost, ()).capacity * full), 2)
    machine = Machine(
        cost,
        data.draw(begins(calls)),
        speed=lambda at: 0.0 if 3 < at < 3 + away else 1.0,
    )
    machine.run(20 + away)
    assert machine.off == []


@settings(deadline=None, max_examples=25)
@given(cost=costs, calls=st.integers(2, 5), speed=st.floats(0.05, 0.6), data=st.data())
def test_others_may_use_the_machine_for_a_while(
    cost: float, calls: int, speed: float, data: st.DataObject
) -> None:
    machine = Machine(
        cost,
        data.draw(begins(calls)),
        speed=lambda at: speed if 3 < at < 1 + HOLD_SECONDS else 1.0,
    )
    machine.run(16)
    assert machine.off == []


def test_one_too_many_is_turned_off_when_it_has_been_late_for_long() -> None:
    machine = Machine(0.4, [STEP * number / 5 for number in range(5)])
    machine.run(30)
    at, first = machine.off[0]
    assert at > HOLD_SECONDS
    assert first == ["00"]


def test_a_machine_that_hears_next_to_nothing_is_left_with_one_call() -> None:
    """A turn takes ten seconds: less is heard in the window than tells something."""
    machine = Machine(9.0, [0.0, 0.1, 0.2, 0.3], threads=2)
    machine.run(60)
    assert list(machine.calls) == ["03"]
