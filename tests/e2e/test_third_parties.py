"""Who is rung for a call, one after the other; 110; the recording paused; handed on outside."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from ivr.demo.outside import BUSY, RINGS, Manner, Outside
from ivr.demo.sound import RATE, read_sound, tone_seconds
from tests.e2e.hotline import Hotline, eventually
from tests.e2e.three import (
    AGENT_HZ,
    CITIZEN_HZ,
    EXPERT_HZ,
    LISTENS,
    SETTLES,
    WHISPER,
    Parties,
    Town,
    talking,
)

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
EXPERT, SILENT, ENGAGED = "13900000001", "13900000003", "13900000004"
POLICE, WATER = "110", "8182111"
PAUSE_SECONDS = 12


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town() -> AsyncIterator[Town]:
    manners = {
        EXPERT: Manner(hz=EXPERT_HZ),
        SILENT: RINGS,
        ENGAGED: BUSY,
        POLICE: Manner(after=1.0, hz=EXPERT_HZ),
        WATER: Manner(hz=EXPERT_HZ),
    }
    async with Outside(manners) as outside:
        settings = {
            "HOTLINE_TRUNK_OUT": outside.address,
            "HOTLINE_RING_SECONDS": "5",
            "HOTLINE_RECORD_PAUSE_SECONDS": str(PAUSE_SECONDS),
            "HOTLINE_CITY": "xianning",
        }
        async with Hotline(**settings) as hotline:
            made = Town(hotline, outside)
            root = (await hotline.get("/api/v1/units"))["items"][0]["id"]
            unit = {"id": "housing", "name": "住房局", "kind": "department", "level": "city"}
            await made.ok("units", **unit, parent=root)
            for rank, phone in enumerate((ENGAGED, SILENT, EXPERT), 1):
                row = {"unit": "housing", "person": f"值班{rank}", "phone": phone, "rank": rank}
                await made.ok("duties", **row, since=str(date(2020, 1, 1)))
            yield made
            reconciled = await hotline.cli("calls", "reconcile")
            assert " 0 disagreements" in reconciled, reconciled


async def test_no_answer_goes_to_the_next_on_call(town: Town) -> None:
    async with talking(town, "13800061001", "8001") as three:
        consulted = asyncio.create_task(three.consult(unit="housing"))
        await town.outside.called(SILENT)
        seen = await watched(town, three.call)
        assert [(third["person"], third["talking"]) for third in seen] in (
            [(None, False)],
            [],
        )
        assert (await consulted)["thirds"] == [3]
        heard = await three.hear()
        assert (heard.citizen, heard.agent, heard.expert) == (set(), {"expert"}, {"agent"}), heard
        (shown,) = await watched(town, three.call)
        assert (shown["unit"], shown["person"], shown["talking"]) == ("housing", "值班3", True)
        await three.citizen.hang_up()
        await three.seat.hangup()
        dealt = await town.handling("13800061001")
    legs = [(leg["person"], leg["outcome"]) for leg in dealt["legs"][1:]]
    assert legs == [("值班1", "busy"), ("值班2", "no_answer"), ("值班3", "answered")]
    assert {leg["unit"] for leg in dealt["legs"][1:]} == {"housing"}

    path = f"calls/{dealt['call']}/thirds/3/marks"
    mark = await town.ok(path, kind="refused", words="“不归我们管”，挂断。")
    assert (mark["unit"], mark["person"], mark["kind"]) == ("housing", "值班3", "refused")
    marks = (await town.hotline.get("/api/v1/conduct-marks", unit="housing"))["items"]
    assert [each["id"] for each in marks] == [mark["id"]]
    withdrawn = await town.ok(f"conduct-marks/{mark['id']}/withdraw")
    assert withdrawn["withdrawn_by"] == "admin"


async def watched(town: Town, call: str) -> list[dict[str, Any]]:
    """The third parties of a call, as the WebSocket shows them."""
    client = await town.hotline.http()
    async with client.ws_connect("/api/v1/events") as console:
        snapshot = await console.receive_json(timeout=5)
    return next(each["thirds"] for each in snapshot["calls"] if each["id"] == call)


async def test_an_outage_is_answered_live_by_the_utility(town: Town) -> None:
    """T6: one action finds the line, and all three talk at once."""
    async with talking(town, "13800061002", "8002") as three:
        await three.consult(line=WATER, private=False)
        heard = await three.hear()
        assert heard.citizen == {"agent", "expert"}, heard
        await three.citizen.hang_up()
        await three.seat.hangup()
        dealt = await town.handling("13800061002")
    leg = dealt["legs"][1]
    assert (leg["dialled"], leg["kind"], bool(leg["unit"])) == (WATER, "consult", True)


async def test_110_at_one_key(town: Town) -> None:
    """X1: the caller is connected as soon as 110 answers, and the seat stays until it leaves."""
    async with talking(town, "13800061003", "8003") as three:
        status, problem = await town.post(f"calls/{three.call}/emergency", number="114")
        assert (status, problem["error"]) == (422, "number_not_allowed")
        clicks = [three.do("emergency", number=POLICE) for _ in range(3)]
        answers = await asyncio.gather(*clicks)
        assert all(answer == answers[0] for answer in answers)
        assert not answers[0]["held"]
        assert len(town.outside.to(POLICE)) == 1  # a double click rings once
        three.expert = town.outside.to(POLICE)[0]
        heard = await three.hear()
        assert heard.citizen == {"agent", "expert"}, heard
        assert heard.expert == {"agent", "citizen"}, heard
        await three.do("case", case="J4223-20261122-7")
        await three.do("leave")
        heard = await three.hear()
        assert (heard.citizen, heard.expert, heard.agent) == ({"expert"}, {"citizen"}, set())
        await three.citizen.hang_up()
        dealt = await town.handling("13800061003")
    leg = next(leg for leg in dealt["legs"] if leg["kind"] == "emergency")
    assert (leg["dialled"], leg["asked_by"]) == (POLICE, "8003")
    assert dealt["case_number"] == "J4223-20261122-7"
    with contextlib.closing(sqlite3.connect(town.hotline.home / "hotline.sqlite3")) as database:
        query = "SELECT actor, target FROM audit_log WHERE action = 'call.emergency'"
        assert database.execute(query).fetchall() == [("admin", three.call)]


async def test_what_nobody_shall_hear_again_is_not_recorded(town: Town) -> None:
    async with talking(town, "13800061004", "8004") as three:
        await three.consult(number=EXPERT, private=False)
        await three.hear()
        paused = await three.do("record-pause")
        assert not paused["recorded"]
        await three.hear()
        resumed = await three.do("record-resume")
        assert resumed["recorded"]
        await three.hear()
        await three.do("hangup")
        assert three.expert is not None
        await three.citizen.hang_up()
        await three.expert.ended()
        dealt = await town.handling("13800061004")
    record = await town.hotline.get(f"/api/v1/calls/{dealt['call']}")
    begin, end = (e["at"] for e in dealt["events"] if e["kind"].startswith("record_"))
    folder = town.hotline.home / "recordings" / record["recording"]
    whole, rate = read_sound(folder / "citizen.sln16")
    since = seconds(begin, record["answered_at"])
    until = seconds(end, record["answered_at"])
    hidden = whole[round((since + 0.7) * rate) : round((until - 0.7) * rate)]
    assert len(hidden) > LISTENS / 2 * rate
    assert tone_seconds(hidden, rate, CITIZEN_HZ) < WHISPER
    after = whole[round((until + 0.7) * rate) :]  # the file keeps the time line
    assert tone_seconds(after, rate, CITIZEN_HZ) > LISTENS / 2
    expert, rate = read_sound(folder / "expert-1.sln16")
    length = until - since
    silent = len(expert) / rate - tone_seconds(expert, rate, EXPERT_HZ)
    assert silent > length - 1.0


async def test_a_controller_that_dies_while_it_rings_leaves_nobody_on_hold(town: Town) -> None:
    async with talking(town, "13800061016", "8016") as three:
        asking = asyncio.create_task(three.consult(number=SILENT))
        await town.outside.called(SILENT, nth=len(town.outside.to(SILENT)) + 1, timeout=20)
        heard = await three.hear()
        assert heard.citizen == set(), heard
        town.hotline.kill("controller")
        with contextlib.suppress(aiohttp.ClientError, AssertionError):
            await asking

        async def together() -> bool:
            return tone_seconds(three.citizen.voice.heard()[-2 * RATE :], RATE, AGENT_HZ) > 1.5

        await eventually(together, "the seat at the citizen's again", 30)
        await three.citizen.hang_up()
    await town.hotline.healthy()


async def test_a_recording_that_is_forgotten_goes_on_by_itself(town: Town) -> None:
    async with talking(town, "13800061014", "8014") as three:
        await three.do("record-pause")
        await goes_on(three, "13800061014", within=PAUSE_SECONDS + 10)


async def test_a_recording_that_a_dead_controller_has_paused_goes_on(town: Town) -> None:
    async with talking(town, "13800061015", "8015") as three:
        await three.do("record-pause")
        town.hotline.kill("controller")
        await goes_on(three, "13800061015", within=30)


async def goes_on(three: Parties, caller: str, within: float) -> None:
    """From now on the recording is silent, and then no longer; the journal tells of both."""
    town = three.town
    (file,) = (town.hotline.home / "recordings").glob(f"*/{three.call}/citizen.sln16")
    since = len(read_sound(file)[0])

    async def silent_then_loud() -> bool:
        samples, rate = read_sound(file)
        later = samples[since:]
        silent = len(later) / rate - tone_seconds(later, rate, CITIZEN_HZ)
        return silent > 1 and tone_seconds(later[-2 * rate :], rate, CITIZEN_HZ) > 1.5

    await eventually(silent_then_loud, "silence and then sound in the recording", within)
    await three.citizen.hang_up()
    events = (await town.handling(caller))["events"]
    kinds = [event["kind"] for event in events if event["kind"].startswith("record_")]
    assert kinds == ["record_paused", "record_resumed"]


def seconds(at: str, since: str) -> float:
    """Between two moments, in ISO 8601."""
    return (datetime.fromisoformat(at) - datetime.fromisoformat(since)).total_seconds()


async def test_a_citizen_is_handed_on_to_a_unit(town: Town) -> None:
    """A blind transfer (T7): the seat is free at once; busy and silent ones are passed over."""
    async with talking(town, "13800061005", "8005") as three:
        before = len(town.outside.to(EXPERT))
        await three.do("transfer", unit="housing")
        await three.seat.idle()
        expert = await town.outside.called(EXPERT, nth=before + 1, timeout=20)
        await expert.answered()
        await three.citizen.hears(EXPERT_HZ)
        await expert.hears(CITIZEN_HZ)
        await expert.hang_up()
        await three.citizen.hang_up()
        dealt = await town.handling("13800061005")
    legs = {leg["dialled"]: leg for leg in dealt["legs"][1:]}
    assert {number: leg["outcome"] for number, leg in legs.items()} == {
        ENGAGED: "busy",
        SILENT: "no_answer",
        EXPERT: "answered",
    }
    assert {leg["kind"] for leg in legs.values()} == {"transfer"}
    assert (legs[EXPERT]["asked_by"], legs[EXPERT]["recorded"]) == ("8005", True)
    events = [(event["kind"], event["detail"]) for event in dealt["events"]]
    assert events == [
        ("transfer", {"to": "housing"}),
        ("transfer_outcome", {"outcome": "answer"}),
    ]


async def test_who_is_handed_on_to_nobody_comes_back_to_the_queue(town: Town) -> None:
    async with (
        talking(town, "13800061006", "8006") as three,
        town.hotline.seats("8007", speaks=AGENT_HZ) as seats,
    ):
        await three.do("transfer", number=ENGAGED)
        await three.seat.idle()
        async with asyncio.timeout(20):
            await first_of(three.seat.talking(20), seats["8007"].talking(20))
        await three.citizen.hang_up()
        dealt = await town.handling("13800061006")
    assert dealt["events"][-1]["detail"] == {"outcome": "noanswer"}
    assert dealt["legs"][1]["outcome"] == "busy"


async def first_of(*waits: Any) -> None:
    """Wait for the first of several."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()


