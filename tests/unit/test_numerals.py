"""Numbers as they are said: worked examples, and every number read back from what is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.numerals import LIMIT, cardinal, count, digits
from ivr.prompts import CATALOGUE, Language, P

ZH, KO = Language.ZH, Language.KO

EXAMPLES = [
    (0, "零", "영"),
    (1, "一", "일"),
    (2, "二", "이"),
    (10, "十", "십"),
    (12, "十二", "십이"),
    (20, "二十", "이십"),
    (22, "二十二", "이십이"),
    (99, "九十九", "구십구"),
    (100, "一百", "백"),
    (101, "一百零一", "백일"),
    (102, "一百零二", "백이"),
    (110, "一百一十", "백십"),
    (112, "一百一十二", "백십이"),
    (120, "一百二十", "백이십"),
    (200, "二百", "이백"),
    (222, "二百二十二", "이백이십이"),
    (1000, "一千", "천"),
    (1001, "一千零一", "천일"),
    (1010, "一千零一十", "천십"),
    (1100, "一千一百", "천백"),
    (1111, "一千一百一十一", "천백십일"),
    (2000, "两千", "이천"),
    (2200, "两千二百", "이천이백"),
    (8001, "八千零一", "팔천일"),
    (10_000, "一万", "만"),
    (10_001, "一万零一", "만일"),
    (10_010, "一万零一十", "만십"),
    (12_000, "一万二千", "만이천"),
    (20_000, "两万", "이만"),
    (22_022, "两万二千零二十二", "이만이천이십이"),
    (100_000, "十万", "십만"),
    (120_305, "十二万零三百零五", "십이만삼백오"),
    (10_000_000, "一千万", "천만"),
    (99_999_999, "九千九百九十九万九千九百九十九", "구천구백구십구만구천구백구십구"),
]

ONES_ZH = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
ONES_KO = {c: n for n, c in enumerate("영일이삼사오육칠팔구")}


def said(prompts: list[P], language: Language) -> str:
    return "".join(CATALOGUE[prompt].text(language) for prompt in prompts)


def heard(text: str, ones: dict[str, int], units: dict[str, int], myriad: str) -> int:
    """Understand a number as a listener does: a digit waits for its unit."""
    total = group = digit = 0
    for char in text:
        if char in ones:
            digit = ones[char]
        elif char == myriad:
            total, group, digit = (group + digit or 1) * 10_000, 0, 0
        else:
            group, digit = group + (digit or 1) * units[char], 0
    return total + group + digit


@pytest.mark.parametrize(("number", "zh", "ko"), EXAMPLES)
def test_a_number_is_said_as_people_say_it(number: int, zh: str, ko: str) -> None:
    assert said(cardinal(number, ZH), ZH) == zh
    assert said(cardinal(number, KO), KO) == ko


@given(st.integers(0, LIMIT - 1))
def test_what_is_said_is_heard_as_the_same_number(number: int) -> None:
    zh = said(cardinal(number, ZH), ZH)
    ko = said(cardinal(number, KO), KO)
    assert heard(zh, ONES_ZH, {"十": 10, "百": 100, "千": 1000}, "万") == number
    assert heard(ko, ONES_KO, {"십": 10, "백": 100, "천": 1000}, "만") == number


@given(st.integers(1, LIMIT - 1))
def test_mandarin_never_says_zero_twice_nor_at_the_end(number: int) -> None:
    text = said(cardinal(number, ZH), ZH)
    assert "零零" not in text
    assert not text.endswith("零")
    assert not text.startswith("零")


@given(st.integers(1, LIMIT - 1))
def test_mandarin_says_liang_only_in_front_of_a_large_unit(number: int) -> None:
    text = said(cardinal(number, ZH), ZH)
    assert "两" not in text[1:]
    assert not text.startswith(("二千", "二万"))
    assert "两" not in text or text[1] in "千万"


@given(st.integers(1, LIMIT - 1))
def test_korean_says_no_zero(number: int) -> None:
    assert "영" not in said(cardinal(number, KO), KO)


@pytest.mark.parametrize(
    ("number", "zh", "ko"),
    [
        (1, "一", "일"),
        (2, "两", "이"),
        (3, "三", "삼"),
        (12, "十二", "십이"),
        (22, "二十二", "이십이"),
    ],
)
def test_minutes_are_counted(number: int, zh: str, ko: str) -> None:
    assert said(count(number, ZH), ZH) == zh
    assert said(count(number, KO), KO) == ko


def test_a_seat_is_read_digit_by_digit() -> None:
    assert said(digits("8001"), ZH) == "八零零幺"
    assert said(digits("8001"), KO) == "팔공공일"
    assert digits("") == []


@given(st.text("0123456789", max_size=30))
def test_every_digit_is_read_once(text: str) -> None:
    zh = said(digits(text), ZH)
    assert [("零幺二三四五六七八九").index(char) for char in zh] == [int(char) for char in text]


@pytest.mark.parametrize("text", ["80a1", "-1", "８００１", "80 01", "²"])
def test_what_is_no_digit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a row of digits"):
        digits(text)


@pytest.mark.parametrize("number", [-1, LIMIT])
@pytest.mark.parametrize("language", list(Language))
def test_a_number_out_of_range_is_refused(number: int, language: Language) -> None:
    with pytest.raises(ValueError, match="cannot be said"):
        cardinal(number, language)
