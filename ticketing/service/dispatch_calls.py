"""Use cases of direct dispatch: who is rung for an urgent order, and who has taken it over (H4).

A ring is stored before the telephone rings; who accepts, and the order's step that says so, are
written in one unit of work. Whatever dies, nobody is rung twice for one ring, and an order has one
who took it over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain import actions as do
from ticketing.domain.dispatch_calls import (
    Cascade,
    DispatchRules,
    Outcome,
    Person,
    Ring,
    Stage,
    accepted,
    attempt_of,
    next_ring,
    read_attempt,
    still_wanted,
    wanted,
)
from ticketing.domain.duty import OnCall
from ticketing.domain.errors import (
    DispatchCallGoing,
    DispatchCallNotFound,
    GuardFailed,
    NotYours,
    OrderChanged,
    Refused,
)
from ticketing.domain.fold import fold
from ticketing.domain.guards import Actor
from ticketing.domain.lifecycle import DESK
from ticketing.domain.units import UnitTree
from ticketing.domain.work_order import WorkOrder
from ticketing.service.clock import utc_now
from ticketing.service.orders import Orders, Worlds, system_actor
from ticketing.store import audit, history, inbox
from ticketing.store import dispatch_calls as store
from ticketing.store.database import Database
from ticketing.store.inbox import Message

CLOCK = "dispatch"
UNANSWERED = "dispatch_unanswered"
"""What the message is called that tells the centre that nobody has taken an order over."""


class Lookup(Protocol):
    """Who is on call (`ticketing.service.duties.Duties.responsible`)."""

    def __call__(self, unit: str) -> Awaitable[Sequence[OnCall]]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """A cascade with its rings."""

    cascade: Cascade
    rings: tuple[Ring, ...]


@dataclass(frozen=True, slots=True)
class Matter:
    """What somebody who is rung hears of the order.

    Attributes:
        leader: the shift leader is told that nobody of the unit has answered.
    """

    number: str
    type: str
    urgency: str
    leader: bool


class DispatchCalls:
    """Cascades in SQL.

    Args:
        orders: acceptance is a step of the order.
        on_call: whom to ring for a unit, in order.
        rules: those of today.
        node: this node's name.
        now: the clock of ``orders``, UTC.
    """

    def __init__(
        self,
        database: Database,
        orders: Orders,
        worlds: Worlds,
        on_call: Lookup,
        *,
        rules: Callable[[], DispatchRules],
        node: str,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._orders, self._worlds = database, orders, worlds
        self._on_call, self._rules, self._now = on_call, rules, now
        self.node = node

    @property
    def rules(self) -> DispatchRules:
        """The rules of today."""
        return self._rules()

    async def start(self, actor: Actor, number: str) -> Told:
        """Have the persons responsible for an order rung.

        Raises:
            OrderNotFound
            NotYours: the actor does not stand at the order's centre.
            DispatchCallGoing: they are being rung already.
            GuardFailed: ``not_urgent``; ``nobody_on_call``: nobody is entered for the unit.
        """
        order = (await self._orders.open(actor, number)).order
        _check_place(order, actor, await self._worlds.tree())
        if not wanted(order) or order.holder is None:
            raise GuardFailed(
                "not_urgent",
                "只有承办单位正在办理的紧急、特急或突发工单才能电话派单，请先调整紧急程度。",
                "Only an urgent order that a unit has is told by telephone; set its urgency first.",
                "담당 기관이 처리 중인 긴급·특급·돌발 민원만 전화로 배정할 수 있습니다.",
            )
        people = _people(await self._on_call(order.holder.unit))
        if not people:
            raise GuardFailed(
                "nobody_on_call",
                "该单位没有值班人员和联系人，请先登记，或电话联系单位。",
                "Nobody is entered for this unit: enter somebody, or ring the unit yourself.",
                "이 기관에는 당직자나 담당자가 없습니다. 먼저 등록하거나 직접 전화하십시오.",
            )
        now = self._now()
        new = Cascade(
            number=number,
            unit=order.holder.unit,
            centre=order.centre,
            asked_by=actor.name,
            started_at=now,
            give_up_at=now + timedelta(minutes=self.rules.give_up_minutes),
            people=people,
            leaders=(),
        )
        try:
            async with self._database.session() as session:
                begun = replace(new, id=await store.add(session, new))
                await audit.note(session, now, actor.name, "dispatch_call.start", number)
        except IntegrityError:
            raise DispatchCallGoing(f"{number}: people are being rung already") from None
        return Told(begun, ())

    async def status(self, actor: Actor, number: str) -> Told:
        """The last cascade of an order.

        Raises:
            OrderNotFound
            DispatchCallNotFound: nobody was rung for it.
        """
        await self._orders.open(actor, number)
        async with self._database.reading() as session:
            found = await store.last_of(session, number)
            if found is None:
                raise DispatchCallNotFound(f"{number}: nobody was rung for this order")
            return Told(found, await store.rings(session, found.id))

    async def stop(self, actor: Actor, number: str) -> Told:
        """Ring nobody else; a telephone that rings goes on ringing.

        Raises:
            OrderNotFound, NotYours
            DispatchCallNotFound: nobody is being rung.
        """
        order = (await self._orders.open(actor, number)).order
        _check_place(order, actor, await self._worlds.tree())
        now = self._now()
        async with self._database.session() as session:
            found = await store.last_of(session, number)
            if found is None or not found.going:
                raise DispatchCallNotFound(f"{number}: nobody is being rung for this order")
            after = replace(found, stage=Stage.STOPPED, ended_at=now)
            if not await store.change(session, found, after):
                raise OrderChanged(f"{number}: it has changed; look again")
            await audit.note(session, now, actor.name, "dispatch_call.stop", number)
            return Told(after, await store.rings(session, found.id))

    # --- what the controller asks ----------------------------------------------------------
    async def going(self) -> tuple[Told, ...]:
        """All cascades that go on, with their rings."""
        async with self._database.reading() as session:
            return tuple(
                [
                    Told(one, await store.rings(session, one.id))
                    for one in await store.going(session)
                ]
            )

    async def step(self, told: Told) -> Ring | None:
        """Do what comes next; a ring that is given is this node's to place, now.

        Raises:
            DatabaseUnavailable
        """
        before, now = told.cascade, self._now()
        async with self._database.reading() as session:
            order = fold(await history.read(session, before.number))
        if not still_wanted(order, before):
            await self._end(before, Stage.STOPPED, now)
            return None
        wanted_now = next_ring(before, told.rings, now, self.rules, self.node)
        if wanted_now is None:
            return None
        if isinstance(wanted_now, Ring):
            ring, after = wanted_now, replace(before, rings=wanted_now.seq)
            async with self._database.session() as session:
                if not await store.change(session, before, after):
                    return None  # another node was faster
                await store.add_ring(session, before.id, ring)
            return ring
        if wanted_now.stage is Stage.LEADER:
            leaders = _people(await self._on_call(before.centre))
            wanted_now = replace(wanted_now, leaders=leaders)
        await self._turn(before, wanted_now, now)
        return None

    async def _end(self, before: Cascade, stage: Stage, now: datetime) -> None:
        async with self._database.session() as session:
            await store.change(session, before, replace(before, stage=stage, ended_at=now))

    async def _turn(self, before: Cascade, after: Cascade, now: datetime) -> None:
        """Another stage; that nobody of the unit has answered is on the leader's screen."""
        async with self._database.session() as session:
            if not await store.change(session, before, after):
                return
            if after.stage is Stage.LEADER:
                key = f"dispatch-{before.id}"
                await inbox.put(
                    session, Message(key, before.centre, before.number, UNANSWERED, now)
                )
                note = do.Note(text=f"【电话派单】{_tried(before)}，无人接单，已报值班长。")
                await self._note(session, before.number, note)

    async def ended(self, attempt: str, outcome: Outcome) -> bool:
        """Say what became of a ring; whether that was not known yet."""
        found = read_attempt(attempt)
        if found is None:
            return False
        async with self._database.session() as session:
            return await store.end_ring(session, *found, outcome, self._now())

    async def matter(self, attempt: str) -> Matter | None:
        """What is said to somebody who has answered; None when it is over."""
        async with self._database.reading() as session:
            found = await self._ringing(session, attempt)
            if found is None:
                return None
            cascade, ring = found
            order = fold(await history.read(session, cascade.number))
        kind = "" if order.type is None else order.type.value
        return Matter(order.number, kind, order.urgency.value, ring.stage is Stage.LEADER)

    async def accept(self, attempt: str) -> bool:
        """Somebody has pressed the key: that is on the order, at once and once.

        Returns:
            False when somebody else was faster, or the order needs nobody any more.
        """
        try:
            async with self._database.session() as session:
                found = await self._ringing(session, attempt)
                if found is None:
                    return False
                cascade, ring = found
                now = self._now()
                over = accepted(cascade, ring, now)
                if not await store.change(session, cascade, over):
                    return False
                await store.end_ring(session, cascade.id, ring.seq, Outcome.ACCEPTED, now)
                name = ring.person.name
                step: do.Command = do.AcceptDispatch(person=name, call=attempt)
                if ring.stage is Stage.LEADER:
                    step = do.Note(text=f"【电话派单】值班长{name}已知悉。")
                await self._note(session, cascade.number, step)
        except (Refused, IntegrityError):
            return False
        return True

    async def _ringing(self, session: AsyncSession, attempt: str) -> tuple[Cascade, Ring] | None:
        found = read_attempt(attempt)
        cascade = None if found is None else await store.get(session, found[0])
        if found is None or cascade is None or not cascade.going:
            return None
        for ring in await store.rings(session, cascade.id):
            if ring.seq == found[1] and ring.outcome is None:
                return cascade, ring
        return None

    async def _note(self, session: AsyncSession, number: str, step: do.Command) -> None:
        clock = system_actor(CLOCK, await self._worlds.tree())
        await self._orders.act_within(session, clock, number, step)


def _people(found: Sequence[OnCall]) -> tuple[Person, ...]:
    return tuple(Person(one.person, one.phone) for one in found)


def _tried(cascade: Cascade) -> str:
    return f"已拨打 {'、'.join(one.name for one in cascade.people)} 共 {cascade.rings} 次"


def _check_place(order: WorkOrder, actor: Actor, tree: UnitTree) -> None:
    if not (actor.roles & DESK and tree.within(order.centre, actor.unit)):
        raise NotYours(f"{order.number}: the hotline's desk has people rung")


def channel_of(cascade: Cascade, ring: Ring) -> str:
    """The id of the channel of a ring."""
    return attempt_of(cascade.id, ring.seq)
