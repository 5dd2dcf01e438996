"""How good a model is: what it would have proposed for orders it has not learned from.

Three ways of parting the orders tell different things. By time: learned from the past, asked about
what came later, as in use. At random: flattering, for the same events are on both sides. By
wording: whole groups of orders that are worded alike are kept back, so that nothing is known by
heart; it is the hardest, and the one to trust when many orders look the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from random import Random

from ticketing.assist.corpus import Example, Kind
from ticketing.assist.linear import Choice
from ticketing.assist.model import Model
from ticketing.assist.places import Gazetteer
from ticketing.assist.training import Told, learned
from ticketing.domain.similarity import bigrams, likeness

Route = Callable[[str, str, datetime], tuple[str, ...]]
"""Category, district and moment → the units proposed, the first first."""
UNIT = "unit"
TYPICAL = 3
"""So many proposals are shown, so the right one is to be among them."""
_ALIKE, _GROUPS = 0.45, 60
_PAIRS = 12


class Split(StrEnum):
    """How orders are parted into those that are learned from and those that are asked about."""

    TIME = "time"
    RANDOM = "random"
    WORDING = "wording"


@dataclass(frozen=True, slots=True)
class Score:
    """How often a kind was proposed right.

    Attributes:
        top1, top3: shares: the first proposal was right; one of the first three was.
        commonest: the share that is right when the commonest label is always proposed.
        unknown: the share of orders whose label no order learned from has had.
    """

    kind: str
    orders: int
    top1: float
    top3: float
    commonest: float
    unknown: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often one label was decided and another proposed."""

    kind: str
    decided: str
    proposed: str
    orders: int


@dataclass(frozen=True, slots=True)
class Change:
    """An order of which something else would be proposed than was decided."""

    number: str
    kind: str
    decided: str
    proposed: Choice


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one way of parting the orders tells."""

    split: Split
    learned: int
    asked: int
    scores: tuple[Score, ...]
    confusions: tuple[Confusion, ...]
    changes: tuple[Change, ...]

    def score(self, kind: str) -> Score:
        """The score of one kind."""
        return next(score for score in self.scores if score.kind == kind)


def part(
    examples: Sequence[Example], split: Split, share: float, seed: int = 1
) -> tuple[list[Example], list[Example]]:
    """Orders to learn from, and a ``share`` of them to ask about."""
    by_time = sorted(examples, key=lambda each: (each.at, each.number))
    kept = int(len(by_time) * (1 - share))
    if split is Split.TIME:
        return by_time[:kept], by_time[kept:]
    dice = Random(seed)  # noqa: S311 - no secret
    if split is Split.RANDOM:
        dice.shuffle(by_time)
        return by_time[:kept], by_time[kept:]
    return _by_wording(by_time, share, dice)


def evaluate(
    examples: Sequence[Example],
    names: Mapping[str, str],
    split: Split,
    *,
    share: float = 0.2,
    places: Callable[[Model], Gazetteer] | None = None,
    route: Route | None = None,
    told: Told | None = None,
) -> Evaluation:
    """Learn from one part of ``examples`` and ask about the other.

    Args:
        names: of the categories by their codes.
        places: districts by their names; only learned without it.
        route: proposes units; units are not evaluated without it.

    Raises:
        ValueError: there are too few orders to be parted.
    """
    known, asked = part(examples, split, share)
    if not known or not asked:
        raise ValueError("there are too few decided orders; at least ten are needed")
    model = learned(known, names, known[-1].at, told)
    gazetteer = places(model) if places is not None else None
    proposals = [_proposed(model, gazetteer, each) for each in asked]
    answers: dict[str, list[tuple[Example, str, tuple[Choice, ...]]]] = {
        kind.value: [
            (each, each.label(kind), found[kind])
            for each, found in zip(asked, proposals, strict=True)
        ]
        for kind in Kind
    }
    if route is not None:
        answers[UNIT] = [
            (each, each.unit, _routed(route, each, found))
            for each, found in zip(asked, proposals, strict=True)
            if each.unit
        ]
    labels = {kind.value: Counter(each.label(kind) for each in known) for kind in Kind}
    labels[UNIT] = Counter(each.unit for each in known if each.unit)
    return Evaluation(
        split,
        len(known),
        len(asked),
        tuple(_score(kind, rows, labels[kind]) for kind, rows in answers.items() if rows),
        tuple(pair for kind, rows in answers.items() for pair in _confusions(kind, rows)),
        tuple(
            Change(each.number, kind, label, choices[0])
            for kind, rows in answers.items()
            for each, label, choices in rows
            if choices and choices[0].label != label
        ),
    )


def _proposed(
    model: Model, gazetteer: Gazetteer | None, example: Example
) -> dict[Kind, tuple[Choice, ...]]:
    found = {
        kind: model.heads[kind].choices(model.vocabulary, example.words(kind), TYPICAL)
        for kind in Kind
    }
    if gazetteer is not None:
        named = gazetteer.choices(f"{example.content}。{example.address}", TYPICAL)
        found[Kind.DISTRICT] = named or found[Kind.DISTRICT]
    return found


def _routed(
    route: Route, example: Example, found: Mapping[Kind, tuple[Choice, ...]]
) -> tuple[Choice, ...]:
    """The units of the likeliest category first, then those of the others."""
    district = found[Kind.DISTRICT][0].label if found[Kind.DISTRICT] else ""
    units: dict[str, float] = {}
    categories = found[Kind.CATEGORY]
    for place in range(TYPICAL):
        for category in categories:
            proposed = route(category.label, district, example.at)
            if place < len(proposed):
                units.setdefault(proposed[place], category.share)
    return tuple(Choice(unit, share) for unit, share in list(units.items())[:TYPICAL])


def _score(
    kind: str, rows: Sequence[tuple[Example, str, tuple[Choice, ...]]], labels: Counter[str]
) -> Score:
    commonest = labels.most_common(1)[0][0] if labels else ""
    count = len(rows)
    return Score(
        kind,
        count,
        sum(bool(found) and found[0].label == label for _, label, found in rows) / count,
        sum(label in {each.label for each in found} for _, label, found in rows) / count,
        sum(label == commonest for _, label, _ in rows) / count,
        sum(label not in labels for _, label, _ in rows) / count,
    )


def _confusions(
    kind: str, rows: Sequence[tuple[Example, str, tuple[Choice, ...]]]
) -> list[Confusion]:
    pairs = Counter(
        (label, found[0].label if found else "")
        for _, label, found in rows
        if not found or found[0].label != label
    )
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:_PAIRS]
    return [Confusion(kind, label, proposed, count) for (label, proposed), count in ranked]


def _by_wording(
    examples: Sequence[Example], share: float, dice: Random
) -> tuple[list[Example], list[Example]]:
    """Of each category some groups of orders that are worded alike are kept back, never all."""
    groups: dict[str, list[tuple[frozenset[str], list[Example]]]] = {}
    for each in examples:
        pairs = bigrams(each.content)
        known = groups.setdefault(each.category, [])
        found = next((group for first, group in known if likeness(pairs, first) >= _ALIKE), None)
        if found is not None:
            found.append(each)
        elif len(known) < _GROUPS:
            known.append((pairs, [each]))
        else:
            known[-1][1].append(each)
    kept: list[Example] = []
    asked: list[Example] = []
    for code in sorted(groups):
        members = [group for _, group in groups[code]]
        dice.shuffle(members)
        room = max(1, round(share * len(members))) if len(members) > 1 else 0
        for place, group in enumerate(members):
            (asked if place < room else kept).extend(group)
    kept.sort(key=lambda each: (each.at, each.number))
    return kept, asked
