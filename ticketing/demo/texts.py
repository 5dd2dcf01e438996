"""Texts composed from templates: what people tell, where, and who they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ticketing.demo.city import name
from ticketing.demo.places import County, Places, Town
from ticketing.demo.source import Declined, Kind, words

_WINTER = frozenset({11, 12, 1, 2, 3})
_OTHER_KINDS = ("landmark", "market", "shop", "hospital", "school")


@dataclass(frozen=True, slots=True)
class Person:
    """A citizen. Nobody has such a telephone number: no carrier has 160."""

    name: str
    phone: str
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a matter is: a county, and perhaps a town and a village of it."""

    county: County | None = None
    town: Town | None = None
    village: str = ""
    district: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody tells.

    Attributes:
        values: the words it was composed with; the answers use them again.
    """

    title: str
    content: str
    values: dict[str, str]


def person(number: int, dice: Random) -> Person:
    """The citizen of this number."""
    landline = dice.random() < 0.06
    phone = f"0900556{number % 10_000:04}" if landline else f"160{number:08}"
    return Person(name(dice), phone, "ko" if dice.random() < 0.06 else "zh")


def spot(kind: Kind, places: Places, dice: Random) -> Spot:
    """A place for a matter of this kind."""
    if kind.place == "none" and dice.random() < 0.65:
        return Spot()
    # two of three live in the city's districts; villages are in the counties
    wanted = [c for c in places.counties if not (kind.place == "village" and c.urban)]
    county = dice.choices(wanted, [4 if one.urban else 1 for one in wanted])[0]
    known = kind.place == "village" or (kind.place != "none" and dice.random() < 0.6)
    if not known:
        return Spot(county, district=county.district, text=county.name)
    town = dice.choice(county.towns)
    village = dice.choice(town.villages) if kind.village or dice.random() < 0.3 else ""
    called = places.tree[village].short_name if village else ""
    return Spot(county, town, village, town.district, f"{county.name}{town.name}{called}")


def tell(kind: Kind | Declined, where: Spot, places: Places, month: int, dice: Random) -> Told:
    """A text of this kind about a place."""
    values = _values(where, places, month, dice)
    template = kind.text if isinstance(kind, Declined) else dice.choice(kind.texts)
    return Told(kind.title.format_map(values), template.format_map(values), values)


def again(told: Told, kind: Kind, dice: Random) -> Told:
    """The same matter once more, somewhat impatiently."""
    before = dice.choice(("上次反映的", "之前打过电话，", "再次来电：", "已经反映过一次，"))
    content = dice.choice(kind.texts).format_map(told.values)
    shorter = told.content if dice.random() < 0.7 else content
    return Told(told.title, f"{before}{shorter}至今没有解决，要求尽快处理。", told.values)


def answer(templates: Sequence[str], values: dict[str, str], dice: Random) -> str:
    """An answer to what was told with ``values``."""
    done = dice.choice(("当天", "次日上午", "昨天下午", "今天上午", "前天"))
    return dice.choice(templates).format_map({**values, "done": done})


def _values(where: Spot, places: Places, month: int, dice: Random) -> dict[str, str]:
    known = words()
    road, other = dice.sample(known["roads"], 2)
    town = where.town or dice.choice(dice.choice(places.counties).towns)
    village = where.village or dice.choice(town.villages)
    since = known["since"] if month in _WINTER else known["since_summer"]
    return {
        "road": road,
        "road2": other,
        "no": str(dice.randint(1, 399)),
        "metres": str(dice.choice((20, 30, 50, 100, 150))),
        "side": dice.choice(known["sides"]),
        "estate": dice.choice(known["estates"]),
        "building": str(dice.randint(1, 32)),
        "unit_no": str(dice.randint(1, 4)),
        "bus": str(dice.randint(1, 62)),
        "since": dice.choice(since),
        "time": dice.choice(known["times"]),
        "days": dice.choice(known["days"]),
        "year": str(dice.randint(2, 25)),
        "month": f"{(month - dice.randint(2, 4)) % 12 + 1}月",
        "people": str(dice.randint(3, 28)),
        "amount": str(dice.choice((180, 260, 400, 600, 980, 1200, 2600, 3800, 5200, 8600, 12000))),
        "town": town.name,
        "village": places.tree[village].short_name,
        **{one: dice.choice(known[f"{one}s"]) for one in _OTHER_KINDS},
    }


def address(told: Told, where: Spot, kind: Kind | None) -> str:
    """The address that is written down; empty for a matter without a place."""
    if not where.text or kind is None or kind.place == "none":
        return where.text
    if kind.place == "village":
        return where.text
    if kind.place == "street":
        return f"{where.text}{told.values['road']}{told.values['no']}号"
    return f"{where.text}{told.values['estate']}{told.values['building']}号楼"
