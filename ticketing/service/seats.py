"""Use cases of the seats (T1): add, remove, show, a new password, a roster.

Asterisk is told by others: call ``ivr``'s ``apply_seats`` after a change.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import SeatExists, SeatNotFound
from ticketing.domain.seats import Phone, Roster, Seat, check_number
from ticketing.service.clock import utc_now
from ticketing.store import audit
from ticketing.store.database import Database, upsert
from ticketing.store.tables import SEATS

_ALPHABET = string.ascii_letters + string.digits
_PASSWORD_LENGTH = 20


def new_password() -> str:
    """A random password of 20 letters and digits: some 119 bits, safe in any file or URL."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_PASSWORD_LENGTH))


class Seats:
    """The seats in SQL. ``actor`` is whoever does it, for the audit log.

    Args:
        database: where they are kept.
        now: the clock, UTC.
    """

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now

    async def list(self) -> tuple[Seat, ...]:
        """All seats that are not removed, by number."""
        query = select(SEATS).where(SEATS.c.removed_at.is_(None)).order_by(SEATS.c.number)
        async with self._database.reading() as session:
            return tuple(_seat(row, row.number) for row in await session.execute(query))

    async def show(self, number: str) -> Seat:
        """One seat.

        Raises:
            BadSeatNumber, SeatNotFound
        """
        query = select(SEATS).where(
            SEATS.c.number == check_number(number), SEATS.c.removed_at.is_(None)
        )
        async with self._database.reading() as session:
            return _seat((await session.execute(query)).one_or_none(), number)

    async def add(
        self, actor: str, number: str, roster: Roster = Roster.ALL, phone: Phone = Phone.SIP
    ) -> Seat:
        """Add a seat with a password of its own; a removed one comes back with a new password.

        Raises:
            BadSeatNumber, SeatExists
        """
        seat = Seat(check_number(number), new_password(), roster, self._now(), phone)
        values = _values(seat)
        async with self._database.session() as session:
            added = await session.execute(
                upsert(session, SEATS)
                .values(values)
                .on_conflict_do_update(
                    index_elements=[SEATS.c.number],
                    set_=values,
                    where=SEATS.c.removed_at.is_not(None),
                )
                .returning(SEATS.c.number)
            )
            if added.one_or_none() is None:
                raise SeatExists(f"seat {number} is there already")
            await self._note(session, actor, "seat.add", number, roster=roster.value)
        return seat

    async def ensure(self, actor: str, numbers: Iterable[str]) -> tuple[Seat, ...]:
        """Add ``numbers`` when there has never been a seat; returns the seats that were added.

        Of two processes that do so at once, one fails on the other's seats and adds nothing.

        Raises:
            BadSeatNumber
        """
        seats = tuple(
            Seat(check_number(number), new_password(), Roster.ALL, self._now())
            for number in numbers
        )
        async with self._database.session() as session:
            count = (await session.execute(select(func.count()).select_from(SEATS))).scalar_one()
            if count:
                return ()
            for seat in seats:
                await session.execute(insert(SEATS).values(_values(seat)))
                await self._note(session, actor, "seat.add", seat.number, roster=seat.roster.value)
        return seats

    async def remove(self, actor: str, number: str) -> Seat:
        """Remove a seat; its calls keep its number.

        Raises:
            BadSeatNumber, SeatNotFound
        """
        return await self._change(actor, number, "seat.remove", removed_at=self._now())

    async def new_password(self, actor: str, number: str) -> Seat:
        """Give a seat a new random password.

        Raises:
            BadSeatNumber, SeatNotFound
        """
        return await self._change(actor, number, "seat.password", password=new_password())

    async def set_roster(self, actor: str, number: str, roster: Roster) -> Seat:
        """Say when a seat takes calls (T1).

        Raises:
            BadSeatNumber, SeatNotFound
        """
        detail = {"roster": roster.value}
        return await self._change(actor, number, "seat.roster", detail, **detail)

    async def set_phone(self, actor: str, number: str, phone: Phone) -> Seat:
        """Say what kind of phone rings at a seat.

        Raises:
            BadSeatNumber, SeatNotFound
        """
        detail = {"phone": phone.value}
        return await self._change(actor, number, "seat.phone", detail, **detail)

    async def _change(
        self,
        actor: str,
        number: str,
        action: str,
        detail: dict[str, str] | None = None,
        **values: Any,
    ) -> Seat:
        check_number(number)
        change = update(SEATS).where(SEATS.c.number == number, SEATS.c.removed_at.is_(None))
        async with self._database.session() as session:
            changed = await session.execute(change.values(**values).returning(SEATS))
            seat = _seat(changed.one_or_none(), number)
            await self._note(session, actor, action, number, **(detail or {}))
        return seat

    async def _note(
        self, session: AsyncSession, actor: str, action: str, number: str, **detail: Any
    ) -> None:
        await audit.note(session, self._now(), actor, action, number, **detail)


def _values(seat: Seat) -> dict[str, Any]:
    return {
        "number": seat.number,
        "password": seat.password,
        "roster": seat.roster.value,
        "phone": seat.phone.value,
        "created_at": seat.created_at,
        "removed_at": None,
    }


def _seat(row: Row[Any] | None, number: str) -> Seat:
    if row is None:
        raise SeatNotFound(f"seat {number} does not exist; see `hotline seats list`")
    return Seat(row.number, row.password, Roster(row.roster), row.created_at, Phone(row.phone))
