"""Whisper by faster-whisper: whole files, after the call. The extra ``whisper`` installs it."""

from __future__ import annotations

import importlib
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from speech.ports import BrokenModel, NoModel, Segment, Unreadable, Word
from speech.sounds import pcm

_MOST_TOKENS = 400  # in half a minute, more than anybody says; it may go round in circles
_SURE_OF_SILENCE = 0.8
_FULL_SCALE = 32768.0
_BREATH = 0.7  # seconds without a word that part what is said
_BEFORE = {"zh": "以下是普通话的句子。"}  # else it may write traditional characters


class WhisperBatch:
    """Whole files by Whisper; a model is loaded at its first use.

    Args:
        folders: language → folder of its model (one folder may serve several).
        threads: that one file is heard with.
    """

    name = "whisper"

    def __init__(self, folders: Mapping[str, Path], threads: int = 2) -> None:
        self._folders = dict(folders)
        self._threads = threads
        self._loaded: dict[Path, Any] = {}
        self._lock = threading.Lock()

    def transcribe(self, file: Path, language: str) -> Sequence[Segment]:
        """What is said in a file; see ``speech.ports.BatchEngine``."""
        model = self._model(language)
        sound = _samples(file)
        if not sound.size:
            return []
        try:
            heard, _ = model.transcribe(
                sound,
                language=language,
                hotwords=_BEFORE.get(language),  # unlike a prompt, said before each half minute
                temperature=0.0,
                max_new_tokens=_MOST_TOKENS,
                condition_on_previous_text=False,
                vad_filter=True,
                no_speech_threshold=_SURE_OF_SILENCE,
                word_timestamps=True,
            )
            return [
                part for each in heard for part in _parts(each, math.exp(min(each.avg_logprob, 0)))
            ]
        except (RuntimeError, ValueError) as error:
            raise Unreadable(f"{file.name}: whisper cannot hear it ({error})") from error

    def _model(self, language: str) -> Any:
        folder = self._folders.get(language)
        if folder is None:
            raise NoModel(f"no model of {language} is here: `hotline models list`")
        try:
            whisper = importlib.import_module("faster_whisper")
        except ImportError as error:
            raise NoModel(
                "the engine whisper is not installed: `pip install .[whisper]`"
            ) from error
        with self._lock:
            if folder not in self._loaded:
                try:
                    self._loaded[folder] = whisper.WhisperModel(
                        str(folder), device="cpu", compute_type="int8", cpu_threads=self._threads
                    )
                except (RuntimeError, ValueError, OSError) as error:
                    raise BrokenModel(f"{folder.name}: {error}") from error
            return self._loaded[folder]


def _parts(heard: Any, sure: float) -> list[Segment]:
    """What was said in one breath each: Whisper itself puts sentences together over long pauses."""
    words = [
        Word(each.word, float(each.start), float(each.end), float(each.probability))
        for each in heard.words or ()
    ]
    parts: list[list[Word]] = []
    for word in words:
        if not parts or word.start - parts[-1][-1].end > _BREATH:
            parts.append([])
        parts[-1].append(word)
    return [
        Segment(
            part[0].start,
            part[-1].end,
            text,
            sure,
            tuple(replace(word, text=word.text.strip()) for word in part),
        )
        for part in parts
        if (text := "".join(word.text for word in part).strip())
    ]


def _samples(file: Path) -> Any:
    """A file's sound as numbers between -1 and 1."""
    numpy = importlib.import_module("numpy")
    sound = b"".join(pcm(file))
    return numpy.frombuffer(sound, dtype="<i2").astype(numpy.float32) / _FULL_SCALE
