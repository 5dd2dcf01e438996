"""What a recogniser hears of one leg becomes numbered captions, with the place to hear on. Pure.

A leg is a growing file. Its captions are numbered from 1; ``Mark`` says how many there are and from
which byte on nothing has been heard yet. A mark is only ever moved to where an utterance ended, so
whoever goes on from it loses no word and hears none twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from speech.ports import BYTES_PER_SECOND, Segment


@dataclass(frozen=True, slots=True)
class Caption:
    """A segment of a call.

    Attributes:
        leg: who speaks: ``citizen`` or ``agent``.
        seq: its number on this leg, from 1; a partial one has the number it will be final under.
        start, end: seconds from the beginning of the recording.
        confidence: 0 to 1; 0 for a partial one.
    """

    call: str
    leg: str
    seq: int
    start: float
    end: float
    text: str
    confidence: float
    language: str
    final: bool

    def json(self) -> str:
        """For the wire."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


def caption(text: str | bytes) -> Caption:
    """The reverse of :meth:`Caption.json`."""
    return Caption(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a leg is: final captions so far, and the byte to hear on from."""

    seq: int = 0
    offset: int = 0


class LegText:
    """The captions of one leg.

    Args:
        mark: where an earlier recogniser came to; this one's first sound is from there.
    """

    def __init__(self, call: str, leg: str, language: str, mark: Mark) -> None:
        self.call, self.leg, self.language = call, leg, language
        self.mark = mark
        self._base = mark.offset / BYTES_PER_SECOND
        self._floor = self._base  # no caption begins before the end of the one before it
        self._shown = ""

    def take(self, segments: Sequence[Segment], heard: int) -> list[Caption]:
        """Number what was heard.

        Args:
            segments: of the recogniser, after one piece of sound: at most one of them is final.
            heard: bytes of the file that it has been given, counted from the file's beginning.
        """
        found = []
        for segment in segments:
            if segment.final:
                found += self._final(segment, heard)
            elif segment.text != self._shown:
                self._shown = segment.text
                found.append(self._caption(segment, self.mark.seq + 1))
        return found

    def skip(self, heard: int, count: int) -> None:
        """Nothing is being said, and the recogniser is not given the next bytes.

        Args:
            heard: bytes of the file so far, those left out included.
            count: of these, how many were left out now.
        """
        self._base += count / BYTES_PER_SECOND
        self.mark = Mark(self.mark.seq, heard)

    def _final(self, segment: Segment, heard: int) -> list[Caption]:
        self._shown = ""
        if not segment.text:
            self.mark = Mark(self.mark.seq, heard)
            return []
        self.mark = Mark(self.mark.seq + 1, heard)
        told = self._caption(segment, self.mark.seq)
        self._floor = told.end
        return [told]

    def _caption(self, segment: Segment, seq: int) -> Caption:
        start = max(self._base + segment.start, self._floor)
        return Caption(
            call=self.call,
            leg=self.leg,
            seq=seq,
            start=round(start, 2),
            end=round(max(self._base + segment.end, start), 2),
            text=segment.text,
            confidence=round(segment.confidence, 3),
            language=self.language,
            final=segment.final,
        )
