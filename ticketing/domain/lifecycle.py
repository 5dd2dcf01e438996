"""The lifecycle of a work order (W8) as one table: state, action, who may, guards, next state.

`decide` judges one command by the table and says what follows; nothing is done here. Everything
that a step computes is stored in its event, so that an order is a fold of its events alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from ticketing.domain import actions as do
from ticketing.domain import guards as g
from ticketing.domain.actions import Command, Measure, Reached
from ticketing.domain.effects import Effect, effects_of
from ticketing.domain.errors import GuardFailed, IllegalAction, NotYours
from ticketing.domain.fold import evolve
from ticketing.domain.guards import Actor, Facts, Guard, World
from ticketing.domain.limits import limits_after
from ticketing.domain.matters import Satisfaction
from ticketing.domain.roles import Role
from ticketing.domain.units import UnitTree
from ticketing.domain.work_order import OVER, RUNNING, WITH_A_UNIT, Event, State, WorkOrder


class Place(Enum):
    """Where in the tree somebody must stand to do a step."""

    CENTRE = auto()  # the hotline body that took the order in, or one above it
    DISPATCHING = auto()  # the unit that has forwarded it to its holder (N1), or the centre
    HOLDER = auto()  # the unit that has it now
    ASSISTING = auto()  # a unit that helps
    ABOVE = auto()  # a unit that has forwarded it down (N1), or the centre
    SYSTEM = auto()  # clocks and channels


DESK = frozenset({Role.DISPATCHER, Role.MANAGER, Role.ADMIN})
HOTLINE = DESK | {Role.AGENT}
CHIEF = frozenset({Role.MANAGER, Role.ADMIN})
UNIT = frozenset({Role.UNIT_LEADER, Role.UNIT_HANDLER, Role.DISPATCHER, Role.MANAGER})
DECIDES = DESK | {Role.UNIT_LEADER, Role.UNIT_HANDLER}
ON_CALL = UNIT | {Role.ON_CALL}
NOBODY: frozenset[Role] = frozenset()

Who = tuple[Place, frozenset[Role]]
AGENTS: Who = (Place.CENTRE, HOTLINE)
DESKS: Who = (Place.CENTRE, DESK)
CHIEFS: Who = (Place.CENTRE, CHIEF)
HOLDER: Who = (Place.HOLDER, UNIT)
DISPATCHING: Who = (Place.DISPATCHING, DECIDES)
ABOVE: Who = (Place.ABOVE, DECIDES)
HELPER: Who = (Place.ASSISTING, UNIT)
CLOCK: Who = (Place.SYSTEM, NOBODY)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        sources: the states it may be done in; empty for an order that does not exist yet.
        target: the state after it: one state, None to stay, or a function of the step.
        rule: where it comes from in the rules.
    """

    action: type[Command]
    sources: frozenset[State]
    who: tuple[Who, ...]
    guards: tuple[Guard, ...]
    target: State | Callable[[Facts], State] | None
    rule: str


def _after_return(f: Facts) -> State:
    """Accepted: back to whom it came from; after so many units the centre decides (I6, W2)."""
    assert isinstance(f.command, do.DecideReturn)  # noqa: S101
    if not f.command.accepted:
        return f.order.state
    if len(f.order.chain) > 1:
        return State.HANDLING
    bounced = sum(not refusal.forwarded for refusal in f.order.refusals) + 1
    return State.CENTRE if bounced >= f.world.pack.routing.bounces else State.CLASSIFIED


def _after_review(f: Facts) -> State:
    assert isinstance(f.command, do.Review)  # noqa: S101
    if not f.command.passed:
        return State.DISPATCHED
    return State.HANDLING if len(f.order.chain) > 1 else State.CALLBACK


def _after_call_back(f: Facts) -> State:
    """Content: done. Not content: a person decides. Not reached often enough: done (note 11)."""
    assert isinstance(f.command, do.CallBack)  # noqa: S101
    if f.command.reached is Reached.ANSWERED:
        content = f.command.satisfaction is not Satisfaction.DISSATISFIED
        return State.CLOSED if content else State.CALLBACK
    tried = [a.at for a in f.order.attempts if a.round == f.order.round]
    unreachable = _counting((*tried, f.now), f.world) >= f.world.pack.callback.attempts
    return State.CLOSED if unreachable else State.CALLBACK


def _counting(tried: Iterable[datetime], world: World) -> int:
    """How many attempts count: each on another day and at another hour than those before it."""
    rules, zone = world.pack.callback, world.pack.zone
    counted: list[datetime] = []
    for moment in (at.astimezone(zone) for at in tried):
        other_day = all(moment.date() != each.date() for each in counted)
        other_hour = all(moment.hour != each.hour for each in counted)
        apart = not counted or moment - counted[-1] >= timedelta(hours=rules.hours_between)
        if apart and (other_day or not rules.other_day) and (other_hour or not rules.other_hour):
            counted.append(moment)
    return len(counted)


