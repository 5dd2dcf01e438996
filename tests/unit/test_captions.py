"""Captions of a leg: kill the recogniser as often as you like, no word is lost or comes twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.captions import Caption, LegText, Mark, caption
from speech.leg import QUIET_PIECES, Leg
from speech.ports import BYTES_PER_SECOND, Segment
from speech.vosk_engine import PIECE_BYTES
from tests.hearing import SILENCE, ByPiece, pieces


def a_leg(file: Path, mark: Mark, finals: list[Caption]) -> Leg:
    return Leg(file, LegText("1.1", "citizen", "ko", mark), ByPiece, finals)


def hear_out(leg: Leg) -> None:
    while not leg.complete():
        leg.hear()
    leg.finish()


words_said = st.lists(st.integers(0, 9), min_size=1, max_size=60)


@settings(deadline=None)
@given(said=words_said, kills=st.lists(st.integers(1, 20), max_size=6))
def test_a_killed_recogniser_loses_nothing_and_doubles_nothing(
    tmp_path_factory: pytest.TempPathFactory, said: list[int], kills: list[int]
) -> None:
    file = tmp_path_factory.mktemp("leg") / "citizen.sln16"
    file.write_bytes(pieces(said))
    whole = a_leg(file, Mark(), [])
    hear_out(whole)

    stored: list[Caption] = []
    mark = Mark()
    for lives in kills:
        leg = a_leg(file, mark, stored[:])
        for _ in range(lives):
            leg.hear()
            stored, mark = leg.finals[:], leg.mark  # one step, as in Redis
    last = a_leg(file, mark, stored[:])
    hear_out(last)
    assert last.finals == whole.finals
    assert " ".join(each.text for each in last.finals).split() == [
        str(word) for word in said if word != SILENCE
    ]


@settings(deadline=None)
@given(said=words_said, grows=st.lists(st.integers(1, 30_000), max_size=20))
def test_it_does_not_matter_how_the_file_grows(
    tmp_path_factory: pytest.TempPathFactory, said: list[int], grows: list[int]
) -> None:
    sound = pieces(said)
    file = tmp_path_factory.mktemp("leg") / "citizen.sln16"
    leg = a_leg(file, Mark(), [])
    assert leg.unheard() == 0, "the recording is not there yet"
    there = 0
    for step in [*grows, len(sound)]:
        there = min(there + step, len(sound))
        file.write_bytes(sound[:there])
        while leg.unheard():
            leg.hear()
    hear_out(leg)
    whole = a_leg(file, Mark(), [])
    hear_out(whole)
    assert leg.finals == whole.finals


@settings(deadline=None)
@given(said=st.lists(st.tuples(st.integers(1, 9), st.integers(2, 60)), min_size=1, max_size=6))
def test_long_silence_is_not_listened_to_and_times_stay_true(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, int]]
) -> None:
    """Each word is followed by some pieces of silence."""
    file = tmp_path_factory.mktemp("leg") / "citizen.sln16"
    words = [each for word, quiet in said for each in (word, *[SILENCE] * quiet)]
    file.write_bytes(pieces(words))
    given_: list[int] = []

    class Counting(ByPiece):
        def accept(self, pcm: bytes, partial: bool = True) -> Sequence[Segment]:
            given_.append(len(pcm))
            return super().accept(pcm, partial)

    leg = Leg(file, LegText("1.1", "citizen", "ko", Mark()), Counting, [])
    hear_out(leg)
    piece = PIECE_BYTES / BYTES_PER_SECOND
    true = [round(place * piece, 2) for place, word in enumerate(words) if word != SILENCE]
    assert [each.start for each in leg.finals] == true
    assert [int(each.text) for each in leg.finals] == [word for word, _ in said]
    kept = sum(1 + min(quiet, QUIET_PIECES) for _, quiet in said)
    assert sum(given_) == kept * PIECE_BYTES
    assert leg.mark.offset == len(words) * PIECE_BYTES


@given(said=words_said)
def test_captions_are_numbered_in_order_and_do_not_overlap(said: list[int]) -> None:
    text, recogniser = LegText("1.1", "agent", "zh", Mark(3, 64_000)), ByPiece()
    told = []
    heard = 64_000
    for word in said:
        heard += len(pieces([word]))
        told += text.take(recogniser.accept(pieces([word])), heard)
    told += text.take(recogniser.finish(), heard)
    finals = [each for each in told if each.final]
    assert [each.seq for each in finals] == [4 + n for n in range(len(finals))]
    end = 2.0
    for each in finals:
        assert end <= each.start <= each.end
        end = each.end
    for each in told:
        assert caption(each.json()) == each


def test_a_partial_caption_is_told_once_and_has_the_number_it_will_be_final_under() -> None:
    text = LegText("1.1", "citizen", "ko", Mark())
    going = Segment(0.0, 0.1, "민원", 0.0, (), final=False)
    first = text.take([going], 4096)
    assert [(each.seq, each.final) for each in first] == [(1, False)]
    assert text.take([going], 8192) == []
    over = text.take([Segment(0.0, 0.2, "민원", 0.8)], 12_288)
    assert [(each.seq, each.final) for each in over] == [(1, True)]
    assert text.mark == Mark(1, 12_288)


def test_silence_moves_the_mark_without_a_caption() -> None:
    text = LegText("1.1", "citizen", "ko", Mark())
    assert text.take([Segment(5.0, 5.0, "", 0.0)], 160_000) == []
    assert text.mark == Mark(0, 160_000)
