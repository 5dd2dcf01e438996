"""The catalogue, and the sounds in the tree: all there, in shape, and what the texts say."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ivr.errors import PromptError
from ivr.prompts import (
    ALIASES,
    CATALOGUE,
    FORMATS,
    SECONDS,
    Language,
    P,
    check,
    require,
    script,
    sound,
)
from speech import levels

SOUNDS = Path(__file__).resolve().parents[2] / "sounds"
ROWS: list[dict[str, Any]] = json.loads((SOUNDS / "manifest.json").read_text("utf-8"))
SPOKEN = [row for row in ROWS if row["text"]]


def test_every_id_has_its_prompt() -> None:
    assert set(CATALOGUE) == set(P)
    assert all(prompt.id is id_ for id_, prompt in CATALOGUE.items())


@pytest.mark.parametrize("prompt", CATALOGUE.values(), ids=str)
def test_a_text_is_written_as_the_voices_read_it(prompt: Any) -> None:
    if prompt.tone is not None:
        assert prompt.zh == prompt.ko == ""
        return
    assert re.fullmatch(r"[\u4e00-\u9fff，。、]+", prompt.zh)
    assert re.fullmatch(r"[가-힣]([가-힣 ,.]*[가-힣.])?", prompt.ko)


def test_a_sound_is_named_without_language_and_extension() -> None:
    assert sound(P.GREETING) == "hotline/greeting"


def test_all_sounds_are_there_and_in_shape() -> None:
    assert check(SOUNDS) == []
    require(SOUNDS)


def test_the_manifest_has_each_prompt_in_each_language_once() -> None:
    keys = [(row["id"], row["language"]) for row in ROWS]
    assert sorted(keys) == sorted((str(id_), str(lang)) for id_ in P for lang in Language)


def test_the_sounds_say_what_the_catalogue_says() -> None:
    rendered = {(row["id"], row["language"]): row["text"] for row in ROWS}
    wanted = {(str(line["id"]), str(line["language"])): line["text"] for line in script()}
    assert rendered == wanted, "a text was changed: run `hotline prompts render`"


def test_the_manifest_names_every_file_and_its_content() -> None:
    named = {file: digest for row in ROWS for file, digest in row["files"].items()}
    found = {
        str(file.relative_to(SOUNDS)): hashlib.sha256(file.read_bytes()).hexdigest()
        for language in Language
        for file in (SOUNDS / language).rglob("*")
        if file.is_file()
    }
    assert found == named


def test_every_voice_is_credited() -> None:
    provenance = (SOUNDS / "PROVENANCE.md").read_text("utf-8")
    for row in ROWS:
        assert row["licence"]
        assert row["voice"] in provenance or row["voice"].startswith("recording ")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['language']}-{row['id']}")
def test_durations_and_levels(row: dict[str, Any]) -> None:
    for file in row["files"]:
        samples, rate = levels.read(SOUNDS / file)
        assert rate == FORMATS[file.rpartition(".")[2]]
        seconds = len(samples) / rate
        assert SECONDS[0] <= seconds <= SECONDS[1]
        assert seconds == pytest.approx(row["seconds"], abs=0.01)
        peak = levels.decibels(float(np.abs(samples).max()))
        assert peak <= levels.PEAK + 0.1
        if row["text"]:
            level = levels.speech_level(samples, rate)
            assert level == pytest.approx(levels.SPEECH_LEVEL, abs=1) or peak > levels.PEAK - 0.2
            speech = levels.trim(samples, rate, 0, 0)
            around = (len(samples) - len(speech)) / rate
            assert around <= levels.LEAD + levels.TAIL + 0.08, "silence is left around it"


@pytest.mark.parametrize("row", SPOKEN, ids=lambda row: f"{row['language']}-{row['id']}")
def test_speech_has_a_likely_pace(row: dict[str, Any]) -> None:
    syllables = len(re.findall(r"[\u4e00-\u9fff가-힣]", row["text"]))
    assert 0.1 <= row["seconds"] / syllables <= 0.6


def english_number(number: int) -> Iterator[str]:
    """The names Asterisk plays for a number in a language it has no rules for, such as Korean."""
    if number >= 1000:
        yield from english_number(number // 1000)
        yield "thousand"
        number %= 1000
    if number >= 100:
        yield from (str(number // 100), "hundred")
        number %= 100
    if number >= 20:
        yield str(number // 10 * 10)
        number %= 10
    if number:
        yield str(number)


def chinese_number(number: int) -> Iterator[str]:
    """The names Asterisk plays for a number by its rules for ``zh``; zeros apart."""
    for unit, name in ((10_000, "wan"), (1000, "thousand"), (100, "hundred")):
        if number >= unit:
            yield from chinese_number(number // unit)
            yield name
            number %= unit
    if number >= 10:
        yield str(number // 10 * 10)
        number %= 10
    if number:
        yield str(number)


@pytest.mark.parametrize(
    ("language", "rule"), [(Language.ZH, chinese_number), (Language.KO, english_number)]
)
def test_asterisk_finds_the_sounds_of_its_own_numbers(
    language: Language, rule: Callable[[int], Iterator[str]]
) -> None:
    names = {"0"} | {name for number in range(1, 12_000) for name in rule(number)}
    for name in names:
        assert f"digits/{name}" in ALIASES
        assert (SOUNDS / language / "digits" / f"{name}.wav").is_file()


def test_asterisk_finds_the_sounds_of_its_own_queue() -> None:
    for name in (
        "beep",
        "queue-callswaiting",
        "queue-holdtime",
        "queue-minute",
        "queue-minutes",
        "queue-periodic-announce",
        "queue-quantity1",
        "queue-quantity2",
        "queue-seconds",
        "queue-thankyou",
        "queue-thereare",
        "queue-youarenext",
    ):
        assert name in ALIASES


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sounds, as links that a test may replace."""
    sounds = tmp_path / "sounds"
    shutil.copytree(SOUNDS, sounds, copy_function=lambda old, new: Path(new).symlink_to(old))
    return sounds