def _after_redo(f: Facts) -> State:
    """To the unit that had it; what none has had is for the centre to dispatch (W7, I6)."""
    if f.order.chain:
        return State.DISPATCHED
    return State.CENTRE if f.order.type is not None else State.RECEIVED


def _after_takeover(f: Facts) -> State:
    """Who takes it over has signed for it (H4)."""
    return State.SIGNED if f.order.state is State.DISPATCHED else f.order.state


S = State
_OPEN = frozenset(State) - OVER
_DRAFT = frozenset({S.RECEIVED, S.CLASSIFIED})
_UNDECIDED = frozenset({S.CLASSIFIED, S.CENTRE})
_AT_WORK = frozenset({S.SIGNED, S.HANDLING})
_KEPT = frozenset(State) - {S.ARCHIVED}
_ANSWERED_FOR = WITH_A_UNIT | {S.CALLBACK, S.CLOSED}


def _in(*states: State) -> frozenset[State]:
    return frozenset(states)


# fmt: off
TABLE: tuple[Row, ...] = (
    # intake
    Row(do.Receive, frozenset(), (AGENTS, CLOCK),
        (g.TEXT, g.NUMBER, g.BY_CENTRE), S.RECEIVED, "I3 I4 M1"),
    Row(do.Classify, _DRAFT, (AGENTS,), (g.STATUTORY,), S.CLASSIFIED, "I1 I3 I8"),
    Row(do.Classify, _in(S.CENTRE), (DESKS,), (g.STATUTORY,), None, "I6"),
    Row(do.Decline, _DRAFT | {S.CENTRE}, (AGENTS,), (g.CODE, g.LINE, g.REDIRECT), S.DECLINED, "I2"),
    Row(do.AnswerDirectly, _UNDECIDED, (AGENTS,), (g.TEXT, g.ARTICLE), S.CALLBACK, "H1 C1"),
    Row(do.TakeToCentre, _in(S.CLASSIFIED), (AGENTS,), (g.TEXT,), S.CENTRE, "I6"),
    Row(do.Withdraw, _OPEN - {S.CALLBACK}, (AGENTS,), (g.TEXT,), S.WITHDRAWN, "W8"),
    # dispatch
    Row(do.Dispatch, _UNDECIDED, (DESKS,),
        (g.UNIT, g.OWN_TREE, g.ASSISTING, g.NOT_REFUSED), S.DISPATCHED, "I5 I6 H3"),
    Row(do.Forward, _AT_WORK, (HOLDER,),
        (g.UNIT, g.BELOW, g.TIME_LEFT, g.NO_RETURN, g.NO_EXTENSION, g.RUNS),
        S.DISPATCHED, "N1 N2"),
    Row(do.Sign, _in(S.DISPATCHED), ((Place.HOLDER, ON_CALL), DESKS),
        (g.BY_PHONE,), S.SIGNED, "W1 H4"),
    Row(do.Progress, _AT_WORK, (HOLDER,), (), S.HANDLING, "W8"),
    # requests of the unit
    Row(do.AskReturn, RUNNING, (HOLDER,), (g.TEXT, g.NO_RETURN), None, "W2"),
    Row(do.DecideReturn, RUNNING, (DISPATCHING,), (g.TEXT, g.RETURN), _after_return, "W2 I6"),
    Row(do.AskExtension, _AT_WORK, (HOLDER,),
        (g.TEXT, g.NO_EXTENSION, g.RUNS, g.LEFT, g.NOT_LONGER, g.IN_TIME), None, "W5"),
    Row(do.DecideExtension, _AT_WORK, (DISPATCHING,),
        (g.TEXT, g.EXTENSION, g.NOT_LONGER, g.OWN_TIME), None, "W5"),
    Row(do.AskExemption, RUNNING, (HOLDER,), (g.TEXT, g.WINDOW, g.NO_EXEMPTION), None, "W9"),
    Row(do.DecideExemption, WITH_A_UNIT, (DESKS,), (g.TEXT, g.EXEMPTION), None, "W9"),
    Row(do.Pause, _AT_WORK, (DESKS,), (g.TEXT, g.RUNS), None, "W4"),
    Row(do.Resume, _AT_WORK, (DESKS,), (g.STANDS,), None, "W4"),
    # answer and review
    Row(do.Opinion, RUNNING, (HELPER,), (g.TEXT,), None, "I6"),
    Row(do.Reply, _AT_WORK, (HOLDER,), (g.TEXT, g.RUNS, g.UNIT_REPLIES), S.HANDLING, "W6"),
    Row(do.Reply, _in(S.REPORTED), (AGENTS,), (g.TEXT, g.CENTRE_REPLIES), None, "W6"),
    Row(do.Reply, _in(S.FOLLOWING), (AGENTS,), (g.TEXT,), S.CALLBACK, "W6 W10"),
    Row(do.ReportBack, _AT_WORK, (HOLDER,), (g.TEXT, g.RUNS, g.REPLIED), S.REPORTED, "W6"),
    Row(do.Review, _in(S.REPORTED), (DISPATCHING,), (g.REDO_WHY, g.SETTLED),
        _after_review, "W7 W8"),
    Row(do.CallBack, _in(S.CALLBACK), (AGENTS, CLOCK), (g.NOT_RATED, g.ONE_RESULT),
        _after_call_back, "C1 C2"),
    Row(do.Redo, _in(S.CALLBACK, S.CLOSED), (DESKS,), (g.TEXT, g.NOT_CONTENT),
        _after_redo, "W7 I6"),
    Row(do.Close, _in(S.CALLBACK), (DESKS,), (g.REASON,), S.CLOSED, "W8"),
    Row(do.Archive, _in(S.CLOSED, S.DECLINED, S.WITHDRAWN), (DESKS, CLOCK), (), S.ARCHIVED, "W8"),
    # many callers on one event
    Row(do.JoinMaster, _DRAFT | {S.CENTRE}, (AGENTS,), (g.TEXT, g.OTHER), S.FOLLOWING, "W10"),
    Row(do.LeaveMaster, _in(S.FOLLOWING), (AGENTS,), (g.TEXT,), S.RECEIVED, "W10"),
    # beside the way
    Row(do.SetUrgency, RUNNING, (DESKS,), (g.TEXT, g.RUNS), None, "I8"),
    Row(do.Recompute, RUNNING, (CLOCK,), (g.RUNS,), None, "W4"),
    Row(do.Coordinate, _OPEN, (AGENTS,), (g.TEXT, g.WAY), None, "I7 H6"),
    Row(do.Note, _KEPT, (AGENTS, HOLDER, HELPER, ABOVE, CLOCK), (g.TEXT,), None, "W8"),
    Row(do.Instruct, _OPEN, (DESKS,), (g.TEXT,), None, "D9"),
    Row(do.PassOn, RUNNING, (DESKS,),
        (g.TEXT, g.INSTRUCTION, g.INSTRUCTION_LIMIT, g.RUNS), None, "D9 I8"),
    Row(do.Verify, _KEPT, (DESKS,), (g.TEXT,), None, "D3 D9"),
    Row(do.FindFault, _ANSWERED_FOR, (DESKS,), (g.TEXT, g.NEW_FAULT), None, "D8"),
    Row(do.OpenCase, _ANSWERED_FOR, (CHIEFS,), (g.TEXT, g.NEW_FAULT), None, "D8"),
    Row(do.AcceptDispatch, RUNNING, (CLOCK,), (g.TEXT,), _after_takeover, "H4 W1"),
    Row(do.Supervise, WITH_A_UNIT, (DESKS, ABOVE),
        (g.TEXT, g.MEASURE, g.LIMIT, g.LISTED, g.PUBLISHED, g.NEW_DRAFT), None, "D1 D2 D3 D4 D5"),
    Row(do.Warn, RUNNING | {S.CALLBACK}, (CLOCK,), (g.ONCE,), None, "D1 C1"),
    Row(do.LinkRepeat, _KEPT, (AGENTS,), (g.TEXT, g.OTHER), None, "W10"),
    Row(do.Attach, _KEPT, (AGENTS, HOLDER, HELPER, CLOCK), (), None, "W8"),
)
# fmt: on

