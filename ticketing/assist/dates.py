"""Days and hours as people say them, told from the day of the call: 上周五 is 11月20日.

What is said is kept beside what it means. A day that cannot be told surely (前几天) stays as it is.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from ticketing.assist.numbers import Fact, What, value

_N = r"(?:\d{1,3}|[零一二两三四五六七八九十百]{1,6})"
_RELATIVE = {
    "大前天": -3, "大前日": -3, "前天": -2, "前日": -2, "前晚": -2, "昨天": -1, "昨日": -1,
    "昨晚": -1, "昨夜": -1, "今天": 0, "今日": 0, "今早": 0, "今晨": 0, "今晚": 0,
    "大后天": 3, "后天": 2, "明天": 1, "明日": 1, "明早": 1, "明晚": 1,
}  # fmt: skip
_WEEKDAYS = "一二三四五六日天"
_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}
_MONTHS = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1}
_YEARS = {"前年": -2, "去年": -1, "今年": 0, "明年": 1}
_DAY_PARTS = {
    "凌晨": 0, "清晨": 0, "早上": 0, "早晨": 0, "上午": 0, "今早": 0, "中午": 12, "下午": 12,
    "傍晚": 12, "晚上": 12, "夜里": 12, "半夜": 12, "夜间": 12, "昨晚": 12, "今晚": 12, "前晚": 12,
}  # fmt: skip
_NOON, _DAY_HOURS, _SMALL_HOURS = 12, 24, 5
_MINUTES = {"半": "30", "一刻": "15", "三刻": "45", "钟": "00", "整": "00", "": "00"}
_CLOCK = re.compile(
    rf"({'|'.join(_DAY_PARTS)})?({_N})(?:点|时(?!间))(?:(半|一刻|三刻|钟|整)|({_N})分?)?"
)
_AROUND = re.compile("左右|多|以前|以后|之前|之后|前|后|到|至|准时")
_SOON = 60  # days to come; a date further ahead is meant as the last one that was
_NIGHT = frozenset({"半夜", "夜里", "晚上", "今晚", "昨晚", "前晚"})
_DECADE = 100


def days(text: str, today: date) -> tuple[Fact, ...]:
    """The days that ``text`` names, told from ``today``, in order.

    Args:
        today: the local day on which it was said.
    """
    found: list[Fact] = []
    for fact in sorted(_all(text, today), key=lambda each: (each.start, -each.end)):
        if not found or fact.start >= found[-1].end:
            found.append(fact)
    return tuple(found)


def hours(text: str) -> tuple[Fact, ...]:
    """The times of day that ``text`` names, as HH:MM; 八点 without a part of the day stays 8:00."""
    return tuple(_hours(text))


def _hours(text: str) -> Iterator[Fact]:
    for match in _CLOCK.finditer(text):
        part, hour, minutes = match[1] or "", _number(match[2]), match[4]
        alone = not (part or match[3] or minutes or _AROUND.match(text, match.end()))
        if hour is None or hour > _DAY_HOURS or alone:  # 一点也不好 is no time
            continue
        minute = _number(minutes) if minutes else int(_MINUTES[match[3] or ""])
        if minute is None or minute > 59:
            continue
        if hour == _DAY_HOURS or (part in _NIGHT and hour == _NOON):
            hour = 0
        elif _DAY_PARTS.get(part, 0) and hour < _NOON:
            night = part in {"半夜", "夜里"} and hour <= _SMALL_HOURS
            late = part == "中午" and hour >= _NOON - 2
            hour += 0 if night or late else _NOON
        clock = f"{hour:02}:{minute:02}" if part else f"{hour}:{minute:02}"
        yield Fact(match[0], clock, What.TIME, match.start(), match.end())


def _all(text: str, today: date) -> Iterator[Fact]:
    for pattern, meaning in _RULES:
        for match in pattern.finditer(text):
            means = meaning(match, today)
            if means is not None:
                yield Fact(match[0], means, What.DATE, match.start(), match.end())


def _relative(match: re.Match[str], today: date) -> str:
    return _told(today + timedelta(days=_RELATIVE[match[0]]), today)


def _weekday(match: re.Match[str], today: date) -> str:
    """上周五; a bare 周五 is the last one that has been, today included."""
    weekday = min(_WEEKDAYS.index(match[2]), 6)
    if match[1] is None:
        return _told(today - timedelta(days=(today.weekday() - weekday) % 7), today)
    monday = today - timedelta(days=today.weekday())
    return _told(monday + timedelta(days=7 * _WEEKS[match[1]] + weekday), today)


def _ago(match: re.Match[str], today: date) -> str | None:
    count = _number(match[1])
    if count is None:
        return None
    unit = match[2]
    if unit == "天":
        return _told(today - timedelta(days=count), today)
    if unit in {"周", "个星期", "星期", "个礼拜"}:
        return _told(today - timedelta(days=7 * count), today)
    if unit == "个月":
        year, month = _month(today, -count)
        return f"{year}年{month}月"
    return f"{today.year - count}年"


def _of_month(match: re.Match[str], today: date) -> str | None:
    """上个月, 这个月三号."""
    year, month = _month(today, _MONTHS[match[1]])
    if match[2] is None:
        return f"{year}年{month}月"
    day = _number(match[2])
    if day is None or not 1 <= day <= monthrange(year, month)[1]:
        return None
    return _told(date(year, month, day), today)


def _of_year(match: re.Match[str], today: date) -> str | None:
    """去年, 去年三月, 去年三月五号."""
    return _dated(today.year + _YEARS[match[1]], match[2], match[3], today)


def _calendar(match: re.Match[str], today: date) -> str | None:
    """二零二五年三月五日, 2025年3月."""
    year = value(match[1]) if not match[1].isdigit() else match[1]
    if year is None or len(year) not in {2, 4}:
        return None
    whole = int(year) if len(year) > 2 else today.year // _DECADE * _DECADE + int(year)
    return _dated(whole, match[2], match[3], today)


def _month_and_day(match: re.Match[str], today: date) -> str | None:
    """三月五号: the last one that was, or one soon to come."""
    month, day = _number(match[1]), _number(match[2])
    if month is None or day is None:
        return None
    near = []
    for year in (today.year - 1, today.year, today.year + 1):
        if 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]:
            near.append(date(year, month, day))
    chosen = [each for each in near if (each - today).days <= _SOON]
    return _told(chosen[-1], today) if chosen else None


def _dated(year: int, month: str | None, day: str | None, today: date) -> str | None:
    if month is None:
        return f"{year}年"
    number = _number(month)
    if number is None or not 1 <= number <= 12:
        return None
    if day is None:
        return f"{year}年{number}月"
    which = _number(day)
    if which is None or not 1 <= which <= monthrange(year, number)[1]:
        return None
    return _told(date(year, number, which), today)


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], str | None]], ...] = (
    (re.compile("|".join(sorted(_RELATIVE, key=len, reverse=True))), _relative),
    (re.compile(rf"(上上|下下|上|这|本|下)?个?(?:周|星期|礼拜)([{_WEEKDAYS}])"), _weekday),
    (re.compile(rf"({_N})(天|个星期|星期|个礼拜|周|个月|年)(?:以前|之前|前)"), _ago),
    (re.compile(rf"(上上|上|这|本|下)个?月(?:的?({_N})[号日])?"), _of_month),
    (re.compile(rf"(前年|去年|今年|明年)(?:的?({_N})月(?:份|({_N})[号日])?)"), _of_year),
    (re.compile("(前年|去年|明年)()()"), lambda m, today: f"{today.year + _YEARS[m[1]]}年"),
    (
        re.compile(
            rf"(\d{{4}}|[零〇一二三四五六七八九]{{2,4}})年(?:({_N})月(?:份|({_N})[号日])?)?"
        ),
        _calendar,
    ),
    (re.compile(rf"(?<![年\d])({_N})月({_N})[号日]"), _month_and_day),
)


def _month(today: date, by: int) -> tuple[int, int]:
    months = today.year * 12 + today.month - 1 + by
    return months // 12, months % 12 + 1


def _number(said: str) -> int | None:
    means = said if said.isdigit() else value(said)
    return int(means) if means is not None and means.isdigit() else None


def _told(day: date, today: date) -> str:
    """A day, with its year where that is another one."""
    plain = f"{day.month}月{day.day}日"
    return plain if day.year == today.year else f"{day.year}年{plain}"
