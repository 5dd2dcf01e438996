"""Rounds of supervision: drafted once when a period is over, issued by a person (D6, D7)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest

from tests.integration.order_desk import DISPATCHER, HOUSING, START, Desk, actor, way
from ticketing.domain import actions as do
from ticketing.domain.errors import DraftNotFound, GuardFailed, NotAllowed, PaperNotFound
from ticketing.domain.guards import World
from ticketing.domain.measures import Kind
from ticketing.domain.roles import Role
from ticketing.domain.supervision_rounds import Rhythm
from ticketing.service.inbox import Inbox
from ticketing.service.round_papers import RoundPapers
from ticketing.service.rounds import Rounds
from ticketing.service.supervision import Supervision
from ticketing.store.database import Database
from ticketing.store.drafts import DraftState, Kept

CHIEF = actor("city", Role.MANAGER)
APRIL = datetime(2026, 3, 31, 16, 5, tzinfo=UTC)  # five past midnight in the city


class Still:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Yearning:
    """The desk's worlds, with a pack that has both rounds."""

    def __init__(self, desk: Desk, hard: Rhythm, bulletins: Rhythm) -> None:
        self._worlds, self._hard, self._bulletins = desk.worlds, hard, bulletins
        self.zone, self.tree = desk.worlds.zone, desk.worlds.tree

    async def world(self, day: object, pack: str = "") -> World:
        world = await self._worlds.world(day, pack)  # type: ignore[arg-type]
        rules = replace(world.pack.supervision, hard_cases=self._hard, bulletins=self._bulletins)
        return replace(world, pack=replace(world.pack, supervision=rules))


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture
async def desk(database: Database, clock: Still) -> Desk:
    return await Desk(database, clock).open()


@pytest.fixture
def use(desk: Desk, clock: Still) -> Supervision:
    return Supervision(desk.database, desk.orders, desk.worlds, clock)


@pytest.fixture
def rounds(desk: Desk, clock: Still) -> Rounds:
    worlds = Yearning(desk, Rhythm.MONTHLY, Rhythm.MONTHLY)
    return Rounds(desk.database, worlds, clock)


async def a_month(desk: Desk, clock: Still) -> tuple[str, str, str]:
    """Orders that fell due in March: one in time and archived, one late, a hard one of another."""
    done = (await desk.dispatched(content="路灯不亮")).number
    for who, step in way(HOUSING):
        await desk.orders.act(who, done, step)
    await desk.orders.act(CHIEF, done, do.Archive())
    late = (await desk.dispatched(content="井盖破损")).number
    hard = (await desk.dispatched("water", content="停水三天")).number
    water = actor("water", Role.UNIT_HANDLER)
    await desk.orders.act(water, hard, do.Sign())
    for _ in range(3):
        await desk.orders.act(water, hard, do.AskExtension(days=1, why="等配件"))
        await desk.orders.act(DISPATCHER, hard, do.DecideExtension(accepted=True, why="同意"))
    clock.now = APRIL
    return done, late, hard


async def drafts(use: Supervision, state: DraftState = DraftState.DRAFTED) -> dict[str, Kept]:
    page = await use.page(CHIEF, state)
    return {
        f"{kept.draft.kind} {kept.draft.unit}": kept for kept in page.items if kept.draft.centre
    }


def text_of(pdf: bytes) -> str:
    paper = pypdfium2.PdfDocument(pdf)
    try:
        return "".join(page.get_textpage().get_text_range() for page in paper)
    finally:
        paper.close()


async def test_a_round_is_drafted_once_and_shown_to_who_issues_it(
    desk: Desk, clock: Still, use: Supervision, rounds: Rounds
) -> None:
    done, late, hard = await a_month(desk, clock)
    assert await rounds.draft() > 0
    found = await drafts(use)
    assert set(found) == {
        "hard_cases city",
        "bulletin housing",
        "rectification housing",
        "bulletin water",
        "rectification water",
        "report city",
    }
    assert found["bulletin housing"].draft.orders == (done, late)
    assert found["rectification housing"].draft.orders == (late,)
    assert found["hard_cases city"].draft.orders == (hard,)
    assert found["bulletin housing"].draft.why == "2026-03 到期 2 件，其中超期 1 件"
    inbox = await Inbox(desk.database, clock).page(CHIEF)
    told = [(one.what, one.number) for one in inbox.items if one.what == "round_drafted"]
    assert told == [("round_drafted", "2026-03")] * 2
    assert await rounds.draft() == 0, "the same round again"
    assert await drafts(use) == found


