"""The demo's files of words, read once: units, categories, matters, articles, notices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ticketing.domain.matters import OrderType, StatutoryLimit

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of matter that people bring.

    Attributes:
        types: how often it is which type.
        season, hours: names of curves in `ticketing.demo.rhythm`.
        place: what its texts need: ``street``, ``estate``, ``village`` or ``none``.
        local: who has it in a county: ``town``, a department, or empty.
        village: the town hands it on to the village.
        urgent, complex: the share of such ones.
        article: the key of the article that answers it.
        limit: that the law sets, for what is no consultation.
    """

    id: str
    category: str
    types: dict[OrderType, int]
    weight: int
    title: str
    texts: tuple[str, ...]
    replies: tuple[str, ...]
    results: tuple[str, ...]
    season: str = "flat"
    hours: str = "all"
    place: str = "none"
    local: str = ""
    village: bool = False
    urgent: float = 0.02
    complex: float = 0.03
    article: str = ""
    limit: StatutoryLimit | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """A matter that is not taken in (I2)."""

    code: str
    redirect: str
    text: str
    title: str


def read(name: str) -> Any:
    """What the file ``name``.yaml holds."""
    return yaml.safe_load((_FOLDER / f"{name}.yaml").read_text("utf-8"))


@cache
def words() -> dict[str, tuple[str, ...]]:
    """Lists of words by their names."""
    return {name: tuple(found) for name, found in read("words").items()}


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind of matter."""
    return tuple(_kind(dict(row)) for row in read("matters"))


@cache
def declined() -> tuple[Declined, ...]:
    """What is not taken in."""
    return tuple(Declined(**row) for row in read("declined"))


def _kind(row: dict[str, Any]) -> Kind:
    row["types"] = {OrderType(name): weight for name, weight in row["types"].items()}
    for name in ("texts", "replies", "results"):
        row[name] = tuple(row[name])
    if "limit" in row:
        row["limit"] = StatutoryLimit(**row["limit"])
    return Kind(**row)
