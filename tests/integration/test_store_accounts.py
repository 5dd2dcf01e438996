"""Users, sessions and the limit on guessing, on real databases and a real Redis."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher
from redis.asyncio import Redis
from sqlalchemy import select

from tests.integration.api_world import Clock, fast_passwords
from ticketing.domain.errors import (
    BadUsername,
    LastAdministrator,
    NotLoggedIn,
    TooManyAttempts,
    UserExists,
    UserNotFound,
    WeakPassword,
    WrongCredentials,
    WrongPassword,
)
from ticketing.domain.roles import Principal, Role
from ticketing.service.accounts import Accounts
from ticketing.service.passwords import Passwords
from ticketing.store import audit
from ticketing.store.attempts import MemoryAttempts, RedisAttempts
from ticketing.store.database import Database
from ticketing.store.tables import SESSIONS, USERS

PASSWORD = "a long password"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def accounts(database: Database, clock: Clock) -> Accounts:
    accounts = Accounts(database, MemoryAttempts(clock=clock.seconds), fast_passwords(), clock)
    await accounts.ensure_admin(PASSWORD)
    return accounts


async def actions(database: Database) -> list[tuple[str, str, str]]:
    async with database.reading() as session:
        entries = await audit.latest(session)
    return [(entry.actor, entry.action, entry.target) for entry in reversed(entries)]


async def test_the_first_administrator_gets_a_password_that_must_be_changed(
    database: Database,
) -> None:
    accounts = Accounts(database, MemoryAttempts(), fast_passwords())
    first = await accounts.ensure_admin()
    assert first is not None
    assert len(first) >= 16
    assert await accounts.ensure_admin() is None
    assert await accounts.ensure_admin("another password") is None
    login = await accounts.login("admin", first, "here")
    assert login.principal == Principal("admin", frozenset({Role.ADMIN}), True)


async def test_a_given_first_password_need_not_be_changed(accounts: Accounts) -> None:
    login = await accounts.login("Admin ", PASSWORD, "here")
    assert login.principal == Principal("admin", frozenset({Role.ADMIN}), False)


async def test_two_starts_at_once_make_one_administrator(database: Database) -> None:
    accounts = Accounts(database, MemoryAttempts(), fast_passwords())
    made = await asyncio.gather(*(accounts.ensure_admin() for _ in range(4)))
    (first,) = (password for password in made if password is not None)
    await accounts.login("admin", first, "here")


async def test_neither_password_nor_token_is_stored(accounts: Accounts, database: Database) -> None:
    token = (await accounts.login("admin", PASSWORD, "here")).token
    async with database.reading() as session:
        user = (await session.execute(select(USERS))).one()
        stored = (await session.execute(select(SESSIONS))).one()
    assert user.password_hash.startswith("$argon2id$")
    assert stored.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert len(token) == 43


@pytest.mark.parametrize(
    ("username", "password"),
    [("admin", "wrong"), ("nobody", PASSWORD), ("", PASSWORD), ("ad\0min", PASSWORD)],
)
async def test_wrong_credentials(accounts: Accounts, username: str, password: str) -> None:
    with pytest.raises(WrongCredentials):
        await accounts.login(username, password, "here")


async def test_an_unknown_user_costs_a_guesser_as_much_as_a_known_one(
    database: Database,
) -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            verified.append(str(hash))
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    accounts = Accounts(database, MemoryAttempts(), Passwords(hasher))
    await accounts.ensure_admin(PASSWORD)
    for name in ("admin", "nobody"):
        with pytest.raises(WrongCredentials):
            await accounts.login(name, "wrong", "here")
    assert len(verified) == 2
    assert all(stored.startswith("$argon2id$") for stored in verified)


async def test_a_session_ends_after_twelve_idle_hours(accounts: Accounts, clock: Clock) -> None:
    token = (await accounts.login("admin", PASSWORD, "here")).token
    for _ in range(3):
        clock.turn(hours=11, minutes=59)
        assert (await accounts.principal(token)).username == "admin"
    clock.turn(hours=12)
    with pytest.raises(NotLoggedIn):
        await accounts.principal(token)


async def test_logout_ends_the_session_and_no_other(accounts: Accounts) -> None:
    one, two = [(await accounts.login("admin", PASSWORD, "here")).token for _ in range(2)]
    await accounts.logout(one)
    await accounts.logout(one)
    with pytest.raises(NotLoggedIn):
        await accounts.principal(one)
    assert (await accounts.principal(two)).username == "admin"


async def test_changing_the_password_ends_the_other_sessions(accounts: Accounts) -> None:
    user, first = await accounts.create("admin", "Li.Na", [Role.AGENT, Role.AGENT])
    assert (user.username, user.roles, user.must_change_password) == (
        "li.na",
        frozenset({Role.AGENT}),
        True,
    )
    one, two = [(await accounts.login("li.na", first, "here")).token for _ in range(2)]
    await accounts.change_password(one, first, "北京市民热线一二三四五", "here")
    assert (await accounts.principal(one)).must_change_password is False
    with pytest.raises(NotLoggedIn):
        await accounts.principal(two)
    with pytest.raises(WrongCredentials):
        await accounts.login("li.na", first, "here")
    await accounts.login("LI.NA", "北京市民热线一二三四五", "here")


@pytest.mark.parametrize("new", ["123456789", PASSWORD, "x" * 201])
async def test_a_weak_password_is_refused(accounts: Accounts, new: str) -> None:
    token = (await accounts.login("admin", PASSWORD, "here")).token
    with pytest.raises(WeakPassword):
        await accounts.change_password(token, PASSWORD, new, "here")
    await accounts.login("admin", PASSWORD, "here")


async def test_the_password_may_not_be_the_name(accounts: Accounts) -> None:
    _, first = await accounts.create("admin", "long.username", [])
    token = (await accounts.login("long.username", first, "here")).token
    with pytest.raises(WeakPassword):
        await accounts.change_password(token, first, "Long.Username", "here")


async def test_the_old_password_cannot_be_guessed_from_a_session(accounts: Accounts) -> None:
    token = (await accounts.login("admin", PASSWORD, "here")).token
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await accounts.change_password(token, "wrong", "a new long one", "here")
    with pytest.raises(TooManyAttempts):
        await accounts.change_password(token, PASSWORD, "a new long one", "here")


async def test_names(accounts: Accounts) -> None:
    await accounts.create("admin", "王小明", [])
    for taken in ("王小明", " ADMIN"):
        with pytest.raises(UserExists):
            await accounts.create("admin", taken, [])
    for bad in ("", "-x", "a b", "a\nb", "x" * 65, "Operator", "\0"):
        with pytest.raises(BadUsername):
            await accounts.create("admin", bad, [])
    assert [user.username for user in await accounts.list()] == ["admin", "王小明"]


async def test_a_disabled_user_is_out_at_once(accounts: Accounts) -> None:
    _, first = await accounts.create("admin", "li", [Role.AGENT])
    token = (await accounts.login("li", first, "here")).token
    await accounts.update("admin", "li", disabled=True)
    with pytest.raises(NotLoggedIn):
        await accounts.principal(token)
    with pytest.raises(WrongCredentials):
        await accounts.login("li", first, "here")
    await accounts.update("admin", "li", disabled=False)
    with pytest.raises(NotLoggedIn):
        await accounts.principal(token)
    await accounts.login("li", first, "here")


async def test_other_roles_count_at_once(accounts: Accounts) -> None:
    _, first = await accounts.create("admin", "li", [Role.AGENT])
    token = (await accounts.login("li", first, "here")).token
    await accounts.update("admin", "li", roles=[Role.MANAGER, Role.LAWYER])
    assert (await accounts.principal(token)).roles == {Role.MANAGER, Role.LAWYER}


async def test_a_reset_password_ends_the_sessions(accounts: Accounts) -> None:
    token = (await accounts.login("admin", PASSWORD, "here")).token
    first = await accounts.reset_password("operator", "admin")
    with pytest.raises(NotLoggedIn):
        await accounts.principal(token)
    assert (await accounts.login("admin", first, "here")).principal.must_change_password
    with pytest.raises(UserNotFound):
        await accounts.reset_password("operator", "nobody")


async def test_the_last_administrator_stays(accounts: Accounts) -> None:
    for change in ({"roles": [Role.AGENT]}, {"disabled": True}):
        with pytest.raises(LastAdministrator):
            await accounts.update("admin", "admin", **change)  # type: ignore[arg-type]
    await accounts.create("admin", "second", [Role.ADMIN])
    await accounts.update("second", "admin", disabled=True)
    with pytest.raises(LastAdministrator):
        await accounts.update("second", "second", disabled=True)


async def test_two_administrators_cannot_disable_each_other_at_once(accounts: Accounts) -> None:
    await accounts.create("admin", "second", [Role.ADMIN])
    results = await asyncio.gather(
        accounts.update("admin", "second", disabled=True),
        accounts.update("second", "admin", disabled=True),
        return_exceptions=True,
    )
    assert sum(isinstance(result, LastAdministrator) for result in results) == 1


async def test_the_audit_log_says_who_did_what(accounts: Accounts, database: Database) -> None:
    _, first = await accounts.create("admin", "li", [Role.AGENT])
    token = (await accounts.login("li", first, "here")).token
    await accounts.change_password(token, first, PASSWORD, "here")
    await accounts.update("admin", "li", roles=[])
    await accounts.logout(token)
    assert await actions(database) == [
        ("operator", "user.add", "admin"),
        ("admin", "user.add", "li"),
        ("li", "session.open", "li"),
        ("li", "user.password", "li"),
        ("admin", "user.change", "li"),
        ("li", "session.close", "li"),
    ]


# The limit on guessing


@pytest.fixture
async def redis(redis_server: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_server)
    await client.flushall()
    yield client
    await client.aclose()


Make = Callable[[Clock], MemoryAttempts | RedisAttempts]


@pytest.fixture(params=["memory", "redis", "redis away"])
async def make(request: pytest.FixtureRequest, redis: Redis, tmp_path: Path) -> AsyncIterator[Make]:
    away = Redis.from_url(f"unix://{tmp_path / 'nothing'}")
    yield {
        "memory": lambda clock: MemoryAttempts(clock=clock.seconds),
        "redis": lambda clock: RedisAttempts(redis, clock=clock.seconds),
        "redis away": lambda clock: RedisAttempts(away, clock=clock.seconds),
    }[request.param]
    await away.aclose()


async def test_five_attempts_then_wait(make: Make, clock: Clock) -> None:
    attempts = make(clock)
    for _ in range(5):
        assert await attempts.take("li") is None
        clock.turn(seconds=10)
    assert await attempts.take("li") == 250
    assert await attempts.take("wang") is None
    clock.turn(seconds=249)
    assert await attempts.take("li") == 1
    clock.turn(seconds=1)
    assert await attempts.take("li") is None
    assert await attempts.take("li") == 10


async def test_many_at_once_do_not_slip_through(make: Make, clock: Clock) -> None:
    attempts = make(clock)
    heard = await asyncio.gather(*(attempts.take("li") for _ in range(30)))
    assert heard.count(None) == 5


async def test_a_success_starts_anew(make: Make, clock: Clock) -> None:
    attempts = make(clock)
    for _ in range(5):
        await attempts.take("li")
    await attempts.forget("li")
    assert await attempts.take("li") is None


async def test_redis_forgets_by_itself_and_counts_for_all_processes(
    redis: Redis, clock: Clock
) -> None:
    for _ in range(5):
        await RedisAttempts(redis, clock=clock.seconds).take("li")
    assert await RedisAttempts(redis, clock=clock.seconds).take("li") == 300
    (key,) = await redis.keys("*")
    assert 0 < await redis.ttl(key) <= 300


async def test_memory_is_bounded(clock: Clock) -> None:
    attempts = MemoryAttempts(clock=clock.seconds)
    for number in range(10_050):
        await attempts.take(str(number))
    assert len(attempts._taken) == 10_000


async def test_login_is_limited_for_each_name_and_address(accounts: Accounts, clock: Clock) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            await accounts.login("admin", "wrong", "1.1.1.1")
    with pytest.raises(TooManyAttempts) as caught:
        await accounts.login("ADMIN", PASSWORD, "1.1.1.1")
    assert caught.value.retry_after == 300
    await accounts.login("admin", PASSWORD, "2.2.2.2")
    clock.turn(minutes=5)
    for _ in range(6):
        await accounts.login("admin", PASSWORD, "1.1.1.1")
