"""Which line a call came in on (T2, T3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.numbers import Arrival, arrival, plain

DIRECT = Arrival("12345", None, "12345")
FROM_12333 = Arrival("12333", "12333", "12333")


@pytest.mark.parametrize(
    ("called", "diversion", "history", "expected"),
    [
        ("12345", "", "", DIRECT),
        ("+8612345", "", "", DIRECT),
        ("12345", "<sip:12333@carrier.example>;reason=unconditional", "", FROM_12333),
        ("12345", '"Bureau, of" <sip:12333@c.example>;reason=unconditional', "", FROM_12333),
        ("12345", "<tel:+86-12333>", "", FROM_12333),
        # the newest diversion comes first: the citizen dialled the oldest
        ("12345", "<sip:12329@c.example>,<sip:12333@c.example>", "", FROM_12333),
        ("12345", "", "<sip:12333@c>;index=1,<sip:12345@c>;index=1.1", FROM_12333),
        ("12345", "", "<sip:12345@c>;index=1.1, <sip:12333@c>;index=1", FROM_12333),
        ("12345", "", "<sip:12345@c>;index=1", DIRECT),
        ("12345", "<sip:anonymous@c>", "", DIRECT),
        ("12345", "<sip:043312345@c>", "", DIRECT),
        ("12333", "", "", Arrival("12333", None, "12333")),
    ],
)
def test_lines(called: str, diversion: str, history: str, expected: Arrival) -> None:
    assert arrival(called, diversion, history) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [("+86 12333", "12333"), ("0086-12333", "12333"), ("abc", ""), ("1", ""), ("１２３４５", "")],
)
def test_plain_numbers(number: str, expected: str) -> None:
    assert plain(number) == expected


@given(st.text(), st.text(), st.text())
def test_hostile_headers_always_give_a_line_of_digits(
    called: str, diversion: str, history: str
) -> None:
    came = arrival(called, diversion, history)
    assert came.line.isascii()
    assert came.line.isdigit()
    assert came.dialled.isdigit()
