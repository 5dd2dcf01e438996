"""The two legs of a call, recorded apart, joined for listening: citizen left, agent right."""

from __future__ import annotations

import os
import warnings
import wave
from pathlib import Path

with warnings.catch_warnings():  # pydub complains of a missing ffmpeg; WAV needs none
    warnings.simplefilter("ignore")
    from pydub import AudioSegment

RATE = 16_000
WIDTH = 2
CITIZEN, AGENT, STEREO = "citizen.sln16", "agent.sln16", "stereo.wav"
_CHUNK = RATE * WIDTH * 30


def join(folder: Path, target: Path | None = None) -> Path:
    """Make ``stereo.wav`` from the legs in ``folder``, unless it is there; returns its path.

    A leg that is missing or shorter is filled with silence. Works through the sound in pieces of
    half a minute, so a long call needs no more memory than a short one.

    Args:
        target: where it goes instead.

    Raises:
        FileNotFoundError: neither leg is there.
    """
    target = target or folder / STEREO
    if target.exists():
        return target
    legs = [folder / CITIZEN, folder / AGENT]
    sizes = [leg.stat().st_size if leg.exists() else 0 for leg in legs]
    if not any(leg.exists() for leg in legs):
        raise FileNotFoundError(folder / CITIZEN)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    with wave.open(str(temporary), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(WIDTH)
        out.setframerate(RATE)
        for start in range(0, max(sizes), _CHUNK):
            length = min(_CHUNK, max(sizes) - start) // WIDTH * WIDTH
            out.writeframes(_interleave([_piece(leg, start, length) for leg in legs]))
    temporary.replace(target)
    return target


def _piece(leg: Path, start: int, length: int) -> bytes:
    try:
        with leg.open("rb") as file:
            file.seek(start)
            return file.read(length).ljust(length, b"\0")
    except FileNotFoundError:
        return bytes(length)


def _interleave(legs: list[bytes]) -> bytes:
    mono = [AudioSegment(data=leg, sample_width=WIDTH, frame_rate=RATE, channels=1) for leg in legs]
    joined: bytes = AudioSegment.from_mono_audiosegments(*mono).raw_data
    return joined
