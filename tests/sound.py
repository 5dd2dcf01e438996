"""Judging what was heard: was that prompt said, and when?"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ivr.asterisk_files import SOUNDS
from ivr.demo.sound import from_alaw, to_alaw
from ivr.prompts import Language, P, sound

RATE = 8000
LIKE = 0.85
"""Normalised correlation from which two sounds count as the same."""


def prompt(what: P, language: Language = Language.ZH) -> np.ndarray:
    """A prompt as it sounds on the telephone (A-law), 8 kHz."""
    return telephone(SOUNDS / language.value / f"{sound(what)}.wav")


def telephone(file: Path) -> np.ndarray:
    """A WAV file of 8 kHz after A-law coding."""
    with wave.open(str(file), "rb") as wav:
        assert wav.getframerate() == RATE
        samples = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")
    return np.asarray(from_alaw(to_alaw(samples.tolist())), dtype=np.float64)


def find(heard: Sequence[int], what: np.ndarray, start: float = 0.0) -> float | None:
    """Where ``what`` was first heard, in seconds from the beginning; None when it was not.

    Args:
        start: seconds of ``heard`` to pass over.
    """
    signal = np.asarray(heard, dtype=np.float64)[round(start * RATE) :]
    signal = np.pad(signal, (0, RATE // 5))  # the last packets before a BYE may be missing
    if len(signal) < len(what):
        return None
    size = 1 << (len(signal) + len(what) - 1).bit_length()
    spectrum = np.fft.rfft(signal, size) * np.conj(np.fft.rfft(what, size))
    matches = np.fft.irfft(spectrum, size)[: len(signal) - len(what) + 1]
    energy = np.concatenate([[0.0], np.cumsum(signal**2)])
    windows = energy[len(what) :] - energy[: -len(what)]
    scale = np.sqrt(np.maximum(windows, 1.0) * np.sum(what**2))
    likeness = matches / scale
    alike = np.flatnonzero(likeness > LIKE)
    if len(alike) == 0:
        return None
    near = likeness[alike[0] : alike[0] + RATE // 20]  # the peak that the first one belongs to
    return start + (alike[0] + int(np.argmax(near))) / RATE


def hears_in_order(heard: Sequence[int], *prompts: np.ndarray) -> list[float]:
    """The times at which ``prompts`` were heard one after the other.

    Raises:
        AssertionError: one of them was not heard after those before it.
    """
    times: list[float] = []
    start = 0.0
    for number, what in enumerate(prompts):
        at = find(heard, what, start)
        assert at is not None, f"sound {number} of {len(prompts)} was not heard after {start:.1f} s"
        times.append(at)
        start = at + 0.8 * len(what) / RATE
    return times
