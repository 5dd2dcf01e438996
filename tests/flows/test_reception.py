"""The reception as a scripted caller meets it: every way through the menus, in no time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_scripts.message import message
from agi_scripts.reception import reception
from agi_scripts.survey import survey
from ivr.agi import Reply
from ivr.call import Call, Event, Greeted, Outlook
from ivr.errors import HungUp
from ivr.prompts import P
from ticketing.domain.errors import NoTrunk

FREE = Outlook(seats=3, idle=2, position=1, minutes=0)
BUSY = Outlook(seats=3, idle=0, position=2, minutes=2)
NOBODY = Outlook(seats=0, idle=0, position=1, minutes=3)
SILENT = ""


@dataclass
class Desk:
    """What the flow may ask of the hotline."""

    seen: Outlook = FREE

    def outlook(self, call: str) -> Outlook:
        return self.seen

    def greeted(self, caller: str) -> Greeted:
        return Greeted()

    def emergency(self, call: str, number: str) -> AbstractAsyncContextManager[str]:
        raise NoTrunk("nobody asks for one")

    def event(self, caller: str, line: str) -> Event | None:
        return None

    async def join(self, event: str, call: str, caller: str, language: str, line: str) -> bool:
        raise AssertionError("there is no event to join")

    def own_queue(self, skill: str) -> str | None:
        return {"ko": "korean"}.get(skill)

    def callable(self, number: str) -> bool:
        return number.startswith("1380000")

    def place(self, call: str, queue: str) -> int | None:
        return {"": 2, "labour": 1}.get(queue)

    async def order_state(self, number: str) -> str | None:
        return None


@dataclass
class Caller:
    """A FastAGI session whose caller presses ``keys``, one at each chance; then stays silent.

    A chance is every prompt and every wait for a key. ``-`` lets one pass, ``!`` hangs up.
    """

    keys: str
    env: Mapping[str, str] = field(default_factory=dict)
    call_id: str = "h-1.0"
    said: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    recorded: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._keys: Iterator[str] = iter(self.keys)

    async def command(
        self, name: str, *args: str, timeout: float | None = None, after_hangup: bool = False
    ) -> Reply:
        if name == "STREAM FILE":
            self.said.append(args[0].removeprefix("hotline/"))
            return self._key()
        if name == "WAIT FOR DIGIT":
            return self._key()
        if name == "EXEC" and args[0] == "Read":
            self.variables["HOTLINE_DIGITS"] = self._number(*args[1].split(",")[1:3])
        elif name == "GET VARIABLE":
            return Reply("1", self.variables.get(args[0], ""), None, "")
        elif name == "EXEC":
            assert args[0] == "CELGenUserEvent"
            self.facts.append(args[1].removeprefix("HOTLINE,"))
        elif name == "SET VARIABLE":
            self.variables[args[0]] = args[1]
        elif name == "RECORD FILE":
            samples = round(8000 * self.recorded.pop(0))
            return Reply("0", None, samples, "")
        return Reply("0", None, None, "")

    def greeted(self) -> Caller:
        """As the dialplan hands a caller over: the greeting said, a key pressed meanwhile kept;
        of a language chosen by it the journal knows."""
        self.said.append(P.GREETING)
        key = next(self._keys, "-")
        if key == "!":
            raise HungUp("the caller has hung up")
        self.env = {**self.env, "agi_arg_2": key.replace("-", "")}
        if key in "12":
            language = {"1": "zh", "2": "ko"}[key]
            self.env["agi_language"] = language
            self.facts.append(f"language={language}&menu={key}")
        return self

    def _number(self, prompts: str, at_most: str) -> str:
        """What is typed while ``prompts`` are said and after them."""
        key = "-"
        for prompt in filter(None, prompts.split("&")):
            self.said.append(prompt.removeprefix("hotline/"))
            key = self._pressed()
            if key != "-":
                break
        else:
            key = self._pressed()
        typed = ""
        while key not in "-#":
            typed += key
            key = self._pressed() if len(typed) < int(at_most) else "#"
        return typed

    def _pressed(self) -> str:
        key = self._key().number
        return chr(key) if key else "-"

    def _key(self) -> Reply:
        key = next(self._keys, "-")
        if key == "!":
            raise HungUp("the caller has hung up")
        return Reply(str(ord(key)) if key != "-" else "0", None, None, "")

    @property
    def next(self) -> str:
        return self.variables.get("HOTLINE_NEXT", "")


async def call(keys: str, seen: Outlook = FREE) -> Caller:
    caller = Caller(keys)
    await reception(Call(caller.greeted()), Desk(seen))
    return caller


async def test_one_and_one_lead_to_a_seat_without_a_needless_word() -> None:
    caller = await call("11")
    assert caller.next == "queue"
    assert caller.said == ["greeting", "recorded_notice", "transferring"]
    assert caller.facts == ["language=zh&menu=1", "menu=1%3E1"]


@pytest.mark.parametrize("keys", ["2-0", "-2-0"])
async def test_korean_is_spoken_from_the_choice_on(keys: str) -> None:
    caller = await call(keys)
    in_the_flow = keys.startswith("-")  # else the dialplan has set it
    assert caller.variables.get("CHANNEL(language)") == ("ko" if in_the_flow else None)
    assert caller.variables["HOTLINE_QUEUE"] == "korean"
    assert caller.facts == ["language=ko&menu=2", "menu=2%3E0"]


async def test_the_language_is_asked_in_both() -> None:
    caller = await call("----1")
    assert caller.said[:3] == ["greeting", "zh/hotline/language_menu", "ko/hotline/language_menu"]
    assert caller.variables.get("CHANNEL(language)") is None


async def test_silence_is_asked_twice_again_and_led_to_a_seat() -> None:
    caller = await call("")
    assert caller.said.count(P.MAIN_MENU) == 3
    assert caller.said.count(P.NO_KEY) == 2
    assert caller.said[-2:] == [P.TO_AGENT, P.TRANSFERRING]
    assert caller.next == "queue"


async def test_wrong_keys_are_told_as_such() -> None:
    caller = await call("1-9-9-9")
    assert caller.said.count(P.WRONG_KEY) == 2
    assert caller.next == "queue"


async def test_the_star_repeats_and_costs_no_try() -> None:
    caller = await call("1-" + "*" * 7 + "1")
    assert caller.said.count(P.MAIN_MENU) >= 7
    assert (caller.next, P.TO_AGENT in caller.said) == ("queue", False)


async def test_three_leads_to_a_message() -> None:
    assert (await call("13")).next == "message"


async def test_an_order_that_is_not_there_is_read_back() -> None:
    caller = await call("1-2" + "2014#" + "-" * 4 + "0")
    start = caller.said.index(P.ORDER_NOT_FOUND_BEFORE)
    assert caller.said[start : start + 4] == [
        P.ORDER_NOT_FOUND_BEFORE,
        P.PAIR_20,
        P.PAIR_14,
        P.ORDER_NOT_FOUND_AFTER,
    ]
    assert caller.next == "queue"


async def test_who_must_wait_hears_for_how_long_and_the_queue_says_the_place() -> None:
    caller = await call("11", BUSY)
    assert caller.said[2:] == [
        P.ALL_BUSY,
        P.WAIT_BEFORE,
        P.TWO_OF,  # 两分钟
        P.MINUTE_AFTER,
    ]


@pytest.mark.parametrize(("key", "step"), [("3", "message"), ("1", "queue")])
async def test_who_is_told_of_the_wait_may_leave_a_message(key: str, step: str) -> None:
    caller = await call(f"11-{key}", BUSY)
    assert caller.said[2:] == [P.ALL_BUSY, P.WAIT_BEFORE]
    assert caller.next == step


@pytest.mark.parametrize(("key", "step"), [("3", "message"), ("-", "queue"), ("5", "queue")])
async def test_with_nobody_there_one_may_leave_a_message_or_wait(key: str, step: str) -> None:
    caller = await call(f"11{key}", NOBODY)
    assert P.NO_AGENTS in caller.said
    assert caller.next == step


@given(st.text(alphabet="0123456789*#-", max_size=40), st.sampled_from([FREE, BUSY, NOBODY]))
async def test_nobody_is_ever_cut_off(keys: str, seen: Outlook) -> None:
    caller = await call(keys, seen)
    assert caller.next in {"queue", "message"}
    assert caller.facts[0].startswith("language=")


@given(st.text(alphabet="0123456789*#-", max_size=10))
async def test_a_hang_up_ends_the_flow_where_it_stands(keys: str) -> None:
    caller = Caller(keys + "!")
    try:
        await reception(Call(caller), Desk())
    except HungUp:
        assert caller.next == ""
    else:
        assert caller.next in {"queue", "message"}


@pytest.mark.parametrize(
    ("lengths", "last"),
    [
        ([5.0], P.MESSAGE_SAVED),
        ([0.4, 5.0], P.MESSAGE_SAVED),
        ([0.4, 0.2], P.MESSAGE_TOO_SHORT),
    ],
)
async def test_a_message_too_short_is_asked_for_once_more(lengths: list[float], last: P) -> None:
    caller = Caller("", recorded=lengths, env={"agi_arg_1": "/recordings/messages/x"})
    await message(Call(caller))
    assert caller.said[-1] == last
    assert caller.variables == {"HOTLINE_DONE": "message"}


@pytest.mark.parametrize(("keys", "rating"), [("1", "1"), ("-3", "3"), ("9-2", "2"), ("", None)])
async def test_the_survey(keys: str, rating: str | None) -> None:
    caller = Caller(keys)
    await survey(Call(caller))
    assert caller.facts == ([f"rating={rating}"] if rating else [])
    assert (caller.said[-1] == P.RATE_THANKS) == (rating is not None)
    assert caller.variables == {"HOTLINE_DONE": "survey"}
