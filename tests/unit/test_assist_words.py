"""What a model may know of a text: what it is about, and nothing of who it was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.assist.corpus import CITIZENS, Counted, Example, Kind
from ticketing.assist.words import words

AT = datetime(2026, 3, 2, tzinfo=UTC)
SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")


def said(text: str) -> set[str]:
    return {word.text for word in words(text)}


def test_what_a_matter_is_about_is_kept() -> None:
    found = said("市民来电反映，解放路的路灯不亮了，晚上走路看不清，希望尽快维修。")
    assert {"路灯", "不亮", "维修", "解放路"} <= found
    assert not found & {"市民", "来电", "反映", "希望"}, "what everybody says tells nothing"


def test_a_word_within_a_longer_one_is_found_too() -> None:
    assert {"暖气片", "暖气"} <= said("顶层暖气片不热")


def test_each_word_tells_its_place() -> None:
    text = "ＡＴＭ旁边的路灯不亮了"
    assert all(text[word.start : word.end] for word in words(text))
    lamp = next(word for word in words(text) if word.text == "路灯")
    assert text[lamp.start : lamp.end] == "路灯"


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("我叫王小明，想问一下供暖的事", "王小明"),
        ("联系人是欧阳文博，电话打不通", "欧阳文博"),
        ("张女士说楼上漏水", "张女士"),
        ("邮箱是wangxiaoming@example.org请回复", "wangxiaoming"),
        ("车牌吉H12345占了车位", "吉H12345"),
        ("身份证22240119900307123X登记错了", "22240119900307123x"),
        ("请打我的电话138 0000 1111", "138"),
    ],
)
def test_names_and_numbers_are_left_out(text: str, private: str) -> None:
    assert not any(private in word or word in private for word in said(text))


@given(st.text("0123456789", min_size=4, max_size=18), st.booleans())
def test_no_number_is_a_word_written_or_spoken(digits: str, spoken: bool) -> None:
    text = f"号码是{digits.translate(SPOKEN) if spoken else digits}，路灯不亮"
    assert not any(set(word) & set(digits.translate(SPOKEN)) for word in said(text) - {"路灯"})
    assert not any(character.isdigit() for word in said(text) for character in word)


def example(number: int, content: str, citizen: str, *private: str) -> Example:
    return Example(
        number=str(number), at=AT, content=content, citizen=citizen, private=private, type="help"
    )


def test_a_word_is_known_only_when_enough_citizens_have_said_it() -> None:
    counted = Counted()
    for number in range(30):
        counted.add(example(number, "玄武岩加工厂噪声", "13800000001"))
    assert not counted.vocabulary().places, "one citizen, however often"
    for number in range(CITIZENS - 1):
        counted.add(example(100 + number, "加工厂噪声", f"1380000000{2 + number}"))
    known = counted.vocabulary().places
    assert "噪声" in known
    assert "玄武岩" not in known


def test_what_is_the_citizens_own_is_taken_out_first() -> None:
    told = example(1, "崔海燕家的路灯不亮", "1", "崔海燕").words(Kind.TYPE)
    assert "路灯" in told
    assert not any(part in word for word in told for part in ("崔海", "海燕"))


def test_the_centres_own_words_are_known_from_the_start() -> None:
    assert list(Counted().vocabulary(["供热", "公交"]).words) == ["供热", "公交"]


def test_korean_words_are_parted_by_blanks() -> None:
    assert {"가로등이", "꺼졌어요"} <= said("가로등이 꺼졌어요 1234")
