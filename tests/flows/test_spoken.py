"""An answer may be spoken instead of pressed: keys win, silence and doubt count as nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from ivr.agi import Reply
from ivr.call import Call
from ivr.prompts import P

SPOKEN = {"1": ("상담원",), "3": ("메시지",)}
SECOND = 8000


@dataclass
class Caller:
    """Answers each recording with what is next in ``says``: seconds of it, and a key or none."""

    says: list[tuple[float, str]]
    keys: str = ""
    env: Mapping[str, str] = field(default_factory=lambda: {"agi_language": "ko"})
    call_id: str = "h-1.0"
    told: list[tuple[str, ...]] = field(default_factory=list)

    async def command(
        self, name: str, *args: str, timeout: float | None = None, after_hangup: bool = False
    ) -> Reply:
        self.told.append((name, *args))
        if name == "RECORD FILE":
            seconds, key = self.says.pop(0) if self.says else (1.0, "")
            number, why = (ord(key), "dtmf") if key else (1002, "timeout")  # as Asterisk does
            return Reply(str(number), why, int(seconds * SECOND), "")
        if name == "WAIT FOR DIGIT":
            await asyncio.sleep(0)
            key, self.keys = self.keys[:1], self.keys[1:]
            return Reply(str(ord(key) if key else 0), None, None, "")
        return Reply("0", None, None, "")

    def count(self, name: str) -> int:
        return sum(told[0] == name for told in self.told)


@dataclass
class Ears:
    """Understands ``means``, after as many turns of the loop as ``takes``."""

    means: str | None = None
    takes: int = 1
    known: bool = True
    heard: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    cancelled: bool = False
    places: int = 0

    def knows(self, language: str) -> bool:
        return self.known and language == "ko"

    def place(self) -> str:
        self.places += 1
        return f"/answers/{self.places}"

    def forget(self, place: str) -> None:
        self.forgotten.append(place)

    async def hear(
        self, place: str, language: str, phrases: Mapping[str, Sequence[str]]
    ) -> str | None:
        assert phrases == SPOKEN
        self.heard.append(place)
        try:
            for _ in range(self.takes):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return self.means


async def ask(caller: Caller, ears: Ears | None, tries: int = 1) -> str | None:
    return await Call(caller, ears).ask(P.MAIN_MENU, keys="123", tries=tries, spoken=SPOKEN)


async def test_a_spoken_word_is_the_key_it_means() -> None:
    ears = Ears(means="1")
    assert await ask(Caller([(1.0, ""), (2.2, "")]), ears) == "1"
    assert ears.heard == ["/answers/2"]
    assert ears.forgotten == ["/answers/1"], "a second of silence is not worth hearing"


async def test_a_key_wins_while_one_speaks_and_while_it_is_heard() -> None:
    ears = Ears(means="1")
    assert await ask(Caller([(0.7, "3")]), ears) == "3"
    assert ears.heard == []
    assert ears.forgotten == ["/answers/1"]
    slow = Ears(means="1", takes=1000)
    assert await ask(Caller([(2.5, "")], keys="3"), slow) == "3"
    await asyncio.sleep(0)
    assert slow.cancelled


async def test_who_says_nothing_is_asked_as_often_as_without_ears() -> None:
    ears, caller = Ears(means="1"), Caller([])
    assert await ask(caller, ears, tries=2) is None
    assert ears.heard == []
    assert caller.count("RECORD FILE") == 2 * 5, "five seconds, a second of silence at a time"


async def test_what_is_not_understood_is_asked_again() -> None:
    caller = Caller([(3.0, ""), (0.4, "2")])
    assert await ask(caller, Ears(means=None), tries=2) == "2"
    assert ("STREAM FILE", f"hotline/{P.NO_KEY.value}", "0123456789*#") in caller.told


@pytest.mark.parametrize("ears", [None, Ears(known=False)])
async def test_without_ears_for_the_language_only_keys_are_waited_for(ears: Ears | None) -> None:
    caller = Caller([], keys="2")
    assert await ask(caller, ears) == "2"
    assert caller.count("RECORD FILE") == 0
