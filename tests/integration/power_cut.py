"""Work on orders that is killed again and again.

``python -m tests.integration.power_cut URL FOLDER ROUNDS SEED`` forks a child for each round. The
child works on orders and delivers what is in the outbox, as fast as it can; it is killed with
SIGKILL somewhere in the middle. What it was told is in FOLDER: ``intents`` (a key before each order
that is asked for), ``acks`` (number and version after each step that was confirmed).
"""

from __future__ import annotations

import asyncio
import os
import random
import select
import signal
import sqlite3
import sys
import traceback
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.integration.order_desk import AGENT, DISPATCHER, HOUSING, Desk, way
from ticketing.domain import actions as do
from ticketing.domain.errors import TicketingError
from ticketing.domain.guards import Actor
from ticketing.domain.matters import OrderType
from ticketing.domain.work_order import State, WorkOrder
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.attachments import Attachments
from ticketing.service.clock import utc_now
from ticketing.store import outbox
from ticketing.store.database import Database
from ticketing.store.orders import Filters

LONGEST = 20.0  # seconds until a child must have done what is waited for
LEASE = timedelta(milliseconds=200)
STEPS: dict[State, tuple[Actor, do.Command]] = {
    State.RECEIVED: (AGENT, do.Classify(type=OrderType.HELP, category="04.02")),
    State.CLASSIFIED: (DISPATCHER, do.Dispatch(unit="housing", assisting=("water",))),
    **dict(
        zip(
            (State.DISPATCHED, State.SIGNED, State.HANDLING, State.REPORTED, State.CALLBACK),
            way(HOUSING),
            strict=True,
        )
    ),
}
WAY = ["receive", *(step.action for _, step in STEPS.values())]


@dataclass(frozen=True)
class Notebook:
    """What the killed one was told, in files that outlive it."""

    folder: Path

    def write(self, name: str, line: str) -> None:
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, f"{line}\n".encode())
        os.close(handle)

    def read(self, name: str) -> list[str]:
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []


class Receiver:
    """The world outside: it does what it is told, but the same thing never twice."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with closing(sqlite3.connect(file)) as there:
            there.execute("PRAGMA synchronous=OFF")
            there.execute("CREATE TABLE IF NOT EXISTS told (id TEXT)")
            there.execute(
                "CREATE TABLE IF NOT EXISTS done (id TEXT PRIMARY KEY, kind, target, what)"
            )
            there.commit()

    def take(self, item: outbox.Item) -> None:
        with closing(sqlite3.connect(self._file, timeout=10)) as there:
            there.execute("INSERT INTO told VALUES (?)", (item.id,))
            done = (item.id, item.kind, item.target, item.what)
            there.execute("INSERT OR IGNORE INTO done VALUES (?, ?, ?, ?)", done)
            there.commit()

    def done(self) -> list[tuple[str, str, str, str]]:
        with closing(sqlite3.connect(self._file)) as there:
            return there.execute("SELECT id, kind, target, what FROM done").fetchall()

    def told(self) -> int:
        with closing(sqlite3.connect(self._file)) as there:
            return int(there.execute("SELECT count(*) FROM told").fetchone()[0])


async def deliver(database: Database, receiver: Receiver, now: datetime) -> int:
    """One worker's round; gives how much it has done."""
    async with database.session() as session:
        items = await outbox.claim(session, now, 5, LEASE)
    for item in items:
        receiver.take(item)
        async with database.session() as session:
            await outbox.done(session, item.id, now)
    return len(items)


class Clerk:
    """Works on orders until it is killed."""

    def __init__(self, desk: Desk, folder: Path, rng: random.Random, told: int) -> None:
        self._desk, self._rng, self._told = desk, rng, told
        self._notes = Notebook(folder)
        self._files = Attachments(desk.database, desk.orders, folder / "files", now=utc_now)

    async def step(self) -> None:
        page = await self._desk.orders.page(DISPATCHER, Filters(states=tuple(STEPS)), limit=5)
        if not page.items or self._rng.random() < 0.25:
            await self._receive()
            return
        line = self._rng.choice(page.items)
        if self._rng.random() < 0.15:
            content = f"{self._rng.random()}\n".encode() * 200
            await self._files.add(AGENT, line.number, "说明.txt", content)
            return
        who, step = STEPS[line.state]
        self._confirmed(await self._desk.orders.act(who, line.number, step, line.version))

    async def _receive(self) -> None:
        asked = self._notes.read("intents")
        if asked and self._rng.random() < 0.3:
            key = asked[-1]  # again: was it done before the cut, or not?
        else:
            key = f"{os.getpid()}-{self._rng.getrandbits(64):x}"
            self._notes.write("intents", key)
        self._confirmed(await self._desk.receive("路灯不亮", key=key))

    def _confirmed(self, order: WorkOrder) -> None:
        self._notes.write("acks", f"{order.number} {order.version}")
        os.write(self._told, b".")


async def work(url: str, folder: Path, seed: int, told: int) -> None:
    database = Database(url)
    clerk = Clerk(Desk(database, utc_now), folder, random.Random(seed), told)
    receiver = Receiver(folder / "receiver.sqlite3")

    async def post() -> None:
        while True:
            if not await deliver(database, receiver, utc_now()):
                await asyncio.sleep(0.005)

    async def desk_work() -> None:
        while True:
            try:
                await clerk.step()
            except TicketingError as error:  # the last one's commit may have come late
                print(f"refused: {error!r}", file=sys.stderr)

    await asyncio.gather(post(), desk_work())


def cut(url: str, folder: Path, seed: int) -> None:
    """One round: start, let some steps be confirmed, kill a moment later."""
    rng = random.Random(seed)
    listen, told = os.pipe()
    child = os.fork()
    if not child:
        os.close(listen)
        try:
            asyncio.run(work(url, folder, seed, told))
        except Exception:
            traceback.print_exc()
        os._exit(1)
    os.close(told)
    for _ in range(rng.choice((0, 0, 1, 2, 3, 5, 8))):
        ready, _, _ = select.select([listen], [], [], LONGEST)
        if not ready or not os.read(listen, 1):
            break
    select.select([], [], [], rng.random() * 0.03)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.close(listen)
    if not os.WIFSIGNALED(status):
        raise SystemExit(f"round {seed}: the child ended by itself")


def main(url: str, folder: str, rounds: str, seed: str) -> None:
    load_packs()
    load_calendar()
    for n in range(int(rounds)):
        cut(url, Path(folder), int(seed) * 10_000 + n)


if __name__ == "__main__":
    main(*sys.argv[1:])
