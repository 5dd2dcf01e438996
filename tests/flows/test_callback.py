"""Being called back instead of waiting, as a scripted caller meets it."""

from __future__ import annotations

import pytest

from agi_scripts.callback import callback, called_back
from ivr.call import Call, Outlook
from ivr.errors import HungUp
from ivr.numerals import digits
from ivr.prompts import P
from tests.flows.test_reception import BUSY, Caller, Desk
from tests.flows.test_reception import call as reception_call

SHOWN, OTHER = "13800001111", "13800002222"
LATER = Outlook(seats=3, idle=0, position=2, minutes=2, callbacks=True)
SAID = 8  # prompts of a question: the number, two digits at once, and what to press


async def call(keys: str, shown: str = SHOWN, queue: str = "") -> Caller:
    caller = Caller(keys, {"agi_callerid": shown}, variables={"HOTLINE_QUEUE": queue})
    await callback(Call(caller), Desk())
    return caller


async def test_the_number_that_is_shown_and_one_key() -> None:
    caller = await call("1")
    assert (caller.next, caller.facts) == ("bye", [f"callback={SHOWN}"])
    caller = await call("-" * SAID + "1")
    asked = [P.CALLBACK_NUMBER_BEFORE, *digits(SHOWN), P.CALLBACK_CONFIRM]
    assert caller.said == [*asked, P.CALLBACK_NOTED]


async def test_another_number_is_typed_and_read_back() -> None:
    caller = await call(f"2{OTHER}#1")
    assert (caller.next, caller.facts) == ("bye", [f"callback={OTHER}"])


@pytest.mark.parametrize("shown", ["", "unknown", "anonymous", "+85212345678"])
async def test_who_shows_no_number_types_one(shown: str) -> None:
    caller = await call(f"{OTHER}#1", shown)
    assert caller.said[0] == P.CALLBACK_TYPE
    assert caller.facts == [f"callback={OTHER}"]


async def test_a_number_that_cannot_be_called_is_refused_and_asked_for_again() -> None:
    caller = await call(f"20085212345#-{OTHER}#1")
    assert P.CALLBACK_BAD in caller.said
    assert caller.facts == [f"callback={OTHER}"]


@pytest.mark.parametrize("keys", ["*", "2*#", "", "2"])
@pytest.mark.parametrize(("queue", "place"), [("", "2"), ("labour", "1"), ("new", "")])
async def test_who_would_rather_wait_keeps_the_place(keys: str, queue: str, place: str) -> None:
    caller = await call(keys, queue=queue)
    assert (caller.next, caller.facts) == ("queue", [])
    assert caller.variables["HOTLINE_PLACE"] == place


async def test_who_hangs_up_before_the_key_has_asked_for_nothing() -> None:
    caller = Caller("----!", {"agi_callerid": SHOWN})
    with pytest.raises(HungUp):
        await callback(Call(caller), Desk())
    assert caller.facts == []


async def test_who_is_called_back_hears_who_calls_and_comes_to_the_kept_place() -> None:
    caller = Caller("")
    await called_back(Call(caller), Desk())
    assert caller.said == [P.CALLBACK_GREETING]
    assert caller.variables["HOTLINE_PLACE"] == "2"


async def test_the_reception_offers_it_only_when_there_is_a_wait() -> None:
    offered = await reception_call("11", LATER)
    assert (offered.next, offered.said[-1]) == ("queue", P.CALLBACK_OFFER)
    assert P.CALLBACK_OFFER not in (await reception_call("11", BUSY)).said


@pytest.mark.parametrize(("key", "step"), [("1", "callback"), ("3", "message"), ("7", "queue")])
async def test_a_key_while_the_wait_is_told(key: str, step: str) -> None:
    assert (await reception_call(f"11---{key}", LATER)).next == step


async def test_that_one_is_next_is_said_when_a_seat_is_about_to_be_free() -> None:
    soon = Outlook(seats=3, idle=0, position=1, minutes=3, soon=True, callbacks=True)
    assert (await reception_call("11", soon)).said[-2:] == [P.ALL_BUSY, P.YOU_ARE_NEXT]
