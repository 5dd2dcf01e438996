"""How far captions are behind the voice, against the number of calls."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


def measure(model: Path, quick: bool) -> dict[str, Any]:
    """In each call one of the two speaks, in turn; files grow as Asterisk lets them grow."""
    seconds, numbers = (20.0, (1, 2)) if quick else (45.0, (1, 2, 3, 4, 6, 8))
    engine = VoskEngine({"ko": model})
    menu = SOUNDS / "ko" / "hotline" / "main_menu.wav"
    engine.warm_up("ko", menu, 2 * max(numbers), threading.Event())
    shown: dict[str, Any] = {}
    for calls in numbers:
        with _redis() as store:
            lags, state = _run(store, engine, calls, seconds)
        lags.sort()
        p95 = lags[(len(lags) * 95 - 1) // 100] if lags else float("nan")
        median = lags[len(lags) // 2] if lags else float("nan")
        shown[f"{calls} calls: seconds behind, median / p95"] = (
            f"{median:.2f} / {p95:.2f}; heard {state.late:.2f} s after it is on the disk; "
            f"turned off: {len(state.off)}"
        )
    return shown


def _run(
    store: redis.Redis, engine: VoskEngine, calls: int, seconds: float
) -> tuple[list[float], wire.WorkerState]:
    keys = Keys(NODE)
    stop = threading.Event()
    sound = conversation(seconds)
    with tempfile.TemporaryDirectory() as folder:
        names = [f"call-{number}" for number in range(calls)]
        for name in names:
            (Path(folder) / name).mkdir()
        live = [LiveCall(name, name, "ko", float(n)) for n, name in enumerate(names)]
        store.set(keys.of("calls"), wire.told_calls(live))
        worker = Worker(store, keys, Path(folder), engine, {})
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        lags: list[float] = []
        began: dict[str, float] = {}
        reading = threading.Thread(target=_read, args=(store, keys, began, lags, stop))
        reading.start()
        try:
            _speak(Path(folder), names, sound, began)
            told = store.get(keys.of("worker"))
        finally:
            stop.set()
            thread.join()
            reading.join()
    state = wire.heard_state(told) if isinstance(told, bytes) else wire.WorkerState()
    return lags, state


def _speak(folder: Path, names: list[str], sound: bytes, began: dict[str, float]) -> None:
    """Let every call's files grow at the pace of speech, each in a rhythm of its own."""
    start = time.time()
    for number, name in enumerate(names):
        began[name] = start + number / len(names) * STEP / BYTES_PER_SECOND
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
    lags: list[float],
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
                    lags.append(now - began[heard.call] - heard.end)


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
