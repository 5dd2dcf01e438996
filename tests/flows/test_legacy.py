"""Who dialled an old number hears that it was merged, and waits as its line says (T2, T3)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_scripts.reception import reception
from ivr.call import Arrival, Call
from ivr.errors import HungUp
from ivr.numbers import Signalled
from ivr.prompts import P
from tests.flows.test_reception import Caller, Desk

SAID = [P.LINE_BEFORE, "pair_12", "pair_33", "n3", P.LINE_AFTER]


LABOUR = Arrival("12333", True, "reception", "labour", 0)


@dataclass
class Exchange(Desk):
    """A desk that knows one line, and remembers what it was asked."""

    line: Arrival = LABOUR
    asked: list[Signalled] = field(default_factory=list)

    def arrival(self, came: Signalled) -> Arrival:
        self.asked.append(came)
        return self.line


def headers(**values: list[str]) -> dict[str, str]:
    """The channel variables through which Asterisk gives the headers of the INVITE."""
    return {
        f"PJSIP_HEADER(read,{name.replace('_', '-')},{number})": value
        for name, all_of_it in values.items()
        for number, value in enumerate(all_of_it, 1)
    }


def caller(keys: str = "", called: str = "12345", **values: list[str]) -> Caller:
    env = {"agi_extension": called, "agi_arg_1": "yes" if values else ""}
    return Caller(keys, env=env, variables=headers(**values))


def told(who: Caller) -> dict[str, str]:
    """What the dialplan is told, without the headers and the next step."""
    return {
        name: value
        for name, value in who.variables.items()
        if name.startswith(("HOTLINE_", "QUEUE_")) and name != "HOTLINE_NEXT"
    }


DIVERTED = {"Diversion": ["<sip:12333@carrier>;reason=unconditional"]}


async def test_a_forwarded_caller_hears_it_between_the_language_and_the_notice() -> None:
    who, desk = caller("--1", **DIVERTED), Exchange()
    await reception(Call(who.greeted()), desk)
    start = who.said.index(P.LINE_BEFORE)
    assert who.said[start : start + len(SAID)] == SAID
    assert who.said[0] == P.GREETING
    assert who.said[start + len(SAID)] == P.RECORDED_NOTICE
    assert desk.asked == [Signalled("12345", ("12333",))]
    assert told(who) == {"HOTLINE_LINE": "12333", "HOTLINE_SKILL": "labour"}
    assert who.next == "queue"


async def test_it_is_said_in_the_callers_language() -> None:
    who = caller("--2", **DIVERTED)
    await reception(Call(who), Exchange())
    assert who.variables["CHANNEL(language)"] == "ko"
    assert [said for said in who.said if "line_" in said] == [P.LINE_BEFORE, P.LINE_AFTER]


async def test_a_key_ends_it_and_is_the_menus() -> None:
    who = caller("1-1", **DIVERTED)  # the language; the notice's first word; a seat
    await reception(Call(who), Exchange())
    assert P.LINE_AFTER not in who.said
    assert who.facts == ["language=zh&menu=1", "menu=1%3E1"]
    assert told(who)["HOTLINE_LINE"] == "12333"


async def test_who_dialled_12345_is_asked_nothing_and_told_nothing() -> None:
    who, desk = caller("11"), Exchange()
    await reception(Call(who.greeted()), desk)
    assert (desk.asked, told(who)) == ([], {})
    assert P.LINE_BEFORE not in who.said


@pytest.mark.parametrize("called", ["12333", "071512333"])
async def test_an_old_number_that_leads_here_by_itself(called: str) -> None:
    who, desk = caller("--1", called=called), Exchange()
    await reception(Call(who.greeted()), desk)
    assert desk.asked == [Signalled(called)]
    assert P.LINE_BEFORE in who.said


async def test_all_headers_are_read_and_no_more_than_the_journal_keeps() -> None:
    long = "<sip:12329@" + "c" * 300 + ">"
    many = ["<sip:12333@c>", long, "<sip:anonymous@c>", "<sip:12319@c>", "<sip:12301@c>"]
    who = caller("--1", Diversion=many, History_Info=["<sip:12328@c>;index=1"])
    desk = Exchange()
    await reception(Call(who.greeted()), desk)
    assert desk.asked == [Signalled("12345", ("12319", "12333"), ("12328",))]


async def test_a_line_that_was_not_merged_is_not_said_to_be() -> None:
    police = Arrival("110", False, "reception", "", 10)
    who = caller("--1", Diversion=["<sip:110@police>"])
    await reception(Call(who), Exchange(line=police))
    assert P.LINE_BEFORE not in who.said
    assert told(who) == {"HOTLINE_LINE": "110", "QUEUE_PRIO": "10"}


async def test_a_line_may_have_a_queue_of_its_own() -> None:
    who = caller("--1", **DIVERTED)
    await reception(Call(who), Exchange(line=Arrival("12333", True, "labour", "", 0)))
    assert told(who) == {"HOTLINE_LINE": "12333", "HOTLINE_QUEUE": "labour"}


async def test_who_is_transferred_back_is_not_told_again() -> None:
    who, desk = caller("--1", **DIVERTED), Exchange()
    who.variables["HOTLINE_LINE"] = "12333"
    await reception(Call(who.greeted()), desk)
    assert P.LINE_BEFORE not in who.said
    assert who.next == "queue"


@given(st.text(alphabet="0123456789*#-!", max_size=20), st.lists(st.text(), max_size=5))
async def test_no_header_and_no_key_cuts_a_caller_off(keys: str, values: list[str]) -> None:
    who = caller(keys, Diversion=["<sip:12333@c>", *values], History_Info=values)
    try:
        await reception(Call(who), Exchange())
    except HungUp:
        assert "!" in keys
    else:
        assert who.next in {"queue", "message"}
