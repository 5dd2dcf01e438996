"""An order's way by the rules: rounds, returns, limits, callbacks, supervision (W, I, D, C, N)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.order_worlds import (
    AGENT,
    ASK_BACK,
    ASK_TIME,
    CHIEF,
    CLASSIFY,
    CLOCK,
    CONSULT,
    DAY,
    DENY,
    DESK,
    FAIL,
    GIVE_BACK,
    GRANT,
    HAPPY,
    HOUR,
    HOUSING,
    KEEP,
    MONDAY,
    NOT_IN,
    PASS,
    RECEIVE,
    REPLY,
    REPORT,
    SAMPLES,
    STORIES,
    TO_HOUSING,
    TO_TOWN,
    TOWN,
    UNHAPPY,
    VILLAGE,
    WATER,
    XIANNING,
    Story,
    callback,
    classified,
    dispatched,
    forwarded,
    handling,
    received,
    reported,
    signed,
)
from ticketing.domain import actions as do
from ticketing.domain.actions import Measure
from ticketing.domain.calendar import WorkCalendar
from ticketing.domain.errors import GuardFailed, IllegalAction
from ticketing.domain.fold import BrokenHistory, fold
from ticketing.domain.limits import recomputed
from ticketing.domain.matters import Channel, OrderType, Satisfaction, StatutoryLimit, Urgency
from ticketing.domain.work_order import State

EXEMPT = do.AskExemption(start=MONDAY, end=MONDAY + HOUR, why="停电", evidence="证明")
EXCUSED = do.DecideExemption(accepted=True, why="属实")
PAUSE, RESUME = do.Pause(why="等材料"), do.Resume()


def refused(story: Story, guard: str, *step: object) -> None:
    """The step fails for this condition alone, and changes nothing."""
    before = story.order
    with pytest.raises(GuardFailed) as told:
        story.then(*step)  # type: ignore[arg-type]
    assert told.value.guard == guard
    assert all((told.value.zh, told.value.ko, told.value.en))
    assert story.order == before


# --- the whole way ------------------------------------------------------------------------------
def test_from_intake_to_archive() -> None:
    story = received()
    told = [(State.RECEIVED, story.told)]
    for actor, command in (
        (AGENT, CLASSIFY),
        (DESK, TO_HOUSING),
        (HOUSING, do.Sign()),
        (HOUSING, do.Progress(step=do.Step.REGISTERED)),
        (HOUSING, REPLY),
        (HOUSING, REPORT),
        (DESK, PASS),
        (AGENT, HAPPY),
        (CLOCK, do.Archive()),
    ):
        story.then(actor, command, after=HOUR / 4)
        told.append((story.it.state, story.told))
    assert told == [
        (State.RECEIVED, {("tell_citizen", "", "received")}),
        (State.CLASSIFIED, set()),
        (
            State.DISPATCHED,
            {
                ("tell_unit", "housing", "dispatched"),
                ("tell_unit", "water", "assist"),
                ("paper", "housing", "dispatch"),
            },
        ),
        (State.SIGNED, set()),
        (State.HANDLING, set()),
        (State.HANDLING, set()),
        (State.REPORTED, {("tell_unit", "city", "report_back")}),
        (State.CALLBACK, {("tell_citizen", "", "answered")}),
        (State.CLOSED, {("tell_unit", "housing", "evaluated")}),
        (State.ARCHIVED, set()),
    ]
    assert story.it == fold(story.events)
    assert [(e.seq, e.who, e.unit) for e in story.events[:3]] == [
        (1, "agent@city", "city"),
        (2, "agent@city", "city"),
        (3, "dispatcher@city", "city"),
    ]
    assert [e.pack for e in story.events if e.pack] == ["yanji-2019"]


def test_the_first_receiver_stays() -> None:
    """I4."""
    story = reported()
    assert story.it.receiver == "agent@city"


def test_the_unit_answers_and_reports_at_two_times() -> None:
    """W6."""
    story = signed().then(HOUSING, REPLY, after=HOUR).then(HOUSING, REPORT, after=HOUR)
    holder = story.it.holder
    assert holder is not None
    assert holder.replied_at == MONDAY + HOUR
    assert holder.reported_at == MONDAY + 2 * HOUR


def test_where_the_centre_answers_the_unit_only_reports() -> None:
    """W6, note 10: the pack says who."""
    story = dispatched(world=XIANNING).then(HOUSING, do.Sign())
    refused(story, "centre_replies", HOUSING, REPLY)
    story.then(HOUSING, REPORT).then(AGENT, do.Reply(text="路灯已修好"))
    assert story.it.answer == "路灯已修好"
    assert story.it.state is State.REPORTED
    assert story.then(DESK, PASS).told == {("tell_citizen", "", "answered")}


# --- redoing ------------------------------------------------------------------------------------
def test_what_is_poor_is_done_again_in_a_new_round() -> None:
    """W7: by the review, by the citizen, and after all was closed; each with fresh limits."""
    story = reported().then(DESK, FAIL, after=DAY)
    assert (story.it.round, story.it.state) == (2, State.DISPATCHED)
    assert story.local(story.it.due) == "03-06 17:00"
    assert story.told == {("tell_unit", "housing", "redo"), ("paper", "housing", "redo")}
    story.then(HOUSING, do.Sign(), REPLY, REPORT).then(DESK, PASS, UNHAPPY)
    assert (story.it.state, story.it.satisfaction) == (
        State.CALLBACK,
        Satisfaction.DISSATISFIED,
    )
    story.then(DESK, do.Redo(why="市民不满意"))
    assert (story.it.round, story.it.satisfaction) == (3, None)
    story.then(HOUSING, do.Sign(), REPLY, REPORT).then(DESK, PASS, HAPPY)
    assert story.then(DESK, do.Redo(why="抽查发现没有修")).it.round == 4
    assert [a.round for a in story.it.attempts] == [2, 3]


def test_a_direct_answer_that_does_not_content_goes_to_the_centre() -> None:
    """W7, I6: no unit has had it."""
    story = classified().then(AGENT, SAMPLES["answer_directly"], UNHAPPY)
    story.then(DESK, do.Redo(why="知识不对"))
    assert (story.it.state, story.it.round) == (State.CENTRE, 2)
    assert story.told == {("tell_unit", "city", "redo")}
    assert story.then(DESK, TO_HOUSING).it.state is State.DISPATCHED


def test_a_caller_on_a_common_event_who_is_not_content_has_an_order_of_his_own() -> None:
    """W10, W7: it was never classified, so that comes first."""
    story = STORIES[State.FOLLOWING]().then(AGENT, REPLY, UNHAPPY)
    story.then(DESK, do.Redo(why="他家的没有修"))
    assert (story.it.state, story.it.master) == (State.RECEIVED, "")


# --- returns ------------------------------------------------------------------------------------
def test_a_return_and_the_new_unit_has_its_whole_limit() -> None:
    """W2, note 14: while it is pending the clock runs; accepted, it restarts for the new unit."""
    story = dispatched().then(HOUSING, ASK_BACK, after=DAY)
    assert story.local(story.it.due) == "03-05 17:00"
    story.then(DESK, GIVE_BACK, after=DAY)
    assert (story.it.state, story.it.due, story.it.units) == (
        State.CLASSIFIED,
        None,
        frozenset(),
    )
    refused(story, "unit_refused_before", DESK, TO_HOUSING)
    story.then(DESK, do.Dispatch(unit="water"))
    assert story.local(story.it.due) == "03-09 17:00"


def test_a_return_that_is_refused_stops_nothing() -> None:
    """W2, note 14."""
    story = signed()
    limits = story.it.holder
    story.then(HOUSING, ASK_BACK, after=HOUR).then(DESK, KEEP, after=DAY)
    assert story.it.holder == limits
    assert (story.it.state, story.it.refusals) == (State.SIGNED, ())
    assert story.told == {("tell_unit", "housing", "return_refused")}
    assert story.then(HOUSING, ASK_BACK).it.return_request is not None


@pytest.mark.parametrize(
    ("asked", "site_check", "late"),
    [
        ((2026, 3, 3, 17, 0), False, False),
        ((2026, 3, 3, 17, 1), False, True),
        ((2026, 3, 3, 17, 1), True, False),
        ((2026, 3, 4, 17, 1), True, True),
    ],
)
def test_a_late_return_is_marked(asked: tuple[int, ...], site_check: bool, late: bool) -> None:
    """W2: one working day, two with a site check; D1 supervises late ones."""
    story = dispatched().at(*asked).then(HOUSING, replace(ASK_BACK, site_check=site_check))
    assert story.then(DESK, GIVE_BACK).it.refusals[0].late is late


def test_bounced_twice_it_goes_to_the_centre_with_who_refused_and_why() -> None:
    """I6, W2."""
    story = dispatched().then(HOUSING, ASK_BACK).then(DESK, GIVE_BACK)
    story.then(DESK, do.Dispatch(unit="water")).then(WATER, do.Sign())
    story.then(WATER, do.AskReturn(why="不是管网")).then(DESK, GIVE_BACK)
    assert story.it.state is State.CENTRE
    assert [(r.unit, r.who, r.why) for r in story.it.refusals] == [
        ("housing", "unit_handler@housing", "不属本单位职责"),
        ("water", "unit_handler@water", "不是管网"),
    ]
    assert story.then(DESK, TO_HOUSING).it.state is State.DISPATCHED


# --- the chain ----------------------------------------------------------------------------------
def test_the_town_hands_on_and_has_it_back() -> None:
    """N1: the village reports to the town, the town reviews and reports back itself."""
    story = forwarded()
    town, village = story.it.chain
    assert (town.unit, town.by, village.unit, village.by) == ("town", "city", "village", "town")
    assert village.moments.due <= town.moments.due
    story.then(VILLAGE, do.Sign(), REPORT, after=HOUR)
    assert story.told == {("tell_unit", "town", "report_back")}
    story.then(TOWN, PASS, after=HOUR)
    assert (story.it.state, len(story.it.chain)) == (State.HANDLING, 1)
    refused(story, "citizen_not_answered", TOWN, REPORT)
    story.then(TOWN, REPLY, REPORT)
    assert story.told == {("tell_unit", "city", "report_back")}
    assert story.then(DESK, PASS).it.state is State.CALLBACK


def test_what_the_village_has_told_the_citizen_counts_for_the_town() -> None:
    """W6."""
    story = forwarded().then(VILLAGE, do.Sign(), REPLY, REPORT, after=HOUR).then(TOWN, PASS)
    assert story.then(TOWN, REPORT).it.state is State.REPORTED


def test_the_village_does_poor_work_again_within_the_town_s_limit() -> None:
    """N1, W7: the round is new, the town's limit is not."""
    story = forwarded().then(VILLAGE, do.Sign(), REPORT).then(TOWN, FAIL, after=DAY)
    assert (story.it.state, story.it.round) == (State.DISPATCHED, 2)
    assert story.local(story.it.due) == "03-05 17:00"
    assert story.it.holder is not None
    assert story.it.holder.by == "town"


