"""Finding a prompt in what was heard: gaps are passed over, other words are not taken for it."""

from __future__ import annotations

import numpy as np
import pytest

from ivr.prompts import P
from tests.sound import RATE, find, prompt


@pytest.mark.parametrize("at", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("gap", [-320, -160, 0, 160, 320, 1600])
def test_a_late_or_lost_packet_does_not_hide_it(at: float, gap: int) -> None:
    what = prompt(P.LANGUAGE_MENU)
    middle = round(len(what) * at)
    rest = np.concatenate([np.zeros(max(0, gap)), what[middle + max(0, -gap) :]])
    heard = np.concatenate([np.zeros(RATE), what[:middle], rest, np.zeros(RATE)])
    found = find(heard, what)
    assert found is not None
    assert abs(found - 1.0) <= 0.25


@pytest.mark.parametrize("what", [P.LANGUAGE_MENU, P.GOODBYE, P.NUISANCE_BLOCKED])
def test_other_words_are_not_taken_for_it(what: P) -> None:
    others = [prompt(other) for other in P if other is not what and other.value[0] in "rst"]
    assert find(np.concatenate(others), prompt(what)) is None


def test_its_first_half_is_not_all_of_it() -> None:
    what = prompt(P.LANGUAGE_MENU)
    assert find(np.concatenate([what[: len(what) // 2], np.zeros(3 * RATE)]), what) is None
