"""Use cases of supervision: what the clock has drafted is issued or set aside by a person (D)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain import actions as do
from ticketing.domain.actions import Measure
from ticketing.domain.deadlines import supervision_limit
from ticketing.domain.errors import DraftNotFound, GuardFailed, NotAllowed, OrderChanged
from ticketing.domain.fold import fold
from ticketing.domain.guards import Actor, World
from ticketing.domain.lifecycle import may_see
from ticketing.domain.measures import ISSUERS, WITH_LIMIT, Draft, Issued, Kind, Limit, issue
from ticketing.domain.supervision import first_limit
from ticketing.domain.supervision_facts import facts_of, limit_of
from ticketing.domain.units import UnitTree
from ticketing.domain.work_order import WorkOrder
from ticketing.service.clock import utc_now
from ticketing.service.orders import Orders, Worlds, sight
from ticketing.store import audit, drafts, history, orders
from ticketing.store.database import Database
from ticketing.store.drafts import DraftPage, DraftState, Kept

_MEASURES = {measure.value for measure in Measure}
_NAMES = {
    Kind.SANCTION: "问责案卷",
    Kind.INSTRUCTION: "领导批示交办",
    Kind.VERIFICATION: "现场核实",
}


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
        publish: bool = False,
    ) -> Kept:
        """A person issues a draft; it becomes a step of its order in the same unit of work.

        Args:
            text: what is said; the draft's own reason when empty.
            limit: the new limit; where the measure needs one and none is given, the pack's.
            attendees: who is asked to come to a joint supervision (D3).
            publish: make a listed order public (D4).

        Raises:
            DraftNotFound: there is none, or the actor may not see it.
            NotAllowed: none of the actor's roles issues such a measure.
            OrderChanged, IllegalAction, NotYours, GuardFailed
        """
        try:
            async with self._database.session() as session:
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
                    publish=publish,
                    settled=() if kept.state is DraftState.DRAFTED else (key,),
                )
                until = None if issued.limit is None else issued.limit.at
                await self._settle(session, actor, kept, DraftState.ISSUED, now, limit=until)
                await self._orders.act_within(session, actor, order.number, _step(issued, world))
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
            kept, _, _ = await self._load(session, actor, key)
            if not ISSUERS[kept.draft.kind] & actor.roles:
                raise NotAllowed(f"{key}: none of your roles may decide on it")
            if not why.strip():
                raise GuardFailed("text_missing", "请写明理由。", "Say why.")
            now = self._now()
            await self._settle(session, actor, kept, DraftState.DISMISSED, now, reason=why.strip())
            return await drafts.get(session, key)

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
    ) -> None:
        key = kept.draft.key
        if not await drafts.decide(
            session, key, state, actor.name, now, limit=limit, reason=reason
        ):
            raise GuardFailed(
                "draft_issued",
                "这份督办已经发出或已搁置，请刷新后再看。",
                "This draft has been issued or set aside; load it again.",
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


def _step(issued: Issued, world: World) -> do.Supervise | do.Note:
    """The step of the order: a measure, or a note of what has no measure of its own (D8, D9)."""
    text = issued.text
    if issued.attendees:
        text = f"{text}（参加：{_listed(issued.attendees)}）"
    if issued.kind.value in _MEASURES:
        return do.Supervise(
            measure=Measure(issued.kind.value),
            text=text,
            limit=None if issued.limit is None else issued.limit.at,
            publish=issued.publish,
            draft=issued.key,
        )
    until = ""
    if issued.limit is not None:
        until = f"，期限 {issued.limit.at.astimezone(world.pack.zone):%Y-%m-%d %H:%M}"
    return do.Note(text=f"【{_NAMES[issued.kind]}】{text}{until}")


def _listed(names: Collection[str]) -> str:
    return "、".join(name.strip() for name in names if name.strip())


def key_of(draft: Draft) -> str:
    """The draft's key as it can stand in a web address."""
    return draft.key.replace("/", "~")


def read_key(text: str) -> str:
    """The key that `key_of` was given."""
    return text.replace("~", "/")
