"""What must be there before the first call: tables, an administrator, seats."""

from __future__ import annotations

from pathlib import Path

from ivr.settings import Settings
from ivr.wiring import write_private
from ticketing.domain.seats import Seat
from ticketing.domain.units import Level, Unit, UnitKind
from ticketing.service.accounts import ADMIN, Accounts
from ticketing.service.seats import Seats
from ticketing.store import units
from ticketing.store.attempts import MemoryAttempts
from ticketing.store.database import Database

FIRST_SEATS = tuple(str(number) for number in range(8001, 8021))  # T1: 20 seats at first
ACTOR = "system"
CENTRE = Unit("centre", "12345 热线中心", UnitKind.CENTRE, Level.CITY, None)


def first_login(settings: Settings) -> Path:
    """Where the first password of ``admin`` is, until it is changed."""
    return settings.home / "first-login.txt"


async def first_centre(database: Database) -> None:
    """The city's own centre, the root of the tree of units (N3), when there is no unit yet."""
    async with database.session() as session:
        await units.lock(session)
        if not await units.everyone(session):
            await units.add(session, CENTRE)


async def prepare(settings: Settings) -> tuple[Seat, ...]:
    """Bring the database up to date and make what a first start needs; returns the seats.

    A password made for ``admin`` is written to ``first-login.txt``, to be changed at first login.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        await database.migrate()
        made = await Accounts(database, MemoryAttempts()).ensure_admin(settings.admin_password)
        if made is not None:
            write_private(first_login(settings), f"{ADMIN}\n{made}\n")
        await first_centre(database)
        seats = Seats(database)
        await seats.ensure(ACTOR, FIRST_SEATS)
        return await seats.list()
    finally:
        await database.close()
