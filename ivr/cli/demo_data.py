"""``hotline demo-data``: an invented city with its units and a year of work orders."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click

from ivr.cli.control import as_json, show
from ivr.errors import HotlineError
from ivr.progress import Progress, Report
from ivr.settings import Settings
from ticketing.demo.city import ZONE
from ticketing.demo.install import Installed, Unsuitable, add_users, install
from ticketing.demo.people import Account
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.store.database import Database

_MOST = 200_000
Users = list[tuple[Account, str]]


class NoDemoData(HotlineError):
    """The demo's data cannot be put into this database; the text says why."""

    id = "no_demo_data"


@click.command("demo-data")
@click.option("--seed", default=12345, show_default=True, help="Another seed, other orders.")
@click.option("--orders", default=2000, show_default=True, type=click.IntRange(1, _MOST))
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"]),
    help="The orders reach up to the beginning of this day, or to this moment. Default: today.",
)
@click.option("--add", "more", is_flag=True, help="Also when there are work orders already.")
@click.option("--users", is_flag=True, help="Also make users; their passwords are shown once.")
@as_json
@click.pass_obj
def demo_data(
    settings: Settings,
    seed: int,
    orders: int,
    until: datetime | None,
    more: bool,
    users: bool,
    as_json: bool,
) -> None:
    """Fill the database with an invented city: units, articles, and a year of work orders.

    The same seed, number and end make the same orders. It refuses a database that has work orders
    already. Nobody is told anything: no message is sent, and no telephone number exists.
    """
    today = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    end = (until.replace(tzinfo=ZONE) if until else today).astimezone(UTC)
    progress = Progress(sys.stderr)
    done, made = asyncio.run(_fill(settings, progress, seed, orders, end, more, users))
    if as_json:
        show({"seed": seed, "until": end.isoformat(), **_facts(done), "users": _users(made)})
        return
    facts = _facts(done)
    states = ", ".join(f"{count} {name}" for name, count in facts.pop("states").items())
    click.echo(", ".join(f"{count} {name}" for name, count in facts.items()))
    click.echo(f"Orders now: {states}")
    for account, password in made:
        click.echo(f"{account.username:<20} {account.role.value:<14} {password}")
    if made:
        click.echo("These passwords are shown once; each must be changed at first login.", err=True)


async def _fill(
    settings: Settings,
    progress: Progress,
    seed: int,
    orders: int,
    until: datetime,
    more: bool,
    users: bool,
) -> tuple[Installed, Users]:
    database = Database(settings.database_url)
    try:
        await database.migrate()
        with progress.step("Making the demo city") as report:
            done = await install(
                database,
                load_packs(),
                load_calendar(),
                seed=seed,
                orders=orders,
                until=until,
                more=more,
                generating=_told(report, "orders thought up"),
                writing=_told(report, "rows written"),
            )
        return done, (await add_users(database) if users else [])
    except Unsuitable as problem:
        raise NoDemoData(str(problem)) from None
    finally:
        await database.close()


def _told(report: Report, what: str) -> Callable[[int, int], None]:
    return lambda done, total: report(f"{done} of {total} {what}")


def _facts(done: Installed) -> dict[str, Any]:
    """How many there are of what was written."""
    city, made = done.city, done.made
    reference = {
        "units": len(city.places.tree),
        "categories": len(city.categories),
        "responsibilities": len(city.responsibilities),
        "contacts": len(city.contacts),
        "articles": len(city.articles),
        "notices": len(city.notices),
    }
    states = Counter(order.state.value for order, _ in made.orders)
    return {
        "orders": len(made.orders),
        "events": len(made.events),
        **(reference if done.reference else {}),
        "states": dict(states.most_common()),
    }


def _users(made: Users) -> list[dict[str, str]]:
    return [
        {
            "username": account.username,
            "role": account.role.value,
            "unit": account.unit,
            "password": password,
        }
        for account, password in made
    ]
