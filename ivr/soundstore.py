"""Where the sound of a job is: asked for when the job begins, handed the encoded file.

In the folder of recordings of this machine (`Folder`), or behind the controller's HTTP
(`ivr.remotesound`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ivr.errors import HotlineError
from speech.encoding import Encoded
from ticketing.service.sounds import kept_name
from ticketing.store.recordings import Recording


class SoundAway(HotlineError):
    """Whoever has the sound cannot be reached now; nothing is wrong with the job."""

    id = "sound_away"


class SoundBroken(HotlineError):
    """Sound did not come through, one way or the other; nothing half is kept."""

    id = "sound_broken"


@dataclass(frozen=True, slots=True)
class Sound:
    """A job's sound, as files of this machine.

    Attributes:
        place: the folder of the legs, or the message's file; it need not be there.
        kept: the encoded file; None when it is not there, or not needed beside the legs.
        encoded: there is an encoded file already.
    """

    place: Path
    kept: Path | None
    encoded: bool


class SoundStore(Protocol):
    """Where the sound of jobs is."""

    async def fetch(self, job: Recording, scratch: Path) -> Sound:
        """The sound of a job that this worker has claimed.

        Args:
            scratch: a folder of the job's own; what is put there goes with it.

        Raises:
            SoundAway, SoundBroken
            OSError: a file cannot be read or written.
        """

    async def keep(self, job: Recording, made: Encoded) -> str:
        """Keep the encoded file; gives its name below the recordings' root.

        Whole under its name when this returns; when it raises, what was there before.

        Raises:
            SoundAway, SoundBroken
            OSError: a file cannot be read or written.
        """


class Folder:
    """The folder of recordings, on this machine or shared with it.

    Args:
        root: what recordings' paths are relative to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def fetch(self, job: Recording, scratch: Path) -> Sound:
        """See `SoundStore`; the files are used where they are."""
        kept = None if job.kept is None else self._root / job.kept.file
        if kept is not None and not await asyncio.to_thread(kept.is_file):
            kept = None
        return Sound(self._root / job.path, kept, kept is not None)

    async def keep(self, job: Recording, made: Encoded) -> str:
        """See `SoundStore`."""
        name = kept_name(job, made.codec)
        if name != job.path:
            await asyncio.to_thread(_put, made.file, self._root / name)
        return name


def _put(file: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(file, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
