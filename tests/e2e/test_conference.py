"""Three in a call: consulted in private, merged, left by each; by sound (T5, T7)."""

from __future__ import annotations

import asyncio
import io
import wave
from array import array
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ivr.demo.outside import RINGS, Manner, Outside
from ivr.demo.sound import RATE, read_sound, tone_seconds
from tests.e2e.hotline import Hotline
from tests.e2e.three import (
    AGENT_HZ,
    CITIZEN_HZ,
    EXPERT_HZ,
    LISTENS,
    WHISPER,
    Town,
    talking,
)

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
EXPERT, SECOND, SILENT = "13900000001", "13900000002", "13900000003"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town() -> AsyncIterator[Town]:
    manners = {
        EXPERT: Manner(after=0.5, hz=EXPERT_HZ),
        SECOND: Manner(hz=EXPERT_HZ),
        SILENT: RINGS,
    }
    async with Outside(manners) as outside:
        settings = {"HOTLINE_TRUNK_OUT": outside.address, "HOTLINE_RING_SECONDS": "5"}
        async with Hotline(**settings) as hotline:
            yield Town(hotline, outside)
            reconciled = await hotline.cli("calls", "reconcile")
            assert " 0 disagreements" in reconciled, reconciled


async def test_a_private_consultation_then_all_three(town: Town) -> None:
    async with talking(town, "13800060001", "8001") as three:
        answer = await three.consult(number=EXPERT)
        assert (answer["held"], answer["thirds"], answer["seats"]) == (True, [1], ["8001"])
        heard = await three.hear()
        assert heard.citizen == set(), heard
        assert (heard.agent, heard.expert) == ({"expert"}, {"agent"}), heard

        merged = await three.do("merge")
        assert not merged["held"]
        heard = await three.hear()
        assert heard.citizen == {"agent", "expert"}, heard
        assert heard.agent == {"citizen", "expert"}, heard
        assert heard.expert == {"citizen", "agent"}, heard

        assert three.expert is not None
        await three.expert.hang_up()  # the expert leaves: the two go on
        heard = await three.hear()
        assert (heard.citizen, heard.agent) == ({"agent"}, {"citizen"}), heard
        status, problem = await town.post(f"calls/{three.call}/merge")
        assert (status, problem["error"]) == (409, "no_third_party")
        await three.do("hangup")
        await three.citizen.hang_up()
        dealt = await town.handling("13800060001")
    seat, expert = dealt["legs"]
    assert (seat["kind"], seat["seat"], seat["number"]) == ("seat", "8001", None)
    assert (expert["kind"], expert["dialled"], expert["number"]) == ("consult", EXPERT, 1)
    assert (expert["outcome"], expert["asked_by"]) == ("answered", "8001")
    assert LISTENS < expert["talk_seconds"] < seat["talk_seconds"]
    assert [event["kind"] for event in dealt["events"]] == ["private", "merged"]
    ended = town.queue_log(three.call)[-1]
    assert ended[0] == "COMPLETEAGENT"
    assert abs(int(ended[2]) - seat["talk_seconds"]) <= 1.5
    await recorded_apart(town, dealt)


async def recorded_apart(town: Town, dealt: dict[str, Any]) -> None:
    """Each leg has a file of its own in which only that party talks."""
    record = await town.hotline.get(f"/api/v1/calls/{dealt['call']}")
    folder = town.hotline.home / "recordings" / record["recording"]
    for file, hz in (("expert-1", EXPERT_HZ), ("seat-8001-1", AGENT_HZ), ("citizen", CITIZEN_HZ)):
        samples, rate = read_sound(folder / f"{file}.sln16")
        assert tone_seconds(samples, rate, hz) > LISTENS, file
        for other in {EXPERT_HZ, AGENT_HZ, CITIZEN_HZ} - {hz}:
            assert tone_seconds(samples, rate, other) < WHISPER, (file, other)
    offset = dealt["legs"][1]["offset"]
    assert 0 < offset < 60
    client = await town.hotline.http()
    path = f"/api/v1/calls/{dealt['call']}/thirds/1/recording"
    async with client.get(path) as answer:
        assert answer.status == 200
        with wave.open(io.BytesIO(await answer.read())) as heard:
            samples = array("h", heard.readframes(heard.getnframes()))
            assert tone_seconds(samples, heard.getframerate(), EXPERT_HZ) > LISTENS


