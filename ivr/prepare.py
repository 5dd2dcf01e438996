"""What must be there before the first call: tables, an administrator, seats."""

from __future__ import annotations

from ivr.settings import Settings
from ivr.wiring import write_private
from ticketing.domain.seats import Seat
from ticketing.service.accounts import Accounts
from ticketing.service.seats import Seats
from ticketing.store.attempts import MemoryAttempts
from ticketing.store.database import Database

FIRST_SEATS = tuple(str(number) for number in range(8001, 8021))  # T1: 20 seats at first
ACTOR = "system"


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
            write_private(settings.home / "first-login.txt", f"admin\n{made}\n")
        seats = Seats(database)
        await seats.ensure(ACTOR, FIRST_SEATS)
        return await seats.list()
    finally:
        await database.close()
