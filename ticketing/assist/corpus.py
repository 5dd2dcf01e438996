"""What is learned from: orders that persons have decided, and their words counted for privacy."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np

from ticketing.assist.linear import Texts, Vocabulary
from ticketing.assist.words import without, words

CITIZENS = 5
"""A word is known to a model only after so many different citizens have said it."""
_MOST_WORDS = 20_000
_MOST_COUNTED = 300_000


class Kind(StrEnum):
    """What is proposed by a model."""

    TYPE = "type"
    CATEGORY = "category"
    DISTRICT = "district"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """An order with what persons have decided of it.

    Attributes:
        at: when it came in, UTC.
        content: what the citizen told; ``address``: where it is.
        citizen: tells citizens apart; ``private``: what is theirs and is not to be learned.
        type, category, district, unit: as decided; empty where there is none.
    """

    number: str
    at: datetime
    content: str
    address: str = ""
    citizen: str = ""
    private: tuple[str, ...] = ()
    type: str = ""
    category: str = ""
    district: str = ""
    unit: str = ""

    def label(self, kind: Kind) -> str:
        """What was decided of one kind."""
        return {
            Kind.TYPE: self.type,
            Kind.CATEGORY: self.category,
            Kind.DISTRICT: self.district,
        }[kind]

    def words(self, kind: Kind) -> list[str]:
        """The words that a kind is told by: a district by the address too."""
        told = f"{self.content}。{self.address}" if kind is Kind.DISTRICT else self.content
        return [word.text for word in words(without(told, *self.private))]


@dataclass
class Counted:
    """Words with the orders they were in and the citizens who said them, in bounded memory."""

    orders: int = 0
    _counts: dict[str, int] = field(default_factory=dict)
    _citizens: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def add(self, example: Example) -> None:
        """Count one order."""
        self.orders += 1
        who = hash(example.citizen or example.number)
        for word in set(example.words(Kind.DISTRICT)):
            self._counts[word] = self._counts.get(word, 0) + 1
            known = self._citizens.get(word, ())
            if len(known) < CITIZENS and who not in known:
                self._citizens[word] = (*known, who)
        if len(self._counts) > _MOST_COUNTED:
            for word in [word for word, count in self._counts.items() if count == 1]:
                del self._counts[word], self._citizens[word]

    def vocabulary(self, always: Iterable[str] = ()) -> Vocabulary:
        """The commonest words that enough citizens have said, and those of ``always``.

        Args:
            always: words of the centre's own, such as those of its categories' names.
        """
        said = [word for word, who in self._citizens.items() if len(who) >= CITIZENS]
        said.sort(key=lambda word: (-self._counts[word], word))
        known = list(dict.fromkeys([*sorted(set(always)), *said]))[:_MOST_WORDS]
        weights = [
            math.log((1 + self.orders) / (1 + self._counts.get(word, 0))) + 1 for word in known
        ]
        return Vocabulary.of(known, weights)


class Encoder:
    """Texts of one kind as numbers, in little memory: four bytes a word.

    Args:
        labels: those that are learned; examples of others are passed over.
    """

    def __init__(self, vocabulary: Vocabulary, labels: Sequence[str]) -> None:
        self._vocabulary = vocabulary
        self._labels = {label: place for place, label in enumerate(labels)}
        self._places, self._starts, self._wanted = array("i"), array("q", [0]), array("i")

    def add(self, words: Sequence[str], label: str) -> None:
        """One text with its label."""
        if label in self._labels:
            self._places.extend(self._vocabulary.encode(words))
            self._starts.append(len(self._places))
            self._wanted.append(self._labels[label])

    def texts(self) -> Texts:
        """All of them."""
        return Texts(
            np.array(self._places, np.int32),
            np.array(self._starts, np.int64),
            np.array(self._wanted, np.int32),
        )