async def test_the_seat_leaves_the_citizen_to_the_expert(town: Town) -> None:
    """The attended transfer (T7), out of the private talk; who does not answer is passed over."""
    async with talking(town, "13800060002", "8002") as three:
        status, problem = await town.post(f"calls/{three.call}/leave")
        assert (status, problem["error"]) == (409, "no_third_party")
        heard = await three.seat.heard()
        asked = asyncio.create_task(three.consult(number=SILENT))
        ringing = await town.outside.called(SILENT)
        status, problem = await town.post(f"calls/{three.call}/consult", number=EXPERT)
        assert (status, problem["error"]) == (409, "consult_under_way")
        with pytest.raises(AssertionError, match="nobody_answered"):
            await asked
        assert ringing.over
        rang = (await three.seat.heard())[len(heard) :]
        assert tone_seconds(rang, RATE, 450, share=0.5) > 0.8  # the seat heard it ring
        back = await three.do("resume")  # all done already: the citizen is back
        assert not back["held"]

        await three.consult(number=EXPERT)
        assert three.expert is not None
        left = await three.do("leave")
        assert (left["seats"], left["thirds"], left["held"]) == ([], [2], False)
        await three.seat.idle()
        heard_by = await three.hear()
        assert (heard_by.citizen, heard_by.expert) == ({"expert"}, {"citizen"}), heard_by
        assert heard_by.agent == set()
        await three.expert.hang_up()
        await three.citizen.hang_up()
        dealt = await town.handling("13800060002")
    seat, silent, expert = dealt["legs"]
    assert (silent["outcome"], silent["talk_seconds"], silent["recorded"]) == (
        "no_answer",
        0,
        False,
    )
    assert expert["talk_seconds"] > LISTENS
    assert expert["ended_at"] > seat["ended_at"]
    kinds = [event["kind"] for event in dealt["events"]]
    assert kinds == ["private", "private", "left"]
    ended = town.queue_log(three.call)[-1]
    assert (ended[0], abs(int(ended[2]) - seat["talk_seconds"]) <= 1.5) == ("COMPLETEAGENT", True)


async def test_the_citizen_leaves_and_the_two_go_on(town: Town) -> None:
    async with talking(town, "13800060003", "8003") as three:
        await three.consult(number=EXPERT, private=False)
        heard = await three.hear()
        assert heard.citizen == {"agent", "expert"}, heard
        assert heard.expert == {"citizen", "agent"}, heard
        await three.citizen.hang_up()
        heard = await three.hear()
        assert (heard.agent, heard.expert) == ({"expert"}, {"agent"}), heard
        await three.seat.hangup()
        assert three.expert is not None
        await three.expert.ended()
        record = await town.hotline.record("13800060003")
        assert record["hangup_by"] == "caller"
    assert town.queue_log(three.call)[-1][0] == "COMPLETECALLER"


async def test_the_seat_drops_the_expert_and_has_the_citizen_back(town: Town) -> None:
    async with talking(town, "13800060004", "8004") as three:
        await three.consult(number=EXPERT)
        dropped = await three.do("drop")
        assert (dropped["held"], dropped["thirds"]) == (False, [])
        heard = await three.hear()
        assert (heard.citizen, heard.agent, heard.expert) == ({"agent"}, {"citizen"}, set())
        # an expert who hangs up in the private talk: the citizen comes back by itself
        await three.consult(number=SECOND)
        assert three.expert is not None
        await three.expert.hang_up()
        heard = await three.hear()
        assert (heard.citizen, heard.agent) == ({"agent"}, {"citizen"}), heard
        # one that rings is sent away
        asked = asyncio.create_task(three.consult(number=SILENT))
        ringing = await town.outside.called(SILENT, nth=len(town.outside.to(SILENT)) + 1)
        await three.do("drop")
        await ringing.ended()
        with pytest.raises(AssertionError, match="nobody_answered"):
            await asked
        heard = await three.hear()
        assert (heard.citizen, heard.agent) == ({"agent"}, {"citizen"}), heard
        await three.citizen.hang_up()
        await town.hotline.record("13800060004")
