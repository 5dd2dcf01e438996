"""Numbers as they are said: a number becomes the prompts that say it, in order.

Pure. Korean numbers are Sino-Korean throughout, as on every Korean hotline for places, minutes and
seat numbers.
"""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum

from ivr.prompts import Language, P

LIMIT = 100_000_000
"""Numbers from 0 to one less can be said."""

_ONES = tuple(P(f"n{n}") for n in range(20))
_TENS = tuple(P(f"n{n}") for n in range(20, 100, 10))
_READ = (P.DIGIT_ZERO, P.DIGIT_ONE, *_ONES[2:10])


def cardinal(number: int, language: Language) -> list[P]:
    """A bare number: 102 is 一百零二, 백이.

    In Mandarin a leading 2 before 千 and 万 is 两: 2200 is 两千二百.

    Args:
        number: 0 to ``LIMIT`` - 1.

    Raises:
        ValueError: the number is out of that range.
    """
    if not 0 <= number < LIMIT:
        raise ValueError(f"{number} cannot be said: only 0 to {LIMIT - 1}")
    if number == 0:
        return [P.N0]
    return _mandarin(number) if language is Language.ZH else _korean(number)


def count(number: int, language: Language) -> list[P]:
    """How many, before a measure word: 2 (minutes) is 两, 12 is 十二."""
    return [P.TWO_OF] if number == 2 else cardinal(number, language)


def digits(text: str) -> list[P]:
    """A number read digit by digit, as seats and work orders are: 8001 is 八零 零幺, 팔공 공일.

    Two digits are said in one breath, the last of an odd number alone.

    Args:
        text: ASCII digits, possibly none.

    Raises:
        ValueError: something else than a digit is in it.
    """
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a row of digits")
    pairs = [P(f"pair_{text[place : place + 2]}") for place in range(0, len(text) - 1, 2)]
    return pairs + [_READ[int(digit)] for digit in text[len(text) // 2 * 2 :]]


def _mandarin(number: int) -> list[P]:
    high, low = divmod(number, 10_000)
    if not high:
        return _mandarin_group(low, leading=True)
    said = [*_mandarin_group(high, leading=True, alone=True), P.MYRIAD]
    if low:
        said += [P.N0] if low < 1000 else []
        said += _mandarin_group(low, leading=False)
    return said


def _mandarin_group(number: int, *, leading: bool, alone: bool = False) -> list[P]:
    """1 to 9999. ``leading``: nothing is said before it; ``alone``: 2 counts what follows."""
    if number == 2 and alone:
        return [P.TWO_OF]
    said: list[P] = []
    thousands, rest = divmod(number, 1000)
    if thousands:
        said += [P.TWO_OF if leading and thousands == 2 else _ONES[thousands], P.THOUSAND]
    hundreds, rest = divmod(rest, 100)
    if hundreds:
        said += [_ONES[hundreds], P.HUNDRED]
    elif thousands and rest:
        said.append(P.N0)
    if not rest:
        return said
    if rest < 10:
        return [*said, *([P.N0] if hundreds else []), _ONES[rest]]
    bare = leading and number < 20
    return said + ([] if bare or rest >= 20 else [P.N1]) + _below_hundred(rest)


def _korean(number: int) -> list[P]:
    high, low = divmod(number, 10_000)
    said: list[P] = []
    if high:
        said = [*([] if high == 1 else _korean_group(high)), P.MYRIAD]
    return said + _korean_group(low)


def _korean_group(number: int) -> list[P]:
    """0 to 9999; zero is silent, and so is one before 백 and 천."""
    said: list[P] = []
    for unit, name in ((1000, P.THOUSAND), (100, P.HUNDRED)):
        many, number = divmod(number, unit)
        if many:
            said += [*([] if many == 1 else [_ONES[many]]), name]
    return said + (_below_hundred(number) if number else [])


def _below_hundred(number: int) -> list[P]:
    if number < 20:
        return [_ONES[number]]
    tens, ones = divmod(number, 10)
    return [_TENS[tens - 2], *([_ONES[ones]] if ones else [])]


class Measure(StrEnum):
    """What is counted."""

    MINUTES = "minutes"
    SECONDS = "seconds"
    HOURS = "hours"
    DAYS = "days"
    CASES = "cases"
    PERSONS = "persons"
    TIMES = "times"


_MEASURES = {
    Measure.MINUTES: P.MINUTE_PLAIN,
    Measure.SECONDS: P.SECOND_PLAIN,
    Measure.HOURS: P.HOURS_AFTER,
    Measure.DAYS: P.DAYS_AFTER,
    Measure.CASES: P.CASES_AFTER,
    Measure.PERSONS: P.PERSONS_AFTER,
    Measure.TIMES: P.TIMES_AFTER,
}
# Counted with Korea's own numerals, as long as they are small.
_NATIVE = frozenset({Measure.HOURS, Measure.PERSONS, Measure.TIMES})
_NATIVE_BELOW = 20


def counted(number: int, measure: Measure, language: Language) -> list[P]:
    """How many of something: 两件, 이건; 三小时, 세시간; 二十四小时, 이십사시간.

    Korean counts hours, persons and times by its own numerals below twenty.

    Args:
        number: 0 to ``LIMIT`` - 1.

    Raises:
        ValueError: the number is out of that range.
    """
    unit = _MEASURES[measure]
    if language is Language.KO and measure in _NATIVE and 0 < number < _NATIVE_BELOW:
        return [*_native(number), unit]
    said = count(number, language) if language is Language.ZH else cardinal(number, language)
    return [*said, unit]


def calendar_day(day: date, language: Language, *, year: bool = False) -> list[P]:
    """A day: 三月五日, 삼월 오일; with its year 二零二六年, 이천이십육년."""
    said = [P(f"month_{day.month}"), *cardinal(day.day, language), P.DAY_AFTER]
    if not year:
        return said
    if language is Language.ZH:
        return [*(_ONES[int(digit)] for digit in f"{day.year:04}"), P.YEAR_AFTER, *said]
    return [*cardinal(day.year, language), P.YEAR_AFTER, *said]


def clock(moment: time, language: Language) -> list[P]:
    """A time of day to the minute: 下午三点零五分, 오후 세시 오분; 晚上八点半, 오후 여덟시 반.

    Midnight and noon are said without a part of the day.
    """
    hour, minute = moment.hour, moment.minute
    part = _part(hour, language) if hour % 12 else []
    said = [*part, P(f"hour_{hour % 12 or hour}")]
    if minute == 30:
        return [*said, P.HALF_PAST]
    if minute:
        zero = [P.N0] if language is Language.ZH and minute < 10 else []
        said += [*zero, *cardinal(minute, language), P.CLOCK_MINUTE]
    return said


def _part(hour: int, language: Language) -> list[P]:
    if hour < 6:
        return [P.DAWN]
    if hour < 12:
        return [P.MORNING]
    return [P.EVENING if hour >= 18 and language is Language.ZH else P.AFTERNOON]


def _native(number: int) -> list[P]:
    tens, ones = divmod(number, 10)
    return [*([P.NATIVE_10] if tens else []), *([P(f"native_{ones}")] if ones else [])]
