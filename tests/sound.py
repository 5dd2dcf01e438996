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
SOMEWHAT_LIKE = 0.3
"""The same where a closer look is worth while: a third of a sound, or more, is in its place."""
PIECE = RATE // 2
MOVED = RATE // 4
"""By how many samples late packets may move a piece."""


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

    A packet that is late on a busy machine, or lost, moves all the sound after it. So where some
    of ``what`` is alike, its pieces are looked for, each a little before or after its place.

    Args:
        start: seconds of ``heard`` to pass over.
    """
    signal = np.asarray(heard, dtype=np.float64)[round(start * RATE) :]
    signal = np.pad(signal, (0, RATE // 5))  # the last packets before a BYE may be missing
    likeness = _likeness(signal, what)
    alike = np.flatnonzero(likeness > LIKE)
    at = _top(likeness, alike[0]) if len(alike) else _pieced(signal, what, likeness)
    return None if at is None else start + at / RATE


def _likeness(signal: np.ndarray, what: np.ndarray) -> np.ndarray:
    """The normalised correlation at each place of ``signal`` where ``what`` may begin."""
    if len(signal) < len(what):
        return np.zeros(0)
    size = 1 << (len(signal) + len(what) - 1).bit_length()
    spectrum = np.fft.rfft(signal, size) * np.conj(np.fft.rfft(what, size))
    matches = np.fft.irfft(spectrum, size)[: len(signal) - len(what) + 1]
    energy = np.concatenate([[0.0], np.cumsum(signal**2)])
    windows = energy[len(what) :] - energy[: -len(what)]
    scale = np.sqrt(np.maximum(windows, 1.0) * np.sum(what**2))
    return np.asarray(matches / scale)


def _top(likeness: np.ndarray, at: int) -> int:
    """The peak that a place just before it belongs to."""
    return int(at + np.argmax(likeness[at : at + RATE // 20]))


def _pieced(signal: np.ndarray, what: np.ndarray, likeness: np.ndarray) -> int | None:
    """Where the pieces of ``what`` are heard in their order; None when they are not."""
    at = 0
    while len(places := np.flatnonzero(likeness[at:] > SOMEWHAT_LIKE)):
        at = _top(likeness, at + int(places[0]))
        if _in_pieces(signal, what, at) > LIKE:
            return at
        at += RATE // 20
    return None


def _in_pieces(signal: np.ndarray, what: np.ndarray, at: int) -> float:
    """How much the pieces of ``what`` are alike around a place, by their energies."""
    total = 0.0
    for begin in range(0, len(what), PIECE):
        piece = what[begin : begin + PIECE]
        place = at + begin
        near = signal[max(0, place - MOVED) : place + len(piece) + MOVED]
        total += float(np.sum(piece**2) * np.max(_likeness(near, piece), initial=0.0))
    return total / float(np.sum(what**2))


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
