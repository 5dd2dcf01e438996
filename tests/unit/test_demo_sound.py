"""Tones, A-law and files of the simulated phones; hypothesis for what must hold for all sound."""

from __future__ import annotations

import asyncio
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.demo.rtp import Voice
from ivr.demo.sound import (
    from_alaw,
    has_tone,
    loudness,
    read_sound,
    silence,
    to_alaw,
    tone,
    tone_seconds,
    tones,
    write_alaw,
    write_wav,
)
from ivr.errors import PhoneError


@given(st.integers(-32768, 32767))
def test_alaw_keeps_each_sample_within_its_step(sample: int) -> None:
    back = from_alaw(to_alaw([sample]))[0]
    assert abs(back - sample) <= max(16, abs(sample) / 16)


@pytest.mark.parametrize(
    ("sample", "code"), [(0, 0xD5), (-1, 0x55), (32767, 0xAA), (-32768, 0x2A), (1000, 0xFA)]
)
def test_alaw_agrees_with_g711(sample: int, code: int) -> None:
    assert to_alaw([sample]) == bytes([code])


@pytest.mark.parametrize("code", range(256))
def test_alaw_code_survives(code: int) -> None:
    assert to_alaw(from_alaw(bytes([code]))) == bytes([code])


def test_a_tone_is_found_and_no_other() -> None:
    sound = from_alaw(to_alaw(tone(440, 2.0) + silence(1.0)))
    assert tone_seconds(sound, 8000, 440) == pytest.approx(2.0, abs=0.11)
    assert not has_tone(sound, 8000, 600, seconds=0.1)
    shares = tones(sound, 8000, [440, 600])
    assert shares[440] > 0.98
    assert shares[600] < 0.01


def test_two_tones_at_once_are_both_found() -> None:
    both = array("h", (a + b for a, b in zip(tone(440, 1.0), tone(620, 1.0), strict=True)))
    assert has_tone(both, 8000, 440)
    assert has_tone(both, 8000, 620)
    assert not has_tone(both, 8000, 530)


def test_silence_holds_nothing() -> None:
    assert loudness([]) == 0
    assert tones(silence(1.0), 8000, [440]) == {440: 0.0}
    assert not has_tone(silence(2.0), 8000, 440)


@pytest.mark.parametrize("name", ["x.wav", "x.sln", "x.sln16", "x.alaw"])
def test_files_come_back(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    rate = 16000 if name == "x.sln16" else 8000
    sound = tone(440, 0.5, rate=rate)
    if name == "x.wav":
        write_wav(file, sound, rate=rate)
    elif name == "x.alaw":
        write_alaw(file, sound)
    else:
        file.write_bytes(sound.tobytes())
    back, found = read_sound(file)
    assert found == rate
    assert len(back) == len(sound)
    assert has_tone(back, rate, 440)


def test_a_wav_still_being_written_can_be_read(tmp_path: Path) -> None:
    file = write_wav(tmp_path / "x.wav", tone(440, 1.0))
    data = file.read_bytes()
    file.write_bytes(data[:40] + b"\0\0\0\0" + data[44:10_001])
    samples, rate = read_sound(file)
    assert (len(samples), rate) == ((10_001 - 44) // 2, 8000)


def test_unknown_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected \.wav"):
        read_sound(tmp_path / "x.mp3")
    (tmp_path / "x.wav").write_bytes(b"no sound at all")
    with pytest.raises(ValueError, match="not a WAV"):
        read_sound(tmp_path / "x.wav")


async def test_two_voices_hear_each_other() -> None:
    one, two = await Voice.open(), await Voice.open()
    try:
        one.connect("127.0.0.1", two.port)
        two.connect("127.0.0.1", one.port)
        speech = asyncio.create_task(one.say(to_alaw(tone(440, 1.0))))
        await two.hears(440, seconds=0.6, timeout=5)
        await one.press("5")
        await speech
        assert two.first_sound_at is not None
        assert one.first_sound_at is None
        assert one.packets > 20
        with pytest.raises(TimeoutError):
            await one.hears(440, timeout=0.3)
        with pytest.raises(PhoneError, match="a telephone has the keys"):
            await one.press("x")
    finally:
        await one.close()
        await two.close()
    assert has_tone(two.heard(), 8000, 440)


async def test_a_closed_voice_lets_nobody_wait() -> None:
    voice = await Voice.open()
    speech = asyncio.create_task(voice.say(b"\xd5" * 8000))
    await asyncio.sleep(0)
    await voice.close()
    with pytest.raises(PhoneError, match="before all was said"):
        await speech
    with pytest.raises(PhoneError, match="the call is over"):
        await voice.press("1")


async def test_noise_on_the_port_is_no_sound() -> None:
    voice = await Voice.open()
    for packet in (b"", b"\x80", b"GET / HTTP/1.0\r\n\r\n", b"\x80\x60" + bytes(10)):
        voice.datagram_received(packet, ("127.0.0.1", 9))
    assert voice.packets == 0
    await voice.close()
