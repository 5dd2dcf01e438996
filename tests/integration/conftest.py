"""Real databases and a real Redis for the integration tests.

``HOTLINE_TEST_DATABASES`` (``sqlite``, ``postgresql`` or both with a comma) says which databases
to use; without it, both. PostgreSQL and Redis are this machine's, or fetched as for the product.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
    """Where databases can be made: a server's folder, or one for files."""

    folder: Path
    server: bool

    async def make(self, name: str, like: str | None = None) -> str:
        """Make an empty database, or a copy; gives its address."""
        if not self.server:
            file = self.folder / f"{name}.sqlite3"
            if like is not None:
                shutil.copy(self.folder / f"{like}.sqlite3", file)
            return f"sqlite+aiosqlite:///{file}"
        async with self._admin() as admin:
            files = " STRATEGY FILE_COPY" if admin.get_server_version().major >= 15 else ""
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {like or 'template1'}{files}")
        return f"postgresql+asyncpg://hotline@/{name}?host={self.folder}"

    async def drop(self, name: str) -> None:
        """Take a database away: hundreds of them fill a disk."""
        if not self.server:
            for file in self.folder.glob(f"{name}.sqlite3*"):
                file.unlink()
            return
        async with self._admin() as admin:
            await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[asyncpg.Connection]:
        folder = str(self.folder)
        admin = await asyncpg.connect(host=folder, user="hotline", database="postgres")
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
    name = f"test{next(_names)}"
    yield await place.make(name, like=with_tables)
    await place.drop(name)


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