def test_the_village_gives_it_back_to_the_town_and_that_is_no_bounce() -> None:
    """N1, I6: between the town and its villages the centre has nothing to decide."""
    story = forwarded().then(VILLAGE, ASK_BACK).then(TOWN, GIVE_BACK)
    assert (story.it.state, story.it.units) == (State.HANDLING, {"town"})
    story.then(TOWN, ASK_BACK).then(DESK, GIVE_BACK)
    assert story.it.state is State.CLASSIFIED
    assert [r.forwarded for r in story.it.refusals] == [True, False]


def test_the_town_grants_no_more_time_than_it_has() -> None:
    """N1, W5: more is the centre's to grant, and then the town has it too."""
    story = forwarded().then(VILLAGE, do.Sign(), ASK_TIME)
    refused(story, "extension_past_own_limit", TOWN, GRANT)
    story.then(DESK, GRANT)
    assert [story.local(h.moments.due) for h in story.it.chain] == ["03-06 17:00"] * 2
    story.then(VILLAGE, ASK_TIME).then(TOWN, DENY)
    assert story.it.extensions == 1


def test_the_town_grants_out_of_its_own_time() -> None:
    """N1, W5: what the town has been given more, it may give on."""
    story = dispatched(TO_TOWN).then(TOWN, do.Sign(), replace(ASK_TIME, days=2)).then(DESK, GRANT)
    story.then(TOWN, do.Forward(unit="village")).then(VILLAGE, do.Sign(), ASK_TIME)
    assert [story.local(h.moments.due) for h in story.it.chain] == ["03-09 17:00", "03-05 17:00"]
    story.then(TOWN, GRANT)
    assert [story.local(h.moments.due) for h in story.it.chain] == ["03-09 17:00", "03-06 17:00"]


