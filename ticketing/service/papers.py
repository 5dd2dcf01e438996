"""The official papers of an order, each of a step, as the order was then (H3, H5, H6, D, W)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ticketing.documents import follow_up_forms, forms
from ticketing.documents.facts import Issue, Limit, OrderFacts
from ticketing.documents.model import OfficialPaper
from ticketing.documents.render import Format, render
from ticketing.domain import actions as do
from ticketing.domain.actions import Coordination, Measure
from ticketing.domain.errors import PaperNotFound
from ticketing.domain.fold import evolve
from ticketing.domain.guards import Actor, World
from ticketing.domain.measures import FAULT_NAMES, MEASURE_NAMES
from ticketing.domain.units import UnitTree
from ticketing.domain.work_order import Event, WorkOrder
from ticketing.service.orders import Orders, Worlds
from ticketing.store import categories
from ticketing.store.database import Database


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper that can be had.

    Attributes:
        seq: the number of the step that it belongs to.
    """

    seq: int
    kind: str
    title: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Step:
    """One step with the order before and after it."""

    event: Event
    before: WorkOrder
    after: WorkOrder


class Papers:
    """The papers of orders that the actor may see."""

    def __init__(self, database: Database, orders: Orders, worlds: Worlds) -> None:
        self._database, self._orders, self._worlds = database, orders, worlds

    async def of(self, actor: Actor, number: str) -> tuple[PaperLine, ...]:
        """The papers of an order, in the order of its steps.

        Raises:
            OrderNotFound
        """
        writer, steps = await self._writer(actor, number)
        found = []
        for step in steps:
            paper = writer.paper(step)
            if paper is not None:
                found.append(PaperLine(step.event.seq, paper.kind, paper.title, step.event.at))
        return tuple(found)

    async def make(
        self,
        actor: Actor,
        number: str,
        seq: int,
        format: Format,  # noqa: A002
    ) -> tuple[str, bytes]:
        """A paper's title and its file.

        Raises:
            OrderNotFound
            PaperNotFound: the order has no step of this number, or the step has no paper.
        """
        writer, steps = await self._writer(actor, number)
        for step in steps:
            paper = writer.paper(step) if step.event.seq == seq else None
            if paper is not None:
                return paper.title, await asyncio.to_thread(render, paper, format)
        raise PaperNotFound(f"{number}: step {seq} has no paper")

    async def _writer(self, actor: Actor, number: str) -> tuple[_Writer, list[_Step]]:
        opened = await self._orders.open(actor, number)
        day = opened.order.received_at.astimezone(self._worlds.zone).date()
        world = await self._worlds.world(day, opened.order.pack)
        async with self._database.reading() as session:
            category = await categories.find(session, opened.order.category)
        name = opened.order.category if category is None else category.name
        named = not opened.order.citizen.anonymous
        return _Writer(world, self._worlds.zone, name, named), _steps(opened.events)


def _steps(events: tuple[Event, ...]) -> list[_Step]:
    found: list[_Step] = []
    order: WorkOrder | None = None
    for event in events:
        after = evolve(order, event)
        if order is not None:
            found.append(_Step(event, order, after))
        order = after
    return found


