"""The outbox is emptied: citizens by their channel, units into their inbox, each once (M1)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.integration.order_desk import AGENT, CITIZEN, DISPATCHER, HOUSING, START, Desk, actor
from ticketing.channels.outbound import (
    Channels,
    Delivered,
    Failed,
    OutboxItem,
    Outcome,
    TryAgain,
)
from ticketing.channels.sms import ConsoleSms
from ticketing.channels.webhooks import SCHEDULE
from ticketing.domain import actions as do
from ticketing.domain.errors import DatabaseUnavailable, DeliveryNotFound, MessageNotFound
from ticketing.domain.matters import Channel, Citizen
from ticketing.domain.roles import Role
from ticketing.service.delivery import Emptied, OutboxWorker
from ticketing.service.inbox import Inbox
from ticketing.service.letters import letter_of, source_of_mail
from ticketing.store import outbox
from ticketing.store.database import Database
from ticketing.store.inbox import Message
from ticketing.store.order_tables import OUTBOX

MINUTE = timedelta(minutes=1)


class Still:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Post:
    """A way to citizens that remembers, and does as it is told."""

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes = list(outcomes)
        self.items: list[OutboxItem] = []

    async def deliver(self, item: OutboxItem) -> Outcome:
        self.items.append(item)
        outcome = self.outcomes.pop(0) if self.outcomes else Delivered("1")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    @property
    def last(self) -> dict[str, Any]:
        item = self.items[-1]
        return {"kind": item.kind, "target": item.target, **item.payload}


class Hook:
    """A system of the units'."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.told: list[Message] = []

    async def tell(self, message: Message) -> Outcome:
        self.told.append(message)
        return self.outcomes.pop(0) if self.outcomes else Delivered("")


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture
async def desk(database: Database, clock: Still) -> Desk:
    return await Desk(database, clock).open()


def worker(desk: Desk, post: Any, hook: Hook | None = None) -> OutboxWorker:
    assert isinstance(desk.now, Still)
    return OutboxWorker(desk.database, desk.worlds, post, hook, desk.now)


async def emptied(desk: Desk, post: Any) -> None:
    """Everything that may be done now is done."""
    it = worker(desk, post)
    while (await it.run_once()).taken:
        pass


async def rows(desk: Desk) -> Sequence[Any]:
    async with desk.database.reading() as session:
        return (await session.execute(select(OUTBOX).order_by(OUTBOX.c.id))).all()


async def test_a_dispatch_is_in_the_units_inbox_and_nothing_is_told_twice(desk: Desk) -> None:
    number = (await desk.dispatched(citizen=CITIZEN)).number
    post, hook = Post(), Hook()
    it = worker(desk, post, hook)
    assert await it.run_once() == Emptied(taken=3, done=3)
    assert await it.run_once() == Emptied()
    assert post.last == {
        "kind": "received",
        "target": "phone:13812345678",
        "number": number,
        "unit": "市热线办",
        "text": "",
        "language": "zh",
        "occurred_at": START.isoformat(),
    }
    assert [(m.id, m.unit, m.what) for m in hook.told] == [
        (f"{number}-3-0", "housing", "dispatched")
    ]
    page = await Inbox(desk.database).page(HOUSING)
    assert [(m.number, m.what, m.read_at) for m in page.items] == [(number, "dispatched", None)]
    assert page.unread == 1
    assert all(row.done_at == START and row.failed is None for row in await rows(desk))


async def test_the_answer_goes_back_by_the_channel_of_the_matter(desk: Desk) -> None:
    portal = (await desk.dispatched(channel=Channel.PORTAL, source="P-77")).number
    mail = source_of_mail("wang@example.org", ("<a@example.org>", "<b@example.org>"))
    by_mail = await desk.dispatched(channel=Channel.EMAIL, source=mail, title="停水", language="ko")
    post = Post()
    await emptied(desk, post)
    for number in (portal, by_mail.number):
        for step in (do.Sign(), do.Reply(text="已修好，请查看"), do.ReportBack(result="内部说明")):
            await desk.orders.act(HOUSING, number, step)
        await desk.orders.act(DISPATCHER, number, do.Review(passed=True))
        await emptied(desk, post)
        assert (post.last["kind"], post.last["text"]) == ("answered", "已修好，请查看")
        assert post.last["unit"] == "住建局"
    assert [item.target for item in post.items if item.kind == "answered"] == [
        "portal:P-77",
        "email:wang@example.org",
    ]
    assert (post.last["subject"], post.last["language"]) == ("停水", "ko")
    assert post.last["references"] == ["<a@example.org>", "<b@example.org>"]


