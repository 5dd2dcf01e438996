"""What somebody hears who is rung for an urgent order, and what a key does (H4)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agi_scripts.dispatch_call import TYPES, URGENCIES, dispatch_call
from ivr.call import Call
from ivr.numerals import digits
from ivr.prompts import P
from tests.flows.test_reception import Caller
from tests.flows.test_reception import Desk as Reception
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.domain.matters import OrderType, Urgency

ATTEMPT = "placed.dispatch.7.2"


@dataclass
class Urgent:
    number: str = "26030200117"
    type: str = "emergency"
    urgency: str = "critical"
    leader: bool = False


@dataclass
class Desk(Reception):
    """A desk that has somebody rung for an order, or whose database is away."""

    matter: Urgent | None = field(default_factory=Urgent)
    theirs: bool = True
    away: str = ""
    kept: list[tuple[str, bool]] = field(default_factory=list)

    async def urgent(self, attempt: str) -> Urgent | None:
        assert attempt == ATTEMPT
        if self.away == "asking":
            raise DatabaseUnavailable("away")
        return self.matter

    async def takes(self, attempt: str, accepted: bool) -> bool:
        if self.away == "telling":
            raise DatabaseUnavailable("away")
        self.kept.append((attempt, accepted))
        return self.theirs and accepted


async def rung(keys: str, desk: Desk) -> list[str]:
    """Somebody answers and presses ``keys``; what was said."""
    caller = Caller(keys)
    caller.variables["HOTLINE_DISPATCH"] = ATTEMPT
    await dispatch_call(Call(caller), desk)
    return list(caller.said)


@pytest.mark.parametrize(
    ("key", "theirs", "kept", "last"),
    [
        ("1", True, [(ATTEMPT, True)], P.DISPATCH_ACCEPTED),
        ("1", False, [(ATTEMPT, True)], P.DISPATCH_OVER),
        ("2", True, [(ATTEMPT, False)], P.DISPATCH_DECLINED),
    ],
)
async def test_keys(key: str, theirs: bool, kept: list[tuple[str, bool]], last: P) -> None:
    desk = Desk(theirs=theirs)
    said = await rung(key, desk)
    assert desk.kept == kept
    assert said[-1] == last


async def test_the_order_is_said_whole() -> None:
    said = await rung("", Desk())
    numbers = [each.value for each in digits("26030200117")]
    expected = [
        P.DISPATCH_GREETING,
        P.DISPATCH_NUMBER_BEFORE,
        *numbers,
        P.DISPATCH_EMERGENCY,
        P.DISPATCH_CRITICAL,
        P.DISPATCH_ACCEPT,
    ]
    assert said[: len(expected)] == expected


async def test_nothing_is_taken_over_without_the_key() -> None:
    desk = Desk()
    await rung("", desk)
    assert desk.kept == []


async def test_it_is_said_again_on_demand_but_not_for_ever() -> None:
    desk = Desk()
    said = await rung("31", desk)
    assert said.count(P.DISPATCH_GREETING) == 2
    assert desk.kept == [(ATTEMPT, True)]
    endless = Desk()
    await rung("3333333", endless)
    assert endless.kept == []


async def test_the_leader_hears_why() -> None:
    assert (await rung("", Desk(matter=Urgent(leader=True))))[0] == P.DISPATCH_LEADER


async def test_what_is_over_is_said_to_be() -> None:
    assert await rung("1", Desk(matter=None)) == [P.DISPATCH_OVER]


@pytest.mark.parametrize("away", ["asking", "telling"])
async def test_what_cannot_be_kept_is_not_said_to_be(away: str) -> None:
    said = await rung("1", Desk(away=away))
    assert said[-1] == P.SYSTEM_TROUBLE
    assert P.DISPATCH_ACCEPTED not in said


def test_every_type_and_urgency_has_its_words() -> None:
    assert set(TYPES) == {each.value for each in OrderType}
    assert set(URGENCIES) == {each.value for each in Urgency}
