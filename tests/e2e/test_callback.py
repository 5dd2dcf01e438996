"""Called back instead of holding: on real phones, in one's turn, and never twice (T9)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio

from ivr.demo.outside import RINGS, Manner, Outside
from ivr.demo.sipp import Citizen
from ivr.prompts import P
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.listening import said
from tests.e2e.watching import Watcher
from tests.sound import find, prompt

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
SEAT_HZ, HOME_HZ = 600, 850
WRAP_UP_SECONDS = 15


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside() -> AsyncIterator[Outside]:
    async with Outside() as people:
        yield people


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(outside: Outside) -> AsyncIterator[Hotline]:
    async with Hotline(
        HOTLINE_TRUNK_OUT=outside.address,
        HOTLINE_NIGHT_HOURS="00:00-00:00",
        HOTLINE_WRAP_UP_SECONDS=str(WRAP_UP_SECONDS),
    ) as running:
        yield running
        reconciled = await running.cli("calls", "reconcile")
        assert " 0 disagreements" in reconciled, reconciled


async def listed(hotline: Hotline, caller: str, **query: str) -> dict[str, Any] | None:
    """The row of one number."""
    rows = (await hotline.get("/api/v1/callbacks", all="true", **query))["items"]
    found = [row for row in rows if row["caller"] == caller]
    assert len(found) <= 1, found
    return found[0] if found else None


async def becomes(
    hotline: Hotline, caller: str, true: Callable[[dict[str, Any]], bool], timeout: float = 15
) -> dict[str, Any]:
    """Wait until the row of a number is as wanted."""

    async def look() -> dict[str, Any] | None:
        row = await listed(hotline, caller)
        return row if row is not None and true(row) else None

    row: dict[str, Any] = await eventually(look, f"row of {caller}", timeout)
    return row


async def calls(hotline: Hotline, line: AsyncExitStack, caller: str) -> Citizen:
    """A citizen calls, and presses the keys of the menu."""
    citizen = await line.enter_async_context(hotline.citizen(caller))
    await to_the_queue(citizen)
    return citizen


async def waits(hotline: Hotline, line: AsyncExitStack, board: Watcher, caller: str) -> Citizen:
    """A citizen calls, and is led to the queue."""
    citizen = await calls(hotline, line, caller)
    await board.until(lambda now: caller in now.waiting(), "one who waits", 30)
    return citizen


async def asks_to_be_called_back(citizen: Citizen) -> None:
    """From the queue: key 1, and the number that is shown is right."""
    await citizen.press("1")
    await said(citizen.voice, P.CALLBACK_NUMBER_BEFORE)
    await citizen.press("1")
    await citizen.wait(20)


async def test_one_keeps_the_place_and_is_called_in_ones_turn(
    hotline: Hotline, outside: Outside
) -> None:
    asking, later = "13800060002", "13800060003"
    outside[asking] = Manner(hz=HOME_HZ, after=0.5)
    async with (
        hotline.seats("8001", speaks=SEAT_HZ) as seats,
        Watcher(hotline) as board,
        AsyncExitStack() as line,
    ):
        first = await calls(hotline, line, "13800060001")
        await seats["8001"].talking(20)
        one = await waits(hotline, line, board, asking)
        other = await waits(hotline, line, board, later)
        assert board.now.waiting() == [asking, later]
        await asks_to_be_called_back(one)
        row = await becomes(hotline, asking, lambda row: row["state"] == "waiting")
        assert (row["kind"], row["attempts"]) == ("requested", 0)
        assert not outside.to(asking)  # the seat is busy: the telephone does not ring

        await first.hang_up()  # the wrap-up begins: it is their turn
        home = await outside.called(asking, timeout=10)
        assert home.shown == "12345"
        await board.until(
            lambda now: now.waiting() == [asking, later], "the place that was kept", 30
        )
        await home.hears(SEAT_HZ, timeout=30)
        assert find(home.voice.heard(), prompt(P.CALLBACK_GREETING)) is not None
        assert board.now.waiting() == [later]  # who came later is not overtaken unfairly, nor first
        assert board.now.of(asking)["seats"] == ["8001"]
        await home.hang_up()
        row = await becomes(hotline, asking, lambda row: row["state"] == "reached")
        assert row["attempts"] == 1
        await seats["8001"].talking(30)
        await other.hang_up()
        await seats["8001"].idle()
    assert len(outside.to(asking)) == 1
    records = {each["outcome"]: each for each in await hotline.calls(caller=asking)}
    assert set(records) == {"callback_asked", "answered"}
    assert records["answered"]["seat"] == "8001"
    assert records["answered"]["recording"]
    await hotline.record(later)
    figures = await hotline.get("/api/v1/figures")
    assert figures["offered"] == 3  # the call back is not a call that came


async def test_a_number_of_ones_own_choice_and_a_change_of_mind(
    hotline: Hotline, outside: Outside
) -> None:
    asking, home = "13800060012", "13800060019"
    async with (
        hotline.seats("8001") as seats,
        Watcher(hotline) as board,
        AsyncExitStack() as line,
    ):
        first = await calls(hotline, line, "13800060011")
        await seats["8001"].talking(20)
        one = await waits(hotline, line, board, asking)
        other = await waits(hotline, line, board, "13800060013")
        await one.press("1")
        await said(one.voice, P.CALLBACK_NUMBER_BEFORE)
        await board.until(lambda now: now.waiting() == ["13800060013"], "one left")
        await one.press("*")
        await board.until(lambda now: now.waiting() == [asking, "13800060013"], "the same place")
        before = one.voice.heard_seconds
        await one.press("1")
        await said(one.voice, P.CALLBACK_NUMBER_BEFORE, since=before)
        await one.press("2")
        await said(one.voice, P.CALLBACK_TYPE)
        before = one.voice.heard_seconds
        await one.press(f"{home}#")
        await said(one.voice, P.CALLBACK_NUMBER_BEFORE, since=before)
        await one.press("1")
        await one.wait(20)
        await becomes(hotline, home, lambda row: row["state"] == "waiting")
        await first.hang_up()
        ringing = await outside.called(home, timeout=10)
        await ringing.voice.hears_sound()
        await other.hang_up()
        await seats["8001"].talking(30)
        await ringing.hang_up()
        await seats["8001"].idle()
        await becomes(hotline, home, lambda row: row["state"] == "reached")


async def test_nobody_is_called_twice_though_the_controller_dies(
    hotline: Hotline, outside: Outside
) -> None:
    """It dies while the citizen's telephone rings; its successor leaves the attempt alone."""
    asking = "13800060022"
    outside[asking] = RINGS
    async with (
        hotline.seats("8001") as seats,
        Watcher(hotline) as board,
        AsyncExitStack() as line,
    ):
        first = await calls(hotline, line, "13800060021")
        await seats["8001"].talking(20)
        one = await waits(hotline, line, board, asking)
        await asks_to_be_called_back(one)
        await first.hang_up()
        home = await outside.called(asking, timeout=10)
    hotline.kill("controller")
    await hotline.healthy()
    row = await listed(hotline, asking)
    assert row is not None
    assert row["state"] == "calling"
    async with hotline.seats("8001") as seats:
        await asyncio.sleep(0)
        home.take()
        await seats["8001"].talking(30)
        await home.hang_up()
        await seats["8001"].idle()
    row = await becomes(hotline, asking, lambda row: row["state"] == "reached")
    assert row["attempts"] == len(outside.to(asking)) == 1


