"""``hotline transcripts`` on a database whose hotline does not run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from tests.integration.samples import ARRIVED, record
from ticketing.domain.transcripts import Hidden, Progress, Source, Utterance
from ticketing.store import audit, calls, recordings, transcripts
from ticketing.store.database import Database
from ticketing.store.transcripts import Pass

NOW = ARRIVED + timedelta(hours=1)
SAID = (
    Utterance("agent", 0.0, 1.0, "您好", "您好"),
    Utterance(
        "citizen", 61.5, 64.0, "打13800138000", "打〔电话号码〕", hidden=(Hidden("phone", 1, 12),)
    ),
)
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def run(database: Database, database_url: str, tmp_path: Path) -> Run:
    """Two calls: one is text, one was laid aside; gives the command to run."""
    async with database.session() as session:
        await calls.save(session, [record(1), record(2)])
        await recordings.register(session, NOW)
        for number, state in ((1, Progress.DONE), (2, Progress.FAILED)):
            key = (record(number).id, Source.CALL)
            await recordings.claim(session, key, "a", NOW, NOW)
            await recordings.settle(session, key, "a", state, "坏了" if number == 2 else "", None)
        await transcripts.save(session, record(1).id, Source.CALL, [Pass("v", 0, "zh", SAID)], NOW)

    async def command(*args: str) -> Result:
        env = {"HOTLINE_HOME": str(tmp_path), "HOTLINE_DATABASE_URL": database_url}
        told = await asyncio.to_thread(CliRunner().invoke, main, ["transcripts", *args], env=env)
        assert told.exit_code == 0, told.output
        return told

    return command


async def test_a_dialogue_is_shown_without_numbers_unless_asked(
    run: Run, database: Database
) -> None:
    told = (await run("show", record(1).id)).stdout
    assert told.splitlines() == [
        f"{record(1).id}/call  done",
        "  00:00.0  话务员：您好",
        "  01:01.5  市民：打〔电话号码〕",
    ]
    assert "打13800138000" in (await run("show", "--numbers", record(1).id)).stdout
    async with database.reading() as session:
        read = [each.actor for each in await audit.latest(session)]
    assert read == ["operator", "operator"]


async def test_words_are_found(run: Run) -> None:
    told = (await run("find", "电话号码")).stdout
    assert told == f"{record(1).id}  01:01.5  市民：打〔电话号码〕\n"
    assert (await run("find", "13800138000")).stdout == "No call was found.\n"


async def test_what_failed_is_listed_and_retried(run: Run) -> None:
    told = (await run("failed")).stdout
    assert f"failed    {record(2).id}/call  坏了" in told
    listed = json.loads((await run("failed", "--json")).stdout)
    assert [each["call_id"] for each in listed["items"]] == [record(2).id]
    assert (await run("retry")).stdout.startswith("1 recordings")
    assert (await run("failed")).stdout.startswith("waiting 1, working 0")
    assert (await run("status")).stdout.splitlines()[0].split() == ["waiting", "1"]
    assert (await run("retry", record(1).id)).stdout.startswith("1 recordings")
