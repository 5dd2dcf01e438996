"""Recordings in the place of prompts: made fit, played at once, kept, taken back."""

from __future__ import annotations

import audioop
import contextlib
import io
import json
import struct
import threading
import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ivr.asterisk_files import SOUNDS
from ivr.cli import main
from ivr.errors import PromptError
from ivr.ownprompts import OwnPrompts
from ivr.prompts import ALIASES, FORMATS, Language, P, check
from speech import levels
from speech.fitting import LARGEST, BadRecording, fitted

AT = datetime(2026, 3, 2, 4, tzinfo=UTC)


def wav(seconds: float = 1.0, rate: int = 44100, channels: int = 2, width: int = 2) -> bytes:
    """A quiet tone with a second of silence before and after it."""
    tone = 0.02 * levels.tone(500, seconds, rate)
    sound = np.pad(tone, rate)
    samples = np.repeat(np.round(sound * 32767).astype("<i2"), channels).tobytes()
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        data = audioop.lin2lin(samples, 2, width)
        file.writeframes(audioop.bias(data, 1, 128) if width == 1 else data)
    return out.getvalue()


def law(coding: int) -> bytes:
    """A WAV file as telephone systems write it: A-law (6) or mu-law (7), 8 kHz."""
    plain = np.round(0.3 * levels.tone(500, 1, 8000) * 32767).astype("<i2").tobytes()
    body = (audioop.lin2alaw if coding == 6 else audioop.lin2ulaw)(plain, 2)
    form = struct.pack("<HHIIHHH", coding, 1, 8000, 8000, 1, 8, 0)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body))
    return b"RIFF" + struct.pack("<I", len(chunks) + len(body) + 4) + b"WAVE" + chunks + body


@pytest.mark.parametrize(
    "recording",
    [wav(), wav(rate=8000, channels=1), wav(width=1), wav(width=4, rate=48000), law(6), law(7)],
    ids=["cd", "phone", "8bit", "32bit", "alaw", "ulaw"],
)
def test_any_wav_becomes_fit_for_the_telephone(recording: bytes) -> None:
    made = fitted(recording, FORMATS)
    assert set(made) == set(FORMATS)
    for ending, rate in FORMATS.items():
        with wave.open(io.BytesIO(made[ending])) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate, 1, 2)
            data = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
        assert 0.9 < len(data) / rate < 1.3, "the silence around it is gone"
        assert levels.speech_level(data, rate) == pytest.approx(levels.SPEECH_LEVEL, abs=0.7)
        assert float(np.argmax(np.abs(np.fft.rfft(data))) * rate / len(data)) == pytest.approx(
            500, abs=3
        )


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        (b"", "no sound file"),
        (b"%PDF-1.7 not a sound", "no sound file"),
        (b"RIFF\x00\x00\x00\x00WAVEnothing", "cannot be read"),
        (wav()[:60], "nothing is heard"),
        (wav(seconds=40), "30 s"),
        (b"RIFF" + bytes(4) + b"WAVE" + bytes(LARGEST), "larger than 20 MB"),
    ],
    ids=["empty", "pdf", "torn", "cut", "long", "large"],
)
def test_what_is_no_prompt_is_refused_with_what_to_do(recording: bytes, words: str) -> None:
    with pytest.raises(BadRecording, match=words) as caught:
        fitted(recording, FORMATS)
    assert caught.value.zh


def test_silence_is_refused() -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    with pytest.raises(BadRecording, match="louder"):
        fitted(out.getvalue(), FORMATS)


@given(st.binary(max_size=400), st.booleans())
def test_no_bytes_break_it(data: bytes, riff: bool) -> None:
    with contextlib.suppress(BadRecording):
        fitted((b"RIFF\x00\x00\x00\x00WAVE" if riff else b"") + data, FORMATS)


# --- kept ---------------------------------------------------------------------------------------
@pytest.fixture
def own(tmp_path: Path) -> OwnPrompts:
    found = OwnPrompts(tmp_path / "prompts", SOUNDS, tmp_path / "played")
    found.lay_out()
    return found


def replace(own: OwnPrompts, prompt: P = P.GREETING, language: Language = Language.ZH) -> None:
    own.replace(prompt, language, wav(), who="li", at=AT, source="my.wav", licence="李, 本中心")


def test_without_recordings_the_projects_sounds_are_played(own: OwnPrompts, tmp_path: Path) -> None:
    assert check(tmp_path / "played") == []
    for file in SOUNDS.rglob("*.wav*"):
        assert (tmp_path / "played" / file.relative_to(SOUNDS)).resolve() == file.resolve()


def test_a_replaced_prompt_is_played_under_all_its_names(own: OwnPrompts, tmp_path: Path) -> None:
    prompt = ALIASES["queue-thankyou"]
    replace(own, prompt)
    played = tmp_path / "played"
    for name in (f"hotline/{prompt.value}", "queue-thankyou"):
        for ending in FORMATS:
            heard = (played / f"zh/{name}.{ending}").resolve()
            assert heard.parent == tmp_path / "prompts" / "zh"
            assert heard.read_bytes() == fitted(wav(), FORMATS)[ending]
    assert (played / f"ko/hotline/{prompt.value}.wav").resolve().is_relative_to(SOUNDS)
    assert check(played) == []
    assert own.file(prompt, Language.ZH).is_relative_to(tmp_path / "prompts")


