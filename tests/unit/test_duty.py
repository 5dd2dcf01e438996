"""Who is rung for a unit at which hour, in which order (T5, H4)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.contacts import Contact, ContactRole
from ticketing.domain.duty import EXPERTS, RESPONSIBLE, Duty, Found, cascade
from ticketing.domain.errors import GuardFailed

MONDAY = date(2026, 3, 2)


def local(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of March 2026 in the city."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


PHONES = st.from_regex(r"1[3-9][0-9]{3}", fullmatch=True)
TIMES = st.times().map(lambda t: t.replace(second=0, microsecond=0))
DUTIES = st.builds(
    Duty,
    unit=st.sampled_from(["water", "gas"]),
    person=st.sampled_from(["甲", "乙", "丙"]),
    phone=PHONES,
    since=st.dates(MONDAY, MONDAY + timedelta(days=5)),
    until=st.none() | st.dates(MONDAY + timedelta(days=6), MONDAY + timedelta(days=20)),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    begins=TIMES,
    ends=TIMES,
    rank=st.integers(1, 99),
)
CONTACTS = st.builds(
    Contact,
    unit=st.sampled_from(["water", "gas"]),
    person=st.sampled_from(["甲", "丁"]),
    role=st.sampled_from(ContactRole),
    phone=PHONES,
    since=st.dates(MONDAY, MONDAY + timedelta(days=5)),
)
MOMENTS = st.integers(0, 24 * 24 * 60).map(lambda minutes: local(1) + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("at", "held"),
    [
        (local(2, 17, 59), False),
        (local(2, 18, 0), True),
        (local(3, 7, 59), True),  # Tuesday morning is still Monday's night
        (local(3, 8, 0), False),
        (local(2, 7, 59), False),  # Sunday's night is somebody else's
        (local(9, 18, 0), False),  # after the last day
    ],
)
def test_a_night_goes_on_over_midnight(at: datetime, held: bool) -> None:
    night = Duty("water", "甲", "13800000001", MONDAY, MONDAY, frozenset({0}), time(18), time(8))
    assert night.holds(at) is held


@given(DUTIES, MOMENTS)
def test_a_duty_and_the_rest_of_its_days_leave_no_gap(duty: Duty, at: datetime) -> None:
    """With its hours turned round, one of both holds at any moment well within its days."""
    always = Duty("water", "甲", "13800000001", date(2026, 1, 1))
    assert always.holds(at)
    first = Duty("water", "甲", "13800000001", date(2026, 1, 1), begins=duty.begins, ends=duty.ends)
    rest = Duty("water", "乙", "13800000002", date(2026, 1, 1), begins=duty.ends, ends=duty.begins)
    if duty.begins == duty.ends:
        assert first.holds(at)
    else:
        assert first.holds(at) is not rest.holds(at)


@given(st.lists(DUTIES, max_size=6), st.lists(CONTACTS, max_size=6), MOMENTS)
def test_a_cascade(roster: list[Duty], register: list[Contact], at: datetime) -> None:
    found = cascade(roster, register, "water", at, EXPERTS)
    assert len({one.phone for one in found}) == len(found)
    assert all(one.unit == "water" for one in found)
    places = [one.found for one in found]
    assert places == sorted(places, key=list(Found).index)
    of_roster = {d.phone for d in roster if d.unit == "water" and d.holds(at)}
    assert {one.phone for one in found if one.found is Found.ROSTER} == of_roster
    reachable = {
        one.phone
        for one in register
        if one.unit == "water" and one.in_force(at.date()) and one.role in EXPERTS
    }
    assert {one.phone for one in found} == of_roster | reachable
    # whatever the order in which it is written down, the same people are rung in the same order
    assert cascade(roster[::-1], register[::-1], "water", at, EXPERTS) == found


def test_the_order() -> None:
    roster = [
        Duty("water", "乙", "13800000002", MONDAY, rank=2),
        Duty("water", "甲", "13800000001", MONDAY, rank=1),
    ]
    register = [
        Contact("water", "丁", ContactRole.LIAISON, "8182111", MONDAY),
        Contact("water", "甲", ContactRole.ON_CALL, "138-0000-0001", MONDAY),
        Contact("water", "丙", ContactRole.ON_CALL, "13800000003", MONDAY),
        Contact("water", "戊", ContactRole.LEADER, "13800000005", MONDAY),
    ]
    at = local(4, 12)
    assert [one.person for one in cascade(roster, register, "water", at, EXPERTS)] == list(
        "甲乙丙丁"
    )
    rung = cascade([], register, "water", at, RESPONSIBLE)
    assert [one.person for one in rung] == list("丙甲戊丁")


@pytest.mark.parametrize("wrong", [{"days": frozenset()}, {"rank": 0}, {"days": frozenset({7})}])
def test_what_cannot_be_a_duty(wrong: dict[str, object]) -> None:
    with pytest.raises(GuardFailed, match="duty_incomplete"):
        Duty("water", "甲", "13800000001", MONDAY, **wrong)  # type: ignore[arg-type]
