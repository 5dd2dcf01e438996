"""Shows the results: a table for people, a file for programs."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.plan import Results
from bench.stand import Side

FOLDER = Path(__file__).with_name("results")
AIMS = {
    "calls/s without failure": "at least 0.9",
    "first sound, p95": "at most 1.15",
    "CPU, to Asterisk alone": "at most 2",
}


def show(results: Results, console: Console) -> None:
    """Print the tables."""
    ratios = Table(title="Reception to plain dialplan")
    for heading in ("", "min", "median", "max", "aim"):
        ratios.add_column(heading, justify="left" if heading in {"", "aim"} else "right")
    for name, spread in results.ratios().items():
        numbers = (f"{n:.2f}" for n in (spread.least, spread.median, spread.greatest))
        ratios.add_row(name, *numbers, AIMS.get(name, ""))
    console.print(ratios)
    console.print(
        "Highest rate without a failure: "
        + ", ".join(f"{side} {results.best(side):.0f} calls/s" for side in Side)
    )
    few, many = min(results.memory_mib), max(results.memory_mib)
    for part, growth in results.growth().items():
        console.print(
            f"Memory of {part}: {results.memory_mib[few][part]} MiB after {few} calls, "
            f"{results.memory_mib[many][part]} MiB after {many}: ratio {growth:.3f}"
        )


def save(results: Results) -> Path:
    """Write everything to a new file in ``bench/results``; returns it."""
    now = datetime.now(UTC)
    told: dict[str, Any] = {
        "at": now.isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "kind": platform.machine(), "python": _python()},
        **results.as_json(),
    }
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / f"{now:%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps(told, indent=1, ensure_ascii=False), "utf-8")
    return file


def _python() -> str:
    return platform.python_version()
