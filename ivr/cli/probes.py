"""``hotline probes``: do forwarded numbers, liaison lines and mobiles answer (T8)?"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import click

from ivr.cli.control import as_json, ask, show
from ivr.settings import Settings

_KINDS = {"forwarded": "转接", "liaison": "联络", "mobile": "手机"}


@click.group(invoke_without_command=True)
@click.option("--unanswered", is_flag=True, help="Only those of which nobody was reached.")
@as_json
@click.pass_context
def probes(ctx: click.Context, unanswered: bool, as_json: bool) -> None:
    """List the latest calls that tried whether a line answers."""
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    path = f"/api/v1/probes?unanswered={str(unanswered).lower()}"
    found = asyncio.run(ask(settings, "GET", path))["items"]
    if as_json:
        show(found)
        return
    for each in found:
        click.echo(_line(settings, each))
    if not found:
        click.echo("没有拨测记录。No line was tried.")


@probes.command("now")
@click.argument("number")
@as_json
@click.pass_obj
def now_(settings: Settings, number: str, as_json: bool) -> None:
    """Try NUMBER at once."""
    made = asyncio.run(ask(settings, "POST", "/api/v1/probes", {"number": number}))
    if as_json:
        show(made)
        return
    click.echo(_line(settings, made))


def _line(settings: Settings, probe: dict[str, Any]) -> str:
    at = datetime.fromisoformat(probe["at"]).astimezone(settings.timezone)
    mark = "  ! 未接通" if probe["unanswered"] else ""
    return (
        f"{at:%Y-%m-%d %H:%M}  {_KINDS[probe['kind']]}  {probe['number']:<12} "
        f"{probe['unit']} {probe['person']}  {probe['outcome'] or '…'} "
        f"{probe['rang'] or 0:.0f} s{mark}"
    )
