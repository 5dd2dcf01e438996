"""``python -m bench.orders``, or ``make bench ARGS=orders``: see README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.orders.ask import Asked, requests, sweeps
from bench.orders.molds import Mold, casts, molds
from bench.orders.stand import database, fill
from ivr.progress import Progress
from ticketing.demo.city import PACK_CITY, ZONE, City, found
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.orders import Orders
from ticketing.service.worlds import SqlWorlds
from ticketing.store import units

UNTIL = datetime(2026, 11, 20, 16, tzinfo=UTC)
AIM_MS, AIM_SWEEP = 50.0, 5.0
_FOLDER = Path(__file__).parents[1] / "results"
_SEED = 12345


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.orders",
        description="Measure lists, search, opening and sweeps of work orders.",
    )
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000, help="for the growth; 0 for none")
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--requests", type=int, default=300, help="of each kind")
    parser.add_argument("--due", type=int, default=1000, help="orders due in the sweep")
    parser.add_argument("--folder", type=Path, help="where SQLite's file is put; some 10 GB")
    try:
        return asyncio.run(_run(parser.parse_args(argv)))
    except KeyboardInterrupt:
        return 130


async def _run(chosen: argparse.Namespace) -> int:
    console = Console()
    city = found(_SEED, UNTIL)
    with Progress(sys.stderr).step("Making the lives"):
        shapes = molds(city, UNTIL, _SEED)
    results: dict[str, list[Asked]] = {}
    for kind in chosen.databases.split(","):
        for orders in (chosen.few, chosen.orders):
            if orders:
                one = await _measure(kind, orders, city, shapes, chosen, console)
                results.setdefault(kind, []).append(one)
    for kind, measured in results.items():
        _show(kind, measured, console)
    console.print(f"All figures: {_save(results)}")
    return 0


async def _measure(
    kind: str,
    orders: int,
    city: City,
    shapes: list[Mold],
    chosen: argparse.Namespace,
    console: Console,
) -> Asked:
    async with database(kind, chosen.folder) as (it, plain):
        try:
            async with it.session() as session:
                for unit in city.places.tree:
                    await units.add(session, unit)
            started = time.monotonic()
            with Progress(sys.stderr).step(f"Filling {kind}") as report:
                written, events = await fill(it, plain, casts(shapes, orders, UNTIL, _SEED), report)
            console.print(
                f"{kind}: {written} orders, {events} events in {time.monotonic() - started:.0f} s"
            )
            asked = Asked(written, events)
            worlds = SqlWorlds(it, load_packs(), load_calendar(), ZONE, PACK_CITY)
            service = Orders(it, worlds, lambda: UNTIL)

            def say(line: str) -> None:
                console.print(line, highlight=False, soft_wrap=True)

            await requests(it, service, asked, chosen.requests, UNTIL, Random(_SEED), say)
            await sweeps(it, worlds, asked, min(chosen.due, orders // 20), UNTIL, say)
            return asked
        finally:
            await it.close()


def _show(kind: str, measured: list[Asked], console: Console) -> None:
    few, many = measured[0], measured[-1]
    table = Table(title=f"{kind}: milliseconds with {many.orders:,} orders")
    for heading in ("", "p50", "p95", "rows", f"p50 to {few.orders:,}", "p95 to it", "aim"):
        table.add_column(heading, justify="left" if heading in {"", "aim"} else "right")
    for name, figure in many.figures.items():
        before = few.figures[name]
        table.add_row(
            name,
            f"{figure.p50:.1f}",
            f"{figure.p95:.1f}",
            f"{figure.rows:.0f}",
            f"{figure.p50 / before.p50:.2f}",
            f"{figure.p95 / before.p95:.2f}",
            "met" if figure.p95 < AIM_MS else "missed",
        )
    console.print(table)
    for name, seconds in many.sweeps.items():
        console.print(f"sweep, {name}: {seconds:.2f} s (aim: under {AIM_SWEEP:.0f} s)")


def _save(results: dict[str, list[Asked]]) -> Path:
    """Write everything to a new file in ``bench/results``; returns it."""
    now = datetime.now(UTC)
    told: dict[str, Any] = {
        "at": now.isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "kind": platform.machine(),
            "python": platform.python_version(),
        },
        **{kind: [asdict(one) for one in measured] for kind, measured in results.items()},
    }
    _FOLDER.mkdir(exist_ok=True)
    file = _FOLDER / f"orders-{now:%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps(told, indent=1, ensure_ascii=False), "utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())