_ROWS: dict[tuple[type, State | None], Row] = {
    (row.action, source): row for row in TABLE for source in (row.sources or {None})
}
_ISSUED_BY_CHIEFS = frozenset({Measure.NOTICE, Measure.LISTED, Measure.ACCOUNTABILITY})


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from a step: its event, the order after it, and what is to be done outside."""

    event: Event
    order: WorkOrder
    effects: tuple[Effect, ...]


def decide(
    order: WorkOrder | None, command: Command, actor: Actor, now: datetime, world: World
) -> Decision:
    """Judge one command.

    Args:
        order: as it is; None when the command takes it in.
        now: UTC.

    Raises:
        IllegalAction: not in this state.
        NotYours: not this person, or not from this place in the tree.
        GuardFailed: a condition does not hold; ``guard`` names it.
    """
    row = _ROWS.get((type(command), None if order is None else order.state))
    if row is None:
        raise IllegalAction(command.action, None if order is None else order.state.value)
    judged = order or _newborn(command, actor, now, world)
    at_centre = _place_holds(*DESKS, judged, actor, world.units)
    facts = Facts(judged, command, actor, now, world, at_centre)
    if not any(_stands(who, facts) for who in row.who) or not _may_issue(facts):
        raise NotYours(f"{command.action}: not allowed to {actor.name}")
    for guard in row.guards:
        if not guard.holds(facts):
            raise GuardFailed(guard.id, guard.zh, guard.en, guard.ko)
    target = row.target(facts) if callable(row.target) else (row.target or facts.order.state)
    moments = limits_after(facts.order, command, now, world)
    event = Event(
        order=facts.order.number,
        seq=1 if order is None else order.version + 1,
        at=now,
        who=actor.name,
        unit=actor.unit,
        to=target,
        command=_settled(command, actor, world),
        moments=moments,
        pack=world.pack.id if isinstance(command, do.Dispatch) else None,
    )
    after = evolve(order, event)
    return Decision(event, after, effects_of(order, after, event, world))


def legal(order: WorkOrder, actor: Actor, tree: UnitTree) -> tuple[str, ...]:
    """The names of the actions that ``actor`` might do now, guards aside; for screens."""
    found = (
        row
        for row in TABLE
        if order.state in row.sources
        and any(_place_holds(place, roles, order, actor, tree) for place, roles in row.who)
    )
    return tuple(dict.fromkeys(_name(row.action) for row in found))


def may_see(order: WorkOrder, actor: Actor, tree: UnitTree) -> bool:
    """Whether ``actor`` sees the order at all (R): the hotline its own tree's, a unit its own.

    A unit sees what it has, what it helps with and what it has forwarded; never another unit's.
    """
    if actor.system or _centre_sees(order.centre, actor, tree):
        return True
    return actor.unit in order.units and bool(actor.roles & (ON_CALL | {Role.BUREAU, Role.LAWYER}))


def _centre_sees(centre: str, actor: Actor, tree: UnitTree) -> bool:
    sees = HOTLINE | {Role.EVALUATOR, Role.LEADING_GROUP, Role.JOINT_MEETING, Role.CONTRACTOR}
    return bool(actor.roles & sees) and tree.within(centre, actor.unit)


def _stands(who: Who, f: Facts) -> bool:
    place, roles = who
    return _place_holds(place, roles, f.order, f.actor, f.world.units)


def _place_holds(
    place: Place, roles: frozenset[Role], order: WorkOrder, actor: Actor, tree: UnitTree
) -> bool:
    if place is Place.SYSTEM:
        return actor.system
    if not actor.roles & roles:
        return False
    centre = tree.within(order.centre, actor.unit) and bool(actor.roles & roles & HOTLINE)
    holder = order.holder
    match place:
        case Place.CENTRE:
            return centre
        case Place.DISPATCHING:
            # a unit decides on what it has forwarded itself; on all else its centre does
            above = order.chain[-1].by if len(order.chain) > 1 else None
            return centre or (actor.unit == above and bool(actor.roles & UNIT))
        case Place.HOLDER:
            return holder is not None and actor.unit == holder.unit
        case Place.ASSISTING:
            return actor.unit in order.assisting
        case Place.ABOVE:
            units = {holder.unit for holder in order.chain[:-1]}
            return centre or (actor.unit in units and bool(actor.roles & UNIT))


def _may_issue(f: Facts) -> bool:
    """The heavier measures of supervision are issued by the centre's head alone (D2, D4, D5)."""
    if not isinstance(f.command, do.Supervise) or f.command.measure not in _ISSUED_BY_CHIEFS:
        return True
    return _stands(CHIEFS, f)


def _settled(command: Command, actor: Actor, world: World) -> Command:
    """The command with what was left open: whose order it is."""
    if isinstance(command, do.Receive) and not command.centre:
        return replace(command, centre=_own_centre(actor, world))
    return command


def _own_centre(actor: Actor, world: World) -> str:
    units = world.units
    return units.centre_of(actor.unit) if actor.unit in units else units.root.id


def _newborn(command: Command, actor: Actor, now: datetime, world: World) -> WorkOrder:
    """The order that a first step is judged by."""
    assert isinstance(command, do.Receive)  # noqa: S101 - the table has seen to it
    settled = _settled(command, actor, world)
    return evolve(
        None,
        Event(
            order=command.number,
            seq=1,
            at=now,
            who=actor.name,
            unit=actor.unit,
            to=State.RECEIVED,
            command=settled,
        ),
    )


def _name(action: type[Command]) -> str:
    return str(action.__dataclass_fields__["action"].default)
