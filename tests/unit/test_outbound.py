"""The plan of outward calls: what may be dialled, for what, and how often (T4, T8, X1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ticketing.domain.errors import NumberNotAllowed, OutboundLimit
from ticketing.domain.lines import LineKind
from ticketing.domain.outbound import (
    Dialled,
    NumberKind,
    Outbound,
    OutboundRule,
    Purpose,
    Refusal,
    Traffic,
    judge,
    normal,
    within,
)
from ticketing.domain.wording import BadSetting
from ticketing.policies.loader import load_pack

DAY = date(2019, 12, 2)
PACK = load_pack("xianning-2019")
PLAN, LINES = PACK.outbound, PACK.lines
DIGITS = "0123456789"


def kind(number: str, purpose: Purpose | None = None, plan: Outbound = PLAN) -> NumberKind:
    return judge(plan, LINES, number, purpose, DAY).kind


def refusal(number: str, purpose: Purpose | None = None, plan: Outbound = PLAN) -> str:
    with pytest.raises(NumberNotAllowed) as caught:
        judge(plan, LINES, number, purpose, DAY)
    return caught.value.reason


@pytest.mark.parametrize(
    ("written", "dialled", "what"),
    [
        ("13800001111", "13800001111", NumberKind.MOBILE),
        ("138-0000-1111", "13800001111", NumberKind.MOBILE),
        ("+86 138 0000 1111", "13800001111", NumberKind.MOBILE),
        ("008613800001111", "13800001111", NumberKind.MOBILE),
        ("013800001111", "13800001111", NumberKind.MOBILE),
        ("8123456", "8123456", NumberKind.LOCAL),
        ("0715-8123456", "8123456", NumberKind.LOCAL),
        ("+867158123456", "8123456", NumberKind.LOCAL),
        ("8182111", "8182111", NumberKind.LINE),
        ("0715-8182111", "8182111", NumberKind.LINE),
        ("12366", "12366", NumberKind.LINE),
    ],
)
def test_what_may_be_called(written: str, dialled: str, what: NumberKind) -> None:
    assert judge(PLAN, LINES, written, Purpose.EXPERT, DAY) == Dialled(dialled, what)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("0044 20 7946 0000", Refusal.INTERNATIONAL),
        ("+1 212 555 0000", Refusal.INTERNATIONAL),
        ("00", Refusal.MALFORMED),
        ("0085221234567", Refusal.INTERNATIONAL),
        ("16812345", Refusal.PREMIUM),
        ("0715-16812345", Refusal.PREMIUM),
        ("+86 168 12345678", Refusal.PREMIUM),
        ("9001234", Refusal.PREMIUM),
        ("010-62345678", Refusal.FAR),
        ("+861062345678", Refusal.FAR),
        ("4001234567", Refusal.UNKNOWN),
        ("95588", Refusal.UNKNOWN),
        ("10086", Refusal.UNKNOWN),
        ("12110", Refusal.UNKNOWN),
        ("12345", Refusal.OURSELVES),
        ("12333", Refusal.OURSELVES),
        ("8126141", Refusal.OURSELVES),
        ("110", Refusal.EMERGENCY),
        ("0715110", Refusal.EMERGENCY),
        ("8001", Refusal.UNKNOWN),
        ("", Refusal.MALFORMED),
        ("1", Refusal.MALFORMED),
        ("13800001111@evil", Refusal.MALFORMED),
        ("13800001111;x=y", Refusal.MALFORMED),
        ("13800001111&PJSIP/8001", Refusal.MALFORMED),
        ("13800001111,30,G(x)", Refusal.MALFORMED),
        ("13800001111\r\nAction: x", Refusal.MALFORMED),
        ("１３８００００１１１１", Refusal.MALFORMED),
        ("sip:13800001111", Refusal.MALFORMED),
        ("${EXTEN}", Refusal.MALFORMED),
        ("*72", Refusal.MALFORMED),
        ("#21#", Refusal.MALFORMED),
    ],
)
def test_what_may_not(written: str, reason: Refusal) -> None:
    assert refusal(written, Purpose.TRANSFER) == reason


def test_an_emergency_number_is_for_an_emergency_only_and_an_emergency_for_no_other() -> None:
    for number in ("110", "119", "120", "122"):
        assert kind(number, Purpose.EMERGENCY) is NumberKind.EMERGENCY
        for purpose in set(Purpose) - {Purpose.EMERGENCY}:
            assert refusal(number, purpose) == Refusal.EMERGENCY
    for number in ("13800001111", "8123456", "12366", "12333"):
        assert refusal(number, Purpose.EMERGENCY) == Refusal.PURPOSE


def test_a_merged_number_is_called_by_a_probe_only() -> None:
    """Every other call would come back to ourselves (T3)."""
    assert kind("12333", Purpose.PROBE) is NumberKind.FORWARDED
    assert refusal("12333", Purpose.TRANSFER) == Refusal.OURSELVES
    assert refusal("12345", Purpose.PROBE) == Refusal.OURSELVES


def test_a_rule_lets_out_what_nothing_else_would_until_its_last_day() -> None:
    rule = OutboundRule("+852", "joint inquiry", until=DAY, purposes=(Purpose.EXPERT,))
    plan = replace(PLAN, rules=(rule, OutboundRule("400", "bank hotlines")))
    dialled = judge(plan, LINES, "+852 2123 4567", Purpose.EXPERT, DAY)
    assert dialled == Dialled("0085221234567", NumberKind.RULE)
    assert refusal("+852 2123 4567", Purpose.TRANSFER, plan) == Refusal.INTERNATIONAL
    assert kind("400-123-4567", plan=plan) is NumberKind.RULE
    with pytest.raises(NumberNotAllowed):
        judge(plan, LINES, "+85221234567", Purpose.EXPERT, date(2019, 12, 3))


def test_other_areas_when_the_pack_lets_them_out() -> None:
    assert kind("010-62345678", plan=replace(PLAN, far=True)) is NumberKind.FAR
    assert refusal("13800001111", plan=replace(PLAN, mobiles=False)) == Refusal.UNKNOWN


@given(st.text(max_size=40), st.sampled_from([None, *Purpose]))
def test_whatever_is_dialled_is_digits_and_nothing_else(text: str, purpose: Purpose | None) -> None:
    try:
        dialled = judge(PLAN, LINES, text, purpose, DAY)
    except NumberNotAllowed:
        return
    assert set(dialled.number) <= set(DIGITS)


@given(st.text(DIGITS + "+- ", max_size=24), st.sampled_from(list(Purpose)))
def test_what_is_let_out_never_goes_abroad_nor_costs_extra(text: str, purpose: Purpose) -> None:
    try:
        dialled = judge(PLAN, LINES, text, purpose, DAY)
    except NumberNotAllowed:
        return
    line = LINES.find(dialled.number, DAY)
    assert line is not None or not dialled.number.startswith(("00", *PLAN.premium))
    assert line is None or line.kind is not LineKind.HOTLINE


@given(st.text(DIGITS + "+- ", max_size=24))
def test_what_was_made_normal_stays_so(text: str) -> None:
    try:
        once = normal(text)
    except NumberNotAllowed:
        return
    assume(len(once) >= 3)
    assert normal(once) == once


@given(
    st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.sampled_from(list(Purpose))
)
def test_no_limit_is_ever_passed_but_by_an_emergency(
    now: int, today: int, same: int, purpose: Purpose
) -> None:
    plan = Outbound(concurrent=50, daily=80, number_daily=20)
    mobile = Dialled("13800001111", NumberKind.MOBILE)
    police = Dialled("110", NumberKind.EMERGENCY)
    within(plan, police, Purpose.EMERGENCY, Traffic(now, today, same))
    too_many = now >= 50 or today >= 80 or same >= 20
    if too_many:
        with pytest.raises(OutboundLimit):
            within(plan, mobile, purpose, Traffic(now, today, same))
    else:
        within(plan, mobile, purpose, Traffic(now, today, same))


def test_a_utility_may_be_called_often() -> None:
    within(
        Outbound(number_daily=1),
        Dialled("8182111", NumberKind.LINE),
        Purpose.EXPERT,
        Traffic(0, 500, 500),
    )


def test_a_plan_that_cannot_be_is_refused() -> None:
    for wrong in (
        {"concurrent": -1},
        {"local_digits": ()},
        {"local_digits": (12,)},
        {"premium": ("abc",)},
    ):
        with pytest.raises(BadSetting):
            Outbound(**wrong)  # type: ignore[arg-type]
    with pytest.raises(BadSetting):
        OutboundRule("+852", " ")
    with pytest.raises(BadSetting):
        OutboundRule("x", "why")


def test_a_refusal_tells_no_whole_number() -> None:
    with pytest.raises(NumberNotAllowed) as caught:
        judge(PLAN, LINES, "+8613800001111x", None, DAY)
    assert "0000" not in str(caught.value).replace("****", "")
