"""Who can what decides who is rung: first those who have the skill, then everybody (T1, T2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from ivr.demo.phones import SeatPhone
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.watching import Watcher

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
KOREAN = "2"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline(HOTLINE_NIGHT_HOURS="00:00-00:00") as running:
        yield running
        reconciled = await running.cli("calls", "reconcile")
        assert " 0 disagreements" in reconciled, reconciled


async def test_a_korean_caller_reaches_who_speaks_korean_and_else_anybody(
    hotline: Hotline,
) -> None:
    await hotline.cli("skills", "seat", "8002", "ko=5")
    await hotline.cli("skills", "seat", "8003", "ko=2")
    async with (
        hotline.seats("8001", "8002", "8003", "8004") as seats,
        Watcher(hotline) as board,
        AsyncExitStack() as line,
    ):
        callers = [f"1380007000{number}" for number in range(1, 6)]
        for caller, seat in zip(callers[:2], ("8002", "8003"), strict=True):
            citizen = await line.enter_async_context(hotline.citizen(caller))
            await to_the_queue(citizen, KOREAN)
            await seats[seat].talking(20)  # by level, though 8001 and 8004 never had a call

        waiting = await line.enter_async_context(hotline.citizen(callers[2]))
        await to_the_queue(waiting, KOREAN)
        shown = await board.until(lambda now: callers[2] in now.waiting(), "one who waits", 30)
        assert shown.of(callers[2])["queue"] == "korean"
        assert {shown.seats[seat]["state"] for seat in ("8001", "8004")} == {"idle"}
        other = await line.enter_async_context(hotline.citizen(callers[3]))
        await to_the_queue(other)  # who needs no Korean is not kept waiting by one who does
        await board.until(lambda now: callers[3] in now.talking(), "an answer", 15)
        assert callers[2] in board.now.waiting()
        await board.until(lambda now: callers[2] in now.talking(), "anybody", 40)
        assert set(board.now.of(callers[2])["seats"]) <= {"8001", "8004"}
    queues = {c: (await hotline.record(c))["queue"] for c in callers[:4]}
    assert list(queues.values()) == ["korean", "korean", "korean", "reception"]


async def test_skills_go_with_the_person_and_outlive_the_controller(hotline: Hotline) -> None:
    """The administrator, who knows labour law, sits down at 8001; a line of its own rings there."""
    await hotline.cli("skills", "seat", "8002")
    await hotline.cli("skills", "seat", "8003")
    await hotline.cli("skills", "person", "admin", "labour=4")
    client = await hotline.http()
    async with hotline.seats("8001", "8004", "8005") as seats:
        async with client.post("/api/v1/seats/8004/login") as answer:
            assert answer.ok, await answer.text()
        await eventually(lambda: is_member(hotline, "labour", "8004"), "the queue")
        await rings(hotline, seats["8004"], "13800070011")
        hotline.kill("controller")
        await hotline.healthy()
        await rings(hotline, seats["8004"], "13800070012")
        async with client.post("/api/v1/seats/8004/logout") as answer:
            assert answer.ok, await answer.text()
        await eventually(lambda: is_member(hotline, "labour", "8004", False), "no queue")
        async with (
            Watcher(hotline) as board,
            hotline.citizen("13800070013", dialled="12333") as citizen,
        ):
            await to_the_queue(citizen)
            await board.until(lambda now: bool(now.talking()), "an answer", 20)
            await citizen.hang_up()
    record = await hotline.record("13800070013")
    assert record["queue"] == "reception"  # nobody has the skill now: nobody waits for them


async def rings(hotline: Hotline, seat: SeatPhone, caller: str) -> None:
    """A citizen who dials the labour office's old number comes to this seat."""
    async with hotline.citizen(caller, dialled="12333") as citizen:
        await to_the_queue(citizen)
        await seat.talking(30)
        await citizen.hang_up()
        await seat.idle()
    assert (await hotline.record(caller))["queue"] == "labour"


async def is_member(hotline: Hotline, queue: str, seat: str, wanted: bool = True) -> bool:
    """Whether Asterisk has a seat among the members of a queue, or has not."""
    lines = (hotline.home / "asterisk" / "log" / "queue_log").read_text().splitlines()
    told = [line for line in lines if f"|{queue}|{seat}|" in line and line.endswith("MEMBER|")]
    return bool(told and told[-1].endswith("ADDMEMBER|")) is wanted
