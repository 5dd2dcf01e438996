"""Nuisance callers on real phones: reported, blocked, reviewed; an emergency is still reached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ivr.demo.outside import Manner, Outside
from ivr.prompts import P
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.listening import said
from tests.e2e.raw_sip import RawCaller
from tests.sound import find, prompt

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
POLICE_HZ, SEAT_HZ, CITIZEN_HZ = 800, 600, 450


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside() -> AsyncIterator[Outside]:
    async with Outside({"110": Manner(hz=POLICE_HZ)}) as people:
        yield people


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(outside: Outside) -> AsyncIterator[Hotline]:
    async with Hotline(HOTLINE_TRUNK_OUT=outside.address) as running:
        yield running


async def post(hotline: Hotline, path: str, status: int, **body: Any) -> Any:
    client = await hotline.http()
    async with client.post(f"/api/v1/{path}", json=body) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_a_blocked_caller_reaches_the_police_and_no_seat(
    hotline: Hotline, outside: Outside
) -> None:
    caller = "13800061001"
    blocked = await post(hotline, "nuisance", 201, caller=caller, hours=24, note="辱骂话务员")
    assert (blocked["holds"], blocked["made_by"]) == (True, "admin")
    async with hotline.seats("8001", speaks=SEAT_HZ) as seats, hotline.citizen(caller) as citizen:
        await citizen.answered()
        await said(citizen.voice, P.NUISANCE_BLOCKED)
        await citizen.press("1")
        police = await outside.called("110")
        assert police.shown == "12345"
        await police.answered()
        await citizen.hears(POLICE_HZ, timeout=15)
        await asyncio.gather(citizen.say(CITIZEN_HZ, 2.0), police.hears(CITIZEN_HZ, timeout=10))
        await police.hang_up()
        await said(citizen.voice, P.GOODBYE)
        await citizen.wait(10)
        assert not seats["8001"].calls
    assert (await hotline.record(caller))["seat"] is None
    [out] = (await hotline.get("/api/v1/outward-calls", purpose="emergency"))["items"]
    assert (out["number"], out["kind"], out["who"]) == ("110", "emergency", "system")

    # a person looks at it, and the caller is a citizen like any other again
    reviewed = await post(
        hotline, f"nuisance/{blocked['id']}/review", 200, decision="lifted", note="误会"
    )
    assert (reviewed["holds"], reviewed["reviewed_by"]) == (False, "admin")
    async with hotline.seats("8001", speaks=SEAT_HZ) as seats, hotline.citizen(caller) as citizen:
        await to_the_queue(citizen)
        await seats["8001"].talking(20)
        await citizen.hears(SEAT_HZ, timeout=15)
        await citizen.hang_up()


async def test_calling_again_and_again_without_a_matter_slows(hotline: Hotline) -> None:
    caller = "13800061002"
    async with RawCaller(hotline.sip_port) as phone:
        for _ in range(20):
            assert await phone.call(caller=caller.encode()) == 200

    async def slowed() -> list[dict[str, Any]]:
        found = (await hotline.get("/api/v1/nuisance"))["items"]
        return [each for each in found if each["caller"] == caller]

    [measure] = await eventually(slowed, "a measure", 20)
    assert (measure["measure"], measure["made_by"]) == ("slowed", "system")
    assert len(measure["reasons"]) == 20
    async with hotline.citizen(caller) as citizen:
        await citizen.answered()
        await said(citizen.voice, P.NUISANCE_SLOWED)
        await citizen.hang_up()
    async with hotline.citizen("13800061003") as other:
        await other.answered()
        await said(other.voice, P.LANGUAGE_MENU)
        assert find(other.voice.heard(), prompt(P.NUISANCE_SLOWED)) is None
        await other.hang_up()


async def test_the_numbers_of_the_plan_are_never_blocked(hotline: Hotline) -> None:
    client = await hotline.http()
    body = {"caller": "12366", "hours": 1, "note": "x"}
    async with client.post("/api/v1/nuisance", json=body) as answer:
        assert (answer.status, (await answer.json())["error"]) == (409, "caller_unknown")
