"""A citizen dials 12345 and is answered: the whole path (T1, I4)."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import AsyncIterator
from datetime import datetime

import numpy as np
import pytest
import pytest_asyncio

from ivr.demo.sipp import Citizen
from ivr.demo.sound import has_tone, read_sound
from ivr.numerals import digits
from ivr.prompts import Language, P
from tests.e2e.hotline import Hotline
from tests.e2e.listening import said
from tests.sound import find, hears_in_order, prompt

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
CITIZEN_HZ, SEAT_HZ = 440, 600


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline() as running:
        yield running
        reconciled = await running.cli("calls", "reconcile")
        assert " 0 disagreements" in reconciled, reconciled


async def to_the_menu(citizen: Citizen, language: str = "1") -> None:
    """Choose the language; the key interrupts the greeting."""
    await citizen.answered()
    await citizen.voice.hears_sound()
    await citizen.press(language)


async def talks_with(citizen: Citizen, hz: int, after: float = 0.0) -> None:
    """Wait for two seconds of a seat's voice, once its number was announced."""
    await said(citizen.voice, P.AGENT_AFTER, since=after)
    await citizen.hears(hz, seconds=2.0)


async def test_on_a_busy_machine_asterisk_is_not_interrupted(hotline: Hotline) -> None:
    pids = hotline.pids()
    assert os.sched_getscheduler(pids["controller"]) == os.SCHED_BATCH
    assert os.sched_getscheduler(pids["asterisk"]) == os.SCHED_OTHER


async def test_the_whole_path(hotline: Hotline) -> None:
    async with hotline.seats("8001", speaks=SEAT_HZ) as seats:
        async with hotline.citizen("13800000001") as citizen:
            await to_the_menu(citizen)
            await citizen.press("1")
            await seats["8001"].talking(timeout=20)
            await talks_with(citizen, SEAT_HZ)
            await citizen.say(CITIZEN_HZ, 2.0)
            await seats["8001"].hangup()
            await citizen.press("1")
            result = await citizen.wait(30)
            heard = citizen.voice.heard()
    assert result.ended_by == "hotline"
    hears_in_order(
        heard,
        prompt(P.TRANSFERRING),
        *[prompt(piece) for piece in digits("8001")],
        prompt(P.AGENT_AFTER),
        prompt(P.RATE_THANKS),
        prompt(P.GOODBYE),
    )
    record = await hotline.record("13800000001")
    assert record["outcome"] == "answered"
    assert record["seat"] == "8001"
    assert record["rating"] == "satisfied"
    assert record["hangup_by"] == "agent"
    assert record["language"] == "zh"
    assert record["menu"] == "1>1"
    assert record["line"] == "12345"
    assert record["forwarded_from"] is None
    moments = ("arrived_at", "queued_at", "answered_at", "ended_at")
    times = [datetime.fromisoformat(record[key]) for key in moments]
    assert times == sorted(times)
    await check_recording(hotline, record["id"], record["recording"])


async def check_recording(hotline: Hotline, call: str, folder: str) -> None:
    """Each leg holds its own speaker only; the API serves both as stereo, in ranges too."""
    for leg, own, other in (
        ("citizen", CITIZEN_HZ, SEAT_HZ),
        ("agent", SEAT_HZ, CITIZEN_HZ),
    ):
        samples, rate = read_sound(hotline.home / "recordings" / folder / f"{leg}.sln16")
        assert has_tone(samples, rate, own), f"{leg}'s leg has not its own voice"
        assert not has_tone(samples, rate, other), f"{leg}'s leg has the other's voice"
    client = await hotline.http()
    path = f"/api/v1/calls/{call}/recording"
    async with client.get(path) as answer:
        assert answer.status == 200
        assert answer.content_type in {"audio/wav", "audio/x-wav"}
        sound = await answer.read()
    async with client.get(path, headers={"Range": "bytes=0-43"}) as answer:
        assert answer.status == 206
        assert await answer.read() == sound[:44]
    with wave.open(io.BytesIO(sound)) as wav:
        assert wav.getnchannels() == 2
        rate = wav.getframerate()
        both = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2").reshape(-1, 2)
    assert has_tone(both[:, 0].tolist(), rate, CITIZEN_HZ)
    assert has_tone(both[:, 1].tolist(), rate, SEAT_HZ)
    assert not has_tone(both[:, 0].tolist(), rate, SEAT_HZ)


