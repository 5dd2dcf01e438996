"""The demo's data in a real database: chain, pictures, search; refused where they do not belong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from click.testing import CliRunner
from sqlalchemy import func, select

from ivr.cli import main
from ivr.prepare import first_centre
from tests.integration.order_desk import Clock, Desk
from ticketing.demo import people
from ticketing.demo.install import Installed, Unsuitable, add_users, install
from ticketing.demo.people import Account
from ticketing.domain.fold import fold
from ticketing.domain.roles import Principal, Role
from ticketing.domain.work_order import State
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.accounts import Accounts
from ticketing.service.advice import Advice
from ticketing.service.passwords import Passwords
from ticketing.store import history, units
from ticketing.store.attempts import MemoryAttempts
from ticketing.store.database import Database
from ticketing.store.order_tables import DRAFTS, ORDER_UNITS, OUTBOX, WORK_ORDERS
from ticketing.store.orders import Filters, row_of, unit_rows

UNTIL = datetime(2026, 11, 20, 16, tzinfo=UTC)
ORDERS = 120
CHEAP = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


async def fill(database: Database, *, seed: int = 5, more: bool = False) -> Installed:
    return await install(
        database,
        load_packs(),
        load_calendar(),
        seed=seed,
        orders=ORDERS,
        until=UNTIL,
        more=more,
    )


@pytest_asyncio.fixture
async def filled(database: Database) -> AsyncIterator[tuple[Database, Installed]]:
    await first_centre(database)  # as the hotline's first start leaves it
    yield database, await fill(database)


async def test_the_chain_holds_and_every_order_is_as_its_events_have_made_it(
    filled: tuple[Database, Installed],
) -> None:
    database, done = filled
    async with database.reading() as session:
        held, broken = await history.verify(session)
        assert (held, broken) == (len(done.made.events), None)
        rows = {row.number: row for row in await session.execute(select(WORK_ORDERS))}
        assert len(rows) == ORDERS
        for order, wake in done.made.orders:
            assert fold(await history.read(session, order.number)) == order
            assert dict(rows[order.number]._mapping) == row_of(order, wake)
        seen = await session.execute(select(ORDER_UNITS.c.unit, ORDER_UNITS.c.number))
        waiting = await session.execute(select(DRAFTS.c.number).where(DRAFTS.c.state == "drafted"))
        assert set(waiting.scalars()) == set(done.made.drafts)
        told = await session.execute(select(func.count()).select_from(OUTBOX))
        assert told.scalar_one() == 0  # nobody
        tree = await units.tree(session)
        assert tree.root == done.city.places.tree.root  # with the city's name now
        assert len(tree) == len(done.city.places.tree)
        assert set(map(tuple, seen)) == {
            (row["unit"], row["number"])
            for order, _ in done.made.orders
            for row in unit_rows(order)
        }


async def test_people_can_go_on_with_them(filled: tuple[Database, Installed]) -> None:
    """Found by its words, seen by its unit, acted on; the next number is one that nobody has."""
    database, done = filled
    desk = Desk(database, Clock(UNTIL))
    chief = await desk.orders.actor(Principal("chief", frozenset({Role.MANAGER})))
    order = next(o for o, _ in done.made.orders if o.state is State.HANDLING)
    found = await desk.orders.page(chief, Filters(words=order.title))
    assert order.number in {row.number for row in found.items}
    assert order.holder is not None
    unit = order.holder.unit
    handler = await desk.orders.actor(
        Principal(f"{unit}.01", frozenset({Role.UNIT_HANDLER}), unit=unit)
    )
    own = await desk.orders.page(handler, Filters(states=(State.HANDLING,)))
    assert order.number in {row.number for row in own.items}
    assert (await desk.orders.open(handler, order.number)).order == order
    waiting = next(o for o, _ in done.made.orders if o.state is State.CLASSIFIED)
    advice = Advice(database, desk.orders, desk.worlds, desk.now)
    assert (await advice.routing(chief, waiting.number)).lead
    last = max(o.number for o, _ in done.made.orders)
    before = Desk(database, Clock(done.made.events[-1].at.replace(hour=15)))
    new = await before.receive(by=chief)
    assert int(new.number) > int(last) - 1
    assert new.number not in {o.number for o, _ in done.made.orders}


async def test_a_database_with_orders_is_left_alone_unless_more_is_wanted(
    filled: tuple[Database, Installed],
) -> None:
    database, done = filled
    with pytest.raises(Unsuitable, match="--add"):
        await fill(database)
    added = await fill(database, seed=6, more=True)
    assert not added.reference
    assert not {o.number for o, _ in added.made.orders} & {o.number for o, _ in done.made.orders}
    cited = {article for o, _ in added.made.orders for article, _ in o.articles}
    assert cited
    async with database.reading() as session:
        held, broken = await history.verify(session)
    assert (held, broken) == (len(done.made.events) + len(added.made.events), None)


async def test_units_of_another_city_are_left_alone(database: Database) -> None:
    await Desk(database).open()
    with pytest.raises(Unsuitable, match="市热线办"):
        await fill(database)


async def test_users_get_passwords_of_their_own_once(
    filled: tuple[Database, Installed],
) -> None:
    database, _ = filled
    made = await add_users(database, CHEAP)
    assert len({password for _, password in made}) == len(made)
    assert await add_users(database, CHEAP) == []
    account, password = made[0]
    accounts = Accounts(database, MemoryAttempts(), CHEAP)
    login = await accounts.login(account.username, password, "here")
    assert login.principal.must_change_password


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path))
    two = [Account("agent01", Role.AGENT), Account("songhe.01", Role.DISPATCHER, "songhe")]
    monkeypatch.setattr(people, "accounts", lambda: iter(two))
    runner = CliRunner()
    command = ["demo-data", "--orders", "40", "--seed", "3", "--until", "2026-11-21"]
    told = runner.invoke(main, [*command, "--users", "--json"])
    assert told.exit_code == 0, told.output
    facts = json.loads(told.stdout)
    assert facts["orders"] == sum(facts["states"].values()) == 40
    assert facts["until"] == "2026-11-20T16:00:00+00:00"
    assert [user["username"] for user in facts["users"]] == ["agent01", "songhe.01"]
    assert all(user["password"] for user in facts["users"])
    again = runner.invoke(main, command)
    assert again.exit_code == 1
    assert "--add" in again.output
    verified = runner.invoke(main, ["audit", "verify", "--json"])
    assert json.loads(verified.stdout)["steps"] == facts["events"]
    asyncio.run(_same_again(tmp_path, json.loads(verified.stdout)["head"]))


async def _same_again(folder: Path, head: str) -> None:
    """The same seed, number and end give the same chain in another database."""
    database = Database(f"sqlite+aiosqlite:///{folder / 'other.sqlite3'}")
    await database.migrate()
    await install(database, load_packs(), load_calendar(), seed=3, orders=40, until=UNTIL)
    async with database.reading() as session:
        assert (await history.head(session))[1] == head
    await database.close()
