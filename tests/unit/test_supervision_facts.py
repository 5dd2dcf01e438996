"""What supervision is told of an order, what it drafts, and when the clock wakes for it (D)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.order_worlds import (
    ASK_BACK,
    ASK_TIME,
    CHIEF,
    CLOCK,
    DAY,
    DESK,
    FAIL,
    GRANT,
    HOUR,
    HOUSING,
    KEEP,
    MONDAY,
    PASS,
    REPLY,
    REPORT,
    XIANNING,
    YANJI,
    Story,
    classified,
    dispatched,
    handling,
    reported,
    signed,
)
from ticketing.domain import actions as do
from ticketing.domain.actions import Measure
from ticketing.domain.measures import Fault, Kind
from ticketing.domain.supervision_facts import drafts_of, facts_of, limit_of, remind_at
from ticketing.domain.timers import due_commands, wake_at

SLIP = do.Supervise(measure=Measure.SUPERVISION, text="限期办理", limit=MONDAY + 10 * DAY)


def drafted(story: Story) -> list[str]:
    return [f"{d.rule} {d.kind.value}" for d in drafts_of(story.it, story.now, story.world)]


def swept(story: Story) -> list[str]:
    """The clock does what is due."""
    due = due_commands(story.it, story.now, story.world)
    story.then(CLOCK, *due)
    return [c.alarm.value for c in due if isinstance(c, do.Warn)]


def late() -> Story:
    """Overdue by an instant: the limit ends now."""
    story = handling()
    assert story.it.due is not None
    story.now = story.it.due
    return story


def test_there_is_nothing_to_supervise_without_a_unit() -> None:
    story = classified()
    assert facts_of(story.it, YANJI) is None
    assert drafts_of(story.it, story.now, YANJI) == ()
    gone = dispatched().then(DESK, do.Withdraw(why="已解决"))
    assert drafts_of(gone.it, gone.now + 90 * DAY, YANJI) == ()


@pytest.mark.parametrize(
    ("world", "due", "expected"),
    [
        (
            YANJI,
            (2026, 3, 5, 17, 0),
            "03-05 11:00",
        ),  # 13:30 to 17:00, then half an hour before noon
        (YANJI, (2026, 3, 5, 10, 0), "03-04 14:30"),  # 08:30 to 10:00, then of the day before
        (XIANNING, (2026, 3, 5, 17, 30), "03-05 11:00"),
        (YANJI, (2026, 3, 9, 9, 0), "03-06 13:30"),  # over the weekend
        (YANJI, (2026, 3, 8, 12, 0), "03-06 11:00"),  # a Sunday: from Friday's close on
    ],
)
def test_a_reminder_comes_so_many_office_hours_before_the_limit(
    world: object, due: tuple[int, ...], expected: str
) -> None:
    story = Story(world=world).at(*due)  # type: ignore[arg-type]
    assert story.local(remind_at(story.now, story.world)) == expected


def test_the_alarm_and_the_draft_come_together() -> None:
    story = signed()
    assert story.it.due is not None
    story.now = remind_at(story.it.due, YANJI)
    assert drafted(story) == ["D1 reminder"]
    assert swept(story) == ["due_soon"]
    assert drafts_of(story.it, story.now - timedelta(seconds=1), YANJI) == ()


def test_a_limit_that_ends_now_has_passed() -> None:
    story = late()
    assert swept(story) == ["overdue"]
    assert drafted(story) == ["D1 supervision"]
    story.now -= timedelta(microseconds=1)
    assert drafted(story) == ["D1 reminder"]


def test_after_a_measure_the_clock_wakes_when_its_limit_ends() -> None:
    story = late()
    swept(story)
    story.then(DESK, SLIP)
    assert drafted(story) == []
    assert wake_at(story.it, YANJI) == SLIP.limit
    assert SLIP.limit is not None
    story.now = SLIP.limit
    assert swept(story) == ["unmoved"]
    assert drafted(story) == ["D2 notice"]
    story.then(CHIEF, replace(SLIP, measure=Measure.NOTICE, limit=story.now + DAY))
    assert wake_at(story.it, YANJI) == story.now + DAY


def test_the_last_measure_wakes_nobody_but_the_case_of_delay() -> None:
    story = late()
    swept(story)
    due = story.it.due
    assert due is not None
    story.then(CHIEF, do.Supervise(measure=Measure.ACCOUNTABILITY, text="不办理"), after=DAY)
    assert wake_at(story.it, YANJI) == due + 30 * DAY
    story.now = due + 30 * DAY
    assert swept(story) == ["delayed"]
    assert drafted(story) == ["D8 sanction"]
    assert wake_at(story.it, YANJI) is None


def test_a_measure_of_the_round_before_counts_no_more() -> None:
    story = late()
    story.then(DESK, SLIP).then(HOUSING, REPLY, REPORT, after=HOUR).then(DESK, FAIL)
    assert [one.round for one in story.it.supervised] == [1]
    assert story.it.due is not None
    story.now = story.it.due
    assert drafted(story) == ["D1 supervision"]
    story.then(CLOCK, *due_commands(story.it, story.now, YANJI))
    assert wake_at(story.it, YANJI) == story.now + 30 * DAY


def test_a_return_that_is_asked_for_too_late_is_supervised_whatever_is_decided() -> None:
    story = signed()
    assert story.it.holder is not None
    story.now = story.it.holder.moments.return_by + timedelta(seconds=1)
    story.then(HOUSING, ASK_BACK)
    assert drafted(story) == ["D1 supervision"]
    story.then(DESK, KEEP)
    assert drafted(story) == ["D1 supervision"]
    in_time = signed().then(HOUSING, ASK_BACK).then(DESK, KEEP)
    assert drafted(in_time) == []


def test_time_that_was_granted_or_paused_moves_everything() -> None:
    story = signed().then(HOUSING, ASK_TIME)
    before = story.it.due
    story.then(DESK, GRANT)
    assert before is not None
    story.now = before + HOUR
    assert drafted(story) == []
    paused = signed().then(DESK, do.Pause(why="等材料"))
    paused.now += 60 * DAY
    assert drafted(paused) == []
    assert wake_at(paused.it, YANJI) is None


def test_what_a_leader_instructs_is_drafted_and_looked_at_on_site() -> None:
    story = handling().then(DESK, do.Instruct(leader="王市长", text="尽快办结"))
    assert drafted(story) == ["D9 instruction"]
    story.then(DESK, do.PassOn(instruction=story.it.version, text="照办", limit=story.now + DAY))
    assert drafted(story) == []
    story.then(HOUSING, REPLY, REPORT)
    assert drafted(story) == ["D9 verification"]
    story.then(DESK, PASS)
    assert "D9 verification" in drafted(story)
    story.then(DESK, do.Verify(attended=("李明",), evidence="照片"))
    assert drafted(story) == []


def test_a_fault_that_was_found_is_drafted_as_a_case_until_it_is_opened() -> None:
    """D8; what was falsified is also to be listed (D4)."""
    fault = do.FindFault(fault=Fault.FALSIFIED, why="并未修好", evidence="现场照片")
    story = handling().then(DESK, fault)
    assert drafted(story) == ["D8 sanction", "D4 listed"]
    story.then(CHIEF, do.OpenCase(fault=Fault.FALSIFIED, text="弄虚作假"))
    assert drafted(story) == ["D4 listed"]
    (case,) = story.it.cases
    assert (case.unit, case.fault, case.who) == ("housing", Fault.FALSIFIED, CHIEF.name)


def test_facts_are_those_of_the_order() -> None:
    story = reported()
    facts = facts_of(story.it, YANJI)
    holder = story.it.holder
    assert facts is not None
    assert holder is not None
    assert (facts.unit, facts.due, facts.reported_at) == ("housing", holder.moments.due, story.now)
    assert (facts.signed_at, facts.replied_at) == (holder.signed_at, holder.replied_at)
    assert (facts.units, facts.round, facts.paused) == (2, 1, False)


def test_a_measures_limit_is_counted_in_working_days() -> None:
    story = late()
    story.then(DESK, SLIP)  # issued on a Thursday for the next week's
    facts = facts_of(story.it, YANJI)
    assert facts is not None
    (issued,) = facts.issued
    assert (issued.kind, issued.limit) == (
        Kind.SUPERVISION,
        limit_of(story.now, MONDAY + 10 * DAY, YANJI),
    )
    assert issued.limit is not None
    assert issued.limit.days == 5  # 6, 9, 10, 11, 12 March
