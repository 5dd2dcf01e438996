"""``python -m ivr.start MODULE``: run a program of ours, sooner than ``python -m MODULE`` would.

What a start brings in stays, so looking through it for garbage, again and again, a fifth of the
time it takes, is left out.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


def command(module: str) -> list[str]:
    """How to start ``module``, which has a ``main``."""
    return [sys.executable, "-m", "ivr.start", module]


@contextmanager
def resting() -> Iterator[None]:
    """No garbage is collected meanwhile."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def main() -> None:
    """Bring the module in and run its ``main``."""
    with resting():
        run = import_module(sys.argv[1]).main
    run()


if __name__ == "__main__":
    main()
