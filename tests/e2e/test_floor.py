"""Supervisors on the floor: move a waiting call, take one over, on real phones (T1)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from ivr.demo.sipp import Citizen
from ivr.demo.sound import RATE, tone_seconds
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.watching import Watcher
from ticketing.store import audit
from ticketing.store.database import Database

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
AGENT_HZ, SUPERVISOR_HZ = 620, 1000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline(HOTLINE_NIGHT_HOURS="00:00-00:00") as running:
        yield running


async def post(hotline: Hotline, path: str, **body: Any) -> tuple[int, Any]:
    """POST as ``admin``; status and answer."""
    client = await hotline.http()
    async with client.post(f"/api/v1/{path}", json=body) as answer:
        return answer.status, await answer.json()


async def waits(hotline: Hotline, line: AsyncExitStack, board: Watcher, caller: str) -> Citizen:
    """A citizen calls, and is led to the queue."""
    citizen = await line.enter_async_context(hotline.citizen(caller))
    await to_the_queue(citizen)
    await board.until(lambda now: caller in now.waiting(), "one who waits", 30)
    return citizen


async def test_a_waiting_call_is_moved_and_no_place_is_lost(hotline: Hotline) -> None:
    await hotline.cli("skills", "seat", "8002", "labour=5")
    callers = [f"1380008000{number}" for number in range(1, 5)]
    async with (
        hotline.seats("8001", "8002", "8003", speaks=AGENT_HZ) as seats,
        Watcher(hotline) as board,
        AsyncExitStack() as line,
    ):
        for number in range(len(list(seats))):
            citizen = await line.enter_async_context(hotline.citizen(f"1380008001{number}"))
            await to_the_queue(citizen)
            await board.until(lambda now, n=number: len(now.talking()) == n + 1, "a talk", 30)
        first, second, third = [await waits(hotline, line, board, c) for c in callers[:3]]
        ids = {caller: board.now.of(caller)["id"] for caller in callers[:3]}

        path = f"queues/reception/waiting/{ids[callers[2]]}/move"
        status, moved = await post(hotline, path)
        assert (status, moved["position"]) == (200, 1)
        order = [callers[2], callers[0], callers[1]]
        await board.until(lambda now: now.waiting() == order, "the new order")

        path = f"queues/reception/waiting/{ids[callers[1]]}/move"
        status, moved = await post(hotline, path, queue="labour")
        assert (status, moved["queue"], moved["position"]) == (200, "labour", 1)
        shown = await board.until(lambda now: now.of(callers[1])["queue"] == "labour", "labour")
        assert shown.queues["reception"]["waiting"][0]["call"] == ids[callers[2]]
        back = f"queues/labour/waiting/{ids[callers[1]]}/move"
        status, moved = await post(hotline, back, queue="reception")
        assert (status, moved["position"]) == (200, 3)  # its time's

        assert (await post(hotline, back))[1]["error"] == "call_not_waiting"
        assert (await post(hotline, "queues/none/waiting/x/move"))[1]["error"] == "queue_not_found"
        status, answer = await post(hotline, path, seat="8001")
        assert (status, answer["error"]) == (409, "seat_busy")

        async with hotline.seats("8009", speaks=SUPERVISOR_HZ) as spare:
            await hotline.cli("seats", "set", "8009", "--roster", "night")
            await board.seat("8009", "idle")
            status, moved = await post(hotline, path, seat="8009")
            assert (status, moved["seat"]) == (200, "8009")
            await spare["8009"].talking(20)
            await second.hears(SUPERVISOR_HZ, timeout=15)
            await second.hang_up()
        for citizen in (first, third):
            await citizen.hang_up()
    record = await hotline.record(callers[1])
    assert (record["seat"], record["queue"], record["outcome"]) == ("8009", "reception", "answered")
    assert "queue.move" in await deeds(hotline)


async def test_a_supervisor_takes_a_call_over(hotline: Hotline) -> None:
    caller = "13800080021"
    async with (
        hotline.seats("8001", speaks=AGENT_HZ) as agents,
        Watcher(hotline) as board,
        hotline.citizen(caller) as citizen,
    ):
        await to_the_queue(citizen)
        await agents["8001"].talking(20)
        await citizen.hears(AGENT_HZ, timeout=15)
        async with hotline.seats("8010", speaks=SUPERVISOR_HZ) as supervisors:
            await board.seat("8010", "idle")
            status, done = await post(
                hotline, "supervision/take-over", seat="8001", **{"with": "8010"}
            )
            assert (status, done["seats"]) == (200, ["8010"]), done
            await agents["8001"].idle()
            since = citizen.voice.heard_seconds + 0.5
            await eventually(lambda: heard(citizen, since, 2.0), "two seconds of sound")
            sound = citizen.voice.heard(since)
            assert tone_seconds(sound, RATE, SUPERVISOR_HZ) > 1.0
            assert tone_seconds(sound, RATE, AGENT_HZ) < 0.3
            await board.until(lambda now: now.of(caller)["seats"] == ["8010"], "who it is with")
            await citizen.hang_up()
            await supervisors["8010"].idle()
    record = await hotline.record(caller)
    assert record["seat"] == "8001"  # I4: the first receiver stays
    assert "supervision.take_over" in await deeds(hotline)


async def deeds(hotline: Hotline) -> set[str]:
    """What is in the audit log."""
    database = Database(f"sqlite+aiosqlite:///{hotline.home / 'hotline.sqlite3'}")
    try:
        async with database.reading() as session:
            return {entry.action for entry in await audit.latest(session)}
    finally:
        await database.close()


async def heard(citizen: Citizen, since: float, seconds: float) -> bool:
    """Whether so much was heard from a moment on."""
    return citizen.voice.heard_seconds >= since + seconds
