"""``python -m bench redaction``: recall and precision on made-up dialogues."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.redaction.dialogues import dialogues
from bench.redaction.judge import judge


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench redaction", description=__doc__)
    parser.add_argument("--dialogues", type=int, default=500)
    parser.add_argument("--seed", type=int, default=12345)
    parser.add_argument("--wrong", action="store_true", help="print what was judged wrongly")
    chosen = parser.parse_args(argv)
    began = time.perf_counter()
    verdict = judge(dialogues(chosen.dialogues, chosen.seed))
    took = time.perf_counter() - began
    table = Table("kind", "said", "hidden", "recall", "marked", "right", "precision")
    for name, score in (*verdict.kinds.items(), ("all", verdict.whole)):
        table.add_row(
            str(name),
            *(str(score.stretches), str(score.hidden), f"{score.recall:.4f}"),
            *(str(score.marks), str(score.right), f"{score.precision:.4f}"),
        )
    console = Console()
    console.print(table)
    console.print(
        f"{verdict.dialogues} dialogues, {verdict.numbers} numbers, seed {chosen.seed}: "
        f"recall {verdict.whole.recall:.4f}, precision {verdict.whole.precision:.4f}, "
        f"{1000 * took / max(1, verdict.dialogues):.2f} ms a dialogue"
    )
    if chosen.wrong:
        for line in verdict.wrong:
            console.print(line, highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