def silence(file: Path, seconds: float = 1.0, rate: int = 8000, channels: int = 1) -> None:
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(bytes(int(seconds * rate) * 2 * channels))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda file: None, "is missing"),
        (lambda file: silence(file), "level of -inf dB"),
        (lambda file: silence(file, seconds=31), "lasts 31.00 s"),
        (lambda file: silence(file, seconds=0), "lasts 0.00 s"),
        (lambda file: silence(file, rate=16000), "is 16000 Hz"),
        (lambda file: silence(file, channels=2), "2 channel"),
        (lambda file: file.write_bytes(b""), "not a WAV file"),
        (lambda file: file.write_bytes(b"RIFF and then something else"), "not a WAV file"),
        (lambda file: levels.write(file, levels.tone(400, 1, 8000), 8000), "level of -3 dB"),
    ],
)
@pytest.mark.parametrize("name", ["zh/hotline/rate.wav", "ko/hotline/rate.wav", "ko/digits/7.wav"])
def test_a_damaged_sound_stops_the_start(
    copy: Path, name: str, damage: Callable[[Path], object], words: str
) -> None:
    (copy / name).unlink()
    damage(copy / name)
    [problem] = check(copy)
    assert name in problem
    assert words in problem
    with pytest.raises(PromptError, match=re.escape(name)):
        require(copy)


def test_no_sounds_at_all_is_told_in_few_lines(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="prompts render") as caught:
        require(tmp_path)
    assert len(str(caught.value).splitlines()) <= 8


def test_the_music_is_a_calm_loop() -> None:
    lengths = set()
    for form, wanted in FORMATS.items():
        samples, rate = levels.read(SOUNDS / "moh" / f"hold.{form}")
        assert rate == wanted
        lengths.add(len(samples) / rate)
        mean = levels.decibels(float(np.sqrt(np.mean(samples**2))))
        assert mean == pytest.approx(-26, abs=0.5)
        steps = np.abs(np.diff(samples))
        assert abs(samples[0] - samples[-1]) <= steps.max()
        half_seconds = samples[: len(samples) // (rate // 2) * (rate // 2)].reshape(-1, rate // 2)
        powers = np.sqrt(np.mean(half_seconds**2, axis=1))
        assert powers.max() / powers.min() < 10 ** (12 / 20), "no holes, no outbursts"
    [seconds] = lengths
    assert 30 <= seconds <= 60
