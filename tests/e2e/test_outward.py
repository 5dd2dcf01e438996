"""Calls out of the house: placed through the one gate, heard outside, counted and written down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.ami import OriginateOutcome
from ivr.demo.outside import BUSY, REFUSES, RINGS, Manner, Outside, OutsideCall
from ivr.demo.sound import RATE, has_tone
from ivr.outward import Outward
from tests.e2e.gate import gate
from tests.e2e.hotline import Hotline, eventually
from ticketing.domain.errors import NumberNotAllowed, OutboundLimit
from ticketing.domain.outbound import Outbound, Purpose
from ticketing.store import audit
from ticketing.store.database import Database

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
EXPERT, OTHER = "13800001111", "2512345"
EXPERT_HZ, OTHER_HZ = 700, 900


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside() -> AsyncIterator[Outside]:
    async with Outside() as people:
        yield people


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(outside: Outside) -> AsyncIterator[Hotline]:
    async with Hotline(HOTLINE_TRUNK_OUT=outside.address) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outward(hotline: Hotline) -> AsyncIterator[Outward]:
    async with gate(hotline) as one:
        yield one


async def ring(outward: Outward, number: str, **how: float) -> OriginateOutcome:
    placed = await outward.place(
        None,
        number,
        purpose=Purpose.PROBE,
        ref="test",
        application=("Playback", "hotline/greeting"),
        **how,  # type: ignore[arg-type]
    )
    return placed.outcome


async def deeds(hotline: Hotline) -> tuple[audit.AuditEntry, ...]:
    """The audit log."""
    database = Database(f"sqlite+aiosqlite:///{hotline.home / 'hotline.sqlite3'}")
    try:
        async with database.reading() as session:
            return await audit.latest(session)
    finally:
        await database.close()


async def test_a_call_out_is_answered_heard_and_written_down(
    hotline: Hotline, outside: Outside, outward: Outward
) -> None:
    outside[EXPERT] = Manner(hz=EXPERT_HZ, after=0.3)
    assert await ring(outward, "+86 138-0000-1111") is OriginateOutcome.ANSWERED
    call = await outside.called(EXPERT)
    await call.answered()
    assert call.shown == "12345"
    await call.voice.hears_sound()
    assert outward.going_on() == 1
    await call.ended(30)  # the greeting is over, and so is the call
    assert call.voice.heard_seconds > 1

    async def look() -> bool:
        rows = (await hotline.get("/api/v1/outward-calls", purpose="probe"))["items"]
        [row] = [each for each in rows if each["number"] == EXPERT]
        return bool(row["outcome"] == "answered" and row["seconds"] > 1)

    await eventually(look, "the end of the call in the table")
    assert outward.going_on() == 0
    written = [entry for entry in await deeds(hotline) if entry.action == "outward.probe"]
    assert [(entry.actor, entry.target) for entry in written] == [("system", "138****1111")]


@pytest.mark.parametrize(
    ("manner", "outcome"),
    [
        (BUSY, OriginateOutcome.BUSY),
        (REFUSES, OriginateOutcome.REFUSED),
        (RINGS, OriginateOutcome.NO_ANSWER),
        (Manner(status=503), OriginateOutcome.CONGESTION),
    ],
)
async def test_how_a_call_out_can_fail(
    outside: Outside, outward: Outward, manner: Manner, outcome: OriginateOutcome
) -> None:
    outside[OTHER] = manner
    before = len(outside.to(OTHER))
    assert await ring(outward, OTHER, ring_for=1.0) is outcome
    call = await outside.called(OTHER, before + 1)
    await call.ended()
    assert call.answered_at is None


async def test_keys_pressed_outside_are_heard(outside: Outside, outward: Outward) -> None:
    outside[OTHER] = Manner(keys="5")
    before = len(outside.to(OTHER))
    placed = await outward.place(
        None, OTHER, purpose=Purpose.DISPATCH, ref="test", application=("Read", "KEY,,1,,1,5")
    )
    assert placed.answered
    call = await outside.called(OTHER, before + 1)
    await call.ended(4)  # Read has its key long before its own five seconds are over


async def test_what_the_plan_does_not_let_out_never_leaves(
    outside: Outside, outward: Outward
) -> None:
    before = len(outside.calls)
    for number in ("008613800001111x", "0044207946000", "16812345", "13800001111&PJSIP/8001"):
        with pytest.raises(NumberNotAllowed):
            await ring(outward, number)
    assert len(outside.calls) == before


async def test_many_at_once_speak_and_hear(hotline: Hotline, outside: Outside) -> None:
    """Seventy-five pairs: each hears the other, and only the other."""
    pairs = [(f"139000{number:05}", f"139001{number:05}") for number in range(75)]
    for one, other in pairs:
        outside[one], outside[other] = Manner(hz=EXPERT_HZ), Manner(hz=OTHER_HZ)
    async with gate(hotline, Outbound(concurrent=150)) as outward:

        async def connect(one: str, other: str) -> tuple[OutsideCall, OutsideCall]:
            async with outward.permit(None, other, purpose=Purpose.EXPERT, ref="test") as channel:
                placed = await outward.place(
                    None,
                    one,
                    purpose=Purpose.EXPERT,
                    ref="test",
                    application=("Dial", f"{channel},30"),
                )
                assert placed.answered, (one, placed)
                return await outside.called(one), await outside.called(other)

        calls = await asyncio.gather(*(connect(*pair) for pair in pairs))
        await asyncio.gather(
            *(first.hears(OTHER_HZ, timeout=30) for first, _ in calls),
            *(second.hears(EXPERT_HZ, timeout=30) for _, second in calls),
        )
        assert outward.going_on() == 150
        with pytest.raises(OutboundLimit):
            await ring(outward, "13900200000")
        await asyncio.gather(*(first.hang_up() for first, _ in calls))
        await asyncio.gather(*(second.ended() for _, second in calls))
    for first, second in calls:
        assert not has_tone(first.voice.heard(), RATE, EXPERT_HZ)
        assert not has_tone(second.voice.heard(), RATE, OTHER_HZ)
