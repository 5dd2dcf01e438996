"""The lives of orders: what becomes of each case, step by step, as people go about it.

Everything is decided by `ticketing.domain.lifecycle`; here are only the people's choices, drawn
with dice of the order's own, so that the same seed gives the same lives.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from ticketing.demo import people
from ticketing.demo.cases import Case
from ticketing.demo.city import ZONE, City, version_at
from ticketing.demo.handling import Handling
from ticketing.demo.source import words
from ticketing.demo.thread import Over, Thread
from ticketing.domain import actions as do
from ticketing.domain.guards import Actor, World
from ticketing.domain.matters import Channel, Citizen, OrderType, Urgency
from ticketing.domain.precedents import Decided, learn
from ticketing.domain.routing import Matter, Proposal, Refusal, propose
from ticketing.domain.units import UnitKind
from ticketing.domain.work_order import State

_OWN_TO_TAKE_IN = frozenset({Channel.WECHAT, Channel.APP, Channel.PORTAL, Channel.SMS})
_MOST_ROUNDS = 3


@dataclass(slots=True)
class Scene:
    """What lives have in common.

    Attributes:
        decided: what the centre has decided so far, to learn from (I5).
        settled: when the first report of an event was answered, and with what.
    """

    city: City
    world: World
    seed: int
    until: datetime
    articles: dict[str, str]
    decided: list[Decided] = field(default_factory=list)
    settled: dict[str, tuple[datetime, str]] = field(default_factory=dict)


class Life:
    """One order from its intake on.

    Args:
        number: the order's.
        earlier, event: the numbers of the orders that the case names.
    """

    def __init__(
        self, scene: Scene, case: Case, place: int, number: str, earlier: str, event: str
    ) -> None:
        self._scene, self._case, self._number = scene, case, number
        self._earlier, self._event = earlier, event
        self._dice = Random(f"{scene.seed}/{place}")  # noqa: S311 - a play, not a secret
        self.thread = Thread(scene.world, people.CLOCK, case.at, scene.until, case.stop)
        self._handling = Handling(self.thread, scene.city, case, self._dice)

    def live(self) -> Thread:
        """Go through it all, as far as it gets."""
        with suppress(Over):
            self._intake()
        self.thread.finish()
        if self._case.event is None and self.thread.it.callback_since is not None:
            answered = (self.thread.it.callback_since, self.thread.it.answer)
            self._scene.settled[self._number] = answered
        return self.thread

    # --- intake ---------------------------------------------------------------------------------
    def _intake(self) -> None:
        case, thread, dice = self._case, self.thread, self._dice
        agent = people.agent(case.at, dice)
        first = people.channel(case.channel) if case.channel in _OWN_TO_TAKE_IN else agent
        thread.step(first, self._receive(), case.at)
        if case.declined is not None:
            said = next(
                one.sentence
                for one in thread.world.pack.intake.declined
                if one.code == case.declined.code
            )
            what = do.Decline(code=case.declined.code, said=said, redirect=case.declined.redirect)
            thread.step(agent, what, self._in(1, 4))
            return
        if self._event:
            why = "同一区域同一时段的停供报修，并入首件统一处理"
            thread.step(agent, do.JoinMaster(master=self._event, why=why), self._in(2, 6))
            self._follow(agent)
            return
        quick = case.channel is Channel.PHONE
        classified = self._classified()
        thread.step(agent, classified, self._in(2, 8) if quick else self._in(6, 50))
        if case.kind is not None and case.kind.article and self._answered(agent):
            self._call_back()
            return
        self._dispatch()
        if self._earlier:
            reasonable = dice.random() < 0.75
            why = (
                "同一市民同一事项，前次处理不彻底" if reasonable else "诉求超出政策范围，已多次解释"
            )
            link = do.LinkRepeat(earlier=self._earlier, reasonable=reasonable, why=why)
            thread.step(people.dispatcher(dice), link, self._in(4, 20))
        self._with_units()
        self._call_back()

    def _receive(self) -> do.Receive:
        case = self._case
        citizen = Citizen(
            name=case.person.name,
            phone=case.person.phone,
            address=self._handling.address,
            email=case.source if "@" in case.source else "",
            anonymous=case.anonymous,
        )
        return do.Receive(
            number=self._number,
            content=case.told.content,
            citizen=citizen,
            channel=case.channel,
            title=case.told.title,
            source=case.source,
            dialled=case.dialled,
            language=case.person.language,
        )

    def _classified(self) -> do.Classify:
        case, dice = self._case, self._dice
        kind = self._handling.kind
        urgent, complex_ = dice.random() < kind.urgent, dice.random() < kind.complex
        consulted = case.type is OrderType.CONSULTATION
        critical = case.type is OrderType.EMERGENCY and dice.random() < 0.4
        return do.Classify(
            type=case.type,
            category=kind.category,
            district=case.spot.district,
            urgency=Urgency.CRITICAL if critical else Urgency.URGENT if urgent else Urgency.NORMAL,
            complex=complex_,
            leader_instructed=dice.random() < 0.008,
            statutory=None if consulted or case.type is OrderType.EMERGENCY else kind.limit,
        )

    def _answered(self, agent: Actor) -> bool:
        """Answered from the knowledge base at once (H1)?"""
        case, dice = self._case, self._dice
        key = self._handling.kind.article
        version = version_at(self._scene.city.articles[key], self.thread.now)
        if case.type is not OrderType.CONSULTATION or version is None or dice.random() < 0.25:
            return False
        answer = do.AnswerDirectly(
            answer=version.text, article=self._scene.articles[key], version=version.number
        )
        self.thread.step(agent, answer, self._in(1, 6))
        return True

    def _follow(self, agent: Actor) -> None:
        """Handled with the first report, answered singly."""
        settled = self._scene.settled.get(self._event)
        if settled is None:
            raise Over
        at, answer = settled
        delay = timedelta(minutes=self._dice.uniform(5, 150))
        self.thread.step(agent, do.Reply(text=answer, how="电话"), at + delay)
        self._call_back()

    # --- dispatch -------------------------------------------------------------------------------
    def _dispatch(self) -> None:
        """To the unit that routing proposes; what it leaves to the centre, the centre decides."""
        thread, dice = self.thread, self._dice
        desk = people.dispatcher(dice)
        at = self._awake(self._in(4, 30))
        proposal = self._proposal(at)
        root = self._scene.city.places.tree.root.id
        settled = proposal.lead != root and self._case.stop is not State.CENTRE
        if settled and thread.it.state is State.CLASSIFIED:
            thread.step(
                desk,
                do.Dispatch(
                    unit=proposal.lead,
                    assisting=proposal.assisting,
                    rule=proposal.rule,
                    why=proposal.why,
                ),
                at,
            )
            return
        if thread.it.state is State.CLASSIFIED:
            why = proposal.why if proposal.lead == root else dice.choice(words()["centre_reasons"])
            thread.step(desk, do.TakeToCentre(why=why), at)
        self._decide(desk, proposal)

    def _decide(self, desk: Actor, proposal: Proposal) -> None:
        """The centre decides whose it is, and later ones learn from it (I6)."""
        thread, dice = self.thread, self._dice
        unit = self._chosen(proposal)
        assisting = tuple(one for one in proposal.assisting if one != unit)
        why = f"中心研究决定由{self._handling.name(unit)}牵头办理"
        at = thread.office(self._in(25, 240))
        dispatch = do.Dispatch(unit=unit, assisting=assisting, rule="中心裁定 I6", why=why)
        order = thread.step(desk, dispatch, at)
        self._scene.decided.append(
            Decided(order.category, order.district, unit, order.number, thread.now, desk.name, why)
        )
        if dice.random() < 0.3 and len(proposal.alternatives) > 1:
            others = tuple(one.unit for one in proposal.alternatives[:2])
            meet = do.Coordinate(
                how=do.Coordination.RECORD, units=others, text="已电话协调各单位，明确职责分工。"
            )
            thread.step(desk, meet, self._in(10, 60))

    def _chosen(self, proposal: Proposal) -> str:
        refused = {refusal.unit for refusal in self.thread.it.refusals}
        category = self.thread.it.category
        owner = next(
            (
                self._scene.city.owners[code]
                for code in _upwards(category)
                if code in self._scene.city.owners
            ),
            "city.services",
        )
        county = self._case.spot.county
        choices = [owner, *(one.unit for one in proposal.alternatives), "city.urban"]
        if county is not None:
            choices.append(county.unit)
        root = self._scene.city.places.tree.root.id
        open_ = [one for one in choices if one not in refused and one != root]
        return open_[0] if open_ else "city.services"

    def _proposal(self, at: datetime) -> Proposal:
        order, scene = self.thread.it, self._scene
        known = [one for one in scene.decided if one.at <= at]
        return propose(
            scene.city.places.tree,
            scene.city.responsibilities,
            Matter(
                category=order.category,
                district=order.district,
                leader_instructed=order.leader_instructed,
                refusals=tuple(Refusal(r.unit, r.at, r.who, r.why) for r in order.refusals),
            ),
            day=at.astimezone(ZONE).date(),
            precedents=learn(known),
            settings=scene.world.pack.routing,
        )

    # --- with the units -------------------------------------------------------------------------
    def _with_units(self) -> None:
        """Until the answer has been reviewed and found good."""
        thread, dice = self.thread, self._dice
        self._taken_on()
        if self._case.withdrawn:
            why = dice.choice(words()["withdrawn"])
            agent = people.agent(thread.now, dice)
            thread.step(agent, do.Withdraw(why=why), thread.now + timedelta(hours=20))
            raise Over
        self._forwarded()
        self._handling.work()
        self._reviewed()

    def _taken_on(self) -> None:
        """Signed for; given back to the centre and dispatched anew where it is not theirs (W2)."""
        handling = self._handling
        handling.sign()
        while handling.gives_back():
            self._dispatch()
            handling.sign()

    def _forwarded(self) -> None:
        """A county hands on to its own, a town to its village (N1, N2)."""
        case, handling = self._case, self._handling
        county, kind = case.spot.county, handling.kind
        if county is None or self.thread.it.round > 1:
            return
        tree = self._scene.city.places.tree
        if self.thread.holder.unit == county.unit and kind.local:
            town = case.spot.town
            below = f"{county.unit}.{kind.local}"
            if kind.local == "town":
                below = town.unit if town is not None else f"{county.unit}.urban"
            handling.forward(below)
        holds = tree[self.thread.holder.unit]
        town_has_it = holds.kind is UnitKind.TOWN and tree.within(case.spot.village, holds.id)
        if kind.village and town_has_it:
            handling.forward(case.spot.village)

    def _reviewed(self) -> None:
        """The centre's review; what is not good is done again (W7)."""
        thread, dice = self.thread, self._dice
        while True:
            at = thread.office(self._in(30, 420))
            if dice.random() > 0.035 or thread.it.round >= _MOST_ROUNDS:
                thread.step(people.dispatcher(dice), do.Review(passed=True), at)
                return
            why = dice.choice(words()["redo_reasons"])
            thread.step(people.dispatcher(dice), do.Review(passed=False, why=why), at)
            self._handling.sign()
            self._handling.work()

    # --- callback -------------------------------------------------------------------------------
    def _call_back(self) -> None:
        """Until the citizen has said what they think, or cannot be reached (C1, note 11)."""
        thread = self.thread
        while self._handling.called_back():
            desk = people.dispatcher(self._dice)
            if thread.it.round >= _MOST_ROUNDS or self._dice.random() < 0.25:
                why = self._dice.choice(words()["close_reasons"])
                thread.step(desk, do.Close(why=why), thread.office(self._in(60, 400)))
                return
            why = self._dice.choice(words()["unhappy"])
            again = do.Redo(why=f"市民不满意：{why}")
            thread.step(desk, again, thread.office(self._in(30, 300)))
            if thread.it.state is State.RECEIVED:  # it was handled with another, unclassified
                agent = people.agent(thread.now, self._dice)
                thread.step(agent, self._classified(), self._in(5, 40))
                self._dispatch()
            elif thread.it.state is State.CENTRE:
                self._decide(desk, self._proposal(thread.now))
            self._handling.sign()
            self._handling.work()
            self._reviewed()

    def _in(self, least: float, most: float) -> datetime:
        return self.thread.now + timedelta(minutes=self._dice.uniform(least, most))

    def _awake(self, at: datetime) -> datetime:
        """Units are not given common orders at night."""
        local = at.astimezone(ZONE)
        if self.thread.it.urgency is not Urgency.NORMAL or 7 <= local.hour < 22:
            return at
        morning = local.replace(hour=7, minute=self._dice.randint(30, 59), second=0)
        return at + (morning - local) % timedelta(days=1)


def _upwards(category: str) -> Sequence[str]:
    parts = category.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
