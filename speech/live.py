"""The worker of live captions: hears the growing recordings, tells what is said over Redis.

It sits in nobody's way: calls are recorded whether it runs or not. It is told which calls there
are, hears each leg apart, and keeps with each final caption the place to go on from, in one step;
so another worker takes up where this one was killed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.exceptions import RedisError

from speech import wire
from speech.admission import Valve
from speech.captions import Caption, LegText, caption
from speech.leg import LEGS, Leg
from speech.ports import BYTES_PER_SECOND, Engine, SpeechError, StreamRecogniser
from speech.vosk_engine import PIECE_BYTES
from speech.wire import Keys, LiveCall, WorkerState

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.04  # between two looks at the recordings
ASK_SECONDS = 0.25  # between two looks at what is wanted
TELL_SECONDS = 1.0  # between two signs of life
STILL_SECONDS = 2.0  # a recording that grew no more for so long is over, once its call is
TURN_PIECES = 8  # that a leg is heard before others get their turn: a second


@dataclass
class _Ear:
    """A leg with what the worker knows of it."""

    leg: Leg
    stored: int  # captions that Redis has
    stored_offset: int
    grown: tuple[int, float]  # bytes that are there, and since when
    busy: Future[None] | None = None
    over: bool = False  # nothing more is to be heard

    def behind(self, now: float) -> float:
        """For how long the end of what is heard has been on the disk, seconds.

        A recording grows at the pace of speech: what follows it there was spoken since.
        """
        size, at = self.grown
        return now - at + (size - self.leg.heard) / BYTES_PER_SECOND


@dataclass
class _Heard:
    call: LiveCall
    ears: dict[str, _Ear] = field(default_factory=dict)
    ended: bool = False


class Worker:
    """Captions the calls of one node.

    Args:
        engine: hears voices.
        lacking: language → why it cannot be heard; ``broken``: those whose model is broken.
        threads: voices heard at the same moment.
    """

    def __init__(
        self,
        store: redis.Redis,
        keys: Keys,
        recordings: Path,
        engine: Engine,
        lacking: Mapping[str, str],
        *,
        broken: Collection[str] = (),
        threads: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis, self._keys, self._recordings = store, keys, recordings
        self._engine, self._lacking, self._broken = engine, dict(lacking), sorted(broken)
        self._pool = ThreadPoolExecutor(
            threads or len(os.sched_getaffinity(0)), thread_name_prefix="hears"
        )
        self._threads = threads or len(os.sched_getaffinity(0))
        self._store = store.register_script(wire.STORE)
        self._clock = clock
        self._valve = Valve()
        self._calls: dict[str, _Heard] = {}
        self._off: set[str] = set()
        self._done: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()  # a thread is free
        self._away = False

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""
        self._remember()
        asked = told = float("-inf")
        try:
            while not stop.is_set():
                now = self._clock()
                if now - asked >= ASK_SECONDS:
                    asked = now
                    self._ask()
                if now - told >= TELL_SECONDS:
                    told = now
                    self._tell()
                self._look(now)
                self._wake.wait(LOOK_SECONDS if self._calls else ASK_SECONDS)
                self._wake.clear()
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    # --- what is wanted --------------------------------------------------------------------
    def _remember(self) -> None:
        """Which calls an earlier worker had turned off."""
        try:
            told = self._redis.smembers(self._keys.of("off"))
            self._off = {id_.decode() for id_ in told if isinstance(id_, bytes)}
        except (RedisError, OSError):
            return

    def _ask(self) -> None:
        try:
            told = self._redis.get(self._keys.of("calls"))
            if not isinstance(told, bytes):
                return  # nobody says anything: the calls that are known go on
            wanted = {call.id: call for call in wire.heard_calls(told)}
            for call in wanted.values():
                if call.id not in self._calls.keys() | self._off | self._done:
                    self._calls[call.id] = self._begin(call)
        except (RedisError, OSError) as problem:
            self._lost(problem)
            return
        self._away = False
        for id_, heard in self._calls.items():
            heard.ended = id_ not in wanted or wanted[id_].ended
        self._off &= set(wanted)
        self._done &= set(wanted)

    def _begin(self, call: LiveCall) -> _Heard:
        heard = _Heard(call)
        if call.language in self._lacking:
            return heard
        marks = self._redis.hgetall(self._keys.mark(call.id))
        told = [caption(each) for each in self._redis.lrange(self._keys.text(call.id), 0, -1)]
        for who, file in LEGS.items():
            mark = wire.heard_mark(marks.get(who.encode()))
            text = LegText(call.id, who, call.language, mark)
            finals = [each for each in told if each.leg == who]
            make = self._maker(call.language)
            leg = Leg(self._recordings / call.folder / file, text, make, finals)
            heard.ears[who] = _Ear(leg, mark.seq, mark.offset, (mark.offset, self._clock()))
        return heard

    def _maker(self, language: str) -> Callable[[], StreamRecogniser]:
        return lambda: self._engine.stream(language)

    # --- hearing ---------------------------------------------------------------------------
    def _look(self, now: float) -> None:
        """Give the voices that have waited longest to the threads that are free."""
        ears = [ear for heard in self._calls.values() for ear in heard.ears.values()]
        ready = [ear for ear in ears if self._ready(ear, now)]
        ready.sort(key=lambda ear: ear.behind(now), reverse=True)
        for ear in ready[: self._threads - sum(ear.busy is not None for ear in ears)]:
            ear.busy = self._pool.submit(self._turn, ear)
            ear.busy.add_done_callback(lambda _: self._wake.set())
        self._settle(now)
        self._relieve(now)

    def _ready(self, ear: _Ear, now: float) -> bool:
        if ear.busy is not None and ear.busy.done():
            ear.busy = None
        if ear.over:
            return False
        there = ear.leg.there()
        if there > ear.grown[0]:
            ear.grown = there, now
        return ear.busy is None and there - ear.leg.heard >= PIECE_BYTES

    def _turn(self, ear: _Ear) -> None:
        """In a thread: hear what lies there, a second of it at most."""
        began, worked = self._clock(), time.thread_time()
        self._hear(ear, TURN_PIECES)
        now, worked = self._clock(), time.thread_time() - worked
        if not ear.over:
            with self._lock:
                self._valve.observe(now, ear.behind(now), now - began, worked)

    def _hear(self, ear: _Ear, pieces: int) -> None:
        """Final captions are told at once, and the latest partial one at the end."""
        partial: Caption | None = None
        try:
            left = min(pieces, ear.leg.unheard() // PIECE_BYTES)
            for rest in range(left - 1, -1, -1):
                if ear.over:
                    return
                for each in ear.leg.hear(partial=rest == 0):
                    partial = None if each.final else each
                self._keep(ear)
        except SpeechError as problem:
            ear.over = True
            self._lack(ear.leg.text.language, problem)
        except OSError as problem:
            ear.over = True
            log.warning("a recording cannot be read: %s", type(problem).__name__)
        if partial is not None:
            self._show(partial)

    def _last(self, ear: _Ear) -> None:
        """In a thread: hear the end of a recording that grows no more."""
        try:
            while not ear.leg.complete():
                ear.leg.hear(partial=False)
            ear.leg.finish()
        except (SpeechError, OSError) as problem:
            log.warning("the last words of a call: %s", type(problem).__name__)
        self._keep(ear)
        ear.over = True

    def _settle(self, now: float) -> None:
        """Hear the last words of calls that are over, and forget those."""
        for id_, heard in list(self._calls.items()):
            if not heard.ended:
                continue
            for ear in heard.ears.values():
                still = now - ear.grown[1] > STILL_SECONDS and ear.leg.unheard() == 0
                if ear.busy is None and still and not ear.over:
                    ear.busy = self._pool.submit(self._last, ear)
            if all(ear.over for ear in heard.ears.values()):
                self._done.add(id_)
                del self._calls[id_]

    def _lack(self, language: str, problem: SpeechError) -> None:
        """A language turns out not to be there: say so, and leave its calls alone."""
        if language not in self._lacking:
            self._lacking = {**self._lacking, language: str(problem)}
            self._broken = [*self._broken, language]
            log.error("no captions in %s: %s", language, problem)

    def _relieve(self, now: float) -> None:
        calls = {
            id_: heard.call.since
            for id_, heard in self._calls.items()
            if heard.ears and not heard.ended
        }
        with self._lock:
            off = self._valve.judge(now, calls)
        if not off:
            return
        log.warning("captions of the longest calls are off, %d: the machine is full", len(off))
        self._off.update(off)
        for id_ in off:
            for ear in self._calls.pop(id_).ears.values():
                ear.over = True
                self._pool.submit(self._leave, ear)
        self._tell()

    def _leave(self, ear: _Ear) -> None:
        """In a thread: another voice may have the recogniser, which knows the model by now."""
        if ear.busy is not None:
            wait([ear.busy])
        with contextlib.suppress(SpeechError):
            ear.leg.finish()

    # --- telling ---------------------------------------------------------------------------
    def _show(self, partial: Caption) -> None:
        """Tell a caption that will change; when it cannot be told it is not missed."""
        try:
            self._redis.xadd(
                self._keys.of("feed"),
                {"caption": partial.json()},
                maxlen=wire.FEED_LENGTH,
                approximate=True,
            )
        except (RedisError, OSError) as problem:
            self._lost(problem)

    def _keep(self, ear: _Ear) -> None:
        """Store the final captions that Redis has not, and the mark, in one step.

        What cannot be stored now is stored with what comes next.
        """
        leg = ear.leg
        keys = self._keys
        call = leg.text.call
        if (ear.stored, ear.stored_offset) == (leg.mark.seq, leg.mark.offset):
            return
        try:
            for _ in range(3):
                had = int(
                    self._store(
                        keys=[keys.mark(call), keys.text(call), keys.of("feed")],
                        args=wire.arguments(
                            leg.text.leg, ear.stored, leg.mark, leg.finals[ear.stored :]
                        ),
                    )
                )
                if had == ear.stored:
                    ear.stored, ear.stored_offset = leg.mark.seq, leg.mark.offset
                    return
                if had > leg.mark.seq:
                    ear.over = True
                    log.error("another worker hears the same call; this one leaves it")
                    return
                ear.stored = had  # Redis was emptied, or an answer of its was lost
        except (RedisError, OSError) as problem:
            self._lost(problem)

    def _tell(self) -> None:
        on = [id_ for id_, heard in self._calls.items() if heard.ears and not heard.ended]
        with self._lock:
            late = self._valve.lateness(self._clock())
        state = WorkerState(
            self._lacking,
            self._broken,
            on,
            off=sorted(self._off),
            done=sorted(self._done),
            late=round(late, 3),
        )
        try:
            if self._off:
                self._redis.sadd(self._keys.of("off"), *self._off)
                self._redis.expire(self._keys.of("off"), wire.KEEP_SECONDS)
            self._redis.set(self._keys.of("worker"), wire.told_state(state), ex=wire.WORKER_SECONDS)
        except (RedisError, OSError) as problem:
            self._lost(problem)

    def _lost(self, problem: Exception) -> None:
        if not self._away:
            self._away = True
            log.warning("Redis is away (%s): captions wait", type(problem).__name__)
