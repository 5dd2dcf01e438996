"""Who is rung next for an urgent order, whatever became of those before (H4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.order_worlds import (
    CLASSIFY,
    CLOCK,
    DESK,
    HOUSING,
    REPLY,
    REPORT,
    classified,
    dispatched,
    signed,
)
from ticketing.domain import actions as do
from ticketing.domain.dispatch_calls import (
    TALK,
    Cascade,
    DispatchRules,
    Outcome,
    Person,
    Ring,
    Stage,
    accepted,
    attempt_of,
    lost,
    next_ring,
    read_attempt,
    still_wanted,
    wanted,
)
from ticketing.domain.matters import OrderType, Urgency
from ticketing.domain.wording import BadSetting
from ticketing.domain.work_order import State

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
RULES = DispatchRules(ring_seconds=20, give_up_minutes=10, rounds=2)
PEOPLE = (Person("甲", "13800000001"), Person("乙", "13800000002"))
LEADERS = (Person("丙", "13800000003"),)
START = Cascade(
    id=7,
    number="26030200017",
    unit="housing",
    centre="city",
    asked_by="li",
    started_at=NOW,
    give_up_at=NOW + timedelta(minutes=10),
    people=PEOPLE,
    leaders=LEADERS,
)
MISSED = st.sampled_from([each for each in Outcome if each is not Outcome.ACCEPTED])


def ring_through(
    cascade: Cascade, outcomes: list[Outcome], seconds: int, rules: DispatchRules = RULES
) -> tuple[Cascade, list[Ring]]:
    """Ring until it is over, each ring ending as ``outcomes`` say, in turn."""
    now, rings = NOW, []
    for _ in range(100):
        now += SECOND
        found = next_ring(cascade, rings, now, rules, "a")
        assert found is not None
        if isinstance(found, Cascade):
            cascade = found
        else:
            outcome = outcomes[len(rings) % len(outcomes)]
            assert next_ring(cascade, [*rings, found], now, rules, "a") is None, "one at a time"
            now += seconds * SECOND
            rings.append(replace(found, outcome=outcome, ended_at=now))
            cascade = replace(cascade, rings=found.seq)
            if outcome is Outcome.ACCEPTED:
                return accepted(cascade, rings[-1], now), rings
        if not cascade.going:
            return cascade, rings
    raise AssertionError("it does not end")


@given(outcomes=st.lists(MISSED, min_size=1, max_size=5))
def test_each_is_rung_as_often_as_the_rules_say_then_the_leader(outcomes: list[Outcome]) -> None:
    cascade, rings = ring_through(START, outcomes, seconds=5)
    assert [ring.person.name for ring in rings] == ["甲", "乙", "甲", "乙", "丙"]
    assert [ring.seq for ring in rings] == [1, 2, 3, 4, 5]
    assert [ring.stage for ring in rings] == [Stage.UNIT] * 4 + [Stage.LEADER]
    assert (cascade.stage, cascade.accepted_by) == (Stage.NOBODY, "")


@given(seconds=st.integers(1, 1200), rounds=st.integers(1, 10))
def test_nobody_of_the_unit_is_rung_when_the_time_is_up(seconds: int, rounds: int) -> None:
    rules = replace(RULES, rounds=rounds)
    _, rings = ring_through(START, [Outcome.NO_ANSWER], seconds, rules)
    units = [ring for ring in rings if ring.stage is Stage.UNIT]
    assert all(ring.started_at < START.give_up_at for ring in units)
    assert len(units) <= rounds * len(PEOPLE)
    assert rings[-1].stage is Stage.LEADER


@pytest.mark.parametrize(("missed", "stage", "who"), [(1, Stage.ACCEPTED, "乙"), (4, "x", "丙")])
def test_the_key_ends_it(missed: int, stage: str, who: str) -> None:
    outcomes = [Outcome.NO_ANSWER] * missed + [Outcome.ACCEPTED]
    cascade, rings = ring_through(START, outcomes, seconds=1)
    assert cascade.accepted_by == who
    assert cascade.stage is (Stage.LEADER_TOLD if stage == "x" else Stage.ACCEPTED)
    assert not cascade.going
    assert next_ring(cascade, rings, NOW, RULES, "a") is None


def test_without_a_leader_it_ends_all_the_same() -> None:
    cascade, _ = ring_through(replace(START, leaders=()), [Outcome.BUSY], seconds=1)
    assert cascade.stage is Stage.NOBODY


def test_what_is_lost_and_what_is_not() -> None:
    ring = Ring(seq=1, stage=Stage.UNIT, person=PEOPLE[0], node="a", started_at=NOW)
    long_after = NOW + timedelta(seconds=RULES.ring_seconds) + TALK + SECOND
    assert not lost(ring, NOW, RULES, "a", alive=True)
    assert lost(ring, NOW, RULES, "a", alive=False), "our own, and nobody knows of it"
    assert not lost(ring, NOW, RULES, "b", alive=False), "another node sees to its own"
    assert lost(ring, long_after, RULES, "b", alive=False), "a node that is gone"


@given(cascade=st.integers(1, 10**17), seq=st.integers(1, 10**5))
def test_a_channels_id_names_its_ring(cascade: int, seq: int) -> None:
    assert read_attempt(attempt_of(cascade, seq)) == (cascade, seq)


@pytest.mark.parametrize("text", ["", "placed.dispatch.1", "placed.dispatch.0.1", "x.1.2"])
def test_another_channel_is_none(text: str) -> None:
    assert read_attempt(text) is None


@pytest.mark.parametrize("field", ["ring_seconds", "give_up_minutes", "rounds"])
def test_a_wrong_rule_is_refused(field: str) -> None:
    with pytest.raises(BadSetting):
        DispatchRules(**{field: 0})


def test_people_are_rung_for_what_is_urgent_and_with_a_unit() -> None:
    urgent = replace(CLASSIFY, urgency=Urgency.URGENT)
    emergency = replace(CLASSIFY, type=OrderType.EMERGENCY)
    to_housing = do.Dispatch(unit="housing")
    assert not wanted(classified(urgent).it), "no unit has it"
    assert not wanted(dispatched().it), "it is not urgent"
    for what in (urgent, emergency):
        story = classified(what).then(DESK, to_housing)
        assert wanted(story.it)
        story.then(HOUSING, do.Sign(), REPLY, REPORT)
        assert not wanted(story.it), "the unit has reported back"


def test_ringing_stops_when_the_unit_has_signed_or_has_it_no_more() -> None:
    story = dispatched()
    cascade = replace(START, started_at=story.now)
    assert still_wanted(story.it, cascade)
    assert not still_wanted(story.it, replace(cascade, unit="water"))
    story.then(HOUSING, do.Sign(), after=SECOND)
    assert not still_wanted(story.it, cascade)
    later = replace(cascade, started_at=story.now + SECOND)
    assert still_wanted(story.it, later), "signed before, and urgent since"


def test_who_takes_it_over_has_signed_and_is_on_the_order() -> None:
    """W1, H4."""
    story = dispatched().then(CLOCK, do.AcceptDispatch(person="乙", call="placed.dispatch.7.2"))
    assert story.it.state is State.SIGNED
    assert story.it.holder is not None
    assert story.it.holder.signed_at == story.now
    (taken,) = story.it.takeovers
    assert (taken.person, taken.unit, taken.at) == ("乙", "housing", story.now)
    assert ("tell_unit", "city", "dispatch_accepted") in story.told
    before = signed()
    when = before.it.holder
    before.then(CLOCK, do.AcceptDispatch(person="乙"), after=SECOND)
    assert when is not None
    assert before.it.holder is not None
    assert before.it.holder.signed_at == when.signed_at, "who signed first has signed"
