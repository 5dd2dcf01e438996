"""An urgent order is told by telephone: the next is rung, a key takes it over, or the leader hears
of it (H4)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from ivr.demo.outside import BUSY, RINGS, Manner, Outside
from ivr.numerals import digits
from ivr.prompts import P
from tests.e2e.hotline import Hotline, eventually
from tests.e2e.listening import opening, said
from tests.sound import find, hears_in_order, prompt

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
UNIT = {"name": "市住建局", "kind": "department", "level": "city", "parent": "centre"}
SINCE = "2020-01-01"
TAKES = Manner(keys="1", keys_after=2.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside() -> AsyncIterator[Outside]:
    async with Outside() as people:
        yield people


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(outside: Outside) -> AsyncIterator[Hotline]:
    async with Hotline(HOTLINE_TRUNK_OUT=outside.address) as running:
        yield running


async def post(hotline: Hotline, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """POST as ``admin``; the decoded answer."""
    client = await hotline.http()
    async with client.post(path, json=body) as answer:
        assert answer.ok, (path, answer.status, await answer.text())
        return dict(await answer.json())


async def on_duty(hotline: Hotline, unit: str, *phones: str) -> None:
    """Write the persons on duty, in this order."""
    for rank, phone in enumerate(phones, 1):
        row = {"unit": unit, "person": f"{unit}{rank}", "phone": phone, "since": SINCE}
        await post(hotline, "/api/v1/duties", {**row, "rank": rank})


async def urgent(hotline: Hotline, unit: str, *phones: str) -> str:
    """An urgent order that waits for the signature of a unit with these people on duty."""
    await post(hotline, "/api/v1/units", {**UNIT, "id": unit})
    await on_duty(hotline, unit, *phones)
    number = str((await post(hotline, "/api/v1/orders", {"content": "主干道塌陷"}))["number"])
    for action in (
        {
            "action": "classify",
            "type": "emergency",
            "category": "01",
            "district": "990100",
            "urgency": "critical",
        },
        {"action": "dispatch", "unit": unit},
    ):
        await post(hotline, f"/api/v1/orders/{number}/actions", {"do": action})
    return number


async def over(hotline: Hotline, number: str, timeout: float = 90) -> dict[str, Any]:
    """What became of the cascade, once it is over."""

    async def look() -> dict[str, Any] | None:
        found = await hotline.get(f"/api/v1/orders/{number}/dispatch-call")
        return dict(found) if found["ended_at"] else None

    ended: dict[str, Any] = await eventually(look, f"the end of the cascade of {number}", timeout)
    return ended


def outcomes(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(ring["phone"], ring["outcome"]) for ring in told["rings"]]


async def test_the_second_takes_it_over_when_the_first_does_not_answer(
    hotline: Hotline, outside: Outside
) -> None:
    first, second = "13800070001", "13800070002"
    outside[first], outside[second] = RINGS, TAKES
    number = await urgent(hotline, "roads", first, second)
    client = await hotline.http()
    async with client.ws_connect("/api/v1/events") as socket:
        begun = await post(hotline, f"/api/v1/orders/{number}/dispatch-call")
        assert (begun["stage"], begun["rings"]) == ("unit", [])
        call = await outside.called(second, timeout=60)
        told = await over(hotline, number)
        news = set()
        while True:
            message = json.loads((await socket.receive(5)).data)
            news |= set(message.get("dispatch_calls", ()))
            if number in news:
                break
    assert (told["stage"], told["accepted_by"]) == ("accepted", "roads2")
    assert outcomes(told) == [(first, "no_answer"), (second, "accepted")]
    assert len(outside.to(first)) == len(outside.to(second)) == 1
    order = await hotline.get(f"/api/v1/orders/{number}")
    assert order["state"] == "signed"
    history = (await hotline.get(f"/api/v1/orders/{number}/history"))["items"]
    (taken,) = [step for step in history if step["action"] == "accept_dispatch"]
    assert taken["details"]["person"] == "roads2"
    accepted, ended = (datetime.fromisoformat(at) for at in (taken["at"], told["ended_at"]))
    assert abs(accepted - ended) < timedelta(seconds=5), "one moment, in one unit of work"
    await call.ended()
    assert call.shown == "12345"
    assert find(call.voice.heard(), prompt(P.DISPATCH_ACCEPTED)) is not None


async def test_the_order_is_told_whole_and_again_on_demand(
    hotline: Hotline, outside: Outside
) -> None:
    phone = "13800070011"
    outside[phone] = Manner()
    number = await urgent(hotline, "sewers", phone)
    await post(hotline, f"/api/v1/orders/{number}/dispatch-call")
    call = await outside.called(phone)
    await call.answered()
    pieces = [P.DISPATCH_NUMBER_BEFORE, *digits(number), P.DISPATCH_EMERGENCY, P.DISPATCH_CRITICAL]
    await said(call.voice, P.DISPATCH_ACCEPT, timeout=60)
    hears_in_order(call.voice.heard(), *(prompt(each) for each in (P.DISPATCH_GREETING, *pieces)))
    before = call.voice.heard_seconds
    await call.press("3")
    await said(call.voice, P.DISPATCH_ACCEPT, since=before, timeout=60)
    await call.press("2")

    async def declined() -> bool:
        rings = await hotline.get(f"/api/v1/orders/{number}/dispatch-call")
        return outcomes(rings)[:1] == [(phone, "declined")]

    await eventually(declined, "an answer that is kept")
    assert (await hotline.get(f"/api/v1/orders/{number}"))["state"] == "dispatched"


async def test_nobody_answers_and_the_shift_leader_hears_of_it(
    hotline: Hotline, outside: Outside
) -> None:
    busy, leader = "13800070021", "13800070022"
    outside[busy], outside[leader] = BUSY, TAKES
    number = await urgent(hotline, "bridges", busy)
    await on_duty(hotline, "centre", leader)
    await post(hotline, f"/api/v1/orders/{number}/dispatch-call")
    told = await over(hotline, number)
    assert outcomes(told) == [(busy, "busy"), (busy, "busy"), (leader, "accepted")]
    assert (told["stage"], told["accepted_by"]) == ("leader_told", "centre1")
    assert (await hotline.get(f"/api/v1/orders/{number}"))["state"] == "dispatched"
    inbox = (await hotline.get("/api/v1/inbox"))["items"]
    assert ("dispatch_unanswered", number) in [(one["what"], one["number"]) for one in inbox]
    call = outside.to(leader)[-1]
    # the key cuts the rest off
    assert find(call.voice.heard(), opening(P.DISPATCH_LEADER)) is not None


async def test_a_controller_that_dies_rings_nobody_twice(
    hotline: Hotline, outside: Outside
) -> None:
    first, second = "13800070031", "13800070032"
    outside[first], outside[second] = RINGS, TAKES
    number = await urgent(hotline, "lamps", first, second)
    await post(hotline, f"/api/v1/orders/{number}/dispatch-call")
    await outside.called(first)
    hotline.kill("controller")
    await hotline.healthy(90)
    told = await over(hotline, number)
    assert told["accepted_by"] == "lamps2"
    assert [phone for phone, _ in outcomes(told)] == [first, second]
    assert len(outside.to(first)) == len(outside.to(second)) == 1
