"""Nuisance callers: slowed by rule, blocked only by several agents, cleared by a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.samples import ARRIVED, record
from ticketing.domain.calls import Outcome
from ticketing.domain.nuisance import (
    Measure,
    NuisanceRules,
    Sign,
    SignKind,
    Standing,
    judge,
    without_matter,
)
from ticketing.domain.wording import BadSetting

RULES = NuisanceRules(slow_calls=5, slow_within_minutes=60, block_reports=3, block_agents=2)
NOW = ARRIVED + timedelta(days=1)


def short(minutes_ago: float, call: str | None = None) -> Sign:
    at = NOW - timedelta(minutes=minutes_ago)
    return Sign(at, SignKind.SHORT, "", call or f"c{minutes_ago}")


def report(who: str, call: str, hours_ago: float = 1) -> Sign:
    return Sign(NOW - timedelta(hours=hours_ago), SignKind.REPORT, who, call)


def due(*signs: Sign, standing: tuple[Standing, ...] = ()) -> Measure | None:
    found = judge(signs, standing, None, NOW, RULES)
    return None if found is None else found[0].measure


def test_calling_often_without_a_matter_slows() -> None:
    assert due(*(short(n) for n in range(4))) is None
    assert due(*(short(n) for n in range(5))) is Measure.SLOWED
    assert due(*(short(n * 16) for n in range(20))) is None  # never five within the hour
    assert due(*(short(n, "the same") for n in range(5))) is None


def test_a_block_needs_several_reports_of_several_agents() -> None:
    one = [report("wang", f"c{n}") for n in range(9)]
    assert due(*one) is None
    assert due(*one[:2], report("li", "c2")) is Measure.BLOCKED
    assert due(report("wang", "c"), report("li", "c"), report("zhao", "c")) is None  # one call
    assert due(*one[:2], report("li", "c2", hours_ago=24 * 8)) is None


@given(st.lists(st.floats(0, 10_000), max_size=200))
def test_no_number_of_calls_alone_ever_blocks(minutes: list[float]) -> None:
    assert due(*(short(m, f"c{n}") for n, m in enumerate(minutes))) in {None, Measure.SLOWED}


@given(
    st.lists(
        st.one_of(
            st.builds(short, st.floats(0, 5000)),
            st.builds(
                report, st.sampled_from(["a", "b"]), st.sampled_from("xyz"), st.floats(0, 300)
            ),
        ),
        max_size=60,
    )
)
def test_what_was_cleared_never_counts_again(signs: list[Sign]) -> None:
    assert judge(signs, (), NOW, NOW, RULES) is None
    found = judge(signs, (), None, NOW, RULES)
    if found is not None:
        standing, reasons = found
        assert standing.since == NOW < standing.until
        assert set(reasons) <= set(signs)
        assert judge(signs, (standing,), None, NOW, RULES) is None or (
            standing.measure is Measure.SLOWED
        )


def test_a_slowed_caller_can_be_blocked_and_a_blocked_one_is_not_blocked_again() -> None:
    slowed = Standing(Measure.SLOWED, NOW - timedelta(minutes=1), NOW + timedelta(hours=1))
    blocked = replace(slowed, measure=Measure.BLOCKED)
    signs = [report("wang", "1"), report("li", "2"), report("li", "3")]
    assert due(*signs, standing=(slowed,)) is Measure.BLOCKED
    assert due(*signs, standing=(blocked,)) is None
    assert due(*signs, standing=(replace(blocked, until=NOW),)) is Measure.BLOCKED


def test_waiting_in_vain_never_counts() -> None:
    call = record(1)
    for outcome in (Outcome.ABANDONED_IN_QUEUE, Outcome.MESSAGE_LEFT, Outcome.FAILED):
        assert not without_matter(replace(call, outcome=outcome), RULES)
    assert without_matter(replace(call, outcome=Outcome.ABANDONED_IN_MENU, menu="2"), RULES)
    asked = replace(call, outcome=Outcome.ABANDONED_IN_MENU, menu="1>2")
    assert not without_matter(asked, RULES)
    answered = replace(call, outcome=Outcome.ANSWERED, answered_at=ARRIVED)
    assert without_matter(replace(answered, ended_at=ARRIVED + timedelta(seconds=9)), RULES)
    assert not without_matter(replace(answered, ended_at=ARRIVED + timedelta(seconds=10)), RULES)


def test_rules_that_would_block_by_one_word_are_refused() -> None:
    with pytest.raises(BadSetting):
        NuisanceRules(block_reports=1)
    with pytest.raises(BadSetting):
        NuisanceRules(slow_calls=1)
