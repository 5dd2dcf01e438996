"""A nuisance caller at the door: slowed, or blocked with the way to an emergency left open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from agi_scripts.reception import reception
from ivr.agi import Reply
from ivr.call import Call, Greeted
from ivr.prompts import P
from tests.flows.test_reception import Caller, Desk
from ticketing.domain.errors import NoTrunk

SLOWED = Greeted(wait_seconds=20)
BLOCKED = Greeted(blocked=True, connect=True)


@dataclass
class Door(Desk):
    """A desk that knows how the caller is met."""

    met: Greeted = BLOCKED
    trunk: bool = True
    called: list[str] = field(default_factory=list)

    def greeted(self, caller: str) -> Greeted:
        return self.met

    @asynccontextmanager
    async def emergency(self, call: str, number: str) -> AsyncIterator[str]:
        if not self.trunk:
            raise NoTrunk("none")
        self.called.append(number)
        yield f"PJSIP/{number}@trunk-out"


@dataclass
class Guest(Caller):
    """A caller for whom applications are run, too."""

    run: list[str] = field(default_factory=list)

    async def command(
        self, name: str, *args: str, timeout: float | None = None, after_hangup: bool = False
    ) -> Reply:
        if name == "EXEC" and args[0] in {"MusicOnHold", "Dial"}:
            self.run.append(" ".join(args))
            return Reply("0", None, None, "")
        return await super().command(name, *args, timeout=timeout, after_hangup=after_hangup)


async def run(caller: Guest, door: Door) -> Guest:
    await reception(Call(caller), door)
    return caller


async def test_who_is_slowed_waits_and_goes_on_as_everybody_else() -> None:
    who = await run(Guest("--1-1"), Door(met=SLOWED))
    assert P.NUISANCE_SLOWED in who.said
    assert "MusicOnHold default,20" in who.run
    assert who.next == "queue"


@pytest.mark.parametrize(
    ("key", "number", "told"),
    [
        ("1", "110", P.EMERGENCY_110),
        ("2", "119", P.EMERGENCY_119),
        ("3", "120", P.EMERGENCY_120),
    ],
)
@pytest.mark.parametrize(("connect", "trunk"), [(True, True), (True, False), (False, True)])
async def test_who_is_blocked_reaches_no_seat_but_an_emergency(
    key: str, number: str, told: P, connect: bool, trunk: bool
) -> None:
    door = Door(met=Greeted(blocked=True, connect=connect), trunk=trunk)
    caller = Guest(key)
    caller.variables["DIALSTATUS"] = "ANSWER"
    who = await run(caller, door)
    assert who.next == "bye"
    assert P.NUISANCE_BLOCKED in who.said
    assert P.MAIN_MENU not in who.said
    put_through = connect and trunk
    assert door.called == ([number] if put_through else [])
    assert who.run == ([f"Dial PJSIP/{number}@trunk-out,60,g"] if put_through else [])
    assert (told in who.said) is not put_through
    assert "nuisance=blocked" in who.facts
    assert f"emergency={number}" in who.facts


async def test_an_emergency_that_does_not_answer_is_told_to_be_dialled() -> None:
    door, caller = Door(), Guest("2")
    caller.variables["DIALSTATUS"] = "CHANUNAVAIL"
    who = await run(caller, door)
    assert door.called == ["119"]
    assert who.said[-1] == P.EMERGENCY_119


async def test_a_key_of_the_greeting_is_no_cry_for_help() -> None:
    """Who is used to the menu presses 1 for Chinese at once."""
    caller = Guest("")
    caller.env = {"agi_arg_2": "1"}
    door = Door()
    await run(caller, door)
    assert door.called == []


async def test_who_is_blocked_and_presses_nothing_hears_it_twice_and_goodbye() -> None:
    door = Door()
    who = await run(Guest(""), door)
    assert who.said.count(P.NUISANCE_BLOCKED) == 2
    assert (who.next, door.called) == ("bye", [])
