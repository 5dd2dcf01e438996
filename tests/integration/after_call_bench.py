"""Jobs after a call, for tests: database, Redis, recordings, workers to start and to kill."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ivr import start
from ivr.demo.sound import tone
from ivr.jobs import Queue, QueueAway, Sweep
from tests import tools
from tests.integration.samples import record
from tests.servers import RedisServer
from ticketing.domain.transcripts import Progress, Source
from ticketing.store import calls, recordings, transcripts
from ticketing.store.database import Database
from ticketing.store.recordings import Recording
from ticketing.store.transcripts import Transcript

CALL = record(1).id
KEY = (CALL, Source.CALL)
FOLDER = "2026-03-01/1763753060.1"
CITIZEN = [[0.2, 1.0, "路灯坏了三天"], [1.6, 2.8, "我电话13800138000"]]
AGENT = [[1.1, 1.5, "好的"]]


class Bench:
    """A database, a Redis, a folder of recordings, and workers to start and to kill."""

    def __init__(self, database: Database, url: str, home: Path, redis: RedisServer) -> None:
        self.database, self.home, self.redis = database, home, redis
        self.recordings = home / "recordings"
        self.queue = Queue(f"unix://{redis.folder / 's'}")
        self.sweep = Sweep(database, self.queue)
        self.workers: list[asyncio.subprocess.Process] = []
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")},
            "HOTLINE_HOME": str(home),
            "HOTLINE_CACHE": str(tools.CACHE),
            "HOTLINE_DATABASE_URL": url,
            "HOTLINE_REDIS_URL": f"unix://{redis.folder / 's'}",
        }

    async def start(self) -> asyncio.subprocess.Process:
        """Start a worker."""
        with (self.home / "worker.log").open("ab") as out:
            worker = await asyncio.create_subprocess_exec(
                *start.command("tests.integration.standin_worker"),
                env=self.env,
                stdout=out,
                stderr=out,
            )
        self.workers.append(worker)
        return worker

    async def close(self) -> None:
        for worker in self.workers:
            if worker.returncode is None:
                worker.kill()
            await worker.wait()
        await self.queue.close()

    def leg(self, name: str, said: list[list[Any]], hz: int, folder: str = FOLDER) -> None:
        """A leg of three seconds, and what is said in it."""
        file = self.recordings / folder / f"{name}.sln16"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tone(hz, 3.0, rate=16_000).tobytes())
        file.with_name(f"{file.name}.json").write_text(json.dumps(said))

    async def call(self, **changes: Any) -> None:
        """A call that is over, with both legs."""
        self.leg("citizen", CITIZEN, 440)
        self.leg("agent", AGENT, 600)
        async with self.database.session() as session:
            await calls.save(session, [record(1, recording=FOLDER, **changes)])

    async def recording(self) -> Recording:
        async with self.database.reading() as session:
            return await recordings.get(session, KEY)

    async def transcript(self) -> Transcript:
        async with self.database.reading() as session:
            (found,) = await transcripts.of_call(session, CALL)
        return found

    def heard(self, folder: str = FOLDER) -> list[list[str]]:
        """Which process began to hear which leg."""
        file = self.recordings / folder / "heard.txt"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line.split() for line in lines]

    async def until(
        self, look: Callable[[], Awaitable[bool]], what: str, timeout: float = 60.0
    ) -> None:
        """Sweep and look again and again, as the controller does."""
        try:
            async with asyncio.timeout(timeout):
                while not await look():
                    with suppress(QueueAway):
                        await self.sweep.run_once()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log = (self.home / "worker.log").read_text()[-3000:]
            raise AssertionError(f"no {what} within {timeout} s\n{log}") from None

    async def state(self, state: Progress) -> None:
        async def look() -> bool:
            return (await self.recording()).state is state

        await self.until(look, state.value)

    async def begun(self, count: int = 1) -> None:
        async def look() -> bool:
            return len(self.heard()) >= count

        await self.until(look, "beginning")
