"""Which queue rings which seat, and in what order (T1, T2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.errors import BadSkill
from ticketing.domain.skills import (
    BEST,
    MISSED,
    Skillbook,
    SkillQueue,
    checked,
    members,
    queue_for,
)
from ticketing.domain.wording import BadSetting
from ticketing.policies.loader import load_packs

KOREAN = SkillQueue("korean", "朝鲜语服务", "ko", 20, spared=True)
LABOUR = SkillQueue("labour", "社保就业", "labour", 30)
QUEUES = (KOREAN, LABOUR)
BOTH = ("reception", "reception_night")
levels = st.dictionaries(st.sampled_from(["ko", "labour"]), st.integers(1, BEST))


def test_the_best_are_rung_first_and_who_is_spared_comes_last_for_others() -> None:
    assert members(["reception"], {}, QUEUES) == {"reception": 0}
    assert members(["reception"], {"ko": 5}, QUEUES) == {"reception": 1, "korean": 0}
    assert members(["reception"], {"labour": 2}, QUEUES) == {"reception": 0, "labour": 3}


def test_day_and_night_have_queues_of_their_own() -> None:
    found = members(BOTH, {"labour": 5}, QUEUES)
    assert found.keys() == {*BOTH, "labour", "labour_night"}
    assert members(["reception_night"], {"ko": 1}, QUEUES) == {
        "reception_night": 1,
        "korean_night": 4,
    }


@given(levels, levels)
def test_a_higher_level_never_comes_later_and_a_missed_call_always_does(
    one: dict[str, int], other: dict[str, int]
) -> None:
    mine, yours = members(BOTH, one, QUEUES), members(BOTH, other, QUEUES)
    for queue in QUEUES:
        if one.get(queue.skill, 0) > other.get(queue.skill, 0) > 0:
            assert mine[queue.name] < yours[queue.name]
    assert all(0 <= penalty < MISSED for penalty in mine.values())


def test_a_person_takes_their_skills_along() -> None:
    book = Skillbook({"8001": {"ko": 3}}, {"wang": {"labour": 5}})
    assert book.at("8001", "") == {"ko": 3}
    assert book.at("8001", "li") == {"ko": 3}
    assert book.at("8001", "wang") == {"labour": 5}
    assert book.at("8002", "") == {}


def test_only_skills_of_the_pack_with_a_level() -> None:
    assert checked({"ko": 5, "labour": 0}, QUEUES) == {"ko": 5}
    for wrong in ({"jp": 3}, {"ko": 6}, {"ko": -1}):
        with pytest.raises(BadSkill) as refused:
            checked(wrong, QUEUES)
        assert refused.value.skills == "ko、labour"


def test_the_queue_of_a_skill() -> None:
    assert queue_for(QUEUES, "ko", "labour") == "korean"
    assert queue_for(QUEUES, "", "labour") == "labour"
    assert queue_for(QUEUES, "none") is None


@pytest.mark.parametrize("name", ["reception", "korean_night", "Korean", "k"])
def test_names_that_mean_something_else_are_refused(name: str) -> None:
    with pytest.raises(BadSetting):
        SkillQueue(name, "x", "ko")


def test_every_skill_that_a_line_asks_for_has_a_queue() -> None:
    for pack in load_packs():
        skills = {line.skill for line in pack.lines.numbers if line.skill}
        assert skills <= {queue.skill for queue in pack.queues}, pack.id
        assert queue_for(pack.queues, "ko"), pack.id
