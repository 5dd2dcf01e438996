"""How far captions are behind the voice, against the number of calls."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import redis

from bench.speech.sound import conversation
from ivr import toolbox
from ivr.asterisk_files import SOUNDS
from ivr.progress import Progress
from ivr.settings import load
from speech import wire
from speech.captions import caption
from speech.leg import LEGS
from speech.live import Worker
from speech.ports import BYTES_PER_SECOND
from speech.vosk_engine import VoskEngine
from speech.wire import Keys, LiveCall

STEP = 32_768  # bytes that Asterisk writes at a time
NODE = "bench"
AIM = 1.5  # seconds behind the voice
GOLDEN = 0.618  # whichever calls are left, their sound comes evenly spread


@dataclass(frozen=True, slots=True)
class Shown:
    """A partial caption: which call's, when it was read and how far behind the voice, seconds."""

    call: str
    at: float  # since the call began
    behind: float


def measure(model: Path, quick: bool) -> dict[str, Any]:
    """In each call one of the two speaks, in turn; files grow as Asterisk lets them grow."""
    seconds, warm, cold = (20.0, (1, 2), (4,)) if quick else (45.0, (1, 2, 3, 4, 6, 8), (4, 6, 8))
    engine = VoskEngine({"ko": model})
    menu = SOUNDS / "ko" / "hotline" / "main_menu.wav"
    shown: dict[str, Any] = {}
    for calls in warm:
        engine.warm_up("ko", menu, 2 * calls, threading.Event())
        shown[f"{calls} calls"] = told(*run(engine, calls, seconds))
    for calls in cold:
        new = VoskEngine({"ko": model})
        new.load("ko")
        shown[f"{calls} calls, a new worker"] = told(*run(new, calls, seconds))
    return shown


def told(captions: Sequence[Shown], state: wire.WorkerState) -> str:
    """Of one run: all captions, and those of the calls that stayed on."""
    stayed = [each for each in captions if each.call not in state.off]
    return (
        f"behind, median / p95: {_behind(captions)}; calls that stay: {_behind(stayed)}, in time "
        f"after {in_time_after(stayed):.0f} s; turned off: {len(state.off)}"
    )


def in_time_after(captions: Sequence[Shown]) -> float:
    """From how many seconds on 95 of 100 captions were in time, of all that still came."""
    last = max((each.at for each in captions), default=0.0)
    for second in range(int(last) + 1):
        late = [each.behind > AIM for each in captions if each.at >= second]
        if sum(late) <= 0.05 * len(late):
            return second
    return last


def _behind(captions: Sequence[Shown]) -> str:
    lags = sorted(each.behind for each in captions)
    if not lags:
        return "none"
    return f"{lags[len(lags) // 2]:.2f} / {lags[(len(lags) * 95 - 1) // 100]:.2f}"


def run(engine: VoskEngine, calls: int, seconds: float) -> tuple[list[Shown], wire.WorkerState]:
    """So many calls that all begin in the same second, by a worker of their own."""
    keys = Keys(NODE)
    stop = threading.Event()
    sound = conversation(seconds)
    with _redis() as store, tempfile.TemporaryDirectory() as folder:
        names = [f"call-{number}" for number in range(calls)]
        for name in names:
            (Path(folder) / name).mkdir()
        live = [LiveCall(name, name, "ko", float(n)) for n, name in enumerate(names)]
        store.set(keys.of("calls"), wire.told_calls(live))
        worker = Worker(store, keys, Path(folder), engine, {})
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        captions: list[Shown] = []
        began: dict[str, float] = {}
        reading = threading.Thread(target=_read, args=(store, keys, began, captions, stop))
        reading.start()
        try:
            _speak(Path(folder), names, sound, began)
            state = _state(store, keys)
            over = [replace(call, ended=True) for call in live]
            store.set(keys.of("calls"), wire.told_calls(over))
            _end(store, keys, len(names))
        finally:
            stop.set()
            thread.join()
            reading.join()
    return captions, state


def _state(store: redis.Redis, keys: Keys) -> wire.WorkerState:
    told = store.get(keys.of("worker"))
    return wire.heard_state(told) if isinstance(told, bytes) else wire.WorkerState()


def _end(store: redis.Redis, keys: Keys, calls: int) -> None:
    """Let the last words be heard, and the recognisers be free for the next calls."""
    for _ in range(300):
        state = _state(store, keys)
        if len(state.done) + len(state.off) == calls:
            return
        time.sleep(0.1)


def _speak(folder: Path, names: list[str], sound: bytes, began: dict[str, float]) -> None:
    """Let every call's files grow at the pace of speech, each in a rhythm of its own."""
    start = time.time()
    for number, name in enumerate(names):
        began[name] = start + number * GOLDEN % 1 * STEP / BYTES_PER_SECOND
    written = dict.fromkeys(names, 0)
    while any(place < len(sound) for place in written.values()):
        for number, name in enumerate(names):
            place = written[name]
            due = began[name] + (place + STEP) / BYTES_PER_SECOND
            if place < len(sound) and time.time() >= due:
                speaker = (number + place // (8 * STEP)) % 2
                for which, file in enumerate(LEGS.values()):
                    piece = sound[place : place + STEP]
                    with (folder / name / file).open("ab") as leg:
                        leg.write(piece if which == speaker else bytes(len(piece)))
                written[name] = place + STEP
        time.sleep(0.005)


def _read(
    store: redis.Redis,
    keys: Keys,
    began: dict[str, float],
    captions: list[Shown],
    stop: threading.Event,
) -> None:
    place = "0"
    while not stop.is_set():
        answer: Any = store.xread({keys.of("feed"): place}, block=100)
        now = time.time()
        for _, rows in answer or ():
            for id_, row in rows:
                place = id_
                heard = caption(row[b"caption"])
                if not heard.final:  # a final one waits for a pause, on purpose
                    at = now - began[heard.call]
                    captions.append(Shown(heard.call, at, at - heard.end))


@contextmanager
def _redis() -> Iterator[redis.Redis]:
    server = toolbox.redis_server(load().cache, Progress(None))
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/redis.sock"
        options = ("--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder)
        process = subprocess.Popen([*server.argv, *options], stdout=subprocess.DEVNULL)
        store = redis.Redis(unix_socket_path=socket)
        try:
            _answers(store)
            yield store
        finally:
            store.close()
            process.terminate()
            process.wait()


def _answers(store: redis.Redis) -> None:
    for _ in range(200):
        try:
            store.ping()
        except redis.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("Redis does not answer")
