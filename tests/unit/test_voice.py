"""Rendering: what is kept, what is made anew, and sound made fit for the telephone."""

from __future__ import annotations

import json
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speech import levels, music
from speech.levels import Sound
from speech.voice import Line, Made, lines, main, manifest, render, take
from speech.voices import RATE, Credit, speak


class Whistle:
    """A voice that hums one note for each character, with hiss and silence around it."""

    credit = Credit(voice="whistle", licence="none")
    short_pace = 2.0

    def __init__(self) -> None:
        self.said: list[str] = []

    def clause(self, text: str, pace: float) -> Sound:
        self.said.append(text)
        note = 0.3 * levels.tone(440, 0.25 * len(text) / pace, RATE)
        return np.concatenate([np.zeros(RATE // 2), note, np.zeros(RATE // 2)])


HELLO = Line("hello", "zh", "你好，再见。", clipped=False, tone=None, names=("hotline/hello", "hi"))
TWO = Line("two", "zh", "二", clipped=True, tone=None, names=("hotline/two",))
BEEP = Line("beep", "zh", "", clipped=False, tone=1000.0, names=("beep",))
SCRIPT = [HELLO, TWO, BEEP]


def run(script: list[Line], dest: Path, *, again: bool = False) -> list[str]:
    voice = Whistle()
    made = render(script, dest, languages=["zh"], again=again, voices={"zh": lambda: voice})
    return [row.id for row in made]


def test_each_line_is_written_under_all_its_names_in_both_rates(tmp_path: Path) -> None:
    assert run(SCRIPT, tmp_path) == ["hello", "two", "beep"]
    for name in ("hotline/hello", "hi", "hotline/two", "beep"):
        for form, rate in (("wav", 8000), ("wav16", 16000)):
            with wave.open(str(tmp_path / "zh" / f"{name}.{form}")) as wav:
                assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (rate, 1, 2)
    made = manifest(tmp_path)["hello", "zh"]
    assert (made.text, made.voice, made.licence) == (HELLO.text, "whistle", "none")
    assert manifest(tmp_path)["two", "zh"].seconds < 0.2, "a short piece has its own pace"
    assert len(made.files) == 4


def test_only_what_changed_is_rendered_again(tmp_path: Path) -> None:
    run(SCRIPT, tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    assert run(SCRIPT, tmp_path) == []
    (tmp_path / "zh/hotline/two.wav").write_bytes(b"spoilt")
    assert run(SCRIPT, tmp_path) == ["two"]
    assert (tmp_path / "manifest.json").read_bytes() == before
    assert run([replace(HELLO, text="您好"), TWO, BEEP], tmp_path) == ["hello"]
    assert run([replace(HELLO, text="您好"), TWO, BEEP], tmp_path, again=True) == [
        "hello",
        "two",
        "beep",
    ]


def test_what_the_script_drops_is_removed(tmp_path: Path) -> None:
    run(SCRIPT, tmp_path)
    run([replace(HELLO, names=("hotline/hello",)), BEEP], tmp_path)
    left = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*.wav")}
    assert left == {"zh/hotline/hello.wav", "zh/beep.wav"}
    assert set(manifest(tmp_path)) == {("hello", "zh"), ("beep", "zh")}


def test_other_languages_are_left_alone(tmp_path: Path) -> None:
    korean = replace(HELLO, language="ko")
    render([korean], tmp_path, voices={"ko": Whistle})
    run([HELLO, korean], tmp_path)
    assert set(manifest(tmp_path)) == {("hello", "zh"), ("hello", "ko")}
    assert (tmp_path / "ko/hi.wav").is_file()


def test_a_text_is_spoken_clause_by_clause_with_pauses() -> None:
    voice = Whistle()
    both = speak(voice, "你好，再见。")
    assert voice.said == ["你好", "再见"]
    alone = speak(voice, "你好")
    assert len(both) / RATE > 2 * len(alone) / RATE


@pytest.mark.filterwarnings("ignore:'audioop':DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Couldn't find ffmpeg:RuntimeWarning")
def test_a_recording_takes_a_prompts_place_and_stays(tmp_path: Path) -> None:
    sounds, recording = tmp_path / "sounds", tmp_path / "clerk.wav"
    run(SCRIPT, sounds)
    quiet = 0.01 * levels.tone(300, 1.0, 44100)
    stereo = np.repeat(np.round(np.pad(quiet, 44100) * 32767).astype("<i2"), 2)
    with wave.open(str(recording), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(44100)
        wav.writeframes(stereo.tobytes())
    made = take(recording, SCRIPT, "hello", "zh", sounds)
    assert made.voice == "recording clerk.wav"
    assert made.seconds < 1.3
    samples, rate = levels.read(sounds / "zh/hi.wav")
    assert levels.speech_level(samples, rate) == pytest.approx(-20, abs=0.5)
    assert run(SCRIPT, sounds) == []
    assert manifest(sounds)["hello", "zh"] == made
    with pytest.raises(LookupError, match="no prompt 'hallo'"):
        take(recording, SCRIPT, "hallo", "zh", sounds)


def test_the_command_reads_plain_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"id": "beep", "language": "zh", "text": "", "clipped": False, "tone": 900.0}
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{**row, "names": ["beep"]}]), "utf-8")
    assert main(["render", str(script), str(tmp_path / "sounds")]) == 0
    assert "zh beep 0.30 s" in capsys.readouterr().out
    assert lines(json.loads(script.read_text("utf-8")))[0].tone == 900.0
    samples, rate = levels.read(tmp_path / "sounds/zh/beep.wav")
    assert loudest_hertz(samples, rate) == pytest.approx(900, abs=5)
    assert isinstance(manifest(tmp_path / "sounds")["beep", "zh"], Made)


def loudest_hertz(samples: Sound, rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


@pytest.mark.parametrize(("rate", "wanted"), [(24000, 8000), (24000, 16000), (44100, 8000)])
def test_resampling_keeps_pitch_level_and_length(rate: int, wanted: int) -> None:
    before = 0.5 * levels.tone(1000, 1.0, rate)
    after = levels.resample(before, rate, wanted)
    assert len(after) == wanted
    assert loudest_hertz(after, wanted) == pytest.approx(1000, abs=2)
    assert np.abs(after).max() == pytest.approx(0.5, abs=0.01)


def test_resampling_lets_nothing_fold_back() -> None:
    after = levels.resample(levels.tone(5200, 1.0, 24000), 24000, 8000)
    assert levels.decibels(float(np.abs(after[800:-800]).max())) < -50


def test_hum_is_taken_away_and_speech_is_not() -> None:
    hum, voice = levels.tone(50, 1.0, 8000), levels.tone(300, 1.0, 8000)
    rest = levels.band_limit(hum + voice, 8000)[400:-400]
    assert np.abs(rest - voice[400:-400]).max() < 0.02


def test_silence_is_trimmed_to_the_bounds() -> None:
    sound = np.pad(levels.tone(500, 1.0, 8000), 8000)
    trimmed = levels.trim(sound, 8000)
    assert 1.0 <= len(trimmed) / 8000 <= 1.0 + levels.LEAD + levels.TAIL + 0.04
    assert len(levels.trim(np.zeros(8000), 8000)) == 0


def test_pauses_do_not_count_for_the_level() -> None:
    speech = 0.1 * levels.tone(500, 1.0, 8000)
    paused = np.concatenate([speech, np.zeros(16000), speech])
    assert levels.speech_level(paused, 8000) == pytest.approx(-23, abs=0.5)
    levelled = levels.set_level(paused, 8000)
    assert levels.speech_level(levelled, 8000) == pytest.approx(levels.SPEECH_LEVEL, abs=0.1)


def test_the_peak_is_never_exceeded() -> None:
    clicks = np.zeros(8000)
    clicks[::400] = 0.5
    highest = np.abs(levels.set_level(clicks, 8000, wanted=-10)).max()
    assert levels.decibels(float(highest)) == pytest.approx(levels.PEAK, abs=0.01)


def test_the_music_comes_out_the_same_each_time(tmp_path: Path) -> None:
    assert music.main([str(tmp_path)]) == 0
    made, rate = levels.read(tmp_path / "moh/hold.wav16")
    kept, _ = levels.read(Path(__file__).resolve().parents[2] / "sounds/moh/hold.wav16")
    assert rate == music.RATE
    assert np.abs(made - kept).max() <= 2 / 32768
