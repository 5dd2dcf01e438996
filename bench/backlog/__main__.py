"""``python -m bench backlog``: does the time for a backlog grow as its length, and no faster?

The bookkeeping is measured: found in SQL, queued, claimed, encoded (a tenth of a second of sound
for each call), numbers found, saved and indexed, by real workers over a real Redis. The recogniser
is a stand-in that answers at once: what recognising costs is measured by `python -m bench speech`.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from ivr import toolbox
from ivr.jobs import Queue, Sweep
from ivr.processes import leashed
from ivr.progress import Progress as Bar
from ivr.settings import default_cache, load
from ivr.worker import alive
from ticketing.domain.calls import CallRecord, HangupSide, Outcome
from ticketing.domain.transcripts import Progress
from ticketing.store import calls, recordings, transcripts
from ticketing.store.database import Database

CALLS_AN_HOUR = 15  # of four minutes
LEG = bytes(3200)  # a tenth of a second


@dataclass(frozen=True, slots=True)
class Measured:
    """One backlog; ``cpu``: seconds of the worker's, ffmpeg's with it."""

    hours: int
    calls: int
    seconds: float
    cpu: float

    @property
    def each(self) -> float:
        """Milliseconds for one call."""
        return 1000 * self.seconds / self.calls


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench backlog", description=__doc__)
    parser.add_argument("--hours", default="1,10,100", help="lengths of the backlogs")
    chosen = parser.parse_args(argv)
    lengths = [int(text) for text in chosen.hours.split(",")]
    found = []
    for hours in lengths:
        found.append(asyncio.run(_measure(hours)))
        print(f"{found[-1].hours} h: {found[-1].each:.0f} ms a call", flush=True)
    table = Table("hours", "calls", "seconds", "ms a call", "CPU s")
    for one in found:
        row = (one.hours, one.calls, f"{one.seconds:.1f}", f"{one.each:.1f}", f"{one.cpu:.1f}")
        table.add_row(*map(str, row))
    console = Console()
    console.print(table)
    if len(found) > 1:
        first, last = found[0], found[-1]
        longer = math.log(last.hours / first.hours)
        time_power = math.log(last.seconds / first.seconds) / longer
        cpu_power = math.log(last.cpu / first.cpu) / longer
        console.print(
            f"time grows as hours to the power of {time_power:.2f}, CPU of {cpu_power:.2f} "
            "(1 is linear); recognition by a stand-in"
        )
    return 0


async def _measure(hours: int) -> Measured:
    home = Path(tempfile.mkdtemp(prefix="hotline-bench-"))
    socket = home / "redis.sock"
    server = toolbox.redis_server(default_cache(os.environ), Bar(sys.stderr))
    options = ("--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(home))
    redis = await asyncio.create_subprocess_exec(
        *leashed((*server.argv, *options)), stdout=subprocess.DEVNULL
    )
    worker: asyncio.subprocess.Process | None = None
    database = Database(f"sqlite+aiosqlite:///{home / 'hotline.sqlite3'}")
    queue = Queue(f"unix://{socket}")
    try:
        await database.migrate()
        count = hours * CALLS_AN_HOUR
        await _fill(database, home / "recordings", count)
        while not socket.exists():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.01)
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")},
            "HOTLINE_HOME": str(home),
            "HOTLINE_REDIS_URL": f"unix://{socket}",
        }
        worker = await asyncio.create_subprocess_exec(
            *leashed((sys.executable, "-m", "bench.backlog.standin")), env=env
        )
        process = psutil.Process(worker.pid)
        while not await asyncio.to_thread(alive, load(env, dotenv=home / "none")):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        began, before = time.perf_counter(), _cpu(process)
        sweep = Sweep(database, queue)
        while await _left(database, sweep):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        took = time.perf_counter() - began
        await _check(database, count)
        return Measured(hours, count, took, _cpu(process) - before)
    finally:
        if worker is not None:
            worker.terminate()
            await worker.wait()
        await queue.close()
        await database.close()
        redis.terminate()
        await redis.wait()
        shutil.rmtree(home)


async def _fill(database: Database, root: Path, count: int) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    records = []
    for number in range(count):
        folder = root / str(number)
        folder.mkdir(parents=True)
        for leg in ("citizen", "agent"):
            (folder / f"{leg}.sln16").write_bytes(LEG)
        at = start + timedelta(seconds=number / count)
        records.append(
            CallRecord(
                id=f"bench-{number}",
                caller="13800138000",
                caller_name="",
                dialled="12345",
                forwarded_from=None,
                line="12345",
                language="zh",
                menu="1>1",
                queue="reception",
                seat="8001",
                arrived_at=at,
                queued_at=at,
                answered_at=at,
                ended_at=at + timedelta(minutes=4),
                hangup_by=HangupSide.CALLER,
                outcome=Outcome.ANSWERED,
                rating=None,
                recording=str(number),
                message=None,
            )
        )
    async with database.session() as session:
        await calls.save(session, records)


async def _left(database: Database, sweep: Sweep) -> bool:
    more = await sweep.run_once()
    async with database.reading() as session:
        counts = await recordings.counts(session)
    return more or counts[Progress.WAITING] + counts[Progress.WORKING] > 0


async def _check(database: Database, count: int) -> None:
    """Every call is text, once."""
    async with database.reading() as session:
        found = 0
        cursor: str | None = None
        while True:
            page = await transcripts.find(session, "路灯坏了", limit=100, cursor=cursor)
            found += len({hit.call_id for hit in page.items})
            cursor = page.next
            if cursor is None:
                break
    assert found == count, (found, count)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


if __name__ == "__main__":
    sys.exit(main())
