"""The music on hold: a calm loop of our own, composed by rule.

Plucked notes of the pentatonic scale over slow two-note chords, in the band a telephone carries.
Every note that rings past the end rings on at the start, so the loop has no seam.
``python -m speech.music SOUNDS`` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from speech.levels import Sound, band_limit, decibels, resample, write

BEAT = 0.75
"""Seconds a beat; 64 beats make the loop of 48 s."""

LEVEL = -26.0
"""Mean level of the loop, dB of full scale."""

RATE = 16_000

_D4 = 293.66
_SCALE = (0, 2, 4, 7, 9)  # semitones: D E F♯ A B
_BEATS = 64

# Step of the scale on each beat (5 is the D above); None lets the last note ring.
_MELODY: tuple[int | None, ...] = (
    *(5, None, 7, 6, 5, None, 3, None, 4, None, 5, 6, 3, None, None, None),
    *(5, None, 7, 8, 9, None, 7, None, 6, None, 5, 4, 5, None, None, None),
    *(8, None, 9, 8, 7, None, 5, None, 6, None, 7, 6, 4, None, None, None),
    *(3, None, 5, 6, 7, None, 6, 5, 4, None, 3, 4, 5, None, None, None),
)
_CHORDS = ((0, 3), (1, 4), (0, 2), (1, 3), (0, 3), (2, 4), (1, 4), (0, 3))  # eight beats each


def compose() -> Sound:
    """The loop at ``RATE``; its end leads into its start."""
    length = int(_BEATS * BEAT * RATE)
    loop = np.zeros(length)
    for beat, step in enumerate(_MELODY):
        if step is not None:
            _lay(loop, beat, _pluck(_hertz(step), 4.0), 1.0)
    for number, chord in enumerate(_CHORDS):
        for step in chord:
            _lay(loop, 8 * number, _swell(_hertz(step), 14 * BEAT), 0.45)
    loop = band_limit(np.tile(loop, 3), RATE, 200.0)[length : 2 * length]
    mean = float(np.sqrt(np.mean(loop**2)))
    return np.asarray(loop * 10 ** ((LEVEL - decibels(mean)) / 20))


def _hertz(step: int) -> float:
    octave, degree = divmod(step, len(_SCALE))
    return float(_D4 * 2 ** (octave + _SCALE[degree] / 12))


def _pluck(hertz: float, seconds: float) -> Sound:
    """A string: partials that fade the faster the higher they are."""
    time = np.arange(int(seconds * RATE)) / RATE
    note = np.zeros(len(time))
    for partial, weight in enumerate((1.0, 0.42, 0.2, 0.1, 0.05), 1):
        if partial * hertz < 3300:
            fading = np.exp(-time * (0.6 + 0.7 * partial))
            note += weight * fading * np.sin(2 * np.pi * partial * hertz * time)
    return np.asarray(note * np.minimum(1, time / 0.012) * np.minimum(1, time[::-1] / 0.2))


def _swell(hertz: float, seconds: float) -> Sound:
    """A soft held tone that comes and goes."""
    time = np.arange(int(seconds * RATE)) / RATE
    shape = np.sin(np.pi * time / seconds)
    return np.asarray(
        shape * (np.sin(2 * np.pi * hertz * time) + 0.3 * np.sin(4 * np.pi * hertz * time))
    )


def _lay(loop: Sound, beat: int, note: Sound, weight: float) -> None:
    """Add a note to the loop, around its end if it rings that long."""
    where = (int(beat * BEAT * RATE) + np.arange(len(note))) % len(loop)
    np.add.at(loop, where, weight * note)


def main(arguments: Sequence[str]) -> int:
    """``python -m speech.music SOUNDS``: write ``moh/hold.wav`` and ``.wav16``."""
    folder = Path(arguments[0]) / "moh"
    folder.mkdir(parents=True, exist_ok=True)
    loop = compose()
    write(folder / "hold.wav16", loop, RATE)
    thrice = resample(np.tile(loop, 3), RATE, 8000)
    write(folder / "hold.wav", np.split(thrice, 3)[1], 8000)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
