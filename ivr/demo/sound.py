"""Telephone sound in and out: tones, A-law, raw and WAV files, and what can be heard in them.

Samples are signed 16-bit numbers in an ``array('h')``, one channel. Standard library only.
"""

from __future__ import annotations

import math
import wave
from array import array
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from ivr.errors import PhoneError

RATE = 8000  # samples in a second on a telephone line
ALAW_SILENCE = b"\xd5"
_FRAME = 0.1  # seconds judged at once: tells apart tones 20 Hz from each other
_QUIET = 100.0  # RMS below which a frame holds nothing that can be heard


def tone(hz: float, seconds: float, *, rate: int = RATE, level: float = 0.3) -> array[int]:
    """Return a sine of ``hz``; ``level`` is its peak, 1.0 the loudest there is."""
    peak = level * 32767
    step = 2 * math.pi * hz / rate
    return array("h", (round(peak * math.sin(step * i)) for i in range(round(seconds * rate))))


def silence(seconds: float, *, rate: int = RATE) -> array[int]:
    """Return ``seconds`` of silence."""
    return array("h", bytes(2 * round(seconds * rate)))


@cache
def _alaw_values() -> tuple[int, ...]:
    """The 16-bit sample of each A-law byte (G.711)."""
    values = []
    for code in range(256):
        bits = code ^ 0x55
        exponent = (bits & 0x70) >> 4
        size = ((bits & 0x0F) << 4) + 8
        if exponent:
            size = (size + 0x100) << (exponent - 1)
        values.append(size if bits & 0x80 else -size)
    return tuple(values)


@cache
def _alaw_codes() -> bytes:
    """The nearest A-law byte of each 13-bit sample, index 0 being the lowest."""
    steps = sorted((value, code) for code, value in enumerate(_alaw_values()))
    codes = bytearray()
    at = 0
    for sample in range(-32768, 32768, 8):
        while at + 1 < len(steps) and abs(steps[at + 1][0] - sample) <= abs(steps[at][0] - sample):
            at += 1
        codes.append(steps[at][1])
    return bytes(codes)


def to_alaw(samples: Sequence[int]) -> bytes:
    """Encode samples as G.711 A-law, one byte each."""
    codes = _alaw_codes()
    return bytes(codes[(sample + 32768) >> 3] for sample in samples)


def from_alaw(data: bytes) -> array[int]:
    """Decode G.711 A-law."""
    values = _alaw_values()
    return array("h", (values[code] for code in data))


def write_wav(path: Path, samples: array[int], *, rate: int = RATE) -> Path:
    """Write a 16-bit WAV file of one channel; return its path."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def write_alaw(path: Path, samples: Sequence[int]) -> Path:
    """Write raw A-law without a header; return its path."""
    path.write_bytes(to_alaw(samples))
    return path


def read_sound(path: Path) -> tuple[array[int], int]:
    """Read ``.wav``, ``.sln``, ``.sln16`` or ``.alaw``, also while it is being written.

    Returns:
        The samples (the first channel of several) and their rate in Hz.

    Raises:
        ValueError: the name's ending is none of those, or the WAV file is not 16-bit.
        OSError: the file cannot be read.
    """
    if path.suffix == ".alaw":
        return from_alaw(path.read_bytes()), RATE
    if path.suffix in {".sln", ".sln16"}:
        data = path.read_bytes()
        return array("h", data[: len(data) & ~1]), RATE if path.suffix == ".sln" else 16000
    if path.suffix != ".wav":
        raise ValueError(f"{path.name}: expected .wav, .sln, .sln16 or .alaw")
    return _read_wav(path)


def _read_wav(path: Path) -> tuple[array[int], int]:
    """Walk the chunks ourselves: a file still being written has no sizes in it yet."""
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError(f"{path.name}: not a WAV file")
    at, channels, rate, bits = 12, 1, RATE, 16
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        body = at + 8
        if data[at : at + 4] == b"fmt ":
            channels = int.from_bytes(data[body + 2 : body + 4], "little")
            rate = int.from_bytes(data[body + 4 : body + 8], "little")
            bits = int.from_bytes(data[body + 14 : body + 16], "little")
        elif data[at : at + 4] == b"data":
            if bits != 16 or channels < 1:
                raise ValueError(f"{path.name}: expected 16-bit samples, found {bits}-bit")
            end = body + size if 0 < size <= len(data) - body else len(data)
            whole = (end - body) // (2 * channels) * 2 * channels
            return array("h", data[body : body + whole])[::channels], rate
        at = body + size + (size & 1)
    return array("h"), rate


def alaw_speech(sound: float | Path, seconds: float) -> bytes:
    """Return A-law of ``seconds`` of a tone (Hz) or of a sound file of 8 kHz from its start.

    Raises:
        PhoneError: the file has another rate.
    """
    size = round(seconds * RATE)
    if not isinstance(sound, Path):
        second = to_alaw(tone(sound, 1.0))
        whole = sound == int(sound)  # then each second is like the first
        return (second * (size // RATE + 1))[:size] if whole else to_alaw(tone(sound, seconds))
    samples, rate = read_sound(sound)
    if rate != RATE:
        raise PhoneError(f"{sound.name}: a telephone speaks {RATE} Hz, this has {rate} Hz")
    return to_alaw(samples[:size])


def loudness(samples: Sequence[int]) -> float:
    """Return the root mean square of the samples; 0 for none."""
    if not samples:
        return 0.0
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples))


def tones(samples: Sequence[int], rate: int, frequencies: Iterable[float]) -> dict[float, float]:
    """Return each frequency's share of the energy, from 0 to 1, pauses left out."""
    wanted = list(frequencies)
    frames = _audible_frames(samples, rate)
    total = sum(energy for _, energy in frames)
    return {
        hz: sum(_power(frame, rate, hz) for frame, _ in frames) / total if total else 0.0
        for hz in wanted
    }


def tone_seconds(samples: Sequence[int], rate: int, hz: float, *, share: float = 0.3) -> float:
    """Return for how long ``hz`` is heard: in frames where it has ``share`` of the energy."""
    return _FRAME * sum(
        _power(frame, rate, hz) >= share * energy
        for frame, energy in _audible_frames(samples, rate)
    )


def has_tone(
    samples: Sequence[int], rate: int, hz: float, *, seconds: float = 0.5, share: float = 0.3
) -> bool:
    """Whether ``hz`` is heard for ``seconds`` in all (see ``tone_seconds``)."""
    return tone_seconds(samples, rate, hz, share=share) >= seconds - _FRAME / 2


def _audible_frames(samples: Sequence[int], rate: int) -> list[tuple[Sequence[int], float]]:
    """Cut into frames and keep those that can be heard, each with its energy."""
    size = round(_FRAME * rate)
    frames = (samples[at : at + size] for at in range(0, len(samples) - size + 1, size))
    loud = ((frame, loudness(frame)) for frame in frames)
    return [(frame, len(frame) * rms * rms) for frame, rms in loud if rms >= _QUIET]


def _power(frame: Sequence[int], rate: int, hz: float) -> float:
    """Energy of ``hz`` in the frame (Goertzel's algorithm), on the scale of a sum of squares."""
    turn = 2 * math.cos(2 * math.pi * hz / rate)
    last = before = 0.0
    for sample in frame:
        last, before = sample + turn * last - before, last
    return 2 * (last * last + before * before - turn * last * before) / len(frame)