async def test_who_hung_up_is_on_the_list_and_one_click_calls(
    hotline: Hotline, outside: Outside
) -> None:
    gone = "13800060032"
    outside[gone] = Manner(hz=HOME_HZ)
    client = await hotline.http()
    async with (
        hotline.seats("8001", speaks=SEAT_HZ) as seats,
        Watcher(hotline) as board,
        AsyncExitStack() as line,
    ):
        first = await calls(hotline, line, "13800060031")
        await seats["8001"].talking(20)
        one = await waits(hotline, line, board, gone)
        joined = one.voice.heard_seconds
        await eventually(lambda: _heard(one, joined + 11), "eleven seconds", 20)
        await one.hang_up()
        row = await becomes(hotline, gone, lambda row: row["state"] == "waiting")
        assert (row["kind"], row["waited_seconds"] >= 10) == ("abandoned", True)
        await first.hang_up()
        await board.seat("8001", "idle", 20)
        assert not outside.to(gone)  # the pack leaves these to a click

        async with client.post("/api/v1/seats/8001/login") as answer:
            assert answer.ok, await answer.text()
        path = f"/api/v1/callbacks/{row['id']}/call"
        async with client.post(path) as answer, client.post(path) as again:
            assert (answer.status, again.status) == (200, 409)
        home = await outside.called(gone, timeout=10)
        await seats["8001"].talking(30)
        await home.hears(SEAT_HZ, timeout=15)
        shown = await board.until(lambda now: bool(now.of(gone)), "the call")
        assert shown.of(gone)["seats"] == ["8001"]
        await home.hang_up()
        await becomes(hotline, gone, lambda row: row["state"] == "reached")
        async with client.post("/api/v1/seats/8001/logout") as answer:
            assert answer.ok, await answer.text()
    records = {each["outcome"] for each in await hotline.calls(caller=gone)}
    assert records == {"abandoned_in_queue", "answered"}
    assert len(outside.to(gone)) == 1


async def _heard(citizen: Citizen, seconds: float) -> bool:
    return citizen.voice.heard_seconds >= seconds
