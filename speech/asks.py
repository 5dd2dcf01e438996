"""Hears short answers for the controller, in the worker of live captions: ``speech.answers``.

An ask is ``{"id", "file", "language", "phrases"}`` on a list in Redis; its answer, a key or an
empty text, is put on a list of its own, and forgotten when nobody comes for it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import redis
from redis.exceptions import RedisError

from speech import answers
from speech.ports import BYTES_PER_SECOND, SpeechError, StreamRecogniser
from speech.sounds import pcm
from speech.vosk_engine import VoskEngine
from speech.wire import Keys

log = logging.getLogger(__name__)
LOOK_SECONDS = 1
KEEP_SECONDS = 10
_PAUSE_SECONDS = 0.5


class Asks:
    """Answers asks, one after the other: each takes a fraction of a second."""

    def __init__(self, store: redis.Redis, keys: Keys, engine: VoskEngine) -> None:
        self._redis, self._keys, self._engine = store, keys, engine

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""
        while not stop.is_set():
            try:
                told = self._redis.blpop([self._keys.of("asks")], timeout=LOOK_SECONDS)
                if told:
                    self._answer(json.loads(told[1]))
            except (RedisError, OSError):
                stop.wait(_PAUSE_SECONDS)

    def _answer(self, ask: Mapping[str, object]) -> None:
        phrases: dict[str, list[str]] = dict(ask["phrases"])  # type: ignore[call-overload]
        try:
            key = hear(self._engine, Path(str(ask["file"])), str(ask["language"]), phrases)
        except SpeechError as problem:
            log.warning("an answer was not heard: %s", problem)
            key = None
        place = self._keys.answer(str(ask["id"]))
        self._redis.rpush(place, key or "")
        self._redis.expire(place, KEEP_SECONDS)


def hear(
    engine: VoskEngine, file: Path, language: str, phrases: Mapping[str, Sequence[str]]
) -> str | None:
    """The key whose phrase is said in a file, or None.

    Raises:
        NoModel, BrokenModel, Unreadable: it cannot be heard.
    """
    narrow, open_ = passes(engine, file, language, phrases)
    return None if open_ is None else answers.judge(phrases, narrow, open_, language)


def passes(
    engine: VoskEngine, file: Path, language: str, phrases: Mapping[str, Sequence[str]]
) -> tuple[answers.Pass, answers.Pass | None]:
    """What is heard with the phrases only, and with all words where that still matters.

    Raises:
        NoModel, BrokenModel, Unreadable: it cannot be heard.
    """
    sound = b"".join(pcm(file))[: int(answers.LONGEST_SECONDS * BYTES_PER_SECOND)]
    ways = [way for each in phrases.values() for way in each]
    narrow = _pass(engine.stream(language, ways), sound)
    if answers.named(phrases, narrow, language) is None:
        return narrow, None
    return narrow, _pass(engine.stream(language), sound)


def _pass(recogniser: StreamRecogniser, sound: bytes) -> answers.Pass:
    return answers.of([*recogniser.accept(sound, partial=False), *recogniser.finish()])
