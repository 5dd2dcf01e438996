"""Use cases of supervision: what the clock has drafted is issued or set aside by a person (D)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain import actions as do
from ticketing.domain.actions import Command, Measure
from ticketing.domain.deadlines import supervision_limit
from ticketing.domain.errors import DraftNotFound, GuardFailed, NotAllowed, OrderChanged
from ticketing.domain.fold import fold
from ticketing.domain.guards import Actor, World
from ticketing.domain.lifecycle import HOTLINE, may_see
from ticketing.domain.matters import Urgency
from ticketing.domain.measures import ISSUERS, ROUNDS, WITH_LIMIT, Draft, Issued, Kind, Limit, issue
from ticketing.domain.supervision import first_limit
from ticketing.domain.supervision_facts import facts_of, limit_of
from ticketing.domain.supervision_rounds import period_of
from ticketing.domain.units import UnitTree
from ticketing.domain.work_order import WorkOrder
from ticketing.service.clock import utc_now
from ticketing.service.orders import Orders, Worlds, sight
from ticketing.service.rounds import message_id
from ticketing.store import audit, drafts, history, inbox, orders
from ticketing.store.database import Database
from ticketing.store.drafts import DraftPage, DraftState, Kept
from ticketing.store.inbox import Message

_MEASURES = {measure.value for measure in Measure}


class Supervision:
    """Drafts of supervision in SQL.

    Args:
        database: where they are.
        orders: issuing one is a step of its order.
        worlds: what orders are judged by.
        now: the clock of ``orders``, UTC.
    """

    def __init__(
        self,
        database: Database,
        orders: Orders,
        worlds: Worlds,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._orders, self._worlds, self._now = database, orders, worlds, now

    async def page(
        self,
        actor: Actor,
        state: DraftState = DraftState.DRAFTED,
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> DraftPage:
        """One page of the drafts of orders that the actor's hotline body, or one below it, took in.

        Raises:
            BadCursor
        """
        seen = sight(actor, await self._worlds.tree())
        centres = None if seen is None else seen.centres
        async with self._database.reading() as session:
            return await drafts.page(session, state, centres=centres, limit=limit, cursor=cursor)

    async def issue(
        self,
        actor: Actor,
        key: str,
        *,
        text: str = "",
        limit: datetime | None = None,
        attendees: tuple[str, ...] = (),
        evidence: str = "",
        urgency: Urgency | None = None,
        publish: bool = False,
    ) -> Kept:
        """A person issues a draft; it becomes a step of its order in the same unit of work.

        What is about many orders (D6, D7) is no step: the unit it goes to finds it in its inbox.

        Args:
            text: what is said; the draft's own reason when empty.
            limit: the new limit; where the measure needs one and none is given, the pack's.
            attendees: who is asked to come to a joint supervision (D3), or has come to a
                verification on site (D9).
            evidence: what a verification has shown (D9).
            urgency: with a leader's instruction, how urgent the order is from now on (D9, I8).
            publish: make a listed order public (D4).

        Raises:
            DraftNotFound: there is none, or the actor may not see it.
            NotAllowed: none of the actor's roles issues such a measure.
            OrderChanged, IllegalAction, NotYours, GuardFailed
        """
        try:
            async with self._database.session() as session:
                found = await drafts.get(session, key)
                if found.draft.kind in ROUNDS:
                    return await self._issue_round(session, actor, found, text)
                kept, order, world = await self._load(session, actor, key)
                now = self._now()
                issued = issue(
                    kept.draft,
                    _limit(kept.draft.kind, limit, now, world),
                    actor.roles,
                    _first(order, world),
                    by=actor.name,
                    now=now,
                    text=text.strip() or kept.draft.why,
                    attendees=attendees,
                    evidence=evidence,
                    publish=publish,
                    settled=() if kept.state is DraftState.DRAFTED else (key,),
                )
                until = None if issued.limit is None else issued.limit.at
                await self._settle(session, actor, kept, DraftState.ISSUED, now, limit=until)
                step = _step(kept.draft, issued, urgency)
                await self._orders.act_within(session, actor, order.number, step)
                return await drafts.get(session, key)
        except IntegrityError:
            raise OrderChanged(f"{key}: somebody else was faster; load it again") from None

    async def dismiss(self, actor: Actor, key: str, why: str) -> Kept:
        """A person sets a draft aside, for ever; it needs the roles that issuing it needs.

        Raises:
            DraftNotFound: there is none, or the actor may not see it.
            NotAllowed
            GuardFailed: ``text_missing``: it is not said why; ``draft_issued``: it is decided.
        """
        async with self._database.session() as session:
            kept = await drafts.get(session, key)
            if kept.draft.kind in ROUNDS:
                await self._check_round(actor, kept)
            else:
                kept, _, _ = await self._load(session, actor, key)
            if not ISSUERS[kept.draft.kind] & actor.roles:
                raise NotAllowed(f"{key}: none of your roles may decide on it")
            if not why.strip():
                raise GuardFailed(
                    "text_missing", "请写明理由。", "Say why.", "사유를 적어 주십시오."
                )
            now = self._now()
            await self._settle(session, actor, kept, DraftState.DISMISSED, now, reason=why.strip())
            return await drafts.get(session, key)

    async def _issue_round(
        self, session: AsyncSession, actor: Actor, kept: Kept, text: str
    ) -> Kept:
        """Issue what is about many orders; its unit, if it goes to one, is told (D6, D7)."""
        await self._check_round(actor, kept)
        draft, now = kept.draft, self._now()
        issued = issue(
            draft,
            None,
            actor.roles,
            None,
            by=actor.name,
            now=now,
            text=text.strip() or draft.why,
            settled=() if kept.state is DraftState.DRAFTED else (draft.key,),
        )
        await self._settle(session, actor, kept, DraftState.ISSUED, now, said=issued.text)
        if draft.unit != draft.centre:
            told = message_id("issued", draft.key)
            period = period_of(draft)
            await inbox.put(session, Message(told, draft.unit, period, draft.kind.value, now))
        return await drafts.get(session, draft.key)

    async def _check_round(self, actor: Actor, kept: Kept) -> None:
        """Raise `DraftNotFound` unless the actor stands at the round's centre, or above it."""
        tree = await self._worlds.tree()
        if not (actor.roles & HOTLINE and tree.within(kept.draft.centre, actor.unit)):
            raise DraftNotFound(f"{kept.draft.key}: there is no such draft of supervision")

    async def _load(
        self, session: AsyncSession, actor: Actor, key: str
    ) -> tuple[Kept, WorkOrder, World]:
        """A draft that the actor may see with its order, which is locked before it is read."""
        number = (await drafts.get(session, key)).draft.order
        await orders.lock(session, number)
        kept = await drafts.get(session, key)
        order = fold(await history.read(session, number))
        tree = await self._worlds.tree()
        if not may_see(order, actor, tree) or not _of_its_centre(order, actor, tree):
            raise DraftNotFound(f"{key}: there is no such draft of supervision")
        today = self._now().astimezone(self._worlds.zone).date()
        return kept, order, await self._worlds.world(today, order.pack)

    async def _settle(
        self,
        session: AsyncSession,
        actor: Actor,
        kept: Kept,
        state: DraftState,
        now: datetime,
        *,
        limit: datetime | None = None,
        reason: str | None = None,
        said: str | None = None,
    ) -> None:
        key = kept.draft.key
        if not await drafts.decide(
            session, key, state, actor.name, now, limit=limit, reason=reason, said=said
        ):
            raise GuardFailed(
                "draft_issued",
                "这份督办已经发出或已搁置，请刷新后再看。",
                "This draft has been issued or set aside; load it again.",
                "이미 발송되었거나 보류된 초안입니다. 새로 고친 뒤 다시 보십시오.",
            )
        detail = {} if reason is None else {"reason": reason}
        await audit.note(session, now, actor.name, f"supervision.{state}", key, **detail)


