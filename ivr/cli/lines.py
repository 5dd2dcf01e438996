"""``hotline lines``: the number plan, the calls of each number, and what is due (T2, T3)."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import click

from ivr.cli.control import as_json, show
from ivr.lines import CityLines
from ivr.numbers import signalled
from ivr.settings import Settings
from ticketing.domain.lines import LineKind
from ticketing.policies.loader import load_packs
from ticketing.service.lines import LineTraffic, Traffic, period, traffic
from ticketing.store.database import Database

_KINDS = {
    LineKind.HOTLINE: "热线",
    LineKind.MERGED: "并入",
    LineKind.INTERCONNECT: "互联",
    LineKind.UTILITY: "公用",
    LineKind.EMERGENCY: "紧急",
}


@click.group(invoke_without_command=True)
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True)
@as_json
@click.pass_context
def lines(ctx: click.Context, days: int, as_json: bool) -> None:
    """List the numbers of the plan with their calls, and what is due of them."""
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    found = asyncio.run(_traffic(settings, days))
    if as_json:
        show(_plain(found))
        return
    for each in found.items:
        line = each.line
        until = line.dual_track_until
        parts = (
            f"{line.number:<9}",
            _KINDS[line.kind],
            f"{each.calls:>7}",
            f"{until}" if until else " " * 10,
            f"{line.unit} {line.name}".strip(),
        )
        click.echo("  ".join(parts) + ("" if each.in_plan else "（不在号码表）"))
    click.echo(f"{found.first} – {found.last}: {found.calls} calls, {found.others} of other lines.")
    for each in found.items:
        if each.alarm is not None:
            click.echo(click.style(f"! {each.alarm.text.zh}", fg="yellow"))


@lines.command()
@click.argument("called", default="12345")
@click.option("--diversion", multiple=True, help="A Diversion header; the newest first.")
@click.option("--history", multiple=True, help="A History-Info header.")
@as_json
@click.pass_obj
def which(
    settings: Settings,
    called: str,
    diversion: tuple[str, ...],
    history: tuple[str, ...],
    as_json: bool,
) -> None:
    """Tell the line of a call to CALLED with such headers, as the carrier sends them."""
    came = signalled(called, ",".join(diversion), ",".join(history))
    match = _city(settings).find(came, datetime.now(UTC))
    if as_json:
        show(
            {
                "line": match.line.number,
                "dialled": match.number,
                "forwarded_from": match.forwarded_from,
                "by": match.by,
                "expired": match.expired,
                "why": asdict(match.why),
            }
        )
        return
    click.echo(f"{match.line.number}  {match.line.unit} {match.line.name}")
    click.echo(f"  {match.why.zh}；诉求人拨打 {match.number}")


def _city(settings: Settings) -> CityLines:
    return CityLines(load_packs(), settings.city, settings.timezone)


async def _traffic(settings: Settings, days: int) -> Traffic:
    today = datetime.now(settings.timezone).date()
    first, last = period(today, date.fromordinal(today.toordinal() - days + 1), today)
    plan = _city(settings).plan(today)
    database = Database(settings.database_url)
    try:
        return await traffic(database, plan, settings.timezone, first, last, today)
    finally:
        await database.close()


def _plain(found: Traffic) -> dict[str, Any]:
    return {
        "since": found.first,
        "until": found.last,
        "recognise": found.recognise,
        "calls": found.calls,
        "others": found.others,
        "items": [_line(each) for each in found.items],
    }


def _line(each: LineTraffic) -> dict[str, Any]:
    return {
        **asdict(each.line),
        "in_plan": each.in_plan,
        "calls": each.calls,
        "days": {day.isoformat(): calls for day, calls in each.days},
        "alarm": None if each.alarm is None else asdict(each.alarm),
    }
