"""Following a log over restarts and rotation: no line lost, none twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.tail import Position, Tail


def lines(tail: Tail) -> list[str]:
    read = []
    while got := [line for _, line in tail.read()]:
        read += got
    return read


@given(st.lists(st.sampled_from(["write", "half", "rotate", "read", "restart"]), max_size=40))
@settings(max_examples=60, deadline=None)
def test_every_line_is_read_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    log = tmp_path_factory.mktemp("log") / "journal.csv"
    tail, written, read, open_half = Tail(log), [], [], False
    for number, step in enumerate(steps):
        if step == "write" or (step == "half" and not open_half):
            with log.open("a") as out:
                out.write(f"end {number}\n" if open_half else f"line {number}")
                if not open_half and step == "write":
                    out.write("\n")
            if open_half:
                written[-1] += f"end {number}"
            else:
                written.append(f"line {number}")
            open_half = step == "half"
        elif step == "rotate" and not open_half:
            tail.rotate(1)
        elif step == "read":
            read += lines(tail)
        elif step == "restart":
            tail = Tail(log, tail.position if tail.position.file else None)
    if open_half:
        with log.open("a") as out:
            out.write("\n")
    assert read + lines(tail) == written


def test_a_position_leads_back_to_its_line(tmp_path: Path) -> None:
    log = tmp_path / "journal.csv"
    log.write_text("one\ntwo\nthree\n")
    positions = {line: position for position, line in Tail(log).read()}
    assert lines(Tail(log, positions["two"])) == ["two", "three"]
    assert lines(Tail(log, Position("0", 5))) == ["one", "two", "three"], "an unknown file"


def test_a_file_cut_short_is_read_again_and_bytes_that_are_no_text_do_no_harm(
    tmp_path: Path,
) -> None:
    log = tmp_path / "journal.csv"
    log.write_bytes(b"a long first line\n")
    tail = Tail(log)
    assert lines(tail) == ["a long first line"]
    log.write_bytes(b"\xff\xfe\n")
    assert lines(tail) == ["��"]


def test_it_waits_for_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    log = tmp_path / "journal.csv"
    tail = Tail(log)
    assert lines(tail) == []
    tail.rotate(1)
    log.write_text("one\n")
    assert lines(tail) == ["one"]
