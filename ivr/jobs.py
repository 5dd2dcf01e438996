"""The queue of jobs over Redis: what is put in, and the sweep that puts it in.

The queue is dramatiq's: jobs are acknowledged, tried again, and laid aside. But it is not the
truth: what is to be done stands in SQL (`ticketing.store.recordings`), and the sweep puts it in
again when a Redis is lost with all that was in it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import uuid4

import redis.asyncio
from dramatiq import Message, Middleware
from dramatiq.brokers.redis import RedisBroker
from redis.exceptions import RedisError

from ticketing.channels.errors import Temporary
from ticketing.domain.errors import TicketingError
from ticketing.domain.transcripts import Progress, Source
from ticketing.service.clock import utc_now
from ticketing.store import recordings
from ticketing.store.database import Database
from ticketing.store.recordings import Key

NAMESPACE = "hotline:jobs"
QUEUE, ACTOR = "after-call", "after_call"
SETTLED = timedelta(seconds=2)  # after a call's end its files are whole
LOOK_BACK = timedelta(days=2)
WHOLE_SECONDS = 3600.0  # between two looks at all calls
BATCH = 200

log = logging.getLogger(__name__)


class QueueAway(Temporary):
    """Redis does not answer; the next sweep tries again."""


def broker(url: str, namespace: str = NAMESPACE, *middleware: Middleware) -> RedisBroker:
    """Dramatiq's side of the queue: what a worker that died had fetched is there again soon."""
    return RedisBroker(  # type: ignore[no-untyped-call]
        url=url,
        namespace=namespace,
        middleware=list(middleware),
        heartbeat_timeout=30_000,
        maintenance_chance=20_000,
    )


class Queue:
    """The jobs in Redis.

    Args:
        url: of Redis.
    """

    def __init__(self, url: str, namespace: str = NAMESPACE) -> None:
        self._url, self._namespace = url, namespace
        self._redis = redis.asyncio.Redis.from_url(url, decode_responses=True, socket_timeout=5)
        self._broker = broker(url, namespace)
        self._broker.declare_queue(QUEUE)

    async def life(self) -> str:
        """The name of the queue's present life: another one when what was in it is lost.

        Raises:
            QueueAway
        """
        key = f"{self._namespace}:life"
        try:
            await self._redis.set(key, str(uuid4()), nx=True)
            return str(await self._redis.get(key))
        except (RedisError, OSError) as problem:
            raise QueueAway(type(problem).__name__) from problem

    async def put(self, keys: Iterable[Key]) -> None:
        """Put jobs in.

        Raises:
            QueueAway: some may be in.
        """
        messages: list[Message[None]] = [
            Message(
                queue_name=QUEUE,
                actor_name=ACTOR,
                args=(call_id, source.value),
                kwargs={},
                options={},
            )
            for call_id, source in keys
        ]
        await self._blocking(lambda: [self._broker.enqueue(message) for message in messages])

    async def empty(self) -> bool:
        """Whether no job is in it, not even one that is being done.

        Raises:
            QueueAway
        """
        return await self._blocking(lambda: self._broker.do_qsize(QUEUE)) == 0

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        self._broker.client.close()
        self._broker.client.connection_pool.disconnect()

    @staticmethod
    async def _blocking(work: Callable[[], object]) -> object:
        try:
            return await asyncio.to_thread(work)
        except (RedisError, OSError) as problem:
            raise QueueAway(type(problem).__name__) from problem


class Sweep:
    """Finds what is to be done after calls, and puts it into the queue.

    Safe to run twice, late, and on two nodes: a job that is in the queue twice is done once.

    Args:
        batch: how many jobs are put in at once.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue,
        now: Callable[[], datetime] = utc_now,
        batch: int = BATCH,
    ) -> None:
        self._database, self._queue, self._now, self._batch = database, queue, now, batch
        self._whole_at: datetime | None = None  # when all calls were looked at

    async def health(self) -> str | None:
        """How many recordings did not become text and wait for a person, or None."""
        try:
            async with self._database.reading() as session:
                counts = await recordings.counts(session)
        except TicketingError as problem:
            return str(problem)
        told = {Progress.FAILED: "laid aside", Progress.NO_MODEL: "without a model"}
        found = [f"{counts[state]} {words}" for state, words in told.items() if counts[state]]
        return f"{', '.join(found)} (`hotline transcripts failed`)" if found else None

    async def run_once(self) -> bool:
        """One sweep; whether there is more at once.

        Raises:
            QueueAway: Redis does not answer.
            DatabaseUnavailable
        """
        now = self._now()
        whole = self._whole_at is None or (now - self._whole_at).total_seconds() > WHOLE_SECONDS
        async with self._database.session() as session:
            made = await recordings.register(
                session, now - SETTLED, None if whole else now - LOOK_BACK
            )
        if whole:
            self._whole_at = now
        life = await self._queue.life()
        emptied = await self._queue.empty()
        async with self._database.reading() as session:
            keys = await recordings.unqueued(session, life, now, self._batch, emptied=emptied)
        if keys:
            await self._queue.put(keys)
            async with self._database.session() as session:
                await recordings.queued(session, keys, life)
            log.info("after calls: %d recordings found, %d jobs put in", made, len(keys))
        return len(keys) == self._batch


def parse(call_id: str, source: str) -> Key:
    """A job's arguments."""
    return call_id, Source(source)
