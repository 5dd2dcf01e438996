"""The picture of ``hotline watch``: how messages change it, and that it fits any terminal."""

from __future__ import annotations

import io
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from ivr.cli.board import Picture, clean, draw, lasting, ranges

NOW = 1_795_293_900.0
ZONE = ZoneInfo("Asia/Shanghai")


def call(number: int, caller: str, stage: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"hotline-1.{number}",
        "caller": caller,
        "stage": stage,
        "queue": None,
        "arrived": NOW - 65,
        "answered": None,
        "seats": [],
        **more,
    }


SNAPSHOT = {
    "type": "snapshot",
    "seq": 7,
    "connected": True,
    "calls": [
        call(1, "13800000001", "talking", answered=NOW - 35, seats=["8001"]),
        call(2, "13800000002", "queue", queue="reception", queued_at=NOW - 20),
        call(3, "13800000003", "menu"),
    ],
    "seats": [
        {"number": "8001", "state": "busy", "since": NOW - 40, "call": "hotline-1.1"},
        {"number": "8002", "state": "idle", "since": NOW - 3700, "call": None},
        {"number": "8003", "state": "unavailable", "since": 0.0, "call": None},
        {"number": "8004", "state": "unavailable", "since": 0.0, "call": None},
    ],
    "queues": [
        {
            "name": "reception",
            "waiting": [{"call": "hotline-1.2", "position": 1, "since": NOW - 20}],
        }
    ],
}
PICTURE = Picture().after(SNAPSHOT)


def lines(picture: Picture, width: int = 80, height: int | None = None) -> list[str]:
    out = Console(file=io.StringIO(), width=width, height=height or 100, color_system=None)
    out.print(draw(picture, now=NOW, zone=ZONE, width=width, height=height))
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue().rstrip("\n").split("\n")


def row(shown: list[str], word: str) -> str:
    found = [line for line in shown if word in line]
    assert len(found) >= 1, shown
    return " ".join(found[-1].split())


def test_what_is_shown_on_80_columns() -> None:
    shown = lines(PICTURE)
    assert row(shown, "12345") == "12345 04:45:00 3 calls 1 waiting 1 talking 1 seats free"
    assert row(shown, "1 13800000002 0:20") == "reception 1 0:20 1 13800000002 0:20"
    assert row(shown, "8002") == "8001 talking 0:40 13800000001 8002 free 1:01:40"
    assert row(shown, "no phone") == "no phone: 8003–8004"
    assert row(shown, "13800000001 ") == "13800000001 talking 8001 1:05 0:35"
    assert row(shown, "in the menu") == "13800000003 in the menu 1:05"


def test_seats_stand_beside_the_calls_on_a_wide_terminal() -> None:
    shown = lines(PICTURE, 150)
    assert row(shown, "Seats") == "Caller stage where called talking Seats 2 of 4"
    assert len(shown) < len(lines(PICTURE))


@pytest.mark.parametrize("width", [80, 150])
def test_wide_characters_keep_the_columns_in_line(width: int) -> None:
    change = {"type": "change", "seq": 8, "calls": [call(3, "市民热线甲", "menu")]}
    shown = lines(PICTURE.after(change), width)
    chinese = next(line for line in shown if "市民热线甲" in line)
    latin = next(line for line in shown if line.startswith("13800000002"))
    assert cell_len(chinese.partition("in the")[0]) == cell_len(latin.partition("waiting")[0])


def test_a_change_adds_alters_and_removes() -> None:
    picture = PICTURE.after(
        {
            "type": "change",
            "seq": 8,
            "connected": True,
            "calls": [call(2, "13800000002", "talking"), call(4, "13800000004", "menu")],
            "gone_calls": ["hotline-1.1"],
            "gone_seats": ["8004"],
        }
    )
    assert sorted(picture.calls) == ["hotline-1.2", "hotline-1.3", "hotline-1.4"]
    assert picture.calls["hotline-1.2"]["stage"] == "talking"
    assert sorted(picture.seats) == ["8001", "8002", "8003"]
    assert picture.queues == PICTURE.queues
    assert PICTURE.calls["hotline-1.2"]["stage"] == "queue"


def test_a_snapshot_replaces_everything() -> None:
    picture = PICTURE.after({"type": "snapshot", "seq": 1, "connected": True, "calls": []})
    assert (picture.calls, picture.seats, picture.queues) == ({}, {}, {})


def test_a_change_that_is_not_about_asterisk_leaves_its_state() -> None:
    away = PICTURE.after({"type": "change", "seq": 8, "connected": False})
    assert not away.after({"type": "change", "seq": 9, "recorded": ["hotline-1.1"]}).connected


@pytest.mark.parametrize("width", [80, 150])
def test_trouble_is_said_plainly(width: int) -> None:
    away = PICTURE.after({"type": "change", "seq": 8, "connected": False})
    assert "Asterisk is away" in lines(away, width)[1]
    lost = away.after({"type": "lost"})
    assert "Connection lost" in lines(lost, width)[1]
    assert "13800000001" in "".join(lines(lost, width))
    assert lines(lost.after(SNAPSHOT), width) == lines(PICTURE, width)


def test_a_caller_cannot_steer_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[bold]x\u202e\r\n"
    picture = PICTURE.after(
        {
            "type": "change",
            "seq": 8,
            "calls": [call(n, evil, stage) for n, stage in ((1, "talking"), (2, "queue"))],
        }
    )
    shown = "".join(lines(picture, 150))
    assert "?]0;owned??[2J[bold]x???" in shown
    assert not any(c in shown for c in "\x1b\x07\r\u202e")


numbers = st.integers(0, 60)


@given(
    calls=numbers,
    seats=numbers,
    away=numbers,
    width=st.integers(60, 200),
    height=st.integers(20, 70),
)
def test_it_fits_every_terminal(calls: int, seats: int, away: int, width: int, height: int) -> None:
    stages = ("menu", "queue", "talking", "after")
    all_calls = [
        call(n, "1380000" * (n % 3) + "市民", stages[n % 4], seats=[str(8001 + n)])
        for n in range(calls)
    ]
    waiting = [
        {"call": c["id"], "position": n, "since": NOW - n} for n, c in enumerate(all_calls, 1)
    ]
    picture = Picture().after(
        {
            "type": "snapshot",
            "seq": 1,
            "connected": False,
            "calls": all_calls,
            "seats": [
                {
                    "number": str(8001 + n),
                    "state": "unavailable" if n >= seats else ("idle", "busy", "new")[n % 3],
                    "since": NOW - 9999 * n,
                    "call": f"hotline-1.{n}" if n % 3 == 1 else None,
                }
                for n in range(seats + away)
            ],
            "queues": [{"name": name, "waiting": waiting} for name in ("reception", "night")],
        }
    )
    shown = lines(picture, width, height)
    assert len(shown) <= height
    assert all(cell_len(line) <= width for line in shown)
    if calls > height:
        assert "more" in "".join(shown)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (-3, "0:00"), (59.9, "0:59"), (60, "1:00"), (3661, "1:01:01")],
)
def test_how_long(seconds: float, text: str) -> None:
    assert lasting(NOW - seconds, NOW) == text
    assert lasting(None, NOW) == ""


@pytest.mark.parametrize(
    ("numbers_", "text"),
    [
        ([], ""),
        (["8001"], "8001"),
        (["8003", "8001", "8002", "8010", "999"], "999, 8001–8003, 8010"),
    ],
)
def test_ranges(numbers_: list[str], text: str) -> None:
    assert ranges(numbers_) == text


@given(st.text())
def test_clean_text_is_printable_and_as_long(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) == len(text)
