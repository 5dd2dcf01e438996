"""Prompts heard back: how texts are compared, and that every sound there is has been heard."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ivr import heardback
from ivr.asterisk_files import SOUNDS
from ivr.cli import main
from ivr.prompts import CATALOGUE, Language
from speech.hearback import distance, error, errors_of, listen, units

WANTED = list(heardback.wanted(SOUNDS))


def test_every_sound_there_is_was_heard_and_understood() -> None:
    table = heardback.read(SOUNDS)
    unheard = [f"{each.language.value} {each.id}" for each in WANTED if each.key not in table]
    assert not unheard, "run `hotline prompts listen`"
    for each in WANTED:
        assert table[each.key].text == each.text
        if not each.joined:
            assert table[each.key].error <= heardback.GOOD[each.language], each.id
    for language in Language:
        errors = [table[each.key].error for each in WANTED if each.language is language]
        assert sum(errors) / len(errors) < 0.2


def test_every_prompt_that_is_long_enough_and_every_digit_is_wanted() -> None:
    whole = {each.id for each in WANTED if each.language is Language.ZH and not each.joined}
    assert {"greeting", "main_menu", "rate"} <= whole
    assert "n7" not in whole
    pieces = {p for s in heardback.sentences(Language.ZH).values() for p in s}
    said = "".join(CATALOGUE[piece].zh for piece in pieces)
    assert set("零幺二三四五六七八九") <= set(said)


@pytest.mark.parametrize(
    ("wanted", "heard", "language", "wrong"),
    [
        ("您好，这里是幺二三四五。", "您好,这里是12345", "zh", 0),
        ("请按一键", "請按一鍵", "zh", 0),
        ("正在为您转接", "正在位您转接", "zh", 0),
        ("满意，请按一键", "请按一键", "zh", 2 / 6),
        ("팔공공일번", "8001번", "ko", 0),
        ("감사합니다", "감사함니다", "ko", 1 / 12),
        ("再见", "", "zh", 1),
    ],
)
def test_texts_are_compared_as_they_sound(
    wanted: str, heard: str, language: str, wrong: float
) -> None:
    assert error(wanted, heard, language) == pytest.approx(wrong)


WORDS = st.lists(st.sampled_from("abcd"), max_size=7)


@given(WORDS, WORDS, WORDS)
def test_distance_is_a_distance(one: list[str], other: list[str], third: list[str]) -> None:
    assert (distance(one, other) == 0) == (one == other)
    assert distance(one, other) == distance(other, one)
    assert distance(one, third) <= distance(one, other) + distance(other, third)
    assert abs(len(one) - len(other)) <= distance(one, other) <= max(len(one), len(other))


@given(
    st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), min_size=1, max_size=4),
    WORDS,
)
def test_errors_of_several_add_up_to_those_of_the_whole(
    wanted: list[list[str]], heard: list[str]
) -> None:
    found = errors_of(wanted, heard)
    assert len(found) == len(wanted)
    assert sum(found) == distance([unit for each in wanted for unit in each], heard)
    assert errors_of(wanted, [unit for each in wanted for unit in each]) == [0] * len(wanted)


def test_an_error_falls_on_the_text_it_was_made_in() -> None:
    parts = [units(text, "zh") for text in ("请按一键", "再听一遍", "谢谢")]
    assert errors_of(parts, units("请按一键再停三遍谢谢", "zh")) == [0, 1, 0]


@dataclass
class Said:
    text: str


@dataclass
class Parrot:
    """Says what it is told to; counts how often it was asked."""

    texts: dict[str, str]
    asked: int = 0

    def transcribe(self, file: Path, language: str) -> Sequence[Said]:
        self.asked += 1
        assert file.stat().st_size > 8000
        return [Said(self.texts[language])]


def test_only_what_is_new_is_heard_and_the_table_is_kept(tmp_path: Path) -> None:
    sounds = tmp_path / "sounds"
    shutil.copytree(SOUNDS, sounds, copy_function=lambda old, new: Path(new).symlink_to(old))
    (sounds / heardback.TABLE).unlink()
    parrot = Parrot({"zh": "感谢您的来电再见", "ko": "감사합니다"})
    table = heardback.hear(sounds, parrot)
    assert (
        {each.key for each in heardback.wanted(sounds)} == set(table) == set(heardback.read(sounds))
    )
    goodbye = next(each for each in table.values() if (each.id, each.language) == ("goodbye", "zh"))
    assert goodbye.error == 0
    assert parrot.asked > 1
    parrot.asked = 0
    heardback.hear(sounds, parrot)
    assert parrot.asked == 0
    (sounds / "zh/hotline/goodbye.wav").unlink()
    shutil.copy(SOUNDS / "zh/hotline/rate.wav", sounds / "zh/hotline/goodbye.wav")
    heardback.hear(sounds, parrot)
    assert parrot.asked == 1


def test_files_are_heard_one_after_the_other_through_the_telephone() -> None:
    file = SOUNDS / "zh/hotline/goodbye.wav"
    assert listen(Parrot({"zh": "x"}), [file, file], "zh", 0.5) == "x"
    with pytest.raises(ValueError, match="8 kHz"):
        listen(Parrot({"zh": "x"}), [file.with_suffix(".wav16")], "zh")


def test_without_a_model_the_command_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOTLINE_CACHE", str(tmp_path / "cache"))
    done = CliRunner().invoke(main, ["prompts", "listen"])
    assert done.exit_code == 1
    assert "hotline models" in done.stderr
    assert json.loads((SOUNDS / heardback.TABLE).read_text("utf-8"))
