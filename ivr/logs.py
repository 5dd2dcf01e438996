"""Logging: one line an event, to standard error, with citizens' numbers masked."""

from __future__ import annotations

import logging
import re
import sys

_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
LONGEST = 500  # characters of a line


class Masked(logging.Formatter):
    """Masks mobile numbers: ``138****5678``; no text can begin a line of its own.

    What follows the first line of a traceback is indented; long lines are cut.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = _MOBILE.sub(r"\1****\2", super().format(record))
        lines = text.split("\n") if record.exc_info else [text.replace("\n", "\\n")]
        first, *others = ("".join(c if c.isprintable() else "?" for c in line) for line in lines)
        return "\n".join([first[:LONGEST], *(f"    | {line[:LONGEST]}" for line in others)])


def configure(level: str) -> None:
    """Log to standard error from ``level`` on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Masked("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("aiohttp.access", "aiosqlite", "alembic", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