async def test_a_refusal_and_an_extension_are_told_with_their_reason(desk: Desk) -> None:
    post = Post()
    declined = (await desk.receive(citizen=CITIZEN)).number
    await desk.orders.act(AGENT, declined, do.Decline(code="N2"))
    await emptied(desk, post)
    assert post.last["kind"] == "declined"
    assert post.last["reason"].startswith("这属于民事纠纷")
    assert post.last["reason"].endswith("（人民调解委员会；法律援助 12348）")
    number = (await desk.dispatched(citizen=CITIZEN)).number
    await desk.orders.act(HOUSING, number, do.Sign())
    await desk.orders.act(HOUSING, number, do.AskExtension(days=2, why="等配件到货"))
    await desk.orders.act(DISPATCHER, number, do.DecideExtension(accepted=True, why="同意"))
    await emptied(desk, post)
    assert post.last["kind"] == "extended"
    assert (post.last["reason"], post.last["due"]) == ("等配件到货", "2026-03-10 17:00")


async def test_what_is_told_is_what_was_true_then(desk: Desk) -> None:
    number = (await desk.closed()).number
    await desk.orders.act(DISPATCHER, number, do.Redo(why="市民再次反映"))
    for step in (do.Sign(), do.Reply(text="第二次答复"), do.ReportBack(result="x")):
        await desk.orders.act(HOUSING, number, step)
    events = (await desk.orders.open(DISPATCHER, number)).events
    world = await desk.worlds.world(START.date(), "yanji-2019")
    review = next(e.seq for e in events if e.command.action == "review")
    assert letter_of(f"{number}-{review}-0", events, world).payload["text"] == "已修好"
    for wrong in ("1", f"{number}-0-0", f"{number}-99-0", f"{number}-x-0"):
        with pytest.raises(ValueError, match="no step"):
            letter_of(wrong, events, world)


