"""Real databases and a real Redis for the integration tests.

``HOTLINE_TEST_DATABASES`` (``sqlite``, ``postgresql`` or both with a comma) says which databases
to use; without it, both. PostgreSQL and Redis are this machine's, or fetched as for the product.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from tests.integration.api_world import World
from tests.servers import PostgresServer, RedisServer
from ticketing.store.database import Database

_names = count(1)


def databases() -> list[str]:
    """The databases to test on."""
    chosen = os.environ.get("HOTLINE_TEST_DATABASES") or "sqlite,postgresql"
    return [name.strip() for name in chosen.split(",")]


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Path]:
    """A PostgreSQL of our own on a Unix socket; gives the socket's folder."""
    server = PostgresServer()
    server.start()
    yield server.folder
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A Redis of our own; gives its address."""
    server = RedisServer()
    server.start()
    yield f"unix://{server.folder / 's'}"
    server.stop()


@dataclass(frozen=True)
class Place:
    """Where databases can be made: a server's folder, or one for files.

    Attributes:
        given_back: names of copies that are as new, of each that they are made of.
        contents: of the databases that copies are made of, for each table.
    """

    folder: Path
    server: bool
    given_back: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    contents: dict[str, dict[str, str | None]] = field(default_factory=dict)

    def address(self, name: str) -> str:
        """Where a database is."""
        if self.server:
            return f"postgresql+asyncpg://hotline@/{name}?host={self.folder}"
        return f"sqlite+aiosqlite:///{self.folder / name}.sqlite3"

    async def make(self, name: str, like: str | None = None) -> str:
        """Make an empty database, or a copy; gives its address."""
        if not self.server:
            if like is not None:
                files = (self.folder / f"{each}.sqlite3" for each in (like, name))
                shutil.copy(*files)
            return self.address(name)
        async with self._admin() as admin:
            files = " STRATEGY FILE_COPY" if admin.get_server_version().major >= 15 else ""
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {like or 'template1'}{files}")
        return self.address(name)

    async def lend(self, like: str) -> str:
        """The name of a copy, of a server's one that was given back and is as new again."""
        if self.given_back[like]:
            return self.given_back[like].pop()
        name = f"test{next(_names)}"
        await self.make(name, like)
        return name

    async def give_back(self, name: str, like: str) -> None:
        """Empty a copy for the next test: on a server that costs a tenth of making another."""
        if not self.server:
            await self.drop(name)
            return
        if like not in self.contents:
            self.contents[like] = await self._contents(like)
        try:
            await self._reset(name, self.contents[like])
        except asyncpg.PostgresError:  # a test has changed its tables
            await self.drop(name)
        else:
            self.given_back[like].append(name)

    async def _contents(self, name: str) -> dict[str, str | None]:
        """The rows of each table, as JSON; None where there are none."""
        async with self._admin(name) as admin:
            tables = await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")
            return {
                table: await admin.fetchval(f"SELECT json_agg(t) FROM {table} t")  # noqa: S608
                for (table,) in tables
            }

    async def _reset(self, name: str, contents: dict[str, str | None]) -> None:
        async with self._admin(name) as admin:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await admin.execute("SET session_replication_role = replica")  # no trigger, no order
            await admin.execute(";".join(f"DELETE FROM {table}" for table in contents))  # noqa: S608
            for table, rows in contents.items():
                if rows is not None:
                    filled = f"json_populate_recordset(NULL::{table}, $1)"
                    await admin.execute(f"INSERT INTO {table} SELECT * FROM {filled}", rows)  # noqa: S608
            for (sequence,) in await admin.fetch("SELECT sequencename FROM pg_sequences"):
                await admin.execute(f"ALTER SEQUENCE {sequence} RESTART")

    async def drop(self, name: str) -> None:
        """Take a database away: hundreds of them fill a disk."""
        if not self.server:
            for file in self.folder.glob(f"{name}.sqlite3*"):
                file.unlink()
            return
        async with self._admin() as admin:
            await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @asynccontextmanager
    async def _admin(self, name: str = "postgres") -> AsyncIterator[asyncpg.Connection]:
        admin = await asyncpg.connect(host=str(self.folder), user="hotline", database=name)
        try:
            yield admin
        finally:
            await admin.close()


@pytest.fixture(scope="session", params=databases())
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Each kind of database in turn; what uses it runs once for each."""
    if request.param == "sqlite":
        return Place(tmp_path_factory.mktemp("databases"), server=False)
    return Place(request.getfixturevalue("postgresql_server"), server=True)


@pytest.fixture(scope="session")
def with_tables(place: Place) -> str:
    """The name of a database with its tables, to make copies of."""

    name = f"pattern{next(_names)}"

    async def make() -> None:
        database = Database(await place.make(name))
        await database.migrate()
        await database.close()

    asyncio.run(make())
    return name


@pytest.fixture
async def empty_database(place: Place) -> AsyncIterator[str]:
    """The address of a database without tables."""
    name = f"empty{next(_names)}"
    yield await place.make(name)
    await place.drop(name)


@pytest.fixture
async def database_url(place: Place, with_tables: str) -> AsyncIterator[str]:
    """The address of a database with its tables."""
    name = await place.lend(with_tables)
    yield place.address(name)
    await place.give_back(name, with_tables)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with its tables."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    """The API on a real port, over a real database."""
    world = World(database, tmp_path / "recordings")
    await world.open()
    yield world
    await world.close()
