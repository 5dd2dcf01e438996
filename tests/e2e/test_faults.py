"""Each part is killed while calls go on: nothing is lost, and it recovers without a hand."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import pytest
import pytest_asyncio

from ivr.demo.phones import SeatPhone
from ivr.demo.sipp import Citizen
from ivr.demo.sound import RATE, has_tone, read_sound
from ivr.prompts import Language, P
from tests.e2e.hotline import Hotline, eventually
from tests.e2e.listening import said
from tests.e2e.watching import Watcher
from tests.sound import hears_in_order, prompt

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
SEAT_HZ = 600


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seat(hotline: Hotline) -> AsyncIterator[SeatPhone]:
    async with hotline.seats("8001", speaks=SEAT_HZ) as seats:
        yield seats["8001"]


async def talk(citizen: Citizen, seat: SeatPhone) -> None:
    """From the first key to the conversation."""
    await citizen.answered()
    await citizen.voice.hears_sound()
    await citizen.press("1")
    await citizen.press("1")
    await seat.talking(timeout=30)
    await citizen.hears(SEAT_HZ, seconds=0.5, timeout=15)


async def goes_on(citizen: Citizen) -> None:
    """The seat's voice is heard from now on as well."""
    since = citizen.voice.heard_seconds

    async def voice() -> bool:
        return has_tone(citizen.voice.heard(since), RATE, SEAT_HZ, seconds=1.0)

    await eventually(voice, "voice after the fault", 10)


async def recovered(hotline: Hotline, part: str, old: int, began: float) -> None:
    """Another process has taken the place of ``old`` and everything answers."""

    async def replaced() -> bool:
        return hotline.pids().get(part, old) != old

    await eventually(replaced, f"another {part}", 30)
    await hotline.healthy()
    print(f"\n{part} killed: all well again after {time.monotonic() - began:.1f} s")


async def test_the_controller_is_killed_in_mid_call(hotline: Hotline, seat: SeatPhone) -> None:
    async with hotline.citizen("13800010001") as citizen:
        await talk(citizen, seat)
        began, old = time.monotonic(), hotline.kill("controller")
        await goes_on(citizen)
        await recovered(hotline, "controller", old, began)
        await seat.hangup()
        await citizen.press("1")
        await citizen.wait(30)
    record = await hotline.record("13800010001")
    assert (record["outcome"], record["seat"]) == ("answered", "8001")
    assert (record["rating"], record["hangup_by"]) == ("satisfied", "agent")
    assert record["recording"] is not None


async def test_a_call_that_ends_while_the_controller_is_away_is_recorded(
    hotline: Hotline, seat: SeatPhone
) -> None:
    supervisor = hotline.pids()["supervisor"]
    async with hotline.citizen("13800010002") as citizen:
        await talk(citizen, seat)
        os.kill(supervisor, signal.SIGSTOP)
        try:
            hotline.kill("controller")
            await citizen.hang_up()
            await seat.idle()
        finally:
            os.kill(supervisor, signal.SIGCONT)
    await hotline.healthy()
    record = await hotline.record("13800010002")
    assert (record["outcome"], record["hangup_by"]) == ("answered", "caller")


@contextmanager
def no_controller(hotline: Hotline) -> Iterator[None]:
    """The controller is dead inside the block, and nobody starts another."""
    supervisor = hotline.pids()["supervisor"]
    os.kill(supervisor, signal.SIGSTOP)
    try:
        hotline.kill("controller")
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


async def test_without_a_controller_a_caller_is_greeted_and_reaches_a_seat(
    hotline: Hotline, seat: SeatPhone
) -> None:
    with no_controller(hotline):
        async with hotline.citizen("13800010003") as citizen:
            await seat.talking(timeout=40)
            await citizen.hears(SEAT_HZ, timeout=15)
            await seat.hangup()
            await said(citizen.voice, P.RATE)
            await citizen.press("2")
            await citizen.wait(30)
            heard = citizen.voice.heard()
    hears_in_order(heard, prompt(P.GREETING), prompt(P.RECORDED_NOTICE), prompt(P.TRANSFERRING))
    await hotline.healthy()
    record = await hotline.record("13800010003")
    assert (record["outcome"], record["rating"]) == ("answered", "fair")


async def test_without_a_controller_the_language_is_still_chosen(
    hotline: Hotline, seat: SeatPhone
) -> None:
    with no_controller(hotline):
        async with hotline.citizen("13800010013") as citizen:
            await citizen.answered()
            await citizen.voice.hears_sound()
            await citizen.press("2")
            await said(citizen.voice, prompt(P.RECORDED_NOTICE, Language.KO))
            await seat.talking(timeout=40)
            await citizen.hang_up()
    await hotline.healthy()
    record = await hotline.record("13800010013")
    assert (record["language"], record["menu"], record["outcome"]) == ("ko", "2", "answered")


async def test_a_controller_killed_in_the_menu_costs_the_caller_nothing(
    hotline: Hotline, seat: SeatPhone
) -> None:
    async with hotline.citizen("13800010004") as citizen:
        await citizen.answered()
        await said(citizen.voice, P.LANGUAGE_MENU)
        began, old = time.monotonic(), hotline.kill("controller")
        await seat.talking(timeout=40)
        await citizen.hang_up()
        await recovered(hotline, "controller", old, began)
    assert (await hotline.record("13800010004"))["outcome"] == "answered"


