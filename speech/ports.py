"""What the rest knows of a recogniser: two small interfaces and what they give.

Sound is mono, signed 16-bit little-endian, :data:`RATE` samples a second. All times are seconds
from the beginning of what was heard.

Errors::

    SpeechError
    ├── NoModel        no model of the language is here, or its engine is not installed
    ├── BrokenModel    there is one, and it cannot be loaded
    └── Unreadable     a file is not one of sound
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

RATE = 16_000
"""Samples a second."""

SAMPLE_BYTES = 2
BYTES_PER_SECOND = RATE * SAMPLE_BYTES


class SpeechError(Exception):
    """A recogniser cannot do its work; the text says what to do."""

    id = "speech"


class NoModel(SpeechError):
    """No model of the language is here, or its engine is not installed."""

    id = "no_model"


class BrokenModel(SpeechError):
    """A model is here, and its engine cannot load it."""

    id = "broken_model"


class Unreadable(SpeechError):
    """A file holds no sound that can be read."""

    id = "unreadable"


@dataclass(frozen=True, slots=True)
class Word:
    """One word heard.

    Attributes:
        start, end: seconds.
        confidence: 0 to 1.
    """

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech heard, between two silences or limits.

    Attributes:
        start, end: seconds; of a partial one, ``end`` is how far was listened.
        confidence: 0 to 1, the mean of its words; 0 for a partial one.
        words: empty for a partial one.
        final: it will not change any more.
    """

    start: float
    end: float
    text: str
    confidence: float
    words: tuple[Word, ...] = ()
    final: bool = True


class StreamRecogniser(Protocol):
    """Hears one voice as it speaks. Not for two threads at once."""

    def accept(self, pcm: bytes, partial: bool = True) -> Sequence[Segment]:
        """Hear more. Gives what has become final, then at most one partial segment.

        A final segment without text says that nothing was said up to its end.

        Args:
            pcm: whole samples; as many as there are.
            partial: whether what is not final yet is wanted too; it costs time.
        """
        ...

    def finish(self) -> Sequence[Segment]:
        """Nothing more comes: the last words, final. The recogniser is used up."""
        ...


class Engine(Protocol):
    """Makes stream recognisers."""

    name: str

    def stream(self, language: str) -> StreamRecogniser:
        """A recogniser for one voice in ``language`` (``zh``, ``ko``).

        Raises:
            NoModel: none of the language is here.
            BrokenModel: the one here cannot be loaded.
        """
        ...


class BatchEngine(Protocol):
    """Hears a whole file at once, after the call."""

    name: str

    def transcribe(self, file: Path, language: str) -> Sequence[Segment]:
        """What is said in a file, in order; empty only when nothing is.

        Args:
            file: WAV, or raw sound (``.sln16``) at :data:`RATE`.

        Raises:
            NoModel: none of the language is here.
            BrokenModel: the one here cannot be loaded.
            Unreadable: the file holds no sound that can be read.
        """
        ...
