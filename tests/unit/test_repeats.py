"""Repeats (W10) and many callers on one event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.errors import GuardFailed, NotAllowed
from ticketing.domain.masters import MasterOrder, Member, attach, close, detach
from ticketing.domain.matters import Channel, Citizen
from ticketing.domain.repeats import (
    Candidate,
    Case,
    Judgement,
    Match,
    RepeatSettings,
    SameBy,
    candidate,
    counted,
    judge,
    linked,
    plain_phone,
    same_person,
)
from ticketing.domain.roles import Role
from ticketing.domain.similarity import bigrams, likeness, normalised

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HEATING = "河南街道阳光小区3号楼暖气不热，室内温度只有14度，请尽快处理"
AGAIN = "又打来：阳光小区3号楼暖气不热，室内温度只有14度！"
OTHER = "河南街道阳光小区门口夜间烧烤摊噪音扰民"
WANG = Citizen(name="王小明", phone="13812345678", address="阳光小区3号楼")


def case(order: str, days: float, text: str = AGAIN, **more: object) -> Case:
    made = Case(order, WANG, "heating", text, NOW - days * DAY)
    return replace(made, **more)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("13812345678", "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("008613812345678", "13812345678"),
        ("0433-8182111", "04338182111"),
        ("8612345678", "8612345678"),
        ("12345", ""),
        ("", ""),
    ],
)
def test_telephone_numbers(given: str, plain: str) -> None:
    assert plain_phone(given) == plain


def test_who_is_one_person() -> None:
    assert same_person(WANG, Citizen(phone="+8613812345678")) is SameBy.PHONE
    moved = Citizen(name="王小明 ", phone="13900000000", address="阳光小区3号楼")
    assert same_person(WANG, moved) is SameBy.NAME_AND_ADDRESS
    assert same_person(WANG, Citizen(name="王小明", phone="13900000000")) is None
    assert same_person(Citizen(), Citizen()) is None
    assert same_person(Citizen(name="王小明"), Citizen(name="王小明")) is None
    assert same_person(Citizen(phone="110"), Citizen(phone="110")) is None


def test_the_same_person_and_matter_within_the_window() -> None:
    earlier = [
        case("1", 89),
        case("2", 90, text=HEATING),
        case("3", 90.01),
        case("4", 1, category="noise"),
        case("5", 1, text=OTHER),
        case("6", 1, citizen=Citizen(phone="13900000000")),
        case("7", -1),
        case("8", 0),
    ]
    found = candidate(case("8", 0, text=HEATING), earlier)
    assert found is not None
    assert [match.order for match in found.earlier] == ["2", "1"]
    assert found.earlier[0].likeness == 1.0
    assert found.earlier[0].same_by is SameBy.PHONE


def test_the_pack_sets_count_window_and_threshold() -> None:
    new, earlier = case("9", 0), [case("1", 10)]
    assert candidate(new, earlier) is not None
    assert candidate(new, earlier, RepeatSettings(count=3)) is None
    assert candidate(new, earlier, RepeatSettings(days=9)) is None
    reworded = [case("1", 10, text="阳光小区暖气不热，孩子都冻感冒了，希望供热公司上门")]
    assert candidate(new, reworded, RepeatSettings(threshold=0.9)) is None
    assert candidate(new, reworded, RepeatSettings(threshold=0.1)) is not None
    assert candidate(new, []) is None


def test_likeness_of_texts() -> None:
    assert normalised("１２３４５ 热线，ＯＫ！") == "12345热线ok"
    assert likeness(bigrams("暖气不热"), bigrams("暖气 不热！")) == 1.0
    assert likeness(bigrams(""), bigrams("")) == 0.0
    assert likeness(bigrams("水"), bigrams("水")) == 1.0
    # a few characters are in many texts: that they are contained says little
    assert likeness(bigrams("暖气"), bigrams(HEATING)) < 0.1
    assert likeness(bigrams("小区暖气不热室内温度"), bigrams(HEATING)) < 1.0
    assert likeness(bigrams("阳光小区3号楼暖气不热"), bigrams(HEATING)) == 1.0
    assert likeness(bigrams("난방이 안 됩니다"), bigrams("난방이 안됩니다.")) == 1.0


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_a_measure(one: str, other: str) -> None:
    a, b = bigrams(one), bigrams(other)
    assert 0.0 <= likeness(a, b) <= 1.0
    assert likeness(a, b) == likeness(b, a)
    assert likeness(a, a) == (1.0 if normalised(one) else 0.0)


FOUND = Candidate("9", (Match("1", NOW - DAY, SameBy.PHONE, 0.8),))
WORD = {"same": True, "reasonable": True, "why": "同一户，仍未供热", "by": "李", "at": NOW}


def test_a_person_judges() -> None:
    done = judge(FOUND, "1", {Role.DISPATCHER}, **WORD)
    assert (done.order, done.earlier, done.same, done.reasonable) == ("9", "1", True, True)
    for role in set(Role) - {Role.DISPATCHER, Role.MANAGER}:
        with pytest.raises(NotAllowed):
            judge(FOUND, "1", {role}, **WORD)
    with pytest.raises(GuardFailed, match="reason_missing"):
        judge(FOUND, "1", {Role.MANAGER}, **{**WORD, "why": " "})
    with pytest.raises(ValueError, match="no candidate"):
        judge(FOUND, "2", {Role.MANAGER}, **WORD)


def word(order: str, earlier: str, same: bool, reasonable: bool, hour: int = 0) -> Judgement:
    at = NOW + timedelta(hours=hour)
    return Judgement(order, earlier, same, reasonable, "因", "李", at)


def test_only_what_a_person_confirmed_is_linked_and_the_last_word_counts() -> None:
    words = [
        word("3", "2", same=True, reasonable=True),
        word("2", "1", same=True, reasonable=False),
        word("5", "4", same=False, reasonable=True),
        word("7", "6", same=True, reasonable=True, hour=1),
        word("6", "7", same=False, reasonable=True, hour=2),
    ]
    assert linked(words) == (("1", "2", "3"),)
    assert linked(reversed(words)) == (("1", "2", "3"),)
    assert counted(words) == {"3"}
    assert linked(words[:4]) == (("1", "2", "3"), ("6", "7"))


def member(order: str, channel: Channel = Channel.PHONE, language: str = "zh") -> Member:
    return Member(order, channel, f"to-{order}", NOW, "李", language)


def guard(told: pytest.ExceptionInfo[GuardFailed]) -> str:
    assert told.value.zh
    return told.value.guard


def test_callers_of_one_event_are_answered_singly() -> None:
    master = MasterOrder("100", "全城停水")
    master = attach(master, member("101"), ())
    master = attach(master, member("102", Channel.WECHAT, "ko"), ())
    assert attach(master, member("101"), ()) == master
    closed, tasks = close(master, " 已恢复供水 ", NOW)
    assert [(t.order, t.channel, t.source, t.language) for t in tasks] == [
        ("101", Channel.PHONE, "to-101", "zh"),
        ("102", Channel.WECHAT, "to-102", "ko"),
    ]
    assert {task.result for task in tasks} == {"已恢复供水"}
    assert len({task.key for task in tasks}) == 2
    again, same_tasks = close(closed, "已恢复供水", NOW + DAY)
    assert (again, same_tasks) == (closed, tasks)


def test_refused_groupings() -> None:
    master = attach(MasterOrder("100", "停水"), member("101"), ())
    other = MasterOrder("200", "停电")

    def refused(of: MasterOrder, order: str, *others: MasterOrder) -> str:
        with pytest.raises(GuardFailed) as told:
            attach(of, member(order), others)
        return guard(told)

    assert refused(master, "100") == "master_of_itself"
    assert refused(other, "100", master) == "master_of_a_master"
    assert refused(MasterOrder("101", ""), "300", master) == "master_of_a_master"
    assert refused(other, "101", master) == "two_masters"
    closed, _ = close(master, "完", NOW)
    assert refused(closed, "102") == "master_closed"
    # a master that has lost its last order is an order like others again
    assert attach(other, member("100"), [detach(master, "101")]).has("100")


def test_detaching() -> None:
    master = attach(MasterOrder("100", "停水"), member("101"), ())
    assert detach(master, "101").members == ()
    with pytest.raises(GuardFailed) as told:
        detach(master, "102")
    assert guard(told) == "not_attached"
    closed, _ = close(master, "完", NOW)
    with pytest.raises(GuardFailed) as told:
        detach(closed, "101")
    assert guard(told) == "master_closed"
    with pytest.raises(GuardFailed) as told:
        close(master, " ", NOW)
    assert guard(told) == "text_missing"


ORDERS = [str(number) for number in range(5)]
steps = st.tuples(st.sampled_from(["attach", "detach", "close"]), *[st.sampled_from(ORDERS)] * 2)


@given(st.lists(steps, max_size=40))
def test_no_walk_makes_a_master_of_a_master_or_two_masters(
    walk: list[tuple[str, str, str]],
) -> None:
    masters = {order: MasterOrder(order, "") for order in ORDERS}
    for action, one, other in walk:
        try:
            match action:
                case "attach":
                    masters[one] = attach(masters[one], member(other), masters.values())
                case "detach":
                    masters[one] = detach(masters[one], other)
                case _:
                    masters[one], tasks = close(masters[one], "完", NOW)
                    assert [task.order for task in tasks] == [
                        attached.order for attached in masters[one].members
                    ]
        except GuardFailed:
            continue
        attached_orders = [m.order for master in masters.values() for m in master.members]
        assert len(set(attached_orders)) == len(attached_orders)
        assert all(not masters[order].members for order in attached_orders)
