"""Who may do what to an order, cell by cell: role, place in the tree, action, state (R, W8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.unit.order_worlds import (
    ASK_BACK,
    CLASSIFY,
    CLOCK,
    HAPPY,
    PASS,
    RECEIVE,
    REPLY,
    REPORT,
    SAMPLES,
    TREE,
    Story,
    person,
)
from ticketing.domain import actions as do
from ticketing.domain.actions import Measure
from ticketing.domain.errors import GuardFailed, IllegalAction, NotYours
from ticketing.domain.guards import Actor
from ticketing.domain.lifecycle import legal, may_see
from ticketing.domain.roles import Role
from ticketing.domain.work_order import State

STATES = [state.value for state in State]  # in the order of the table's columns

# Who, by letters; a dot is nobody.
#   A  hotline staff of the centre that took the order in, or of a centre above it
#   D  its dispatchers, managers and administrators only; M without the dispatchers
#   H  the unit that has it          O  the same, and its on-call contact
#   S  an assisting unit             U  the unit above, which has forwarded it
#   C  a clock or a channel
ALLOWED = """
                 Rec Cla Cen Fol  Dis Sig Han Rep  Cal Clo Dec Wit Arc
classify          A   A   D   .    .   .   .   .    .   .   .   .   .
decline           A   A   A   .    .   .   .   .    .   .   .   .   .
answer_directly   .   A   A   .    .   .   .   .    .   .   .   .   .
take_to_centre    .   A   .   .    .   .   .   .    .   .   .   .   .
dispatch          .   D   D   .    .   .   .   .    .   .   .   .   .
withdraw          A   A   A   A    A   A   A   A    .   .   .   .   .
forward           .   .   .   .    .   H   H   .    .   .   .   .   .
sign              .   .   .   .    OD  .   .   .    .   .   .   .   .
progress          .   .   .   .    .   H   H   .    .   .   .   .   .
ask_return        .   .   .   .    H   H   H   .    .   .   .   .   .
decide_return     .   .   .   .    DU  DU  DU  .    .   .   .   .   .
ask_extension     .   .   .   .    .   H   H   .    .   .   .   .   .
decide_extension  .   .   .   .    .   DU  DU  .    .   .   .   .   .
ask_exemption     .   .   .   .    H   H   H   .    .   .   .   .   .
decide_exemption  .   .   .   .    D   D   D   D    .   .   .   .   .
pause             .   .   .   .    .   D   D   .    .   .   .   .   .
resume            .   .   .   .    .   D   D   .    .   .   .   .   .
opinion           .   .   .   .    S   S   S   .    .   .   .   .   .
reply             .   .   .   A    .   H   H   A    .   .   .   .   .
report_back       .   .   .   .    .   H   H   .    .   .   .   .   .
review            .   .   .   .    .   .   .   DU   .   .   .   .   .
call_back         .   .   .   .    .   .   .   .    AC  .   .   .   .
redo              .   .   .   .    .   .   .   .    D   D   .   .   .
close             .   .   .   .    .   .   .   .    D   .   .   .   .
archive           .   .   .   .    .   .   .   .    .   DC  DC  DC  .
join_master       A   A   A   .    .   .   .   .    .   .   .   .   .
leave_master      .   .   .   A    .   .   .   .    .   .   .   .   .
set_urgency       .   .   .   .    D   D   D   .    .   .   .   .   .
recompute         .   .   .   .    C   C   C   .    .   .   .   .   .
warn              .   .   .   .    C   C   C   .    C   .   .   .   .
supervise         .   .   .   .    DU  DU  DU  DU   .   .   .   .   .
coordinate        A   A   A   A    A   A   A   A    A   .   .   .   .
instruct          D   D   D   D    D   D   D   D    D   .   .   .   .
pass_on           .   .   .   .    D   D   D   .    .   .   .   .   .
verify            D   D   D   D    D   D   D   D    D   D   D   D   .
find_fault        .   .   .   .    D   D   D   D    D   D   .   .   .
open_case         .   .   .   .    M   M   M   M    M   M   .   .   .
accept_dispatch   .   .   .   .    C   C   C   .    .   .   .   .   .
link_repeat       A   A   A   A    A   A   A   A    A   A   A   A   .
note              AC  AC  AC  AC AHSUC AHSUC AHSUC AHSUC AHSUC AHSUC AC AHSUC .
attach            AC  AC  AC  AC AHSC AHSC AHSC AHSC AHSC AHSC AC AHSC .
"""

# Which roles each letter means, at that place.
ROLES = """
    agent dispatcher manager admin unit_leader unit_handler on_call
