"""Citizens who dial an old number: recognised, told, led on, counted, never lost (T2, T3)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ivr.demo.crowd import Crowd
from ivr.numerals import digits
from ivr.prompts import Language, P
from tests import tools
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.listening import opening, said
from tests.sound import RATE, find, hears_in_order, prompt
from ticketing.domain.lines import LineKind
from ticketing.policies.loader import load_pack

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
MERGED = tuple(
    line.number for line in load_pack("xianning-2019").lines.numbers if line.kind is LineKind.MERGED
)
UNCONDITIONAL = ";reason=unconditional"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    never = "00:00-00:00"
    async with Hotline(HOTLINE_CITY="xianning", HOTLINE_NIGHT_HOURS=never) as running:
        yield running


def merged(number: str, language: Language = Language.ZH) -> list[Any]:
    """What is heard of an old number, piece by piece, and after it."""
    pieces = (P.LINE_BEFORE, *digits(number), P.LINE_AFTER)
    return [*(prompt(piece, language) for piece in pieces)]


async def lines(hotline: Hotline) -> dict[str, int]:
    """The calls of each line in the last 30 days."""
    answer = await hotline.get("/api/v1/lines")
    return {item["number"]: item["calls"] for item in answer["items"]}


@pytest.mark.parametrize(
    ("caller", "dialled", "headers", "kept"),
    [
        ("11", "12345", [("Diversion", f"<sip:12333@carrier>{UNCONDITIONAL}")], ("12333",) * 3),
        # several: the newest first, each in a header of its own
        (
            "12",
            "12345",
            [
                ("Diversion", f"<sip:12333@carrier>{UNCONDITIONAL}"),
                ("Diversion", '"Office, 3" <tel:+86-715-8120000>;reason=no-answer'),
            ],
            ("12333", "7158120000", "12333"),
        ),
        (
            "13",
            "12345",
            [("Diversion", "<sip:12329@c>,<sip:+867158126141@c>"), ("History-Info", "<sip:110@c>")],
            ("8126141", "7158126141", "8126141"),
        ),
        (
            "14",
            "12345",
            [
                ("History-Info", "<sip:0715-12369@c?Reason=SIP%3Bcause%3D302>;index=1"),
                ("History-Info", "<sip:12345@c>;index=1.1;mp=1"),
            ],
            ("12369", "071512369", "12369"),
        ),
        ("15", "12350", [], ("12350", "12350", None)),
        ("16", "+8671512350", [], ("12350", "71512350", None)),
        ("17", "12345", [("Diversion", "<sip:13900000000@c>")], ("12345", *("13900000000",) * 2)),
        ("18", "12345", [("Diversion", "<sip:anonymous@c>")], ("12345", "12345", None)),
        ("19", "12345", [], ("12345", "12345", None)),
    ],
)
async def test_the_number_that_was_dialled_is_kept(
    hotline: Hotline,
    caller: str,
    dialled: str,
    headers: list[tuple[str, str]],
    kept: tuple[str, str, str | None],
) -> None:
    number = f"138000004{caller}"
    async with hotline.citizen(number, dialled=dialled, headers=headers) as citizen:
        await citizen.answered()
        await citizen.hang_up()
    record = await hotline.record(number)
    assert (record["line"], record["dialled"], record["forwarded_from"]) == kept


@pytest.mark.parametrize(
    ("caller", "key", "language"),
    [("13800000431", "1", Language.ZH), ("13800000432", "2", Language.KO)],
)
async def test_the_caller_hears_that_the_number_was_merged(
    hotline: Hotline, caller: str, key: str, language: Language
) -> None:
    headers = [("Diversion", "<sip:8126141@c>"), ("Diversion", "<sip:12333@c>")]
    async with hotline.citizen(caller, headers=headers) as citizen:
        await citizen.answered()
        await citizen.voice.hears_sound()
        await citizen.press(key)
        await said(citizen.voice, opening(P.RECORDED_NOTICE, language))
        await citizen.hang_up()
        heard = citizen.voice.heard()
    notice = prompt(P.RECORDED_NOTICE, language)[: RATE * 3 // 2]
    hears_in_order(heard, *merged("12333", language), notice)


async def test_who_dialled_12345_hears_nothing_of_it(hotline: Hotline) -> None:
    async with hotline.citizen("13800000433") as citizen:
        await citizen.answered()
        await citizen.voice.hears_sound()
        await citizen.press("1")
        await said(citizen.voice, opening(P.RECORDED_NOTICE))
        await citizen.hang_up()
        heard = citizen.voice.heard()
    assert find(heard, prompt(P.LINE_AFTER)) is None


async def test_the_number_goes_into_the_order_and_the_urgent_line_goes_first(
    hotline: Hotline,
) -> None:
    """Two wait, the second from 110 (X1): it is served first, and its order has its number.

    The number under which the police know the matter stays with the call.
    """
    ordinary = hotline.citizen("13800000441", headers=[("Diversion", "<sip:12333@c>")])
    case = "J 2026/1122-0017 号"
    headers = [("Diversion", "<sip:110@police>"), ("X-Case-Number", case)]
    urgent = hotline.citizen("13800000442", headers=headers)

    async def waiting() -> list[str]:
        queues = (await hotline.get("/api/v1/queues"))["items"]
        return [entry["call"] for queue in queues for entry in queue["waiting"]]

    async with ordinary, urgent:
        await to_the_queue(ordinary)
        (first,) = await eventually(waiting, "a caller who waits", 30)
        await to_the_queue(urgent)

        async def both() -> list[str]:
            calls = await waiting()
            return calls if len(calls) == 2 else []

        before, after = await eventually(both, "two callers who wait", 30)
        assert after == first
        assert await order(hotline, before) == "110"
        assert await order(hotline, first) == "12333"
        await ordinary.hang_up()
        await urgent.hang_up()
    record = await hotline.record("13800000441")
    assert (record["line"], record["queue"]) == ("12333", "reception")
    assert await order(hotline, str(record["id"])) == "12333"
    assert (await hotline.record("13800000442"))["case_number"] == case


async def order(hotline: Hotline, call: str) -> str:
    """Take in a matter of a call; the number that its order has."""
    client = await hotline.http()
    body = {"content": "拖欠工资两个月", "call": call}
    async with client.post("/api/v1/orders", json=body) as answer:
        assert answer.ok, await answer.text()
        return str((await answer.json())["dialled"])


async def test_the_number_stays_when_a_seat_transfers_the_caller(hotline: Hotline) -> None:
    """Nor is it told a second time."""
    headers = [("Diversion", "<sip:12333@c>")]
    async with (
        hotline.seats("8001") as seats,
        hotline.citizen("13800000451", headers=headers) as citizen,
    ):
        await to_the_queue(citizen)
        await seats["8001"].talking(timeout=30)
        await said(citizen.voice, P.AGENT_AFTER)  # before it there is nothing to transfer
        transferred = citizen.voice.heard_seconds
        await seats["8001"].transfer("12345")
        await seats["8001"].idle(30)
        await said(citizen.voice, opening(P.GREETING), since=transferred)
        await citizen.press("1")
        await said(citizen.voice, opening(P.RECORDED_NOTICE))
        await citizen.press("1")
        await seats["8001"].talking(timeout=40)
        await citizen.hang_up()
        heard = citizen.voice.heard(transferred)
    assert find(heard, prompt(P.LINE_AFTER)) is None
    record = await hotline.record("13800000451")
    assert (record["line"], record["dialled"], record["seat"]) == ("12333", "12333", "8001")


async def test_a_thousand_forwarded_calls_are_all_attributed(hotline: Hotline) -> None:
    before = Counter(await lines(hotline))
    sipp = tools.phone("sipp")
    crowd = Crowd(
        sipp.argv,
        calls=1000,
        rate=40,
        target=f"127.0.0.1:{hotline.sip_port}",
        caller="13800000460",
        forwarded=MERGED,
        talk=0.2,
        env=sipp.env,
    )
    result = await crowd.run(120)
    assert (result.made, result.succeeded) == (1000, 1000), result.errors
    wanted = Counter({number: len(range(n, 1000, 23)) for n, number in enumerate(MERGED)})

    async def counted() -> bool:
        return (Counter(await lines(hotline)) - before).total() >= 1000

    await eventually(counted, "a thousand records", 30)
    assert Counter(await lines(hotline)) - before == wanted
    answer = await hotline.get("/api/v1/lines")
    assert answer["others"] == 0
    shown = json.loads(await hotline.cli("lines", "--json"))
    assert {x["number"]: x["calls"] for x in shown["items"]} == await lines(hotline)
    plain = await hotline.cli("lines")
    assert "12333（市人社局）的双轨期已于 2020-01-11 结束" in plain