async def test_abandoned_in_the_menu_during_a_prompt(hotline: Hotline) -> None:
    async with hotline.citizen("13800000002") as citizen:
        await citizen.answered()
        await citizen.voice.hears_sound()
        await citizen.hang_up()
    record = await hotline.record("13800000002")
    assert (record["outcome"], record["hangup_by"]) == ("abandoned_in_menu", "caller")
    assert record["queue"] is None
    assert record["recording"] is None


async def test_abandoned_in_the_queue(hotline: Hotline) -> None:
    async with hotline.seats("8002", answer="manual") as seats:
        async with hotline.citizen("13800000003") as citizen:
            await to_the_menu(citizen)
            await citizen.press("0")
            await seats["8002"].ringing(timeout=20)
            await citizen.hang_up()
        await seats["8002"].idle()
    record = await hotline.record("13800000003")
    assert (record["outcome"], record["hangup_by"]) == ("abandoned_in_queue", "caller")
    assert record["seat"] is None
    assert record["menu"] == "1>0"


async def test_wrong_keys_lead_to_a_seat(hotline: Hotline) -> None:
    async with hotline.seats("8001", speaks=SEAT_HZ) as seats:
        async with hotline.citizen("13800000004") as citizen:
            await to_the_menu(citizen)
            for _ in range(3):
                await citizen.press("9")
            await seats["8001"].talking(timeout=30)
            await citizen.hears(SEAT_HZ, timeout=15)
            await citizen.hang_up()
            heard = citizen.voice.heard()
    assert find(heard, prompt(P.TO_AGENT)) is not None
    record = await hotline.record("13800000004")
    assert (record["outcome"], record["hangup_by"]) == ("answered", "caller")
    assert record["rating"] is None


async def test_silence_is_asked_again_and_led_to_a_seat(hotline: Hotline) -> None:
    async with hotline.seats("8001") as seats, hotline.citizen("13800000005") as citizen:
        await seats["8001"].talking(timeout=180)  # all that is said, three times
        await citizen.hang_up()
        heard = citizen.voice.heard()
    hears_in_order(
        heard,
        prompt(P.GREETING),
        prompt(P.LANGUAGE_MENU, Language.ZH),
        prompt(P.LANGUAGE_MENU, Language.KO),
        prompt(P.RECORDED_NOTICE),
        prompt(P.MAIN_MENU),
        prompt(P.NO_KEY),
        prompt(P.MAIN_MENU),
        prompt(P.NO_KEY),
        prompt(P.MAIN_MENU),
        prompt(P.TO_AGENT),
    )
    record = await hotline.record("13800000005")
    assert (record["outcome"], record["menu"]) == ("answered", "")


async def test_korean(hotline: Hotline) -> None:
    async with hotline.seats("8001", speaks=SEAT_HZ) as seats:
        async with hotline.citizen("13800000006") as citizen:
            await to_the_menu(citizen, language="2")
            await citizen.press("1")
            await seats["8001"].talking(timeout=20)
            await citizen.hears(SEAT_HZ, timeout=15)
            await seats["8001"].hangup()
            await citizen.press("3")
            await citizen.wait(30)
            heard = citizen.voice.heard()
    hears_in_order(
        heard, *(prompt(p, Language.KO) for p in (P.TRANSFERRING, P.AGENT_AFTER, P.GOODBYE))
    )
    record = await hotline.record("13800000006")
    assert (record["language"], record["menu"]) == ("ko", "2>1")
    assert record["rating"] == "dissatisfied"


