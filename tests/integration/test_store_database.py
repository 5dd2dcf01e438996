"""Migrations and units of work on real databases."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
import threading
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.schema import SchemaItem

from tests.integration.samples import ARRIVED
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.store import (  # noqa: F401 - their tables
    assist_tables,
    audit,
    ban_tables,
    callback_tables,
    inbox_tables,
    nuisance_tables,
    order_tables,
    outward_tables,
    probe_tables,
    reference_tables,
    shift_tables,
    skills,
    surges,
    transcript_tables,
)
from ticketing.store import database as database_module
from ticketing.store.database import Database
from ticketing.store.tables import AUDIT, METADATA, POSITIONS, SESSIONS


async def test_the_migrations_make_the_tables_the_code_expects(database: Database) -> None:
    def described(item: SchemaItem, name: str | None, kind: str, *_: object) -> bool:
        """All but the indexes of words, which are another kind of table on each database."""
        table = name if kind == "table" else getattr(getattr(item, "table", None), "name", "")
        return not str(table).startswith(("order_search", "article_search", "transcript_search"))

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"include_object": described})
        return list(compare_metadata(context, METADATA))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: Database) -> None:
    async with database.session() as session:
        await audit.note(session, ARRIVED, "operator", "test", "x")
    await database.migrate()
    async with database.reading() as session:
        assert len(await audit.latest(session)) == 1


_MIGRATE = """
import asyncio, sys
from ticketing.store.database import Database

async def main():
    database = Database(sys.argv[1])
    sys.stdin.read(1)
    await database.migrate()
    await database.close()

asyncio.run(main())
"""


async def test_several_processes_may_migrate_at_once(empty_database: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error",
            "-c",
            _MIGRATE,
            empty_database,
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(4)
    ]
    done = await asyncio.gather(*(process.communicate(b"g") for process in processes))
    for process, (_, complaint) in zip(processes, done, strict=True):
        assert process.returncode == 0, complaint.decode()
    database = Database(empty_database)
    async with database.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        versions = (await connection.execute(text("SELECT * FROM alembic_version"))).all()
    await database.close()
    assert set(METADATA.tables) < set(tables)
    assert len(versions) == 1


async def test_a_unit_of_work_is_whole_or_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.session() as session:
            await audit.note(session, ARRIVED, "a", "b", "c")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        await fail()
    async with database.session() as session:
        await audit.note(session, ARRIVED, "a", "kept", "c", 汉="字")
    async with database.reading() as session:
        (entry,) = await audit.latest(session)
    assert (entry.action, entry.detail, entry.at) == ("kept", {"汉": "字"}, ARRIVED)


async def test_a_reader_keeps_nothing(database: Database) -> None:
    async with database.reading() as session:
        await audit.note(session, ARRIVED, "a", "b", "c")
    async with database.reading() as session:
        assert await audit.latest(session) == ()


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.session() as session:
            await session.execute(
                insert(SESSIONS).values(
                    token_sha256="0",
                    user_id=7,
                    created_at=ARRIVED,
                    expires_at=ARRIVED,
                    last_seen=ARRIVED,
                )
            )


async def test_a_moment_without_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(StatementError, match="without a time zone"):
        async with database.session() as session:
            await audit.note(session, naive, "a", "b", "c")


async def test_writers_at_once_lose_no_update(database: Database) -> None:
    """Read, then write, from many tasks: on SQLite no one fails with "database is locked"."""

    async def work(number: int) -> None:
        async with database.session() as session:
            await session.execute(select(func.count()).select_from(AUDIT))
            await audit.note(session, ARRIVED, str(number), "b", "c")

    await asyncio.gather(*(work(number) for number in range(40)))
    async with database.reading() as session:
        assert len(await audit.latest(session)) == 40


async def test_readers_go_on_while_a_writer_holds_the_lock(database: Database) -> None:
    async with database.session() as session:
        await audit.note(session, ARRIVED, "a", "b", "c")
        async with asyncio.timeout(2), database.reading() as reader:
            assert await audit.latest(reader) == ()
        await database.ping()


async def test_a_locked_sqlite_is_told_in_time_and_works_again_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_MS", 100)
    file = tmp_path / "x.sqlite3"
    database = Database(f"sqlite+aiosqlite:///{file}")
    await database.migrate()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(20):  # more often than the pool has connections: none is lost
            with pytest.raises(DatabaseUnavailable, match="OperationalError"):
                await note(database)
        async with database.reading() as session:
            assert await audit.latest(session) == ()
        other.execute("ROLLBACK")
    await note(database)
    await database.close()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
async def test_a_broken_connection_is_told_and_the_next_unit_of_work_has_another(
    database: Database,
) -> None:
    async def cut_off_in_the_middle() -> None:
        async with database.session() as session:
            await audit.note(session, ARRIVED, "a", "lost", "c")
            own = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            async with database.reading() as other:
                await other.execute(text("SELECT pg_terminate_backend(:own)"), {"own": own})
            await audit.note(session, ARRIVED, "a", "lost", "c")

    with pytest.raises(DatabaseUnavailable):
        await cut_off_in_the_middle()
    await note(database)
    async with database.reading() as session:
        assert [entry.action for entry in await audit.latest(session)] == ["kept"]


def test_sqlite_without_a_file_is_refused() -> None:
    for url in ("sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"):
        with pytest.raises(ValueError, match="file"):
            Database(url)


async def note(database: Database) -> None:
    async with database.session() as session:
        await audit.note(session, ARRIVED, "a", "kept", "c")


async def test_ping_tells_when_the_database_is_away(tmp_path: Path) -> None:
    for url in (
        f"sqlite+aiosqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'x'}",
        f"postgresql+asyncpg://nobody@/x?host={tmp_path}",
    ):
        database = Database(url)
        with pytest.raises(DatabaseUnavailable):
            await database.ping()
        await database.close()
    # The driver's thread tells the loop of its end; let it, before the loop is closed.
    for thread in threading.enumerate():
        if "connection_worker" in thread.name:
            await asyncio.to_thread(thread.join, 5)


async def test_the_sqlite_file_is_private_and_in_wal_mode(tmp_path: Path) -> None:
    file = tmp_path / "new folder" / "hotline 50%.sqlite3"
    database = Database(f"sqlite+aiosqlite:///{file}")
    await database.migrate()
    async with database.session() as session:
        await session.execute(select(POSITIONS))
        mode = (await session.execute(text("PRAGMA journal_mode"))).scalar_one()
        files = list(file.parent.iterdir())
    await database.close()
    assert mode == "wal"
    assert len(files) == 3
    assert {stat.S_IMODE(each.stat().st_mode) for each in [file, *file.parent.iterdir()]} == {0o600}
