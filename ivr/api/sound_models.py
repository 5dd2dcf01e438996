"""What goes in and out of the routes of the sound of jobs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ivr.api.models import In, Out


class LegOut(Out):
    """A leg of the recording, and its size in bytes."""

    leg: str = Field(description="`citizen`, `agent`, `expert-1` …")
    bytes: int


class JobSoundOut(Out):
    """The sound of a job. ``kept``: the encoded file is there."""

    legs: list[LegOut]
    kept: bool


class KeepQuery(In):
    """What the encoded file is."""

    codec: Literal["opus", "flac", "wav"]
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="of the whole file, hexadecimal")
