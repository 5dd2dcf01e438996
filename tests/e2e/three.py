"""Citizen, seat and somebody outside in one call, each with a tone of its own."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ivr.demo.outside import Outside, OutsideCall
from ivr.demo.phones import SeatPhone
from ivr.demo.sipp import Citizen
from ivr.demo.sound import RATE, tone_seconds
from tests.e2e.hotline import Hotline, eventually, to_the_queue

CITIZEN_HZ, AGENT_HZ, EXPERT_HZ = 500, 620, 1000
LISTENS = 2.0  # seconds of sound to judge by
SETTLES = 0.6  # seconds after a change that are not judged: what is under way
WHISPER = 0.4  # seconds of a tone that count as none: a frame may be judged wrongly


class Town:
    """A hotline and the people outside."""

    def __init__(self, hotline: Hotline, outside: Outside) -> None:
        self.hotline, self.outside = hotline, outside

    async def post(self, path: str, **body: Any) -> tuple[int, Any]:
        client = await self.hotline.http()
        options = {"json": body} if body or path.endswith(("/drop", "/emergency")) else {}
        async with client.post(f"/api/v1/{path}", **options) as answer:
            return answer.status, await answer.json() if answer.content_length else None

    async def ok(self, path: str, **body: Any) -> Any:
        status, answer = await self.post(path, **body)
        assert status in {200, 201, 204}, (path, status, answer)
        return answer

    async def handling(self, caller: str) -> dict[str, Any]:
        """How the call from ``caller`` was dealt with, once it is over."""
        record = await self.hotline.record(caller, 20)
        return dict(await self.hotline.get(f"/api/v1/calls/{record['id']}/handling"))

    def queue_log(self, call: str) -> list[list[str]]:
        """What Asterisk's queue_log has of a call: event, and what follows."""
        lines = (self.hotline.home / "asterisk/log/queue_log").read_text().splitlines()
        rows = [line.split("|") for line in lines]
        return [row[4:] for row in rows if row[1] == call]


class Parties:
    """Citizen and seat that talk, and what each of the three has heard since a moment."""

    def __init__(self, town: Town, citizen: Citizen, seat: SeatPhone, call: str) -> None:
        self.town, self.citizen, self.seat, self.call = town, citizen, seat, call
        self.expert: OutsideCall | None = None

    async def consult(self, **how: Any) -> Any:
        """Consult somebody, and know whose phone it was."""
        before = len(self.town.outside.calls)
        answer = await self.town.ok(f"calls/{self.call}/consult", **how)
        taken = [each for each in self.town.outside.calls[before:] if each.answered_at]
        self.expert = taken[0] if taken else None
        return answer

    async def do(self, verb: str, **body: Any) -> Any:
        return await self.town.ok(f"calls/{self.call}/{verb}", **body)

    async def hear(self) -> Heard:
        """What each hears from now on, for a while."""
        agent = len(await self.seat.heard())
        citizen = self.citizen.voice.heard_seconds + SETTLES
        ear = self.expert.voice if self.expert else self.citizen.voice
        expert = ear.heard_seconds + SETTLES
        began = time.monotonic()

        async def passed() -> bool:
            return time.monotonic() - began > SETTLES + LISTENS + 0.3

        await eventually(passed, "time to listen")
        cut = round(LISTENS * RATE)
        at = agent + round(SETTLES * RATE)
        return Heard(
            self.citizen.voice.heard(citizen)[:cut],
            (await self.seat.heard())[at : at + cut],
            ear.heard(expert)[:cut],
        )


class Heard:
    """What was heard at the three ends."""

    def __init__(self, citizen: array[int], agent: array[int], expert: array[int]) -> None:
        self.citizen, self.agent, self.expert = map(_tones, (citizen, agent, expert))

    def __repr__(self) -> str:
        return f"citizen {self.citizen}, agent {self.agent}, expert {self.expert}"


def _tones(heard: array[int]) -> set[str]:
    """Whose tones are there: all the time, or (none) never."""
    found = set()
    for name, hz in (("citizen", CITIZEN_HZ), ("agent", AGENT_HZ), ("expert", EXPERT_HZ)):
        seconds = tone_seconds(heard, RATE, hz, share=0.15)
        if seconds >= 0.6 * LISTENS:
            found.add(name)
        else:
            assert seconds <= WHISPER, f"{name}: {seconds:.1f} s"
    return found


@asynccontextmanager
async def talking(town: Town, caller: str, seat: str) -> AsyncIterator[Parties]:
    """Citizen and seat talk; each says a tone of its own all the time."""
    hotline = town.hotline
    async with (
        hotline.seats(seat, speaks=AGENT_HZ) as seats,
        hotline.citizen(caller) as citizen,
    ):
        await to_the_queue(citizen)
        await seats[seat].talking(20)
        saying = asyncio.create_task(citizen.say(CITIZEN_HZ, 90))
        try:
            await citizen.hears(AGENT_HZ, timeout=15)

            async def look() -> str | None:
                shown = (await hotline.get("/api/v1/seats"))["items"]
                found = next(each for each in shown if each["number"] == seat)
                return found["call"] if found["state"] == "busy" else None

            call = str(await eventually(look, f"a call at {seat}"))
            yield Parties(town, citizen, seats[seat], call)
        finally:
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)