def test_who_brought_it_and_on_what_terms_is_kept(own: OwnPrompts) -> None:
    replace(own)
    kept = own.all()[P.GREETING, Language.ZH]
    assert (kept.who, kept.source, kept.licence) == ("li", "my.wav", "李, 本中心")
    assert datetime.fromisoformat(kept.at) == AT


def test_it_survives_a_new_start_and_is_taken_back(own: OwnPrompts, tmp_path: Path) -> None:
    replace(own)
    again = OwnPrompts(tmp_path / "prompts", SOUNDS, tmp_path / "played")
    again.lay_out()
    link = tmp_path / "played/zh/hotline/greeting.wav"
    assert link.resolve().is_relative_to(tmp_path / "prompts")
    assert again.restore(P.GREETING, Language.ZH)
    assert link.resolve().is_relative_to(SOUNDS)
    assert not again.restore(P.GREETING, Language.ZH)
    assert not list((tmp_path / "prompts").rglob("*.wav*")), "nothing is left behind"


def test_the_folder_of_an_older_version_is_turned_into_links(tmp_path: Path) -> None:
    (tmp_path / "played").symlink_to(SOUNDS)
    OwnPrompts(tmp_path / "prompts", SOUNDS, tmp_path / "played").lay_out()
    assert not (tmp_path / "played").is_symlink()
    assert check(tmp_path / "played") == []
    assert check(SOUNDS) == []


def test_a_folder_with_a_link_for_each_sound_is_turned_into_links(tmp_path: Path) -> None:
    (tmp_path / "played/zh").mkdir(parents=True)
    (tmp_path / "played/zh/gone.wav").symlink_to(SOUNDS / "gone.wav")
    OwnPrompts(tmp_path / "prompts", SOUNDS, tmp_path / "played").lay_out()
    assert (tmp_path / "played/zh").readlink() == SOUNDS / "zh"


def test_only_a_replaced_language_has_a_link_for_each_sound(
    own: OwnPrompts, tmp_path: Path
) -> None:
    replace(own)
    assert (tmp_path / "played/zh").readlink() == tmp_path / "played.own/zh"
    assert (tmp_path / "played/ko").readlink() == SOUNDS / "ko"
    own.restore(P.GREETING, Language.ZH)
    own.lay_out()
    assert (tmp_path / "played/zh").readlink() == SOUNDS / "zh"
    assert not list((tmp_path / "played.own").iterdir())


def test_a_damaged_recording_is_left_out(own: OwnPrompts, tmp_path: Path) -> None:
    replace(own)
    for file in (tmp_path / "prompts/zh").iterdir():
        file.write_bytes(b"spoilt")
    assert "damaged" in own.problems()[0]
    own.restore(P.RATE, Language.ZH)
    again = OwnPrompts(tmp_path / "prompts", SOUNDS, tmp_path / "other")
    again.lay_out()
    assert check(tmp_path / "other") == []
    assert again.file(P.GREETING, Language.ZH).is_relative_to(SOUNDS)


def test_a_text_that_changed_since_is_told(own: OwnPrompts, tmp_path: Path) -> None:
    replace(own)
    assert own.problems() == []
    manifest = tmp_path / "prompts/manifest.json"
    rows = json.loads(manifest.read_text("utf-8"))
    manifest.write_text(json.dumps([{**rows[0], "text": "以前的话"}]), "utf-8")
    assert "record it anew" in own.problems()[0]
    manifest.write_text("{", "utf-8")
    with pytest.raises(PromptError, match="backup"):
        own.all()


def test_several_who_replace_at_once_all_succeed(own: OwnPrompts) -> None:
    prompts = [P.GREETING, P.GOODBYE, P.RATE, P.NO_KEY]
    threads = [threading.Thread(target=replace, args=(own, prompt)) for prompt in prompts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert {prompt for prompt, _ in own.all()} == set(prompts)
    assert own.problems() == []


def test_the_commands_replace_tell_and_restore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    file = tmp_path / "hello.wav"
    file.write_bytes(wav())

    def hotline(*args: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["prompts", *args])
        assert done.exit_code == code, done.output
        return done.output

    told = hotline("replace", "greeting", "ko", str(file), "--licence", "김, 사내")
    assert "greeting (ko) is now hello.wav" in told
    assert "hello.wav by operator" in hotline("list")
    rows = json.loads(hotline("list", "--json"))
    assert rows[0]["own"]["ko"]["licence"] == "김, 사내"
    hotline("check")
    assert "own again" in hotline("restore", "greeting", "ko")
    assert "was not replaced" in hotline("restore", "greeting", "ko")
    file.write_bytes(b"no sound")
    told = hotline("replace", "greeting", "ko", str(file), "--licence", "x", code=1)
    assert "bring a WAV file" in told
