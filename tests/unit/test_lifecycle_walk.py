"""Thousands of orders at random: no illegal state, no lost event, every limit from the log (W8).

Anybody tries anything at any time. After each step the order is compared with what the rules allow,
as it is written below, and with what its history gives.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.order_worlds import (
    BOTH,
    CLOCK,
    GOES_ON,
    HOUR,
    MONDAY,
    RECEIVE,
    SAMPLES,
    STANDS,
    TREE,
    XIANNING,
    YANJI,
    Story,
    person,
)
from ticketing.domain import actions as do
from ticketing.domain.actions import Alarm, Command, Coordination, Measure, Reached
from ticketing.domain.errors import TicketingError
from ticketing.domain.fold import evolve, fold
from ticketing.domain.guards import Actor
from ticketing.domain.lifecycle import decide, legal, may_see
from ticketing.domain.limits import recomputed
from ticketing.domain.matters import OrderType, Satisfaction, StatutoryLimit, Urgency
from ticketing.domain.measures import Fault
from ticketing.domain.plain import from_plain, to_plain
from ticketing.domain.roles import Role
from ticketing.domain.timers import due_commands, wake_at
from ticketing.domain.work_order import Event, Moments, State, WorkOrder

# Where each action may lead from each state; a dot stays. What is not here is illegal (W8).
WAYS = """
received    classify:classified decline:declined join_master:following withdraw:withdrawn
            coordinate:. note:. instruct:. verify:. link_repeat:. attach:.
classified  classify:. decline:declined join_master:following withdraw:withdrawn
            answer_directly:callback take_to_centre:centre dispatch:dispatched
            coordinate:. note:. instruct:. verify:. link_repeat:. attach:.
centre      classify:. decline:declined join_master:following withdraw:withdrawn
            answer_directly:callback dispatch:dispatched
            coordinate:. note:. instruct:. verify:. link_repeat:. attach:.
following   reply:callback leave_master:received withdraw:withdrawn
            coordinate:. note:. instruct:. verify:. link_repeat:. attach:.
dispatched  sign:signed withdraw:withdrawn ask_return:. ask_exemption:. decide_exemption:.
            decide_return:.|classified|centre|handling opinion:. set_urgency:. recompute:. warn:.
            pass_on:. accept_dispatch:signed
            coordinate:. note:. instruct:. verify:. supervise:. link_repeat:. attach:.
            find_fault:. open_case:.
signed      progress:handling reply:handling report_back:reported forward:dispatched
            withdraw:withdrawn ask_return:. decide_return:.|classified|centre|handling
            ask_extension:. decide_extension:. ask_exemption:. decide_exemption:. pause:. resume:.
            opinion:. set_urgency:. recompute:. warn:.
            pass_on:. accept_dispatch:.
            coordinate:. note:. instruct:. verify:. supervise:. link_repeat:. attach:.
            find_fault:. open_case:.
handling    progress:. reply:. report_back:reported forward:dispatched
            withdraw:withdrawn ask_return:. decide_return:.|classified|centre
            ask_extension:. decide_extension:. ask_exemption:. decide_exemption:. pause:. resume:.
            opinion:. set_urgency:. recompute:. warn:.
            pass_on:. accept_dispatch:.
            coordinate:. note:. instruct:. verify:. supervise:. link_repeat:. attach:.
            find_fault:. open_case:.
reported    review:callback|dispatched|handling reply:. decide_exemption:. withdraw:withdrawn
            coordinate:. note:. instruct:. verify:. supervise:. link_repeat:. attach:.
            find_fault:. open_case:.
callback    call_back:.|closed close:closed redo:dispatched|centre|received warn:.
            find_fault:. open_case:.
            coordinate:. note:. instruct:. verify:. link_repeat:. attach:.
closed      redo:dispatched|centre|received archive:archived note:. verify:. link_repeat:. attach:.
            find_fault:. open_case:.
