"""Killed in the middle of writing, many times: nothing is half there, lost, or done twice."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, text

from ivr.settings import PROJECT
from tests.integration.order_desk import AGENT, Desk
from tests.integration.power_cut import WAY, Notebook, Receiver, deliver
from ticketing.domain import actions as do
from ticketing.domain.effects import effects_of
from ticketing.domain.fold import evolve
from ticketing.domain.timers import wake_at
from ticketing.domain.work_order import Event, WorkOrder
from ticketing.service.attachments import Attachments
from ticketing.service.clock import utc_now
from ticketing.store import history, orders
from ticketing.store.database import Database
from ticketing.store.order_tables import ATTACHMENTS, ORDER_UNITS, OUTBOX, WORK_ORDERS

ROUNDS = {True: 200, False: 40}  # by whether it is SQLite
SEED = 2019


async def cut_often(url: str, folder: Path, rounds: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.integration.power_cut",
        url,
        str(folder),
        str(rounds),
        str(SEED),
        cwd=PROJECT,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(240):
        _, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()[-4000:]


async def settle(database: Database) -> None:
    """Wait until the server has ended what the killed ones had begun."""
    if not database.sqlite:
        async with database.session() as session:
            await session.execute(text("LOCK TABLE chain_head, work_orders, outbox"))


async def histories(desk: Desk) -> dict[str, tuple[Event, ...]]:
    async with desk.database.reading() as session:
        numbers = (await session.execute(select(WORK_ORDERS.c.number))).scalars().all()
        return {number: await history.read(session, number) for number in numbers}


async def test_power_cuts(database: Database, database_url: str, tmp_path: Path) -> None:
    desk = await Desk(database, utc_now).open()
    notes, receiver = Notebook(tmp_path), Receiver(tmp_path / "receiver.sqlite3")
    await cut_often(database_url, tmp_path, ROUNDS[database.sqlite])
    await settle(database)
    told = await histories(desk)
    assert len(told) > ROUNDS[database.sqlite] // 10, "hardly anything was done"

    await check_history(desk, told)
    expected = await check_pictures_and_effects(desk, told)

    for line in notes.read("acks"):
        number, version = line.split()
        assert len(told[number]) >= int(version), "a confirmed step is lost"
    keys = notes.read("intents")
    assert len(set(keys)) == len(keys)
    for key in keys:
        await desk.receive("路灯不亮", key=key)
    assert len(await histories(desk)) == len(keys), "an order is there twice, or for no request"

    before = set(receiver.done())
    assert before <= expected
    late = utc_now() + timedelta(hours=1)
    while await deliver(database, receiver, late):
        pass
    async with database.reading() as session:
        rows = (await session.execute(select(OUTBOX))).all()
    assert all(row.done_at is not None for row in rows)
    done = receiver.done()
    assert len(done) == len(rows)
    assert expected <= set(done)
    assert receiver.told() >= len(done)

    await check_files(desk, told, tmp_path / "files")


async def check_history(desk: Desk, told: dict[str, tuple[Event, ...]]) -> None:
    async with desk.database.reading() as session:
        held, broken = await history.verify(session)
    assert broken is None
    assert held == sum(map(len, told.values())), "a step of an order that is not there"
    for number, events in told.items():
        actions = [e.command.action for e in events if not isinstance(e.command, do.Attach)]
        assert actions == WAY[: len(actions)], number


async def check_pictures_and_effects(
    desk: Desk, told: dict[str, tuple[Event, ...]]
) -> set[tuple[str, str, str, str]]:
    """Each picture is that of its events, and what follows from them is in the outbox."""
    expected: set[tuple[str, str, str, str]] = set()
    async with desk.database.reading() as session:
        for number, events in told.items():
            order: WorkOrder | None = None
            for event in events:
                before, order = order, evolve(order, event)
                world = await desk.worlds.world(event.at.date())
                expected |= {
                    (f"{number}-{event.seq}-{place}", effect.kind.value, effect.target, effect.what)
                    for place, effect in enumerate(effects_of(before, order, event, world))
                }
            assert order is not None
            query = select(WORK_ORDERS).where(WORK_ORDERS.c.number == number)
            row = dict((await session.execute(query)).mappings().one())
            assert row == orders.row_of(order, wake_at(order, world))
            seen = select(ORDER_UNITS).where(ORDER_UNITS.c.number == number)
            units = (await session.execute(seen.order_by(ORDER_UNITS.c.unit))).mappings().all()
            assert [dict(unit) for unit in units] == orders.unit_rows(order)
        outbox = (await session.execute(select(OUTBOX))).all()
        assert {(row.id, row.kind, row.target, row.what) for row in outbox} == expected
        searched = await session.execute(text("SELECT count(*) FROM order_search"))
        assert searched.scalar_one() == len(told)
    return expected


async def check_files(desk: Desk, told: dict[str, tuple[Event, ...]], folder: Path) -> None:
    """A file for each row, a row for each step, and nothing else after a sweep."""
    steps = {
        event.command.attachment
        for events in told.values()
        for event in events
        if isinstance(event.command, do.Attach)
    }
    files = Attachments(desk.database, desk.orders, folder)
    async with desk.database.reading() as session:
        rows = (await session.execute(select(ATTACHMENTS))).all()
    assert {row.id for row in rows} == steps
    for row in rows:
        stored = await files.read(AGENT, row.id)
        assert hashlib.sha256(stored.path.read_bytes()).hexdigest() == row.sha256
    await files.sweep(age=-1)
    assert names(folder) == steps


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*/*")}
