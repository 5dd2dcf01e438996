"""A worker like the product's, with a stand-in for the recogniser: it hears what it is told to.

Beside each leg, or in the folder that ``STANDIN_TOLD`` names, lies ``LEG.json``: what is said in
it, ``[[start, end, text], …]``. Where a file ``slow`` lies there too, hearing goes on for as long
as that is there.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from ivr import aftercall, logs, settings, worker
from ivr.supervisor import with_redis
from speech.ports import NoModel, Segment, Word


class StandIn:
    """Hears what is written beside the sound."""

    name = "stand-in"

    def transcribe(self, file: Path, language: str) -> Sequence[Segment]:
        if language != "zh":
            raise NoModel(language)
        folder = Path(os.environ.get("STANDIN_TOLD") or file.parent)
        with (folder / "heard.txt").open("a") as heard:
            heard.write(f"{os.getpid()} {file.name}\n")
        while (folder / "slow").exists():
            time.sleep(0.02)
        if (folder / "deadly").exists():
            os.abort()
        if (folder / "broken").exists():
            raise RuntimeError("nothing can be heard here")
        told = folder / f"{file.name}.json"
        said = json.loads(told.read_text()) if told.exists() else []
        return [
            Segment(start, end, text, 0.9, words(start, end, text)) for start, end, text in said
        ]


def words(start: float, end: float, text: str) -> tuple[Word, ...]:
    """Each character a word, evenly spread."""
    step = (end - start) / len(text)
    return tuple(
        Word(character, start + place * step, start + (place + 1) * step, 0.9)
        for place, character in enumerate(text)
    )


def main() -> None:
    """``python -m tests.integration.standin_worker``."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core files of what is killed
    worker.SHORTEST_PAUSE, worker.LONGEST_PAUSE = 50, 200
    aftercall.AWAY_SECONDS = 0.05
    chosen = with_redis(settings.load())
    logs.configure("INFO")
    worker.run(chosen, lambda language: [StandIn()], timedelta(seconds=1.5))


if __name__ == "__main__":
    main()
