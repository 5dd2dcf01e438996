"""What an order that is given back keeps of its time: note 14, each setting both ways (W2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.order_worlds import (
    ASK_BACK,
    BOTH,
    DESK,
    GIVE_BACK,
    GOES_ON,
    HOUSING,
    KEEP,
    REPLY,
    REPORT,
    STANDS,
    TO_TOWN,
    TO_VILLAGE,
    TOWN,
    VILLAGE,
    YANJI,
    Story,
    dispatched,
)
from ticketing.domain import actions as do
from ticketing.domain.deadlines import office_time
from ticketing.domain.guards import World
from ticketing.domain.limits import recomputed
from ticketing.domain.matters import Urgency
from ticketing.domain.timers import wake_at
from ticketing.domain.work_order import Moments

MINUTES = st.integers(0, 6 * 24 * 60)
TO_WATER = do.Dispatch(unit="water")


def limits(story: Story) -> Moments:
    assert story.it.holder is not None
    return story.it.holder.moments


def open_for(start: datetime, end: datetime, world: World = YANJI) -> timedelta:
    """How long the office is open from ``start`` to ``end``."""
    office, total = office_time(world.pack, world.calendar), timedelta(0)
    day = office.day_of(start)
    while day <= office.day_of(end):
        for opens, closes in office.spans(day):
            total += max(timedelta(0), min(closes, end) - max(opens, start))
        day += timedelta(days=1)
    return total


def asked(world: World, after: int) -> Story:
    story = dispatched(world=world).then(HOUSING, do.Sign())
    return story.then(HOUSING, ASK_BACK, after=timedelta(minutes=after))


def holds(story: Story) -> None:
    """Every limit is the one that the log gives."""
    for event, again in recomputed(story.events, lambda _: story.world):
        assert event.moments == again


@given(after=MINUTES, pending=MINUTES)
def test_the_clock_runs_while_nobody_has_decided(after: int, pending: int) -> None:
    story = asked(YANJI, after)
    before = limits(story)
    story.then(DESK, KEEP, after=timedelta(minutes=pending))
    assert limits(story) == before


@given(after=MINUTES, pending=MINUTES)
def test_the_clock_stands_while_nobody_has_decided(after: int, pending: int) -> None:
    story = asked(STANDS, after)
    due, asked_at = limits(story).due, story.now
    assert story.it.clock_stands
    assert wake_at(story.it, story.world) is None, "no alarm while it stands"
    story.then(DESK, KEEP, after=timedelta(minutes=pending))
    assert not story.it.clock_stands
    if asked_at <= due:
        left = open_for(story.now, limits(story).due)
        assert left == open_for(asked_at, due), "what was left is left"
    else:
        assert limits(story).due == due, "what is late stays late"
    holds(story)


@given(after=st.integers(0, 60), pending=MINUTES)
def test_reporting_back_ends_the_request_and_its_free_time(after: int, pending: int) -> None:
    story = asked(STANDS, after)
    due, asked_at = limits(story).due, story.now
    story.then(HOUSING, REPLY, REPORT, after=timedelta(minutes=pending))
    assert open_for(asked_at, due) == open_for(story.now, limits(story).due)
    assert story.it.return_request is None
    holds(story)


@given(after=st.integers(0, 60), pending=st.integers(0, 600), rest=st.integers(0, 600))
def test_a_pause_and_a_request_at_once_free_no_time_twice(
    after: int, pending: int, rest: int
) -> None:
    story = asked(STANDS, after)
    due, asked_at = limits(story).due, story.now
    story.then(DESK, do.Pause(why="等材料"))
    story.then(DESK, KEEP, after=timedelta(minutes=pending))
    story.then(DESK, do.Resume(), after=timedelta(minutes=rest))
    assert open_for(story.now, limits(story).due) == open_for(asked_at, due)
    holds(story)


@given(after=st.integers(0, 600), pending=st.integers(0, 600))
def test_a_unit_above_has_no_free_time_for_what_is_asked_of_it(after: int, pending: int) -> None:
    """N1: the town decides on what its village asks for; its own clock goes on."""
    story = dispatched(TO_TOWN, world=STANDS).then(TOWN, do.Sign(), TO_VILLAGE)
    above = story.it.chain[0].moments
    story.then(VILLAGE, ASK_BACK, after=timedelta(minutes=after))
    story.then(TOWN, KEEP, after=timedelta(minutes=pending))
    assert story.it.chain[0].moments == above
    assert limits(story).due <= above.due
    holds(story)


@given(after=MINUTES, pending=MINUTES, idle=MINUTES)
@pytest.mark.parametrize("world", [YANJI, STANDS, GOES_ON, BOTH])
def test_the_next_units_limit(world: World, after: int, pending: int, idle: int) -> None:
    """Its own, from its dispatch; or what was left to the unit before."""
    story = asked(world, after)
    first, asked_at = limits(story).due, story.now
    story.then(DESK, GIVE_BACK, after=timedelta(minutes=pending))
    decided_at = story.now
    story.then(DESK, TO_WATER, after=timedelta(minutes=idle))
    own = limits(dispatched_at(story.now))
    now = limits(story)
    assert (now.sign_by, now.return_by) == (own.sign_by, own.return_by), "its own, always"
    if world in (YANJI, STANDS):
        assert now == own
    elif world is GOES_ON or asked_at > first:
        assert now.due == first
    else:
        assert open_for(decided_at, now.due) == open_for(asked_at, first)
    holds(story)


def dispatched_at(moment: datetime) -> Story:
    """An order that goes to that unit first."""
    fresh = Story(now=moment)
    for event in dispatched().events[:2]:
        fresh.then(DESK, event.command)
    return fresh.then(DESK, TO_WATER)


@given(after=st.integers(0, 600), idle=st.integers(0, 600))
def test_limits_set_anew_keep_what_the_unit_before_has_used(after: int, idle: int) -> None:
    """I8: a new urgency is counted from the first dispatch, as the limit itself."""
    story = asked(GOES_ON, after).then(DESK, GIVE_BACK)
    story.then(DESK, TO_WATER, after=timedelta(minutes=idle))
    urgent = dispatched(world=GOES_ON).then(
        DESK, do.SetUrgency(urgency=Urgency.URGENT, why="学校门口")
    )
    story.then(DESK, do.SetUrgency(urgency=Urgency.URGENT, why="学校门口"))
    assert limits(story).due == limits(urgent).due
    holds(story)
