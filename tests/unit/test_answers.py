"""Spoken answers: one phrase, surely and alike in both passes, or nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agi_scripts.reception import SPOKEN
from ivr.prompts import Language
from speech.answers import SURE, Pass, judge, likeness, of
from speech.ports import Segment, Word

PHRASES = {"1": ("상담원", "상담원 연결"), "2": ("처리 상황",)}
texts = st.text("상담원연결처리황 민", max_size=12)


def test_a_phrase_that_both_passes_heard_is_an_answer() -> None:
    assert judge(PHRASES, Pass("상담원", 1.0), Pass("상담원", 0.4), "ko") == "1"
    assert judge(PHRASES, Pass("상담원 연결", 1.0), Pass("상담원 연변", 0.4), "ko") == "1"
    assert judge(PHRASES, Pass("처리상황", 1.0), Pass("처리 상황 은", 0.4), "ko") == "2"


def test_doubt_is_no_answer() -> None:
    heard = Pass("상담원", 0.9)
    assert judge(PHRASES, Pass("상담원", SURE - 0.01), heard, "ko") is None
    assert judge(PHRASES, Pass("상담원 처리 상황", 1.0), heard, "ko") is None
    assert judge(PHRASES, Pass("상담원", 1.0), Pass("밥 먹었어 요", 1.0), "ko") is None
    assert judge(PHRASES, Pass("상담원", 1.0), Pass("", 0.0), "ko") is None
    assert judge(PHRASES, Pass("", 0.0), Pass("", 0.0), "ko") is None


def test_a_phrase_that_means_two_keys_means_none() -> None:
    twice = {"1": ("네",), "2": ("네",)}
    assert judge(twice, Pass("네", 1.0), Pass("네", 1.0), "ko") is None


def test_numbers_are_read_as_they_are_said() -> None:
    assert likeness("일 번", "[1] 번", "ko") == 1.0
    assert likeness("一", "1", "zh") == 1.0
    assert likeness("만족", "먼저", "ko") > likeness("만족", "수입", "ko")


@given(narrow=texts, open_=texts, sure=st.floats(0, 1))
def test_an_answer_is_always_one_of_the_phrases(narrow: str, open_: str, sure: float) -> None:
    key = judge(PHRASES, Pass(narrow, sure), Pass(open_, 1.0), "ko")
    if key is not None:
        assert narrow.replace(" ", "") in {way.replace(" ", "") for way in PHRASES[key]}
        assert sure >= SURE
    assert 0.0 <= likeness(narrow, open_, "ko") <= 1.0


def test_a_pass_is_as_sure_as_its_least_sure_word() -> None:
    words = (Word("상담원", 0, 1, 1.0), Word("연결", 1, 2, 0.6))
    segments = [Segment(0, 2, "상담원 연결", 0.8, words), Segment(3, 3, "", 0.0)]
    assert of(segments) == Pass("상담원 연결", 0.6)
    assert of([]) == Pass("", 0.0)


def test_no_word_of_the_menu_means_two_things() -> None:
    for language in Language:
        ways = [way for each in SPOKEN[language].values() for way in each]
        assert len(set(ways)) == len(ways)
