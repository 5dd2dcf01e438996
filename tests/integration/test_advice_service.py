"""What an order repeats, by telephone number or by name and address (W10); lists of a county."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.integration.order_desk import DISPATCHER, START, Desk, write_units
from ticketing.domain import actions as do
from ticketing.domain.matters import Citizen
from ticketing.domain.repeats import SameBy
from ticketing.domain.units import Level, Unit, UnitKind
from ticketing.service.advice import Advice
from ticketing.store.database import Database
from ticketing.store.orders import Filters, Sort

NAMED = Citizen(name="王芳", address="解放路 5 号")
TEXT = "解放路五号楼下路灯连续多日不亮，夜里看不清路"


class Still:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture
async def desk(database: Database, clock: Still) -> Desk:
    return await Desk(database, clock).open()


async def told(desk: Desk, clock: Callable[[], datetime], citizen: Citizen, **more: str) -> str:
    """A matter that is taken in and classified."""
    number = (await desk.receive(TEXT, citizen=citizen)).number
    await desk.classify(number, **more)
    return number


async def earlier(desk: Desk, clock: Still, number: str) -> list[tuple[str, SameBy]]:
    advice = Advice(desk.database, desk.orders, desk.worlds, clock)
    found = await advice.repeats(DISPATCHER, number)
    return [] if found is None else [(match.order, match.same_by) for match in found.earlier]


async def test_a_citizen_without_a_number_is_known_by_name_and_address(
    desk: Desk, clock: Still
) -> None:
    first = await told(desk, clock, NAMED)
    await told(desk, clock, Citizen(name="王芳", address="人民路 9 号"))
    await told(desk, clock, Citizen(name="李强", address=NAMED.address))
    await told(desk, clock, NAMED, category="07.01")
    clock.now += timedelta(days=3)
    again = await told(desk, clock, NAMED)
    assert await earlier(desk, clock, again) == [(first, SameBy.NAME_AND_ADDRESS)]


async def test_both_ways_are_looked_at_and_each_order_is_named_once(
    desk: Desk, clock: Still
) -> None:
    known = Citizen(name="王芳", phone="13812345678", address=NAMED.address)
    by_both = await told(desk, clock, known)
    clock.now += timedelta(days=1)
    by_name = await told(desk, clock, Citizen(name="王芳", address="解放路5号"))
    clock.now += timedelta(days=1)
    by_phone = await told(desk, clock, Citizen(name="王女士", phone="13812345678"))
    clock.now += timedelta(days=1)
    again = await told(desk, clock, known)
    assert dict(await earlier(desk, clock, again)) == {
        by_both: SameBy.PHONE,
        by_name: SameBy.NAME_AND_ADDRESS,
        by_phone: SameBy.PHONE,
    }


async def test_who_is_not_named_repeats_nothing(desk: Desk, clock: Still) -> None:
    await told(desk, clock, Citizen())
    clock.now += timedelta(days=1)
    assert await earlier(desk, clock, await told(desk, clock, Citizen())) == []


COUNTY = (
    Unit("city", "市热线办", UnitKind.CENTRE, Level.CITY, None, "99"),
    Unit("river", "河县热线办", UnitKind.CENTRE, Level.COUNTY, "city", "9901"),
    Unit("river.town", "河镇", UnitKind.TOWN, Level.TOWN, "river", "990101"),
    Unit("river.village", "河村", UnitKind.VILLAGE, Level.VILLAGE, "river.town", "77"),
    Unit("hill", "山县热线办", UnitKind.CENTRE, Level.COUNTY, "city", "9902"),
    Unit("housing", "住建局", UnitKind.DEPARTMENT, Level.CITY, "city"),
)


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("words", ["", "路灯"])
async def test_a_countys_orders_are_those_of_its_towns_too(
    database: Database, clock: Still, sort: Sort, words: str
) -> None:
    """N1: districts lie in each other as the units do that are responsible for them."""
    desk = Desk(database, clock)
    await write_units(database, COUNTY)
    of: dict[str, str] = {}
    for place in ("9901", "990101", "77", "9902", "nowhere"):
        clock.now += timedelta(minutes=1)
        of[place] = (await desk.receive("路灯不亮")).number
        await desk.classify(of[place], district=place)
        await desk.orders.act(DISPATCHER, of[place], do.Dispatch(unit="housing"))

    async def found(code: str) -> set[str]:
        filters = Filters(districts=(code,), words=words)
        page = await desk.orders.page(DISPATCHER, filters, sort=sort)
        numbers = [row.number for row in page.items]
        assert len(set(numbers)) == len(numbers)
        return set(numbers)

    assert await found("9901") == {of["9901"], of["990101"], of["77"]}
    assert await found("990101") == {of["990101"], of["77"]}
    assert await found("9902") == {of["9902"]}
    assert await found("nowhere") == {of["nowhere"]}, "a code that no unit has"
    assert await found("99") == set(of.values()) - {of["nowhere"]}
