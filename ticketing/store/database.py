"""The database: connections, units of work, migrations. SQLite and PostgreSQL.

SQLite runs in WAL mode with ``synchronous=FULL``: a commit is on the disk when it returns, so
neither a killed process nor a power cut loses it. That costs one fsync a commit, which is cheap
here because calls are saved in batches.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from asyncpg import PostgresError
from sqlalchemy import Connection, Table, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from ticketing.domain.errors import DatabaseUnavailable

_BUSY_MS = 5000
_MIGRATION_TRIES = 12
_MIGRATION_LOCK = 12345_2019  # any number; the same in every process


class Database:
    """One database and its pool of connections; nothing is opened before the first use.

    Args:
        url: SQLAlchemy address, ``sqlite+aiosqlite:///FILE`` or ``postgresql+asyncpg://…``.

    Raises:
        ValueError: SQLite without a file; in memory, all units of work would share one connection.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self.sqlite = self._url.get_backend_name() == "sqlite"
        if self.sqlite and self._url.database in {None, "", ":memory:"}:
            raise ValueError("SQLite needs a file: sqlite+aiosqlite:///FILE")
        # Parameters are personal data; they stay out of the texts of errors.
        if self.sqlite:
            self.engine = create_async_engine(
                self._url,
                hide_parameters=True,
                pool_timeout=5,
                connect_args={"isolation_level": None},
            )
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        else:
            self.engine = create_async_engine(
                self._url,
                hide_parameters=True,
                pool_pre_ping=True,
                pool_timeout=5,
                connect_args={"timeout": 5, "command_timeout": 30},
            )
        self._writer: AsyncEngine = self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        self._writing = async_sessionmaker(self._writer, expire_on_commit=False)
        self._reading = async_sessionmaker(self.engine, expire_on_commit=False)
        self._one_writer = asyncio.Lock()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A unit of work: committed when the block ends, rolled back when it raises.

        On SQLite the write lock is taken at the first statement (at most 5 s of waiting), so
        what was read cannot go stale before it is written.

        Raises:
            DatabaseUnavailable: the database is locked or away. The unit was not done; only when
                the connection broke in the commit itself it may have been.
        """
        with _typed_errors():
            async with self._turn(), self._writing.begin() as session:
                yield session

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """SQLite has one writer at a time and no queue for it: within this process we are fair."""
        if not self.sqlite:
            yield
            return
        async with asyncio.timeout(_BUSY_MS / 1000):
            await self._one_writer.acquire()
        try:
            yield
        finally:
            self._one_writer.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A view for reading; it never waits for a writer, and changes are not kept.

        Raises:
            DatabaseUnavailable: the database is away.
        """
        with _typed_errors():
            async with self._reading() as session:
                yield session

    async def migrate(self) -> None:
        """Bring the tables up to date. Safe when two processes start at once.

        Raises:
            DatabaseUnavailable: locked for about a minute, or away.
        """
        with _typed_errors():
            await self._migrate()

    async def _migrate(self) -> None:
        if not self.sqlite:
            async with self._writer.begin() as connection:
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK}
                )
                await connection.run_sync(_upgrade)
            return
        self._create_private_file()
        for attempt in range(_MIGRATION_TRIES):
            try:
                await self._use_wal()
                async with self._writer.begin() as connection:
                    await connection.run_sync(_upgrade)
            except OperationalError as error:
                if "locked" not in str(error) or attempt == _MIGRATION_TRIES - 1:
                    raise
                await asyncio.sleep(0.1)
            else:
                return

    async def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            DatabaseUnavailable: it gives none.
        """
        with _typed_errors():
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()

    def _create_private_file(self) -> None:
        """SQLite's other files take over the mode of the first."""
        file = Path(str(self._url.database))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=True)

    async def _use_wal(self) -> None:
        async with self.engine.execution_options(sqlite_begin=None).connect() as connection:
            mode = (await connection.execute(text("PRAGMA journal_mode"))).scalar_one()
            if mode != "wal":
                await connection.execute(text("PRAGMA journal_mode=WAL"))


@contextmanager
def _typed_errors() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout, PostgresError, OSError) as error:
        if isinstance(error, DBAPIError) and not (
            isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
        ):
            raise
        name = type(error.orig if isinstance(error, DBAPIError) else error).__name__
        raise DatabaseUnavailable(f"the database is locked or away ({name})") from error


def upsert(session: AsyncSession, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT into ``table`` that knows ``ON CONFLICT``, in the session's own dialect."""
    return insert_into(dialect_of(session), table)


def dialect_of(session: AsyncSession) -> str:
    """``sqlite`` or ``postgresql``."""
    return session.get_bind().dialect.name


def insert_into(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT into ``table`` that knows ``ON CONFLICT``, as ``dialect`` writes it."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={_BUSY_MS}", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    statement = connection.get_execution_options().get("sqlite_begin", "BEGIN")
    if statement is not None:
        connection.exec_driver_sql(statement)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # it takes long to come, and only a start needs it
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "ticketing.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
