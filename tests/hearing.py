"""A recogniser for tests: what it hears is what was put into the file, piece by piece."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from speech.ports import BYTES_PER_SECOND, NoModel, Segment
from speech.vosk_engine import PIECE_BYTES

SILENCE = 0


def pieces(words: Sequence[int]) -> bytes:
    """Sound in which each word is a piece long; 0 is silence, and two of it end an utterance."""
    return b"".join(bytes([word]) * PIECE_BYTES for word in words)


class ByPiece:
    """Hears a word in each piece that is not silent; two silent pieces end what is being said."""

    def __init__(self, slow: float = 0.0) -> None:
        self._heard = 0
        self._words: list[str] = []
        self._since = 0.0
        self._still = 0
        self._slow = slow

    def accept(self, pcm: bytes, partial: bool = True) -> Sequence[Segment]:
        if self._slow:
            threading.Event().wait(self._slow)
        word = pcm[0]
        self._heard += len(pcm)
        if word != SILENCE:
            if not self._words:
                self._since = (self._heard - len(pcm)) / BYTES_PER_SECOND
            self._words.append(str(word))
            self._still = 0
        else:
            self._still += 1
        if self._still == 2:
            return self.finish()
        if not partial or not self._words:
            return []
        end = self._heard / BYTES_PER_SECOND
        return [Segment(self._since, end, " ".join(self._words), 0.0, (), final=False)]

    def finish(self) -> Sequence[Segment]:
        text, self._words, self._still = " ".join(self._words), [], 0
        end = self._heard / BYTES_PER_SECOND
        return [Segment(self._since if text else end, end, text, 0.9)]


class ByPieceEngine:
    """Knows Korean."""

    name = "by piece"

    def __init__(self, slow: float = 0.0) -> None:
        self._slow = slow

    def stream(self, language: str) -> ByPiece:
        if language != "ko":
            raise NoModel(f"no model of {language} is here")
        return ByPiece(self._slow)
