"""What was said as a dialogue, what is silenced of it, and when what is deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.transcripts import (
    Deletion,
    Hidden,
    Holdings,
    Retention,
    Silence,
    Utterance,
    Word,
    deletions,
    dialogue,
    shifted,
    silences,
    without_echoes,
)
from ticketing.domain.wording import BadSetting

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
moments = st.floats(0, 3600, allow_nan=False)


def said(speaker: str, start: float, end: float, text: str = "好", **more: object) -> Utterance:
    return Utterance(speaker, start, end, text, text, **more)  # type: ignore[arg-type]


def numbered(words: bool) -> Utterance:
    """我电话 138… 对, a second for each character, the number from 3 to 8."""
    text = "我电话13800对"
    spoken = tuple(Word(each, 10.0 + i, 11.0 + i) for i, each in enumerate(text)) if words else ()
    return Utterance("citizen", 10, 19, text, "", 0.9, spoken, (Hidden("phone", 3, 8),))


def test_a_dialogue_goes_by_time_and_the_citizen_first() -> None:
    legs = {
        "expert-1": [said("expert-1", 2, 3)],
        "agent": [said("agent", 0, 1), said("agent", 2, 4)],
        "citizen": [said("citizen", 2, 5), said("citizen", 6, 7)],
    }
    assert [(each.speaker, each.start) for each in dialogue(legs)] == [
        ("agent", 0),
        ("citizen", 2),
        ("agent", 2),
        ("expert-1", 2),
        ("citizen", 6),
    ]


@given(st.dictionaries(st.sampled_from(["citizen", "agent", "expert-1"]), st.lists(moments)))
def test_a_dialogue_loses_nothing(starts: dict[str, list[float]]) -> None:
    legs = {
        speaker: [said(speaker, start, start + 1) for start in times]
        for speaker, times in starts.items()
    }
    told = dialogue(legs)
    assert sorted(map(repr, told)) == sorted(repr(each) for leg in legs.values() for each in leg)
    assert [each.start for each in told] == sorted(each.start for each in told)


def test_the_words_of_a_number_are_silenced() -> None:
    assert silences([numbered(words=True)]) == (
        Silence("citizen", pytest.approx(12.85), pytest.approx(18.15)),
    )


@pytest.mark.parametrize(
    ("pause", "end"),
    [(0.0, 12.15), (0.1, 12.15), (0.5, 12.5), (0.7, 12.7), (2.0, 12.8), (None, 12.8)],
)
def test_the_pause_after_a_number_is_silenced_too(pause: float | None, end: float) -> None:
    """A recogniser may not have understood its last digits."""
    words = [Word("打", 10.0, 11.0), Word("138", 11.0, 12.0)]
    words += [] if pause is None else [Word("吧", 12.0 + pause, 13.0 + pause)]
    text = "".join(word.text for word in words)
    one = Utterance("citizen", 10, 16, text, "", 0.9, tuple(words), (Hidden("phone", 1, 4),))
    assert silences([one]) == (Silence("citizen", pytest.approx(10.85), pytest.approx(end)),)


def test_without_the_times_of_words_the_whole_utterance_is_silenced() -> None:
    whole = (Silence("citizen", pytest.approx(9.85), pytest.approx(19.15)),)
    assert silences([numbered(words=False)]) == whole
    others = Utterance(
        "citizen", 10, 19, "我电话13800对", "", 0.9, (Word("x", 1, 2),), (Hidden("phone", 3, 8),)
    )
    assert silences([others]) == whole


@given(st.lists(st.tuples(st.sampled_from(["citizen", "agent"]), moments, st.floats(0.1, 30))))
def test_silences_cover_every_number_and_lie_apart(spans: list[tuple[str, float, float]]) -> None:
    utterances = [
        Utterance(speaker, start, start + length, "123", "", 0, (), (Hidden("phone", 0, 3),))
        for speaker, start, length in spans
    ]
    quiet = silences(utterances)
    for each in utterances:
        assert any(
            span.speaker == each.speaker and span.start <= each.start and span.end >= each.end
            for span in quiet
        )
    for speaker in ("citizen", "agent"):
        own = [span for span in quiet if span.speaker == speaker]
        assert all(a.end < b.start for a, b in pairwise(own))


def test_what_the_agents_leg_has_of_an_expert_is_there_once() -> None:
    agent = (
        said("agent", 0, 2, "我请专家来说"),
        said("agent", 3, 8, "这个补贴要先到社区登记"),
        said("agent", 9, 10, "好的谢谢"),
    )
    legs = {
        "citizen": (said("citizen", 3, 8, "这个补贴要先到社区登记"),),
        "agent": agent,
        "expert-1": (said("expert-1", 2.9, 8.2, "这个补贴要先到社区等级"),),
    }
    told = without_echoes(legs)
    assert told["agent"] == (agent[0], agent[2])
    assert (told["citizen"], told["expert-1"]) == (legs["citizen"], legs["expert-1"])
    assert without_echoes({"agent": agent}) == {"agent": agent}


def test_a_leg_recorded_later_is_set_to_the_calls_time() -> None:
    (later,) = shifted([said("expert-1", 1, 2, words=(Word("好", 1, 2),))], 30.5)
    assert (later.start, later.end, later.words) == (31.5, 32.5, (Word("好", 31.5, 32.5),))


KEEP = Retention(legs=7, recordings=30, transcripts=60)


def there(**changes: bool) -> Holdings:
    parts = {"encoded": True, "legs": True, "sound": True, "text": True, "held": False}
    return Holdings(ended_at=NOW, **{**parts, **changes})


@pytest.mark.parametrize(
    ("days", "holdings", "due"),
    [
        (6, there(), []),
        (7, there(), [Deletion.LEGS]),
        (7, there(encoded=False), []),
        (30, there(), [Deletion.LEGS, Deletion.SOUND]),
        (30, there(encoded=False), [Deletion.LEGS, Deletion.SOUND]),
        (30, there(legs=False), [Deletion.SOUND]),
        (60, there(), list(Deletion)),
        (60, there(held=True), [Deletion.LEGS]),
        (60, there(held=True, encoded=False), []),
        (60, there(legs=False, sound=False), [Deletion.TEXT]),
        (60, there(legs=False, sound=False, text=False), []),
    ],
)
def test_what_is_deleted_when(days: int, holdings: Holdings, due: list[Deletion]) -> None:
    assert list(deletions(holdings, KEEP, NOW + timedelta(days=days))) == due


@given(st.integers(0, 100), st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_what_is_held_keeps_sound_and_text(
    days: int, encoded: bool, legs: bool, sound: bool, text: bool
) -> None:
    holdings = there(encoded=encoded, legs=legs, sound=sound, text=text, held=True)
    due = deletions(holdings, KEEP, NOW + timedelta(days=days))
    assert not {Deletion.SOUND, Deletion.TEXT} & set(due)
    assert encoded or not due


@pytest.mark.parametrize(
    "days", [{"legs": 0}, {"recordings": 40_000}, {"legs": 31, "recordings": 30}]
)
def test_days_that_make_no_sense_are_refused(days: dict[str, int]) -> None:
    with pytest.raises(BadSetting):
        Retention(**days)
