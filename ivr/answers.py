"""Spoken answers, the controller's side: hands a short recording to the worker, and waits briefly.

Nothing is heard in this process. No worker, no model, no answer in time: as if nothing was said.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from speech.wire import Keys

log = logging.getLogger(__name__)
ANSWER_SECONDS = 4.0  # half a second on a machine with time to spare
SUFFIX = ".wav"


class Answers:
    """What flows ask when a caller may speak instead of pressing a key.

    Args:
        folder: for recordings of a moment; each is removed as soon as it was heard.
        known: whether a language can be heard now.
    """

    def __init__(
        self,
        store: redis.asyncio.Redis,
        node: str,
        folder: Path,
        known: Callable[[str], bool],
    ) -> None:
        self._redis, self._keys, self._folder, self._known = store, Keys(node), folder, known

    def open(self) -> None:
        """Make the folder; remove what a controller that died has left there."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in self._folder.glob(f"*{SUFFIX}"):
            file.unlink(missing_ok=True)

    def knows(self, language: str) -> bool:
        """Whether answers in a language can be heard now."""
        return self._known(language)

    def place(self) -> str:
        """Where the next answer is to be recorded, without the ending."""
        return str(self._folder / secrets.token_hex(8))

    def forget(self, place: str) -> None:
        """Remove the recording at a place."""
        Path(place + SUFFIX).unlink(missing_ok=True)

    async def hear(
        self, place: str, language: str, phrases: Mapping[str, Sequence[str]]
    ) -> str | None:
        """The key whose phrase was said, or None; the recording is gone afterwards."""
        ask = secrets.token_hex(8)
        told = {"id": ask, "file": place + SUFFIX, "language": language, "phrases": phrases}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._redis.rpush(self._keys.of("asks"), json.dumps(told))
                await self._redis.expire(self._keys.of("asks"), int(ANSWER_SECONDS) + 1)
                answer: Any = None
                while not answer:  # the client's own patience with Redis is shorter
                    answer = await self._redis.blpop([self._keys.answer(ask)], timeout=1)
        except (RedisError, OSError, TimeoutError) as problem:
            log.info("an answer was not heard: %s", type(problem).__name__)
            return None
        finally:
            self.forget(place)
        key = answer[1].decode() if answer else ""
        return key if key in phrases else None
