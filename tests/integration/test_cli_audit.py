"""``hotline audit verify`` on a database whose hotline does not run."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from ivr.cli import main
from tests.integration.order_desk import Desk
from ticketing.store import history
from ticketing.store.database import Database
from ticketing.store.order_tables import ORDER_EVENTS


@pytest.fixture
async def verify(database_url: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run the command; gives what it told."""

    async def run(*options: str) -> Result:
        env = {"HOTLINE_HOME": str(tmp_path), "HOTLINE_DATABASE_URL": database_url}
        args = ["audit", "verify", *options]
        return await asyncio.to_thread(CliRunner().invoke, main, args, env=env)

    return run


async def test_a_history_that_holds(database: Database, verify) -> None:  # type: ignore[no-untyped-def]
    desk = await Desk(database).open()
    for _ in range(3):
        await desk.receive()
    async with database.reading() as session:
        last, head = await history.head(session)
    told = await verify()
    assert told.exit_code == 0, told.output
    assert told.stdout == f"{last} steps, all as they were written. Last hash: {head}\n"
    assert "Checking the history" in told.stderr
    told = await verify("--json")
    assert json.loads(told.stdout) == {"ok": True, "steps": 3, "head": head, "broken": None}


async def test_a_changed_row_is_named(database: Database, verify) -> None:  # type: ignore[no-untyped-def]
    desk = await Desk(database).open()
    numbers = [(await desk.receive()).number for _ in range(3)]
    async with database.session() as session:
        await session.execute(update(ORDER_EVENTS).where(ORDER_EVENTS.c.id == 2).values(who="别人"))
    told = await verify()
    assert told.exit_code == 1
    where = f"Row 2 (order {numbers[1]})"
    assert told.stdout == f"{where}: the row was changed. The 1 rows before it hold.\n"
    told = await verify("--json")
    assert told.exit_code == 1
    answer = json.loads(told.stdout)
    assert answer["ok"] is False
    assert answer["broken"] == {"id": 2, "number": numbers[1], "why": "the row was changed"}


async def test_the_last_hash_tells_a_chain_written_anew(
    database: Database,
    verify,  # type: ignore[no-untyped-def]
) -> None:
    desk = await Desk(database).open()
    order = await desk.receive()
    before = json.loads((await verify("--json")).stdout)
    async with database.session() as session:
        (event,) = await history.read(session, order.number)
        forged = history.rows_of([event], 0, "0" * 64)[0]
        forged["who"] = "别人"
        forged["hash"] = history._hash("0" * 64, forged)
        await session.execute(update(ORDER_EVENTS).values(who="别人", hash=forged["hash"]))
        await session.execute(update(history.CHAIN_HEAD).values(hash=forged["hash"]))
    after = json.loads((await verify("--json")).stdout)
    assert after["ok"] is True
    assert after["head"] != before["head"]
