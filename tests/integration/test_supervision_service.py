"""Drafts of supervision: made by the clock, issued or set aside by a person, once (D1 to D9)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.integration.order_desk import DISPATCHER, HOUSING, START, Desk, actor
from ticketing.domain import actions as do
from ticketing.domain.actions import Measure
from ticketing.domain.errors import (
    BadCursor,
    DraftNotFound,
    GuardFailed,
    NotAllowed,
    OrderChanged,
)
from ticketing.domain.matters import Urgency
from ticketing.domain.measures import Fault, Kind
from ticketing.domain.roles import Role
from ticketing.service.clocks import Clocks
from ticketing.service.papers import Papers
from ticketing.service.supervision import Supervision, key_of, read_key
from ticketing.store import audit
from ticketing.store.database import Database
from ticketing.store.drafts import DraftState, Kept
from ticketing.store.order_tables import OUTBOX

CHIEF = actor("city", Role.MANAGER)
DUE = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)  # Friday 17:00, of what is dispatched on START
DAY = timedelta(days=1)


class Still:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture
async def desk(database: Database, clock: Still) -> Desk:
    return await Desk(database, clock).open()


@pytest.fixture
def use(desk: Desk, clock: Still) -> Supervision:
    return Supervision(desk.database, desk.orders, desk.worlds, clock)


async def late(desk: Desk, clock: Still, count: int = 1, unit: str = "housing") -> list[str]:
    """Orders whose limit has just passed."""
    numbers = [(await desk.dispatched(unit)).number for _ in range(count)]
    clock.now = DUE + timedelta(hours=1)
    await Clocks(desk.database, desk.orders, desk.worlds, clock).sweep()
    return numbers


async def drafts(use: Supervision, state: DraftState = DraftState.DRAFTED) -> tuple[Kept, ...]:
    return (await use.page(CHIEF, state)).items


async def test_a_draft_is_issued_with_the_packs_limit_and_the_unit_is_told(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    (number,) = await late(desk, clock)
    (kept,) = await drafts(use)
    assert (kept.draft.kind, kept.draft.rule, kept.draft.order) == (Kind.SUPERVISION, "D1", number)
    assert (kept.draft.unit, kept.state) == ("housing", DraftState.DRAFTED)
    issued = await use.issue(DISPATCHER, kept.draft.key)
    tuesday = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)  # two working days on, at close of business
    assert (issued.state, issued.limit) == (DraftState.ISSUED, tuesday)
    assert (issued.decided_by, issued.decided_at) == (DISPATCHER.name, clock.now)
    order = (await desk.orders.open(DISPATCHER, number)).order
    (measure,) = order.supervised
    assert (measure.measure, measure.limit) == (Measure.SUPERVISION, tuesday)
    assert measure.draft == kept.draft.key
    assert await drafts(use) == ()
    async with desk.database.reading() as session:
        told = (await session.execute(select(OUTBOX.c.what, OUTBOX.c.kind))).all()
        deeds = await audit.latest(session)
    assert ("supervision", "tell_unit") in told
    assert ("supervision", "paper") in told
    assert deeds[0].action == "supervision.issued"


async def test_the_ladder_goes_on_when_the_limit_has_passed(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    await late(desk, clock)
    clocks = Clocks(desk.database, desk.orders, desk.worlds, clock)
    kinds = []
    for _ in range(4):
        (kept,) = await drafts(use)
        kinds.append(kept.draft.kind)
        issued = await use.issue(CHIEF, kept.draft.key)
        clock.now = issued.limit or clock.now + DAY
        await clocks.sweep()
    assert kinds == [Kind.SUPERVISION, Kind.NOTICE, Kind.LISTED, Kind.ACCOUNTABILITY]
    assert await drafts(use) == ()


async def test_a_listed_order_has_no_longer_limit_than_the_first_supervision(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    (number,) = await late(desk, clock)
    clocks = Clocks(desk.database, desk.orders, desk.worlds, clock)
    for _ in range(2):
        (kept,) = await drafts(use)
        issued = await use.issue(CHIEF, kept.draft.key)
        assert issued.limit is not None
        clock.now = issued.limit
        await clocks.sweep()
    (kept,) = await drafts(use)
    with pytest.raises(GuardFailed) as refused:
        await use.issue(CHIEF, kept.draft.key, limit=clock.now + 7 * DAY)
    assert refused.value.guard == "listed_too_long"
    assert (await drafts(use)) == (kept,), "nothing is half done"
    await use.issue(CHIEF, kept.draft.key, limit=clock.now + DAY, publish=True)
    order = (await desk.orders.open(CHIEF, number)).order
    assert order.supervised[-1].published


async def test_who_may_not_issue_it_changes_nothing(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    await late(desk, clock)
    (kept,) = await drafts(use)
    key = kept.draft.key
    with pytest.raises(NotAllowed):
        await use.issue(actor("city", Role.AGENT), key)
    with pytest.raises(NotAllowed):
        await use.dismiss(actor("city", Role.AGENT), key, "不需要")
    for stranger in (HOUSING, actor("housing", Role.MANAGER), actor("north", Role.MANAGER)):
        with pytest.raises(DraftNotFound):
            await use.issue(stranger, key)
        with pytest.raises(DraftNotFound):
            await use.dismiss(stranger, key, "不需要")
        assert (await use.page(stranger)).items == ()
    with pytest.raises(DraftNotFound):
        await use.issue(CHIEF, "26030399999/1/reminder/x")
    assert await drafts(use) == (kept,)


async def test_what_is_set_aside_never_comes_again(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    (number,) = await late(desk, clock)
    (kept,) = await drafts(use)
    with pytest.raises(GuardFailed) as refused:
        await use.dismiss(DISPATCHER, kept.draft.key, " ")
    assert refused.value.guard == "text_missing"
    gone = await use.dismiss(DISPATCHER, kept.draft.key, "已电话核实，正在施工")
    assert (gone.state, gone.reason) == (DraftState.DISMISSED, "已电话核实，正在施工")
    await desk.orders.act(DISPATCHER, number, do.Note(text="再看"))
    assert await drafts(use) == ()
    for again in (use.issue(CHIEF, kept.draft.key), use.dismiss(CHIEF, kept.draft.key, "x")):
        with pytest.raises(GuardFailed) as refused:
            await again
        assert refused.value.guard == "draft_issued"


async def test_of_two_who_issue_one_draft_one_wins(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    numbers = await late(desk, clock, 6)
    for kept in await drafts(use):
        told = await asyncio.gather(
            use.issue(DISPATCHER, kept.draft.key),
            use.issue(CHIEF, kept.draft.key),
            return_exceptions=True,
        )
        won = [one for one in told if isinstance(one, Kept)]
        lost = [one for one in told if isinstance(one, GuardFailed | OrderChanged)]
        assert (len(won), len(lost)) == (1, 1), told
    for number in numbers:
        assert len((await desk.orders.open(CHIEF, number)).order.supervised) == 1


async def test_a_draft_that_is_not_needed_any_more_lapses_and_may_come_back(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    (number,) = await late(desk, clock)
    (kept,) = await drafts(use)
    await desk.orders.act(HOUSING, number, do.Sign())
    await desk.orders.act(DISPATCHER, number, do.Pause(why="等材料"))
    assert await drafts(use) == ()
    (lapsed,) = await drafts(use, DraftState.LAPSED)
    assert lapsed.draft.key == kept.draft.key
    with pytest.raises(GuardFailed):
        await use.issue(CHIEF, kept.draft.key)
    await desk.orders.act(DISPATCHER, number, do.Resume(why="材料已到"))
    (back,) = await drafts(use)
    assert back.draft.kind is Kind.SUPERVISION
    await desk.orders.act(HOUSING, number, do.Reply(text="好了"))
    await desk.orders.act(HOUSING, number, do.ReportBack(result="好了"))
    assert await drafts(use) == ()


async def test_a_leaders_instruction_is_passed_on_with_its_limit_and_urgency(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    """D9, I8: linked to what the leader said; the order is due no later than that."""
    number = (await desk.dispatched()).number
    told = do.Instruct(leader="王市长", text="尽快办结")
    instructed = await desk.orders.act(DISPATCHER, number, told)
    (kept,) = await drafts(use)
    assert kept.draft.kind is Kind.INSTRUCTION
    with pytest.raises(GuardFailed) as refused:
        await use.issue(DISPATCHER, kept.draft.key)
    assert refused.value.guard == "limit_missing"
    limit = clock.now + DAY
    await use.issue(
        DISPATCHER, kept.draft.key, text="请按批示办理", limit=limit, urgency=Urgency.URGENT
    )
    order = (await desk.orders.open(DISPATCHER, number)).order
    assert order.passed_on == ((instructed.version, 1),)
    assert (order.due, order.urgency) == (limit, Urgency.URGENT)
    assert await drafts(use) == ()
    row = await desk.orders.find(number)
    assert row is not None
    assert (row.due, row.urgency) == (limit, Urgency.URGENT)


async def test_what_was_instructed_is_looked_at_on_site(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    """D9: who came and what shows it, or it is not issued."""
    number = (await desk.dispatched()).number
    await desk.orders.act(DISPATCHER, number, do.Instruct(leader="王市长", text="尽快"))
    await desk.orders.act(HOUSING, number, do.Sign())
    for step in (do.Reply(text="好"), do.ReportBack(result="好")):
        await desk.orders.act(HOUSING, number, step)
    (kept,) = await drafts(use)
    assert kept.draft.kind is Kind.VERIFICATION
    for more in ({}, {"attendees": ("李明",)}, {"evidence": "照片三张"}):
        with pytest.raises(GuardFailed) as refused:
            await use.issue(DISPATCHER, kept.draft.key, **more)  # type: ignore[arg-type]
        assert refused.value.guard == "evidence_missing"
    await use.issue(
        DISPATCHER, kept.draft.key, text="已修好", attendees=("李明", " "), evidence="照片三张"
    )
    opened = await desk.orders.open(DISPATCHER, number)
    expected = do.Verify(
        attended=("李明",), evidence="照片三张", text="已修好", draft=kept.draft.key
    )
    assert opened.events[-1].command == expected
    assert opened.order.verified == 1
    assert await drafts(use) == ()


async def test_a_fault_becomes_a_case_file_by_the_centres_head(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    """D8: found by a person, drafted by the clock, opened by the head, with its paper."""
    number = (await desk.dispatched()).number
    fault = do.FindFault(fault=Fault.SHIRKING, why="推给水务公司", evidence="通话录音")
    await desk.orders.act(DISPATCHER, number, fault)
    (kept,) = await drafts(use)
    assert (kept.draft.kind, kept.draft.fault) == (Kind.SANCTION, Fault.SHIRKING)
    with pytest.raises(NotAllowed):
        await use.issue(DISPATCHER, kept.draft.key)
    await use.issue(CHIEF, kept.draft.key, text="两次推诿")
    order = (await desk.orders.open(CHIEF, number)).order
    (case,) = order.cases
    assert (case.fault, case.unit, case.draft) == (Fault.SHIRKING, "housing", kept.draft.key)
    assert await drafts(use) == ()
    papers = Papers(desk.database, desk.orders, desk.worlds)
    lines = await papers.of(CHIEF, number)
    assert [line.kind for line in lines] == ["dispatch_notice", "case_file"]
    title, pdf = await papers.make(CHIEF, number, lines[-1].seq, "pdf")
    assert title == "问责案卷"
    assert pdf.startswith(b"%PDF")


async def test_a_joint_supervision_names_who_is_asked_to_come(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    order = await desk.receive()
    await desk.classify(order.number)
    dispatch = do.Dispatch(unit="housing", assisting=("water", "north.town"))
    await desk.orders.act(DISPATCHER, order.number, dispatch)
    clock.now = DUE + DAY
    await Clocks(desk.database, desk.orders, desk.worlds, clock).sweep()
    (joint,) = [kept for kept in await drafts(use) if kept.draft.kind is Kind.JOINT]
    with pytest.raises(GuardFailed) as refused:
        await use.issue(CHIEF, joint.draft.key)
    assert refused.value.guard == "attendees_missing"
    await use.issue(CHIEF, joint.draft.key, text="现场办公", attendees=("住建局", "水务公司"))
    command = (await desk.orders.open(CHIEF, order.number)).events[-1].command
    assert isinstance(command, do.Supervise)
    assert command.text == "现场办公（参加：住建局、水务公司）"


async def test_when_the_order_is_past_it_the_draft_stays_as_it_was(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    number = (await desk.dispatched()).number
    await desk.orders.act(DISPATCHER, number, do.Instruct(leader="王市长", text="尽快"))
    await desk.orders.act(HOUSING, number, do.Sign())
    await desk.orders.act(DISPATCHER, number, do.Pause(why="等材料"))
    (kept,) = await drafts(use)
    with pytest.raises(GuardFailed) as refused:
        await use.issue(DISPATCHER, kept.draft.key, limit=clock.now + DAY)
    assert refused.value.guard == "clock_stands"
    assert await drafts(use) == (kept,), "nothing is half done"


async def test_pages_of_drafts_show_each_once_and_a_county_its_own(
    desk: Desk, clock: Still, use: Supervision
) -> None:
    numbers = await late(desk, clock, 5)
    north = actor("north", Role.MANAGER)
    assert (await use.page(north)).items == ()
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await use.page(CHIEF, limit=2, cursor=cursor)
        seen += [kept.draft.order for kept in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(seen) == numbers
    with pytest.raises(BadCursor):
        await use.page(CHIEF, cursor="x")


async def test_a_key_can_stand_in_an_address(desk: Desk, clock: Still, use: Supervision) -> None:
    await late(desk, clock)
    (kept,) = await drafts(use)
    assert "/" not in key_of(kept.draft)
    assert read_key(key_of(kept.draft)) == kept.draft.key
