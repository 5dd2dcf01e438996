"""``hotline users``: who may log in, and as what (R)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import click

from ivr.cli.control import as_json, show
from ivr.settings import Settings
from ticketing.domain.roles import MATRIX, Role
from ticketing.service.accounts import Accounts
from ticketing.store.attempts import MemoryAttempts
from ticketing.store.database import Database
from ticketing.store.users import User

ACTOR = "operator"
_ROLES = click.Choice([role.value for role in Role])
T = TypeVar("T")


@click.group()
def users() -> None:
    """The users: list, add, new password, roles, disable, enable."""


@users.command("list")
@as_json
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """List all users."""
    found = _with(settings, lambda accounts: accounts.list())
    if as_json:
        show([_facts(user) for user in found])
        return
    for user in found:
        click.echo(_line(user))


@users.command()
@click.argument("username")
@click.argument("roles", nargs=-1, required=True, type=_ROLES)
@click.option("--unit", default="", help="The unit the user belongs to; the city's centre else.")
@as_json
@click.pass_obj
def add(
    settings: Settings, username: str, roles: tuple[str, ...], unit: str, as_json: bool
) -> None:
    """Add a user with ROLES and print the first password, this once.

    The password must be changed at the first login.
    """
    wanted = [Role(role) for role in roles]
    user, first = _with(settings, lambda accounts: accounts.create(ACTOR, username, wanted, unit))
    _tell_password(user.username, first, as_json, _facts(user))


@users.command()
@click.argument("username")
@as_json
@click.pass_obj
def password(settings: Settings, username: str, as_json: bool) -> None:
    """Make a new password for a user and print it, this once; the user is logged out."""
    first = _with(settings, lambda accounts: accounts.reset_password(ACTOR, username))
    name = username.strip().casefold()
    _tell_password(name, first, as_json, {"username": name})


@users.command()
@click.argument("username")
@as_json
@click.pass_obj
def disable(settings: Settings, username: str, as_json: bool) -> None:
    """Keep a user out; sessions end at once, what the user did stays."""
    _change(settings, username, as_json, disabled=True)


@users.command()
@click.argument("username")
@as_json
@click.pass_obj
def enable(settings: Settings, username: str, as_json: bool) -> None:
    """Let a disabled user in again."""
    _change(settings, username, as_json, disabled=False)


@users.command()
@click.argument("username", required=False)
@click.argument("roles", nargs=-1, type=_ROLES)
@as_json
@click.pass_obj
def roles(settings: Settings, username: str | None, roles: tuple[str, ...], as_json: bool) -> None:
    """Give USERNAME these ROLES in place of the old ones; without both, list all roles."""
    if username is None:
        table = {role.value: sorted(MATRIX[role]) for role in Role}
        if as_json:
            show(table)
            return
        for name, granted in table.items():
            click.echo(f"{name:<14} {', '.join(granted) or '-'}")
        return
    if not roles:
        raise click.UsageError("name at least one role; to keep the user out, `disable`")
    _change(settings, username, as_json, roles=[Role(role) for role in roles])


@users.command()
@click.argument("username")
@click.argument("unit")
@as_json
@click.pass_obj
def unit(settings: Settings, username: str, unit: str, as_json: bool) -> None:
    """Say which UNIT a user belongs to; `-` for the city's own centre."""
    _change(settings, username, as_json, unit="" if unit == "-" else unit)


def _change(settings: Settings, username: str, as_json: bool, **changes: Any) -> None:
    user = _with(settings, lambda accounts: accounts.update(ACTOR, username, **changes))
    if as_json:
        show(_facts(user))
    else:
        click.echo(_line(user))


def _with(settings: Settings, work: Callable[[Accounts], Awaitable[T]]) -> T:
    """Do ``work`` on the hotline's own database, whether the hotline runs or not."""

    async def do() -> T:
        database = Database(settings.database_url)
        try:
            await database.migrate()
            return await work(Accounts(database, MemoryAttempts()))
        finally:
            await database.close()

    return asyncio.run(do())


def _facts(user: User) -> dict[str, Any]:
    return {
        "username": user.username,
        "roles": sorted(user.roles),
        "unit": user.unit,
        "must_change_password": user.must_change_password,
        "disabled": user.disabled,
        "created_at": user.created_at.isoformat(),
    }


def _line(user: User) -> str:
    notes = [
        *([user.unit] if user.unit else []),
        *(["disabled"] if user.disabled else []),
        *(["must change the password"] if user.must_change_password else []),
    ]
    shown = ", ".join(sorted(user.roles)) or "no role"
    note = f"  ({', '.join(notes)})" if notes else ""
    return f"{user.username:<20} {shown}{note}"


def _tell_password(name: str, first: str, as_json: bool, facts: dict[str, Any]) -> None:
    if as_json:
        show({**facts, "password": first})
        return
    click.echo(f"{name}  {first}")
    click.echo("This password is shown once; it must be changed at the next login.", err=True)
