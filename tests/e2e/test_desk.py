"""Log in, pause, hold, hand on; listen, whisper, barge: on real phones, by sound (T1, T7)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientWebSocketResponse

from ivr.demo.sipp import Citizen
from ivr.demo.sound import RATE, tone_seconds
from tests.e2e.hotline import Hotline, eventually, to_the_queue

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
CITIZEN_HZ, AGENT_HZ, OTHER_HZ, SUPERVISOR_HZ = 450, 620, 800, 1000
LISTENS = 2.0  # seconds of sound to judge by


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline(HOTLINE_WRAP_UP_SECONDS="600") as running:
        yield running


async def post(hotline: Hotline, path: str, **body: Any) -> tuple[int, Any]:
    """POST as ``admin``; status and answer."""
    client = await hotline.http()
    async with client.post(f"/api/v1/{path}", **({"json": body} if body else {})) as answer:
        return answer.status, await answer.json() if answer.content_length else None


async def ok(hotline: Hotline, path: str, **body: Any) -> Any:
    """POST something that is done."""
    status, answer = await post(hotline, path, **body)
    assert status in {200, 204}, (path, status, answer)
    return answer


async def call_of(hotline: Hotline, seat: str) -> str:
    """The id of the call that a seat has, once it talks."""

    async def look() -> str | None:
        seats = (await hotline.get("/api/v1/seats"))["items"]
        found = next(each for each in seats if each["number"] == seat)
        return found["call"] if found["state"] == "busy" else None

    return str(await eventually(look, f"a call at {seat}"))


async def hears(citizen: Citizen, hz: float, since: float = 0.0) -> None:
    """The citizen hears a tone for a while."""

    async def look() -> bool:
        return tone_seconds(citizen.voice.heard(since), RATE, hz) > LISTENS / 2

    await eventually(look, f"{hz} Hz at the citizen's", 15)


async def test_one_call_from_login_to_logout(hotline: Hotline) -> None:
    async with hotline.seats("8001", "8002", speaks=AGENT_HZ) as seats:
        await ok(hotline, "seats/8001/login")
        assert (await post(hotline, "seats/8002/login"))[1]["error"] == "person_seated"
        await ok(hotline, "seats/8001/pause", reason="用餐")
        async with hotline.citizen("13800050001") as citizen:
            await to_the_queue(citizen)
            await seats["8002"].talking(20)  # the paused seat is passed over
            assert not seats["8001"].calls
            await citizen.hang_up()
        await ok(hotline, "seats/8001/resume")

        # The controller dies; who sits there is known again, and Asterisk is told.
        await ok(hotline, "seats/8001/pause", reason="小休")
        hotline.kill("controller")
        await hotline.healthy()
        desk = await hotline.get("/api/v1/desk")
        assert (desk["seat"]["number"], desk["seat"]["pause"]) == ("8001", "小休")
        await ok(hotline, "seats/8001/resume")
        console = await (await hotline.http()).ws_connect("/api/v1/events")

        async with hotline.citizen("13800050002") as citizen:
            await to_the_queue(citizen)
            await seats["8001"].talking(20)  # 8002 is in its wrap-up, of ten minutes
            call = await call_of(hotline, "8001")
            await hears(citizen, AGENT_HZ)
            held = await ok(hotline, f"calls/{call}/hold")
            assert held["held"]
            since = citizen.voice.heard_seconds + 0.5
            await eventually(lambda: passed(citizen, since, LISTENS), "time on hold")
            assert tone_seconds(citizen.voice.heard(since), RATE, AGENT_HZ) < 0.3
            resumed = citizen.voice.heard_seconds
            await ok(hotline, f"calls/{call}/resume")
            await hears(citizen, AGENT_HZ, resumed)
            await ok(hotline, f"calls/{call}/hangup")
            await seats["8001"].idle()
            await citizen.hang_up()
        record = await hotline.record("13800050002")
        assert (record["seat"], record["hangup_by"]) == ("8001", "agent")

        # By hand the wrap-up is over at once, and the next call comes.
        assert (await hotline.get("/api/v1/desk"))["seat"]["doing"] == "wrap_up"
        await ok(hotline, "seats/8001/wrap-up", seconds=0)
        async with hotline.citizen("13800050003") as citizen:
            await to_the_queue(citizen)
            await seats["8001"].talking(20)
            await citizen.hang_up()
        await eventually(lambda: is_doing(hotline, "wrap_up"), "the wrap-up")
        await ok(hotline, "seats/8001/logout")
        assert await hotline.seat_state("8001") == "logged_out"
        states = {"idle", "busy", "wrap_up", "logged_out"}
        assert await told_until(console, states, offered=3)
        await console.close()

    (times,) = (await hotline.get("/api/v1/seats/8001/times"))["persons"]
    assert sum(times["doing"].values()) == pytest.approx(times["logged_in"], abs=0.001)
    assert set(times["pauses"]) == {"用餐", "小休"}
    assert times["doing"]["talking"] > LISTENS
    await hotline.record("13800050003")
    figures = await hotline.get("/api/v1/figures")
    assert figures["offered"] == figures["connected"] == 3


async def told_until(console: ClientWebSocketResponse, states: set[str], offered: int) -> bool:
    """Listen until seat 8001 was in all of these states and so many calls are in the figures.

    Returns:
        whether a call was on hold meanwhile.
    """
    seen: set[str] = set()
    held = counted = False
    async with asyncio.timeout(10):
        while not (counted and seen >= states):
            message = await console.receive_json()
            seen |= {s["state"] for s in message.get("seats", ()) if s["number"] == "8001"}
            held = held or any(call["held"] for call in message.get("calls", ()))
            counted = counted or message.get("figures", {}).get("offered") == offered
    return held


async def passed(citizen: Citizen, since: float, seconds: float) -> bool:
    """Whether the citizen has heard so many seconds more."""
    return citizen.voice.heard_seconds > since + seconds


async def is_doing(hotline: Hotline, doing: str) -> bool:
    """Whether the seat of ``admin`` does this."""
    return bool((await hotline.get("/api/v1/desk"))["seat"]["doing"] == doing)


async def test_a_citizen_is_handed_on_and_the_recording_goes_on(hotline: Hotline) -> None:
    async with (
        hotline.seats("8003", speaks=AGENT_HZ) as first,
        hotline.citizen("13800050004") as citizen,
    ):
        await to_the_queue(citizen)
        await first["8003"].talking(20)
        call = await call_of(hotline, "8003")
        await hears(citizen, AGENT_HZ)
        async with hotline.seats("8004", speaks=OTHER_HZ) as second:
            await eventually(lambda: is_idle(hotline, "8004"), "a free seat")
            await ok(hotline, f"calls/{call}/transfer", seat="8004")
            await first["8003"].idle()
            await second["8004"].talking(20)
            await hears(citizen, OTHER_HZ)
            assert await call_of(hotline, "8004") == call
            await ok(hotline, f"calls/{call}/hangup")
            await second["8004"].idle()
        await citizen.hang_up()
    record = await hotline.record("13800050004")
    assert (record["outcome"], record["seat"]) == ("answered", "8003")  # I4
    agent = (hotline.home / "recordings" / record["recording"] / "agent.sln16").read_bytes()
    samples = memoryview(agent).cast("h").tolist()
    for hz in (AGENT_HZ, OTHER_HZ):
        assert tone_seconds(samples, 16_000, hz) > LISTENS / 4
    journal = (hotline.home / "asterisk/log/cel-custom/journal.csv").read_text()
    assert "transfer_to=8004" in journal
    assert "transfer=ANSWER" in journal


async def is_idle(hotline: Hotline, seat: str) -> bool:
    """Whether a seat could take a call."""
    return await hotline.seat_state(seat) == "idle"


@pytest.mark.parametrize(
    ("how", "agent_hears", "citizen_hears"),
    [("listen", False, False), ("whisper", True, False), ("barge", True, True)],
)
async def test_who_hears_a_supervisor(
    hotline: Hotline, how: str, agent_hears: bool, citizen_hears: bool
) -> None:
    caller = {"listen": "13800050011", "whisper": "13800050012", "barge": "13800050013"}[how]
    agent = {"listen": "8011", "whisper": "8012", "barge": "8013"}[how]
    async with (
        hotline.seats(agent, speaks=AGENT_HZ) as agents,
        hotline.seats("8009", speaks=SUPERVISOR_HZ) as supervisors,
        hotline.citizen(caller) as citizen,
    ):
        await ok(hotline, "seats/8009/login")  # and so not rung as an agent
        await ok(hotline, "seats/8009/pause", reason="培训")
        await to_the_queue(citizen)
        await agents[agent].talking(20)
        await hears(citizen, AGENT_HZ)
        since = citizen.voice.heard_seconds
        await ok(hotline, f"supervision/{how}", seat=agent, **{"with": "8009"})
        await citizen.say(CITIZEN_HZ, 2 * LISTENS)
        await ok(hotline, "supervision/stop", **{"with": "8009"})
        await supervisors["8009"].idle()
        assert agents[agent].calls  # the call itself goes on
        to_citizen = citizen.voice.heard(since)
        await citizen.hang_up()
        await agents[agent].idle()
        to_supervisor = await supervisors["8009"].heard()
        to_agent = await agents[agent].heard()
        await ok(hotline, "seats/8009/logout")
    for hz in (AGENT_HZ, CITIZEN_HZ):
        assert tone_seconds(to_supervisor, RATE, hz) > LISTENS, f"{hz} Hz is missing"
    assert tone_seconds(to_agent, RATE, CITIZEN_HZ) > LISTENS / 2
    assert (tone_seconds(to_agent, RATE, SUPERVISOR_HZ) > LISTENS / 2) is agent_hears
    assert (tone_seconds(to_citizen, RATE, SUPERVISOR_HZ) > LISTENS / 2) is citizen_hears
    await hotline.record(caller)
    assert not await hotline.calls(caller="8009")  # the supervisor's leg is no citizen's call
