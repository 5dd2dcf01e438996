"""直接办理: the persons responsible for an urgent order are rung, one after the other (H4). Pure.

The unit's people are rung in their order, again from the first when the last one has not taken it
over, until somebody presses the key or the time is up. Then the shift leader's people of the
centre are rung, once each. Each ring is stored before the telephone rings and is never made again:
what became of it, nobody knows after a crash, so the next person's turn has come.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ticketing.domain.calls import PLACED
from ticketing.domain.matters import OrderType, Urgency
from ticketing.domain.wording import BadSetting, Text
from ticketing.domain.work_order import RUNNING, WorkOrder

_ATTEMPT = re.compile(re.escape(PLACED) + r"dispatch\.([1-9]\d{0,17})\.([1-9]\d{0,5})")
TALK = timedelta(seconds=90)
"""So long somebody who has answered may listen and choose."""


class Stage(StrEnum):
    """Whose telephones ring, or how it ended."""

    UNIT = "unit"  # the unit's people
    LEADER = "leader"  # nobody of the unit has taken it over: the centre's people
    ACCEPTED = "accepted"  # somebody of the unit has taken the order over
    LEADER_TOLD = "leader_told"  # the shift leader has heard of it
    NOBODY = "nobody"  # not even the shift leader
    STOPPED = "stopped"  # not needed any more, or a person has stopped it


class Outcome(StrEnum):
    """What became of a ring."""

    ACCEPTED = "accepted"
    DECLINED = "declined"  # "I cannot", by key
    NO_KEY = "no_key"  # answered, and no key was pressed
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    NOT_PLACED = "not_placed"  # the telephone has not rung
    LOST = "lost"  # the controller died meanwhile


@dataclass(frozen=True, slots=True)
class DispatchRules:
    """The pack's section ``dispatch_calls``; the documents give no figures.

    Attributes:
        ring_seconds: so long a telephone rings.
        give_up_minutes: after so long nobody of the unit is rung any more.
        rounds: how often each of the unit's people is rung at most.
    """

    ring_seconds: int = 25
    give_up_minutes: int = 10
    rounds: int = 2

    def __post_init__(self) -> None:
        for field, value, least, most in (
            ("ring_seconds", self.ring_seconds, 3, 120),
            ("give_up_minutes", self.give_up_minutes, 1, 120),
            ("rounds", self.rounds, 1, 10),
        ):
            if not least <= value <= most:
                raise BadSetting(
                    field,
                    Text(f"{value} 不在 {least} 至 {most} 之间", f"{value} is out of range"),
                    Text(f"写 {least} 至 {most} 之间的整数", f"write {least} to {most}"),
                )


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be rung; ``phone`` as it is dialled."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One telephone that rings or has rung.

    Attributes:
        seq: 1, 2, 3 … within its cascade.
        node: whose Asterisk rings it.
        outcome: None while it goes on.
    """

    seq: int
    stage: Stage
    person: Person
    node: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """One order's people being rung. Times are UTC.

    Attributes:
        unit: that holds the order; ``centre``: the hotline body that looks after it.
        people: of the unit, in their order; ``leaders``: of the centre.
        rings: how many there were.
        accepted_by: who has pressed the key.
    """

    id: int = 0
    number: str
    unit: str
    centre: str
    asked_by: str
    started_at: datetime
    give_up_at: datetime
    people: tuple[Person, ...]
    leaders: tuple[Person, ...]
    stage: Stage = Stage.UNIT
    rings: int = 0
    accepted_by: str = ""
    ended_at: datetime | None = None

    @property
    def going(self) -> bool:
        """Whether telephones are still rung."""
        return self.ended_at is None


def wanted(order: WorkOrder) -> bool:
    """Whether people are rung for the order: it is urgent, and a unit has it."""
    urgent = order.urgency is not Urgency.NORMAL or order.type is OrderType.EMERGENCY
    return urgent and order.state in RUNNING


def still_wanted(order: WorkOrder, cascade: Cascade) -> bool:
    """Whether the ringing goes on: the same unit has it, and nobody has signed since."""
    holder = order.holder
    if holder is None or order.state not in RUNNING or holder.unit != cascade.unit:
        return False
    return holder.signed_at is None or holder.signed_at < cascade.started_at


def next_ring(
    cascade: Cascade, rings: Sequence[Ring], now: datetime, rules: DispatchRules, node: str
) -> Cascade | Ring | None:
    """What comes now: a telephone, another stage, or nothing while one rings.

    Args:
        rings: of the cascade, in their order.
        node: that would ring.
    """
    if not cascade.going or any(ring.outcome is None for ring in rings):
        return None
    here = [ring for ring in rings if ring.stage is cascade.stage]
    if cascade.stage is Stage.UNIT:
        left = len(here) < len(cascade.people) * rules.rounds and now < cascade.give_up_at
        people = cascade.people
    else:
        left, people = len(here) < len(cascade.leaders), cascade.leaders
    if left:
        return Ring(
            seq=cascade.rings + 1,
            stage=cascade.stage,
            person=people[len(here) % len(people)],
            node=node,
            started_at=now,
        )
    if cascade.stage is Stage.UNIT:
        return replace(cascade, stage=Stage.LEADER)
    return replace(cascade, stage=Stage.NOBODY, ended_at=now)


def accepted(cascade: Cascade, ring: Ring, at: datetime) -> Cascade:
    """Somebody has pressed the key: it is over."""
    stage = Stage.ACCEPTED if ring.stage is Stage.UNIT else Stage.LEADER_TOLD
    return replace(cascade, stage=stage, accepted_by=ring.person.name, ended_at=at)


def lost(ring: Ring, now: datetime, rules: DispatchRules, node: str, *, alive: bool) -> bool:
    """Whether a ring that goes on is to be given up: nobody can tell any more what became of it.

    Args:
        node: that asks.
        alive: whether this node's Asterisk or controller still has to do with it.
    """
    longest = timedelta(seconds=rules.ring_seconds) + TALK
    if ring.node == node:
        return not alive
    return now > ring.started_at + longest  # of another node; it sees to its own before that


def attempt_of(cascade: int, seq: int) -> str:
    """The id of the channel of a ring."""
    return f"{PLACED}dispatch.{cascade}.{seq}"


def read_attempt(channel: str) -> tuple[int, int] | None:
    """Cascade and ring of a channel; None when it is no such channel."""
    match = _ATTEMPT.fullmatch(channel)
    return None if match is None else (int(match[1]), int(match[2]))
