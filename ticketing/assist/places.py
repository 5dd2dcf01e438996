"""Districts by their names: what a citizen says of where it is, without any learning."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from ticketing.assist.linear import Because, Choice
from ticketing.domain.units import Level, Unit, UnitTree

_LEVELS = frozenset({Level.COUNTY, Level.TOWN, Level.VILLAGE})
_SHORTEST = 2
_DISTRICT = re.compile(r"(.{2,5}?)(?:自治县|县|区|市|街道|镇|乡)")
_NO_ROAD = "(?![路街道巷桥河])"  # 白桦路 may be anywhere


class Gazetteer:
    """The districts' names, from the units that serve them.

    Args:
        used: districts that orders are given. Where none of a level is, such as villages, the
            district around is told; all levels are without it.
    """

    def __init__(self, tree: UnitTree, used: Collection[str] = ()) -> None:
        self._around: dict[str, tuple[str, ...]] = {}
        self._levels: dict[str, Level] = {}
        self._names: dict[str, set[str]] = {}
        for unit in tree:
            if unit.level in _LEVELS and unit.district and unit.active:
                self._around[unit.district] = _around(tree, unit)
                self._levels[unit.district] = unit.level
                for name in _names(unit):
                    self._names.setdefault(name, set()).add(unit.district)
        longest_first = sorted(self._names, key=lambda name: (-len(name), name))
        alternatives = "|".join(
            re.escape(name) + ("" if _DISTRICT.search(name) else _NO_ROAD) for name in longest_first
        )
        self._pattern = re.compile(alternatives) if alternatives else None
        told = {self._levels[district] for district in used if district in self._levels}
        self._told = told or _LEVELS

    def choices(self, text: str, most: int = 3) -> tuple[Choice, ...]:
        """The districts that ``text`` names, the best named first; nothing when it names none.

        A name that several districts have counts for each; what is said of the districts around
        it decides between them.
        """
        if self._pattern is None:
            return ()
        said = list(dict.fromkeys(match[0] for match in self._pattern.finditer(text)))
        named = {district for name in said for district in self._names[name]}
        weights: dict[str, dict[str, float]] = {}
        for district in named:
            inside = {district, *self._around[district]}
            heard = {name: float(len(name)) for name in said if self._names[name] & inside}
            known = self._known(district)
            if sum(heard.values()) > sum(weights.get(known, {}).values()):
                weights[known] = heard
        best = max((sum(heard.values()) for heard in weights.values()), default=0.0)
        top = sorted(code for code, heard in weights.items() if sum(heard.values()) == best)
        rest = sorted(
            (code for code in weights if code not in top),
            key=lambda code: (-sum(weights[code].values()), code),
        )
        return tuple(
            Choice(
                code,
                1 / len(top) if code in top else 0.0,
                tuple(Because(name, weight) for name, weight in weights[code].items()),
            )
            for code in [*top, *rest][:most]
        )

    def _known(self, district: str) -> str:
        chain = (district, *self._around[district])
        return next((code for code in chain if self._levels.get(code) in self._told), district)


def district_name(unit: Unit) -> str:
    """What the district of a unit is called: 长滩县 of 长滩县热线办."""
    whole = _DISTRICT.match(unit.name) or _DISTRICT.match(unit.short_name)
    return whole[0] if whole else unit.short_name or unit.name


def _around(tree: UnitTree, unit: Unit) -> tuple[str, ...]:
    above = (tree[parent] for parent in tree.parents(unit.id))
    return tuple(one.district for one in above if one.district and one.level in _LEVELS)


def _names(unit: Unit) -> Iterator[str]:
    """What a district is called: 长滩县热线办 serves 长滩县, which people call 长滩 too."""
    for name in (unit.name, unit.short_name):
        whole = _DISTRICT.match(name)
        yield from {name} if len(name) >= _SHORTEST else ()
        if whole:
            yield from {whole[0], whole[1]}
