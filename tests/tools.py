"""The programs the tests run: found or fetched as for the product itself."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from ivr import toolbox
from ivr.progress import Progress
from ivr.settings import default_cache
from ivr.toolbox import AsteriskProgram, PostgresProgram, Program

CACHE = Path(os.environ.get("HOTLINE_CACHE") or default_cache(os.environ))


@cache
def asterisk() -> AsteriskProgram:
    """The Asterisk the hotline itself would use."""
    return toolbox.asterisk(CACHE, progress=Progress(None))


@cache
def phone(name: str) -> Program:
    """``sipp`` or ``baresip``."""
    return toolbox.program(name, CACHE, Progress(None))


def baresip_modules() -> Path:
    """The folder of baresip's modules."""
    root = phone("baresip").root
    assert root is not None, "the toolbox always fetches its own phones"
    return root / "usr/lib/baresip/modules"


@cache
def postgres() -> PostgresProgram:
    """PostgreSQL's programs."""
    return toolbox.postgres(CACHE, Progress(None))


@cache
def redis_server() -> Program:
    """A Redis server."""
    return toolbox.redis_server(CACHE, Progress(None))
