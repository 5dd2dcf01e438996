"""Working days and office hours; our table of published days against another's."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.calendar import OfficeTime, WorkCalendar, days_between
from ticketing.policies.loader import load_calendar

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = load_calendar()
HOURS = ((time(8, 30), time(11, 30)), (time(13, 30), time(17, 0)))
OFFICE = OfficeTime(CALENDAR, HOURS, ZONE)
WORKED_DAY = timedelta(hours=6, minutes=30)

days = st.dates(date(2023, 12, 1), date(2027, 2, 28))
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 2, 1), timezones=st.just(ZONE))  # noqa: DTZ001
lengths = st.timedeltas(timedelta(0), timedelta(hours=60))


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def test_the_published_years_agree_with_the_holidays_package() -> None:
    """Both follow the State Council's announcements for each day of 2024 to 2026.

    They need not agree for a year that one of them does not know yet: `holidays` then foretells
    the days that a law fixes and no make-up days, while ours says weekends only and flags the year.
    Names differ too, as do weekends within a holiday, which it does not list: so what is compared
    is whether a day is worked.
    """
    theirs = holidays.country_holidays("CN", years=sorted(CALENDAR.years))
    for year in sorted(CALENDAR.years):
        for day in days_between(date(year, 1, 1), date(year, 12, 31)):
            assert CALENDAR.is_working(day) == theirs.is_working_day(day), day


def test_the_published_years_are_whole() -> None:
    assert {2024, 2025, 2026} <= CALENDAR.years
    worked = {
        year: len(CALENDAR.working_days(date(year, 1, 1), date(year, 12, 31)))
        for year in (2024, 2025, 2026)
    }
    # weekdays of the year, less weekdays off, plus make-up days, counted on paper
    assert worked == {2024: 262 - 19 + 8, 2025: 261 - 18 + 5, 2026: 261 - 19 + 6}


@pytest.mark.parametrize(
    ("day", "working", "reason"),
    [
        (date(2026, 2, 13), True, ""),
        (date(2026, 2, 14), True, "调休"),
        (date(2026, 2, 17), False, "春节"),
        (date(2026, 2, 22), False, "春节"),
        (date(2026, 3, 1), False, "周末"),
        (date(2025, 10, 6), False, "国庆节、中秋节"),
    ],
)
def test_a_day_has_its_reason(day: date, working: bool, reason: str) -> None:
    assert (CALENDAR.is_working(day), CALENDAR.reason(day)) == (working, reason)
    assert not CALENDAR.provisional(day)


def test_an_unpublished_year_has_weekends_only() -> None:
    year = max(CALENDAR.years) + 1
    for day in days_between(date(year, 1, 1), date(year, 1, 31)):
        assert CALENDAR.provisional(day)
        assert CALENDAR.is_working(day) == (day.isoweekday() <= 5)


def test_a_holiday_without_a_name_is_a_holiday() -> None:
    day = date(2030, 1, 1)
    assert WorkCalendar(frozenset({day}), frozenset(), frozenset({2030})).reason(day) == "节假日"


def test_a_day_cannot_be_both_off_and_worked() -> None:
    day = frozenset({date(2026, 2, 14)})
    with pytest.raises(ValueError, match="2026-02-14"):
        WorkCalendar(day, day, frozenset())


def test_neighbouring_working_days() -> None:
    assert CALENDAR.working_day_before(date(2026, 2, 24)) == date(2026, 2, 14)
    assert CALENDAR.working_day_from(date(2026, 2, 15)) == date(2026, 2, 24)
    assert CALENDAR.working_day_from(date(2026, 2, 14)) == date(2026, 2, 14)
    with pytest.raises(ValueError, match="negative"):
        CALENDAR.add_working_days(date(2026, 2, 14), -1)


@given(days, st.integers(0, 40))
def test_the_nth_working_day_has_n_working_days_before_it(day: date, n: int) -> None:
    last = CALENDAR.add_working_days(day, n)
    counted = CALENDAR.working_days(day + timedelta(days=1), last)
    assert len(counted) == n
    assert last == (counted[-1] if n else day)


@pytest.mark.parametrize(
    ("moment", "is_open", "following"),
    [
        ("2026-02-13T08:29", False, "2026-02-13T08:30"),
        ("2026-02-13T08:30", True, "2026-02-13T08:30"),
        ("2026-02-13T11:29", True, "2026-02-13T11:29"),
        ("2026-02-13T11:30", False, "2026-02-13T13:30"),  # the break at noon
        ("2026-02-13T17:00", False, "2026-02-14T08:30"),  # Saturday, worked
        ("2026-02-14T17:00", False, "2026-02-24T08:30"),  # the holiday
        ("2026-02-20T10:00", False, "2026-02-24T08:30"),
    ],
)
def test_office_hours(moment: str, is_open: bool, following: str) -> None:
    assert OFFICE.is_open(local(moment)) == is_open
    assert OFFICE.next_moment(local(moment)) == local(following)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-02-13T16:40", 20, "2026-02-13T17:00"),  # just until close
        ("2026-02-13T16:40", 21, "2026-02-14T08:31"),
        ("2026-02-13T11:00", 60, "2026-02-13T14:00"),  # over the break
        ("2026-02-14T16:30", 60, "2026-02-24T09:00"),  # over the holiday
        ("2026-02-17T03:00", 60, "2026-02-24T09:30"),
        ("2026-02-13T12:00", 0, "2026-02-13T12:00"),
    ],
)
def test_time_is_added_while_the_office_is_open(start: str, minutes: int, end: str) -> None:
    assert OFFICE.add(local(start), timedelta(minutes=minutes)) == local(end)


def test_no_negative_time_is_added() -> None:
    with pytest.raises(ValueError, match="negative"):
        OFFICE.add(local("2026-02-13T12:00"), timedelta(seconds=-1))


def test_a_worked_day_has_its_hours_and_a_free_one_none() -> None:
    def length(day: str) -> timedelta:
        return OFFICE.between(local(f"{day}T00:00"), local(f"{day}T23:59"))

    assert length("2026-02-14") == WORKED_DAY
    assert length("2026-02-15") == timedelta(0)
    assert OFFICE.between(local("2026-02-14T12:00"), local("2026-02-13T12:00")) == timedelta(0)


@given(moments, lengths)
def test_time_added_is_time_between(start: datetime, length: timedelta) -> None:
    end = OFFICE.add(start, length)
    assert OFFICE.between(start, end) == length
    assert end.tzinfo is UTC
    # and no earlier moment would do
    assert not length or OFFICE.between(start, end - timedelta(seconds=1)) < length


@given(moments)
def test_the_next_moment_is_the_first_one_that_is_open(moment: datetime) -> None:
    following = OFFICE.next_moment(moment)
    assert OFFICE.is_open(following)
    assert OFFICE.between(moment, following) == timedelta(0)
