"""``python -m bench``, and ``python -m bench orders``: see README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from rich.console import Console

from bench import report
from bench.plan import FULL, QUICK, Plan, carry_out
from bench.stand import stand
from ivr.errors import HotlineError


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; returns the exit status."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given[:1] == ["orders"]:
        from bench.orders.__main__ import main as orders  # the reception's bench needs none of it

        return orders(given[1:])
    if given[:1] == ["backlog"]:
        from bench.backlog.__main__ import main as backlog

        return backlog(given[1:])
    if given[:1] == ["redaction"]:
        from bench.redaction.__main__ import main as redaction

        return redaction(given[1:])
    if given[:1] == ["speech"]:
        from bench.speech.__main__ import main as speech

        return speech(given[1:])
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure the reception against the same menu in plain dialplan.",
    )
    parser.add_argument("--quick", action="store_true", help="about a minute; rough figures")
    chosen = QUICK if parser.parse_args(given).quick else FULL
    try:
        return asyncio.run(_run(chosen))
    except HotlineError as problem:
        print(problem, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


async def _run(plan: Plan) -> int:
    console = Console()
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with stand() as ready:
        results = await carry_out(
            plan, ready, lambda line: console.print(line, highlight=False, soft_wrap=True)
        )
    report.show(results, console)
    console.print(f"All figures: {report.save(results)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
