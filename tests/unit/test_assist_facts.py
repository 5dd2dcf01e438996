"""Days, hours and numbers as people say them, against an independent reading."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from cn2an import an2cn
from hypothesis import assume, given
from hypothesis import strategies as st

from ticketing.assist.dates import days, hours
from ticketing.assist.numbers import numbers, value

SUNDAY = date(2026, 11, 22)
DAYS = st.dates(date(2019, 1, 1), date(2099, 12, 31))


def means(text: str, today: date = SUNDAY) -> list[str]:
    return [fact.means for fact in days(text, today)]


def shown(day: date, today: date) -> str:
    year = "" if day.year == today.year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("昨天", ["11月21日"]),
        ("大前天夜里", ["11月19日"]),
        ("上周五", ["11月13日"]),
        ("上个星期天", ["11月15日"]),
        ("下周一", ["11月23日"]),
        ("周三", ["11月18日"]),
        ("三天前", ["11月19日"]),
        ("两个星期前", ["11月8日"]),
        ("两个月前", ["2026年9月"]),
        ("上个月十五号", ["10月15日"]),
        ("去年三月五号", ["2025年3月5日"]),
        ("去年", ["2025年"]),
        ("三月五号", ["3月5日"]),
        ("12月31日", ["12月31日"]),  # to come soon
        ("二零二五年十月三号", ["2025年10月3日"]),
        ("2026年1月", ["2026年1月"]),
        ("二月三十号", []),
        ("前几天", []),
        ("半个月前", []),
        ("今年以来", []),
    ],
)
def test_a_day_is_told_from_the_day_of_the_call(said: str, meant: list[str]) -> None:
    assert means(said) == meant


@given(DAYS, st.integers(0, 6))
def test_a_day_of_last_week_is_in_the_calendar_week_before(today: date, weekday: int) -> None:
    found = means(f"上周{'一二三四五六日'[weekday]}", today)
    year, week, _ = (today - timedelta(days=7)).isocalendar()
    assert found == [shown(date.fromisocalendar(year, week, weekday + 1), today)]


@given(DAYS, st.integers(0, 6))
def test_a_bare_weekday_is_the_last_one_that_was(today: date, weekday: int) -> None:
    candidates = [today - timedelta(days=back) for back in range(7)]
    meant = next(day for day in candidates if day.weekday() == weekday)
    assert means(f"星期{'一二三四五六日'[weekday]}", today) == [shown(meant, today)]


@given(DAYS, st.integers(1, 300))
def test_days_ago_are_counted(today: date, back: int) -> None:
    for said in (f"{back}天前", f"{an2cn(back)}天前"):
        assert means(said, today) == [shown(today - timedelta(days=back), today)]


@given(DAYS, DAYS)
def test_a_whole_date_is_read_whatever_the_day(today: date, day: date) -> None:
    year = "".join("零一二三四五六七八九"[int(digit)] for digit in str(day.year))
    said = f"{year}年{an2cn(day.month)}月{an2cn(day.day)}号"
    assert means(f"我是{said}办的", today) == [shown(day, today)]


@given(DAYS, DAYS)
def test_a_date_without_a_year_is_within_a_year_of_the_call(today: date, day: date) -> None:
    assume((day.month, day.day) != (2, 29))
    (fact,) = days(f"{day.month}月{day.day}日", today)
    near = [day.replace(year=today.year + by) for by in (-1, 0, 1)]
    assert fact.means in [shown(each, today) for each in near]
    chosen = next(each for each in near if shown(each, today) == fact.means)
    assert -366 <= (chosen - today).days <= 60


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("晚上八点半", ["20:30"]),
        ("下午三点二十分", ["15:20"]),
        ("半夜两点", ["02:00"]),
        ("早上7点", ["07:00"]),
        ("中午十二点", ["12:00"]),
        ("今晚十二点", ["00:00"]),
        ("十一点左右", ["11:00"]),
        ("一点也不好", []),
        ("这个时间", []),
        ("二十九点半", []),
    ],
)
def test_an_hour_is_told_by_its_part_of_the_day(said: str, meant: list[str]) -> None:
    assert [fact.means for fact in hours(said)] == meant


@given(st.integers(0, 11), st.integers(0, 59))
def test_every_minute_of_an_afternoon_and_a_morning_is_read(hour: int, minute: int) -> None:
    assume(hour)
    clock = f"{an2cn(hour)}点{an2cn(minute)}分"
    assert [fact.means for fact in hours(f"上午{clock}")] == [f"{hour:02}:{minute:02}"]
    assert [fact.means for fact in hours(f"下午{clock}")] == [f"{hour + 12:02}:{minute:02}"]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("两千五百块钱", ["2500"]),
        ("两百五十元", ["250"]),
        ("三号楼二单元五零二室", ["3", "2", "502"]),
        ("二十多户人家", ["20多"]),
        ("仨人", ["3"]),
        ("三点五公里", ["3.5"]),
        ("百分之三十", ["30%"]),
        ("电话幺三八零零零零一二三四", ["13800001234"]),
        ("一个大坑", []),
        ("十几个人", []),
        ("万达广场一下子", []),
        ("千万别忘了", []),
    ],
)
def test_what_surely_is_a_number_is_read(said: str, meant: list[str]) -> None:
    assert [fact.means for fact in numbers(said)] == meant


@given(st.integers(2, 99_999_999))
def test_every_sum_is_read_back(amount: int) -> None:
    said = an2cn(amount)
    assert value(said) == str(amount)
    assert [fact.means for fact in numbers(f"赔了{said}元")] == [str(amount)]


@given(st.text("零一二三四五六七八九十百千万亿两点月日号年前上周天个块元", max_size=12), DAYS)
def test_nothing_that_is_said_breaks_it(text: str, today: date) -> None:
    for fact in (*days(text, today), *hours(text), *numbers(text)):
        assert text[fact.start : fact.end] == fact.said