async def test_a_merged_call_outlives_the_controller(town: Town) -> None:
    async with talking(town, "13800061008", "8008") as three:
        await three.consult(number=EXPERT)
        town.hotline.kill("controller")
        heard = await three.hear()  # still private, with nobody to keep it so
        assert (heard.citizen, heard.agent, heard.expert) == (set(), {"expert"}, {"agent"}), heard
        await town.hotline.healthy()
        await three.do("merge")
        town.hotline.kill("controller")
        heard = await three.hear()
        assert heard.citizen == {"agent", "expert"}, heard
        assert heard.agent == {"citizen", "expert"}, heard
        assert heard.expert == {"citizen", "agent"}, heard
        assert three.expert is not None
        await three.expert.hang_up()
        heard = await three.hear()
        assert (heard.citizen, heard.agent) == ({"agent"}, {"citizen"}), heard
        await three.citizen.hang_up()
        await town.hotline.healthy()
        dealt = await town.handling("13800061008")
    expert = dealt["legs"][1]
    assert expert["talk_seconds"] > 2 * (SETTLES + LISTENS)
    record = await town.hotline.get(f"/api/v1/calls/{dealt['call']}")
    folder = town.hotline.home / "recordings" / record["recording"]
    samples, rate = read_sound(folder / "expert-1.sln16")
    assert tone_seconds(samples, rate, EXPERT_HZ) > expert["talk_seconds"] - 0.3  # all of it
