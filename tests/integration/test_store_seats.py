"""Seats on real databases (T1)."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.api_world import Clock
from ticketing.domain.errors import BadSeatNumber, SeatExists, SeatNotFound
from ticketing.domain.seats import Roster
from ticketing.service.seats import Seats
from ticketing.store import audit
from ticketing.store.database import Database


@pytest.fixture
def seats(database: Database) -> Seats:
    return Seats(database, Clock())


async def test_the_default_seats_are_made_once(seats: Seats) -> None:
    numbers = [str(number) for number in range(8001, 8021)]
    made = await seats.ensure("operator", numbers)
    assert [seat.number for seat in made] == numbers
    assert len({seat.password for seat in made}) == 20
    assert await seats.list() == made
    await seats.remove("operator", "8001")
    assert await seats.ensure("operator", numbers) == ()
    assert len(await seats.list()) == 19


async def test_a_password_is_twenty_letters_and_digits(seats: Seats) -> None:
    seat = await seats.add("admin", "8001")
    assert len(seat.password) == 20
    assert seat.password.isascii()
    assert seat.password.isalnum()
    assert seat.password not in repr(seat)
    again = await seats.new_password("admin", "8001")
    assert again.password != seat.password
    assert await seats.show("8001") == again


async def test_a_removed_seat_is_gone_and_may_come_back_with_another_password(
    seats: Seats,
) -> None:
    before = await seats.add("admin", "801", Roster.DAY)
    await seats.remove("admin", "801")
    assert await seats.list() == ()
    for deed in (seats.remove, seats.new_password):
        with pytest.raises(SeatNotFound):
            await deed("admin", "801")
    with pytest.raises(SeatNotFound):
        await seats.show("801")
    after = await seats.add("admin", "801", Roster.NIGHT)
    assert after.password != before.password
    assert await seats.list() == (after,)


async def test_rosters(seats: Seats) -> None:
    await seats.add("admin", "8001")
    assert (await seats.set_roster("admin", "8001", Roster.NIGHT)).roster is Roster.NIGHT
    assert (await seats.show("8001")).roster is Roster.NIGHT


@pytest.mark.parametrize("number", ["", "80", "8000001", "80a", "٨٠٠١", "8001\n", "-801"])
async def test_a_bad_number_is_refused_everywhere(seats: Seats, number: str) -> None:
    for deed in (seats.add, seats.remove, seats.new_password):
        with pytest.raises(BadSeatNumber):
            await deed("admin", number)
    with pytest.raises(BadSeatNumber):
        await seats.ensure("admin", ["8001", number])
    with pytest.raises(BadSeatNumber):
        await seats.show(number)
    assert await seats.list() == ()


async def test_of_two_who_add_the_same_seat_one_is_told(seats: Seats) -> None:
    results = await asyncio.gather(
        *(seats.add("admin", "8001") for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(result, SeatExists) for result in results) == 4
    (stored,) = await seats.list()
    assert stored in results


async def test_the_audit_log_names_the_deed_and_no_password(
    seats: Seats, database: Database
) -> None:
    seat = await seats.add("li", "8001")
    await seats.new_password("wang", "8001")
    await seats.set_roster("wang", "8001", Roster.DAY)
    await seats.remove("li", "8001")
    async with database.reading() as session:
        entries = await audit.latest(session)
    assert [(entry.actor, entry.action, dict(entry.detail)) for entry in reversed(entries)] == [
        ("li", "seat.add", {"roster": "all"}),
        ("wang", "seat.password", {}),
        ("wang", "seat.roster", {"roster": "day"}),
        ("li", "seat.remove", {}),
    ]
    assert seat.password not in repr(entries)
