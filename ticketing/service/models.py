"""The model in use: loaded when it is first asked for, and again when another is put in use."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ticketing.assist.model import Model, ModelError, Shelf

log = logging.getLogger(__name__)
_LOOK = 2.0  # seconds between two looks for another model


class Models:
    """Keeps one model in memory. Whoever asks never waits for a model to be made.

    Args:
        monotonic: a clock in seconds.
    """

    def __init__(self, shelf: Shelf, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._shelf, self._monotonic = shelf, monotonic
        self._model: Model | None = None
        self._tried: str | None = None
        self._looked: float | None = None
        self._loading = asyncio.Lock()
        self.problem: str | None = None

    async def current(self) -> Model | None:
        """The model in use; None when there is none, or it is damaged (`problem` tells)."""
        now = self._monotonic()
        if self._looked is None or now - self._looked >= _LOOK:
            async with self._loading:
                self._looked = now
                version = await asyncio.to_thread(self._shelf.current)
                if version != self._tried:
                    await self._load(version)
        return self._model

    async def health(self) -> str | None:
        """Why the model in use cannot be read, or None; that there is none yet is no trouble."""
        await self.current()
        return self.problem

    async def _load(self, version: str | None) -> None:
        self._tried = version
        try:
            self._model = await asyncio.to_thread(self._shelf.load, version) if version else None
            self.problem = None
        except ModelError as problem:
            self.problem = str(problem)
            log.warning("assist: %s", problem)
