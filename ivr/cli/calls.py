"""``hotline calls``: the records of calls, and whether all witnesses agree on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.cli.control import as_json, show
from ivr.reconcile import Disagreement, disagreements
from ivr.settings import Settings
from ticketing.domain.calls import CallRecord
from ticketing.store import calls as store
from ticketing.store.calls import Witness
from ticketing.store.database import Database

_PAGE = 200


@click.group()
def calls() -> None:
    """The calls: list, show, reconcile."""


@calls.command("list")
@click.option("--caller", help="Only calls from this number.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@as_json
@click.pass_obj
def list_(settings: Settings, caller: str | None, limit: int, as_json: bool) -> None:
    """List the latest calls, newest first."""
    found = asyncio.run(_latest(settings, caller, limit))
    if as_json:
        show([asdict(record) for record in found])
        return
    for record in found:
        at = record.arrived_at.astimezone(settings.timezone)
        parts = (
            f"{at:%Y-%m-%d %H:%M:%S}",
            f"{record.caller or '?':<16}",
            f"{record.outcome.value:<18}",
            f"{record.seat or '-':<6}",
            f"{record.rating.value if record.rating else '-':<12}",
            record.id,
        )
        click.echo("  ".join(parts))
    if not found:
        click.echo("No calls yet. Dial 12345.")


@calls.command("show")
@click.argument("call_id")
@as_json
@click.pass_obj
def show_(settings: Settings, call_id: str, as_json: bool) -> None:
    """Show all that is kept of one call."""
    record = asyncio.run(_one(settings, call_id))
    if as_json:
        show(asdict(record))
        return
    for key, value in asdict(record).items():
        click.echo(f"{key:<15} {'-' if value is None else value}")


@calls.command()
@click.option("--days", type=click.IntRange(1, 366), default=1, show_default=True)
@as_json
@click.pass_obj
def reconcile(settings: Settings, days: int, as_json: bool) -> None:
    """Print what AMI, CEL and queue_log disagree on; exit code 1 if anything."""
    checked, found = asyncio.run(_reconcile(settings, days))
    if as_json:
        show({"calls": checked, "disagreements": [asdict(item) for item in found]})
    else:
        for item in found:
            click.echo(
                f"{item.call}: {item.fact} is {item.record} in the record, "
                f"{item.says} in {item.witness}"
            )
        click.echo(f"{checked} calls checked, {len(found)} disagreements.")
    if found:
        raise SystemExit(1)


async def _latest(settings: Settings, caller: str | None, limit: int) -> tuple[CallRecord, ...]:
    async with _reading(settings) as session:
        return (await store.page(session, caller=caller, limit=limit)).items


async def _one(settings: Settings, call_id: str) -> CallRecord:
    async with _reading(settings) as session:
        return await store.get(session, call_id)


async def _reconcile(settings: Settings, days: int) -> tuple[int, list[Disagreement]]:
    since = datetime.now(UTC) - timedelta(days=days)
    checked, found, cursor = 0, list[Disagreement](), None
    async with _reading(settings) as session:
        while True:
            page = await store.page(session, since=since, limit=_PAGE, cursor=cursor)
            seen = await store.witnesses(session, [record.id for record in page.items])
            for record in page.items:
                said: dict[Witness, dict[str, Any]] = seen.get(record.id, {})
                found += disagreements(record, said.get(Witness.AMI), said.get(Witness.QUEUE_LOG))
            checked += len(page.items)
            cursor = page.next
            if cursor is None:
                return checked, found


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[AsyncSession]:
    """A read-only session of the hotline's database."""
    database = Database(settings.database_url)
    try:
        async with database.reading() as session:
            yield session
    finally:
        await database.close()
