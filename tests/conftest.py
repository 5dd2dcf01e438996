"""Which tests run side by side.

Tests of whole calls live by the clock: they mostly wait, and must not be late. All others want the
processor. So some workers, of the ordinary priority, take the calls, and others, of a lower one,
take the rest meanwhile (``ivr/bootstrap.py`` starts them); when the calls are done, all take it.
"""

from __future__ import annotations

import pytest
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


class SideBySide(LoadFileScheduling):
    """A file at a time for each worker, of the kind that it is for."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        files = list(self.workqueue)
        calls = [file for file in files if file.startswith(BY_THE_CLOCK)]
        if node.gateway.spec.nice:
            files = [file for file in files if file not in calls]
        elif calls:
            files = calls
        if not files:
            node.shutdown()
            return
        self.workqueue.move_to_end(files[0], last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SideBySide | None:
    """xdist asks for it."""
    return SideBySide(config, log) if config.getvalue("dist") == "loadfile" else None