def _of_its_centre(order: WorkOrder, actor: Actor, tree: UnitTree) -> bool:
    """Drafts are of the hotline body that took the order in, and of those above it."""
    return tree.within(order.centre, actor.unit)


def _limit(kind: Kind, given: datetime | None, now: datetime, world: World) -> Limit | None:
    """The limit that is given, else the one that the pack sets for such a measure."""
    if given is None and kind in WITH_LIMIT and kind.value in _MEASURES:
        rule = world.pack.supervision.limit(Measure(kind.value))
        if rule is not None:
            given = supervision_limit(world.pack, world.calendar, now, rule).at
    return None if given is None else limit_of(now, given, world)


def _first(order: WorkOrder, world: World) -> Limit | None:
    facts = facts_of(order, world)
    return None if facts is None else first_limit(facts)


def _step(draft: Draft, issued: Issued, urgency: Urgency | None) -> Command:
    """The step of the order that issuing the draft is."""
    text, limit = issued.text, None if issued.limit is None else issued.limit.at
    match draft.kind:
        case Kind.INSTRUCTION:
            assert limit is not None  # noqa: S101 - `issue` has seen to it
            instruction = int(draft.key.rpartition("/")[2])
            return do.PassOn(
                instruction=instruction,
                text=text,
                limit=limit,
                urgency=urgency,
                draft=draft.key,
            )
        case Kind.VERIFICATION:
            attended = tuple(name.strip() for name in issued.attendees if name.strip())
            return do.Verify(
                attended=attended, evidence=issued.evidence, text=text, draft=draft.key
            )
        case Kind.SANCTION:
            assert draft.fault is not None  # noqa: S101 - the clock has named it
            return do.OpenCase(fault=draft.fault, text=text, draft=draft.key)
        case _:
            if issued.attendees:
                text = f"{text}（参加：{_listed(issued.attendees)}）"
            return do.Supervise(
                measure=Measure(draft.kind.value),
                text=text,
                limit=limit,
                publish=issued.publish,
                draft=draft.key,
            )


def _listed(names: Collection[str]) -> str:
    return "、".join(name.strip() for name in names if name.strip())


def key_of(draft: Draft) -> str:
    """The draft's key as it can stand in a web address."""
    return draft.key.replace("/", "~")


def read_key(text: str) -> str:
    """The key that `key_of` was given."""
    return text.replace("~", "/")
