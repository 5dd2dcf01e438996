"""Hours of sound for each core-hour, beside libvosk used without anything of ours."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import vosk

from bench.speech.sound import conversation
from speech.captions import LegText, Mark
from speech.leg import Leg
from speech.live import TURN_PIECES
from speech.ports import RATE
from speech.vosk_engine import VoskEngine

CHUNK = 8000  # bytes that the library's own examples feed at a time


def measure(model: Path, quick: bool) -> dict[str, Any]:
    """Both hear the same file, in turn; the ratio is that of neighbouring runs."""
    seconds, rounds = (60.0, 2) if quick else (300.0, 3)
    vosk.SetLogLevel(-1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "citizen.sln16"
        file.write_bytes(conversation(seconds))
        raw_model, engine = vosk.Model(str(model)), VoskEngine({"ko": model})
        engine.load("ko")
        _ours(engine, file, 10.0)
        _raw(raw_model, file, 10.0)
        pairs = [(_ours(engine, file), _raw(raw_model, file)) for _ in range(rounds)]
    ours, raw = ([seconds / pair[side] for pair in pairs] for side in (0, 1))
    ratios = [raw_cpu / our_cpu for our_cpu, raw_cpu in pairs]
    return {
        "sound, seconds x rounds": f"{seconds:.0f} x {rounds}",
        "ours, hours of sound per core-hour": round(statistics.median(ours), 2),
        "raw libvosk, hours of sound per core-hour": round(statistics.median(raw), 2),
        "ours to raw, median (least, greatest)": (
            f"{statistics.median(ratios):.3f} ({min(ratios):.3f}, {max(ratios):.3f})"
        ),
    }


def _ours(engine: VoskEngine, file: Path, most: float = float("inf")) -> float:
    """CPU seconds of a leg heard as the worker hears it."""
    leg = Leg(file, LegText("1", "citizen", "ko", Mark()), lambda: engine.stream("ko"), [])
    began = time.process_time()
    pieces = 0
    while leg.unheard() and leg.heard < most * RATE * 2:
        pieces += 1
        leg.hear(partial=pieces % TURN_PIECES == 0)
    leg.finish()
    return time.process_time() - began


def _raw(model: Any, file: Path, most: float = float("inf")) -> float:
    """CPU seconds of the library alone, words and partial results asked for as we do."""
    recogniser = vosk.KaldiRecognizer(model, RATE)
    recogniser.SetWords(True)
    began, heard = time.process_time(), 0
    with file.open("rb") as sound:
        while (piece := sound.read(CHUNK)) and heard < most * RATE * 2:
            heard += len(piece)
            if recogniser.AcceptWaveform(piece):
                json.loads(recogniser.Result())
            else:
                json.loads(recogniser.PartialResult())
    json.loads(recogniser.FinalResult())
    return time.process_time() - began
