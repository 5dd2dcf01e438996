"""A linear model of texts: softmax over words, trained in small batches, explained by its weights.

It is plain on purpose: what a word says for a label is one number, which can be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_BATCH = 64
_RATE, _DECAY = 0.5, 1e-3
_SHOWN_WORDS = 6


@dataclass(frozen=True, slots=True)
class Because:
    """A word that spoke for a label; ``weight`` above 0, the more the weightier."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A label with its share (0 to 1, all labels together 1) and the words that spoke for it."""

    label: str
    share: float
    words: tuple[Because, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The words that are known, each with its weight (rare ones weigh more)."""

    words: tuple[str, ...]
    weights: Floats
    places: Mapping[str, int]

    @classmethod
    def of(cls, words: Sequence[str], weights: Sequence[float] | Floats) -> Vocabulary:
        """Put words and their weights together."""
        return cls(
            tuple(words),
            np.asarray(weights, np.float32),
            {word: place for place, word in enumerate(words)},
        )

    def encode(self, words: Sequence[str]) -> list[int]:
        """The places of the words that are known, each once."""
        return sorted({self.places[word] for word in words if word in self.places})

    def features(self, places: Sequence[int]) -> Floats:
        """The weights of the words at ``places``, of length 1 together."""
        weights = self.weights[list(places)]
        length = float(np.sqrt((weights**2).sum()))
        return weights / np.float32(length) if length else weights


@dataclass(frozen=True)
class Linear:
    """Weights of each word (rows) for each label (columns)."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats

    def choices(
        self, vocabulary: Vocabulary, words: Sequence[str], most: int = 3
    ) -> tuple[Choice, ...]:
        """The likeliest labels, the first first; none for a text without a known word."""
        places = vocabulary.encode(words)
        if not places or not self.labels:
            return ()
        features = vocabulary.features(places)
        rows = self.weights[places]
        shares = softmax((features @ rows + self.bias)[None, :])[0]
        spoken = features[:, None] * (rows - rows.mean(axis=1, keepdims=True))
        best = np.argsort(-shares, kind="stable")[:most]
        return tuple(
            Choice(
                self.labels[label],
                float(shares[label]),
                _because(vocabulary, places, spoken[:, label]),
            )
            for label in best
        )


def _because(vocabulary: Vocabulary, places: Sequence[int], spoken: Floats) -> tuple[Because, ...]:
    order = np.argsort(-spoken, kind="stable")[: 2 * _SHOWN_WORDS]
    said = [(vocabulary.words[places[place]], float(spoken[place])) for place in order]
    said = [(word, weight) for word, weight in said if weight > 0]
    whole = [word for word, _ in said if not any(word in w and word != w for w, _ in said)]
    # what a part of a word says is said by the word
    summed = [(word, sum(weight for part, weight in said if part in word)) for word in whole]
    summed.sort(key=lambda each: (-each[1], each[0]))
    return tuple(Because(word, round(weight, 3)) for word, weight in summed[:_SHOWN_WORDS])


def softmax(scores: Floats) -> Floats:
    """Shares of each row's scores."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


@dataclass(frozen=True)
class Texts:
    """Encoded texts, one after the other, with the place of each one's label.

    Attributes:
        places: of the words of all texts.
        starts: where each text begins in ``places``, and where the last one ends.
    """

    places: NDArray[np.int32]
    starts: NDArray[np.int64]
    labels: NDArray[np.int32]


def train(
    vocabulary: Vocabulary,
    texts: Texts,
    labels: Sequence[str],
    *,
    rounds: int = 12,
    seed: int = 1,
    told: Callable[[int, int], None] | None = None,
) -> Linear:
    """Fit the weights by AdaGrad: the same texts and seed give the same model.

    Args:
        labels: their names; each text's label is a place in them.
        rounds: how often each text is looked at.
        told: how many of how many batches are done.
    """
    words, kinds = len(vocabulary.words), len(labels)
    weights, seen = np.zeros((words, kinds), np.float32), np.zeros((words, kinds), np.float32)
    bias, bias_seen = np.zeros(kinds, np.float32), np.zeros(kinds, np.float32)
    dice = np.random.default_rng(seed)
    total = rounds * -(-len(texts.labels) // _BATCH)
    done = 0
    for _ in range(rounds):
        for batch in _batches(dice.permutation(len(texts.labels))):
            known, features = _dense(vocabulary, texts, batch)
            rows = weights[known]
            wrong = softmax(features @ rows + bias)
            wrong[np.arange(len(batch)), texts.labels[batch]] -= 1
            wrong /= len(batch)
            gradient = features.T @ wrong
            seen[known] += gradient**2
            step = _RATE * gradient / (np.sqrt(seen[known]) + 1e-6)
            weights[known] = rows * np.float32(1 - _RATE * _DECAY) - step
            slope = wrong.sum(axis=0)
            bias_seen += slope**2
            bias -= _RATE * slope / (np.sqrt(bias_seen) + 1e-6)
            done += 1
            if told is not None and done % 20 == 0:
                told(done, total)
    return Linear(tuple(labels), weights, bias)


def _batches(order: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(order), _BATCH):
        yield order[start : start + _BATCH]


def _dense(
    vocabulary: Vocabulary, texts: Texts, batch: NDArray[np.int64]
) -> tuple[NDArray[np.int32], Floats]:
    """The words of a batch, and its texts as rows over them."""
    rows = [texts.places[texts.starts[one] : texts.starts[one + 1]] for one in batch]
    known, columns = np.unique(np.concatenate(rows), return_inverse=True)
    dense = np.zeros((len(rows), len(known)), np.float32)
    lines = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    dense[lines, columns] = vocabulary.weights[known[columns]] if len(known) else 0
    lengths = np.sqrt((dense**2).sum(axis=1, keepdims=True))
    lengths[lengths == 0] = 1
    return known, np.asarray(dense / lengths, np.float32)