declined    archive:archived note:. verify:. link_repeat:. attach:.
withdrawn   archive:archived note:. verify:. link_repeat:. attach:.
archived
"""


def _ways() -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    source = ""
    for line in WAYS.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            source, *words = words
        for word in words:
            action, targets = word.split(":")
            found[source, action] = {source if t == "." else t for t in targets.split("|")}
    return found


ALLOWED = _ways()
PEOPLE = st.sampled_from([CLOCK, *(person(role, unit.id) for unit in TREE for role in Role)])
SEEDS = st.integers(0, 2**32)
ACTIONS = st.sampled_from(sorted(SAMPLES))
TIMES = st.sampled_from(
    [timedelta(0), timedelta(minutes=20), HOUR, 5 * HOUR, timedelta(days=1), timedelta(days=9)]
)
UNITS = [unit.id for unit in TREE]
STARTS = (Role.AGENT, Role.DISPATCHER, Role.MANAGER, Role.ADMIN)
WITH_A_UNIT = {"dispatched", "signed", "handling", "reported"}
RUNNING = WITH_A_UNIT - {"reported"}
COUNTED: Counter[str] = Counter()

BESIDE = {
    *("note", "attach", "coordinate", "instruct", "verify", "link_repeat", "withdraw"),
    *("decline", "join_master", "supervise", "opinion", "answer_directly", "take_to_centre"),
    *("close", "pause", "warn", "recompute", "set_urgency", "ask_return", "ask_exemption"),
    *("find_fault", "open_case", "accept_dispatch"),
}  # drawn seldom, so that orders get on


def a_command(action: str, story: Story, dice: Random) -> Command:
    """A command of one action, mostly a sound one."""
    now, one = story.now, dice.choice
    why = one(["", *["照办"] * 9])
    yes, days = dice.random() < 0.7, timedelta(days=dice.randint(0, 4))
    match SAMPLES[action]:
        case do.Classify() as sample:
            laws = [StatutoryLimit(7, False, "某条例"), StatutoryLimit(0, True, "")]
            return replace(
                sample,
                type=one(list(OrderType)),
                urgency=one(list(Urgency)),
                complex=yes,
                statutory=one([*[None] * 6, *laws]),
            )
        case do.Decline():
            return do.Decline(code=one(["N1", "N2", "X"]), redirect=why)
        case do.Dispatch():
            helpers = tuple(one(UNITS) for _ in range(dice.randint(0, 2)))
            return do.Dispatch(unit=one([*UNITS, "town", "east.town"]), assisting=helpers)
        case do.Forward():
            return do.Forward(unit=one([*_below(story), "housing"]))
        case do.Sign():
            return do.Sign(by_phone=why)
        case do.AskExtension():
            return do.AskExtension(days=dice.randint(0, 4), why=why)
        case do.AskExemption():
            return do.AskExemption(start=now - days, end=now - days / 2, why=why, evidence="证明")
        case do.DecideReturn() | do.DecideExtension() | do.DecideExemption() as sample:
            return replace(sample, accepted=yes, why=why)
        case do.Review():
            return do.Review(passed=yes, why=why)
        case do.CallBack():
            if yes:
                return do.CallBack(reached=Reached.NO_ANSWER)
            return do.CallBack(reached=Reached.ANSWERED, satisfaction=one([None, *Satisfaction]))
        case do.SetUrgency():
            return do.SetUrgency(urgency=one(list(Urgency)), why=why)
        case do.Coordinate() as sample:
            return replace(sample, how=one(list(Coordination)))
        case do.Supervise():
            return do.Supervise(
                measure=one(list(Measure)),
                text="请抓紧",
                limit=one([None, now + days]),
                publish=dice.random() < 0.2,
                draft=one(["", "", "d1"]),
            )
        case do.PassOn() as sample:
            seqs = story.it.instructions if story.order is not None else ()
            return replace(
                sample,
                instruction=one([*seqs, 0]),
                limit=now + days,
                urgency=one([None, *Urgency]),
            )
        case do.FindFault() | do.OpenCase() as sample:
            return replace(sample, fault=one(list(Fault)))
        case do.Warn():
            return do.Warn(alarm=one(list(Alarm)), limit=now - days)
        case sample:
            return sample


def _below(story: Story) -> list[str]:
    holder = story.it.holder
    return [] if holder is None else [u for u in TREE.under(holder.unit) if u != holder.unit]


def involved(order: WorkOrder) -> list[Actor]:
    """Those who have to do with it, of whom most steps come."""
    units = [*(h.unit for h in order.chain), *order.assisting]
    near = [person(Role.UNIT_HANDLER, unit) for unit in units]
    desk = [person(role, order.centre) for role in (Role.DISPATCHER, Role.MANAGER)]
    return [person(Role.AGENT, "city"), *desk, CLOCK, *near]


def nothing_to_decide(order: WorkOrder) -> set[str]:
    """Actions that are legal, and have nothing to do."""
    there = {
        "decide_return": order.return_request,
        "decide_extension": order.extension_request,
        "decide_exemption": order.exemption_request,
        "resume": order.paused_at,
        "pass_on": order.instructions,
        "classify": order.type is None,
        "reply": order.state is not State.REPORTED,
    }
    return {action for action, thing in there.items() if not thing}


class Walk(RuleBasedStateMachine):
    """Several orders at once, on one clock."""

    def __init__(self) -> None:
        super().__init__()
        self.stories: list[Story] = []
        self.now = MONDAY

    @initialize(who=st.sampled_from(STARTS), seed=SEEDS)
    def a_morning(self, who: Role, seed: int) -> None:
        dice = Random(seed)
        for i in range(30):
            story = Story(world=dice.choice([YANJI, XIANNING, STANDS, GOES_ON, BOTH]))
            receive = replace(RECEIVE, number=f"260302{i:05}", centre=dice.choice(["", "east"]))
            self.attempt(story, person(who), receive)
            self.stories.append(story)

    @rule(passed=TIMES, seed=SEEDS)
    def everybody_works(self, passed: timedelta, seed: int) -> None:
        """With each order somebody does what is offered to him, twice."""
        dice = Random(seed)
        self.now += passed
        for story in self.stories:
            story.now = self.now
            for _ in range(2):
                self.somebody_works(story, dice)

    def somebody_works(self, story: Story, dice: Random) -> None:
        near = involved(story.it)
        aside = dice.random() < 0.15
        for who in dice.sample(near, len(near)):
            offered = legal(story.it, who, TREE)
            idle = BESIDE | nothing_to_decide(story.it)
            wanted = [action for action in offered if (action in idle) is aside]
            if wanted:
                self.attempt(story, who, a_command(dice.choice(wanted), story, dice))
                return

    @rule(passed=TIMES, seed=SEEDS, who=PEOPLE, action=ACTIONS)
    def anybody_tries_anything(self, passed: timedelta, seed: int, who: Actor, action: str) -> None:
        self.everybody_works(passed, seed)
        dice = Random(seed)
        for story in self.stories[::3]:
            self.attempt(story, who, a_command(action, story, dice))

    @rule(passed=TIMES, seed=SEEDS)
    def the_clock_sweeps(self, passed: timedelta, seed: int) -> None:
        self.everybody_works(passed, seed)
        for story in self.stories:
            for command in due_commands(story.it, self.now, story.world):
                self.attempt(story, CLOCK, command)
            assert due_commands(story.it, self.now, story.world) == (), "swept twice"
            wakes = wake_at(story.it, story.world)
            assert wakes is None or wakes > self.now, "a clock that never sleeps"

    def attempt(self, story: Story, who: Actor, command: Command) -> None:
        """One step, legal or not, and what must hold after it."""
        before, action = story.order, command.action
        state = "none" if before is None else before.state.value
        known = (state, action) in ALLOWED if before is not None else action == "receive"
        error = self.error_of(story, who, command)
        if error is not None:
            COUNTED[error] += 1
            assert story.order is before
            assert (error == "IllegalAction") is not known
            if before is not None and known:
                offered = action in legal(before, who, TREE)
                heavier = offered and isinstance(command, do.Supervise) and error == "NotYours"
                assert error == ("GuardFailed" if offered and not heavier else "NotYours")
            return
        after, event = story.it, story.events[-1]
        COUNTED.update([action, f"to {event.to.value}"])
        if before is not None:
            assert known
            assert after.state.value in ALLOWED[state, action]
            assert action in legal(before, who, TREE)
        self.follows(before, after, event, story)

    def error_of(self, story: Story, who: Actor, command: Command) -> str | None:
        try:
            story.then(who, command)
        except TicketingError as error:
            return type(error).__name__
        return None

    def follows(
        self, before: WorkOrder | None, after: WorkOrder, event: Event, story: Story
    ) -> None:
        version = 0 if before is None else before.version
        assert (after.version, event.seq, len(story.events)) == (version + 1,) * 3
        assert (event.at, event.order, event.to) == (story.now, after.number, after.state)
        assert stored(event) == event
        assert evolve(before, stored(event)) == after
        state = after.state.value
        assert bool(after.chain) or state not in WITH_A_UNIT
        assert len(after.chain) <= 1 or state in WITH_A_UNIT | {"withdrawn", "archived"}
        assert (after.due is not None) == (state in RUNNING)
        for above, below in zip(after.chain, after.chain[1:], strict=False):
            assert below.by == above.unit
            assert below.unit in TREE.under(above.unit)
            assert below.moments.due <= above.moments.due
        for one in (after.return_request, after.extension_request):
            assert one is None or state in RUNNING
        self.grants(before, after, event, story)
        if isinstance(event.command, do.DecideReturn) and event.command.accepted:
            self.bounces(story)

    def grants(
        self, before: WorkOrder | None, after: WorkOrder, event: Event, story: Story
    ) -> None:
        """Never a fourth extension, never one longer than the limit itself (W5, note 9)."""
        granted = [e for e in story.events if _granted(e)]
        assert after.extensions == len(granted)
        unbound = after.statutory is not None and story.world is not XIANNING
        assert len(granted) <= 3 or unbound
        if _granted(event):
            assert before is not None
            assert before.holder is not None
            assert before.extension_request is not None
            asked = before.extension_request.command
            assert isinstance(asked, do.AskExtension)
            assert 1 <= asked.days <= before.holder.moments.days
            assert after.due is not None
            assert after.due > before.holder.moments.due

    def bounces(self, story: Story) -> None:
        """Twice given back to the centre is for the centre to decide (I6)."""
        given_back = 0
        for i, event in enumerate(story.events):
            if isinstance(event.command, do.DecideReturn) and event.command.accepted:
                given_back += len(fold(story.events[:i]).chain) == 1
        last = story.it
        if not last.chain:
            assert last.state is (State.CENTRE if given_back >= 2 else State.CLASSIFIED)
        assert last.refusals[-1].why.strip()

    @invariant()
    def each_sees_its_own(self) -> None:
        """R: no unit another's order, a village its own, a town what it has forwarded."""
        for story in self.stories[-3:]:
            order = story.it
            own = {holder.unit for holder in order.chain} | set(order.assisting)
            for unit in UNITS:
                sees = may_see(order, person(Role.UNIT_HANDLER, unit), TREE)
                assert sees == (unit in own)
                centre = unit in {order.centre, "city"}
                assert may_see(order, person(Role.AGENT, unit), TREE) == centre

    def teardown(self) -> None:
        for story in self.stories:
            assert fold(map(stored, story.events)) == story.it
            for event, again in recomputed(story.events, lambda _, s=story: s.world):
                assert event.moments == again
            COUNTED["orders"] += 1


