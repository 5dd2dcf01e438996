"""Recordings encoded by a real ffmpeg, given back, and silenced."""

from __future__ import annotations

import stat
import wave
from pathlib import Path

import pytest

from ivr.demo.sound import has_tone, tone
from speech import encoding
from speech.ports import Unreadable
from speech.recording import join
from tests import tools

RATE = 16_000


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    """Four seconds: 440 Hz left, 600 Hz right for the first three."""
    (tmp_path / "citizen.sln16").write_bytes(tone(440, 4.0, rate=RATE).tobytes())
    (tmp_path / "agent.sln16").write_bytes(tone(600, 3.0, rate=RATE).tobytes())
    return join(tmp_path)


def channels(wav: Path) -> list[list[int]]:
    with wave.open(str(wav), "rb") as given:
        samples = memoryview(given.readframes(given.getnframes())).cast("h").tolist()
        count = given.getnchannels()
    return [samples[place::count] for place in range(count)]


@pytest.mark.parametrize("codec", ["opus", "flac"])
def test_both_sides_stay_apart(
    stereo: Path, tmp_path: Path, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if codec == "flac":  # an ffmpeg that knows no Opus
        monkeypatch.setitem(encoding._CODECS, "opus", ("-c:a", "nosuchcodec"))  # type: ignore[index]
    made = encoding.encode(stereo, tools.ffmpeg().argv, tmp_path)
    assert (made.codec, made.seconds, made.file.name) == (codec, 4.0, f"stereo.{codec}")
    assert made.bytes == made.file.stat().st_size < stereo.stat().st_size
    assert made.sha256 == encoding.sha256(made.file)
    back = encoding.decode(made.file, tmp_path / "back.wav", tools.ffmpeg().argv)
    left, right = channels(back)
    assert abs(len(left) / RATE - 4.0) < 0.05
    assert has_tone(left, RATE, 440)
    assert not has_tone(left, RATE, 600)
    assert has_tone(right, RATE, 600)
    assert not has_tone(right, RATE, 440)
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith(".")) == []


def test_without_ffmpeg_a_recording_stays_wav(stereo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    made = encoding.encode(stereo, None, folder)
    assert (made.codec, made.file) == ("wav", folder / "stereo.wav")
    assert made.file.read_bytes() == stereo.read_bytes()
    assert encoding.decode(made.file, tmp_path / "no.wav", None) == made.file


def test_an_ffmpeg_that_breaks_down_leaves_nothing_half_done(stereo: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text('#!/bin/sh\nfor last; do :; done\necho half > "$last"\nexit 1\n')
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    made = encoding.encode(stereo, (str(broken),), tmp_path)
    assert made.codec == "wav"
    assert not list(tmp_path.glob(".stereo*"))
    with pytest.raises(Unreadable):
        encoding.decode(tmp_path / "gone.opus", tmp_path / "x.wav", (str(broken),))
    assert not (tmp_path / "x.wav").exists()


def test_a_stretch_of_one_side_is_silenced_and_no_sample_more(stereo: Path, tmp_path: Path) -> None:
    before = channels(stereo)
    target = tmp_path / "quiet.wav"
    encoding.silence(stereo, target, [(0, 1.0, 2.0), (1, -1.0, 0.5), (0, 3.9, 99.0), (7, 0, 1)])
    left, right = channels(target)
    assert not any(left[RATE : 2 * RATE])
    assert not any(left[round(3.9 * RATE) :])
    assert not any(right[: RATE // 2])
    assert left[:RATE] + left[2 * RATE : round(3.9 * RATE)] == (
        before[0][:RATE] + before[0][2 * RATE : round(3.9 * RATE)]
    )
    assert right[RATE // 2 :] == before[1][RATE // 2 :]


def test_silence_over_the_edge_of_a_piece(
    stereo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, other = tmp_path / "one.wav", tmp_path / "many.wav"
    spans = [(0, 0.5, 3.5), (1, 1.23, 1.24)]
    encoding.silence(stereo, target, spans)
    monkeypatch.setattr(encoding, "_PIECE", 777)
    encoding.silence(stereo, other, spans)
    assert target.read_bytes() == other.read_bytes()


def test_legs_come_back_from_a_stereo_file(stereo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "back"
    folder.mkdir()
    legs = encoding.split(stereo, folder)
    assert legs["citizen"].read_bytes() == (tmp_path / "citizen.sln16").read_bytes()
    agent = (tmp_path / "agent.sln16").read_bytes()
    assert legs["agent"].read_bytes() == agent.ljust(4 * RATE * 2, b"\0")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not sound at all" * 20])
def test_what_is_no_sound_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.wav"
    file.write_bytes(content)
    for work in (
        lambda: encoding.length(file),
        lambda: encoding.encode(file, None, tmp_path),
        lambda: encoding.split(file, tmp_path),
    ):
        with pytest.raises(Unreadable):
            work()
