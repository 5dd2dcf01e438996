"""``python -m ivr.captioner``: the worker of live captions (``speech.live``), with our settings.

A process of its own: the engine's library may end its whole process, and calls must not notice.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import signal
import sys
import threading
from collections.abc import Iterator

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ivr import logs, processes, settings
from ivr.asterisk_files import SOUNDS
from ivr.errors import HotlineError, SettingsError
from ivr.prompts import P, sound
from ivr.settings import Settings
from ivr.supervisor import with_redis
from speech.asks import Asks
from speech.engines import live_models
from speech.live import Worker
from speech.ports import SpeechError
from speech.store import Models
from speech.vosk_engine import VoskEngine
from speech.wire import Keys

log = logging.getLogger(__name__)
NICE = 5  # calls come first
WARM = 2  # recognisers: the legs of a call
REDIS_SECONDS = 2.0


def main() -> None:
    """What the supervisor starts; ends at SIGTERM or SIGINT."""
    try:
        chosen = with_redis(settings.load())
        logs.configure(chosen.log_level)
        run(chosen)
    except HotlineError as problem:
        sys.exit(f"{problem}")


def run(chosen: Settings) -> None:
    """Caption calls until told to stop.

    Raises:
        SettingsError: another worker of the same hotline runs.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    processes.give_way(NICE)
    with _alone(chosen):
        folders, lacking = live_models(Models(chosen.cache), chosen.live_models)
        engine, broken = VoskEngine(folders), set()
        for language in folders:
            try:
                engine.load(language)
            except SpeechError as problem:
                lacking[language] = str(problem)
                broken.add(language)
        for language, why in lacking.items():
            log.warning("no captions in %s: %s", language, why)
        store = redis.Redis.from_url(
            chosen.redis_url or "",
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),  # the worker has a pace of its own
        )
        with contextlib.closing(store):
            keys = Keys(chosen.node)
            worker = Worker(store, keys, chosen.recordings, engine, lacking, broken=broken)
            asks = threading.Thread(target=Asks(store, keys, engine).run, args=(stop,))
            warming = threading.Thread(target=_warm_up, args=(engine, stop))
            asks.start()
            warming.start()
            log.info("captions: the worker is up")
            try:
                worker.run(stop)
            finally:
                stop.set()
                asks.join()
                warming.join()


def _warm_up(engine: VoskEngine, stop: threading.Event) -> None:
    """One recogniser soon, for spoken answers; then those of a call."""
    for count in (1, WARM):
        for language in engine.languages:
            try:
                menu = SOUNDS / language / f"{sound(P.MAIN_MENU)}.wav"
                engine.warm_up(language, menu, count, stop)
            except SpeechError as problem:
                log.warning("the first words in %s will be late: %s", language, problem)


@contextlib.contextmanager
def _alone(chosen: Settings) -> Iterator[None]:
    """One worker for each home; the kernel drops the lock when we die."""
    chosen.run.mkdir(parents=True, exist_ok=True)
    with (chosen.run / "captioner.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(f"captions of {chosen.home} are made already") from None
        yield


if __name__ == "__main__":
    main()
