"""Numbers as they are said: a number becomes the prompts that say it, in order.

Pure. Korean numbers are Sino-Korean throughout, as on every Korean hotline for places, minutes and
seat numbers.
"""

from __future__ import annotations

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
    """A number read digit by digit, as seats and work orders are: 8001 is 八零零幺, 팔공공일.

    Args:
        text: ASCII digits, possibly none.

    Raises:
        ValueError: something else than a digit is in it.
    """
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a row of digits")
    return [_READ[int(digit)] for digit in text]


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
