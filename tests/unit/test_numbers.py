"""What the carrier's headers say of the numbers of a call (T2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.numbers import Signalled, plain, signalled

FROM_12333 = Signalled("12345", ("12333",))


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ("12345", "12345"),
        ("+8612345", "12345"),
        ("0086-0715-12345", "071512345"),
        ("+8671512333", "71512333"),
        ("", "12345"),
        ("<script>", "12345"),
    ],
)
def test_the_number_called(called: str, expected: str) -> None:
    assert signalled(called) == Signalled(expected)


@pytest.mark.parametrize(
    ("diversion", "oldest_first"),
    [
        ("<sip:12333@carrier.example>;reason=unconditional", ("12333",)),
        ('"Bureau, of" <sip:12333@c.example>;reason=unconditional', ("12333",)),
        ("<tel:+86-12333>", ("12333",)),
        ("<tel:12333;phone-context=+86715>;reason=user-busy", ("12333",)),
        ("sips:12333;npdi@c.example", ("12333",)),
        ("<SIP:0715-12333@c.example:5060;transport=tcp>", ("071512333",)),
        ("<sip:+86%2012333@c.example>", ("12333",)),
        ("<sip:12333?Reason=SIP@c.example>", ("12333",)),
        # the newest diversion comes first: the citizen dialled the oldest
        ("<sip:12329@c.example>,<sip:12333@c.example>", ("12333", "12329")),
        ("<sip:12329@c>,<sip:anonymous@c>,<sip:12333@c>", ("12333", "12329")),
        ("12333", ("12333",)),
        ("12333;reason=no-answer", ("12333",)),
        # what looks like an address within a name is none
        ('"sip:110@police, <sip:119@fire>" <sip:12333@c>', ("12333",)),
        (r'"a \" quoted, <sip:119@fire>" <sip:12333@c>', ("12333",)),
        ("sip:110 <sip:12333@c>", ("12333",)),
        ("<sip:anonymous@c>", ()),
        ("<sip:x&line=110@c>", ()),
        ("<sip:12@c>", ()),
        ("<sip:1234567890123456@c>", ()),
        ("<mailto:12333@c>", ()),
        ("<sip:１２３３３@c>", ()),
        (",,;<>", ()),
    ],
)
def test_diversions(diversion: str, oldest_first: tuple[str, ...]) -> None:
    assert signalled("12345", diversion) == Signalled("12345", oldest_first)


@pytest.mark.parametrize(
    ("history", "oldest_first"),
    [
        ("<sip:12333@c>;index=1,<sip:12345@c>;index=1.1", ("12333",)),
        ("<sip:12345@c>;index=1.1, <sip:12333@c>;index=1", ("12333",)),
        (
            "<sip:12333@c?Reason=SIP%3Bcause%3D302>;index=1, <sip:12345@c>;index=1.1;mp=1",
            ("12333",),
        ),
        # ten comes after two, and a branch after its stem
        (
            "<sip:12329@c>;index=1.10,<sip:12333@c>;index=1.2,<sip:12345@c>;index=1.10.1",
            ("12333", "12329"),
        ),
        ("<sip:12333@c>,<sip:12345@c>", ("12333",)),
        ("<sip:12333@c>;index=1", ("12333",)),  # the carrier left us out
        ("<sip:12345@c>;index=1", ()),  # the request itself
        ("<sip:12333@c>;index=99999999999999999999,<sip:12345@c>;index=2", ("12333",)),
    ],
)
def test_history(history: str, oldest_first: tuple[str, ...]) -> None:
    assert signalled("12345", "", history) == Signalled("12345", (), oldest_first)


@pytest.mark.parametrize(
    ("number", "expected"),
    [("+86 12333", "12333"), ("0086-12333", "12333"), ("abc", ""), ("1", ""), ("１２３４５", "")],
)
def test_plain_numbers(number: str, expected: str) -> None:
    assert plain(number) == expected


@given(st.text(), st.text(), st.text())
def test_hostile_headers_give_nothing_but_digits(called: str, diversion: str, history: str) -> None:
    came = signalled(called, diversion, history)
    for number in (came.dialled, *came.diversions, *came.history):
        assert number.isascii()
        assert number.isdigit()
        assert 3 <= len(number) <= 15