async def test_a_controller_that_hangs_is_replaced(hotline: Hotline, seat: SeatPhone) -> None:
    async with hotline.citizen("13800010005") as citizen:
        await citizen.answered()
        await citizen.voice.hears_sound()
        began, old = time.monotonic(), hotline.pids()["controller"]
        os.kill(old, signal.SIGSTOP)
        await seat.talking(timeout=60)
        await citizen.hang_up()
        await recovered(hotline, "controller", old, began)
    assert (await hotline.record("13800010005"))["outcome"] == "answered"


async def test_asterisk_is_killed_in_mid_call(hotline: Hotline, seat: SeatPhone) -> None:
    async with hotline.citizen("13800010006") as citizen, Watcher(hotline) as board:
        await talk(citizen, seat)
        began, old = time.monotonic(), hotline.kill("asterisk")
        await board.until(lambda now: not now.connected, "word that nothing is heard any more")
        await recovered(hotline, "asterisk", old, began)
        await board.until(lambda now: now.connected and not now.calls, "picture as it is now")
    record = await hotline.record("13800010006", timeout=20)
    assert (record["outcome"], record["hangup_by"]) == ("answered", "system")
    assert record["recording"] is not None
    await seat.hangup()
    await seat.idle()

    async def registered() -> bool:
        return await hotline.seat_state("8001") == "idle"

    await eventually(registered, "the seat's phone", 90)
    async with hotline.citizen("13800010007") as citizen:
        await talk(citizen, seat)
        await citizen.hang_up()
    assert (await hotline.record("13800010007"))["outcome"] == "answered"


async def test_asterisk_is_killed_while_a_message_is_left(hotline: Hotline) -> None:
    async with hotline.citizen("13800010012") as citizen:
        await citizen.answered()
        await citizen.voice.hears_sound()
        await citizen.press("1")
        await citizen.press("3")
        await citizen.hears(1000, seconds=0.2, timeout=30)
        await citizen.say(440, 5.0)
        began, old = time.monotonic(), hotline.kill("asterisk")
        await recovered(hotline, "asterisk", old, began)
    record = await hotline.record("13800010012", timeout=20)
    assert (record["outcome"], record["hangup_by"]) == ("message_left", "system")
    samples, rate = read_sound(hotline.home / "recordings" / record["message"])
    assert has_tone(samples, rate, 440, seconds=2.0)


async def test_redis_is_killed_in_mid_call(hotline: Hotline, seat: SeatPhone) -> None:
    async with hotline.citizen("13800010008") as citizen:
        await talk(citizen, seat)
        began, old = time.monotonic(), hotline.kill("redis")
        await goes_on(citizen)
        await recovered(hotline, "redis", old, began)
        await citizen.hang_up()
    assert (await hotline.record("13800010008"))["outcome"] == "answered"


async def test_the_database_is_locked_for_ten_seconds(hotline: Hotline, seat: SeatPhone) -> None:
    async with hotline.citizen("13800010009") as citizen:
        await talk(citizen, seat)
        with sqlite3.connect(hotline.home / "hotline.sqlite3", isolation_level=None) as database:
            database.execute("BEGIN EXCLUSIVE")
            locked = time.monotonic()
            await citizen.hang_up()
            async with hotline.citizen("13800010010") as other:  # calls are answered all the same
                await talk(other, seat)
                await other.hang_up()
            await asyncio.sleep(max(0.0, locked + 10 - time.monotonic()))  # the fault's length
            database.execute("ROLLBACK")
        database.close()
        released = time.monotonic()
    for caller in ("13800010009", "13800010010"):
        assert (await hotline.record(caller, timeout=20))["outcome"] == "answered"
    print(f"\ndatabase locked 10 s: records there {time.monotonic() - released:.1f} s after")
    await hotline.healthy()


async def test_the_supervisor_is_killed_in_mid_call(hotline: Hotline, seat: SeatPhone) -> None:
    async with hotline.citizen("13800010011") as citizen:
        await talk(citizen, seat)
        asterisk = hotline.pids()["asterisk"]
        began = time.monotonic()
        hotline.kill("supervisor")
        await goes_on(citizen)
        await hotline.start()
        print(f"\nsupervisor killed: started again after {time.monotonic() - began:.1f} s")
        assert hotline.pids()["asterisk"] == asterisk, "the running Asterisk is taken over"
        await goes_on(citizen)
        await seat.hangup()
        await citizen.press("3")
        await citizen.wait(30)
    record = await hotline.record("13800010011")
    assert (record["outcome"], record["rating"]) == ("answered", "dissatisfied")


async def test_everything_is_still_in_order_and_stops_in_time(hotline: Hotline) -> None:
    assert " 0 disagreements" in await hotline.cli("calls", "reconcile")
    records = await hotline.calls()
    assert len({record["id"] for record in records}) == len(records) == 13
    seconds = await hotline.stop()
    assert seconds < 5
    assert hotline.pids() == {}
    with pytest.raises(aiohttp.ClientError):
        await hotline.get("/healthz")
