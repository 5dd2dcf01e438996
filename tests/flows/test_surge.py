"""Many call on one event, as a scripted caller meets it (K3)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agi_scripts.reception import reception
from ivr.call import Call, Event
from ivr.prompts import P
from tests.flows.test_reception import Caller
from tests.flows.test_reception import Desk as Reception
from ticketing.domain.errors import DatabaseUnavailable

MOBILE = "13800001111"
TO_THE_AGENT = "11"


@dataclass
class Desk(Reception):
    """A desk that knows of an event, or whose database is away."""

    known: Event | None = None
    away: bool = False
    over: bool = False
    joined: list[tuple[str, str, str]] = field(default_factory=list)

    def event(self, caller: str, line: str) -> Event | None:
        return self.known

    async def join(self, event: str, call: str, caller: str, language: str, line: str) -> bool:
        if self.away:
            raise DatabaseUnavailable("the database is locked or away (TimeoutError)")
        self.joined.append((event, caller, language))
        return not self.over


async def call(keys: str, desk: Desk) -> Caller:
    caller = Caller(keys, {"agi_callerid": MOBILE, "agi_extension": "12345"})
    await reception(Call(caller.greeted()), desk)
    return caller


async def test_who_calls_on_the_event_is_registered_by_one_key() -> None:
    desk = Desk(known=Event("N7", P.SURGE_WATER, True))
    caller = await call(f"{TO_THE_AGENT}--5", desk)
    assert caller.said[-3:] == [P.SURGE_WATER, P.SURGE_JOIN, P.SURGE_JOINED]
    assert caller.next == "bye"
    assert caller.facts[-1] == "surge=N7"
    assert desk.joined == [("N7", MOBILE, "zh")]


@pytest.mark.parametrize("keys", ["", "--9", "--3"])
async def test_all_others_go_on_to_a_seat(keys: str) -> None:
    desk = Desk(known=Event("N7", P.SURGE_POWER, True))
    caller = await call(TO_THE_AGENT + keys, desk)
    assert P.SURGE_POWER in caller.said
    assert (caller.next, desk.joined) == ("queue", [])


async def test_who_cannot_be_sent_a_text_only_hears_of_it() -> None:
    desk = Desk(known=Event("N7", P.SURGE_GAS, False))
    caller = await call(f"{TO_THE_AGENT}-5", desk)
    assert P.SURGE_GAS in caller.said
    assert P.SURGE_JOIN not in caller.said
    assert caller.next == "queue"


@pytest.mark.parametrize("state", ["away", "over"])
async def test_who_cannot_be_registered_is_led_to_a_seat(state: str) -> None:
    desk = Desk(known=Event("N7", P.SURGE_HEAT, True), **{state: True})  # type: ignore[arg-type]
    caller = await call(f"{TO_THE_AGENT}--5", desk)
    assert caller.next == "queue"
    assert not any(fact.startswith("surge=") for fact in caller.facts)


async def test_without_an_event_nothing_is_said() -> None:
    caller = await call(TO_THE_AGENT, Desk())
    assert not any(name.startswith("surge_") for name in caller.said)
