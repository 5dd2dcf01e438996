"""The tree of units on four levels, with the hotline's own centres in it (N1 to N3).

A centre (hotline body) is a unit like others. The root is the city's centre; a county's centre
stands at the head of the county, and the county's departments and towns below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The four levels of N1, highest first."""

    CITY = "city"
    COUNTY = "county"
    TOWN = "town"  # 镇、街道
    VILLAGE = "village"  # 村、社区


class UnitKind(StrEnum):
    """What a unit is to the hotline."""

    CENTRE = "centre"  # 热线办: takes in, dispatches, supervises
    DEPARTMENT = "department"  # 委办局
    TOWN = "town"
    VILLAGE = "village"
    COMPANY = "company"  # utilities


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit.

    Attributes:
        id: a stable code, e.g. ``city.housing``.
        parent: the unit above; None for the root alone.
        district: the code of the district it is responsible for; empty for all of its parent's.
        active: no new order goes to a unit that is not.
    """

    id: str
    name: str
    kind: UnitKind
    level: Level
    parent: str | None
    district: str = ""
    short_name: str = ""
    active: bool = True


class BadTree(ValueError):
    """The units do not make one tree; the text says which unit breaks it."""


class UnitTree:
    """All units of a city, as one value.

    Raises:
        BadTree: two units of one id, no root or two, a parent that is not there, or a circle.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units: dict[str, Unit] = {}
        for unit in units:
            if unit.id in self._units:
                raise BadTree(f"{unit.id}: there are two units of this id")
            self._units[unit.id] = unit
        roots = [unit for unit in self._units.values() if unit.parent is None]
        if len(roots) != 1:
            raise BadTree(f"one unit has no parent, not {len(roots)}")
        self.root = roots[0]
        self._children: dict[str, list[str]] = {}
        for unit in self._units.values():
            if unit.parent is not None:
                if unit.parent not in self._units:
                    raise BadTree(f"{unit.id}: its parent {unit.parent} is not there")
                self._children.setdefault(unit.parent, []).append(unit.id)
        if sum(1 for _ in self.under(self.root.id)) != len(self._units):
            raise BadTree("some units are above each other in a circle")

    def __getitem__(self, unit: str) -> Unit:
        return self._units[unit]

    def __contains__(self, unit: object) -> bool:
        return unit in self._units

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._units.values())

    def __len__(self) -> int:
        return len(self._units)

    def get(self, unit: str) -> Unit | None:
        """The unit of this id, or None."""
        return self._units.get(unit)

    def parents(self, unit: str) -> tuple[str, ...]:
        """The units above ``unit``, nearest first."""
        found: list[str] = []
        above = self._units[unit].parent
        while above is not None:
            found.append(above)
            above = self._units[above].parent
        return tuple(found)

    def under(self, unit: str) -> Iterator[str]:
        """``unit`` and every unit below it."""
        stack = [unit]
        while stack:
            here = stack.pop()
            yield here
            stack.extend(self._children.get(here, ()))

    def within(self, unit: str, above: str) -> bool:
        """Whether ``unit`` is ``above`` or below it."""
        return unit in self._units and (unit == above or above in self.parents(unit))

    def districts_in(self, code: str) -> tuple[str, ...]:
        """``code`` and the codes of all districts in it: a county's towns and their villages."""
        inside = (
            self._units[name].district
            for unit in self._units.values()
            if code and unit.district == code
            for name in self.under(unit.id)
        )
        return tuple(dict.fromkeys(each for each in (code, *inside) if each))

    def children(self, unit: str) -> tuple[str, ...]:
        """The units right below ``unit``."""
        return tuple(self._children.get(unit, ()))

    def centre_of(self, unit: str) -> str:
        """The hotline body that ``unit`` belongs to: itself or the nearest above (N2, N3)."""
        for here in (unit, *self.parents(unit)):
            if self._units[here].kind is UnitKind.CENTRE:
                return here
        return self.root.id

    def path(self, unit: str) -> str:
        """Names from the top to ``unit``, for people."""
        above: Mapping[str, Unit] = self._units
        return " / ".join(above[u].name for u in reversed((unit, *self.parents(unit))))
