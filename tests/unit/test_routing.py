"""Routing (I5 to I7, N1 to N3): which unit is proposed, by which rule, and what never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.precedents import Decided, applying, learn
from ticketing.domain.routing import (
    CHOOSABLE,
    LABELS,
    Matter,
    Refusal,
    Responsibility,
    RoutingSettings,
    Rule,
    categories_of,
    districts_of,
    propose,
)
from ticketing.domain.units import Level, Unit, UnitKind, UnitTree

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


def unit(id_: str, kind: UnitKind, level: Level, parent: str | None, district: str = "") -> Unit:
    return Unit(id_, f"{id_}局", kind, level, parent, district)


UNITS = (
    unit("centre", UnitKind.CENTRE, Level.CITY, None, "city"),
    unit("housing", UnitKind.DEPARTMENT, Level.CITY, "centre"),
    unit("police", UnitKind.DEPARTMENT, Level.CITY, "centre"),
    unit("river", UnitKind.TOWN, Level.TOWN, "centre", "river"),
    unit("mill", UnitKind.VILLAGE, Level.VILLAGE, "river", "mill"),
    unit("east", UnitKind.CENTRE, Level.COUNTY, "centre", "east"),
    unit("east.housing", UnitKind.DEPARTMENT, Level.COUNTY, "east"),
    unit("east.hill", UnitKind.TOWN, Level.TOWN, "east", "hill"),
)
TREE = UnitTree(UNITS)
TABLE = (
    Responsibility("housing", "housing"),
    Responsibility("housing", "police", lead=False),
    Responsibility("housing.heating", "river", "river"),
    Responsibility("noise", "housing"),
    Responsibility("noise", "police"),
    Responsibility("housing", "east.housing"),
    Responsibility("housing.lifts", "police", since=date(2026, 4, 1)),
)


def refusal(by: str, reason: str = "不属职责") -> Refusal:
    return Refusal(by, NOW, "某人", reason)


def without(*ids: str) -> UnitTree:
    return UnitTree(replace(one, active=one.id not in ids) for one in UNITS)


@pytest.mark.parametrize(
    ("matter", "lead", "code"),
    [
        (Matter("housing.rent", "river"), "housing", Rule.COMPETENCE),
        (Matter("housing"), "housing", Rule.COMPETENCE),
        (Matter("housing.heating", "river"), "river", Rule.TERRITORY),
        (Matter("housing.heating.pipes", "mill"), "river", Rule.TERRITORY),
        (Matter("housing.heating", "nowhere"), "housing", Rule.COMPETENCE),
        (Matter("housing.lifts"), "housing", Rule.COMPETENCE),
        (Matter("housingx"), "centre", Rule.NO_OWNER),
        (Matter("noise", "river"), "centre", Rule.SEVERAL),
        (Matter("housing", "east"), "east", Rule.COUNTY),
        (Matter("anything", "hill"), "east", Rule.COUNTY),
        (Matter("housing", "river", leader_instructed=True), "centre", Rule.LEADER),
        (Matter("housing", "east", leader_instructed=True), "centre", Rule.LEADER),
    ],
)
def test_rules(matter: Matter, lead: str, code: Rule) -> None:
    found = propose(TREE, TABLE, matter, day=DAY)
    assert (found.lead, found.code) == (lead, code)
    assert found.rule == LABELS[code]
    assert found.why


def test_the_county_dispatches_within_the_county() -> None:
    found = propose(TREE, TABLE, Matter("housing", "hill"), day=DAY, centre="east")
    assert (found.lead, found.code) == ("east.housing", Rule.COMPETENCE)
    found = propose(TREE, TABLE, Matter("noise", "hill"), day=DAY, centre="east")
    assert (found.lead, found.code) == ("east", Rule.NO_OWNER)


def test_a_prefecture_hands_down_one_centre_at_a_time() -> None:
    tree = UnitTree(
        (
            unit("prefecture", UnitKind.CENTRE, Level.CITY, None, "prefecture"),
            replace(UNITS[0], parent="prefecture"),
            *UNITS[1:],
        )
    )
    matter = Matter("housing", "hill")
    assert propose(tree, TABLE, matter, day=DAY).lead == "centre"
    assert propose(tree, TABLE, matter, day=DAY, centre="centre").lead == "east"


def test_the_pack_orders_the_rules() -> None:
    competent_first = RoutingSettings(order=("competence", "territory"))
    matter = Matter("housing.heating", "river")
    found = propose(TREE, TABLE, matter, day=DAY, settings=competent_first)
    assert found.lead == "housing"
    assert [one.unit for one in found.alternatives] == ["river"]
    assert found.alternatives[0].rule == "属地管理优先 I5"


@pytest.mark.parametrize("order", [("competence", "magic"), ("county", "county"), ("no_owner",)])
def test_a_wrong_order_is_refused(order: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="rule"):
        RoutingSettings(order=order)


def test_the_nearest_place_goes_first() -> None:
    table = [Responsibility("x", "river"), Responsibility("x", "mill")]
    assert propose(TREE, table, Matter("x", "mill"), day=DAY).lead == "mill"
    assert propose(TREE, table, Matter("x", "river"), day=DAY).lead == "river"


def test_a_row_holds_from_its_first_day_to_before_the_day_it_ends() -> None:
    row = Responsibility("x", "police", since=date(2026, 4, 1), until=date(2026, 5, 1))
    days = [date(2026, 3, 31), date(2026, 4, 1), date(2026, 4, 30), date(2026, 5, 1)]
    leads = [propose(TREE, [row], Matter("x"), day=day).lead for day in days]
    assert leads == ["centre", "police", "police", "centre"]


def test_assisting_units_are_of_the_nearest_category() -> None:
    assert propose(TREE, TABLE, Matter("housing.rent"), day=DAY).assisting == ("police",)
    table = (*TABLE, Responsibility("housing.rent", "river", lead=False))
    # the town's row is for its own place only
    assert propose(TREE, table, Matter("housing.rent"), day=DAY).assisting == ("police",)
    found = propose(TREE, table, Matter("housing.rent", "river"), day=DAY)
    assert found.assisting == ("river",)


def test_who_refused_is_not_asked_again_and_the_next_is() -> None:
    matter = Matter("housing.heating", "river", refusals=(refusal("river"),))
    assert propose(TREE, TABLE, matter, day=DAY).lead == "housing"
    matter = Matter("noise", refusals=(refusal("police"),))
    assert propose(TREE, TABLE, matter, day=DAY).lead == "housing"


def test_what_bounced_twice_goes_to_the_centre_with_its_history() -> None:
    refusals = (refusal("river", "属住建部门"), refusal("housing", "属镇里"))
    matter = Matter("housing.heating", "river", refusals=refusals)
    found = propose(TREE, TABLE, matter, day=DAY)
    assert (found.lead, found.code) == ("centre", Rule.BOUNCED)
    assert found.refusals == refusals
    assert "river局：属住建部门；housing局：属镇里" in found.why
    patient = RoutingSettings(bounces=3)
    assert propose(TREE, TABLE, matter, day=DAY, settings=patient).code is Rule.NO_OWNER


def test_the_centres_decision_binds_even_who_refused() -> None:
    refusals = (refusal("river"), refusal("housing"))
    matter = Matter("housing.heating", "river", refusals=refusals, decided="river")
    found = propose(TREE, TABLE, matter, day=DAY)
    assert (found.lead, found.code) == ("river", Rule.DECIDED)
    assert propose(without("river"), TABLE, matter, day=DAY).lead == "centre"


def test_an_inactive_unit_is_passed_over() -> None:
    matter = Matter("housing.heating", "river")
    assert propose(without("river"), TABLE, matter, day=DAY).lead == "housing"
    assert propose(without("east"), TABLE, Matter("x", "hill"), day=DAY, centre="east").lead == (
        "centre"
    )


def decided(order: str, by_unit: str, days: int = 0, category: str = "noise") -> Decided:
    at = NOW + timedelta(days=days)
    return Decided(category, "river", by_unit, order, at, "主任")


def test_precedents_are_learned_and_shown() -> None:
    cases = [decided(f"{n}", "police", n) for n in range(3)] + [decided("9", "housing", 9)]
    police, housing = learn(cases)
    assert (police.unit, police.cases, police.share, police.order) == ("police", 3, 0.75, "2")
    assert housing.last == NOW + timedelta(days=9)
    found = propose(TREE, TABLE, Matter("noise", "mill"), day=DAY, precedents=(housing, police))
    assert (found.lead, found.code) == ("police", Rule.PRECEDENT)
    assert "3 件（75%）" in found.why
    assert found.precedents == (police, housing)


def test_a_precedent_needs_enough_cases_of_a_unit_that_may_have_it() -> None:
    few = learn([decided("1", "police"), decided("2", "police")])
    matter = Matter("noise", "river")
    assert propose(TREE, TABLE, matter, day=DAY, precedents=few).code is Rule.SEVERAL
    many = learn(decided(str(n), "police") for n in range(5))
    refused = replace(matter, refusals=(refusal("police"),))
    assert propose(TREE, TABLE, refused, day=DAY, precedents=many).lead == "housing"
    assert propose(TREE, (), matter, day=DAY, precedents=many).lead == "police"
    no_precedents = RoutingSettings(order=("competence",))
    found = propose(TREE, TABLE, matter, day=DAY, precedents=many, settings=no_precedents)
    assert found.code is Rule.SEVERAL


def test_only_the_last_decision_on_an_order_counts() -> None:
    (only,) = learn([decided("1", "police", 0), decided("1", "housing", 1)])
    assert (only.unit, only.cases, only.share) == ("housing", 1, 1.0)
    assert learn([decided("1", "police")], since=NOW + timedelta(seconds=1)) == ()


def test_the_nearest_precedent_speaks() -> None:
    wide, near = learn([decided("1", "police")]) + learn(
        [decided("2", "housing", category="noise.bars")]
    )
    assert applying((wide, near), categories_of("noise.bars.late"), ("river", "")) == (near,)
    assert applying((wide, near), categories_of("noise.dogs"), ("river", "")) == (wide,)
    assert applying((wide, near), categories_of("noise.dogs"), ("hill", "")) == ()


def test_chains_of_category_and_district() -> None:
    assert categories_of("a.b.c") == ("a.b.c", "a.b", "a", "")
    assert categories_of("") == ("",)
    assert districts_of(TREE, "mill") == ("mill", "river", "city", "")
    assert districts_of(TREE, "unknown") == ("unknown", "city", "")
    assert districts_of(TREE, "") == ("city", "")


ids = st.sampled_from([one.id for one in UNITS])
categories = st.sampled_from(["", "a", "a.b", "a.b.c", "b"])
districts = st.sampled_from(["", "city", "river", "mill", "east", "hill", "nowhere"])
rows = st.builds(Responsibility, categories, ids, districts, st.booleans())
matters = st.builds(
    Matter,
    categories,
    districts,
    st.booleans(),
    st.lists(ids.map(refusal), max_size=3).map(tuple),
    st.sampled_from(["", "housing", "mill", "no such unit"]),
)
orders = st.lists(st.sampled_from([rule.value for rule in CHOOSABLE]), unique=True).map(tuple)


@given(
    st.lists(rows, max_size=12),
    matters,
    orders,
    st.sets(ids.filter(lambda one: one != "centre"), max_size=4),
    st.lists(st.builds(decided, st.uuids().map(str), ids, category=categories), max_size=8),
    st.sampled_from(["", "centre", "east"]),
)
def test_never_a_closed_unit_nor_one_that_refused(
    table: list[Responsibility],
    matter: Matter,
    order: tuple[str, ...],
    closed: set[str],
    cases: list[Decided],
    centre: str,
) -> None:
    tree = without(*closed)
    settings = RoutingSettings(order=order, precedent_cases=1, precedent_share=0.1)
    arguments = {"day": DAY, "centre": centre, "precedents": learn(cases), "settings": settings}
    found = propose(tree, table, matter, **arguments)
    refused = {one.unit for one in matter.refusals}
    at_the_centre = found.code in (Rule.LEADER, Rule.BOUNCED, Rule.SEVERAL, Rule.NO_OWNER)
    assert tree[found.lead].active
    assert (tree[found.lead].kind is UnitKind.CENTRE) or not at_the_centre
    assert found.lead not in refused or at_the_centre or found.lead == matter.decided
    assert found.code.value in {*order, "decided", "several", "no_owner"}
    assert found.lead not in found.assisting
    for other in found.assisting:
        assert other not in refused
        assert tree[other].active
    assert found.lead not in {one.unit for one in found.alternatives}
    assert all(tree[one.unit].active for one in found.alternatives)
    shuffled = propose(tree, list(reversed(table)), matter, **arguments)
    assert shuffled == found
