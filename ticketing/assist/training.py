"""Training: decided orders → a model. The orders are looked at twice: for words, for weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from ticketing.assist.corpus import Counted, Encoder, Example, Kind
from ticketing.assist.linear import train
from ticketing.assist.model import Model, Origin
from ticketing.assist.words import words

LEAST = 3
"""A label with fewer orders is not learned."""
Told = Callable[[str, int, int], None]
"""Told of what, how many of how many are done."""


class Learner:
    """Learns from orders shown to it twice, first to `count`, then to `learn`.

    Args:
        names: of the categories by their codes: their words are known from the start, so that a
            category is proposed before many orders have had it.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {code: [word.text for word in words(name)] for code, name in names.items()}
        self._counted = Counted()
        self._labels: dict[Kind, Counter[str]] = {kind: Counter() for kind in Kind}
        self._until: datetime | None = None
        self._encoders: dict[Kind, Encoder] = {}

    def count(self, examples: Iterable[Example]) -> int:
        """The first look; how many orders there were so far."""
        for each in examples:
            self._counted.add(each)
            for kind in Kind:
                self._labels[kind][each.label(kind)] += 1
            self._until = max(self._until or each.at, each.at)
        return self._counted.orders

    def learn(self, examples: Iterable[Example]) -> None:
        """The second look."""
        if not self._encoders:
            self._begin()
        for each in examples:
            told, place = each.words(Kind.CATEGORY), each.words(Kind.DISTRICT)
            for kind, encoder in self._encoders.items():
                encoder.add(place if kind is Kind.DISTRICT else told, each.label(kind))

    def model(self, made_at: datetime, told: Told | None = None) -> Model:
        """What was learned.

        Args:
            made_at: UTC; the version is named by it.

        Raises:
            ValueError: there was no order to learn from.
        """
        if self._until is None or not self._encoders:
            raise ValueError("there is no decided order to learn from")
        for code, said in self._names.items():
            self._encoders[Kind.CATEGORY].add(said, code)
        heads = {}
        for kind, encoder in self._encoders.items():
            heads[kind] = train(
                self._vocabulary,
                encoder.texts(),
                self._known(kind),
                told=None if told is None else _of(told, kind.value),
            )
        version = f"{made_at:%Y%m%dT%H%M%SZ}"
        origin = Origin(version, made_at, self._until, self._counted.orders)
        return Model(origin, self._vocabulary, heads)

    def _begin(self) -> None:
        named = [word for said in self._names.values() for word in said]
        self._vocabulary = self._counted.vocabulary(named)
        self._encoders = {kind: Encoder(self._vocabulary, self._known(kind)) for kind in Kind}

    def _known(self, kind: Kind) -> tuple[str, ...]:
        """The labels that are learned; a matter without a place is one of the districts."""
        often = {label for label, count in self._labels[kind].items() if count >= LEAST}
        if kind is Kind.CATEGORY:
            often |= {code for code, said in self._names.items() if said}
        return tuple(sorted(often if kind is Kind.DISTRICT else often - {""}))


def learned(
    examples: list[Example],
    names: Mapping[str, str],
    made_at: datetime,
    told: Told | None = None,
) -> Model:
    """A model from orders that are at hand.

    Raises:
        ValueError: there are none.
    """
    learner = Learner(names)
    learner.count(examples)
    learner.learn(examples)
    return learner.model(made_at, told)


def _of(told: Told, what: str) -> Callable[[int, int], None]:
    return lambda done, total: told(what, done, total)
