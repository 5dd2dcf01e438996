"""What a citizen does on the telephone, step by step, and how the call went."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Press:
    """Press keys, ``after`` seconds."""

    keys: str
    after: float = 0.0


@dataclass(frozen=True)
class Speak:
    """Speak for ``seconds``: a tone in Hz, or a sound file from its start."""

    sound: float | Path
    seconds: float


@dataclass(frozen=True)
class Hear:
    """Wait until a tone is heard for ``seconds``, at most ``timeout`` seconds."""

    hz: float
    seconds: float = 0.5
    timeout: float = 10.0


@dataclass(frozen=True)
class Wait:
    """Say nothing for ``seconds``."""

    seconds: float


@dataclass(frozen=True)
class HangUp:
    """End the call."""


@dataclass(frozen=True)
class AwaitBye:
    """Stay on the line until the hotline ends the call."""


Step = Press | Speak | Hear | Wait | HangUp | AwaitBye


@dataclass(frozen=True)
class CitizenResult:
    """How a call went. Times are ``time.monotonic()``.

    Attributes:
        status: the last answer to the INVITE: 200, 486 …; 487 when the caller gave up; 0 for none.
        ended_by: who ended the call; a refused call is ended by the hotline.
        first_sound_at: when the first sound was heard, or None.
    """

    answered: bool
    status: int
    ended_by: Literal["caller", "hotline"]
    dialled_at: float
    ringing_at: float | None
    answered_at: float | None
    first_sound_at: float | None
    ended_at: float

    @property
    def seconds(self) -> float:
        """How long the call was connected."""
        return 0.0 if self.answered_at is None else self.ended_at - self.answered_at