class _Writer:
    """Writes the paper of a step, if it has one."""

    def __init__(self, world: World, zone: ZoneInfo, category: str, named: bool) -> None:
        self._titles, self._tree = world.pack.documents, world.units
        self._zone, self._category, self._named = zone, category, named

    def paper(self, step: _Step) -> OfficialPaper | None:
        match step.event.command:
            case do.Dispatch() | do.Forward() as c:
                return forms.dispatch_notice(
                    self._facts(step),
                    self._issue(step),
                    opinion=c.why,
                    title=self._titles.dispatch,
                )
            case do.AskReturn() | do.DecideReturn():
                return self._return(step)
            case do.AskExtension() | do.DecideExtension():
                return self._extension(step)
            case do.Supervise():
                return self._supervision(step)
            case do.Review(passed=False) | do.Redo():
                return self._redo(step)
            case do.Coordinate():
                return self._coordination(step)
            case do.PassOn() | do.OpenCase() | do.Verify():
                return self._followed_up(step)
            case _:
                return None

    def _return(self, step: _Step) -> OfficialPaper | None:
        c, asked, due = step.event.command, step.before.return_request, self._due(step.before)
        if isinstance(c, do.AskReturn):
            return forms.return_application(
                self._facts(step),
                self._issue(step),
                to=self._above(step.after),
                reasons=c.why,
                proposed=self._name(c.suggested),
                site_check=c.site_check,
                title=self._titles.return_request,
            )
        if not isinstance(c, do.DecideReturn) or asked is None:
            return None
        return forms.return_decision(
            self._facts(step),
            self._issue(step),
            accepted=c.accepted,
            reasons=c.why,
            due=None if c.accepted else due,
            title=self._titles.return_decision,
        )

    def _extension(self, step: _Step) -> OfficialPaper | None:
        c, due = step.event.command, self._due(step.before)
        until = self._due(step.after)
        if due is None or until is None:
            return None
        nth = step.before.extensions + 1
        if isinstance(c, do.AskExtension):
            return forms.extension_application(
                self._facts(step),
                self._issue(step),
                to=self._above(step.after),
                reasons=c.why,
                due=due,
                until=due,
                nth=nth,
                title=self._titles.extension_request,
            )
        assert isinstance(c, do.DecideExtension)  # noqa: S101 - what `paper` gives
        return forms.extension_decision(
            self._facts(step),
            self._issue(step),
            granted=c.accepted,
            reasons=c.why,
            due=until,
            nth=nth,
            title=self._titles.extension_decision,
        )

    def _supervision(self, step: _Step) -> OfficialPaper | None:
        c = step.event.command
        if not isinstance(c, do.Supervise) or c.limit is None:
            return None
        facts, issue, limit = self._facts(step), self._issue(step), self._local(c.limit)
        match c.measure:
            case Measure.SUPERVISION:
                title = self._titles.supervision
                return forms.supervision_slip(facts, issue, cause=c.text, limit=limit, title=title)
            case Measure.NOTICE:
                title = self._titles.notice
                return forms.supervision_notice(
                    facts, issue, cause=c.text, limit=limit, title=title
                )
            case Measure.LISTED:
                return forms.listed_supervision(
                    facts,
                    issue,
                    cause=c.text,
                    limit=limit,
                    publish=c.publish,
                    title=self._titles.listed,
                )
            case _:
                return None

    def _followed_up(self, step: _Step) -> OfficialPaper | None:
        """What follows from a leader's word, a visit or a fault (D3, D8, D9)."""
        c, order = step.event.command, step.after
        if order.holder is None:
            return None
        facts, issue = self._facts(step), self._issue(step)
        match c:
            case do.PassOn():
                limit = self._local(c.limit)
                return follow_up_forms.instruction_notice(facts, issue, said=c.text, limit=limit)
            case do.Verify():
                return follow_up_forms.verification_record(
                    facts, issue, attended=c.attended, evidence=c.evidence, found=c.text
                )
            case do.OpenCase():
                return follow_up_forms.case_file(
                    facts,
                    issue,
                    fault=FAULT_NAMES[c.fault],
                    said=c.text,
                    course=self._course(order),
                )
            case _:
                return None

    def _course(self, order: WorkOrder) -> list[tuple[str, str]]:
        """What the unit has done and what was done about it, for a case file (D8)."""
        holder = order.holder
        assert holder is not None  # noqa: S101 - `_followed_up` has looked
        times = [
            ("派单", holder.at),
            ("签收", holder.signed_at),
            ("答复", holder.replied_at),
            ("反馈", holder.reported_at),
        ]
        course = [
            (name, "无" if at is None else f"{self._local(at):%Y-%m-%d %H:%M}")
            for name, at in times
        ]
        course.append(("退回", f"{len(order.refusals)} 次"))
        course.append(("延期", f"{order.extensions} 次"))
        course += [
            (MEASURE_NAMES[one.measure], f"{self._local(one.at):%Y-%m-%d %H:%M}")
            for one in order.supervised
        ]
        return course

    def _redo(self, step: _Step) -> OfficialPaper | None:
        c, due = step.event.command, self._due(step.after)
        if due is None or not isinstance(c, do.Review | do.Redo):
            return None
        return forms.redo_notice(
            self._facts(step),
            self._issue(step),
            reasons=c.why,
            round=step.after.round - 1,
            limit=due,
        )

    def _coordination(self, step: _Step) -> OfficialPaper | None:
        c = step.event.command
        assert isinstance(c, do.Coordinate)  # noqa: S101 - what `paper` gives
        about = step.after.title or f"第{step.after.number}号事项"
        if c.how is Coordination.LETTER:
            return forms.work_letter(
                self._issue(step),
                to=[self._name(unit) for unit in c.units],
                title=f"关于{about}的{self._titles.letter}",
                matter=step.after.content,
                request=c.text,
            )
        if c.how is Coordination.REFERRAL:
            return forms.major_report(
                self._issue(step),
                to="、".join(self._name(unit) for unit in c.units),
                title=f"关于{about}的{self._titles.major}",
                situation=step.after.content,
                measures=step.after.result or "已转有关单位办理。",
                proposal=c.text,
                orders=[self._facts(step)] if step.after.type is not None else [],
                urgency=step.after.urgency,
            )
        return None

    def _facts(self, step: _Step) -> OrderFacts:
        order = step.after if step.after.holder is not None else step.before
        holder, citizen = order.holder, order.citizen
        assert order.type is not None  # noqa: S101 - no paper before it is classified
        limits: tuple[Limit, ...] = ()
        if holder is not None:
            moments = holder.moments
            basis = order.statutory.basis if order.statutory is not None else ""
            limits = (
                Limit("签收", self._local(moments.sign_by)),
                Limit("申请退回", self._local(moments.return_by)),
                Limit("办结", self._local(moments.due), basis, moments.provisional),
            )
        return OrderFacts(
            number=order.number,
            received=self._local(order.received_at),
            type=order.type,
            category=self._category,
            content=order.content,
            unit=self._name(holder.unit) if holder is not None else "",
            limits=limits,
            citizen=citizen.name if self._named and citizen.name else None,
            phone=citizen.phone if self._named and citizen.phone else None,
            channel=order.channel,
            urgency=order.urgency,
            place=citizen.address if self._named else "",
        )

    def _issue(self, step: _Step) -> Issue:
        day = self._local(step.event.at).date()
        number = f"热线〔{day.year}〕{step.event.order}-{step.event.seq}号"
        return Issue(issuer=self._name(step.event.unit), date=day, number=number)

    def _above(self, order: WorkOrder) -> str:
        return self._name(order.holder.by) if order.holder is not None else ""

    def _due(self, order: WorkOrder) -> datetime | None:
        return self._local(order.holder.moments.due) if order.holder is not None else None

    def _name(self, unit: str) -> str:
        tree: UnitTree = self._tree
        found = tree.get(unit)
        return unit if found is None else found.name

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)
