"""The chained history of the orders, and the outbox, on real databases."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import date, datetime, timedelta
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from sqlalchemy import delete, insert, select, text, update

from tests.integration.order_desk import (
    START,
    Desk,
)
from ticketing.domain import actions as do
from ticketing.domain.plain import from_plain, to_plain
from ticketing.domain.work_order import Event, Moments, State
from ticketing.store import history, outbox
from ticketing.store.database import Database
from ticketing.store.order_tables import CHAIN_HEAD, ORDER_EVENTS, OUTBOX


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await Desk(database).open()


# --- history --------------------------------------------------------------------------------------

FULL = do.AskExemption(
    start=START, end=START + timedelta(microseconds=1), why='"\\\n\t\0𠮷😀', evidence="照片"
)


async def test_every_command_comes_back_as_it_was_written(database: Database) -> None:
    commands = [FULL, *(example(kind) for kind in history.COMMANDS.values())]
    moments = Moments(
        sign_by=START, return_by=START, return_by_site_check=START, extension_by=START, due=START
    )
    events = [
        Event(
            order="26030300001",
            seq=seq,
            at=START + timedelta(microseconds=seq),
            who='王 "芳"\'',
            unit="city",
            to=State.HANDLING,
            command=command,
            moments=moments if seq % 2 else None,
            pack="yanji-2019" if seq % 3 else None,
        )
        for seq, command in enumerate(commands, 1)
    ]
    async with database.session() as session:
        await history.append(session, events)
    async with database.reading() as session:
        assert list(await history.read(session, "26030300001")) == events
        assert await history.verify(session) == (len(events), None)


def example(kind: type) -> do.Command:
    """A command with every field filled."""
    command: do.Command = from_plain(kind, sample(kind))
    assert from_plain(kind, to_plain(command)) == command
    return command


def sample(hint: Any) -> Any:
    """A plain value of the kind that ``hint`` asks for."""
    if dataclasses.is_dataclass(hint):
        return {name: sample(of) for name, of in get_type_hints(hint).items() if name != "action"}
    kind: Any = get_origin(hint) or hint
    if kind is UnionType:
        return sample(get_args(hint)[0])
    if issubclass(kind, Enum):
        return list(kind)[-1].value
    return {
        str: "文 \\ '字",
        int: 3,
        bool: True,
        tuple: ["city.a", "b"],
        date: START.date().isoformat(),
        datetime: START.isoformat(),
    }[kind]


async def written(desk: Desk) -> None:
    """A history of six rows."""
    for content in ("路灯不亮", "井盖丢失"):
        await desk.dispatched(content=content)
    async with desk.database.reading() as session:
        assert await history.verify(session) == (6, None)


E = ORDER_EVENTS
NEW_ROW = {
    "id": 7,
    "number": "26030300001",
    "seq": 4,
    "at": START,
    "who": "x",
    "unit": "city",
    "action": "sign",
    "state": "signed",
    "body": '{"command":{}}',
    "hash": "0" * 64,
}
TAMPERED = {
    "a text": (update(E).where(E.c.id == 3).values(body=E.c.body + " "), 3, "changed"),
    "who": (update(E).where(E.c.id == 1).values(who="别人"), 1, "changed"),
    "when": (update(E).where(E.c.id == 6).values(at=START), 6, "changed"),
    "the place": (update(E).where(E.c.id == 2).values(seq=9), 2, "changed"),
    "the hash": (update(E).where(E.c.id == 4).values(hash="0" * 64), 4, "changed"),
    "the last hash": (update(E).where(E.c.id == 6).values(hash="0" * 64), 6, "changed"),
    "one taken out": (delete(E).where(E.c.id == 4), 4, "missing before"),
    "the first taken out": (delete(E).where(E.c.id == 1), 1, "missing before"),
    "the last taken out": (delete(E).where(E.c.id == 6), 6, "missing at the end"),
    "all taken out": (delete(E), 1, "missing at the end"),
    "one put behind": (insert(E).values(NEW_ROW), 7, "changed"),
    "one put before": (insert(E).values({**NEW_ROW, "id": 0}), 0, "before the first"),
    "one put far before": (insert(E).values({**NEW_ROW, "id": -5}), -5, "before the first"),
    "the head": (update(CHAIN_HEAD).values(hash="0" * 64), 7, "missing at the end"),
    "no head": (delete(CHAIN_HEAD), 7, "missing at the end"),
}


@pytest.mark.parametrize("name", TAMPERED)
async def test_what_was_changed_afterwards_is_found(
    desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_PAGE", 4)
    await written(desk)
    statement, place, why = TAMPERED[name]
    async with desk.database.session() as session:
        await session.execute(statement)
    async with desk.database.reading() as session:
        held, broken = await history.verify(session)
    assert broken is not None
    assert (held, broken.id) == (max(0, place - 1), place)
    assert why in broken.why


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@pytest.mark.parametrize("change", ["at = 'gone'", "at = 5", "body = x'ff00'", "seq = 'x'"])
async def test_a_row_that_cannot_even_be_read_is_found(desk: Desk, change: str) -> None:
    await written(desk)
    async with desk.database.session() as session:
        await session.execute(text(f"UPDATE order_events SET {change} WHERE id = 5"))  # noqa: S608
    async with desk.database.reading() as session:
        held, broken = await history.verify(session)
    assert broken is not None
    assert (held, broken.id) == (4, 5)


async def test_many_writers_make_one_chain_and_may_be_watched(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_PAGE", 7)

    writers = 3 if desk.database.sqlite else 8
    seen: list[int] = []

    async def write(n: int) -> None:
        for _ in range(40 // writers):
            await desk.receive(f"第 {n} 人")

    async def watch() -> None:
        for _ in range(10):
            async with desk.database.reading() as session:
                held, broken = await history.verify(session)
            assert broken is None
            seen.append(held)

    await asyncio.gather(watch(), *(write(n) for n in range(writers)))
    rows = 40 // writers * writers
    assert seen == sorted(seen)
    told: list[tuple[int, int]] = []
    async with desk.database.reading() as session:
        assert await history.verify(session, lambda *far: told.append(far)) == (rows, None)
        ids = (await session.execute(select(E.c.id).order_by(E.c.id))).scalars().all()
        assert (await history.head(session))[0] == rows
    assert list(ids) == list(range(1, rows + 1))
    assert told[0] == (7, rows)
    assert told[-1] == (rows, rows)


# --- the outbox -----------------------------------------------------------------------------------


async def take(database: Database, after: timedelta, limit: int = 20) -> list[str]:
    async with database.session() as session:
        items = await outbox.claim(session, START + after, limit, lease=timedelta(minutes=2))
    return [item.id for item in items]


async def test_two_workers_never_take_the_same(desk: Desk) -> None:
    for _ in range(10):
        await desk.dispatched()
    hour = timedelta(hours=1)

    async def work() -> list[str]:
        taken: list[str] = []
        while some := await take(desk.database, hour, 3):
            taken += some
        return taken

    shares = await asyncio.gather(*(work() for _ in range(4)))
    taken = [name for share in shares for name in share]
    assert len(taken) == len(set(taken)) == 10 * 3
    assert await take(desk.database, hour) == []


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
async def test_a_worker_does_not_wait_for_another(desk: Desk) -> None:
    await desk.dispatched()
    async with desk.database.session() as session:
        first = await outbox.claim(session, START + timedelta(hours=1), 1)
        async with asyncio.timeout(5):
            rest = await take(desk.database, timedelta(hours=1))
    assert len(rest) == 2
    assert first[0].id not in rest


async def test_what_was_taken_and_not_done_comes_again(desk: Desk) -> None:
    await desk.dispatched()
    hour, minute = timedelta(hours=1), timedelta(minutes=1)
    first = await take(desk.database, hour)
    assert first == sorted(first)
    async with desk.database.session() as session:
        await outbox.done(session, first[0], START + hour)
        await outbox.later(session, first[1], START + hour + 5 * minute, "busy")
    assert await take(desk.database, hour + minute) == []
    assert await take(desk.database, hour + 2 * minute) == first[2:]
    async with desk.database.session() as session:
        again = await outbox.claim(session, START + hour + 5 * minute)
    assert {item.id: item.attempts for item in again} == {first[1]: 1, first[2]: 2}
    async with desk.database.session() as session:
        for name in first[1:]:
            await outbox.later(session, name, None, "given up")
    assert await take(desk.database, 100 * hour) == []
    async with desk.database.reading() as session:
        rows = (await session.execute(select(OUTBOX).order_by(OUTBOX.c.id))).all()
    assert [(row.failed, row.done_at is None) for row in rows] == [
        (None, False),
        ("given up", True),
        ("given up", True),
    ]


async def test_what_another_worker_has_done_stays_done(desk: Desk) -> None:
    await desk.receive()
    (name,) = await take(desk.database, timedelta(hours=1))
    async with desk.database.session() as session:
        await outbox.done(session, name, START)
        await outbox.later(session, name, START, "slow, its lease had run out")
    assert await take(desk.database, timedelta(hours=9)) == []


async def test_nothing_is_taken_before_its_time(desk: Desk) -> None:
    order = await desk.receive()
    assert await take(desk.database, timedelta(seconds=0)) == []
    async with desk.database.session() as session:
        (item,) = await outbox.claim(session, order.received_at)
    assert (item.number, item.kind, item.what) == (order.number, "tell_citizen", "received")
    assert (item.created_at, item.attempts) == (order.received_at, 0)


async def test_a_claim_of_what_there_is_not_is_empty(database: Database) -> None:
    assert await take(database, timedelta(days=1)) == []
