"""The town of the demo: who calls when, and what for. Pure; the same seed plans the same calls.

``ivr.demo.actors`` acts it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from ivr.errors import PhoneError

_PREFIXES = ("130", "135", "138", "139", "150", "158", "186", "189")
_STRIDE = 48_271  # no factor of 2 or 5, so that numbers repeat after 10**8 calls only
_KOREAN_SHARE = 0.15
_SLIP_SHARE = 0.1
_SEAT_ENDS_SHARE = 0.75
_RATINGS: dict[str | None, float] = {"1": 0.6, "2": 0.2, "3": 0.1, None: 0.1}


class Errand(StrEnum):
    """What a citizen calls for."""

    AGENT = "agent"
    SILENT = "silent"  # presses no key at all, and is led to a seat all the same
    PROGRESS = "progress"
    PROGRESS_AND_AGENT = "progress_and_agent"
    MESSAGE = "message"
    SECOND_THOUGHTS = "second_thoughts"  # hangs up in the menu


_ERRANDS = {
    Errand.AGENT: 0.66,
    Errand.SILENT: 0.03,
    Errand.PROGRESS: 0.08,
    Errand.PROGRESS_AND_AGENT: 0.05,
    Errand.MESSAGE: 0.1,
    Errand.SECOND_THOUGHTS: 0.08,
}
WITH_AGENT = frozenset({Errand.AGENT, Errand.SILENT, Errand.PROGRESS_AND_AGENT})


@dataclass(frozen=True, slots=True)
class Visit:
    """One call as planned. Lengths of time are in seconds.

    Attributes:
        at: when it begins, from the start of the demo.
        caller: a number that nobody else calls from.
        hesitation: before each key.
        slips: presses a key that the menu does not have, first.
        order: the number of a work order that is asked for.
        patience: in the queue, before hanging up.
        talk: with the seat, or on the message.
        seat_ends: whether the seat hangs up, so that the citizen is asked for a rating.
        rating: the key of the rating, or None: hangs up instead.
    """

    at: float
    caller: str
    language: str
    errand: Errand
    hesitation: float
    slips: bool
    order: str
    patience: float
    talk: float
    seat_ends: bool
    rating: str | None

    @property
    def language_key(self) -> str:
        """The key of the reception's language menu."""
        return "2" if self.language == "ko" else "1"


def visits(seed: int, per_minute: float) -> Iterator[Visit]:
    """The calls of a town without end, in order of time.

    Args:
        seed: another seed, another town.
        per_minute: calls a minute on average; they come at random, as in a real town.

    Raises:
        PhoneError: ``per_minute`` is not above zero.
    """
    if per_minute <= 0:
        raise PhoneError("a town without calls cannot be shown: more than 0 calls a minute")
    dice = Random(seed)  # noqa: S311 - a play, not a secret
    at = 0.0
    offset = dice.randrange(10**8)
    number = 0
    while True:
        at += dice.expovariate(per_minute / 60)
        yield _visit(dice, at, f"{(offset + number * _STRIDE) % 10**8:08}")
        number += 1


def _visit(dice: Random, at: float, subscriber: str) -> Visit:
    errand = dice.choices(list(_ERRANDS), list(_ERRANDS.values()))[0]
    return Visit(
        at=at,
        caller=dice.choice(_PREFIXES) + subscriber,
        language="ko" if dice.random() < _KOREAN_SHARE else "zh",
        errand=errand,
        hesitation=round(dice.uniform(1.0, 5.0), 1),
        slips=dice.random() < _SLIP_SHARE,
        order=f"2026{dice.randrange(10**6):06}",
        patience=round(20 + dice.expovariate(1 / 60), 1),
        talk=round(min(12 + dice.expovariate(1 / 25), 120), 1),
        seat_ends=dice.random() < _SEAT_ENDS_SHARE,
        rating=dice.choices(list(_RATINGS), list(_RATINGS.values()))[0],
    )
