"""Tells a person at a terminal what is being done and how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Report = Callable[[str], None]
"""Told how far a step is, such as ``43 %`` or ``unpacking``."""

_PLAIN_INTERVAL = 10.0  # seconds between two lines of one step where lines cannot be rewritten
_LIVE_INTERVAL = 0.1


class Progress:
    """Steps shown as one rewritten line each on a terminal, as plain lines elsewhere.

    Args:
        stream: where to write; None says nothing.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._live = stream is not None and stream.isatty()

    def say(self, text: str) -> None:
        """Write one line."""
        if self._stream is not None:
            self._stream.write(f"{text}\n")
            self._stream.flush()

    @contextmanager
    def step(self, what: str) -> Iterator[Report]:
        """Show ``what`` while the block runs, and how long it took when it ends well."""
        started = last = time.monotonic()
        self._show(f"{what} …", end=not self._live)

        def report(detail: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= (_LIVE_INTERVAL if self._live else _PLAIN_INTERVAL):
                last = now
                self._show(f"{what}: {detail} ({now - started:.0f} s)", end=not self._live)

        try:
            yield report
        except Exception:
            self._show(f"{what}: failed", end=True)
            raise
        self._show(f"{what}: done ({time.monotonic() - started:.1f} s)", end=True)

    def _show(self, text: str, *, end: bool) -> None:
        if self._stream is not None:
            self._stream.write(("\r\033[K" if self._live else "") + text + ("\n" if end else ""))
            self._stream.flush()
