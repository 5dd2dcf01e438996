"""A recording that somebody brings, made fit for the telephone: read, trimmed, levelled, resampled.

What a file is, is told by its content, never by its name.
"""

from __future__ import annotations

import audioop
import io
import shutil
import subprocess
import wave
from collections.abc import Mapping

import numpy as np

from speech.levels import Sound, band_limit, resample, set_level, speech_level, trim

_MEGABYTE = 1024 * 1024
LARGEST = 20 * _MEGABYTE
"""The largest file that is taken, in bytes."""
_RATE = 24_000
_SECONDS = (0.08, 30.0)
_QUIETEST = -55.0  # dB of full scale; what lies below holds no speech
_PIECE = (0.01, 0.03)  # silence kept around a piece of a longer utterance, seconds
_ALAW, _ULAW = 6, 7
_MOST_CHANNELS = 8
_FFMPEG_SECONDS = 30.0
_UNREADABLE = ("声音无法读取，请另存为 WAV", "ffmpeg cannot read it; save it as WAV")
_OTHERS = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"fLaC", b"OggS", b"caff", b"FORM")


class BadRecording(ValueError):
    """The file cannot become a prompt; ``zh`` and ``en`` say why and what to bring instead."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


def fitted(data: bytes, rates: Mapping[str, int], *, piece: bool = False) -> dict[str, bytes]:
    """A recording as WAV files, by their names' endings.

    Args:
        data: WAV (PCM, A-law, mu-law); MP3, FLAC, Ogg, MP4 where ``ffmpeg`` is installed.
        rates: ending of the file's name → samples a second.
        piece: it is a piece of a longer utterance, with no silence around it.

    Raises:
        BadRecording
    """
    sound, rate = _read(data)
    if not sound.size or len(sound) / rate > 4 * _SECONDS[1]:
        raise BadRecording(
            "文件没有声音，或者长达几分钟；一段提示音最长 30 秒",
            "it holds no sound, or minutes of it; a prompt lasts 30 s at most",
        )
    if speech_level(sound, rate) < _QUIETEST:
        raise BadRecording(
            "听不到声音，请提高音量重新录制", "nothing is heard in it; record it louder"
        )
    whole = band_limit(resample(sound, rate, _RATE), _RATE)
    cut = trim(whole, _RATE, *_PIECE) if piece else trim(whole, _RATE)
    seconds = len(cut) / _RATE
    if not _SECONDS[0] <= seconds <= _SECONDS[1]:
        raise BadRecording(
            f"去掉首尾静音后长 {seconds:.2f} 秒；应为 {_SECONDS[0]} 至 {_SECONDS[1]:.0f} 秒",
            f"without silence around it, it lasts {seconds:.2f} s; "
            f"a prompt lasts {_SECONDS[0]} to {_SECONDS[1]:.0f} s",
        )
    return {
        ending: _wav(set_level(resample(cut, _RATE, wanted), wanted), wanted)
        for ending, wanted in rates.items()
    }


def _read(data: bytes) -> tuple[Sound, int]:
    if len(data) > LARGEST:
        raise BadRecording(
            f"文件超过 {LARGEST // _MEGABYTE} MB", f"it is larger than {LARGEST // _MEGABYTE} MB"
        )
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _riff(data)
    if data.startswith(_OTHERS) or data[4:8] == b"ftyp":
        return _riff(_decoded(data))
    raise BadRecording(
        "不是可识别的声音文件，请提供 WAV 文件",
        "it is no sound file that is known; bring a WAV file",
    )


def _riff(data: bytes) -> tuple[Sound, int]:
    """WAV: what `wave` reads, and the two codings of telephony, which it does not."""
    try:
        coding, channels, rate, body = _law(data)
        if coding in {_ALAW, _ULAW}:
            frames = (audioop.alaw2lin if coding == _ALAW else audioop.ulaw2lin)(body, 2)
            width = 2
        else:
            with wave.open(io.BytesIO(data)) as wav:
                channels, width, rate = wav.getnchannels(), wav.getsampwidth(), wav.getframerate()
                frames = wav.readframes(wav.getnframes())
            if width == 1:  # unsigned in WAV only
                frames = audioop.bias(frames, 1, -128)
            frames = audioop.lin2lin(frames[: len(frames) // width * width], width, 2)
    except (EOFError, IndexError, wave.Error, audioop.error) as error:
        raise BadRecording(
            "声音无法读取，请另存为 16 位 WAV",
            f"its sound cannot be read ({error}); save it as 16-bit WAV",
        ) from error
    if not 0 < channels <= _MOST_CHANNELS or not 4000 <= rate <= 192_000:
        raise BadRecording(
            f"声道数 {channels}、采样率 {rate}，请另存为 8 至 48 kHz 的单声道 WAV",
            f"{channels} channels of {rate} Hz; save it as mono WAV, 8 to 48 kHz",
        )
    samples = np.frombuffer(frames[: len(frames) // (2 * channels) * 2 * channels], "<i2")
    return samples.reshape(-1, channels).mean(axis=1) / 32768, rate


def _law(data: bytes) -> tuple[int, int, int, bytes]:
    """Coding, channels, rate and body of a WAV file, by its chunks."""
    place, coding, channels, rate, body = 12, 0, 0, 0, b""
    while place + 8 <= len(data):
        name, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        content = data[place + 8 : place + 8 + size]
        if name == b"fmt " and len(content) >= 16:
            coding = int.from_bytes(content[:2], "little")
            channels = int.from_bytes(content[2:4], "little")
            rate = int.from_bytes(content[4:8], "little")
        elif name == b"data":
            body = content
        place += 8 + size + size % 2
    return coding, channels, rate, body


def _decoded(data: bytes) -> bytes:
    program = shutil.which("ffmpeg")
    if program is None:
        raise BadRecording(
            "这里只能读取 WAV，请另存为 WAV，或者安装 ffmpeg",
            "only WAV can be read here; save it as WAV, or install ffmpeg",
        )
    words = [program, "-v", "error", "-i", "pipe:0", "-ac", "1", "-ar", str(_RATE)]
    words += ["-t", str(2 * _SECONDS[1]), "-f", "s16le", "pipe:1"]
    try:
        done = subprocess.run(
            words, input=data, capture_output=True, timeout=_FFMPEG_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BadRecording(*_UNREADABLE) from error
    if done.returncode or not done.stdout:
        raise BadRecording(*_UNREADABLE)
    return _wav(np.frombuffer(done.stdout, "<i2").astype(np.float64) / 32768, _RATE)


def _wav(sound: Sound, rate: int) -> bytes:
    samples = np.clip(np.round(sound * 32767), -32768, 32767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(samples.tobytes())
    return out.getvalue()
