"""Units, contacts, categories, responsibilities and packs on real databases (N1, K4, I5)."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.api_world import Clock
from tests.integration.reference_samples import (
    AGENT,
    CITY,
    COUNTY_MANAGER,
    HANDLER,
    LEADER,
    MANAGER,
    STRANGER,
    TOWN,
    four_units,
)
from ticketing.domain.contacts import ChangeKind, Contact, ContactRole
from ticketing.domain.errors import (
    BadPeriod,
    BadUnitTree,
    CategoryExists,
    CategoryNotFound,
    GuardFailed,
    NoPolicy,
    NotYourUnit,
    ResponsibilityExists,
    RuleNotFound,
    UnitExists,
    UnitInactive,
    UnitNotFound,
)
from ticketing.domain.roles import Principal, Role
from ticketing.domain.routing import Responsibility
from ticketing.domain.units import Level, Unit, UnitKind
from ticketing.service.categories import Categories
from ticketing.service.policies import Policies
from ticketing.service.units import Units
from ticketing.store import audit
from ticketing.store import units as units_in_sql
from ticketing.store.categories import Category
from ticketing.store.database import Database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def units(database: Database, clock: Clock) -> Units:
    return await four_units(database, clock)


@pytest.fixture
async def categories(units: Units, database: Database, clock: Clock) -> Categories:
    return Categories(database, clock)


# --- units -------------------------------------------------------------------------------------


async def test_the_tree_is_written_down_from_the_top(units: Units) -> None:
    places = [(place.unit.id, place.depth) for place in await units.list()]
    assert places == [("city", 0), ("city.housing", 1), ("county", 1), ("county.town", 2)]
    assert [place.unit.id for place in await units.list("county")] == ["county", "county.town"]
    with pytest.raises(UnitNotFound):
        await units.list("nobody")


async def test_without_any_unit_the_list_is_empty_and_there_is_no_tree(database: Database) -> None:
    bare = Units(database)
    assert await bare.list() == ()
    with pytest.raises(UnitNotFound):
        await bare.tree()
    with pytest.raises(UnitNotFound):
        await bare.list("city")


async def test_a_deep_tree_is_no_trouble(database: Database) -> None:
    units = Units(database)
    await units.add(MANAGER, CITY)
    async with database.session() as session:
        above = "city"
        for number in range(1200):
            unit = Unit(f"u{number}", "单位", UnitKind.VILLAGE, Level.VILLAGE, above)
            await units_in_sql.add(session, unit)
            above = unit.id
    assert (await units.list())[-1].depth == 1200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"parent": "county.town"}, BadUnitTree),  # a circle
        ({"parent": "county"}, BadUnitTree),  # itself
        ({"parent": None}, BadUnitTree),  # a second root
        ({"parent": "nobody"}, BadUnitTree),
        ({"active": False}, UnitInactive),  # the town below it is active
    ],
)
async def test_what_would_break_the_tree_is_refused(
    units: Units, changes: dict[str, Any], error: type[Exception]
) -> None:
    before = await units.list()
    with pytest.raises(error):
        await units.change(MANAGER, "county", **changes)
    assert await units.list() == before


async def test_what_cannot_be_added_is_refused(units: Units) -> None:
    with pytest.raises(UnitExists):
        await units.add(MANAGER, TOWN)
    with pytest.raises(BadUnitTree):
        await units.add(MANAGER, Unit("other", "又一个", UnitKind.CENTRE, Level.CITY, None))
    with pytest.raises(BadUnitTree):
        await units.add(MANAGER, Unit("x", "无上级", UnitKind.VILLAGE, Level.VILLAGE, "nobody"))
    with pytest.raises(UnitInactive):
        await units.change(MANAGER, "city", active=False)


async def test_deactivated_from_below_and_activated_from_above(units: Units) -> None:
    await units.change(MANAGER, "county.town", active=False)
    assert (await units.change(MANAGER, "county", active=False)).active is False
    with pytest.raises(UnitInactive):
        await units.change(MANAGER, "county.town", active=True)


async def test_two_moves_that_make_a_circle_together_are_not_both_done(units: Units) -> None:
    """Each is right by itself: the town above the office, the office above the town."""
    await units.add(MANAGER, Unit("office", "街道", UnitKind.TOWN, Level.TOWN, "county"))
    results = await asyncio.gather(
        units.change(MANAGER, "county.town", parent="office"),
        units.change(MANAGER, "office", parent="county.town"),
        return_exceptions=True,
    )
    assert sum(isinstance(result, BadUnitTree) for result in results) == 1
    assert len(await units.tree()) == 5


async def test_of_two_first_units_one_becomes_the_root(database: Database) -> None:
    units = Units(database)
    other = Unit("other", "又一个", UnitKind.CENTRE, Level.CITY, None)
    results = await asyncio.gather(
        units.add(MANAGER, CITY), units.add(MANAGER, other), return_exceptions=True
    )
    assert sum(isinstance(result, BadUnitTree) for result in results) == 1
    assert len(await units.list()) == 1


async def test_a_countys_manager_changes_the_county_only(units: Units) -> None:
    village = Unit("county.town.v1", "一村", UnitKind.VILLAGE, Level.VILLAGE, "county.town")
    await units.add(COUNTY_MANAGER, village)
    await units.change(COUNTY_MANAGER, "county.town", short_name="镇")
    with pytest.raises(NotYourUnit):
        await units.change(COUNTY_MANAGER, "city.housing", name="别人的")
    with pytest.raises(NotYourUnit):
        await units.change(COUNTY_MANAGER, "county.town", parent="city")
    with pytest.raises(NotYourUnit):
        await units.add(
            COUNTY_MANAGER, Unit("z", "新", UnitKind.DEPARTMENT, Level.CITY, "city.housing")
        )


async def test_the_audit_log_tells_what_changed(units: Units, database: Database) -> None:
    await units.change(MANAGER, "city.housing", name="住房和城乡建设局")
    await units.change(MANAGER, "city.housing", name="住房和城乡建设局")  # nothing new
    async with database.reading() as session:
        entries = await audit.latest(session)
    assert [entry.action for entry in entries] == ["unit.change", *["unit.add"] * 4]
    assert entries[0].target == "city.housing"
    assert entries[0].detail == {"name": {"before": "住建局", "after": "住房和城乡建设局"}}


# --- contacts ----------------------------------------------------------------------------------

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def wang(**changes: Any) -> Contact:
    values: dict[str, Any] = {
        "unit": "city.housing",
        "person": "王芳",
        "role": ContactRole.ON_CALL,
        "phone": "13812345678",
        "since": MARCH,
    }
    return Contact(**{**values, **changes})


async def test_a_new_number_ends_the_old_entry_and_the_change_is_told(units: Units) -> None:
    await units.appoint(LEADER, wang())
    await units.appoint(LEADER, wang(phone="13900000000", since=APRIL))
    (on_march,) = await units.contacts(MANAGER, day=date(2026, 3, 31))
    (on_april,) = await units.contacts(MANAGER, day=APRIL)
    assert (on_march.phone, on_march.until) == ("13812345678", date(2026, 3, 31))
    assert (on_april.phone, on_april.until) == ("13900000000", None)
    joined, changed = await units.contact_changes(MANAGER, MARCH, APRIL)
    assert (joined.kind, joined.day) == (ChangeKind.JOINED, MARCH)
    assert (changed.kind, changed.day) == (ChangeKind.CHANGED, APRIL)
    assert changed.before is not None
    assert changed.before.phone == "13812345678"
    with pytest.raises(BadPeriod):
        await units.contact_changes(MANAGER, APRIL, MARCH)


async def test_one_person_follows_another(units: Units) -> None:
    await units.appoint(LEADER, wang())
    await units.appoint(LEADER, wang(person="李强", since=APRIL), instead_of="王芳")
    (entry,) = await units.contacts(MANAGER, day=APRIL)
    assert entry.person == "李强"
    with pytest.raises(GuardFailed) as refused:
        await units.appoint(LEADER, wang(person="李强", since=MARCH))
    assert refused.value.guard == "contact_overlaps"


async def test_today_is_the_citys_day(units: Units, clock: Clock) -> None:
    """At 16:00 UTC it is the next day in the city."""
    await units.appoint(LEADER, wang(since=MARCH, until=MARCH))
    clock.now = clock.now.replace(hour=15, minute=59)
    assert len((await units.show(MANAGER, "city.housing")).contacts) == 1
    clock.turn(minutes=1)
    assert (await units.show(MANAGER, "city.housing")).contacts == ()


async def test_numbers_are_for_those_who_ring_and_for_the_units_own(units: Units) -> None:
    await units.appoint(MANAGER, wang())
    evaluator = Principal("wai", frozenset({Role.EVALUATOR}))
    for who, shown in (
        (AGENT, "13812345678"),
        (HANDLER, "13812345678"),
        (STRANGER, "138****5678"),
        (evaluator, "138****5678"),
    ):
        (entry,) = await units.contacts(who)
        assert entry.phone == shown, who
        assert (await units.show(who, "city.housing")).contacts[0].phone == shown
        (change,) = await units.contact_changes(who, MARCH, APRIL)
        assert change.contact.phone == shown


async def test_contacts_are_the_units_own_to_change(units: Units) -> None:
    entry = await units.appoint(LEADER, wang())
    with pytest.raises(NotYourUnit):
        await units.appoint(STRANGER, wang(person="赵六"))
    with pytest.raises(NotYourUnit):
        await units.change_contact(STRANGER, entry.id, phone="110")
    ended = await units.change_contact(LEADER, entry.id, until=date(2026, 3, 10))
    assert ended.contact.until == date(2026, 3, 10)
    (last,) = await units.contacts(MANAGER, day=date(2026, 3, 10))
    assert last.id == entry.id
    assert await units.contacts(MANAGER, day=date(2026, 3, 11)) == ()
    with pytest.raises(GuardFailed):
        await units.change_contact(LEADER, entry.id, until=date(2026, 2, 1))


# --- categories and responsibilities -----------------------------------------------------------


async def test_a_category_stands_below_one_that_is_there(categories: Categories) -> None:
    with pytest.raises(CategoryNotFound):
        await categories.add(MANAGER, Category("03.02", "供暖"))
    await categories.add(MANAGER, Category("03", "住房城建"))
    heating = await categories.add(MANAGER, Category("03.02", "供暖", legal_basis="城市供热条例"))
    with pytest.raises(CategoryExists):
        await categories.add(MANAGER, Category("03", "又一个"))
    await categories.change(MANAGER, "03", active=False)
    assert await categories.list(active=True) == (heating,)
    assert [each.code for each in await categories.list()] == ["03", "03.02"]


async def test_responsibilities_are_dated_and_never_twice(categories: Categories) -> None:
    await categories.add(MANAGER, Category("03", "住房城建"))
    row = Responsibility("03", "city.housing", since=MARCH)
    kept = await categories.assign(MANAGER, row)
    with pytest.raises(ResponsibilityExists):
        await categories.assign(MANAGER, Responsibility("03", "city.housing", since=APRIL))
    await categories.end(MANAGER, kept.id, APRIL)
    after = await categories.assign(
        MANAGER, Responsibility("03", "city.housing", lead=False, since=APRIL)
    )
    (in_march,) = await categories.responsibilities(day=date(2026, 3, 31))
    (in_april,) = await categories.responsibilities(day=APRIL)
    assert (in_march.id, in_april.id) == (kept.id, after.id)
    assert in_april.row.lead is False
    with pytest.raises(ResponsibilityExists):
        await categories.end(MANAGER, kept.id, APRIL + timedelta(days=1))
    with pytest.raises(BadPeriod):
        await categories.end(MANAGER, kept.id, date(2026, 2, 1))


async def test_a_responsibility_is_of_a_unit_and_a_category_that_are_there(
    categories: Categories, units: Units
) -> None:
    with pytest.raises(CategoryNotFound):
        await categories.assign(MANAGER, Responsibility("09", "city.housing"))
    with pytest.raises(UnitNotFound):
        await categories.assign(MANAGER, Responsibility("", "nobody"))
    with pytest.raises(NotYourUnit):
        await categories.assign(COUNTY_MANAGER, Responsibility("", "city.housing"))
    await units.change(MANAGER, "county.town", active=False)
    with pytest.raises(UnitInactive):
        await categories.assign(MANAGER, Responsibility("", "county.town"))
    await categories.assign(MANAGER, Responsibility("", "city.housing"))  # for all categories


async def test_of_many_who_assign_the_same_one_does(categories: Categories) -> None:
    row = Responsibility("", "city.housing", since=MARCH)
    results = await asyncio.gather(
        *(categories.assign(MANAGER, row) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(result, ResponsibilityExists) for result in results) == 3
    assert len(await categories.responsibilities()) == 1


# --- calendar and policies ---------------------------------------------------------------------


async def test_a_published_year_and_one_that_is_not() -> None:
    year = await Policies().calendar(2025)
    days = {day.day: day for day in year.days}
    assert (year.provisional, len(days)) == (False, 365)
    assert (days[date(2025, 1, 28)].working, days[date(2025, 1, 28)].reason) == (False, "春节")
    assert (days[date(2025, 2, 8)].working, days[date(2025, 2, 8)].reason) == (True, "调休")
    # 104 days of weekends, 18 holidays from Monday to Friday, 5 make-up days
    assert year.working_days == 365 - 104 - 18 + 5
    unknown = await Policies().calendar(2090)
    assert unknown.provisional
    assert all(day.provisional for day in unknown.days)
    assert unknown.working_days == sum(1 for day in unknown.days if day.day.weekday() < 5)


async def test_a_rule_is_explained_with_its_settings() -> None:
    policies = Policies()
    explained = await policies.explain("yanji-2019", "w3")
    assert explained.rule.id == "W3"
    (setting,) = explained.settings
    assert setting.path == "limits.consultation"
    assert setting.value["working_days"] == 1
    with pytest.raises(RuleNotFound):
        await policies.explain("yanji-2019", "W99")
    with pytest.raises(NoPolicy):
        await policies.show("atlantis")


async def test_every_rule_of_every_pack_can_be_explained() -> None:
    policies = Policies()
    packs = await policies.list()
    assert [pack.id for pack in packs] == ["xianning-2019", "yanji-2019"]
    for pack in packs:
        for rule in pack.rules:
            assert (await policies.explain(pack.id, rule.id)).settings, rule.id
