"""What clocks do to an order: in time, once, and never in a circle (W1, D1, C1, W8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from tests.unit.order_worlds import (
    AGENT,
    ASK_TIME,
    CLASSIFY,
    CLOCK,
    DAY,
    DESK,
    FAIL,
    GRANT,
    HAPPY,
    HOUR,
    HOUSING,
    MONDAY,
    NOT_IN,
    PASS,
    REPLY,
    REPORT,
    STORIES,
    TO_HOUSING,
    UNHAPPY,
    Story,
    callback,
    classified,
    dispatched,
    forwarded,
    signed,
)
from ticketing.domain import actions as do
from ticketing.domain.actions import Alarm
from ticketing.domain.matters import OrderType
from ticketing.domain.timers import due_commands, wake_at
from ticketing.domain.work_order import State


def due(story: Story) -> list[str]:
    """What is due now: the alarms' names, or the action's."""
    return [
        c.alarm.value if isinstance(c, do.Warn) else c.action
        for c in due_commands(story.it, story.now, story.world)
    ]


def swept(story: Story) -> list[str]:
    """The clock does what is due."""
    names = due(story)
    story.then(CLOCK, *due_commands(story.it, story.now, story.world))
    return names


def wakes(story: Story) -> str:
    at = wake_at(story.it, story.world)
    return "never" if at is None else story.local(at)


@pytest.mark.parametrize(
    ("story", "at", "expected"),
    [
        (dispatched, (2026, 3, 2, 9, 59), []),
        (dispatched, (2026, 3, 2, 10, 0), ["unsigned"]),
        (signed, (2026, 3, 2, 10, 0), []),
        (signed, (2026, 3, 5, 10, 59), []),
        (signed, (2026, 3, 5, 11, 0), ["due_soon"]),
        (signed, (2026, 3, 5, 17, 0), ["overdue"]),
        (dispatched, (2026, 3, 9, 9, 0), ["overdue", "unsigned"]),
        (lambda: signed().then(HOUSING, REPLY, REPORT), (2026, 3, 9, 9, 0), []),
        (lambda: signed().then(DESK, do.Pause(why="等材料")), (2027, 3, 9, 9, 0), []),
        (STORIES[State.CENTRE], (2027, 3, 9, 9, 0), []),
        (STORIES[State.FOLLOWING], (2027, 3, 9, 9, 0), []),
        (STORIES[State.ARCHIVED], (2027, 3, 9, 9, 0), []),
        (STORIES[State.CLOSED], (2026, 4, 1, 8, 59), []),
        (STORIES[State.CLOSED], (2026, 4, 1, 9, 0), ["archive"]),
        (STORIES[State.DECLINED], (2026, 4, 1, 9, 0), ["archive"]),
        (STORIES[State.WITHDRAWN], (2026, 4, 1, 9, 0), ["archive"]),
        (callback, (2026, 3, 2, 12, 59), []),
        (callback, (2026, 3, 2, 13, 0), ["callback"]),
        (lambda: callback().then(AGENT, UNHAPPY), (2027, 3, 9, 9, 0), []),
    ],
)
def test_what_is_due(story: Callable[[], Story], at: tuple[int, ...], expected: list[str]) -> None:
    assert sorted(due(story().at(*at))) == sorted(expected)


@pytest.mark.parametrize("state", STORIES)
@pytest.mark.parametrize("late", [0 * DAY, HOUR, 3 * DAY, 400 * DAY], ids=str)
def test_a_sweep_is_done_once_and_wakes_later(state: State, late: object) -> None:
    """Late, twice or by two at once: the second has nothing to do, and no clock stands behind."""
    story = STORIES[state]()
    story.now += late  # type: ignore[operator]
    for _ in range(3):  # an archived order has had its callback alarm before
        swept(story)
    assert due(story) == []
    at = wake_at(story.it, story.world)
    assert at is None or at > story.now


def test_asked_too_early_it_does_nothing() -> None:
    story = signed()
    at = wake_at(story.it, story.world)
    assert at is not None
    assert due_commands(story.it, at - HOUR, story.world) == ()
    assert len(due_commands(story.it, at, story.world)) == 1


def test_after_long_downtime_one_alarm_stands_for_all() -> None:
    """No flood: an order that is overdue is not also due soon."""
    story = signed().at(2026, 3, 30, 9)
    assert swept(story) == ["overdue"]
    assert wakes(story) == "04-04 17:00"
    assert swept(story.at(2026, 5, 1)) == ["delayed"]
    assert story.told == {("tell_unit", "city", "warn_delayed")}
    assert wakes(story) == "never"


def test_a_measure_whose_limit_has_passed_is_looked_at_again() -> None:
    """D2: once for each measure; the centre is told, for a person issues the next."""
    story = signed().at(2026, 3, 6, 9)
    limit = story.at(2026, 3, 10, 17).now
    first = do.Supervise(measure=do.Measure.SUPERVISION, text="逾期", limit=limit)
    story.at(2026, 3, 6, 9)
    assert swept(story) == ["overdue"]
    assert wakes(story.then(DESK, first)) == "03-10 17:00"
    assert swept(story.at(2026, 3, 10, 17)) == ["unmoved"]
    assert story.told == {("tell_unit", "city", "warn_unmoved")}
    assert wakes(story) == "04-04 17:00"


def test_each_new_limit_is_watched_anew() -> None:
    """W5, W7: an extension, then another round."""
    story = signed().then(HOUSING, ASK_TIME).at(2026, 3, 5, 17)
    assert swept(story) == ["overdue"]
    story.then(DESK, GRANT)
    assert wakes(story) == "03-06 11:00"
    assert swept(story.at(2026, 3, 6, 11)) == ["due_soon"]
    story.then(HOUSING, REPLY, REPORT).then(DESK, FAIL)
    assert wakes(story) == "03-06 12:00"
    assert swept(story.at(2026, 3, 6, 12)) == ["unsigned"]


def test_a_resumed_clock_wakes_later() -> None:
    story = signed().then(DESK, do.Pause(why="等材料"))
    assert wakes(story) == "never"
    story.then(DESK, do.Resume(), after=DAY)
    assert wakes(story) == "03-06 11:00"


def test_a_limit_of_hours() -> None:
    """H4: an emergency is due soon from the start, and its unit is told once."""
    story = classified(replace(CLASSIFY, type=OrderType.EMERGENCY)).then(DESK, TO_HOUSING)
    assert swept(story) == ["due_soon"]
    assert wakes(story) == "03-02 10:00"
    assert swept(story.at(2026, 3, 2, 13)) == ["overdue", "unsigned"]


def test_who_is_told() -> None:
    story = dispatched().at(2026, 3, 2, 10)
    swept(story)
    assert story.told == {("tell_unit", "housing", "warn_unsigned")}
    story = callback().at(2026, 3, 2, 13)
    swept(story)
    assert story.told == {("tell_unit", "city", "warn_callback")}


def test_the_village_s_limit_is_watched_while_it_has_the_order() -> None:
    """N1."""
    story = forwarded().at(2026, 3, 2, 10)
    assert swept(story) == ["unsigned"]
    assert story.told == {("tell_unit", "village", "warn_unsigned")}


def test_each_attempt_sets_the_next_one() -> None:
    """C1: four hours after the last one; a new round begins anew."""
    story = callback().at(2026, 3, 5, 9).then(AGENT, NOT_IN)
    assert wakes(story) == "03-05 13:00"
    assert swept(story.at(2026, 3, 5, 13)) == ["callback"]
    assert wakes(story) == "never"
    story.at(2026, 3, 6, 14).then(AGENT, NOT_IN)
    assert wakes(story) == "03-06 18:00"
    story.then(AGENT, UNHAPPY).then(DESK, do.Redo(why="没修"))
    story.then(HOUSING, do.Sign(), REPLY, REPORT).then(DESK, PASS, after=DAY)
    assert wakes(story) == "03-07 18:00"
    assert wakes(story.then(AGENT, HAPPY)) == "04-06 14:00"


def test_the_archive_waits_as_long_as_the_pack_says() -> None:
    story = STORIES[State.CLOSED]()
    days = story.world.pack.archive_after_days
    assert wake_at(story.it, story.world) == MONDAY + days * DAY
    story.now = MONDAY + days * DAY
    assert swept(story) == ["archive"]
    assert story.it.state is State.ARCHIVED


def test_an_order_that_is_opened_again_is_not_archived() -> None:
    """W7."""
    story = STORIES[State.CLOSED]().then(DESK, do.Redo(why="抽查发现没有修"))
    assert "archive" not in due(story.at(2027, 1, 1))


def test_alarms_name_the_limit_they_stand_for() -> None:
    story = dispatched().at(2026, 3, 9, 9)
    swept(story)
    limits = story.it.chain[-1].moments
    expected: set[tuple[Alarm, datetime]] = {
        (Alarm.OVERDUE, limits.due),
        (Alarm.UNSIGNED, limits.sign_by),
    }
    assert story.it.warned == expected
