"""BM25 over a few thousand texts: which of them are about what somebody says.

Terms are pairs of neighbouring characters, so nothing has to be parted into words, and what a
recogniser has heard half right is still found.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ticketing.domain.similarity import normalised

Key = TypeVar("Key", bound=Hashable)
_K1, _B = 1.4, 0.75


@dataclass(frozen=True, slots=True)
class Hit(Generic[Key]):
    """A text that was found, with its score, above 0."""

    key: Key
    score: float


class Bm25(Generic[Key]):
    """An index, made once; asking changes nothing.

    Args:
        texts: each with its key and its parts by weight: a title's words count more.
    """

    def __init__(self, texts: Iterable[tuple[Key, tuple[tuple[str, float], ...]]]) -> None:
        self._keys: list[Key] = []
        self._lengths: list[float] = []
        self._where: dict[str, list[tuple[int, float]]] = {}
        for key, parts in texts:
            counts: dict[str, float] = {}
            for text, weight in parts:
                for term in terms(text):
                    counts[term] = counts.get(term, 0.0) + weight
            for term, count in counts.items():
                self._where.setdefault(term, []).append((len(self._keys), count))
            self._keys.append(key)
            self._lengths.append(float(sum(counts.values())))
        self._mean = sum(self._lengths) / len(self._lengths) if self._lengths else 1.0

    def __len__(self) -> int:
        return len(self._keys)

    def search(self, text: str, most: int = 5) -> list[Hit[Key]]:
        """The texts that fit best, the best first."""
        scores: dict[int, float] = {}
        for term in set(terms(text)):
            places = self._where.get(term, [])
            rare = math.log(1 + (len(self._keys) - len(places) + 0.5) / (len(places) + 0.5))
            for place, count in places:
                long = 1 - _B + _B * self._lengths[place] / (self._mean or 1.0)
                gain = rare * count * (_K1 + 1) / (count + _K1 * long)
                scores[place] = scores.get(place, 0.0) + gain
        best = heapq.nsmallest(most, scores.items(), key=lambda item: (-item[1], item[0]))
        return [Hit(self._keys[place], score) for place, score in best]


def terms(text: str) -> list[str]:
    """The pairs of neighbouring characters."""
    plain = normalised(text)
    if len(plain) < 2:
        return [plain] if plain else []
    return [plain[place : place + 2] for place in range(len(plain) - 1)]
