"""How alike two texts are, by pairs of neighbouring characters: fit for Chinese and Korean."""

from __future__ import annotations

import unicodedata

# Below so many pairs, one short text is found in almost any long one.
_ENOUGH_FOR_CONTAINMENT = 6


def normalised(text: str) -> str:
    """``text`` without what does not matter: width, case, blanks and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def bigrams(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters of ``text``; of a single character, itself."""
    plain = normalised(text)
    if len(plain) < 2:
        return frozenset({plain} - {""})
    return frozenset(plain[place : place + 2] for place in range(len(plain) - 1))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How alike two sets of pairs are, 0 to 1: Jaccard's measure, or containment if that is more.

    Containment is how much of the shorter text is in the longer one: a citizen who complains
    again says it shorter, or with more in it.
    """
    common = len(one & other)
    if not common:
        return 0.0
    jaccard = common / len(one | other)
    shorter = min(len(one), len(other))
    return max(jaccard, common / shorter) if shorter >= _ENOUGH_FOR_CONTAINMENT else jaccard
