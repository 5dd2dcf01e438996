"""Who acts in the demo city: agents, dispatchers, units' people, clocks and channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from ticketing.demo.city import ZONE
from ticketing.demo.places import ROOT, Places
from ticketing.domain.guards import Actor
from ticketing.domain.matters import Channel
from ticketing.domain.roles import Role
from ticketing.domain.units import UnitKind

_AGENTS, _DISPATCHERS = 16, 5
CLOCK = Actor("clock", frozenset(), ROOT, system=True)
MANAGER = Actor("manager01", frozenset({Role.MANAGER}), ROOT)


def agent(at: datetime, dice: Random) -> Actor:
    """Who answers at that hour: a third of the agents in each shift (T1)."""
    shift = at.astimezone(ZONE).hour // 8
    number = dice.randrange(_AGENTS // 3) * 3 + shift + 1
    return Actor(f"agent{number:02}", frozenset({Role.AGENT}), ROOT)


def dispatcher(dice: Random) -> Actor:
    """One of the dispatchers."""
    number = dice.randint(1, _DISPATCHERS)
    return Actor(f"dispatch{number:02}", frozenset({Role.DISPATCHER}), ROOT)


def channel(through: Channel) -> Actor:
    """A channel that takes matters in by itself (M1)."""
    return Actor(f"channel.{through.value}", frozenset(), ROOT, system=True)


def handler(unit: str, places: Places) -> Actor:
    """Who handles orders at a unit; a county's centre has dispatchers (N2)."""
    centre = places.tree[unit].kind is UnitKind.CENTRE
    role = Role.DISPATCHER if centre else Role.UNIT_HANDLER
    return Actor(f"{unit}.01", frozenset({role}), unit)


def leader(unit: str, places: Places) -> Actor:
    """The head of a unit."""
    centre = places.tree[unit].kind is UnitKind.CENTRE
    role = Role.MANAGER if centre else Role.UNIT_LEADER
    return Actor(f"{unit}.lead", frozenset({role}), unit)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in."""

    username: str
    role: Role
    unit: str = ""


def accounts() -> Iterator[Account]:
    """One for each role, and the people of some units on each level; no administrator."""
    yield Account("agent01", Role.AGENT)
    yield Account("dispatch01", Role.DISPATCHER)
    yield Account(MANAGER.name, Role.MANAGER)
    yield Account("city.urban.lead", Role.UNIT_LEADER, "city.urban")
    yield Account("city.urban.01", Role.UNIT_HANDLER, "city.urban")
    yield Account("city.water.01", Role.UNIT_HANDLER, "city.water")
    yield Account("songhe.01", Role.DISPATCHER, "songhe")
    yield Account("songhe.t01.01", Role.UNIT_HANDLER, "songhe.t01")
    yield Account("songhe.t01.v01.01", Role.UNIT_HANDLER, "songhe.t01.v01")
    yield Account("bureau01", Role.BUREAU, "city.housing")
    yield Account("contractor01", Role.CONTRACTOR)
    yield Account("lawyer01", Role.LAWYER, "city.justice")
    yield Account("leading01", Role.LEADING_GROUP)
    yield Account("evaluator01", Role.EVALUATOR)
    yield Account("meeting01", Role.JOINT_MEETING)
    yield Account("oncall01", Role.ON_CALL, "city.water")
