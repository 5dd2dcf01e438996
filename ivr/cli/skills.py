"""``hotline skills``: who can what, and so which queue rings whom (T1, T2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import click

from ivr.cli.control import NotRunning, as_json, ask, show
from ivr.lines import CityLines
from ivr.settings import Settings
from ticketing.policies.loader import load_packs
from ticketing.service.skills import Skills
from ticketing.store.database import Database

ACTOR = "operator"


@click.group(invoke_without_command=True)
@as_json
@click.pass_context
def skills(ctx: click.Context, as_json: bool) -> None:
    """List who can what; set it with `seat` and `person`."""
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    found = asyncio.run(_stored(settings, lambda skills: skills.book()))
    if as_json:
        show({"seats": found.seats, "persons": found.persons})
        return
    for whose in (found.seats, found.persons):
        for name, levels in sorted(whose.items()):
            click.echo(f"{name:<12} {' '.join(f'{s}={n}' for s, n in sorted(levels.items()))}")
    if not found.seats and not found.persons:
        click.echo("Nobody has a skill yet: `hotline skills seat 8001 ko=5`.")


@skills.command()
@click.argument("number")
@click.argument("levels", nargs=-1, metavar="[SKILL=LEVEL]...")
@click.pass_obj
def seat(settings: Settings, number: str, levels: tuple[str, ...]) -> None:
    """Say what can be done at seat NUMBER: ko=5 labour=3. Without any, nothing."""
    wanted = _levels(levels)
    path = f"/api/v1/seats/{number}/skills"
    _change(settings, path, wanted, lambda skills: skills.of_seat(ACTOR, number, wanted))
    click.echo(f"{number}: {_told(wanted)}")


@skills.command()
@click.argument("username")
@click.argument("levels", nargs=-1, metavar="[SKILL=LEVEL]...")
@click.pass_obj
def person(settings: Settings, username: str, levels: tuple[str, ...]) -> None:
    """Say what USERNAME can; it counts at whatever seat they sit, in place of the seat's."""
    wanted = _levels(levels)
    path = f"/api/v1/users/{username}/skills"
    _change(settings, path, wanted, lambda skills: skills.of_person(ACTOR, username, wanted))
    click.echo(f"{username}: {_told(wanted)}")


def _levels(given: tuple[str, ...]) -> dict[str, int]:
    levels = {}
    for each in given:
        skill, equals, level = each.partition("=")
        if not (skill and equals and level.isascii() and level.isdigit() and len(level) < 3):
            raise click.BadParameter(f"{each}: write SKILL=LEVEL, for example ko=5")
        levels[skill] = int(level)
    return levels


def _told(levels: dict[str, int]) -> str:
    return " ".join(f"{skill}={level}" for skill, level in levels.items()) or "no skill"


def _change(
    settings: Settings,
    path: str,
    wanted: dict[str, int],
    otherwise: Callable[[Skills], Awaitable[Any]],
) -> None:
    """Ask the running hotline; when none runs, change what it will read at its next start."""
    try:
        asyncio.run(ask(settings, "PUT", path, {"skills": wanted}))
    except NotRunning:
        asyncio.run(_stored(settings, otherwise))


async def _stored(settings: Settings, work: Callable[[Skills], Awaitable[Any]]) -> Any:
    database = Database(settings.database_url)
    lines = CityLines(load_packs(), settings.city, settings.timezone)
    try:
        await database.migrate()
        return await work(Skills(database, lines.queues, settings.timezone))
    finally:
        await database.close()
