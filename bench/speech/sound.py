"""The sound that is heard: the hotline's own prompts, as they come over a telephone."""

from __future__ import annotations

import audioop
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ivr.asterisk_files import SOUNDS
from ivr.prompts import CATALOGUE, Language
from ivr.prompts import sound as prompt_sound
from speech.ports import BYTES_PER_SECOND, RATE
from speech.sounds import pcm

_LONG = 2.0  # seconds: a sentence


def telephone(file: Path) -> bytes:
    """A file's sound after A-law, at the recogniser's rate."""
    with wave.open(str(file)) as wav:
        rate, sound = wav.getframerate(), wav.readframes(wav.getnframes())
    sound = audioop.alaw2lin(audioop.lin2alaw(sound, 2), 2)
    return audioop.ratecv(sound, 2, 1, rate, RATE, None)[0]


def prompts(language: str, without: Sequence[str] = ()) -> list[bytes]:
    """Every prompt of a language that is a sentence, and has none of these words in it."""
    files = [
        SOUNDS / language / f"{prompt_sound(prompt)}.wav"
        for prompt, row in CATALOGUE.items()
        if not any(word in row.text(Language(language)) for word in without)
    ]
    heard = (telephone(file) for file in files if file.exists())
    return [sound for sound in heard if len(sound) >= _LONG * BYTES_PER_SECOND]


def conversation(seconds: float, language: str = "ko") -> bytes:
    """Sentences with pauses between them, over and over."""
    whole = bytearray()
    said = prompts(language)
    while len(whole) < seconds * BYTES_PER_SECOND:
        for each in said:
            whole += each + bytes(BYTES_PER_SECOND)
    return bytes(whole[: int(seconds * BYTES_PER_SECOND)])


def music() -> Iterator[bytes]:
    """What is played while one waits."""
    for file in sorted((SOUNDS / "moh").rglob("*.wav")):
        yield b"".join(pcm(file))


def noise(seconds: float, level: float, seed: int) -> bytes:
    """White noise; ``level`` 0 is silence, 1 is full scale."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, level * 32767, int(seconds * RATE))
    return bytes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())