async def test_nobody_logged_in_a_message_is_left(hotline: Hotline) -> None:
    async with hotline.citizen("13800000007") as citizen:
        await to_the_menu(citizen)
        await citizen.press("1")
        await citizen.press("3")
        await citizen.hears(1000, seconds=0.2, timeout=30)
        await citizen.say(CITIZEN_HZ, 3.0)
        await citizen.press("#")
        result = await citizen.wait(30)
        heard = citizen.voice.heard()
    assert result.ended_by == "hotline"
    hears_in_order(heard, prompt(P.MESSAGE_INTRO), prompt(P.MESSAGE_SAVED), prompt(P.GOODBYE))
    record = await hotline.record("13800000007")
    assert record["outcome"] == "message_left"
    samples, rate = read_sound(hotline.home / "recordings" / record["message"])
    assert has_tone(samples, rate, CITIZEN_HZ)


async def test_a_message_whose_caller_just_hangs_up_is_kept(hotline: Hotline) -> None:
    async with hotline.citizen("13800000008") as citizen:
        await to_the_menu(citizen)
        await citizen.press("3")
        await citizen.hears(1000, seconds=0.2, timeout=30)
        await citizen.say(CITIZEN_HZ, 3.0)
        await citizen.hang_up()
    record = await hotline.record("13800000008")
    assert (record["outcome"], record["hangup_by"]) == ("message_left", "caller")


async def test_who_waits_is_answered_when_a_seat_logs_in(hotline: Hotline) -> None:
    async with hotline.citizen("13800000009") as citizen:
        await to_the_menu(citizen)
        await citizen.press("1")

        async with hotline.seats("8003", speaks=SEAT_HZ) as seats:
            await seats["8003"].talking(timeout=40)
            await citizen.hears(SEAT_HZ, timeout=15)
            await citizen.hang_up()
            heard = citizen.voice.heard()
    assert find(heard, prompt(P.NO_AGENTS)) is not None
    record = await hotline.record("13800000009")
    assert (record["outcome"], record["seat"]) == ("answered", "8003")


async def test_the_recording_goes_on_after_a_transfer(hotline: Hotline) -> None:
    async with (
        hotline.seats("8001", speaks=SEAT_HZ) as first,
        hotline.citizen("13800000011") as citizen,
    ):
        await to_the_menu(citizen)
        await citizen.press("1")
        await first["8001"].talking(timeout=20)
        await talks_with(citizen, SEAT_HZ)
        async with hotline.seats("8002", speaks=900) as second:
            transferred = citizen.voice.heard_seconds
            await first["8001"].transfer("12345")
            await first["8001"].idle()
            await said(citizen.voice, P.GREETING, since=transferred)
            await citizen.press("1")
            await citizen.press("1")
            await second["8002"].talking(timeout=40)
            await talks_with(citizen, 900, transferred)
            await citizen.hang_up()
    record = await hotline.record("13800000011")
    assert (record["outcome"], record["seat"]) == ("answered", "8001")  # I4: the first receiver
    samples, rate = read_sound(hotline.home / "recordings" / record["recording"] / "agent.sln16")
    assert has_tone(samples, rate, SEAT_HZ)
    assert has_tone(samples, rate, 900)


async def test_the_progress_of_an_unknown_order_is_told_clearly(hotline: Hotline) -> None:
    async with hotline.citizen("13800000010") as citizen:
        await to_the_menu(citizen)
        await citizen.press("2")
        await citizen.press("2026#")
        await said(citizen.voice, P.ORDER_NOT_FOUND_AFTER)
        await citizen.hang_up()
        heard = citizen.voice.heard()
    before, after = prompt(P.ORDER_NOT_FOUND_BEFORE), prompt(P.ORDER_NOT_FOUND_AFTER)
    hears_in_order(heard, before, *(prompt(piece) for piece in digits("2026")), after)
    record = await hotline.record("13800000010")
    assert (record["outcome"], record["menu"]) == ("abandoned_in_menu", "1>2")
