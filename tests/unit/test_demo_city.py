"""The demo city: whole, plausible, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from ticketing.demo import people
from ticketing.demo.cases import YEAR, Planner
from ticketing.demo.city import ZONE, City, found, version_at
from ticketing.demo.generator import Made, generate
from ticketing.demo.source import declined, kinds
from ticketing.demo.texts import tell
from ticketing.domain.actions import Dispatch, Receive
from ticketing.domain.fold import fold
from ticketing.domain.guards import World
from ticketing.domain.knowledge import overdue
from ticketing.domain.limits import recomputed
from ticketing.domain.matters import Channel, OrderType, Satisfaction
from ticketing.domain.notices import active
from ticketing.domain.roles import Role
from ticketing.domain.units import Level, UnitKind
from ticketing.domain.work_order import State, WorkOrder
from ticketing.policies.loader import load_calendar, load_pack, load_packs
from ticketing.store.history import body_of

UNTIL = datetime(2026, 11, 20, 16, tzinfo=UTC)  # the beginning of a Saturday in the city
ORDERS = 400


@cache
def city() -> City:
    return found(7, UNTIL)


def make(seed: int = 7, orders: int = ORDERS, until: datetime = UNTIL) -> Made:
    known = found(seed, until)
    return generate(known, load_packs(), load_calendar(), seed=seed, orders=orders, until=until)


@cache
def made() -> Made:
    return make()


def histories() -> dict[str, WorkOrder]:
    events: dict[str, list] = {}
    for event in made().events:
        events.setdefault(event.order, []).append(event)
    return {number: fold(steps) for number, steps in events.items()}


def test_the_city_has_four_levels_with_villages_utilities_and_county_centres() -> None:
    levels = Counter(unit.level for unit in city().places.tree)
    assert levels[Level.VILLAGE] >= 300
    assert set(levels) == set(Level)
    kinds_of_city = Counter(unit.kind for unit in city().places.tree if unit.level is Level.CITY)
    assert kinds_of_city == {UnitKind.CENTRE: 1, UnitKind.DEPARTMENT: 36, UnitKind.COMPANY: 5}
    assert len(city().places.counties) == 6
    for county in city().places.counties:
        assert city().places.tree[county.unit].kind is UnitKind.CENTRE
        assert 8 <= len(county.towns) <= 12


def test_districts_are_one_units_each_and_names_are_not_taken_twice_in_one_town() -> None:
    districts = [unit.district for unit in city().places.tree if unit.district]
    assert len(set(districts)) == len(districts)
    for unit in city().places.tree:
        names = [city().places.tree[below].name for below in city().places.tree.children(unit.id)]
        assert len(set(names)) == len(names)


def test_every_class_has_one_above_it_and_those_of_matters_have_an_owner() -> None:
    codes = {category.code for category in city().categories}
    assert len(codes) >= 80
    assert all(category.parent in codes | {""} for category in city().categories)
    for kind in kinds():
        assert any(kind.category.startswith(code) for code in city().owners), kind.id
    for row in city().responsibilities:
        assert row.unit in city().places.tree
        assert row.category in codes | {""}


def test_each_matter_names_words_that_there_are() -> None:
    """Every template is filled: nothing in braces is left, whatever the dice say."""
    planner = Planner(city(), load_calendar(), 3, 1, UNTIL)
    for kind in kinds():
        for _ in range(12):
            case = planner._case(kind, UNTIL)
            told = " ".join((case.told.title, case.told.content))
            assert "{" not in told
            for template in (*kind.replies, *kind.results):
                assert "{" not in template.format_map({**case.told.values, "done": "当天"})
        assert not kind.article or kind.article in city().articles
    for each in declined():
        told = tell(each, case.spot, city().places, 5, planner._dice)
        assert "{" not in told.content


def test_what_is_not_taken_in_is_in_a_class_of_the_pack() -> None:
    known = {each.code for each in load_pack("yanji-2019").intake.declined}
    assert {each.code for each in declined()} <= known


def test_articles_have_versions_and_some_reviews_are_overdue() -> None:
    articles = city().articles
    assert len(articles) >= 60
    assert any(len(article.versions) > 1 for article in articles.values())
    late = overdue(articles.values(), UNTIL.date())
    assert 0 < len(late) < len(articles) / 3
    for article in articles.values():
        assert article.unit in city().places.tree
        assert version_at(article, UNTIL - YEAR) is not None
        assert version_at(article, UNTIL) == article.published


def test_notices_are_past_current_and_to_come() -> None:
    now = active(city().notices, UNTIL)
    assert now
    assert any(notice.end <= UNTIL for notice in city().notices)
    assert any(notice.start > UNTIL for notice in city().notices)


def test_contacts_change_during_the_year_and_no_telephone_number_exists() -> None:
    today = UNTIL.astimezone(ZONE).date()
    changed = [one for one in city().contacts if one.until is not None]
    assert changed
    assert all(today - timedelta(days=366) < one.until < today for one in changed if one.until)
    phones = {one.phone for one in city().contacts}
    phones |= {order.citizen.phone for order, _ in made().orders}
    assert all(phone.startswith(("160", "0900")) for phone in phones)


def test_users_have_each_role_but_the_administrators_and_units_that_there_are() -> None:
    accounts = list(people.accounts())
    assert {one.role for one in accounts} == set(Role) - {Role.ADMIN}
    assert all(not one.unit or one.unit in city().places.tree for one in accounts)


def test_the_same_seed_gives_the_same_events_and_another_one_others() -> None:
    def told(some: Made) -> list[tuple]:
        return [(e.order, e.seq, e.at, e.who, e.unit, e.to, body_of(e)) for e in some.events]

    small = make(orders=60)
    assert told(small) == told(make(orders=60))
    assert told(small) != told(make(seed=8, orders=60))


@pytest.mark.parametrize("orders", [1, 2, 9, 40])
def test_as_many_orders_as_wanted(orders: int) -> None:
    assert len(make(orders=orders).orders) == orders


def test_every_order_folds_to_what_it_is() -> None:
    assert histories() == {order.number: order for order, _ in made().orders}
    assert len(made().orders) == ORDERS


def test_every_limit_can_be_computed_again() -> None:
    world = World(load_pack("yanji-2019"), load_calendar(), city().places.tree)
    events: dict[str, list] = {}
    for event in made().events:
        events.setdefault(event.order, []).append(event)
    checked = 0
    for steps in events.values():
        for event, limits in recomputed(steps, lambda _: world):
            assert event.moments == limits
            checked += 1
    assert checked > ORDERS / 2


def test_there_are_orders_in_every_state_today() -> None:
    assert {order.state for order, _ in made().orders} == set(State)


def test_the_events_are_in_order_of_time_and_none_is_later_than_the_end() -> None:
    moments = [event.at for event in made().events]
    assert moments == sorted(moments)
    assert UNTIL - YEAR - timedelta(hours=1) <= moments[0]
    assert moments[-1] <= UNTIL


def test_numbers_are_those_of_the_day_and_go_on_from_those_taken() -> None:
    day = next(iter(made().counters))
    more = generate(
        city(),
        load_packs(),
        load_calendar(),
        seed=7,
        orders=ORDERS,
        until=UNTIL,
        taken={day: 500},
    )
    assert made().counters[day] + 500 == more.counters[day]
    numbers = {order.number for order, _ in made().orders}
    assert len(numbers) == ORDERS
    assert not numbers & {n.number for n, _ in more.orders if n.number.startswith(day)}


def test_all_that_a_year_brings() -> None:
    """Returns, extensions, redo rounds, events, repeats, supervision: each is there."""
    actions = Counter(event.command.action for event in made().events)
    for action in (
        "decline",
        "answer_directly",
        "take_to_centre",
        "forward",
        "decide_return",
        "decide_extension",
        "redo",
        "join_master",
        "link_repeat",
        "supervise",
        "withdraw",
        "opinion",
        "archive",
        "warn",
    ):
        assert actions[action], action
    orders = [order for order, _ in made().orders]
    assert {order.channel for order in orders} == set(Channel)
    assert {order.type for order in orders} >= set(OrderType) - {OrderType.EMERGENCY}
    assert max(order.round for order in orders) >= 2
    rated = Counter(order.satisfaction for order in orders if order.satisfaction)
    assert rated[Satisfaction.SATISFIED] > sum(rated.values()) / 2


def test_most_is_signed_for_in_time_and_some_is_not() -> None:
    limit, late, signed = None, 0, 0
    for order in histories().values():
        for holder in order.chain:
            if holder.signed_at is not None:
                limit = holder.moments.sign_by
                signed += 1
                late += holder.signed_at > limit
    assert 0.01 < late / signed < 0.25


def test_routing_is_shown_with_its_rule_and_what_it_leaves_open_goes_to_the_centre() -> None:
    dispatches = [e.command for e in made().events if isinstance(e.command, Dispatch)]
    rules = Counter(command.rule for command in dispatches)
    assert {"属地管理优先 I5", "谁主管谁负责 I5", "中心裁定 I6"} <= set(rules)
    assert all(command.why for command in dispatches)


def test_callers_on_one_event_are_answered_singly() -> None:
    orders = {order.number: order for order, _ in made().orders}
    followers = [order for order in orders.values() if order.master]
    assert followers
    for order in followers:
        assert orders[order.master].received_at <= order.received_at
        assert order.answer or order.state is State.FOLLOWING


def test_an_order_that_repeats_another_is_of_the_same_person_and_class() -> None:
    orders = {order.number: order for order, _ in made().orders}
    linked = [order for order in orders.values() if order.earlier]
    assert linked
    for order in linked:
        for number in order.earlier:
            assert orders[number].citizen.phone == order.citizen.phone
            assert orders[number].category == order.category
            assert orders[number].received_at < order.received_at


def test_people_call_more_by_day_than_by_night() -> None:
    hours = Counter(
        event.at.astimezone(ZONE).hour
        for event in made().events
        if isinstance(event.command, Receive)
    )
    assert sum(hours[hour] for hour in range(8, 20)) > 2 * sum(hours[hour] for hour in range(8))
