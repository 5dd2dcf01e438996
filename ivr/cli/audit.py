"""``hotline audit``: whether the history of the work orders is as it was written."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from dataclasses import asdict

import click

from ivr.cli.control import as_json, show
from ivr.progress import Progress
from ivr.settings import Settings
from ticketing.store import history
from ticketing.store.database import Database
from ticketing.store.history import Broken


@click.group()
def audit() -> None:
    """The history of the work orders: verify."""


@audit.command()
@as_json
@click.pass_obj
def verify(settings: Settings, as_json: bool) -> None:
    """Check the chain of hashes over every step of every order; exit code 1 if it is broken.

    Works with or without a running hotline. Keep the last hash it prints somewhere else: a chain
    that was written anew as a whole has another.
    """
    progress = Progress(sys.stderr)
    with progress.step("Checking the history") as report:

        def told(rows: int, last: int) -> None:
            report(f"{rows} of {last} steps")

        held, broken, (_, head) = asyncio.run(_verify(settings, told))
    if as_json:
        problem = None if broken is None else asdict(broken)
        show({"ok": broken is None, "steps": held, "head": head, "broken": problem})
    elif broken is None:
        click.echo(f"{held} steps, all as they were written. Last hash: {head}")
    else:
        order = f" (order {broken.number})" if broken.number else ""
        click.echo(f"Row {broken.id}{order}: {broken.why}. The {held} rows before it hold.")
    if broken is not None:
        raise SystemExit(1)


async def _verify(
    settings: Settings, told: Callable[[int, int], None]
) -> tuple[int, Broken | None, tuple[int, str]]:
    database = Database(settings.database_url)
    try:
        await database.migrate()
        async with database.reading() as session:
            held, broken = await history.verify(session, told)
            return held, broken, await history.head(session)
    finally:
        await database.close()
