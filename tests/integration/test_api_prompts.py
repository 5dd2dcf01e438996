"""Prompts over HTTP: listed, heard, replaced by a recording, restored."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np

from ivr.prompts import CATALOGUE, Language, P
from speech import levels
from tests.integration.api_world import World
from ticketing.domain.roles import Role
from ticketing.store import audit

PATH = "/api/v1/prompts/greeting/zh"
FROM = {"name": "你好.wav", "licence": "李女士，本中心所有"}


def recording() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        samples = np.round(0.1 * levels.tone(600, 1.5, 16000) * 32767).astype("<i2")
        file.writeframes(samples.tobytes())
    return out.getvalue()


async def listed(world: World, token: str) -> dict[tuple[str, str], dict[str, Any]]:
    status, answer = await world.call("GET", "/api/v1/prompts", token)
    assert status == 200, answer
    return {(each["id"], each["language"]): each for each in answer["items"]}


async def test_a_prompt_is_replaced_heard_and_restored(world: World) -> None:
    manager = await world.token(Role.MANAGER)
    prompts = await listed(world, manager)
    assert len(prompts) == len(CATALOGUE) * len(Language)
    assert prompts["greeting", "zh"]["own"] is None
    _, before = await world.call("GET", f"{PATH}/sound", manager)
    status, own = await world.call("POST", PATH, manager, data=recording(), params=FROM)
    assert status == 201, own
    assert (own["who"], own["source"], own["current"]) == ("user-manager", FROM["name"], True)
    assert own["text"] == CATALOGUE[P.GREETING].zh
    assert (await listed(world, manager))["greeting", "zh"]["own"] == own
    status, sound = await world.call("GET", f"{PATH}/sound", manager)
    assert status == 200
    assert sound[:4] == b"RIFF"
    assert sound != before
    assert (await world.call("DELETE", PATH, manager))[0] == 204
    assert (await world.call("GET", f"{PATH}/sound", manager))[1] == before
    async with world.database.reading() as session:
        noted = {entry.action: entry for entry in await audit.latest(session)}
    assert noted["prompt.replaced"].target == noted["prompt.restored"].target == "greeting/zh"
    assert noted["prompt.replaced"].detail["licence"] == FROM["licence"]


async def test_what_is_no_recording_is_refused(world: World) -> None:
    manager = await world.token(Role.MANAGER)
    status, answer = await world.call("POST", PATH, manager, data=b"%PDF", params=FROM)
    assert (status, answer["error"]) == (409, "guard_failed")
    assert "WAV" in answer["message"]
    status, _ = await world.call("POST", PATH, manager, data=recording(), params={"name": "a"})
    assert status == 400, "whose voice it is must be said"
    for path in ("greeting/fr", "nothing/zh", "beep/zh"):
        status, answer = await world.call(
            "POST", f"/api/v1/prompts/{path}", manager, data=recording(), params=FROM
        )
        assert (status, answer["error"]) == (404, "prompt_not_found")
    assert (await listed(world, manager))["greeting", "zh"]["own"] is None


async def test_agents_do_not_change_what_the_hotline_says(world: World) -> None:
    agent = await world.token(Role.AGENT)
    status, _ = await world.call("POST", PATH, agent, data=recording(), params=FROM)
    assert status == 403
