"""Cascades in SQL: one telephone at a time whatever dies, and one who takes the order over (H4)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from tests.integration.order_desk import AGENT, DISPATCHER, HOUSING, START, Desk, actor
from ticketing.domain import actions as do
from ticketing.domain.contacts import ContactRole
from ticketing.domain.dispatch_calls import DispatchRules, Outcome, Ring, Stage
from ticketing.domain.duty import Found, OnCall
from ticketing.domain.errors import (
    DispatchCallGoing,
    DispatchCallNotFound,
    GuardFailed,
    NotYours,
    OrderNotFound,
)
from ticketing.domain.matters import Urgency
from ticketing.domain.roles import Role
from ticketing.domain.work_order import State
from ticketing.service.dispatch_calls import DispatchCalls, channel_of
from ticketing.service.inbox import Inbox
from ticketing.store.database import Database
from ticketing.store.dispatch_tables import DISPATCH_CALLS

PEOPLE = {"housing": ("甲", "乙"), "city": ("丙",), "water": ()}
RULES = DispatchRules(ring_seconds=20, give_up_minutes=10, rounds=1)


class Still:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Register:
    """Who is on call, by unit."""

    def __init__(self, people: Mapping[str, Sequence[str]]) -> None:
        self._people = people

    async def __call__(self, unit: str) -> Sequence[OnCall]:
        role, found = ContactRole.ON_CALL, Found.ROSTER
        names = self._people[unit]
        return [OnCall(unit, name, f"1380000000{i}", role, found) for i, name in enumerate(names)]


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture
async def desk(database: Database, clock: Still) -> Desk:
    return await Desk(database, clock).open()


def node(desk: Desk, clock: Still, name: str = "a") -> DispatchCalls:
    return DispatchCalls(
        desk.database,
        desk.orders,
        desk.worlds,
        Register(PEOPLE),
        rules=lambda: RULES,
        node=name,
        now=clock,
    )


@pytest.fixture
def use(desk: Desk, clock: Still) -> DispatchCalls:
    return node(desk, clock)


async def urgent(desk: Desk, unit: str = "housing") -> str:
    number = (await desk.receive()).number
    await desk.classify(number, urgency=Urgency.CRITICAL)
    await desk.orders.act(DISPATCHER, number, do.Dispatch(unit=unit))
    return number


async def rings(use: DispatchCalls) -> Ring:
    """The next telephone rings."""
    (told,) = await use.going()
    ring = await use.step(told)
    assert ring is not None
    return ring


async def attempt(use: DispatchCalls, ring: Ring) -> str:
    (told,) = await use.going()
    return channel_of(told.cascade, ring)


async def test_who_may_have_people_rung_and_for_what(
    desk: Desk, clock: Still, use: DispatchCalls
) -> None:
    number = await urgent(desk)
    with pytest.raises(NotYours):
        await use.start(AGENT, number)
    with pytest.raises(NotYours):
        await use.start(HOUSING, number)
    with pytest.raises(OrderNotFound):
        await use.start(actor("west", Role.DISPATCHER), number)
    with pytest.raises(DispatchCallNotFound):
        await use.status(DISPATCHER, number)
    calm = (await desk.dispatched()).number
    for other, guard in ((calm, "not_urgent"), (await urgent(desk, "water"), "nobody_on_call")):
        with pytest.raises(GuardFailed) as refused:
            await use.start(DISPATCHER, other)
        assert refused.value.guard == guard
        assert refused.value.ko
    begun = await use.start(DISPATCHER, number)
    assert (begun.cascade.stage, begun.cascade.asked_by) == (Stage.UNIT, DISPATCHER.name)
    with pytest.raises(DispatchCallGoing):
        await use.start(DISPATCHER, number)
    over = await use.stop(DISPATCHER, number)
    assert (over.cascade.stage, over.cascade.going) == (Stage.STOPPED, False)
    with pytest.raises(DispatchCallNotFound):
        await use.stop(DISPATCHER, number)
    await use.start(DISPATCHER, number)


async def test_the_key_is_on_the_order_in_the_same_unit_of_work(
    desk: Desk, clock: Still, use: DispatchCalls
) -> None:
    number = await urgent(desk)
    await use.start(DISPATCHER, number)
    first = await rings(use)
    assert await use.ended(await attempt(use, first), Outcome.NO_ANSWER)
    second = await rings(use)
    key = await attempt(use, second)
    told = await use.matter(key)
    assert told is not None
    assert (told.number, told.urgency, told.leader) == (number, "critical", False)
    clock.now += timedelta(minutes=1)
    assert await use.accept(key)
    order = (await desk.orders.open(DISPATCHER, number)).order
    (taken,) = order.takeovers
    assert (order.state, taken.person, taken.at, taken.call) == (
        State.SIGNED,
        "乙",
        clock.now,
        key,
    )
    over = await use.status(DISPATCHER, number)
    assert [ring.outcome for ring in over.rings] == [Outcome.NO_ANSWER, Outcome.ACCEPTED]
    assert not await use.accept(key), "a key pressed twice"
    assert await use.matter(key) is None
    assert await use.going() == ()


async def test_two_nodes_ring_one_telephone(desk: Desk, clock: Still, use: DispatchCalls) -> None:
    await use.start(DISPATCHER, await urgent(desk))
    other = node(desk, clock, "b")
    (told,) = await use.going()
    done = await asyncio.gather(use.step(told), other.step(told))
    assert sum(ring is not None for ring in done) == 1
    (told,) = await use.going()
    assert [ring.seq for ring in told.rings] == [1]
    assert await use.step(told) is None, "one rings already"


async def test_of_two_keys_one_takes_it(desk: Desk, clock: Still, use: DispatchCalls) -> None:
    """A ring whose end was not known yet, and the next one: both are answered."""
    number = await urgent(desk)
    await use.start(DISPATCHER, number)
    first = await rings(use)
    key = await attempt(use, first)
    took = await asyncio.gather(use.accept(key), node(desk, clock, "b").accept(key))
    assert sorted(took) == [False, True]
    assert len((await desk.orders.open(DISPATCHER, number)).order.takeovers) == 1


async def test_after_a_crash_the_next_is_rung_and_nobody_twice(
    desk: Desk, clock: Still, use: DispatchCalls
) -> None:
    await use.start(DISPATCHER, await urgent(desk))
    first = await rings(use)
    again = node(desk, clock)
    (told,) = await again.going()
    assert await again.step(told) is None, "what rings is not rung again"
    await again.ended(await attempt(use, first), Outcome.LOST)
    second = await rings(again)
    assert (first.person.name, second.person.name, second.seq) == ("甲", "乙", 2)


async def test_nobody_answers_and_the_centre_is_told(
    desk: Desk, clock: Still, use: DispatchCalls
) -> None:
    number = await urgent(desk)
    await use.start(DISPATCHER, number)
    for _ in PEOPLE["housing"]:
        await use.ended(await attempt(use, await rings(use)), Outcome.NO_ANSWER)
    (told,) = await use.going()
    assert await use.step(told) is None
    inbox = (await Inbox(desk.database, clock).page(DISPATCHER)).items
    assert ("dispatch_unanswered", number) in [(one.what, one.number) for one in inbox]
    leader = await rings(use)
    assert (leader.person.name, leader.stage) == ("丙", Stage.LEADER)
    key = await attempt(use, leader)
    told_leader = await use.matter(key)
    assert told_leader is not None
    assert told_leader.leader
    assert await use.accept(key)
    opened = await desk.orders.open(DISPATCHER, number)
    assert opened.order.state is State.DISPATCHED, "the leader does not sign for the unit"
    notes = [e.command.text for e in opened.events if isinstance(e.command, do.Note)]
    assert any("无人接单" in note for note in notes)
    assert any("丙已知悉" in note for note in notes)


async def test_it_stops_when_the_unit_signs_meanwhile(
    desk: Desk, clock: Still, use: DispatchCalls
) -> None:
    number = await urgent(desk)
    await use.start(DISPATCHER, number)
    first = await rings(use)
    key = await attempt(use, first)
    clock.now += timedelta(seconds=5)
    await desk.orders.act(HOUSING, number, do.Sign())
    await use.ended(key, Outcome.NO_ANSWER)
    (told,) = await use.going()
    assert await use.step(told) is None
    assert (await use.status(DISPATCHER, number)).cascade.stage is Stage.STOPPED


async def test_a_key_for_an_order_that_is_gone_takes_nothing(
    desk: Desk, clock: Still, use: DispatchCalls
) -> None:
    number = await urgent(desk)
    await use.start(DISPATCHER, number)
    key = await attempt(use, await rings(use))
    await desk.orders.act(AGENT, number, do.Withdraw(why="已解决"))
    assert not await use.accept(key)
    (told,) = await use.going()
    assert told.rings[0].outcome is None, "nothing is half done"


async def test_a_cascade_that_is_gone_has_no_matter(
    desk: Desk, clock: Still, use: DispatchCalls
) -> None:
    await use.start(DISPATCHER, await urgent(desk))
    key = await attempt(use, await rings(use))
    async with desk.database.session() as session:
        await session.execute(update(DISPATCH_CALLS).values(ended_at=START))
    assert await use.matter(key) is None
    assert not await use.accept(key)
    assert not await use.ended("placed.other.1", Outcome.LOST)
