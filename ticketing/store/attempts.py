"""Counting attempts: in Redis, and in memory for as long as Redis does not answer."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections import deque
from collections.abc import Callable
from time import time
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_REDIS_LIMIT = 1.0  # seconds
_MOST_KEYS = 10_000

# KEYS[1]: the moments of the attempts. ARGV: now, window, limit, a name for this attempt.
# Counting and noting are one step, so that many at once cannot slip through together.
_TAKE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
  return redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[4])
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] * 1000))
return false
"""


class MemoryAttempts:
    """At most ``limit`` attempts for each key in any ``window`` seconds, counted in this process.

    Args:
        limit: attempts that are heard.
        window: seconds.
        clock: seconds, from any start.
    """

    def __init__(
        self, limit: int = 5, window: float = 300, clock: Callable[[], float] = time
    ) -> None:
        self._limit, self._window, self._clock = limit, window, clock
        self._taken: dict[str, deque[float]] = {}

    async def take(self, key: str) -> int | None:
        """Count one attempt: None when it may be heard, else the seconds to wait (at least 1)."""
        now = self._clock()
        taken = self._taken.pop(key, deque())
        while taken and taken[0] <= now - self._window:
            taken.popleft()
        self._taken[key] = taken  # the key used last is the last to be forgotten
        if len(self._taken) > _MOST_KEYS:
            del self._taken[next(iter(self._taken))]
        if len(taken) >= self._limit:
            return max(1, math.ceil(taken[0] + self._window - now))
        taken.append(now)
        return None

    async def forget(self, key: str) -> None:
        """Forget the attempts of ``key``: one has succeeded."""
        self._taken.pop(key, None)


class RedisAttempts:
    """The same, counted in Redis for all processes; in memory when Redis fails or is slow.

    Args:
        redis: the client.
        limit, window, clock: as in `MemoryAttempts`; the clock must be the same everywhere.
    """

    def __init__(
        self,
        redis: Redis,
        limit: int = 5,
        window: float = 300,
        clock: Callable[[], float] = time,
    ) -> None:
        self._redis, self._limit, self._window, self._clock = redis, limit, window, clock
        self._fallback = MemoryAttempts(limit, window, clock)

    async def take(self, key: str) -> int | None:
        """Count one attempt; see `MemoryAttempts.take`."""
        now = self._clock()
        try:
            oldest = await self._ask(
                "EVAL", _TAKE, 1, _name(key), now, self._window, self._limit, secrets.token_hex(8)
            )
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("attempts are counted in memory: Redis fails (%s)", type(error).__name__)
            return await self._fallback.take(key)
        if oldest is None:
            return None
        return max(1, math.ceil(float(oldest) + self._window - now))

    async def forget(self, key: str) -> None:
        """Forget the attempts of ``key``, here and in Redis."""
        await self._fallback.forget(key)
        try:
            await self._ask("DEL", _name(key))
        except (RedisError, OSError, TimeoutError) as error:
            logger.warning("attempts are kept in Redis: it fails (%s)", type(error).__name__)

    async def _ask(self, *command: Any) -> Any:
        async with asyncio.timeout(_REDIS_LIMIT):
            return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call]


def _name(key: str) -> str:
    return f"hotline:attempts:{key}"
