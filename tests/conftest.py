"""Which tests run side by side.

Tests of whole calls live by the clock: they mostly wait, and must not be late. All others want the
processor. So some workers, of the ordinary priority, take the calls, and others, of a lower one,
take the rest meanwhile (``ivr/bootstrap.py`` starts them); when the calls are done, all take it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

BY_THE_CLOCK = (
    "tests/e2e/",
    "tests/integration/test_ami_real.py",
    "tests/integration/test_cli.py",
    "tests/integration/test_live_captions.py",
    "tests/integration/test_phones.py",
)
LONGEST_FIRST = (
    *("callback", "captions", "transcripts", "cli", "queue", "call"),
    *("third_parties", "console", "faults", "dispatch_call"),
)
CROWDS_LAST = ("lines", "many_conferences")  # they take the whole machine


class SideBySide(LoadFileScheduling):
    """A file at a time for each worker, of the kind that it is for."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        files = list(self.workqueue)
        calls = sorted((file for file in files if file.startswith(BY_THE_CLOCK)), key=_turn)
        if node.gateway.spec.nice:
            files = [file for file in files if file not in calls]
        elif calls:
            files = calls
        if not files:
            node.shutdown()
            return
        self.workqueue.move_to_end(files[0], last=False)
        super()._assign_work_unit(node)


def _turn(file: str) -> int:
    name = Path(file).stem.removeprefix("test_")
    if name in LONGEST_FIRST:
        return LONGEST_FIRST.index(name)
    return len(LONGEST_FIRST) + (name in CROWDS_LAST)


def pytest_configure(config: pytest.Config) -> None:
    """The rest gets the lowest rank, as a session too, for Linux may share between these first."""
    settings.register_profile("patient", deadline=None)  # how long it takes is the bench's matter
    settings.load_profile("patient")
    if hasattr(config, "workerinput") and os.nice(0) > 0:
        with contextlib.suppress(OSError):
            os.setsid()
            Path("/proc/self/autogroup").write_text("19")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SideBySide | None:
    """xdist asks for it."""
    return SideBySide(config, log) if config.getvalue("dist") == "loadfile" else None
