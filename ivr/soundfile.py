"""Whether a sound file is one that Asterisk plays well. Standard library only, and fast."""

from __future__ import annotations

import math
import sys
import wave
from array import array
from operator import mul
from pathlib import Path


def problem(
    file: Path, rate: int, seconds: tuple[float, float], decibels: tuple[float, float]
) -> str | None:
    """What is wrong with ``file``, to be read after its name, or None.

    Args:
        file: should be 16-bit mono WAV.
        rate: in Hz, that it must have.
        seconds: shortest and longest it may last.
        decibels: quietest and loudest mean level of the whole file, dB of full scale.
    """
    try:
        with wave.open(str(file)) as wav:
            form = (wav.getframerate(), wav.getnchannels(), wav.getsampwidth())
            data = wav.readframes(wav.getnframes())
    except FileNotFoundError:
        return "is missing"
    except (OSError, EOFError, wave.Error) as error:
        return f"is not a WAV file that can be read ({error})"
    if form != (rate, 1, 2):
        return f"is {form[0]} Hz, {form[1]} channel(s), {8 * form[2]} bit; needs {rate}, 1, 16"
    length = len(data) / 2 / rate
    if not seconds[0] <= length <= seconds[1]:
        return f"lasts {length:.2f} s; must last {seconds[0]} to {seconds[1]} s"
    level = _level(data)
    if not decibels[0] <= level <= decibels[1]:
        return f"has a level of {level:.0f} dB; needs {decibels[0]:.0f} to {decibels[1]:.0f} dB"
    return None


def _level(data: bytes) -> float:
    """Mean level in dB of full scale, from some samples only: the start must be fast.

    One in seven: no step that the usual tones of telephony could hide behind.
    """
    samples = array("h", data[: len(data) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    some = samples[::7]
    power = sum(map(mul, some, some)) / len(some)
    return 10 * math.log10(power / 32768**2) if power else -math.inf