A     x       x         x      x        .           .          .
D     .       x         x      x        .           .          .
M     .       .         x      x        .           .          .
H     .       x         x      .        x           x          .
O     .       x         x      .        x           x          x
S     .       x         x      .        x           x          .
U     .       x         x      .        x           x          .
"""
LETTERS_AT = {"centre": "ADM", "holder": "HO", "assisting": "S", "above": "U"}


def _rows(text: str) -> dict[str, list[str]]:
    lines = (line.split() for line in text.strip().splitlines()[1:])
    return {words[0]: words[1:] for words in lines if words}


MAY = {
    (action, state): "" if cell == "." else cell
    for action, cells in _rows(ALLOWED).items()
    for state, cell in zip(STATES, cells, strict=True)
}
_COLUMNS = ROLES.strip().splitlines()[0].split()
MEANS = {
    letter: {role for role, mark in zip(_COLUMNS, marks, strict=True) if mark == "x"}
    for letter, marks in _rows(ROLES).items()
}


class Scene:
    """An order in one state, and what each unit is to it.

    Args:
        county: the county's centre took it in, so that the city's stands above; else the city's.
        forwarded: the town has handed it on to its village.
    """

    def __init__(self, state: str, county: bool, forwarded: bool) -> None:
        pre = "east." if county else ""
        self.centre = "east" if county else "city"
        self.town, self.village = f"{pre}town", f"{pre}village"
        self.helper = "east.roads" if county else "water"
        self.state, self.forwarded = state, forwarded
        self.story = self._told()
        assert self.story.it.state.value == state
        self.places = {self.centre: "centre", "city": "centre"}
        if self.story.it.chain:
            self.places[self.helper] = "assisting"
            self.places[self.town] = "above" if len(self.story.it.chain) > 1 else "holder"
            if len(self.story.it.chain) > 1:
                self.places[self.village] = "holder"

    def _told(self) -> Story:
        agent, desk = person(Role.AGENT, self.centre), person(Role.DISPATCHER, self.centre)
        town, village = (person(Role.UNIT_HANDLER, unit) for unit in (self.town, self.village))
        story = Story().then(agent, RECEIVE)
        if self.state == "declined":
            return story.then(agent, do.Decline(code="N2"))
        if self.state == "archived":
            return story.then(agent, do.Decline(code="N2")).then(desk, do.Archive())
        if self.state == "following":
            return story.then(agent, do.JoinMaster(master="26030200001"))
        if self.state == "received":
            return story
        story.then(agent, CLASSIFY)
        if self.state == "centre":
            return story.then(agent, do.TakeToCentre(why="归属不清"))
        if self.state == "classified":
            return story
        story.then(desk, do.Dispatch(unit=self.town, assisting=(self.helper,)))
        holder = town
        if self.forwarded:
            story.then(town, do.Sign(), do.Forward(unit=self.village))
            holder = village
        if self.state == "withdrawn":
            return story.then(agent, do.Withdraw(why="已解决"))
        if self.state == "dispatched":
            return story
        story.then(holder, do.Sign())
        if self.state == "signed":
            return story
        story.then(holder, REPLY)
        if self.state == "handling":
            return story
        story.then(holder, REPORT)
        if self.state == "reported":
            return story
        story.then(desk, PASS)
        return story if self.state == "callback" else story.then(desk, HAPPY)

    def actors(self) -> Iterator[tuple[Actor, str]]:
        """Every role in every unit, and the clock, each with the letters that stand for it."""
        yield CLOCK, "C"
        for unit in TREE:
            at = LETTERS_AT.get(self.places.get(unit.id, ""), "")
            for role in Role:
                letters = "".join(letter for letter in at if role.value in MEANS[letter])
                yield person(role, unit.id), letters


SCENES = [
    Scene(state, county, forwarded)
    for state in STATES
    for county in (False, True)
    for forwarded in (False, True)
    if not forwarded or state in ("dispatched", "signed", "handling", "reported", "withdrawn")
]


@pytest.mark.parametrize(
    "scene", SCENES, ids=lambda s: f"{s.state}-{s.centre}{'-forwarded' * s.forwarded}"
)
def test_every_cell(scene: Scene) -> None:
    wrong = []
    for actor, letters in scene.actors():
        expected = {
            action
            for (action, state), may in MAY.items()
            if state == scene.state and set(may) & set(letters)
        }
        if set(legal(scene.story.it, actor, TREE)) != expected:
            wrong.append(f"legal to {actor.name}: {legal(scene.story.it, actor, TREE)}")
        for action, command in SAMPLES.items():
            told = _outcome(scene.story, actor, command)
            if action not in _rows(ALLOWED) or not MAY[action, scene.state]:
                wanted = "illegal"
            else:
                wanted = "may" if action in expected else "not yours"
            if told != wanted:
                wrong.append(f"{action} by {actor.name}: {told}, not {wanted}")
    assert wrong == []


def _outcome(story: Story, actor: Actor, command: do.Command) -> str:
    """What comes of it; a guard is asked only when the actor may do it at all."""
    try:
        replace(story, events=[]).then(actor, command)
    except IllegalAction:
        return "illegal"
    except NotYours:
        return "not yours"
    except GuardFailed:
        return "may"
    return "may"


def test_every_action_has_a_row() -> None:
    assert set(_rows(ALLOWED)) | {"receive"} == set(SAMPLES)
    assert [state[:3] for state in STATES] == ALLOWED.split("\n")[1].lower().split()


@pytest.mark.parametrize(
    ("unit", "role", "centre", "allowed"),
    [
        ("city", Role.AGENT, "", True),
        ("city", Role.ADMIN, "city", True),
        ("city", Role.AGENT, "east", True),
        ("east", Role.AGENT, "", True),
        ("east", Role.AGENT, "city", False),
        ("housing", Role.AGENT, "", False),
        ("town", Role.DISPATCHER, "", False),
        ("city", Role.UNIT_HANDLER, "", False),
        ("city", Role.CONTRACTOR, "", False),
        ("city", Role.EVALUATOR, "", False),
    ],
)
def test_who_takes_in(unit: str, role: Role, centre: str, allowed: bool) -> None:
    story, command = Story(), replace(RECEIVE, centre=centre)
    if not allowed:
        with pytest.raises(NotYours):
            story.then(person(role, unit), command)
        return
    taken = story.then(person(role, unit), command).it
    assert taken.centre == (centre or unit)
    assert taken.receiver == f"{role.value}@{unit}"


def test_a_second_role_lends_no_rights_to_the_first() -> None:
    """An agent of the centre who also handles for a unit decides nothing (R)."""
    both = Actor("两职", frozenset({Role.AGENT, Role.UNIT_HANDLER}), "city")
    scene = Scene("handling", county=False, forwarded=False)
    scene.story.then(person(Role.UNIT_HANDLER, "town"), ASK_BACK)
    with pytest.raises(NotYours):
        scene.story.then(both, do.DecideReturn(accepted=True, why="同意"))


@pytest.mark.parametrize("measure", list(Measure))
def test_who_issues_which_measure(measure: Measure) -> None:
    """Notices, listings and accountability are the centre's head's alone (D2, D4, D5)."""
    heavy = measure in (Measure.NOTICE, Measure.LISTED, Measure.ACCOUNTABILITY)
    scene = Scene("handling", county=True, forwarded=True)
    command = do.Supervise(measure=measure, text="请抓紧")
    may = {
        actor.name
        for actor, letters in scene.actors()
        if letters and _outcome(scene.story, actor, command) == "may"
    }
    heads = {f"{role}@{unit}" for role in ("manager", "admin") for unit in ("city", "east")}
    desks = heads | {"dispatcher@city", "dispatcher@east"}
    town = {
        f"{role}@east.town" for role in ("unit_leader", "unit_handler", "dispatcher", "manager")
    }
    assert may == (heads if heavy else desks | town)


@pytest.mark.parametrize("scene", SCENES, ids=lambda s: f"{s.state}-{s.centre}-{s.forwarded}")
def test_who_sees_an_order(scene: Scene) -> None:
    """A unit its own only; the town what it has forwarded; the centres their own tree's (R)."""
    hotline = {"agent", "dispatcher", "manager", "admin"}
    watch = {"evaluator", "leading_group", "joint_meeting", "contractor"}
    inside = {"unit_leader", "unit_handler", "dispatcher", "manager", "on_call", "bureau", "lawyer"}
    wrong = []
    for unit in TREE:
        place = scene.places.get(unit.id)
        seeing = set() if place is None else hotline | watch if place == "centre" else inside
        sees = {r.value for r in Role if may_see(scene.story.it, person(r, unit.id), TREE)}
        if sees != seeing:
            wrong.append((unit.id, sees ^ seeing))
    assert wrong == []
