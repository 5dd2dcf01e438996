"""Personal numbers in what was said are found, whatever they are written or spoken with."""

from __future__ import annotations

from itertools import zip_longest
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.redaction.dialogues import bank_card, dialogues, id_card, landline, mobile
from bench.redaction.judge import judge
from speech.redaction import Kind, find, find_across, id_card_check, is_id_card, luhn, mask

HAN = "零一二三四五六七八九"
HANGUL = "공일이삼사오육칠팔구"
seeds = st.integers(0, 2**32)
GAPS = st.sampled_from(["", " ", "-", "，", "、嗯，", "，然后", "\n"])


def hidden(text: str) -> list[tuple[str, str]]:
    return [(item.kind.value, text[item.start : item.end]) for item in find(text)]


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("11010519491231002X", True),  # the standard's own example
        ("110105194912310021", False),
        ("440524188001010014", False),  # right checksum, born too long ago
        ("110105194902310020", False),  # no such day
        ("990105194912310025", False),  # no such province
    ],
)
def test_an_id_card_needs_region_birthday_and_checksum(number: str, valid: bool) -> None:
    assert is_id_card(number) is valid


@pytest.mark.parametrize(
    ("number", "valid"),
    [("4111111111111111", True), ("4111111111111112", False), ("79927398713", True), ("18", True)],
)
def test_luhn(number: str, valid: bool) -> None:
    assert luhn(number) is valid


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("打一三八零零一三八零零零", "phone", "一三八零零一三八零零零"),
        ("打 138 0013 8000 找我", "phone", "138 0013 8000"),
        ("１３８００１３８０００", "phone", "１３８００１３８０００"),
        ("一三八，嗯，零零幺三，双八零零。", "phone", "一三八，嗯，零零幺三，双八零零"),
        ("幺三八三个零十一八七七", "phone", "幺三八三个零十一八七七"),
        ("+86 13800138000", "phone", "86 13800138000"),
        ("零四三三，八一二六一四一", "phone", "零四三三，八一二六一四一"),
        ("家里电话八一二六一四一", "phone", "八一二六一四一"),
        ("일삼팔 공공일삼에 팔공공공이에요", "phone", "일삼팔 공공일삼에 팔공공공"),
        ("공일공 일이삼사 오육칠팔", "phone", "공일공 일이삼사 오육칠팔"),
        (
            "证号幺幺零一零五一九四九一二三一零零二叉",
            "id_card",
            "幺幺零一零五一九四九一二三一零零二叉",
        ),
        ("110105 19491231 002X", "id_card", "110105 19491231 002X"),
        ("卡是4111 1111 1111 1111", "bank_card", "4111 1111 1111 1111"),
        # checksum wrong, but the word before it says what it is
        ("身份证号110105194912310021", "id_card", "110105194912310021"),
        ("银行卡号6222020200112233445", "bank_card", "6222020200112233445"),
    ],
)
def test_what_is_personal_is_found(text: str, kind: str, said: str) -> None:
    assert hidden(text) == [(kind, said)]


@pytest.mark.parametrize(
    "text",
    [
        "二零二六年十一月二十二日上午十点二十五分",
        "工单号202611380013800",
        "工单编号二零二六一三八零零一三八零零零",
        "请拨打12345，或者12333",
        "交了二百三十六块五，一共三千五百元",
        "3号楼2单元1204室，面积89.5平方米",
        "一共买了两三个，一个一个地看",
        "이 일은 이십일일부터 사십오 분 걸렸어요",
        "22222222222",
        "138001380001380013800013800138000",  # one long number, and nobody's telephone
    ],
)
def test_what_is_not_personal_is_left_alone(text: str) -> None:
    assert hidden(text) == []


def test_the_citys_own_numbers_are_not_hidden() -> None:
    text = "供电公司的电话是0433-8155772"
    assert len(find(text)) == 1
    assert find(text, public={"04338155772"}) == ()


@given(seeds, GAPS, st.integers(3, 6), st.sampled_from(["digits", "han", "hangul"]))
def test_every_valid_number_is_hidden_whole(seed: int, gap: str, step: int, how: str) -> None:
    random = Random(seed)
    for make, kind in (
        (mobile, Kind.PHONE),
        (landline, Kind.PHONE),
        (id_card, Kind.ID_CARD),
        (bank_card, Kind.BANK_CARD),
    ):
        number = make(random)
        parts = [number[i : i + step] for i in range(0, len(number), step)]
        if how != "digits":
            words = HAN if how == "han" else HANGUL
            parts = ["".join(c if c == "X" else words[int(c)] for c in part) for part in parts]
        said = gap.join(parts)
        lead = {Kind.PHONE: "电话是", Kind.ID_CARD: "身份证", Kind.BANK_CARD: "卡号"}[kind]
        found = find(f"{lead}{said}。")
        whole = [i for i in found if i.start <= len(lead) and i.end >= len(lead) + len(said)]
        assert whole, (found, said)


@given(st.text(alphabet="0123456789零一幺二三十双个日일이 ，嗯x的電话号码身份证卡\n", max_size=60))
def test_what_is_found_lies_in_order_and_apart(text: str) -> None:
    found = find(text)
    for item, later in zip_longest(found, found[1:]):
        assert 0 <= item.start < item.end <= len(text)
        assert later is None or item.end <= later.start
    shown = mask(text, found)
    assert all(text[item.start : item.end] not in shown for item in found)
    assert mask(text, ()) == text


@given(st.text(alphabet="我们小区路灯坏了물이안나와요abc ，。", max_size=80))
def test_without_digits_nothing_is_found(text: str) -> None:
    assert find(text) == ()


def test_a_number_over_pauses_of_one_speaker() -> None:
    texts = ["我电话一三八零", "嗯", "零一三八", "零零零", "再见"]
    parts = find_across(texts)
    assert [[t[i.start : i.end] for i in p] for t, p in zip(texts, parts, strict=True)] == [
        ["一三八零"],
        ["嗯"],
        ["零一三八"],
        ["零零零"],
        [],
    ]
    assert not any(find_across(texts, [1.0, 1.0, 60.0, 1.0]))


def test_a_mask_says_what_it_was_in_the_language_of_the_call() -> None:
    text = "打13800138000"
    assert mask(text, find(text)) == "打〔电话号码〕"
    assert mask(text, find(text), "ko") == "打〔전화번호〕"


@given(st.integers(0, 10**17 - 1))
def test_another_last_character_is_no_id_card(first: int) -> None:
    number = f"{first:017d}"
    check = id_card_check(number)
    assert not any(is_id_card(number + c) for c in "0123456789X" if c != check)


def test_recall_and_precision_on_500_dialogues() -> None:
    verdict = judge(dialogues(500))
    print(f"recall {verdict.whole.recall:.4f}, precision {verdict.whole.precision:.4f}")
    assert verdict.numbers > 1000
    assert verdict.whole.recall >= 0.99, verdict.wrong
    assert verdict.whole.precision >= 0.98, verdict.wrong
    for kind, score in verdict.kinds.items():
        assert min(score.recall, score.precision) >= 0.97, (kind, verdict.wrong)
