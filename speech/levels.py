"""Making a sound fit for the telephone: band, silence, level, rate, file.

A sound is a one-dimensional float array, full scale ±1. Pure functions of numpy; whole files at a
time, so filters work on the spectrum and shift nothing in time.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Sound: TypeAlias = npt.NDArray[np.float64]

SPEECH_LEVEL = -20.0
"""Wanted level of speech, dB of full scale, over the frames that hold speech."""

PEAK = -1.0
"""Highest sample, dB of full scale."""

LEAD, TAIL = 0.06, 0.12
"""Most silence before and after speech, in seconds."""

_FRAME = 0.02
_SPEECH_RANGE = 25.0  # a frame this many dB below the loudest is no speech
_SILENCE_RANGE = 38.0  # a frame this many dB below the loudest is silence


def decibels(ratio: float) -> float:
    """Amplitude ratio in dB; nothing at all is -200."""
    return 20 * float(np.log10(max(ratio, 1e-10)))


def _powers(sound: Sound, rate: int) -> Sound:
    """RMS of each whole frame."""
    size = int(_FRAME * rate)
    padded = np.pad(sound, (0, -len(sound) % size))
    return np.asarray(np.sqrt(np.mean(padded.reshape(-1, size) ** 2, axis=1)))


def speech_level(sound: Sound, rate: int) -> float:
    """Level in dB of full scale over the frames that hold speech; pauses do not count."""
    powers = _powers(sound, rate)
    loudest = float(np.max(powers, initial=0))
    if not loudest:
        return decibels(0)
    spoken = powers[powers > loudest * 10 ** (-_SPEECH_RANGE / 20)]
    return decibels(float(np.sqrt(np.mean(spoken**2))))


def band_limit(sound: Sound, rate: int, low: float = 100.0) -> Sound:
    """Take away what lies below ``low`` Hz: the telephone does not carry it, and it eats level."""
    size = 2 * len(sound)
    hertz = np.fft.rfftfreq(size, 1 / rate)
    ramp = np.clip((hertz - 0.7 * low) / (0.3 * low), 0, 1)
    gain = 0.5 - 0.5 * np.cos(np.pi * ramp)
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * gain, size)[: len(sound)])


def resample(sound: Sound, rate: int, wanted: int) -> Sound:
    """From ``rate`` to ``wanted`` samples a second, without aliases."""
    if rate == wanted:
        return sound
    block = rate // int(np.gcd(rate, wanted))
    size = len(sound) + rate // 10
    size += -size % block
    new_size = size * wanted // rate
    spectrum = np.fft.rfft(sound, size)
    kept = min(len(spectrum), new_size // 2 + 1)
    edge = max(1, kept // 50)
    spectrum = spectrum[:kept]
    spectrum[-edge:] *= 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, edge))
    out = np.fft.irfft(spectrum, new_size) * (new_size / size)
    return np.asarray(out[: round(len(sound) * wanted / rate)])


def trim(sound: Sound, rate: int, lead: float = LEAD, tail: float = TAIL) -> Sound:
    """Leave at most ``lead`` and ``tail`` seconds around the speech, faded so nothing clicks."""
    powers = _powers(sound, rate)
    loudest = float(np.max(powers, initial=0))
    if not loudest:
        return sound[:0]
    loud = np.flatnonzero(powers > loudest * 10 ** (-_SILENCE_RANGE / 20))
    size = int(_FRAME * rate)
    start = max(0, loud[0] * size - int(lead * rate))
    end = min(len(sound), (loud[-1] + 1) * size + int(tail * rate))
    cut = sound[start:end].copy()
    fade = min(int(0.005 * rate), len(cut) // 2)
    ramp = np.linspace(0, 1, fade)
    cut[:fade] *= ramp
    cut[len(cut) - fade :] *= ramp[::-1]
    return cut


def set_level(sound: Sound, rate: int, wanted: float = SPEECH_LEVEL, peak: float = PEAK) -> Sound:
    """Bring speech to ``wanted`` dB, or as near as ``peak`` dB allows."""
    highest = float(np.max(np.abs(sound), initial=0))
    if highest == 0:
        return sound
    gain = min(wanted - speech_level(sound, rate), peak - decibels(highest))
    return sound * 10 ** (gain / 20)


def tone(hertz: float, seconds: float, rate: int) -> Sound:
    """A sine with soft ends."""
    time = np.arange(int(seconds * rate)) / rate
    edge = np.minimum(1, np.minimum(time, time[::-1]) / 0.01)
    return np.asarray(np.sin(2 * np.pi * hertz * time) * edge)


def write(file: Path, sound: Sound, rate: int) -> None:
    """Write 16-bit mono WAV, whole or not at all."""
    samples = np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2")
    new = file.with_name(file.name + ".new")
    with wave.open(str(new), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(samples.tobytes())
    new.replace(file)


def read(file: Path) -> tuple[Sound, int]:
    """Read 16-bit mono WAV: the sound and its rate.

    Raises:
        ValueError: the file is not 16-bit mono.
    """
    with wave.open(str(file), "rb") as wav:
        if (wav.getnchannels(), wav.getsampwidth()) != (1, 2):
            raise ValueError(f"{file}: not 16-bit mono")
        data = wav.readframes(wav.getnframes())
        return np.frombuffer(data, "<i2").astype(np.float64) / 32768, wav.getframerate()
