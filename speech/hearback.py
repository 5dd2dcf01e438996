"""Hearing prompts back: a recogniser hears each through the telephone, and its text is compared.

In Mandarin syllables are compared as they sound (pinyin without tones), so that another character
of the same sound is no error; in Korean letters are. Numbers in digits count as they are read.
"""

from __future__ import annotations

import audioop
import importlib
import re
import tempfile
import unicodedata
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

SHORTEST = 5
"""Syllables that a general recogniser needs; a text of fewer is heard within a sentence only."""
_RATE, _WIDTH = 8000, 2
_AROUND = 0.4  # seconds of silence before and after
_READ = {
    "zh": dict(zip("0123456789", "零一二三四五六七八九", strict=True)),
    "ko": dict(zip("0123456789", "공일이삼사오육칠팔구", strict=True)),
}


class Hears(Protocol):
    """A batch recogniser, as far as it is needed here."""

    def transcribe(self, file: Path, language: str) -> Sequence[Said]:
        """What is said in a file."""
        ...


class Said(Protocol):
    """A segment of what was said."""

    @property
    def text(self) -> str: ...


def listen(engine: Hears, files: Sequence[Path], language: str, between: float = 0.0) -> str:
    """What the recogniser hears of 8 kHz WAV files, one after the other, through A-law.

    Args:
        between: silence between two files, seconds.
    """
    quiet, gap = (bytes(int(seconds * _RATE) * _WIDTH) for seconds in (_AROUND, between))
    sound = quiet + gap.join(map(_frames, files)) + quiet
    heard = audioop.alaw2lin(audioop.lin2alaw(sound, _WIDTH), _WIDTH)
    with tempfile.TemporaryDirectory(prefix="hearback-") as folder:
        file = Path(folder) / "telephone.wav"
        with wave.open(str(file), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(_WIDTH)
            out.setframerate(_RATE)
            out.writeframes(heard)
        return " ".join(segment.text for segment in engine.transcribe(file, language))


def error(wanted: str, heard: str, language: str) -> float:
    """The share of ``wanted`` that was heard wrong: 0 for none; above 1 when much was made up.

    Raises:
        ModuleNotFoundError: pypinyin is not installed, and it is Mandarin.
    """
    one, other = units(wanted, language), units(heard, language)
    return distance(one, other) / max(1, len(one))


def units(text: str, language: str) -> list[str]:
    """What is compared: syllables as they sound in Mandarin, letters of syllables in Korean."""
    folded = unicodedata.normalize("NFKC", text)
    plain = "".join(_READ[language].get(character, character) for character in folded)
    if language == "ko":
        letters = "".join(character for character in plain if "가" <= character <= "힣")
        # the two ways of zero
        return list(unicodedata.normalize("NFD", letters.replace("영", "공")))
    hanzi = re.sub(r"[^\u4e00-\u9fff]", "", plain).replace("幺", "一").replace("两", "二")
    pinyin: Callable[..., list[str]] = importlib.import_module("pypinyin").lazy_pinyin
    return pinyin(hanzi)


def errors_of(wanted: Sequence[Sequence[str]], heard: Sequence[str]) -> list[int]:
    """How many errors fall on each of several texts that were said one after the other.

    What was heard too much falls on the text it was heard in, or at the end of.
    """
    owners = [place for place, units_of in enumerate(wanted) for _ in units_of]
    flat = [unit for units_of in wanted for unit in units_of]
    table = [[0] * (len(heard) + 1) for _ in range(len(flat) + 1)]
    for row in range(len(flat) + 1):
        for column in range(len(heard) + 1):
            if not row or not column:
                table[row][column] = row + column
                continue
            table[row][column] = min(
                table[row - 1][column] + 1,
                table[row][column - 1] + 1,
                table[row - 1][column - 1] + (flat[row - 1] != heard[column - 1]),
            )
    found = [0] * len(wanted)
    row, column = len(flat), len(heard)
    while row or column:
        here = table[row][column]
        wrong = bool(row and column) and flat[row - 1] != heard[column - 1]
        if row and column and here == table[row - 1][column - 1] + wrong:
            row, column = row - 1, column - 1
            found[owners[row]] += wrong
        elif row and here == table[row - 1][column] + 1:
            row -= 1
            found[owners[row]] += 1
        else:
            column -= 1
            found[owners[max(0, row - 1)]] += 1
    return found


def distance(one: Sequence[str], other: Sequence[str]) -> int:
    """How many must be put in, taken out or exchanged to make one of the other."""
    row = list(range(len(other) + 1))
    for place, unit in enumerate(one, 1):
        before, row[0] = row[0], place
        for column, same in enumerate(other, 1):
            before, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, before + (unit != same)),
            )
    return row[-1]


def _frames(file: Path) -> bytes:
    with wave.open(str(file)) as wav:
        if (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) != (_RATE, 1, _WIDTH):
            raise ValueError(f"{file}: not 8 kHz, mono, 16 bit")
        frames: bytes = wav.readframes(wav.getnframes())
        return frames
