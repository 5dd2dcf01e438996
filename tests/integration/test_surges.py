"""A notice announced in one step; callers join its order by a key and are told of its end (K3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.integration.order_desk import AGENT, DISPATCHER, HOUSING, START, Desk, way
from ticketing.domain.errors import GuardFailed, NoticeNotFound, OrderNotFound
from ticketing.domain.notices import Extent, Notice, NoticeKind, Scope
from ticketing.domain.roles import OPERATOR
from ticketing.domain.surges import Piece, Surge
from ticketing.domain.work_order import State
from ticketing.service.notices import Notices
from ticketing.service.surges import Surges
from ticketing.store import audit
from ticketing.store.database import Database

CALLER = "13800001111"


class Office:
    """A city with a notice of a burst pipe, and the order on it."""

    def __init__(self, database: Database) -> None:
        self.desk = Desk(database)
        self.notices = Notices(database, self.desk.now)
        self.surges = Surges(database, self.desk.orders, self.desk.now)

    async def open(self) -> Office:
        await self.desk.open()
        written = await self.notices.write(
            OPERATOR,
            Notice(
                id="",
                unit="city",
                kind=NoticeKind.EMERGENCY,
                start=START - timedelta(hours=1),
                end=START + timedelta(days=300),
                zh="解放路停水，预计 18 时恢复",
            ),
        )
        self.notice = written.id
        await self.notices.publish(OPERATOR, written.id)
        self.master = (await self.desk.dispatched(content="解放路水管爆裂")).number
        return self

    async def announced(self) -> Surge:
        await self.surges.announce(OPERATOR, self.notice, Piece.WATER, self.master)
        [surge] = await self.surges.standing()
        return surge


@pytest.fixture
async def office(database: Database) -> Office:
    return await Office(database).open()


async def test_it_stands_until_it_is_ended_or_the_notice_is(office: Office) -> None:
    surge = await office.announced()
    assert (surge.piece, surge.master, surge.joined) == (Piece.WATER, office.master, 0)
    await office.surges.announce(OPERATOR, office.notice, Piece.OTHER)
    [surge] = await office.surges.standing()
    assert (surge.piece, surge.master) == (Piece.OTHER, "")
    await office.surges.stop(OPERATOR, office.notice)
    await office.surges.stop(OPERATOR, office.notice)
    assert await office.surges.standing() == []
    await office.announced()
    await office.notices.end(OPERATOR, office.notice, "已恢复供水")
    assert await office.surges.standing() == []
    async with office.desk.database.reading() as session:
        deeds = [entry.action for entry in await audit.latest(session)]
    assert deeds.count("surge.stop") == 1


async def test_a_caller_joins_once_and_is_answered_when_the_master_is(office: Office) -> None:
    surge = await office.announced()
    number = await office.surges.join(surge, "hotline-1.0", CALLER, "ko", "12345")
    assert await office.surges.join(surge, "hotline-1.9", CALLER, "ko", "12345") == number
    other = await office.surges.join(surge, "hotline-1.5", "13800002222", "zh", "12345")
    [surge] = await office.surges.standing()
    assert surge.joined == 2
    order = (await office.desk.orders.open(AGENT, number)).order
    assert (order.state, order.master, order.source) == (State.FOLLOWING, office.master, CALLER)
    assert order.language == "ko"
    assert await office.surges.tell() == 0

    for who, step in way(HOUSING)[:4]:
        await office.desk.orders.act(who, office.master, step)
    assert await office.surges.tell() == 2
    assert await office.surges.tell() == 0
    for each in (number, other):
        opened = await office.desk.orders.open(DISPATCHER, each)
        assert opened.order.state is State.CALLBACK
        assert "已修好" in opened.events[-1].command.text  # type: ignore[union-attr]


async def test_what_is_refused(office: Office) -> None:
    with pytest.raises(NoticeNotFound):
        await office.surges.announce(OPERATOR, "N99", Piece.WATER)
    with pytest.raises(OrderNotFound):
        await office.surges.announce(OPERATOR, office.notice, Piece.WATER, "999")
    closed = await office.desk.closed()
    with pytest.raises(GuardFailed):
        await office.surges.announce(OPERATOR, office.notice, Piece.WATER, closed.number)
    await office.notices.end(OPERATOR, office.notice, "误发")
    with pytest.raises(GuardFailed):
        await office.surges.announce(OPERATOR, office.notice, Piece.WATER)


def test_a_notice_for_some_lines_is_told_to_their_callers_only() -> None:
    notice = Notice(
        id="N1",
        unit="city",
        kind=NoticeKind.TEMPORARY,
        start=START,
        end=START + timedelta(hours=1),
        zh="系统升级",
        scope=Scope(Extent.LINES, ("12333",)),
        published_by="wang",
    )
    surge = Surge(notice, Piece.OTHER, START, "wang")
    assert surge.concerns("12333")
    assert not surge.concerns("12345")
