"""What ``hotline demo`` tells of a call, which seats it takes, and what its people say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ivr.asterisk_files import SOUNDS
from ivr.cli.demo import line, without_phone
from ivr.demo import speech
from ivr.demo.actors import caller_of
from ivr.demo.sound import RATE, loudness, read_sound
from ivr.errors import PhoneError

RECORD = {
    "caller": "13800000001",
    "language": "zh",
    "menu": "1>1",
    "seat": "8003",
    "arrived_at": "2026-11-21T12:00:00Z",
    "queued_at": "2026-11-21T12:00:10Z",
    "answered_at": "2026-11-21T12:00:15.2Z",
    "ended_at": "2026-11-21T12:00:50Z",
    "outcome": "answered",
    "rating": "satisfied",
    "message": None,
}


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "13800000001 → 8003, 35 s, satisfied"),
        ({"rating": None, "language": "ko"}, "13800000001 (ko) → 8003, 35 s, not rated"),
        ({"outcome": "abandoned_in_queue"}, "13800000001 gave up after 40 s in the queue"),
        ({"outcome": "abandoned_in_menu"}, "13800000001 hung up in the menu after 50 s"),
        (
            {"outcome": "abandoned_in_menu", "menu": "2>2"},
            "13800000001 asked for the progress of an order, 50 s",
        ),
        (
            {"outcome": "abandoned_in_menu", "menu": "2"},  # only the language was chosen
            "13800000001 hung up in the menu after 50 s",
        ),
        ({"outcome": "message_left", "message": "m/1.wav"}, "13800000001 left a message: m/1.wav"),
        ({"outcome": "failed", "answered_at": None}, "13800000001: the call failed"),
        ({"caller": "\x1b[2J"}, "?[2J → 8003, 35 s, satisfied"),
    ],
)
def test_a_call_in_one_line(changed: dict[str, Any], text: str) -> None:
    assert line({**RECORD, **changed}) == text


CONTACTS = """
  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>
==========================================================================================

  Contact:  8001/sip:8001-0x55556d884850@127.0.0.1:50479   fa9b66cf16 NonQual        -nan
  Contact:  8006/sips:8002@192.0.2.7:5061;transport=tls    871f5e02f7 Avail         0.671

Objects found: 2
"""


def test_agents_are_simulated_where_no_phone_is() -> None:
    rosters = {8003: "all", 8001: "all", 8002: "all", 8004: "day", 8005: "night", 8006: "all"}
    seats = [{"number": str(number), "roster": when} for number, when in rosters.items()]
    assert without_phone(seats, CONTACTS, "day") == ["8002", "8003", "8004"]
    assert without_phone(seats, CONTACTS, "night") == ["8002", "8003", "8005"]
    assert without_phone(seats, "No objects found.", "night")[0] == "8001"


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("sip:13800000001@127.0.0.1", "13800000001"),
        ("<sips:1001@[::1]:5061;transport=tls>", "1001"),
        ("sip:127.0.0.1", "?"),
        ("", "?"),
    ],
)
def test_the_caller_of_an_address(address: str, caller: str) -> None:
    assert caller_of(address) == caller


def test_people_really_speak(tmp_path: Path) -> None:
    said = speech.prepare(SOUNDS, tmp_path, ["8001", "8020"])
    assert sorted(said.seats) == ["8001", "8020"]
    for file, seconds in [
        *((file, 20) for file in said.citizens.values()),
        *((file, 60) for file in said.seats.values()),
    ]:
        samples, rate = read_sound(file)
        assert rate == RATE
        assert seconds <= len(samples) / RATE < seconds + 10
        assert loudness(samples) > 300
    assert said.citizens["zh"].read_bytes() != said.citizens["ko"].read_bytes()
    assert said.seats["8001"].read_bytes() != said.seats["8020"].read_bytes()
    assert all(3 < seconds < 15 for seconds in said.intro.values())


def test_people_without_sounds_say_so(tmp_path: Path) -> None:
    with pytest.raises(PhoneError, match="nothing to say"):
        speech.prepare(tmp_path, tmp_path, ["8001"])
