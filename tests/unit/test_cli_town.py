"""The plan of the demo's town: the same for a seed, plausible, and everybody somebody else."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.demo.town import WITH_AGENT, Errand, visits
from ivr.errors import PhoneError

seeds = st.integers(-(2**63), 2**63)
rates = st.floats(0.1, 60)


@given(seeds, rates)
def test_the_same_seed_plans_the_same_calls(seed: int, rate: float) -> None:
    assert list(islice(visits(seed, rate), 40)) == list(islice(visits(seed, rate), 40))


@given(seeds)
def test_another_seed_plans_others(seed: int) -> None:
    assert list(islice(visits(seed, 6), 5)) != list(islice(visits(seed + 1, 6), 5))


@given(seeds, rates)
def test_every_call_can_be_made(seed: int, rate: float) -> None:
    plan = list(islice(visits(seed, rate), 200))
    assert all(a.at < b.at for a, b in pairwise(plan))
    assert len({visit.caller for visit in plan}) == len(plan)
    for visit in plan:
        assert len(visit.caller) == 11
        assert visit.caller.isdigit()
        assert visit.caller.startswith("1")
        assert visit.language_key == {"zh": "1", "ko": "2"}[visit.language]
        assert visit.order.isdigit()
        assert len(visit.order) == 10
        assert 0 < visit.hesitation <= 5
        assert 12 <= visit.talk <= 120
        assert visit.patience >= 20
        assert visit.rating in {"1", "2", "3", None}


@pytest.mark.parametrize("seed", [1, 2, 12345])
@pytest.mark.parametrize("rate", [1.0, 6.0, 60.0])
def test_calls_come_as_often_as_asked(seed: int, rate: float) -> None:
    count = 4000
    last = list(islice(visits(seed, rate), count))[-1]
    assert count / last.at * 60 == pytest.approx(rate, rel=0.08)


@pytest.mark.parametrize("seed", [1, 2, 12345])
def test_a_town_has_all_kinds_of_people(seed: int) -> None:
    plan = list(islice(visits(seed, 6), 400))
    assert {visit.errand for visit in plan} == set(Errand)
    assert {visit.language for visit in plan} == {"zh", "ko"}
    assert {visit.rating for visit in plan} == {"1", "2", "3", None}
    assert {visit.seat_ends for visit in plan} == {visit.slips for visit in plan} == {True, False}
    with_agent = sum(visit.errand in WITH_AGENT for visit in plan)
    assert 0.6 < with_agent / len(plan) < 0.9


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_town_without_calls_is_refused(rate: float) -> None:
    with pytest.raises(PhoneError, match="more than 0"):
        next(visits(1, rate))
