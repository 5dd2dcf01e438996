"""The number plan over HTTP: the calls of each number day by day, what is due, and orders (T3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.api_world import Clock, World
from tests.integration.samples import record
from ticketing.domain.roles import Role
from ticketing.domain.units import Level, Unit, UnitKind
from ticketing.service.lines import Lines
from ticketing.store import calls, units
from ticketing.store.lines import counts

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)  # in the city


@pytest.fixture
async def agent(world: World) -> str:
    """A session of an agent of a city that has a centre."""
    async with world.database.session() as session:
        await units.add(session, Unit("city", "市热线办", UnitKind.CENTRE, Level.CITY, None))
    world.office_clock.now = NOON
    return await world.token(Role.AGENT)


async def save(world: World, *came: tuple[str, datetime]) -> None:
    made = [
        replace(record(number), line=line, dialled=line, forwarded_from=line, arrived_at=at)
        for number, (line, at) in enumerate(came)
    ]
    async with world.database.session() as session:
        await calls.save(session, made)


async def lines(world: World, token: str, **query: str) -> dict[str, Any]:
    status, answer = await world.call("GET", "/api/v1/lines", token, params=query)
    assert status == 200, answer
    return dict(answer)


def item(answer: dict[str, Any], number: str) -> dict[str, Any]:
    return next(each for each in answer["items"] if each["number"] == number)


async def test_the_calls_of_each_number_are_counted_by_local_days(world: World, agent: str) -> None:
    midnight = datetime(2026, 3, 1, 16, tzinfo=UTC)  # the 2nd of March begins in the city
    second = timedelta(seconds=1)
    await save(
        world,
        ("12333", midnight - second),
        ("12333", midnight),
        ("12333", midnight + timedelta(hours=23)),
        ("12345", midnight),
        ("12333", midnight - timedelta(days=30)),  # the last moment before the period
        ("12333", midnight - timedelta(days=29)),
        ("88880000", midnight),
    )
    answer = await lines(world, agent)
    assert (answer["since"], answer["until"]) == ("2026-02-01", "2026-03-02")
    assert (answer["calls"], answer["others"]) == (6, 1)
    assert answer["recognise"] == ["diversion", "history", "dialled"]
    old = item(answer, "12333")
    assert old["calls"] == 4
    assert old["days"] == [
        {"day": "2026-02-01", "calls": 1},
        {"day": "2026-03-01", "calls": 1},
        {"day": "2026-03-02", "calls": 2},
    ]
    assert (old["kind"], old["unit"], old["skill"]) == ("merged", "市人社局", "labour")
    assert item(answer, "12345")["days"] == [{"day": "2026-03-02", "calls": 1}]
    assert (item(answer, "12329")["calls"], item(answer, "12329")["days"]) == (0, [])


async def test_a_dual_track_that_is_over_is_alarmed(world: World, agent: str) -> None:
    alarm = item(await lines(world, agent), "12333")["alarm"]
    assert (alarm["kind"], alarm["last"]) == ("past", "2020-05-04")
    assert alarm["days"] == -2128
    assert "12333" in alarm["zh"]
    assert item(await lines(world, agent), "12345")["alarm"] is None
    world.office_clock.now = datetime(2020, 4, 20, tzinfo=UTC)
    assert item(await lines(world, agent), "12333")["alarm"]["kind"] == "due"


async def test_the_centre_is_told_once_of_what_is_due_and_once_of_what_is_past(
    world: World, agent: str
) -> None:
    clock = Clock(datetime(2020, 4, 3, 15, tzinfo=UTC))  # a month before, and a day
    lines = Lines(world.database, world.services.worlds, clock)

    async def told() -> list[tuple[str, str]]:
        status, page = await world.call("GET", "/api/v1/inbox", agent)
        assert status == 200, page
        return sorted({(each["number"], each["what"]) for each in page["items"]})

    assert await lines.remind() == 0
    assert await told() == []
    clock.turn(hours=2)  # the next day has begun in the city
    merged = ["12315", "12319", "12328", "12329", "12333", "12369"]
    assert await lines.remind() == len(merged)
    assert await told() == [(number, "dual_track_due") for number in merged]
    clock.turn(days=40)
    for _ in range(2):
        assert await lines.remind() == len(merged)
    _, page = await world.call("GET", "/api/v1/inbox", agent)
    assert len(page["items"]) == 2 * len(merged)
    assert ("12333", "dual_track_past") in await told()
    clock.now = datetime(2015, 1, 1, tzinfo=UTC)  # no pack is in force
    assert await lines.remind() == 0


@pytest.mark.parametrize(
    ("query", "period"),
    [
        ({"since": "2026-02-28", "until": "2026-03-01"}, ("2026-02-28", "2026-03-01")),
        ({"until": "2026-01-31"}, ("2026-01-02", "2026-01-31")),
        ({"since": "2026-03-01"}, ("2026-03-01", "2026-03-02")),
        ({"since": "2027-01-01"}, ("2027-01-01", "2027-01-01")),
        ({"since": "2019-01-01", "until": "2026-03-01"}, ("2025-03-01", "2026-03-01")),
    ],
)
async def test_a_period(
    world: World, agent: str, query: dict[str, str], period: tuple[str, str]
) -> None:
    await save(world, ("12333", datetime(2026, 2, 28, tzinfo=UTC)), ("12333", NOON))
    answer = await lines(world, agent, **query)
    assert (answer["since"], answer["until"]) == period
    inside = [day for day in ("2026-02-28", "2026-03-02") if period[0] <= day <= period[1]]
    assert [each["day"] for each in item(answer, "12333")["days"]] == inside
    assert answer["calls"] == len(inside)


@pytest.mark.parametrize(
    "query", [{"since": "2026-03-02", "until": "2026-03-01"}, {"since": "soon"}, {"days": "3"}]
)
async def test_a_period_that_is_none(world: World, agent: str, query: dict[str, str]) -> None:
    status, answer = await world.call("GET", "/api/v1/lines", agent, params=query)
    assert (status, answer["error"]) == (400, "bad_request")


async def test_units_do_not_see_the_hotlines_traffic(world: World, agent: str) -> None:
    handler = await world.token(Role.UNIT_HANDLER, unit="city")
    assert (await world.call("GET", "/api/v1/lines", handler))[0] == 403
    assert (await world.call("GET", "/api/v1/lines"))[0] == 401


async def test_days_without_number_are_counted_in_rounds(world: World) -> None:
    first = datetime(2025, 1, 1, tzinfo=UTC)
    days = [(first + timedelta(days=n)) for n in range(366)]
    await save(world, *(("12333", day) for day in days[::5]))
    async with world.database.reading() as session:
        found = await counts(session, [(day.date(), day, day + timedelta(days=1)) for day in days])
        assert await counts(session, []) == {}
    assert found == {"12333": {day.date(): 1 for day in days[::5]}}


# --- orders --------------------------------------------------------------------------------------
async def receive(world: World, token: str, **more: str) -> str:
    body = {"content": "工资拖欠两个月", **more}
    status, order = await world.call("POST", "/api/v1/orders", token, json=body)
    assert status == 201, order
    return str(order["dialled"])


async def test_an_order_keeps_the_number_that_was_dialled_in_its_call(
    world: World, agent: str
) -> None:
    await save(world, ("12333", NOON))
    over = record(0).id
    assert await receive(world, agent, call=over) == "12333"
    assert await receive(world, agent, call=over, dialled="12319") == "12319"
    assert await receive(world, agent, call="hotline-1.1") == ""
    assert await receive(world, agent) == ""


async def test_an_order_of_a_call_that_goes_on_keeps_it_too(world: World, agent: str) -> None:
    going_on = {"hotline-1.2": "12329"}
    object.__setattr__(world.services, "dialled", going_on.get)
    assert await receive(world, agent, call="hotline-1.2") == "12329"
    assert await receive(world, agent, call="hotline-1.3") == ""
