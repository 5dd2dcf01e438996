"""Use cases of what was issued about many orders (D6, D7): who may read it, and its paper."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.documents import round_forms as forms
from ticketing.documents.facts import Issue
from ticketing.documents.model import OfficialPaper
from ticketing.documents.render import Format, render
from ticketing.documents.round_forms import OrderLine
from ticketing.domain.errors import DraftNotFound, PaperNotFound
from ticketing.domain.guards import Actor
from ticketing.domain.measures import ROUNDS, Kind
from ticketing.domain.supervision_rounds import period_of
from ticketing.domain.units import UnitTree
from ticketing.service.orders import Worlds, sight
from ticketing.store import drafts, rounds
from ticketing.store.database import Database
from ticketing.store.drafts import DraftPage, DraftState, Kept

_OFFICES = ("督查部门", "信访部门")  # to whom hard cases go (D6)
_GOVERNMENT = "市人民政府"


class RoundPapers:
    """What was issued about many orders."""

    def __init__(self, database: Database, worlds: Worlds) -> None:
        self._database, self._worlds = database, worlds

    async def page(self, actor: Actor, *, limit: int = 50, cursor: str | None = None) -> DraftPage:
        """One page of what went to the actor's unit, or out of the actor's hotline body.

        Raises:
            BadCursor
        """
        seen = sight(actor, await self._worlds.tree())
        async with self._database.reading() as session:
            return await drafts.issued_rounds(session, seen, limit=limit, cursor=cursor)

    async def make(
        self,
        actor: Actor,
        key: str,
        format: Format,  # noqa: A002
    ) -> tuple[str, bytes]:
        """A paper's title and its file.

        Raises:
            PaperNotFound: nothing of this key was issued, or not to the actor.
        """
        tree = await self._worlds.tree()
        async with self._database.reading() as session:
            try:
                kept = await drafts.get(session, key)
            except DraftNotFound:
                raise _no_paper(key) from None
            if not _may_read(kept, actor, tree):
                raise _no_paper(key)
            paper = await self._paper(session, kept, tree)
        return paper.title, await asyncio.to_thread(render, paper, format)

    async def _paper(self, session: AsyncSession, kept: Kept, tree: UnitTree) -> OfficialPaper:
        draft, zone = kept.draft, self._worlds.zone
        assert kept.decided_at is not None  # noqa: S101 - it was issued
        issue = Issue(
            issuer=_name(draft.centre, tree), date=kept.decided_at.astimezone(zone).date()
        )
        said, period = kept.said or draft.why, period_of(draft)
        lines = [
            OrderLine(
                line.number,
                line.title or line.category,
                _name(line.unit or "", tree),
                _local(line.last_due, zone),
            )
            for line in await rounds.lines(session, draft.orders)
        ]
        match draft.kind:
            case Kind.HARD_CASES:
                title = f"关于报送{period}疑难办件的函"
                return forms.hard_cases_report(
                    issue, to=_OFFICES, said=said, orders=lines, title=title
                )
            case Kind.RECTIFICATION:
                title, unit = f"整改建议书（{period}）", _name(draft.unit, tree)
                return forms.rectification_advice(
                    issue, unit=unit, said=said, orders=lines, title=title
                )
            case Kind.REPORT:
                told = await rounds.bulletins(session, draft.centre, period)
                units = [(_name(unit, tree), why) for unit, why in told]
                title = f"关于{period}督办情况的报告"
                return forms.government_report(
                    issue, to=_GOVERNMENT, said=said, units=units, title=title
                )
            case _:
                title, unit = f"办理情况通报（{period}）", _name(draft.unit, tree)
                return forms.unit_bulletin(issue, unit=unit, said=said, orders=lines, title=title)


def _may_read(kept: Kept, actor: Actor, tree: UnitTree) -> bool:
    if kept.draft.kind not in ROUNDS or kept.state is not DraftState.ISSUED:
        return False
    seen = sight(actor, tree)
    if seen is None:
        return True
    return kept.draft.centre in seen.centres or (seen.holds and kept.draft.unit == seen.unit)


def _no_paper(key: str) -> PaperNotFound:
    return PaperNotFound(f"{key}: there is no such paper")


def _name(unit: str, tree: UnitTree) -> str:
    found = tree.get(unit)
    return unit if found is None else found.name


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if at is None else at.astimezone(zone)
