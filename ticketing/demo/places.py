"""The units of the demo city on four levels (N1), and where in it a place lies."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from ticketing.demo.source import read
from ticketing.domain.units import Level, Unit, UnitKind, UnitTree

ROOT = "centre"
_VILLAGES = (5, 8)  # of a town, at least and at most


@dataclass(frozen=True, slots=True)
class Town:
    """A town or street.

    Attributes:
        villages: ids of its villages or communities.
    """

    unit: str
    name: str
    district: str
    villages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class County:
    """A county, or a district of the city where the city's departments act themselves."""

    unit: str
    name: str
    district: str
    urban: bool
    towns: tuple[Town, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """All units, and the counties with their towns."""

    tree: UnitTree
    counties: tuple[County, ...]


def build() -> Places:
    """The units of the demo city: always the same ones."""
    source = read("units")
    dice = Random("places")  # noqa: S311 - a play, not a secret
    city = source["city"]
    root = Unit(
        city["id"],
        city["name"],
        UnitKind.CENTRE,
        Level.CITY,
        None,
        city["district"],
        city["short"],
    )
    units = [root]
    for kind, group in (
        (UnitKind.DEPARTMENT, "departments"),
        (UnitKind.COMPANY, "companies"),
    ):
        for name, whole, short in source[group]:
            units.append(
                Unit(f"city.{name}", whole, kind, Level.CITY, ROOT, short_name=short),
            )
    counties = []
    for number, row in enumerate(source["counties"], 1):
        county, below = _county(source, row, number, dice)
        counties.append(county)
        units += below
    return Places(UnitTree(units), tuple(counties))


def _county(
    source: dict[str, Any], row: dict[str, Any], number: int, dice: Random
) -> tuple[County, list[Unit]]:
    unit, name, district = row["id"], row["name"], f"99{number:02}00"
    head = Unit(
        unit,
        f"{name}12345热线分中心",
        UnitKind.CENTRE,
        Level.COUNTY,
        ROOT,
        district,
        f"{name}热线办",
    )
    units = [head]
    for key, short in source["county_departments"]:
        units.append(
            Unit(
                f"{unit}.{key}",
                f"{name}{short}",
                UnitKind.DEPARTMENT,
                Level.COUNTY,
                unit,
            )
        )
    towns = []
    for place, town_name in enumerate(row["towns"], 1):
        town, below = _town(source, unit, town_name, f"99{number:02}{place:02}", place, dice)
        towns.append(town)
        units += below
    return County(unit, name, district, row["urban"], tuple(towns)), units


def _town(
    source: dict[str, Any], county: str, name: str, district: str, place: int, dice: Random
) -> tuple[Town, list[Unit]]:
    unit = f"{county}.t{place:02}"
    street = name.endswith("街道")
    office = f"{name}办事处" if street else f"{name}人民政府"
    units = [Unit(unit, office, UnitKind.TOWN, Level.TOWN, county, district, name)]
    count = dice.randint(*_VILLAGES)
    for number, called in enumerate(_village_names(source, street, count, dice), 1):
        units.append(
            Unit(
                f"{unit}.v{number:02}",
                f"{called}{'居民' if street else '村民'}委员会",
                UnitKind.VILLAGE,
                Level.VILLAGE,
                unit,
                f"{district}{number:03}",
                called,
            )
        )
    return Town(unit, name, district, tuple(one.id for one in units[1:])), units


def _village_names(source: dict[str, Any], street: bool, count: int, dice: Random) -> list[str]:
    if street:
        return [f"{name}社区" for name in dice.sample(source["community_names"], count)]
    parts = source["village_names"]
    names = [f"{one}{other}村" for one in parts["first"] for other in parts["second"]]
    return dice.sample(names, count)