def test_time_that_does_not_count_does_so_for_the_whole_chain() -> None:
    """W9, N1."""
    story = forwarded().then(VILLAGE, do.Sign()).then(DESK, PAUSE).then(DESK, RESUME, after=DAY)
    assert [story.local(h.moments.due) for h in story.it.chain] == ["03-06 17:00"] * 2


# --- extensions, pauses, exemptions -------------------------------------------------------------
def test_three_extensions_and_no_fourth() -> None:
    """W5: over all rounds of an order."""
    story = signed()
    for _ in range(3):
        story.then(HOUSING, ASK_TIME, after=HOUR).then(DESK, GRANT)
        assert ("tell_citizen", "", "extended") in story.told
    assert story.local(story.it.due) == "03-10 17:00"
    refused(story, "extensions_exhausted", HOUSING, ASK_TIME)
    story.then(HOUSING, REPLY, REPORT).then(DESK, FAIL).then(HOUSING, do.Sign())
    refused(story, "extensions_exhausted", HOUSING, ASK_TIME)


def test_a_law_s_limit_may_be_extended_more_often() -> None:
    """附五4 of the city's rules, as its pack has it; in the other city's pack it may not."""
    law = StatutoryLimit(10, True, "信访工作条例第三十四条")
    for world, most in (({}, 4), ({"world": XIANNING}, 3)):
        story = classified(replace(CLASSIFY, statutory=law), **world).then(DESK, TO_HOUSING)
        story.then(HOUSING, do.Sign())
        for _ in range(most):
            story.then(HOUSING, ASK_TIME).then(DESK, GRANT)
    refused(story, "extensions_exhausted", HOUSING, ASK_TIME)