def _granted(event: Event) -> bool:
    return isinstance(event.command, do.DecideExtension) and event.command.accepted


def stored(event: Event) -> Event:
    """The event after it was written as JSON and read again."""
    command = json.loads(json.dumps(to_plain(event.command)))
    moments = event.moments and json.loads(json.dumps(to_plain(event.moments)))
    return replace(
        event,
        command=from_plain(type(event.command), command),
        moments=moments and from_plain(Moments, moments),
    )


Walk.TestCase.settings = settings(
    max_examples=70,
    stateful_step_count=14,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # such walks shrink for minutes
    suppress_health_check=list(HealthCheck),
)


class TestWalk(Walk.TestCase):  # type: ignore[misc, valid-type]
    """The walk, and that it was a long one: every action done, every state and error met."""

    def runTest(self) -> None:  # noqa: N802 - unittest's word
        COUNTED.clear()
        super().runTest()
        assert COUNTED["orders"] >= 2000
        assert set(SAMPLES) <= set(COUNTED)
        assert {"IllegalAction", "NotYours", "GuardFailed"} <= set(COUNTED)
        assert {f"to {state.value}" for state in State} <= set(COUNTED)


def test_a_step_is_judged_alike_each_time() -> None:
    """Nothing is read but what is handed in."""
    story = Story().then(person(Role.AGENT), SAMPLES["receive"])
    who, step = person(Role.AGENT), SAMPLES["classify"]
    one, two = (decide(story.it, step, who, story.now, story.world) for _ in range(2))
    assert one == two
