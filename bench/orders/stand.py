"""The bench's databases: SQLite in a file, PostgreSQL in a server of its own; filled in bulk.

Rows go in by the drivers' fastest ways, but they are the product's own rows: what is written is
what `ticketing.store` would have written, and ``hotline audit verify`` holds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
from sqlalchemy import Table

from bench.orders.molds import Cast, Row
from tests.servers import PostgresServer
from ticketing.store.database import Database
from ticketing.store.history import _hash
from ticketing.store.order_tables import ORDER_EVENTS, ORDER_UNITS, WORK_ORDERS
from ticketing.store.search import vector

_CHUNK = 5000
_START = "0" * 64
Say = Callable[[str], None]


@asynccontextmanager
async def database(kind: str, folder: Path | None) -> AsyncIterator[tuple[Database, str]]:
    """An empty database of ``kind`` with its tables, and its plain address; gone afterwards."""
    if kind == "sqlite":
        with TemporaryDirectory(prefix="hotline-bench-", dir=folder) as place:
            file = str(Path(place) / "orders.sqlite3")
            yield await _migrated(f"sqlite+aiosqlite:///{file}"), file
        return
    server = PostgresServer()
    server.start()
    try:
        url = f"postgresql+asyncpg://hotline@/postgres?host={server.folder}"
        yield await _migrated(url), str(server.folder)
    finally:
        server.stop()


async def _migrated(url: str) -> Database:
    it = Database(url)
    await it.migrate()
    return it


async def fill(it: Database, plain: str, casts: Iterable[Cast], say: Say) -> tuple[int, int]:
    """Write ``casts``; returns how many orders and events there are."""
    if it.sqlite:
        return _fill_sqlite(plain, casts, say)
    return await _fill_postgres(plain, casts, say)


class _Chain:
    """Links events: the id and hash of the last one."""

    def __init__(self) -> None:
        self.last, self.head = 0, _START

    def link(self, rows: list[Row]) -> list[Row]:
        for row in rows:
            self.last += 1
            row["id"] = self.last
            row["hash"] = self.head = _hash(self.head, row)
        return rows


def _fill_sqlite(file: str, casts: Iterable[Cast], say: Say) -> tuple[int, int]:
    chain, orders = _Chain(), 0
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA cache_size=-400000")
        tables = ("work_orders", "order_units", "order_events")
        indexes = db.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            f" AND tbl_name IN {tables}"
        ).fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
        for some in _chunks(casts):
            db.execute("BEGIN")
            for table, rows in _rows(some, chain):
                names = [column.name for column in table.columns]
                marks = ", ".join("?" * len(names))
                db.executemany(
                    f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})",
                    [tuple(_sqlite(row[name]) for name in names) for row in rows],
                )
            db.executemany(
                "INSERT INTO order_search (rowid, grams) VALUES (?, ?)",
                [(int(one.order["number"]), one.grams) for one in some],
            )
            db.execute("COMMIT")
            orders += len(some)
            say(f"{orders} orders, {chain.last} events")
        for name, sql in indexes:
            db.execute(sql)
            say(f"index {name}")
        db.execute("INSERT INTO chain_head VALUES ('orders', ?, ?)", (chain.last, chain.head))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return orders, chain.last


async def _fill_postgres(folder: str, casts: Iterable[Cast], say: Say) -> tuple[int, int]:
    chain, orders = _Chain(), 0
    db = await asyncpg.connect(host=folder, user="hotline", database="postgres")
    await db.execute("SET maintenance_work_mem = '1GB'; SET synchronous_commit = off")
    indexes = await db.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS sql"
        " FROM pg_index WHERE NOT indisunique AND indrelid IN ('work_orders'::regclass,"
        " 'order_units'::regclass, 'order_events'::regclass, 'order_search'::regclass)"
    )
    for one in indexes:
        await db.execute(f"DROP INDEX {one['name']}")
    await db.execute("CREATE TEMP TABLE incoming (number bigint, grams text)")
    for some in _chunks(casts):
        async with db.transaction():
            for table, rows in _rows(some, chain):
                names = [column.name for column in table.columns]
                records = [tuple(row[name] for name in names) for row in rows]
                await db.copy_records_to_table(table.name, records=records, columns=names)
            found_by = [(int(one.order["number"]), vector(one.grams)) for one in some]
            await db.copy_records_to_table("incoming", records=found_by)
            await db.execute(
                "INSERT INTO order_search SELECT number, grams::tsvector FROM incoming;"
                "TRUNCATE incoming"
            )
        orders += len(some)
        say(f"{orders} orders, {chain.last} events")
    for one in indexes:
        await db.execute(one["sql"])
        say(f"index {one['name']}")
    await db.execute("INSERT INTO chain_head VALUES ('orders', $1, $2)", chain.last, chain.head)
    await db.execute("VACUUM ANALYZE")  # what autovacuum does in time
    await db.close()
    return orders, chain.last


def _rows(some: list[Cast], chain: _Chain) -> Iterator[tuple[Table, list[Row]]]:
    yield WORK_ORDERS, [one.order for one in some]
    yield ORDER_UNITS, [row for one in some for row in one.units]
    yield ORDER_EVENTS, chain.link([row for one in some for row in one.events])


def _sqlite(value: Any) -> Any:
    """As SQLAlchemy writes it."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return json.dumps(value) if isinstance(value, dict) else value


def _chunks(casts: Iterable[Cast]) -> Iterator[list[Cast]]:
    iterator = iter(casts)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
