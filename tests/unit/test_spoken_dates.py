"""Days, times and counts as they are said, understood again by an independent reading."""

from __future__ import annotations

import re
from datetime import date, time

import pytest
from cn2an import cn2an
from hypothesis import given
from hypothesis import strategies as st

from ivr.numerals import Measure, calendar_day, clock, counted
from ivr.prompts import CATALOGUE, Language, P

ZH, KO = Language.ZH, Language.KO
NATIVE = ("한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열", "열한", "열두")
NATIVE += ("열세", "열네", "열다섯", "열여섯", "열일곱", "열여덟", "열아홉")
SINO = {c: n for n, c in enumerate("영일이삼사오육칠팔구")}


def said(prompts: list[P], language: Language) -> str:
    return "".join(CATALOGUE[prompt].text(language) for prompt in prompts)


def sino(text: str) -> int:
    """A Sino-Korean number as a listener understands it."""
    total = group = digit = 0
    for char in text:
        if char in SINO:
            digit = SINO[char]
        elif char == "만":
            total, group, digit = (group + digit or 1) * 10_000, 0, 0
        else:
            group += (digit or 1) * {"십": 10, "백": 100, "천": 1000}[char]
            digit = 0
    return total + group + digit


@pytest.mark.parametrize(
    ("day", "zh", "ko"),
    [
        (date(2026, 3, 5), "二零二六年三月五日", "이천이십육년삼월오일"),
        (date(2026, 6, 30), "二零二六年六月三十日", "이천이십육년유월삼십일"),
        (date(2010, 10, 10), "二零一零年十月十日", "이천십년시월십일"),
        (date(1999, 12, 31), "一九九九年十二月三十一日", "천구백구십구년십이월삼십일일"),
    ],
)
def test_a_day_is_said_as_people_say_it(day: date, zh: str, ko: str) -> None:
    assert said(calendar_day(day, ZH, year=True), ZH) == zh
    assert said(calendar_day(day, KO, year=True), KO) == ko
    assert zh.endswith(said(calendar_day(day, ZH), ZH))


@given(st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_every_day_is_understood(day: date) -> None:
    year, month, number = re.fullmatch(  # type: ignore[union-attr]
        "(.{4})年(.+)月(.+)日", said(calendar_day(day, ZH, year=True), ZH)
    ).groups()
    digits = "".join(str("零一二三四五六七八九".index(each)) for each in year)
    assert (int(digits), cn2an(month), cn2an(number)) == (day.year, day.month, day.day)

    text = said(calendar_day(day, KO, year=True), KO)
    year, month, number = re.fullmatch("(.+)년(.+?)월(.+)일", text).groups()  # type: ignore[union-attr]
    month = {"유": "육", "시": "십"}.get(month, month)
    assert (sino(year), sino(month), sino(number)) == (day.year, day.month, day.day)


@pytest.mark.parametrize(
    ("moment", "zh", "ko"),
    [
        (time(8, 0), "上午八点", "오전여덟시"),
        (time(15, 5), "下午三点零五分", "오후세시오분"),
        (time(20, 30), "晚上八点半", "오후여덟시반"),
        (time(2, 45), "凌晨两点四十五分", "새벽두시사십오분"),
        (time(12, 10), "十二点十分", "열두시십분"),
        (time(0, 20), "零点二十分", "영시이십분"),
    ],
)
def test_a_time_is_said_as_people_say_it(moment: time, zh: str, ko: str) -> None:
    assert said(clock(moment, ZH), ZH) == zh
    assert said(clock(moment, KO), KO) == ko


ZH_PARTS = {"凌晨": range(1, 6), "上午": range(6, 12), "下午": range(13, 18), "晚上": range(18, 24)}
KO_PARTS = {"새벽": range(1, 6), "오전": range(6, 12), "오후": range(13, 24)}


@given(st.times())
def test_every_minute_is_understood(moment: time) -> None:
    for language, parts in ((ZH, ZH_PARTS), (KO, KO_PARTS)):
        text = said(clock(moment, language), language)
        part = next((each for each in parts if text.startswith(each)), "")
        text = text.removeprefix(part)
        if language is ZH:
            hours, _, minutes = text.partition("点")
            hour = cn2an(hours.replace("两", "二"))
            minute = 30 if minutes == "半" else cn2an(minutes.strip("零分") or "零")
        else:
            hours, _, minutes = text.partition("시")
            hour = 0 if hours == "영" else NATIVE.index(hours) + 1
            minute = 30 if minutes == "반" else sino(minutes.removesuffix("분"))
        if part:
            hour = next(each for each in parts[part] if each % 12 == hour)
        assert (hour, minute) == (moment.hour, moment.minute)


@given(st.integers(0, 9_999), st.sampled_from(Measure))
def test_every_count_is_understood(number: int, measure: Measure) -> None:
    units = {
        Measure.MINUTES: ("分钟", "분"),
        Measure.SECONDS: ("秒", "초"),
        Measure.HOURS: ("小时", "시간"),
        Measure.DAYS: ("天", "일"),
        Measure.CASES: ("件", "건"),
        Measure.PERSONS: ("人", "명"),
        Measure.TIMES: ("次", "번"),
    }
    zh, ko = said(counted(number, measure, ZH), ZH), said(counted(number, measure, KO), KO)
    zh_unit, ko_unit = units[measure]
    assert zh.endswith(zh_unit)
    assert cn2an(zh.removesuffix(zh_unit).replace("两", "二")) == number
    assert ko.endswith(ko_unit)
    plain = ko.removesuffix(ko_unit)
    own = measure in {Measure.HOURS, Measure.PERSONS, Measure.TIMES} and 0 < number < 20
    assert (NATIVE.index(plain) + 1 if own else sino(plain)) == number


@pytest.mark.parametrize("measure", list(Measure))
def test_two_of_something_is_liang(measure: Measure) -> None:
    assert said(counted(2, measure, ZH), ZH).startswith("两")
    assert "两" not in said(counted(12, measure, ZH), ZH)