@pytest.mark.parametrize(
    ("classify", "asked", "ok"),
    [
        (CLASSIFY, (2026, 3, 4, 17, 0), True),
        (CLASSIFY, (2026, 3, 4, 17, 1), False),
        (CONSULT, (2026, 3, 3, 17, 0), True),
        (CONSULT, (2026, 3, 3, 17, 1), False),
    ],
)
def test_until_when_an_extension_is_asked_for(
    classify: do.Classify, asked: tuple[int, ...], ok: bool
) -> None:
    """W5, note 9: the working day before the limit's; of one working day until it is due."""
    story = classified(classify).then(DESK, TO_HOUSING).then(HOUSING, do.Sign()).at(*asked)
    assert story.it.holder is not None
    assert (story.now <= story.it.holder.moments.extension_by) is ok
    if ok:
        story.then(HOUSING, ASK_TIME)
    else:
        refused(story, "extension_too_late", HOUSING, ASK_TIME)


def test_no_extension_is_granted_that_has_become_too_long() -> None:
    """I8, W5: the limit was shortened while the request waited."""
    story = signed().then(HOUSING, replace(ASK_TIME, days=3))
    story.then(DESK, do.SetUrgency(urgency=Urgency.CRITICAL, why="学校门口"))
    refused(story, "extension_too_long", DESK, GRANT)
    assert story.then(DESK, DENY).it.extensions == 0


def test_a_new_urgency_keeps_what_was_granted() -> None:
    """I8: anew from the dispatch, then the extension and the pause again."""
    story = signed().then(HOUSING, ASK_TIME).then(DESK, GRANT, PAUSE)
    story.then(DESK, RESUME, after=DAY)
    assert story.local(story.it.due) == "03-09 17:00"
    story.then(DESK, do.SetUrgency(urgency=Urgency.CRITICAL, why="学校门口"))
    assert story.local(story.it.due) == "03-05 17:00"
    story.then(DESK, do.SetUrgency(urgency=Urgency.NORMAL, why="误报"))
    assert story.local(story.it.due) == "03-09 17:00"


def test_a_published_year_moves_the_limits() -> None:
    """Note 7: provisional until then, and what was granted is kept."""
    bare = replace(Story().world, calendar=WorkCalendar(frozenset(), frozenset(), frozenset()))
    story = dispatched(world=bare).then(HOUSING, do.Sign(), ASK_TIME).then(DESK, GRANT)
    assert story.it.holder is not None
    assert story.it.holder.moments.provisional
    day_off = frozenset({MONDAY.date() + DAY})
    published = WorkCalendar(day_off, frozenset(), frozenset({2026}))
    story.world = replace(bare, calendar=published)
    story.then(CLOCK, do.Recompute())
    assert not story.it.holder.moments.provisional
    assert story.local(story.it.due) == "03-09 17:00"


