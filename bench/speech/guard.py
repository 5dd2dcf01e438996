"""Spoken answers: how often a menu word is "heard" in speech that is none, in music and silence."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agi_scripts.reception import SPOKEN
from bench.speech.sound import music, noise, prompts
from ivr.prompts import Language
from speech import answers
from speech.asks import hear, passes
from speech.ports import BYTES_PER_SECOND
from speech.vosk_engine import VoskEngine

LENGTHS = (0.8, 1.5, 2.5)  # seconds that somebody says something else
BEFORE, AFTER = bytes(BYTES_PER_SECOND // 4), bytes(BYTES_PER_SECOND)


def measure(model: Path, quick: bool) -> dict[str, Any]:
    """Pieces of prompts of both languages, of music and of noise, none of them a menu word."""
    engine = VoskEngine({"ko": model})
    phrases = SPOKEN[Language.KO]
    shown: dict[str, Any] = {}
    everything = [0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer.sln16"
        for kind, sounds in _unrelated(quick):
            count = by_first = accepted = 0
            for sound in sounds:
                file.write_bytes(BEFORE + sound + AFTER)
                count += 1
                narrow, _ = passes(engine, file, "ko", phrases)
                by_first += answers.named(phrases, narrow, "ko") is not None
                accepted += hear(engine, file, "ko", phrases) is not None
            shown[kind] = f"{accepted} of {count} taken for an answer; {by_first} by one pass"
            for place, number in enumerate((count, by_first, accepted)):
                everything[place] += number
    count, by_first, accepted = everything
    shown["false accepts"] = f"{accepted / count:.2%} (aim: below 2 %)"
    shown["without the second pass"] = f"{by_first / count:.2%}"
    return shown


def _unrelated(quick: bool) -> Iterator[tuple[str, Iterator[bytes]]]:
    step = 7 if quick else 1
    words = [way for ways in SPOKEN[Language.KO].values() for way in ways]
    yield "Korean speech", iter(list(_cut(prompts("ko", words)))[::step])
    yield "Chinese speech", iter(list(_cut(prompts("zh")))[::step])
    yield "music", iter(list(_cut(list(music())))[:: 10 * step])
    yield (
        "silence and noise",
        iter(
            noise(seconds, level, seed)
            for seed, seconds in enumerate(LENGTHS * 4)
            for level in (0.0, 0.001, 0.01, 0.05)
        ),
    )


def _cut(sounds: list[bytes]) -> Iterator[bytes]:
    """Pieces as long as an answer, from everywhere in the sounds."""
    for number, sound in enumerate(sounds):
        length = int(LENGTHS[number % len(LENGTHS)] * BYTES_PER_SECOND) // 2 * 2
        for start in range(0, len(sound) - length, 2 * BYTES_PER_SECOND):
            yield sound[start : start + length]
