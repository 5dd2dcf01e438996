"""A worker: takes jobs from the queue and does them. As many as one likes, on as many machines.

``python -m ivr.worker`` is what the supervisor starts, and ``hotline worker``. A worker knows the
same database and the same Redis as the controller, and its folder of recordings or its address
(``HOTLINE_CONTROLLER_URL``). It is never in a call's way: it may die at any moment, and what it was
doing is done again by another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import dramatiq
import redis
from dramatiq.middleware import Retries, ShutdownNotifications
from dramatiq.middleware.asyncio import AsyncIO
from redis.exceptions import RedisError

from ivr import jobs, logs, processes, settings, toolbox
from ivr.aftercall import LEASE, AfterCall, Engines, LaidAside, clear_scratch
from ivr.errors import HotlineError, SetupError
from ivr.progress import Progress
from ivr.remotesound import Remote
from ivr.settings import Settings
from ivr.soundstore import Folder
from ivr.supervisor import with_redis
from speech.catalogue import EngineKind
from speech.engines import batch_engine, choose
from speech.ports import BatchEngine, NoModel
from speech.store import Models
from ticketing.domain.transcripts import MOST_ATTEMPTS
from ticketing.policies.loader import load_packs
from ticketing.service.sounds import worker_name
from ticketing.store import recordings
from ticketing.store.database import Database

log = logging.getLogger(__name__)
KINDS = (EngineKind.VOSK, EngineKind.WHISPER)  # one pass of each whose model is here, the best last
SHORTEST_PAUSE, LONGEST_PAUSE = 2_000, 300_000  # milliseconds before a job is tried again
STOP_MILLISECONDS = 1_000
IDLE_MILLISECONDS = 200  # at most between two looks for a job
SIGN_SECONDS = 10.0
NICE = 10  # calls go first


class Heard:
    """The engines of each language, made when they are first asked for, and kept."""

    def __init__(self, cache: Path, wanted: Mapping[str, str]) -> None:
        self._models, self._wanted = Models(cache), wanted
        self._made: dict[tuple[EngineKind, Path], BatchEngine] = {}
        self._lock = threading.Lock()

    def __call__(self, language: str) -> Sequence[BatchEngine]:
        """The engines whose models of ``language`` are here now, the best last."""
        named = self._wanted.get(language, "")
        found: list[BatchEngine] = []
        for kinds in (KINDS,) if named else tuple((kind,) for kind in KINDS):
            try:
                model = choose(self._models, language, named=named, kinds=kinds)
            except NoModel:
                continue
            with self._lock:
                key = (model.engine, model.folder)
                if key not in self._made:
                    self._made[key] = batch_engine(model.engine, {language: model.folder})
                found.append(self._made[key])
        return found


def public_numbers() -> frozenset[str]:
    """The numbers of the cities' lines, with and without their area codes."""
    plans = [pack.lines for pack in load_packs()]
    return frozenset(
        f"{code}{line.number}"
        for plan in plans
        for line in plan.numbers
        for code in ("", *plan.area_codes)
    )


def find_ffmpeg(cache: Path) -> tuple[str, ...] | None:
    """How to run ffmpeg; None when there is none and none can be fetched."""
    try:
        return toolbox.ffmpeg(cache, Progress(sys.stderr)).argv
    except SetupError as problem:
        log.warning("recordings stay WAV: %s", problem)
        return None


class Worker:
    """One worker process.

    Args:
        engines: who hears; by default what models there are.
        lease: how long a job is its own without a sign of life.
    """

    def __init__(
        self, chosen: Settings, engines: Engines | None = None, lease: timedelta = LEASE
    ) -> None:
        self._database = Database(chosen.database_url)
        self._url = chosen.database_url
        token = secrets.token_urlsafe(32)
        self.name = worker_name(socket.gethostname(), os.getpid(), token)
        url = chosen.controller_url
        after_call = AfterCall(
            self._database,
            Remote(url, token) if url else Folder(chosen.recordings),
            engines=engines or Heard(chosen.cache, chosen.text_models),
            ffmpeg=find_ffmpeg(chosen.cache),
            public=public_numbers(),
            worker=self.name,
            lease=lease,
        )
        retries = Retries(
            max_retries=MOST_ATTEMPTS, min_backoff=SHORTEST_PAUSE, max_backoff=LONGEST_PAUSE
        )
        broker = jobs.broker(
            chosen.redis_url or "", jobs.NAMESPACE, AsyncIO(), ShutdownNotifications(), retries
        )

        @dramatiq.actor(
            actor_name=jobs.ACTOR, queue_name=jobs.QUEUE, broker=broker, throws=LaidAside
        )
        async def after(call_id: str, source: str) -> None:
            await after_call.do(jobs.parse(call_id, source))

        self._broker = broker
        self._worker = dramatiq.Worker(broker, worker_timeout=IDLE_MILLISECONDS, worker_threads=1)
        self._worker.queue_prefetch = 1  # what one worker holds back no other can do

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop``; jobs that are not done then are given back."""
        clear_scratch()
        self._worker.start()
        log.info("worker %s up", self.name)
        self._alive()
        while not stop.wait(SIGN_SECONDS):
            self._alive()
        self._worker.stop(timeout=STOP_MILLISECONDS)
        clear_scratch()
        asyncio.run(self._give_back())

    def _alive(self) -> None:
        """A sign of life; see `alive`."""
        try:
            self._broker.client.set(_sign(), self.name, ex=int(3 * SIGN_SECONDS))
        except (RedisError, OSError) as problem:
            log.warning("Redis does not answer: %s", type(problem).__name__)

    async def _give_back(self) -> None:
        database = Database(self._url)
        async with database.session() as session:
            await recordings.release(session, self.name)
        await database.close()


def _sign() -> str:
    return f"{jobs.NAMESPACE}:worker:{socket.gethostname()}"


def alive(chosen: Settings) -> bool:
    """Whether a worker of this machine has lately given a sign of life.

    Raises:
        SetupError: Redis does not answer.
    """
    client = redis.Redis.from_url(chosen.redis_url or "", socket_timeout=2)
    with contextlib.closing(client):
        try:
            return bool(client.exists(_sign()))
        except (RedisError, OSError) as problem:
            raise SetupError(f"Redis: {type(problem).__name__}") from problem


def main() -> None:
    """``python -m ivr.worker``."""
    try:
        chosen = with_redis(settings.load())
        logs.configure(chosen.log_level)
        run(chosen)
    except HotlineError as problem:
        sys.exit(f"{problem}")


def run(chosen: Settings, engines: Engines | None = None, lease: timedelta = LEASE) -> None:
    """Work until SIGTERM or SIGINT, then end the process: an engine may not be interruptible.

    Args:
        engines, lease: see `Worker`.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    processes.give_way(NICE)
    Worker(chosen, engines, lease).run(stop)
    os._exit(0)


if __name__ == "__main__":
    main()