def test_an_exemption_moves_the_limit_by_its_length() -> None:
    """W9: evidenced, approved by the centre."""
    story = signed().then(HOUSING, EXEMPT, after=HOUR).then(DESK, EXCUSED)
    assert story.local(story.it.due) == "03-06 09:30"


def test_no_time_is_free_twice() -> None:
    """W9: a power cut within a pause, and the same power cut again."""
    story = signed().then(DESK, PAUSE).then(DESK, RESUME, after=HOUR)
    due = story.it.due
    for _ in range(2):
        story.then(HOUSING, EXEMPT).then(DESK, EXCUSED)
        assert story.it.due == due


def test_time_before_the_dispatch_is_not_free() -> None:
    """W9: the limit had not begun."""
    before = replace(EXEMPT, start=MONDAY - 3 * DAY, end=MONDAY)
    story = signed()
    due = story.it.due
    assert story.then(HOUSING, before).then(DESK, EXCUSED).it.due == due


def test_an_exemption_is_decided_before_the_review() -> None:
    """W9, W6: whoever reports late because of a power cut is heard."""
    story = signed().then(HOUSING, EXEMPT, REPLY, REPORT, after=HOUR)
    refused(story, "exemption_undecided", DESK, PASS)
    assert story.then(DESK, EXCUSED, PASS).it.state is State.CALLBACK


def test_paused_as_much_is_left_after_as_before() -> None:
    story = signed().then(DESK, PAUSE, after=HOUR)
    refused(story, "clock_stands", HOUSING, REPLY)
    story.then(DESK, RESUME, after=7 * DAY)
    assert story.local(story.it.due) == "03-12 17:00"


# --- signing by telephone -----------------------------------------------------------------------
def test_the_dispatcher_signs_for_whom_he_has_on_the_telephone() -> None:
    """H4."""
    story = classified(replace(CLASSIFY, type=OrderType.EMERGENCY)).then(DESK, TO_HOUSING)
    refused(story, "nobody_on_the_phone", DESK, do.Sign())
    story.then(DESK, do.Sign(by_phone="李主任 13900000009"))
    assert story.it.state is State.SIGNED
    assert story.events[-1].command == do.Sign(by_phone="李主任 13900000009")


# --- callback -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("attempts", "state"),
    [
        ([(5, 9), (6, 15)], State.CALLBACK),
        ([(5, 9), (6, 15), (9, 10)], State.CLOSED),
        ([(5, 9), (5, 14), (5, 16)], State.CALLBACK),  # one day
        ([(5, 9), (6, 9), (9, 9)], State.CALLBACK),  # one hour
        ([(5, 9), (6, 15), (6, 16), (9, 9)], State.CALLBACK),
        ([(5, 9), (6, 15), (6, 16), (9, 9), (10, 11)], State.CLOSED),
        ([(5, 23), (6, 0), (9, 10)], State.CALLBACK),  # an hour apart
    ],
)
def test_unreachable_after_three_attempts_on_other_days_and_hours(
    attempts: list[tuple[int, int]], state: State
) -> None:
    """Note 11; it never counts as satisfied (C4)."""
    story = callback()
    for day, hour in attempts:
        story.at(2026, 3, day, hour).then(AGENT, NOT_IN)
    assert story.it.state is state
    assert len(story.it.attempts) == len(attempts)
    unreachable = Satisfaction.UNREACHABLE if state is State.CLOSED else None
    assert story.it.satisfaction is unreachable


def test_each_round_has_attempts_of_its_own() -> None:
    """C2, note 11."""
    story = callback().at(2026, 3, 5, 9).then(AGENT, NOT_IN).at(2026, 3, 6, 10).then(AGENT, NOT_IN)
    story.at(2026, 3, 6, 11).then(AGENT, UNHAPPY).then(DESK, do.Redo(why="没修"))
    story.then(HOUSING, do.Sign(), REPLY, REPORT).then(DESK, PASS)
    assert story.at(2026, 3, 10, 15).then(AGENT, NOT_IN).it.state is State.CALLBACK


