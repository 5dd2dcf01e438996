"""Recordings as they are kept: encoded, checked, given back as WAV, with stretches silenced.

ffmpeg does the work where there is one; without it a recording stays WAV. Sound goes through in
pieces, so that an hour takes no more memory than a minute.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import wave
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from speech.ports import RATE, SAMPLE_BYTES, Unreadable
from speech.recording import AGENT, CITIZEN, STEREO, join

_CODECS: Mapping[str, tuple[str, ...]] = {
    # a bit rate at which the two voices stay apart; speech of a telephone needs no more
    "opus": ("-c:a", "libopus", "-b:a", "48k", "-application", "voip", "-f", "ogg"),
    "flac": ("-c:a", "flac", "-f", "flac"),
}
_MEDIA = {".opus": "audio/ogg", ".flac": "audio/flac"}
_PIECE = RATE * 30  # frames
_SECONDS = 1800.0  # the most that ffmpeg may take for one file


@dataclass(frozen=True, slots=True)
class Encoded:
    """A recording's file with what proves that it is whole.

    Attributes:
        codec: ``opus``, ``flac`` or ``wav``.
        seconds: its length.
    """

    file: Path
    codec: str
    sha256: str
    bytes: int
    seconds: float


def encode(sound: Path, ffmpeg: Sequence[str] | None, folder: Path) -> Encoded:
    """Keep a WAV file small: as Opus, else as FLAC, under the same name; without ffmpeg as it is.

    The new file is there whole or not at all. Encoding again replaces it.

    Args:
        ffmpeg: how to run it; None: there is none.
        folder: where the new file goes.

    Raises:
        Unreadable: the WAV file holds no sound.
    """
    seconds = length(sound)
    for codec, options in _CODECS.items() if ffmpeg else ():
        target = folder / f"{sound.stem}.{codec}"
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        if _run(ffmpeg or (), "-i", str(sound), *options, str(draft)):
            draft.replace(target)
            return _described(target, codec, seconds)
        draft.unlink(missing_ok=True)
    target = folder / sound.name
    if not target.exists():
        shutil.copyfile(sound, draft := target.with_name(f".{target.name}.{os.getpid()}"))
        draft.replace(target)
    return _described(target, "wav", seconds)


def decode(file: Path, target: Path, ffmpeg: Sequence[str] | None) -> Path:
    """The sound of an encoded recording as WAV at :data:`RATE`, its channels as they are.

    Args:
        target: where the WAV file goes, unless ``file`` is one itself.

    Returns:
        the WAV file.

    Raises:
        Unreadable: it holds no sound, or there is no ffmpeg to read it.
    """
    if file.suffix == ".wav":
        return file
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    command = ("-i", str(file), "-ar", str(RATE), "-c:a", "pcm_s16le", "-f", "wav", str(draft))
    if not ffmpeg or not _run(ffmpeg, *command):
        draft.unlink(missing_ok=True)
        raise Unreadable(f"{file.name}: no sound that can be read, or no ffmpeg to read it")
    draft.replace(target)
    return target


def silence(sound: Path, target: Path, spans: Iterable[tuple[int, float, float]]) -> None:
    """Write a WAV file with stretches of single channels silent.

    Args:
        spans: channel, from 0, and the seconds from which to which it is silent.

    Raises:
        Unreadable: ``sound`` is no WAV file of 16 bit.
    """
    with _reading(sound) as given, wave.open(str(target), "wb") as out:
        channels, rate = given.getnchannels(), given.getframerate()
        quiet = [
            (channel, max(0, round(start * rate)), round(end * rate))
            for channel, start, end in spans
            if channel < channels
        ]
        out.setparams(given.getparams())
        at = 0
        while frames := given.readframes(_PIECE):
            samples = array("h", frames)
            count = len(samples) // channels
            for channel, first, last in quiet:
                start, stop = max(first - at, 0), min(last - at, count)
                if start < stop:
                    samples[start * channels + channel : stop * channels : channels] = array(
                        "h", bytes(SAMPLE_BYTES * (stop - start))
                    )
            out.writeframes(samples.tobytes())
            at += count


def export(
    place: Path,
    target: Path,
    spans: Iterable[tuple[int, float, float]],
    ffmpeg: Sequence[str] | None,
) -> None:
    """Write a recording as WAV, with stretches of single channels silent; see `silence`.

    Args:
        place: a folder with the legs, or a file.

    Raises:
        FileNotFoundError: there is no sound.
        Unreadable: there is, and it cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-export-") as name:
        wav = Path(name) / STEREO
        silence(join(place, wav) if place.is_dir() else decode(place, wav, ffmpeg), target, spans)


def split(sound: Path, folder: Path) -> dict[str, Path]:
    """The two channels of a stereo WAV file as raw legs in ``folder``; of a mono one the citizen's.

    Raises:
        Unreadable: ``sound`` is no WAV file of 16 bit.
    """
    with _reading(sound) as given, contextlib.ExitStack() as stack:
        channels = min(2, given.getnchannels())
        legs = {"citizen": folder / CITIZEN, "agent": folder / AGENT}
        names = list(legs)[:channels]
        files = [stack.enter_context(legs[name].open("wb")) for name in names]
        while frames := given.readframes(_PIECE):
            samples = array("h", frames)
            for place, file in enumerate(files):
                file.write(samples[place :: given.getnchannels()].tobytes())
    return {name: legs[name] for name in names}


def length(sound: Path) -> float:
    """Seconds of a WAV file.

    Raises:
        Unreadable: it is none.
    """
    with _reading(sound) as given:
        return given.getnframes() / given.getframerate()


def media(file: Path) -> str:
    """The media type of a recording's file."""
    return _MEDIA.get(file.suffix, "audio/wav")


def sha256(file: Path) -> str:
    """The checksum of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _described(file: Path, codec: str, seconds: float) -> Encoded:
    return Encoded(file, codec, sha256(file), file.stat().st_size, seconds)


@contextlib.contextmanager
def _reading(sound: Path) -> Iterator[wave.Wave_read]:
    try:
        with wave.open(str(sound), "rb") as given:
            if given.getsampwidth() != SAMPLE_BYTES:
                raise Unreadable(f"{sound.name}: not 16 bit a sample")
            yield given
    except (OSError, EOFError, wave.Error) as error:
        raise Unreadable(f"{sound.name}: no WAV file ({error})") from error


def _run(ffmpeg: Sequence[str], *arguments: str) -> bool:
    command = (*ffmpeg, "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments)
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
