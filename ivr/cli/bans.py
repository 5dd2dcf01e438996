"""``hotline bans``: who is shut out for trying to break in by SIP."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import quote

import click

from ivr.cli.control import as_json, ask, show
from ivr.settings import Settings

_SPARED = {"seat": "本机座席的地址", "trunk": "运营商的地址", "self": "本机"}


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def bans(ctx: click.Context, as_json: bool) -> None:
    """List addresses that tried to break in by SIP: who is shut out, and until when."""
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    found = asyncio.run(ask(settings, "GET", "/api/v1/bans"))["items"]
    if as_json:
        show(found)
        return
    for each in found:
        click.echo("  ".join((f"{each['address']:<39}", _state(settings, each), _tried(each))))
    if not found:
        click.echo("没有地址被封禁。No address was shut out.")


@bans.command()
@click.argument("address")
@click.pass_obj
def lift(settings: Settings, address: str) -> None:
    """Let ADDRESS in again, at once."""
    asyncio.run(ask(settings, "DELETE", f"/api/v1/bans/{quote(address, safe='')}"))
    click.echo(f"{address} 已解封。{address} is let in again.")


def _state(settings: Settings, ban: dict[str, Any]) -> str:
    if ban["spared"]:
        return f"未封禁（{_SPARED.get(ban['spared'], ban['spared'])}）"
    until = datetime.fromisoformat(ban["until"]).astimezone(settings.timezone)
    if ban["lifted_by"]:
        return f"已由 {ban['lifted_by']} 解封"
    return f"{'封禁至' if ban['holds'] else '曾封禁至'} {until:%Y-%m-%d %H:%M}"


def _tried(ban: dict[str, Any]) -> str:
    return f"{ban['failures']} × {'、'.join(ban['accounts'])}"
