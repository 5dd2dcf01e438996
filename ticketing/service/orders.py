"""Use cases of work orders: load, one domain call, commit; what follows leaves by the outbox."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.actions import Command, Receive
from ticketing.domain.deadlines import next_office_moment
from ticketing.domain.effects import Effect, EffectKind
from ticketing.domain.errors import KeyReused, OrderChanged, OrderNotFound
from ticketing.domain.fold import fold
from ticketing.domain.guards import Actor, World
from ticketing.domain.lifecycle import HOTLINE, ON_CALL, Decision, decide, legal, may_see
from ticketing.domain.plain import to_plain
from ticketing.domain.roles import Principal, Role
from ticketing.domain.supervision_facts import drafts_of
from ticketing.domain.timers import wake_at
from ticketing.domain.units import UnitKind, UnitTree
from ticketing.domain.work_order import Event, State, WorkOrder
from ticketing.service import links
from ticketing.service.clock import utc_now
from ticketing.store import drafts, history, orders, outbox
from ticketing.store.database import Database
from ticketing.store.order_tables import IDEMPOTENCY
from ticketing.store.orders import Filters, OrderPage, OrderRow, Sight, Sort

Due = Callable[[WorkOrder, datetime, World], tuple[Command, ...]]
"""What is to be done to an order at a moment (UTC)."""

_TRIES = 3
_CENTRE_SEES = HOTLINE | {
    Role.EVALUATOR,
    Role.LEADING_GROUP,
    Role.JOINT_MEETING,
    Role.CONTRACTOR,
}
_UNIT_SEES = ON_CALL | {Role.BUREAU, Role.LAWYER}


class Worlds(Protocol):
    """Gives what orders are judged by."""

    async def tree(self) -> UnitTree:
        """The units as they are now."""
        ...

    async def world(self, day: date, pack: str = "") -> World:
        """The world of a day: with the pack of this id, else with the one in force on ``day``."""
        ...

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """An order as it is shown: with its history and what the reader may do."""

    order: WorkOrder
    events: tuple[Event, ...]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """Steps of one order that are to be written, and the order before them."""

    decisions: tuple[Decision, ...]
    world: World
    actor: Actor
    before: WorkOrder | None = None

    @property
    def order(self) -> WorkOrder:
        return self.decisions[-1].order

    @property
    def at(self) -> datetime:
        return self.decisions[-1].event.at

    @property
    def answered(self) -> bool:
        """The citizen has been answered now."""
        waits = self.before is not None and self.before.state is State.CALLBACK
        return self.order.state is State.CALLBACK and not waits


class Orders:
    """Work orders in SQL.

    Args:
        database: where they are kept.
        worlds: units, packs and calendar.
        now: the clock, UTC.
        changed: told after each step that is kept by `receive` or `act`.
    """

    def __init__(
        self,
        database: Database,
        worlds: Worlds,
        now: Callable[[], datetime] = utc_now,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._worlds, self._now = database, worlds, now
        self._changed = changed

    async def actor(self, who: Principal) -> Actor:
        """The principal as one who acts: who belongs to no unit belongs to the city's centre."""
        tree = await self._worlds.tree()
        return Actor(who.username, who.roles, who.unit or tree.root.id)

    async def receive(self, actor: Actor, wanted: Receive, key: str = "") -> WorkOrder:
        """Take a matter in (I3, I4, M1); its number is made here.

        Args:
            wanted: its ``number`` is not looked at.
            key: the same key with the same request gives the order that it gave before.

        Raises:
            KeyReused: the key came before with another request.
            IllegalAction, NotYours, GuardFailed
        """
        request = hashlib.sha256(
            json.dumps(to_plain(replace(wanted, number="")), sort_keys=True).encode()
        ).hexdigest()
        for attempt in range(_TRIES):
            try:
                async with self._database.session() as session:
                    known = await self._known(session, actor, key, request)
                    if known is not None:
                        return fold(await history.read(session, known))
                    order = await self._receive(session, actor, wanted, key, request)
                self._changed()
                return order  # noqa: TRY300
            except IntegrityError:
                # another request with the same key was faster: the next round finds it
                if not key or attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    async def _known(
        self, session: AsyncSession, actor: Actor, key: str, request: str
    ) -> str | None:
        if not key:
            return None
        query = select(IDEMPOTENCY).where(
            IDEMPOTENCY.c.actor == actor.name, IDEMPOTENCY.c.key == key
        )
        row = (await session.execute(query)).one_or_none()
        if row is None:
            return None
        if row.request != request:
            raise KeyReused("this key was used for another request; take a new one")
        return str(row.number)

    async def _receive(
        self, session: AsyncSession, actor: Actor, wanted: Receive, key: str, request: str
    ) -> WorkOrder:
        now = self._now()
        local = now.astimezone(self._worlds.zone)
        number = await orders.next_number(session, f"{local:%y%m%d}")
        world = await self._worlds.world(local.date())
        decision = decide(None, replace(wanted, number=number), actor, now, world)
        await self._keep(session, [_Kept((decision,), world, actor)])
        if key:
            await session.execute(
                insert(IDEMPOTENCY).values(
                    actor=actor.name, key=key, request=request, number=number, at=now
                )
            )
        return decision.order

    async def act(
        self, actor: Actor, number: str, command: Command, version: int | None = None
    ) -> WorkOrder:
        """Do one thing to an order.

        Args:
            version: of the order that the actor has looked at; None does not mind changes.

        Raises:
            OrderNotFound: there is none, or the actor may not see it.
            OrderChanged: somebody else was faster.
            IllegalAction, NotYours, GuardFailed
        """
        try:
            async with self._database.session() as session:
                decision = await self.act_within(session, actor, number, command, version)
        except IntegrityError:
            # two units of work have written the same step of one order: the first has won
            raise OrderChanged(f"{number}: somebody else was faster; load it again") from None
        self._changed()
        return decision.order

    async def act_within(
        self,
        session: AsyncSession,
        actor: Actor,
        number: str,
        command: Command,
        version: int | None = None,
    ) -> Decision:
        """`act` in a unit of work of the caller's, which writes more than the step.

        It ends with the lock that all writers wait for: act on one order in a unit of work, last.

        Raises:
            OrderNotFound, OrderChanged, IllegalAction, NotYours, GuardFailed
        """
        await orders.lock(session, number)
        order = await self._load(session, actor, number)
        if version is not None and version != order.version:
            raise OrderChanged(f"{number}: it has changed since you have looked; load it again")
        world = await self._world(order)
        await links.check(session, order, command)
        decision = decide(order, command, actor, self._now(), world)
        await self._keep(session, [_Kept((decision,), world, actor, order)])
        return decision

    async def act_together(self, actor: Actor, numbers: Sequence[str], due: Due) -> dict[str, int]:
        """Do what is due for several orders in one unit of work: all of it or nothing.

        Args:
            due: what is to be done to an order at a moment in a world.

        Returns:
            how many steps were done, by the orders' numbers; those that somebody else is acting on
            are left out.

        Raises:
            OrderChanged: somebody else was faster with one of them.
            IllegalAction, NotYours, GuardFailed: one of the steps may not be done.
            BrokenHistory, ValueError, KeyError: the history of one of them cannot be read.
        """
        kept: list[_Kept] = []
        still: list[orders.Drawing] = []
        try:
            async with self._database.session() as session:
                free = await orders.lock_free(session, numbers)
                for events in (await history.read_several(session, free)).values():
                    before = order = fold(events)
                    world, now = await self._world(order), self._now()
                    decisions: list[Decision] = []
                    for command in due(order, now, world):
                        decisions.append(decide(order, command, actor, now, world))
                        order = decisions[-1].order
                    if decisions:
                        kept.append(_Kept(tuple(decisions), world, actor, before))
                    else:  # the rules or the calendar were others when it was put to this moment
                        still.append(orders.Drawing(order, wake_at(order, world), before))
                await orders.save(session, still)
                if kept:
                    await self._keep(session, kept)
        except IntegrityError:
            raise OrderChanged("somebody else was faster with one of them") from None
        if kept:
            self._changed()
        done = {each.order.number: len(each.decisions) for each in kept}
        return {**{drawing.order.number: 0 for drawing in still}, **done}

    async def _world(self, order: WorkOrder) -> World:
        day = self._now().astimezone(self._worlds.zone).date()
        return await self._worlds.world(day, order.pack if order.chain else "")

    async def _load(self, session: AsyncSession, actor: Actor, number: str) -> WorkOrder:
        events = await history.read(session, number)
        if events:
            order = fold(events)
            if may_see(order, actor, await self._worlds.tree()):
                return order
        raise OrderNotFound(f"{number}: no work order has this number")

    async def _keep(self, session: AsyncSession, kept: Sequence[_Kept]) -> None:
        """Write events and all that is made from them, the chain's head last: it is locked."""
        await orders.save(
            session,
            [
                orders.Drawing(each.order, wake_at(each.order, each.world), each.before)
                for each in kept
            ],
        )
        # what no unit has had is not supervised
        supervised = [each for each in kept if each.order.pack]
        await drafts.renew(
            session,
            {
                each.order.number: (drafts_of(each.order, each.at, each.world), each.at)
                for each in supervised
            },
        )
        follows = []
        for each in kept:
            for decision in each.decisions:
                told = [
                    (effect, _when(effect, decision.event.at, each.world, each.actor))
                    for effect in decision.effects
                ]
                follows.append((decision.event, told))
            if each.answered and await orders.followers(session, each.order.number):
                # each caller on the event gets an own answer (W10); a person gives it
                own = Effect(EffectKind.TELL_UNIT, each.order.centre, "answer_followers")
                follows[-1][1].append((own, each.at))
        await outbox.add(session, follows)
        events = [decision.event for each in kept for decision in each.decisions]
        await history.append(session, events)

    async def open(self, actor: Actor, number: str) -> Opened:
        """One order with its history.

        Raises:
            OrderNotFound: there is none, or the actor may not see it.
        """
        tree = await self._worlds.tree()
        async with self._database.reading() as session:
            events = await history.read(session, number)
        if events:
            order = fold(events)
            if may_see(order, actor, tree):
                return Opened(order, events, legal(order, actor, tree))
        raise OrderNotFound(f"{number}: no work order has this number")

    async def find(self, number: str) -> OrderRow | None:
        """One line, whoever asks: for those who prove in another way that they may know."""
        async with self._database.reading() as session:
            return await orders.find(session, number)

    async def page(
        self,
        actor: Actor,
        filters: Filters,
        *,
        sort: Sort = Sort.NEWEST,
        limit: int = 50,
        cursor: str | None = None,
    ) -> OrderPage:
        """One page of the orders that the actor may see; of a county, those of its towns too.

        Raises:
            BadCursor
        """
        tree = await self._worlds.tree()
        seen_by = sight(actor, tree)
        inside = (each for code in filters.districts for each in tree.districts_in(code))
        filters = replace(filters, districts=tuple(dict.fromkeys(inside)))
        async with self._database.reading() as session:
            return await orders.page(
                session, filters, seen_by=seen_by, sort=sort, limit=limit, cursor=cursor
            )


def _when(effect: Effect, at: datetime, world: World, actor: Actor) -> datetime:
    """What no person has caused is told to units in office hours only, unless it is urgent."""
    reminders = world.pack.reminders
    any_time = reminders.outside_office_hours or (effect.urgent and reminders.urgent_at_any_time)
    if effect.kind is not EffectKind.TELL_UNIT or not actor.system or any_time:
        return at
    return next_office_moment(world.pack, world.calendar, at)


def sight(actor: Actor, tree: UnitTree) -> Sight | None:
    """What ``actor`` sees in lists: what `may_see` says of each order. None for everything."""
    centre, unit = bool(actor.roles & _CENTRE_SEES), bool(actor.roles & _UNIT_SEES)
    if actor.system or (centre and actor.unit == tree.root.id):
        return None
    below: tuple[str, ...] = ()
    if centre and actor.unit in tree:
        below = tuple(name for name in tree.under(actor.unit) if tree[name].kind is UnitKind.CENTRE)
    return Sight(actor.unit, below, holds=unit)


def system_actor(name: str, tree: UnitTree) -> Actor:
    """A clock or a channel that acts."""
    return Actor(name, frozenset(), tree.root.id, system=True)
