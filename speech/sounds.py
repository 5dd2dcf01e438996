"""Sound out of files, as recognisers want it: mono, 16 bit, :data:`speech.ports.RATE`."""

from __future__ import annotations

import audioop
import wave
from collections.abc import Iterator
from pathlib import Path

from speech.ports import BYTES_PER_SECOND, RATE, SAMPLE_BYTES, Unreadable

RAW = (".sln16", ".raw")
_MOST_CHANNELS = 8


def pcm(file: Path) -> Iterator[bytes]:
    """The sound of a file, a second at a time.

    Args:
        file: WAV of any rate and width (several channels are mixed), or raw sound (``.sln16``).

    Raises:
        Unreadable: it holds no sound that can be read.
    """
    try:
        if file.suffix in RAW:
            yield from _raw(file)
        else:
            yield from _wav(file)
    except (OSError, EOFError, wave.Error, audioop.error) as error:
        raise Unreadable(f"{file.name}: no sound that can be read ({error})") from error


def _raw(file: Path) -> Iterator[bytes]:
    with file.open("rb") as content:
        while piece := content.read(BYTES_PER_SECOND):
            yield piece[: len(piece) // SAMPLE_BYTES * SAMPLE_BYTES]


def _wav(file: Path) -> Iterator[bytes]:
    with wave.open(str(file), "rb") as wav:
        channels, width, rate = wav.getnchannels(), wav.getsampwidth(), wav.getframerate()
        if not 0 < channels <= _MOST_CHANNELS or rate <= 0:
            raise Unreadable(f"{file.name}: {channels} channels of {rate} Hz")
        state = None
        while frames := wav.readframes(rate):
            if width == 1:  # unsigned in WAV only
                frames = audioop.bias(frames, 1, -128)
            frames = audioop.lin2lin(frames, width, SAMPLE_BYTES)
            if channels > 1:
                frames = _mixed(frames, channels)
            if rate != RATE:
                frames, state = audioop.ratecv(frames, SAMPLE_BYTES, 1, rate, RATE, state)
            yield frames


def _mixed(frames: bytes, channels: int) -> bytes:
    """Several channels as one, none of them louder than it was."""
    samples = memoryview(frames).cast("h")
    mixed = bytes(len(frames) // channels)
    for channel in range(channels):
        one = audioop.mul(samples[channel::channels].tobytes(), SAMPLE_BYTES, 1 / channels)
        mixed = audioop.add(mixed, one, SAMPLE_BYTES)
    return mixed
