"""Real databases and a real Redis for the integration tests.

``HOTLINE_TEST_DATABASES`` (``sqlite``, ``postgresql`` or both with a comma) says which databases
to use; without it, both. PostgreSQL and Redis are this machine's, or fetched as for the product.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from ivr import toolbox
from ivr.progress import Progress
from ivr.settings import default_cache
from tests.integration.api_world import World
from ticketing.store.database import Database

CACHE = Path(os.environ.get("HOTLINE_CACHE") or default_cache(os.environ))
_names = count(1)


def databases() -> list[str]:
    """The databases to test on."""
    chosen = os.environ.get("HOTLINE_TEST_DATABASES") or "sqlite,postgresql"
    return [name.strip() for name in chosen.split(",")]


def start(command: tuple[str, ...], folder: Path, ready: str) -> subprocess.Popen[str]:
    """Start a server in ``folder`` and wait until it says that it is ready."""
    server = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
    )
    assert server.stdout is not None
    said = []
    for line in server.stdout:
        said.append(line)
        if ready in line:
            return server
    server.communicate()
    raise AssertionError(f"{command[0]} did not start: {''.join(said)}")


def stop(server: subprocess.Popen[str], folder: Path) -> None:
    """Stop a server, without letting it save anything, and remove its folder."""
    server.send_signal(signal.SIGQUIT)
    server.communicate(timeout=20)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Path]:
    """A PostgreSQL of our own on a Unix socket; gives the socket's folder."""
    programs = toolbox.postgres(CACHE, Progress(None))
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
    programs.give(folder)
    options = ("-U", "hotline", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    subprocess.run(
        programs.argv("initdb", "-D", folder / "data", *options),
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    server = start(
        programs.argv("postgres", "-D", folder / "data", "-k", folder, "-h", "", "-F"),
        folder,
        "ready to accept connections",
    )
    yield folder
    stop(server, folder)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A Redis of our own; gives its address."""
    program = toolbox.redis_server(CACHE, Progress(None))
    folder = Path(tempfile.mkdtemp(prefix="hotline-redis-"))
    options = ("--port", "0", "--save", "", "--unixsocket", str(folder / "s"))
    server = start((*program.argv, *options), folder, "eady to accept connections")
    yield f"unix://{folder / 's'}"
    stop(server, folder)


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
        admin = await asyncpg.connect(host=str(self.folder), user="hotline", database="postgres")
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {like or 'template1'}")
        await admin.close()
        return f"postgresql+asyncpg://hotline@/{name}?host={self.folder}"


@pytest.fixture(scope="session", params=databases())
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Each kind of database in turn; what uses it runs once for each."""
    if request.param == "sqlite":
        return Place(tmp_path_factory.mktemp("databases"), server=False)
    return Place(request.getfixturevalue("postgresql_server"), server=True)


@pytest.fixture(scope="session")
def with_tables(place: Place) -> str:
    """The name of a database with its tables, to make copies of."""

    async def make() -> None:
        database = Database(await place.make("pattern"))
        await database.migrate()
        await database.close()

    asyncio.run(make())
    return "pattern"


@pytest.fixture
async def empty_database(place: Place) -> str:
    """The address of a database without tables."""
    return await place.make(f"empty{next(_names)}")


@pytest.fixture
async def database_url(place: Place, with_tables: str) -> str:
    """The address of a database with its tables."""
    return await place.make(f"test{next(_names)}", like=with_tables)


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