async def test_who_was_told_on_the_telephone_needs_no_text_message(
    desk: Desk, tmp_path: Path
) -> None:
    channels = Channels(ConsoleSms(tmp_path / "sms.jsonl"), None, None, {})
    for phone in ("04332512345", "", "13812345678"):
        await desk.receive(citizen=Citizen(phone=phone))
    assert await worker(desk, channels).run_once() == Emptied(taken=3, done=3)
    (line,) = (tmp_path / "sms.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["to"] == "13812345678"
    number = (await desk.receive(citizen=Citizen(phone="04332512345"))).number
    await desk.orders.act(AGENT, number, do.Decline(code="N2"))
    assert await worker(desk, channels).run_once() == Emptied(taken=2, done=1, failed=1)
    (failure,) = (await Inbox(desk.database).failures()).items
    assert (failure.number, failure.what) == (number, "declined")
    assert "call the citizen" in failure.why


async def test_what_fails_for_now_is_tried_until_the_schedule_ends(
    desk: Desk, clock: Still
) -> None:
    number = (await desk.receive(citizen=CITIZEN)).number
    away = TryAgain("the gateway is away")
    post = Post(*[away] * (len(SCHEDULE) + 1))
    it = worker(desk, post)
    tries = 0
    while True:
        round_ = await it.run_once()
        tries += 1
        (row,) = await rows(desk)
        if row.next_at is None:
            break
        assert round_ == Emptied(taken=1, later=1)
        wait = row.next_at - clock.now
        assert SCHEDULE[tries - 1] * 0.79 < wait < SCHEDULE[tries - 1] * 1.21
        clock.now = row.next_at - timedelta(seconds=1)
        assert await it.run_once() == Emptied()
        clock.now = row.next_at
    assert tries == len(SCHEDULE) + 1
    assert row.failed == f"the gateway is away ({tries} attempts)"
    assert {item.id for item in post.items} == {f"{number}-1-0"}


async def test_a_receiver_may_say_when(desk: Desk, clock: Still) -> None:
    await desk.receive(citizen=CITIZEN)
    it = worker(desk, Post(TryAgain("busy", after=7200)))
    await it.run_once()
    (row,) = await rows(desk)
    assert row.next_at == clock.now + timedelta(hours=2)


async def test_a_crash_after_the_telling_brings_the_same_id_again(
    desk: Desk, clock: Still, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = (await desk.dispatched(citizen=CITIZEN)).number
    post = Post()

    async def crash(*_: object) -> None:
        raise DatabaseUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "done", crash)
        with pytest.raises(DatabaseUnavailable):
            await worker(desk, post).run_once()
    assert await worker(desk, post).run_once() == Emptied(), "it is leased for a while"
    clock.now += 3 * MINUTE
    assert (await worker(desk, post).run_once()).done == 3
    assert [item.id for item in post.items] == [f"{number}-1-0"] * 2
    assert len((await Inbox(desk.database).page(HOUSING)).items) == 1


async def test_an_item_that_cannot_be_told_keeps_none_of_the_others(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await desk.receive(citizen=CITIZEN)
    post = Post(RuntimeError("13812345678"))
    assert await worker(desk, post).run_once() == Emptied(taken=3, done=2, later=1)
    (row,) = [row for row in await rows(desk) if row.failed]
    assert row.failed == "an error of the hotline itself (RuntimeError)"
    assert "cannot be told" in caplog.text


async def test_two_nodes_tell_each_thing_once(desk: Desk) -> None:
    for _ in range(10):
        await desk.receive(citizen=CITIZEN)
    post = Post()
    await asyncio.gather(*(worker(desk, post).run_once() for _ in range(4)))
    assert len({item.id for item in post.items}) == len(post.items) == 10


async def test_a_failure_is_listed_and_may_be_tried_again(desk: Desk, clock: Still) -> None:
    numbers = [(await desk.receive(citizen=CITIZEN)).number for _ in range(3)]
    await emptied(desk, Post(*[Failed("no receiver is set up")] * 3))
    use = Inbox(desk.database, clock)
    first = await use.failures(limit=2)
    second = await use.failures(limit=2, cursor=first.next)
    assert [f.number for f in (*first.items, *second.items)] == numbers[::-1]
    assert second.next is None
    again = await use.retry("chief", first.items[0].id)
    assert again.number == numbers[-1]
    with pytest.raises(DeliveryNotFound):
        await use.retry("chief", first.items[0].id)
    post = Post()
    await emptied(desk, post)
    assert [item.payload["number"] for item in post.items] == [numbers[-1]]
    assert len((await use.failures()).items) == 2
    with pytest.raises(DeliveryNotFound):
        await use.retry("chief", f"{numbers[-1]}-1-0")


async def test_an_inbox_is_read_by_its_own_unit_only(desk: Desk, clock: Still) -> None:
    for _ in range(5):
        clock.now += MINUTE
        await desk.dispatched(citizen=CITIZEN)
    await emptied(desk, Post())
    use = Inbox(desk.database, clock)
    everything = (await use.page(HOUSING)).items
    assert [m.at for m in everything] == sorted((m.at for m in everything), reverse=True)
    read = await use.read(HOUSING, everything[0].id)
    assert (read.read_at, read.read_by) == (clock.now, HOUSING.name)
    clock.now += MINUTE
    again = await use.read(actor("housing", Role.UNIT_LEADER), everything[0].id)
    assert again == read, "who was first is kept"
    await use.read(HOUSING, everything[2].id)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await use.page(HOUSING, limit=2, cursor=cursor)
        assert page.unread == 3
        seen += [message.id for message in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == [everything[place].id for place in (1, 3, 4, 0, 2)]
    with pytest.raises(MessageNotFound):
        await use.read(actor("water", Role.UNIT_HANDLER), everything[1].id)
    assert (await use.page(actor("water", Role.UNIT_HANDLER))).items == ()


async def test_what_a_unit_was_told_stays_when_its_own_system_is_away(
    desk: Desk, clock: Still
) -> None:
    await desk.dispatched(citizen=CITIZEN)
    hook = Hook(TryAgain("away"), Failed("refused"))
    it = worker(desk, Post(), hook)
    assert await it.run_once() == Emptied(taken=3, done=2, later=1)
    assert len((await Inbox(desk.database).page(HOUSING)).items) == 1
    clock.now += 2 * MINUTE
    assert await it.run_once() == Emptied(taken=1, failed=1)
    assert len({message.id for message in hook.told}) == 1


async def test_an_item_of_an_unknown_kind_fails_and_says_so(desk: Desk) -> None:
    await desk.receive(citizen=CITIZEN)
    async with desk.database.session() as session:
        await session.execute(update(OUTBOX).values(kind="telegram"))
    assert await worker(desk, Post()).run_once() == Emptied(taken=1, failed=1)