def test_the_result_may_come_by_the_web() -> None:
    """C2."""
    assert callback().then(CLOCK, replace(HAPPY, via=Channel.PORTAL)).it.state is State.CLOSED


# --- supervision --------------------------------------------------------------------------------
def test_a_listing_gives_no_more_time_than_the_first_supervision() -> None:
    """D4: in working days; the first here gave two."""
    story = signed().at(2026, 3, 6, 9)
    first = do.Supervise(measure=Measure.SUPERVISION, text="逾期", limit=story.now + 4 * DAY)
    story.then(DESK, first).at(2026, 3, 12, 9)
    listed = do.Supervise(measure=Measure.LISTED, text="仍未办", limit=story.now + 5 * DAY)
    refused(story, "listed_too_long", CHIEF, listed)
    limit = story.at(2026, 3, 16, 17).now
    story.at(2026, 3, 12, 15).then(CHIEF, replace(listed, limit=limit, publish=True))
    assert [s.measure for s in story.it.supervised] == [Measure.SUPERVISION, Measure.LISTED]
    assert story.told == {("tell_unit", "housing", "listed"), ("paper", "housing", "listed")}


def test_a_reminder_does_not_stretch_the_first_supervision() -> None:
    """D4: a reminder sets no limit."""
    story = signed()
    long = do.Supervise(measure=Measure.REMINDER, text="请抓紧", limit=story.now + 90 * DAY)
    refused(story, "limit_missing", DESK, long)


def test_a_repeat_is_linked_and_judged_by_a_person() -> None:
    """W10, note 12."""
    story = signed().then(AGENT, SAMPLES["link_repeat"])
    assert story.it.earlier == ("26010100003",)
    refused(story, "same_order", AGENT, SAMPLES["link_repeat"])
    refused(story, "text_missing", AGENT, do.LinkRepeat(earlier=" ", reasonable=True, why="同"))


# --- the log ------------------------------------------------------------------------------------
def test_every_limit_comes_out_again_from_the_log() -> None:
    story = forwarded().then(VILLAGE, do.Sign(), ASK_TIME).then(DESK, GRANT, PAUSE)
    story.then(DESK, RESUME, after=DAY).then(DESK, SAMPLES["set_urgency"])
    story.then(VILLAGE, REPORT).then(TOWN, FAIL)
    stored = recomputed(story.events, lambda _: story.world)
    assert [e.command.action for e, _ in stored] == [
        "dispatch",
        "forward",
        "decide_extension",
        "resume",
        "set_urgency",
        "review",
    ]
    assert all(event.moments == again for event, again in stored)


def test_a_limit_that_was_tampered_with_does_not() -> None:
    story = signed()
    false = [
        replace(e, moments=replace(e.moments, due=e.moments.due + DAY)) if e.moments else e
        for e in story.events
    ]
    assert any(e.moments != again for e, again in recomputed(false, lambda _: story.world))


@pytest.mark.parametrize(
    "broken",
    [
        lambda events: [],
        lambda events: events[1:],
        lambda events: events[:1] + events[2:],
        lambda events: [*events, events[-1]],
        lambda events: [events[0], replace(events[1], order="26030200099")],
        lambda events: [replace(e, moments=None) for e in events],
    ],
)
def test_a_history_with_a_gap_is_no_order(broken: Callable[[list], list]) -> None:
    with pytest.raises(BrokenHistory):
        fold(broken(dispatched().events))


def test_an_order_is_taken_in_once() -> None:
    with pytest.raises(IllegalAction):
        received().then(AGENT, RECEIVE)
    with pytest.raises(IllegalAction):
        Story().then(AGENT, CLASSIFY)


def test_a_withdrawn_order_leaves_nothing_to_decide() -> None:
    story = signed().then(HOUSING, ASK_BACK, ASK_TIME).then(DESK, PAUSE)
    story.then(AGENT, do.Withdraw(why="已解决"), after=timedelta(minutes=5))
    it = story.it
    assert (it.return_request, it.extension_request, it.paused_at) == (None, None, None)
    assert it.closed_at == MONDAY + timedelta(minutes=5)
    assert story.told == {("tell_unit", "housing", "withdraw")}


def test_handling_starts_with_the_first_step() -> None:
    """W8."""
    assert handling().it.state is State.HANDLING
