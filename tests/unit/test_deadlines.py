"""What holds of every limit, whatever the order (W1 to W5, W9, D1, D4, notes 7 to 9 and 14)."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.actions import Measure
from ticketing.domain.calendar import WorkCalendar
from ticketing.domain.deadlines import (
    Deadline,
    Deadlines,
    due_clock,
    exempted,
    extended,
    extension_limit,
    latest_listed_limit,
    may_ask_extension,
    next_office_moment,
    office_time,
    set_deadlines,
    shifted,
    supervision_limit,
)
from ticketing.domain.errors import ExtensionRefused
from ticketing.domain.matters import OrderType, StatutoryLimit, Urgency
from ticketing.domain.policy import Clock, LateDispatch, Limit, PolicyPack
from ticketing.policies.loader import load_calendar, load_pack, load_packs

CALENDAR = load_calendar()
YANJI = load_pack("yanji-2019")
ZONE = YANJI.zone
OPTIONS = [
    *load_packs(),
    replace(YANJI, late_dispatch=LateDispatch.NEXT_WORKING_DAY),
    replace(YANJI, sign=Limit("W1", hours=1, clock=Clock.OFFICE)),
]
BY_DAYS = [kind for kind in OrderType if kind is not OrderType.EMERGENCY]

packs = st.sampled_from(OPTIONS)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 1), timezones=st.just(ZONE))  # noqa: DTZ001
spans = st.timedeltas(timedelta(0), timedelta(days=12))
kinds = st.sampled_from(OrderType)
urgencies = st.sampled_from(Urgency)
laws = st.none() | st.builds(
    StatutoryLimit, days=st.integers(1, 60), working=st.booleans(), basis=st.just("某法第一条")
)
orders = st.fixed_dictionaries(
    {"type": kinds, "urgency": urgencies, "complex_matter": st.booleans(), "statutory": laws}
)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def limits(found: Deadlines) -> dict[str, Deadline]:
    named = {each.name: getattr(found, each.name) for each in fields(found)}
    return {name: value for name, value in named.items() if isinstance(value, Deadline)}


def complaint(dispatched: datetime, pack: PolicyPack = YANJI) -> Deadlines:
    return set_deadlines(pack, CALENDAR, type=OrderType.COMPLAINT, dispatched=dispatched)


@given(packs, orders, moments, spans)
def test_a_later_dispatch_has_no_earlier_limit(
    pack: PolicyPack, order: dict[str, object], moment: datetime, later: timedelta
) -> None:
    one = limits(set_deadlines(pack, CALENDAR, dispatched=moment, **order))
    other = limits(set_deadlines(pack, CALENDAR, dispatched=moment + later, **order))
    for name, limit in one.items():
        assert limit.at <= other[name].at, name


@given(packs, orders, moments)
def test_a_limit_is_after_the_dispatch_and_of_the_same_again(
    pack: PolicyPack, order: dict[str, object], moment: datetime
) -> None:
    found = set_deadlines(pack, CALENDAR, dispatched=moment, **order)
    assert all(each.at > moment for each in limits(found).values())
    assert found.extension_by.at <= found.due.at
    assert found.return_by.at <= found.return_by_site_check.at
    assert found == set_deadlines(pack, CALENDAR, dispatched=moment, **order)


@given(packs, orders, moments)
def test_a_limit_of_days_is_the_close_of_business_on_a_working_day(
    pack: PolicyPack, order: dict[str, object], moment: datetime
) -> None:
    closing = pack.office_hours[-1][1]
    for name, limit in limits(set_deadlines(pack, CALENDAR, dispatched=moment, **order)).items():
        if not limit.days:
            assert name == "sign_by" or order["type"] is OrderType.EMERGENCY
            continue
        if name == "sign_by":  # one hour of office time
            continue
        end = limit.at.astimezone(ZONE)
        assert end.time() == closing
        assert CALENDAR.is_working(end.date())


@given(orders, moments)
def test_an_hour_of_office_time_ends_within_office_hours(
    order: dict[str, object], moment: datetime
) -> None:
    pack = replace(YANJI, sign=Limit("W1", hours=1, clock=Clock.OFFICE))
    at = set_deadlines(pack, CALENDAR, dispatched=moment, **order).sign_by.at.astimezone(ZONE)
    assert CALENDAR.is_working(at.date())
    assert any(opens <= at.time() <= closes for opens, closes in pack.office_hours)


@given(packs, orders, moments)
def test_a_limit_is_provisional_exactly_when_an_unpublished_year_is_counted(
    pack: PolicyPack, order: dict[str, object], moment: datetime
) -> None:
    for limit in limits(set_deadlines(pack, CALENDAR, dispatched=moment, **order)).values():
        counted = {each.day.year for each in limit.days}
        assert limit.provisional == bool(counted - CALENDAR.years)
        assert all(each.provisional == CALENDAR.provisional(each.day) for each in limit.days)
        if limit.days:
            assert limit.days[-1].day >= limit.at.astimezone(ZONE).date()


@given(moments, st.integers(1, 20), st.integers(1, 20))
def test_a_longer_limit_ends_no_earlier(moment: datetime, days: int, more: int) -> None:
    def due(length: int) -> datetime:
        law = StatutoryLimit(length, working=True, basis="某法")
        return set_deadlines(
            YANJI, CALENDAR, type=OrderType.HELP, dispatched=moment, statutory=law
        ).due.at

    assert due(days) < due(days + more)


@given(kinds, urgencies, st.booleans(), moments, st.integers(1, 60), st.booleans())
def test_a_statutory_limit_goes_before_every_other(
    kind: OrderType, urgency: Urgency, hard: bool, moment: datetime, days: int, working: bool
) -> None:
    law = StatutoryLimit(days, working, "某法第九条")
    found = set_deadlines(
        YANJI,
        CALENDAR,
        type=kind,
        dispatched=moment,
        urgency=urgency,
        complex_matter=hard,
        statutory=law,
    )
    day = moment.astimezone(ZONE).date()
    last = found.due.at.astimezone(ZONE).date()
    if working:
        assert len(CALENDAR.working_days(day + timedelta(days=1), last)) == days
    else:  # it ends on that day, or on the first working day after it
        named = day + timedelta(days=days)
        assert last >= named
        assert CALENDAR.working_days(named, last) == [last]
    assert "某法第九条" in found.due.why


@given(packs, st.sampled_from(BY_DAYS), st.booleans(), moments)
def test_urgency_never_lengthens(
    pack: PolicyPack, kind: OrderType, hard: bool, moment: datetime
) -> None:
    due = [
        set_deadlines(
            pack,
            CALENDAR,
            type=kind,
            dispatched=moment,
            urgency=urgency,
            complex_matter=hard,
        ).due.at
        for urgency in (Urgency.NORMAL, Urgency.URGENT, Urgency.CRITICAL)
    ]
    assert due == sorted(due, reverse=True)


@pytest.mark.parametrize(
    ("dispatched", "same_day", "next_day"),
    [
        ("2026-02-13T16:59", "2026-02-14", "2026-02-14"),  # before close: no difference
        ("2026-02-13T12:00", "2026-02-14", "2026-02-14"),  # in the break at noon
        ("2026-02-13T06:00", "2026-02-14", "2026-02-14"),  # before opening
        ("2026-02-13T17:00", "2026-02-14", "2026-02-24"),  # at close: as if on Sat 14
        ("2026-02-15T10:00", "2026-02-24", "2026-02-25"),  # a day off: as if on Tue 24
    ],
)
def test_a_pack_may_count_a_late_dispatch_from_the_next_working_day(
    dispatched: str, same_day: str, next_day: str
) -> None:
    for option, expected in (("same_day", same_day), ("next_working_day", next_day)):
        pack = replace(YANJI, late_dispatch=LateDispatch(option))
        assert complaint(local(dispatched), pack).return_by.at == local(f"{expected}T17:00")


def test_the_hour_for_signing_runs_on_the_wall_clock_or_while_the_office_is_open() -> None:
    evening = local("2026-02-14T16:40")
    assert complaint(evening).sign_by.at == local("2026-02-14T17:40")
    office = replace(YANJI, sign=Limit("W1", hours=1, clock=Clock.OFFICE))
    assert complaint(evening, office).sign_by.at == local("2026-02-24T09:10")


def test_a_moment_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        complaint(datetime(2026, 2, 13, 16, 40))  # noqa: DTZ001


def test_a_statutory_limit_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="a day or more"):
        set_deadlines(
            YANJI,
            CALENDAR,
            type=OrderType.HELP,
            dispatched=local("2026-02-13T16:40"),
            statutory=StatutoryLimit(0, True, "某法"),
        )


def test_limits_are_computed_anew_when_the_year_is_published() -> None:
    """2027 as it might be: New Year off 1 Jan (Fri) to 3 Jan, Sat 9 Jan worked."""
    moment = local("2026-12-31T10:00")
    known = WorkCalendar(
        frozenset(day for day in CALENDAR.holidays if day.year < 2027),
        frozenset(day for day in CALENDAR.makeup if day.year < 2027),
        frozenset({2024, 2025, 2026}),
    )
    before = set_deadlines(YANJI, known, type=OrderType.COMPLAINT, dispatched=moment)
    assert before.due.provisional
    assert before.due.at == local("2027-01-05T17:00")  # Fri 1, Mon 4, Tue 5
    published = WorkCalendar(
        known.holidays | {date(2027, 1, 1), date(2027, 1, 2), date(2027, 1, 3)},
        known.makeup | {date(2027, 1, 9)},
        known.years | {2027},
    )
    after = set_deadlines(YANJI, published, type=OrderType.COMPLAINT, dispatched=moment)
    assert not after.due.provisional
    assert after.due.at == local("2027-01-06T17:00")  # Mon 4, Tue 5, Wed 6
    assert after.sign_by == before.sign_by


def test_an_accepted_return_starts_the_new_unit_afresh() -> None:
    """Note 14: the new dispatch alone decides; nothing of the first is carried over."""
    first, second = local("2026-02-13T16:40"), local("2026-02-24T10:00")
    assert complaint(second).due.at == local("2026-02-27T17:00")
    assert complaint(second).due.at > complaint(first).due.at


# --- extensions (W5, note 9) --------------------------------------------------------------------
@given(packs, moments, st.integers(1, 3), st.integers(0, 6))
def test_an_extension_ends_days_later_and_there_are_three(
    pack: PolicyPack, moment: datetime, days: int, granted: int
) -> None:
    found = complaint(moment, pack)
    if granted >= 3:
        with pytest.raises(ExtensionRefused):
            extended(pack, CALENDAR, found.due.at, days, original_days=3, granted=granted)
        assert not may_ask_extension(pack, CALENDAR, found.due.at, moment, days=3, granted=granted)
        return
    later = extended(
        pack, CALENDAR, found.due.at, days, original_days=found.limit_days, granted=granted
    )
    between = CALENDAR.working_days(
        found.due.at.astimezone(ZONE).date() + timedelta(days=1),
        later.at.astimezone(ZONE).date(),
    )
    assert len(between) == days
    assert later.rule == "W5"


@pytest.mark.parametrize(("days", "original"), [(0, 3), (-1, 3), (4, 3), (2, 1), (1, 0)])
def test_an_extension_is_a_day_or_more_and_no_longer_than_the_limit(
    days: int, original: int
) -> None:
    with pytest.raises(ExtensionRefused):
        extended(
            YANJI,
            CALENDAR,
            local("2026-02-25T17:00"),
            days,
            original_days=original,
            granted=0,
        )


def test_the_days_of_an_extension_are_of_the_calendar() -> None:
    """Fri 26 Sep + 3: Sun 28 worked, Mon 29, Tue 30; and 1 more: Thu 9 Oct."""
    due = local("2025-09-26T17:00")
    later = extended(YANJI, CALENDAR, due, 3, original_days=3, granted=0)
    assert later.at == local("2025-09-30T17:00")
    again = extended(YANJI, CALENDAR, later.at, 1, original_days=3, granted=1)
    assert again.at == local("2025-10-09T17:00")


def test_only_yanji_frees_statutory_limits_from_the_three() -> None:
    due = local("2026-03-04T17:00")
    later = extended(YANJI, CALENDAR, due, 1, original_days=5, granted=3, statutory=True)
    assert later.at == local("2026-03-05T17:00")
    with pytest.raises(ExtensionRefused):
        extended(
            load_pack("xianning-2019"),
            CALENDAR,
            due,
            1,
            original_days=5,
            granted=3,
            statutory=True,
        )


def test_an_extension_is_asked_for_by_the_day_before() -> None:
    """Due Wed 25 Feb: until close on Tue 24. Due Tue 24: until close on Sat 14."""
    for due, by in (("2026-02-25", "2026-02-24"), ("2026-02-24", "2026-02-14")):
        end = local(f"{due}T17:00")
        latest = local(f"{by}T17:00")
        assert extension_limit(YANJI, CALENDAR, end, days=3).at == latest
        assert may_ask_extension(YANJI, CALENDAR, end, latest, days=3)
        after = latest + timedelta(seconds=1)
        assert not may_ask_extension(YANJI, CALENDAR, end, after, days=3)


def test_an_order_of_one_day_may_ask_until_it_is_due_and_one_of_hours_never() -> None:
    due = local("2026-02-24T17:00")
    assert may_ask_extension(YANJI, CALENDAR, due, due, days=1)
    assert not may_ask_extension(YANJI, CALENDAR, due, due + timedelta(seconds=1), days=1)
    assert not may_ask_extension(YANJI, CALENDAR, due, due - timedelta(days=1), days=0)


def test_an_order_of_two_days_asks_by_the_first() -> None:
    """Urgent: Sat 14 Feb is 1, Tue 24 is 2, and it is asked for until close on Sat 14."""
    found = set_deadlines(
        YANJI,
        CALENDAR,
        type=OrderType.COMPLAINT,
        dispatched=local("2026-02-13T16:40"),
        urgency=Urgency.URGENT,
    )
    assert found.limit_days == 2
    assert found.extension_by.at == local("2026-02-14T17:00")
    again = extension_limit(YANJI, CALENDAR, found.due.at, days=2)
    assert again.at == found.extension_by.at
    assert [each.day.day for each in again.days] == list(range(14, 25))


def test_a_statutory_limit_with_one_working_day_in_it_may_be_extended_until_due() -> None:
    """3 calendar days from Sat 21 Feb, off: Tue 24, the only working day of them."""
    law = StatutoryLimit(3, False, "某法")
    found = set_deadlines(
        YANJI,
        CALENDAR,
        type=OrderType.HELP,
        dispatched=local("2026-02-21T09:00"),
        statutory=law,
    )
    assert found.due.at == found.extension_by.at == local("2026-02-24T17:00")


def test_a_pack_may_want_extensions_asked_for_earlier() -> None:
    """Two days before Wed 25 Feb: Tue 24, Sat 14. An order of two days: until it is due."""
    pack = replace(YANJI, extensions=replace(YANJI.extensions, ask_before=2))
    due = local("2026-02-25T17:00")
    assert extension_limit(pack, CALENDAR, due, days=3).at == local("2026-02-14T17:00")
    assert extension_limit(pack, CALENDAR, due, days=2).at == due


# --- pauses and force majeure (W9) --------------------------------------------------------------
@given(packs, moments, spans, spans)
def test_after_a_pause_as_much_time_is_left_as_before(
    pack: PolicyPack, moment: datetime, wait: timedelta, pause: timedelta
) -> None:
    due = complaint(moment, pack).due.at
    start, end = moment + wait, moment + wait + pause
    office = office_time(pack, CALENDAR)
    later = shifted(pack, CALENDAR, due, start, end)
    assert later.at >= due
    if start >= due:
        assert later.at == due
    else:
        assert office.between(end, later.at) == office.between(start, due)


@given(moments, spans, spans)
def test_a_pause_on_the_wall_clock_counts_every_hour(
    moment: datetime, wait: timedelta, pause: timedelta
) -> None:
    due = moment + timedelta(hours=4)
    later = shifted(YANJI, CALENDAR, due, moment + wait, moment + wait + pause, clock=Clock.WALL)
    assert later.at == (due + pause if wait < timedelta(hours=4) else due)
    assert not later.provisional


def test_a_pause_over_a_weekend_costs_nothing_and_one_over_a_day_costs_a_day() -> None:
    due = local("2026-03-04T17:00")
    free = shifted(YANJI, CALENDAR, due, local("2026-02-28T17:00"), local("2026-03-02T08:30"))
    assert free.at == due
    day = shifted(YANJI, CALENDAR, due, local("2026-03-02T10:00"), local("2026-03-03T10:00"))
    assert day.at == local("2026-03-05T17:00")


windows = st.lists(st.tuples(moments, spans).map(lambda w: (w[0], w[0] + w[1])), max_size=4)


@given(moments, windows)
def test_windows_in_any_order_and_overlapping_count_once(
    moment: datetime, found: list[tuple[datetime, datetime]]
) -> None:
    due = complaint(moment).due.at
    once = exempted(YANJI, CALENDAR, due, found, since=moment).at
    twice = exempted(YANJI, CALENDAR, due, [*reversed(found), *found], since=moment).at
    assert once == twice >= due


def test_force_majeure_counts_from_the_dispatch_on_and_reaches_as_far_as_the_limit() -> None:
    """A storm from Thu 26 to Sat 28 Feb at noon, an outage on Tue 3 Mar; dispatched Fri 27, 08:30.

    Due was Tue 3 Mar, 17:00 (Sat 28, Mon 2, Tue 3). The storm took Fri 27 and the morning of Sat
    28: a day and three hours, so Thu 5 Mar, 11:30 by office time. The outage took the morning of
    Tue 3, three hours more: 13:30 to 16:30. What comes after the limit counts nothing.
    """
    dispatched = local("2026-02-27T08:30")
    due = complaint(dispatched).due.at
    assert due == local("2026-03-03T17:00")
    storm = (local("2026-02-26T00:00"), local("2026-02-28T12:00"))
    outage = (local("2026-03-03T08:30"), local("2026-03-03T12:00"))
    after = (local("2026-03-09T08:30"), local("2026-03-10T12:00"))
    one = exempted(YANJI, CALENDAR, due, [storm], since=dispatched)
    assert one.at == local("2026-03-05T11:30")
    both = exempted(YANJI, CALENDAR, due, [after, outage, storm], since=dispatched)
    assert both.at == local("2026-03-05T16:30")
    assert both.rule == "W9"


def test_the_clock_of_an_order_is_its_limits() -> None:
    assert due_clock(YANJI, OrderType.EMERGENCY) is Clock.WALL
    assert due_clock(YANJI, OrderType.HELP) is Clock.OFFICE
    law = StatutoryLimit(5, True, "某法")
    assert due_clock(YANJI, OrderType.EMERGENCY, statutory=law) is Clock.OFFICE


# --- supervision (D1, D4) -----------------------------------------------------------------------
def test_a_supervision_sets_a_limit_of_its_own() -> None:
    limit = YANJI.supervision.limit(Measure.SUPERVISION)
    assert limit is not None
    found = supervision_limit(YANJI, CALENDAR, local("2026-02-13T16:40"), limit)
    assert (found.at, found.rule) == (local("2026-02-24T17:00"), "D1")  # Sat 14, Tue 24


def test_a_listed_order_has_no_more_days_than_the_first_supervision() -> None:
    """First: Mon 21 to Wed 23 Sep 2026, 2 days. Listed Tue 29: Wed 30 is 1, Thu 8 Oct is 2."""
    latest = latest_listed_limit(
        YANJI,
        CALENDAR,
        first_issued=local("2026-09-21T16:00"),
        first_limit=local("2026-09-23T17:00"),
        issued=local("2026-09-29T09:00"),
    )
    assert (latest.at, latest.rule) == (local("2026-10-08T17:00"), "D4")


def test_a_first_supervision_of_hours_leaves_as_many_hours() -> None:
    latest = latest_listed_limit(
        YANJI,
        CALENDAR,
        first_issued=local("2026-09-21T09:00"),
        first_limit=local("2026-09-21T12:00"),
        issued=local("2026-09-29T09:00"),
    )
    assert latest.at == local("2026-09-29T12:00")


def test_nobody_is_reminded_at_night() -> None:
    assert next_office_moment(YANJI, CALENDAR, local("2026-02-14T23:00")) == local(
        "2026-02-24T08:30"
    )
