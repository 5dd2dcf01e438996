"""A citizen asks by telephone where a work order is: key 2, its number, the answer (W8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from ivr.demo.sipp import Citizen
from ivr.numerals import digits
from ivr.prompts import Language, P
from tests.e2e.hotline import Hotline, to_the_queue
from tests.e2e.listening import opening, said
from tests.sound import hears_in_order, prompt

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
UNIT = {
    "id": "housing",
    "name": "市住建局",
    "kind": "department",
    "level": "city",
    "parent": "centre",
}
CLASSIFIED = {"action": "classify", "type": "complaint", "category": "light", "district": "east"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline() as running:
        yield running


async def post(hotline: Hotline, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST as ``admin``; the decoded answer."""
    client = await hotline.http()
    async with client.post(path, json=body) as answer:
        assert answer.ok, (path, answer.status, await answer.text())
        return dict(await answer.json())


async def receive(hotline: Hotline) -> str:
    """A matter is taken in; the number of its order."""
    body = {"content": "小区门口的路灯坏了三天", "citizen": {"name": "王小明"}}
    return str((await post(hotline, "/api/v1/orders", body))["number"])


async def act(hotline: Hotline, number: str, **action: Any) -> str:
    """Do something to an order; the state it is in then."""
    answer = await post(hotline, f"/api/v1/orders/{number}/actions", {"do": action})
    return str(answer["state"])


async def ask(citizen: Citizen, keys: str, state: P, language: Language) -> None:
    """Press ``keys`` and wait until ``state`` was heard after that."""
    before = citizen.voice.heard_seconds
    await citizen.press(keys)
    await said(citizen.voice, opening(state, language), since=before, timeout=40)


def told(number: str, state: P, language: Language) -> list[np.ndarray]:
    """The whole answer, piece by piece."""
    pieces = (P.PROGRESS_BEFORE, *digits(number), P.PROGRESS_AFTER)
    return [*(prompt(piece, language) for piece in pieces), opening(state, language)]


async def test_the_state_of_an_order_is_told_as_it_is_now(hotline: Hotline) -> None:
    await post(hotline, "/api/v1/units", UNIT)
    number = await receive(hotline)
    async with hotline.citizen("13800000101") as citizen:
        await to_the_queue(citizen, language="1", key="2")
        await ask(citizen, f"{number}#", P.PROGRESS_IN_HAND, Language.ZH)
        assert await act(hotline, number, **CLASSIFIED) == "classified"
        assert await act(hotline, number, action="dispatch", unit="housing") == "dispatched"
        await ask(citizen, f"2{number}#", P.PROGRESS_DISPATCHED, Language.ZH)
        await citizen.hang_up()
        heard = citizen.voice.heard()
    hears_in_order(
        heard,
        *told(number, P.PROGRESS_IN_HAND, Language.ZH),
        *told(number, P.PROGRESS_DISPATCHED, Language.ZH),
    )
    record = await hotline.record("13800000101")
    assert (record["outcome"], record["menu"]) == ("abandoned_in_menu", "1>2>2")


async def test_the_state_is_told_in_korean_and_leads_back_to_the_menu(hotline: Hotline) -> None:
    number = await receive(hotline)
    assert await act(hotline, number, action="withdraw", why="来电人撤回") == "withdrawn"
    async with hotline.citizen("13800000102") as citizen:
        await to_the_queue(citizen, language="2", key="2")
        await ask(citizen, f"{number}#", P.PROGRESS_WITHDRAWN, Language.KO)
        await ask(citizen, "0", P.NO_AGENTS, Language.KO)
        await citizen.hang_up()
        heard = citizen.voice.heard()
    hears_in_order(heard, *told(number, P.PROGRESS_WITHDRAWN, Language.KO))
    record = await hotline.record("13800000102")
    assert (record["language"], record["menu"]) == ("ko", "2>2>0")
