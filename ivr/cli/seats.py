"""``hotline seats``: who can answer (T1)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import click

from ivr.cli.control import NotRunning, as_json, ask, show
from ivr.settings import Settings
from ivr.wiring import Wiring
from ticketing.domain.seats import Phone, Roster, Seat
from ticketing.service.seats import Seats
from ticketing.store.database import Database

ACTOR = "operator"
_PHONES = click.Choice([phone.value for phone in Phone])
_ROSTERS = click.Choice([roster.value for roster in Roster])


@click.group()
def seats() -> None:
    """The seats: list, show, add, remove, new password, roster.

    A change takes effect within two seconds in a running hotline; no call is dropped.
    """


@seats.command("list")
@as_json
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """List all seats."""
    found = asyncio.run(_stored(settings, lambda store: store.list()))
    if as_json:
        show([_facts(settings, seat) for seat in found])
        return
    for seat in found:
        click.echo(f"{seat.number}  {seat.roster.value}")
    if not found:
        click.echo("No seats yet: `hotline seats add 8001`.")


@seats.command("show")
@click.argument("number")
@as_json
@click.pass_obj
def show_(settings: Settings, number: str, as_json: bool) -> None:
    """Show what a SIP phone needs to register as seat NUMBER."""
    seat = asyncio.run(_stored(settings, lambda store: store.show(number)))
    _tell(_facts(settings, seat), as_json)


@seats.command()
@click.argument("number")
@click.option("--roster", type=_ROSTERS, default="all", help="When it takes calls.")
@click.option("--phone", type=_PHONES, default="sip", help="A SIP phone, or one in a browser.")
@as_json
@click.pass_obj
def add(settings: Settings, number: str, roster: str, phone: str, as_json: bool) -> None:
    """Add seat NUMBER with a password of its own."""
    _change(
        settings,
        ("POST", "/api/v1/seats", {"number": number, "roster": roster, "phone": phone}),
        lambda store: store.add(ACTOR, number, Roster(roster), Phone(phone)),
    )
    seat = asyncio.run(_stored(settings, lambda store: store.show(number)))
    _tell(_facts(settings, seat), as_json)


@seats.command()
@click.argument("number")
@click.pass_obj
def remove(settings: Settings, number: str) -> None:
    """Remove seat NUMBER; its past calls keep its number."""
    _change(
        settings,
        ("DELETE", f"/api/v1/seats/{number}", None),
        lambda store: store.remove(ACTOR, number),
    )
    click.echo(f"Seat {number} is removed.")


@seats.command()
@click.argument("number")
@as_json
@click.pass_obj
def password(settings: Settings, number: str, as_json: bool) -> None:
    """Give seat NUMBER a new random password."""
    _change(
        settings,
        ("POST", f"/api/v1/seats/{number}/password", None),
        lambda store: store.new_password(ACTOR, number),
    )
    seat = asyncio.run(_stored(settings, lambda store: store.show(number)))
    _tell(_facts(settings, seat), as_json)


@seats.command("set")
@click.argument("number")
@click.option("--roster", type=_ROSTERS, help="When it takes calls.")
@click.option("--phone", type=_PHONES, help="A SIP phone, or one in a browser.")
@as_json
@click.pass_obj
def set_(
    settings: Settings, number: str, roster: str | None, phone: str | None, as_json: bool
) -> None:
    """Say when seat NUMBER takes calls, and with what kind of phone."""

    async def change(store: Seats) -> None:
        if roster:
            await store.set_roster(ACTOR, number, Roster(roster))
        if phone:
            await store.set_phone(ACTOR, number, Phone(phone))

    wanted = {"roster": roster, "phone": phone}
    _change(settings, ("PATCH", f"/api/v1/seats/{number}", wanted), change)
    seat = asyncio.run(_stored(settings, lambda store: store.show(number)))
    _tell(_facts(settings, seat), as_json)


def _change(
    settings: Settings,
    request: tuple[str, str, Any],
    otherwise: Callable[[Seats], Awaitable[Any]],
) -> None:
    """Ask the running hotline; when none runs, change what it will read at its next start."""
    try:
        asyncio.run(ask(settings, *request))
    except NotRunning:
        asyncio.run(_stored(settings, otherwise))


async def _stored(settings: Settings, work: Callable[[Seats], Awaitable[Any]]) -> Any:
    database = Database(settings.database_url)
    try:
        await database.migrate()
        return await work(Seats(database))
    finally:
        await database.close()


def _facts(settings: Settings, seat: Seat) -> dict[str, Any]:
    return {
        "number": seat.number,
        "user": seat.number,
        "password": seat.password,
        "registrar": f"{settings.sip_host}:{settings.sip_port}",
        **_how(settings, seat),
        "roster": seat.roster.value,
        "phone": seat.phone.value,
    }


def _how(settings: Settings, seat: Seat) -> dict[str, Any]:
    """Over what the phone reaches us."""
    if seat.phone is Phone.BROWSER:
        port = Wiring.load(settings).ws_port
        return {"transports": ["ws"], "websocket": f"ws://{settings.sip_host}:{port}/ws"}
    tls_port = settings.sip_port + 1
    if settings.seat_encryption:
        return {"transports": ["tls"], "tls_port": tls_port, "encryption": "srtp, required"}
    transports = ["udp", "tcp", "tls"]
    return {"transports": transports, "tls_port": tls_port, "encryption": "srtp, offered"}


def _tell(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show(facts)
        return
    for key, value in facts.items():
        text = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{key:<12} {text}")
