"""Does it answer? Probe calls to real phones outside, with their evidence (T3, T8)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from ivr.demo.outside import BUSY, Manner, Outside
from ivr.demo.sipp import Citizen
from ivr.probing import Probing
from ivr.prompts import P
from tests.e2e.gate import gate
from tests.e2e.hotline import Hotline, eventually
from tests.sound import find, prompt
from ticketing.domain.contacts import Contact, ContactRole
from ticketing.domain.errors import UnitNotFound
from ticketing.domain.roles import OPERATOR
from ticketing.domain.units import Level, Unit, UnitKind
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.probes import Probes
from ticketing.service.worlds import SqlWorlds
from ticketing.store import units
from ticketing.store.database import Database

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
LINE, MOBILE, FORWARDED = "2512345", "13800002222", "12333"
ZONE = ZoneInfo("Asia/Shanghai")
SINCE = date(2019, 11, 4)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside() -> AsyncIterator[Outside]:
    async with Outside() as people:
        yield people


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(outside: Outside) -> AsyncIterator[Hotline]:
    async with Hotline(HOTLINE_TRUNK_OUT=outside.address) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(hotline: Hotline) -> AsyncIterator[Database]:
    """The hotline's own, with a unit whose contacts must answer."""
    found = Database(f"sqlite+aiosqlite:///{hotline.home / 'hotline.sqlite3'}")
    async with found.session() as session:
        try:
            root = (await units.tree(session)).root.id
        except UnitNotFound:
            root = "city"
            await units.add(session, Unit(root, "市热线办", UnitKind.CENTRE, Level.CITY, None))
        await units.add(session, Unit("water", "水务局", UnitKind.DEPARTMENT, Level.CITY, root))
        for role, phone in ((ContactRole.LIAISON, f"0433-{LINE}"), (ContactRole.ON_CALL, MOBILE)):
            await units.add_entry(session, Contact("water", "王芳", role, phone, SINCE))
    yield found
    await found.close()


async def probe(hotline: Hotline, number: str) -> Any:
    client = await hotline.http()
    async with client.post("/api/v1/probes", json={"number": number}) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_a_line_that_answers_hears_why_and_is_recorded(
    hotline: Hotline, outside: Outside, database: Database
) -> None:
    outside[LINE] = Manner(after=1.0, hz=700)
    made = await probe(hotline, LINE)
    assert (made["outcome"], made["unit"], made["kind"]) == ("answered", "water", "liaison")
    assert 0.8 < made["rang"] < 5
    call = await outside.called(LINE)
    await call.ended(20)
    assert find(call.voice.heard(), prompt(P.PROBE_NOTICE)) is not None
    recording = hotline.home / "recordings" / made["recording"]
    assert recording.stat().st_size > 16_000
    assert LINE in await hotline.cli("probes")


async def test_who_does_not_answer_is_told_of_after_the_last_attempt(
    hotline: Hotline, outside: Outside, database: Database
) -> None:
    outside[MOBILE] = BUSY
    made = [await probe(hotline, MOBILE) for _ in range(3)]
    assert [each["outcome"] for each in made] == ["busy"] * 3
    assert [each["attempt"] for each in made] == [1, 2, 3]
    assert [each["unanswered"] for each in made] == [False, False, True]
    found = (await hotline.get("/api/v1/probes", unanswered="true"))["items"]
    assert [each["id"] for each in found] == [made[-1]["id"]]
    told = (await hotline.get("/api/v1/inbox"))["items"]
    assert [each["number"] for each in told if each["what"] == "probe_unanswered"] == [MOBILE]
    assert len(outside.to(MOBILE)) == 3


async def test_only_what_must_answer_is_tried(hotline: Hotline, database: Database) -> None:
    client = await hotline.http()
    for number in ("13899998888", "110", "12345"):
        async with client.post("/api/v1/probes", json={"number": number}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (
                404,
                "probe_target_not_found",
            )


@pytest.mark.parametrize("comes_back", [True, False])
async def test_a_forwarded_number_leads_back_to_us_or_not(
    hotline: Hotline, outside: Outside, database: Database, comes_back: bool
) -> None:
    """In the days of the dual track; the carrier is played by a citizen of the test (T3)."""
    outside[FORWARDED] = Manner()
    day = datetime(2020, 1, 7 if comes_back else 8, 2, tzinfo=UTC)
    worlds = SqlWorlds(database, load_packs(), load_calendar(), ZONE, city="yanji")
    async with gate(hotline) as outward:
        probes = Probes(database, worlds, b"test", lambda: day)
        probing = Probing(probes, outward, outward._board, open=True)
        before = len(outside.to(FORWARDED))
        trying = asyncio.create_task(probing.now(OPERATOR, FORWARDED))
        call = await outside.called(FORWARDED, before + 1)
        if comes_back:
            async with carrier(hotline) as forwarded:
                await forwarded.answered()
                made = await trying
                await forwarded.hang_up()
        else:
            made = await trying
        await call.ended(20)
    assert made.came_back is comes_back
    assert made.outcome == ("answered" if comes_back else "not_forwarded")


def carrier(hotline: Hotline) -> Citizen:
    """The call that the carrier sends on to us."""
    return hotline.citizen("12345")


async def test_nothing_is_left(hotline: Hotline) -> None:
    async with gate(hotline) as outward:

        async def look() -> bool:
            return not await outward._ami.listing("CoreShowChannels")

        await eventually(look, "an empty switchboard", 20)
