"""An outage: told before the queue, on the agents' screens, and joined by one key (K3, W10)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from ivr.prompts import P
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.listening import opening, said
from tests.sound import hears_in_order, prompt

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
UNIT = {"id": "water", "name": "水务公司", "kind": "company", "level": "city", "parent": "centre"}
CLASSIFIED = {"action": "classify", "type": "help", "category": "water", "district": "east"}
WATER = "解放路停水，预计十八时恢复"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline(HOTLINE_NIGHT_HOURS="00:00-00:00") as running:
        yield running


async def post(hotline: Hotline, path: str, body: dict[str, Any], token: str = "") -> Any:
    """POST as ``admin``, or with another's token; the decoded answer."""
    client = await hotline.http()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with client.post(f"/api/v1/{path}", json=body, headers=headers) as answer:
        assert answer.ok, (path, answer.status, await answer.text())
        return await answer.json()


async def act(hotline: Hotline, number: str, token: str = "", **action: Any) -> str:
    """Do something to an order; the state it is in then."""
    answer = await post(hotline, f"orders/{number}/actions", {"do": action}, token)
    return str(answer["state"])


async def of_the_company(hotline: Hotline) -> str:
    """A session of somebody of the water company."""
    body = {"username": "pipes", "roles": ["unit_handler"], "unit": "water"}
    first = (await post(hotline, "users", body))["password"]
    login = {"username": "pipes", "password": first}
    token = (await post(hotline, "session", login))["token"]
    change = {"old": first, "new": "a long one for the pipes"}
    client = await hotline.http()
    headers = {"Authorization": f"Bearer {token}"}
    async with client.post("/api/v1/session/password", json=change, headers=headers) as answer:
        assert answer.ok, await answer.text()
    login["password"] = change["new"]
    return str((await post(hotline, "session", login))["token"])


async def notice(hotline: Hotline) -> str:
    """A published notice of the outage."""
    now = datetime.now(UTC)
    body = {
        "unit": "centre",
        "kind": "emergency",
        "start": (now - timedelta(minutes=1)).isoformat(),
        "end": (now + timedelta(hours=3)).isoformat(),
        "zh": WATER,
    }
    made = str((await post(hotline, "notices", body))["id"])
    await post(hotline, f"notices/{made}/publication", {})
    return made


async def test_an_outage_from_the_announcement_to_the_text_message(hotline: Hotline) -> None:
    await post(hotline, "units", UNIT)
    master = str((await post(hotline, "orders", {"content": "解放路水管爆裂"}))["number"])
    await act(hotline, master, **CLASSIFIED)
    await act(hotline, master, action="dispatch", unit="water")
    made = await notice(hotline)
    console = await (await hotline.http()).ws_connect("/api/v1/events")
    body = {"piece": "water", "master": master}
    assert (await post(hotline, f"notices/{made}/announce", body))["joined"] == 0
    assert (await told(console))["zh"] == WATER
    await console.close()

    async with hotline.seats("8001") as seats:
        async with hotline.citizen("13800090101") as joining:
            await to_the_queue(joining)
            await said(joining.voice, opening(P.SURGE_JOIN))
            await joining.press("5")
            await joining.wait(30)
            hears_in_order(
                joining.voice.heard(), *(prompt(p) for p in (P.SURGE_WATER, P.SURGE_JOINED))
            )
        assert seats["8001"].calls == {}  # nobody was kept from other callers
        async with hotline.citizen("13800090102") as other:
            await to_the_queue(other)
            await seats["8001"].talking(60)
            hears_in_order(other.voice.heard(), prompt(P.SURGE_WATER), prompt(P.SURGE_JOIN))
            await other.hang_up()
    assert (await hotline.record("13800090101"))["outcome"] == "registered"
    assert (await hotline.record("13800090102"))["outcome"] == "answered"
    [surge] = (await hotline.get("/api/v1/surges"))["items"]
    assert (surge["notice"], surge["joined"], surge["master"]) == (made, 1, master)

    token = await of_the_company(hotline)
    await act(hotline, master, token, action="sign")
    await act(hotline, master, token, action="reply", text="水管已修复")
    await act(hotline, master, token, action="report_back", result="水管已修复")
    await act(hotline, master, action="review", passed=True)

    async def texted() -> bool:
        file = hotline.home / "sms.jsonl"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return any("水管已修复" in line and "13800090101" in line for line in lines)

    await eventually(texted, "the text message", 30)
    client = await hotline.http()
    async with client.post(f"/api/v1/notices/{made}/announce/stop") as answer:
        assert answer.status == 204
    assert (await hotline.get("/api/v1/surges"))["items"] == []


async def told(console: Any) -> dict[str, Any]:
    """What the agents' screens are told of the event."""
    async with asyncio.timeout(10):
        while True:
            message = json.loads((await console.receive()).data)
            if message.get("surges"):
                return dict(message["surges"][0])
