"""Fifty calls of three at once: no leg is lost, each hears both others, the queue is right."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ivr.demo.outside import Manner
from ivr.demo.rtp import Voice
from ivr.demo.sound import RATE, alaw_speech, tones
from tests.e2e.hotline import Hotline, eventually, free_sip_port
from tests.e2e.light_phones import LightCall, LightPhones
from tests.e2e.three import AGENT_HZ, CITIZEN_HZ, EXPERT_HZ

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio]
CALLS = 50
AT_ONCE = 5  # that dial, or are steered, at the same time
LISTENS = 4.0  # seconds of sound to judge by
LISTENED = 3  # times, to those who have not heard both yet
SETTLES = 1.0  # seconds that are not judged
HEARS_WITHIN = 60.0  # seconds; what is heard is heard at once, but on a busy machine
PRESENT, ECHO = 0.01, 0.005  # shares of a tone that is there, and of one's own
TALKS = 1.0  # seconds that each of them has talked at least


async def test_fifty_calls_of_three() -> None:
    port = free_sip_port()
    async with LightPhones(port) as phones:
        settings = {
            "HOTLINE_TRUNK_OUT": phones.address,
            "HOTLINE_SIP_PORT": str(port),
            "HOTLINE_RING_SECONDS": "60",
        }
        async with Hotline(**settings) as hotline:
            await fifty(hotline, phones)


async def fifty(hotline: Hotline, phones: LightPhones) -> None:
    numbers = await seats(hotline, phones)
    for number in numbers:
        phones[number] = Manner(hz=AGENT_HZ)
    phones.otherwise = Manner(hz=EXPERT_HZ)
    callers = [f"1380007{number:04d}" for number in range(CALLS)]
    made = await in_turn([phones_to_the_queue(phones, caller) for caller in callers])
    live = await eventually(lambda: talking(hotline), f"{CALLS} talks", 120)

    saying = [asyncio.create_task(say(call.voice)) for call in made]
    client = await hotline.http()

    async def consult(number: int, call: str) -> int:
        body = {"number": f"1390007{number:04d}", "private": False}
        async with client.post(f"/api/v1/calls/{call}/consult", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return len((await answer.json())["thirds"])

    joined = await in_turn([consult(n, call) for n, call in enumerate(live.values())])
    assert joined == [1] * CALLS
    ears = [(call.voice, CITIZEN_HZ) for call in made]
    for other in phones.calls:
        ears.append((other.voice, AGENT_HZ if other.number in numbers else EXPERT_HZ))
    assert len(ears) == 3 * CALLS
    wrong = dict(enumerate(ears))
    for _ in range(LISTENED):  # who is lost stays lost; a processor may be late
        marks = {voice: voice.heard_seconds + SETTLES for voice, _ in wrong.values()}
        await eventually(lambda now=marks: heard_on(now), "sound at each ear", HEARS_WITHIN)
        wrong = {
            number: (voice, own)
            for number, (voice, own) in wrong.items()
            if not hears_both(voice, marks[voice], own)
        }
    assert not wrong, sorted(wrong)

    async def leave(call: str) -> int:
        async with client.post(f"/api/v1/calls/{call}/leave") as answer:
            assert answer.status == 200, await answer.text()
            return len((await answer.json())["thirds"])

    assert await in_turn([leave(call) for call in live.values()]) == [1] * CALLS
    for task in saying:
        task.cancel()
    await asyncio.gather(*saying, return_exceptions=True)
    await in_turn([phones.hang_up(call) for call in made])
    await eventually(lambda: records(hotline), f"{CALLS} records", 30)
    log = (hotline.home / "asterisk/log/queue_log").read_text()
    assert log.count("|COMPLETEAGENT|") == CALLS
    reconciled = await hotline.cli("calls", "reconcile")
    assert f"{CALLS} calls checked, 0 disagreements" in reconciled, reconciled
    for record in await hotline.calls():
        dealt = await hotline.get(f"/api/v1/calls/{record['id']}/handling")
        seat, expert = dealt["legs"]
        assert seat["talk_seconds"] > TALKS
        assert expert["talk_seconds"] > TALKS
        assert expert["recorded"]


async def seats(hotline: Hotline, phones: LightPhones) -> list[str]:
    """Fifty seats, registered."""
    numbers = [str(8001 + number) for number in range(CALLS)]
    client = await hotline.http()
    there = {seat["number"] for seat in (await hotline.get("/api/v1/seats"))["items"]}
    for number in numbers:
        if number not in there:
            async with client.post("/api/v1/seats", json={"number": number}) as answer:
                assert answer.status == 201, await answer.text()
    for number in numbers:
        shown = await hotline.get(f"/api/v1/seats/{number}")
        await phones.register(number, shown["user"], shown["password"])
    return numbers


async def in_turn(works: list[Any]) -> list[Any]:
    """Do all, so many at the same time."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(work: Any) -> Any:
        async with turn:
            return await work

    return list(await asyncio.gather(*(one(work) for work in works)))


async def phones_to_the_queue(phones: LightPhones, caller: str) -> LightCall:
    call = await phones.dial("12345", caller)
    await call.voice.hears_sound()
    await call.voice.press("1")
    await call.voice.press("1")
    return call


async def say(voice: Voice) -> None:
    piece = alaw_speech(CITIZEN_HZ, 2)
    while True:
        await voice.say(piece)


async def talking(hotline: Hotline) -> dict[str, str]:
    """Seat → call, once all of them talk."""
    shown = (await hotline.get("/api/v1/seats"))["items"]
    busy = {seat["number"]: seat["call"] for seat in shown if seat["state"] == "busy"}
    return busy if len(busy) == CALLS and all(busy.values()) else {}


async def heard_on(marks: dict[Voice, float]) -> bool:
    return all(voice.heard_seconds > since + LISTENS for voice, since in marks.items())


def hears_both(voice: Voice, since: float, own: int) -> bool:
    """Whether both others are heard, and only they.

    With fifty calls on two processors the sound is broken; what is in it can be told all the same.
    """
    heard = voice.heard(since)[: round(LISTENS * RATE)]
    shares = tones(heard, RATE, (CITIZEN_HZ, AGENT_HZ, EXPERT_HZ))
    return all((share < ECHO) if hz == own else (share > PRESENT) for hz, share in shares.items())


async def records(hotline: Hotline) -> bool:
    return len(await hotline.calls()) == CALLS
