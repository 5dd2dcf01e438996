"""A key that Asterisk's queue took for none is pressed again, once."""

from __future__ import annotations

import asyncio

import pytest

from ivr import lostkeys
from ivr.errors import AmiTimeout
from ivr.lostkeys import LostKeys

CALL, CHANNEL = "h-1.1", "PJSIP/trunk-00000001"


class Queue:
    """Asterisk's queue: who waits there, and the keys pressed for them."""

    def __init__(self) -> None:
        self.waiting = {CALL}
        self.pressed: list[tuple[str, str]] = []
        self.broken = False
        self.silent = False
        self.keys = LostKeys(self.waiting.__contains__, self.press)

    async def press(self, channel: str, key: str) -> None:
        if self.broken:
            raise AmiTimeout("no answer")
        self.pressed.append((channel, key))
        if not self.silent:
            self.hear(key)  # Asterisk tells of our key as of the caller's own

    def hear(self, key: str, direction: str = "Received") -> None:
        event = {"Event": "DTMFEnd", "Uniqueid": CALL, "Channel": CHANNEL, "Digit": key}
        self.keys.take({**event, "Direction": direction})


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    monkeypatch.setattr(lostkeys, "_MOMENT_SECONDS", 0.0)
    return Queue()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_key_that_led_nowhere_is_pressed_once_more(queue: Queue) -> None:
    queue.hear("3")
    await settle()
    assert queue.pressed == [(CHANNEL, "3")]


async def test_the_next_key_of_the_same_caller_is_the_callers_again(queue: Queue) -> None:
    for _ in range(2):
        queue.hear("3")
        await settle()
    assert queue.pressed == [(CHANNEL, "3")] * 2


async def test_a_key_that_led_out_of_the_queue_is_not_pressed_again(queue: Queue) -> None:
    queue.hear("3")
    queue.waiting.clear()
    await settle()
    assert queue.pressed == []


@pytest.mark.parametrize(("key", "direction"), [("7", "Received"), ("3", "Sent")])
async def test_other_keys_are_nothing_to_us(queue: Queue, key: str, direction: str) -> None:
    queue.hear(key, direction)
    await settle()
    assert queue.pressed == []


async def test_a_key_outside_the_queue_is_nothing_to_us(queue: Queue) -> None:
    queue.waiting.clear()
    queue.hear("3")
    queue.waiting.add(CALL)
    await settle()
    assert queue.pressed == []


async def test_when_asterisk_does_not_press_it_the_callers_next_key_counts(queue: Queue) -> None:
    queue.broken = True
    queue.hear("3")
    await settle()
    queue.broken = False
    queue.hear("3")
    await settle()
    assert queue.pressed == [(CHANNEL, "3")]


async def test_a_caller_who_left_and_waits_again_is_heard_again(queue: Queue) -> None:
    queue.silent = True  # the call was gone before our key came to it
    queue.hear("3")
    await settle()
    queue.keys.take({"Event": "QueueCallerLeave", "Uniqueid": CALL})
    queue.hear("3")
    await settle()
    assert queue.pressed == [(CHANNEL, "3")] * 2