async def test_two_nodes_draft_one_round(
    desk: Desk, clock: Still, use: Supervision, rounds: Rounds
) -> None:
    await a_month(desk, clock)
    other = Rounds(desk.database, Yearning(desk, Rhythm.MONTHLY, Rhythm.MONTHLY), lambda: clock.now)
    done = await asyncio.gather(rounds.draft(), other.draft())
    bodies = sum(unit.kind == "centre" for unit in await desk.worlds.tree())
    assert sum(done) == 2 * bodies, "of each hotline body both rounds, once"
    assert len(await drafts(use)) == 6
    inbox = await Inbox(desk.database, clock).page(CHIEF)
    assert [one.what for one in inbox.items].count("round_drafted") == 2


async def test_nothing_before_the_period_is_over_and_nothing_where_the_pack_wants_none(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    await a_month(desk, clock)
    clock.now = APRIL - timedelta(minutes=10)
    await Rounds(desk.database, Yearning(desk, Rhythm.NEVER, Rhythm.MONTHLY), clock).draft()
    assert await drafts(use) == {}
    clock.now = APRIL
    assert (
        await Rounds(desk.database, Yearning(desk, Rhythm.NEVER, Rhythm.NEVER), clock).draft() == 0
    )
    assert await drafts(use) == {}


async def test_a_person_issues_it_the_unit_is_told_and_reads_its_paper(
    desk: Desk, clock: Still, use: Supervision, rounds: Rounds
) -> None:
    done, late, _ = await a_month(desk, clock)
    await rounds.draft()
    found = await drafts(use)
    key = found["rectification housing"].draft.key
    papers = RoundPapers(desk.database, desk.worlds)
    with pytest.raises(NotAllowed):
        await use.issue(DISPATCHER, key)
    with pytest.raises(DraftNotFound):
        await use.issue(actor("north", Role.MANAGER), key)
    with pytest.raises(PaperNotFound):
        await papers.make(HOUSING, key, "pdf")
    issued = await use.issue(CHIEF, key, text="三月有一件超期")
    assert (issued.state, issued.decided_by, issued.said) == (
        DraftState.ISSUED,
        CHIEF.name,
        "三月有一件超期",
    )
    with pytest.raises(GuardFailed) as refused:
        await use.issue(CHIEF, key)
    assert refused.value.guard == "draft_issued"
    told = (await Inbox(desk.database, clock).page(HOUSING)).items
    assert [one.number for one in told if one.what == "rectification"] == ["2026-03"]
    assert [one.draft.key for one in (await papers.page(HOUSING)).items] == [key]
    assert (await papers.page(actor("water", Role.UNIT_HANDLER))).items == ()
    with pytest.raises(PaperNotFound):
        await papers.make(actor("water", Role.UNIT_HANDLER), key, "pdf")
    title, pdf = await papers.make(HOUSING, key, "pdf")
    words = text_of(pdf)
    assert title == "整改建议书（2026-03）"
    assert "住建局" in words
    assert "三月有一件超期" in words
    assert late in words
    assert done not in words


async def test_every_round_has_its_paper(
    desk: Desk, clock: Still, use: Supervision, rounds: Rounds
) -> None:
    _, _, hard = await a_month(desk, clock)
    await rounds.draft()
    found, papers = await drafts(use), RoundPapers(desk.database, desk.worlds)
    words = {}
    for name, kept in found.items():
        await use.issue(CHIEF, kept.draft.key)
        _, pdf = await papers.make(CHIEF, kept.draft.key, "pdf")
        words[name] = text_of(pdf)
    assert hard in words["hard_cases city"]
    assert "疑难" in words["hard_cases city"]
    for unit in ("住建局", "水务公司"):
        assert unit in words["report city"]
    assert "水务公司" in words["bulletin water"]
    assert {kept.draft.kind for kept in found.values()} == {
        Kind.HARD_CASES,
        Kind.BULLETIN,
        Kind.RECTIFICATION,
        Kind.REPORT,
    }


async def test_a_round_may_be_set_aside(
    desk: Desk, clock: Still, use: Supervision, rounds: Rounds
) -> None:
    await a_month(desk, clock)
    await rounds.draft()
    key = (await drafts(use))["report city"].draft.key
    gone = await use.dismiss(CHIEF, key, "本月不报")
    assert (gone.state, gone.reason) == (DraftState.DISMISSED, "本月不报")
    assert "report city" not in await drafts(use)
