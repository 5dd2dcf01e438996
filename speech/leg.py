"""One leg of a call as it is recorded: the growing file, its recogniser, its captions."""

from __future__ import annotations

import audioop
import os
from collections.abc import Callable
from pathlib import Path

from speech.captions import Caption, LegText, Mark
from speech.ports import SAMPLE_BYTES, StreamRecogniser
from speech.vosk_engine import PIECE_BYTES

LEGS = {"citizen": "citizen.sln16", "agent": "agent.sln16"}
"""Who speaks → the file it is recorded in."""
QUIET = 32
"""No sample is louder: -60 dB of full scale, where nobody speaks."""
QUIET_PIECES = 20
"""After so much quiet (2.6 s) what was being said is final, and more of it need not be heard."""


class Leg:
    """Hears one leg. Not for two threads at once.

    Args:
        file: the recording; need not be there yet.
        recogniser: makes one, at the first sound.
        finals: captions there are already; new ones are added.
    """

    def __init__(
        self,
        file: Path,
        text: LegText,
        recogniser: Callable[[], StreamRecogniser],
        finals: list[Caption],
    ) -> None:
        self.text = text
        self.finals = finals
        self.heard = text.mark.offset
        self._file = file
        self._make = recogniser
        self._recogniser: StreamRecogniser | None = None
        self._quiet = 0  # pieces
        self._pending = False

    def there(self) -> int:
        """Bytes that are recorded."""
        try:
            return os.stat(self._file).st_size  # noqa: PTH116 - many times a second
        except FileNotFoundError:
            return 0

    def unheard(self) -> int:
        """Bytes that lie there unheard, in whole pieces."""
        return (self.there() - self.heard) // PIECE_BYTES * PIECE_BYTES

    def complete(self) -> bool:
        """Whether nothing lies there that could still be heard, not even part of a piece."""
        return self.there() - self.heard < 2

    def hear(self, partial: bool = True) -> list[Caption]:
        """Hear the next piece. The last one may be short; call it then only when none follows.

        Args:
            partial: whether what is not final yet is wanted too.

        Raises:
            NoModel, BrokenModel: there is nothing to hear with.
            OSError: the recording cannot be read.
        """
        with self._file.open("rb") as recording:
            recording.seek(self.heard)
            piece = recording.read(PIECE_BYTES)
        piece = piece[: len(piece) // 2 * 2]
        if not piece:
            return []
        self.heard += len(piece)
        self._quiet = self._quiet + 1 if audioop.max(piece, SAMPLE_BYTES) <= QUIET else 0
        if self._quiet > QUIET_PIECES and not self._pending:
            self.text.skip(self.heard, len(piece))
            return []
        if self._recogniser is None:
            self._recogniser = self._make()
        segments = self._recogniser.accept(piece, partial or self._quiet >= QUIET_PIECES)
        self._pending = any(not each.final for each in segments)
        return self._keep(self.text.take(segments, self.heard))

    def finish(self) -> list[Caption]:
        """The last words: nothing follows."""
        if self._recogniser is None:
            return []
        segments = self._recogniser.finish()
        self._recogniser = None
        return self._keep(self.text.take(segments, self.heard))

    @property
    def mark(self) -> Mark:
        """How far it is."""
        return self.text.mark

    def _keep(self, captions: list[Caption]) -> list[Caption]:
        self.finals += (caption for caption in captions if caption.final)
        return captions
