"""Waiting until a prompt is heard on a phone."""

from __future__ import annotations

import asyncio
import time

import numpy as np

from ivr.demo.rtp import Voice
from ivr.prompts import Language, P
from tests.sound import RATE, find, prompt

_SHORTEST_LOOK = 0.2


def opening(what: P, language: Language = Language.ZH, seconds: float = 1.5) -> np.ndarray:
    """A prompt's beginning: enough to know it by."""
    return prompt(what, language)[: round(seconds * RATE)]


async def said(
    voice: Voice, what: P | np.ndarray, *, since: float = 0.0, timeout: float = 30.0
) -> float:
    """Wait until all of a sound was heard; when it began, in seconds of what was heard.

    Args:
        since: seconds of what was heard to pass over.
        timeout: seconds to wait.
    """
    sound = prompt(what) if isinstance(what, P) else what
    length = len(sound) / RATE
    deadline = time.monotonic() + timeout
    while True:
        late = time.monotonic() > deadline
        upto = voice.heard_seconds
        at = find(voice.heard(since), sound)
        if at is not None:
            return since + at
        assert not late, f"{what if isinstance(what, P) else 'the sound'} not within {timeout} s"
        since = max(since, upto - length - 1)  # what was looked through is not looked through again
        await asyncio.sleep(max(_SHORTEST_LOOK, length / 20))
