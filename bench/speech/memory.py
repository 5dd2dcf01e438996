"""Memory of a worker that hears call after call."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import psutil

from bench.speech.sound import conversation
from speech.captions import LegText, Mark
from speech.leg import Leg
from speech.vosk_engine import VoskEngine


def measure(model: Path, quick: bool) -> dict[str, Any]:
    """A second of sound for each call: what would grow grows with calls, not with minutes."""
    calls = 200 if quick else 1000
    engine = VoskEngine({"ko": model})
    process = psutil.Process()
    sizes: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "citizen.sln16"
        file.write_bytes(conversation(1.0))
        for number in range(1, calls + 1):
            text = LegText(str(number), "citizen", "ko", Mark())
            leg = Leg(file, text, lambda: engine.stream("ko"), [])
            while leg.unheard():
                leg.hear(partial=False)
            leg.finish()
            if number in {calls // 10, calls // 2, calls}:
                sizes[number] = process.memory_info().rss >> 20
    first, *_, last = sizes.values()
    return {f"MiB after {number} calls": size for number, size in sizes.items()} | {
        "growth after the first tenth": f"{(last - first) / first:+.1%}"
    }
