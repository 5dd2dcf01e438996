"""Vosk: live, and whole files. Imported at the first use; a model is loaded once.

Its library may end the whole process on bad input, so it is used in worker processes only.
"""

from __future__ import annotations

import importlib
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speech.ports import (
    BYTES_PER_SECOND,
    RATE,
    BrokenModel,
    NoModel,
    Segment,
    StreamRecogniser,
    Word,
)
from speech.sounds import pcm

PIECE_BYTES = 4096
"""What a recogniser is fed at a time, 0.128 s: an eighth of what Asterisk writes at a time."""

MOST_IDLE = 16
"""Recognisers kept for the next voice, for each language."""

_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")


class VoskEngine:
    """Stream recognisers of Vosk models.

    Args:
        folders: language → folder of its model.
    """

    name = "vosk"

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = dict(folders)
        self._loaded: dict[Path, Any] = {}
        self._idle: dict[str, list[_Warm]] = {}
        self._lock = threading.Lock()

    @property
    def languages(self) -> tuple[str, ...]:
        """Those with a model."""
        return tuple(self._folders)

    def stream(self, language: str, phrases: Sequence[str] = ()) -> VoskRecogniser:
        """A recogniser for one voice.

        One that has finished is used again: it knows nothing of the voice any more, but has
        unfolded the parts of the model that speech needs, which costs more than hearing it.

        Args:
            phrases: hear nothing but these; empty for all the model knows.

        Raises:
            NoModel, BrokenModel: see ``speech.ports.Engine``.
        """
        model = self._model(language)
        if phrases:
            grammar = json.dumps(list(phrases), ensure_ascii=False)
            return VoskRecogniser(_Warm(_vosk().KaldiRecognizer(model, RATE, grammar)))
        with self._lock:
            idle = self._idle.setdefault(language, [])
            warm = idle.pop() if idle else None
        if warm is None:
            return self._new(language)
        return VoskRecogniser(warm, lambda: self._take_back(language, warm))

    def _new(self, language: str) -> VoskRecogniser:
        warm = _Warm(_vosk().KaldiRecognizer(self._model(language), RATE))
        return VoskRecogniser(warm, lambda: self._take_back(language, warm))

    def warm_up(self, language: str, file: Path, count: int, stop: threading.Event) -> None:
        """Have so many recognisers ready that have heard some speech, until ``stop`` is set.

        Raises:
            NoModel, BrokenModel, Unreadable: it cannot be done.
        """
        with self._lock:
            ready = len(self._idle.setdefault(language, []))
        made = [self._new(language) for _ in range(count - ready)]
        for recogniser in made:
            for piece in pcm(file):
                if not stop.is_set():
                    recogniser.accept(piece, partial=False)
            recogniser.finish()

    def _take_back(self, language: str, warm: _Warm) -> None:
        with self._lock:
            if len(self._idle[language]) < MOST_IDLE:
                self._idle[language].append(warm)

    def load(self, language: str) -> None:
        """Load a language's model now, so that the first call does not wait for it.

        Raises:
            NoModel, BrokenModel: see ``speech.ports.Engine``.
        """
        self._model(language)

    def _model(self, language: str) -> Any:
        folder = self._folders.get(language)
        if folder is None:
            raise NoModel(f"no model of {language} is here: `hotline models list`")
        with self._lock:
            if folder not in self._loaded:
                try:
                    self._loaded[folder] = _vosk().Model(str(folder))
                except NoModel:
                    raise
                except Exception as error:  # the library raises nothing more precise
                    raise BrokenModel(f"{folder.name}: {error}") from error
            return self._loaded[folder]


@dataclass
class _Warm:
    """The library's recogniser, and the seconds of all it has heard: its times go on for ever."""

    kaldi: Any
    seconds: float = 0.0


class VoskRecogniser(StreamRecogniser):
    """One voice.

    Args:
        release: called when the library's recogniser is not needed any more.
    """

    def __init__(self, warm: _Warm, release: Callable[[], None] = lambda: None) -> None:
        self._warm, self._release = warm, release
        self._recogniser = warm.kaldi
        self._recogniser.SetWords(True)
        self._before = warm.seconds
        self._heard = 0  # bytes
        self._since = 0.0  # where what is not final yet begins, seconds

    def accept(self, pcm: bytes, partial: bool = True) -> Sequence[Segment]:
        found: list[Segment] = []
        for start in range(0, len(pcm), PIECE_BYTES):
            piece = pcm[start : start + PIECE_BYTES]
            over = self._recogniser.AcceptWaveform(piece)
            self._heard += len(piece)
            if over:
                found += self._final(self._recogniser.Result())
        if not partial:
            return found
        text = _plain(json.loads(self._recogniser.PartialResult()).get("partial", ""))
        if text:
            found.append(Segment(self._since, self._heard / BYTES_PER_SECOND, text, 0.0, (), False))
        return found

    def finish(self) -> Sequence[Segment]:
        found = self._final(self._recogniser.FinalResult())
        self._warm.seconds += self._heard / BYTES_PER_SECOND
        self._release()
        return found

    def _final(self, told: str) -> list[Segment]:
        self._since = self._heard / BYTES_PER_SECOND
        result = json.loads(told)
        words = tuple(
            Word(
                each["word"],
                max(each["start"] - self._before, 0.0),
                max(each["end"] - self._before, 0.0),
                min(each["conf"], 1.0),
            )
            for each in result.get("result", ())
        )
        text = _plain(result.get("text", ""))
        if not words or not text:
            return [Segment(self._since, self._since, "", 0.0)]
        confidence = sum(word.confidence for word in words) / len(words)
        return [Segment(words[0].start, words[-1].end, text, confidence, words)]


class VoskBatch:
    """Whole files by Vosk."""

    name = "vosk"

    def __init__(self, engine: VoskEngine) -> None:
        self._engine = engine

    def transcribe(self, file: Path, language: str) -> Sequence[Segment]:
        """What is said in a file; see ``speech.ports.BatchEngine``."""
        recogniser = self._engine.stream(language)
        found: list[Segment] = []
        for piece in pcm(file):
            found += recogniser.accept(piece, partial=False)
        return [segment for segment in (*found, *recogniser.finish()) if segment.text]


def _plain(text: str) -> str:
    """The text as it is written: no blanks between Chinese characters."""
    return _BETWEEN_HAN.sub("", text.replace("[unk]", " ")).strip()


def _vosk() -> Any:
    try:
        vosk = importlib.import_module("vosk")
    except ImportError as error:
        raise NoModel(f"the engine vosk is not installed ({error})") from error
    vosk.SetLogLevel(-1)
    return vosk
