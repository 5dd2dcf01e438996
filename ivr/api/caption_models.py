"""What goes out about the live captions of a call."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ivr.api.models import Out
from ivr.captions import CaptionState


class CaptionOut(Out):
    """A final segment of what was said; times are seconds from the recording's beginning."""

    call: str
    leg: Literal["citizen", "agent"]
    seq: int = Field(description="its number on this leg, from 1")
    start: float
    end: float
    text: str
    confidence: float = Field(description="0 to 1, the recogniser's own")
    language: str
    final: bool


class CaptionsOut(Out):
    """The captions of a call going on, or of one that ended less than two minutes ago.

    ``on`` becomes ``complete`` when the last words of a call that is over are there. Without any,
    ``state`` says why: ``no_model`` (``why`` says what to do), ``busy`` (the machine is full, the
    text is made after the call), ``away`` (the worker does not answer), ``off`` (the setting).
    """

    state: CaptionState
    why: str
    items: list[CaptionOut]


class CaptionLanguageOut(Out):
    """A language; ``why`` says what to do when nothing is heard in it, else it is empty."""

    language: str
    why: str


class CaptionsNowOut(Out):
    """How live captions are altogether: ``on``, ``off`` (the setting) or ``away``.

    Beyond what the machine carries captions are turned off for the longest calls first
    (``turned_off``); the text after the call is made for all. ``late`` is in seconds: 95 of 100
    sounds are heard within so many of being on the disk.
    """

    state: CaptionState
    on: int
    turned_off: int
    late: float
    languages: list[CaptionLanguageOut]
