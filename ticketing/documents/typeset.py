"""Breaks Chinese text into lines (避头尾): pure, and told how wide a character is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_NOT_FIRST = frozenset("，。、；：？！）》〉」』】〕”’…·%‰℃,.;:?!)]}")
_NOT_LAST = frozenset("（《〈「『【〔“‘([{¥$№")
_WORD = re.compile(r"[0-9A-Za-zÀ-ɏ@#&_/.,:+~'’-]*[0-9A-Za-zÀ-ɏ]|.", re.DOTALL)

_MOST_CARRIED = 6

Measure = Callable[[str], float]  # the width of some characters


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text.

    Attributes:
        slack: what is left of the line's width.
        last: whether it ends its paragraph, so that it is not stretched.
    """

    text: str
    slack: float
    last: bool


def pieces(text: str) -> Iterator[str]:
    """What may not be divided: a Latin word or number, or one character."""
    return (match.group() for match in _WORD.finditer(text))


def break_lines(text: str, measure: Measure, width: float, indent: float = 0.0) -> list[Line]:
    """``text`` in lines of ``width``; the first is shorter by ``indent``.

    No line starts with a closing mark or ends with an opening one, unless nothing else fits. A
    word too long for any line is divided. At least one line, even for no text.

    Args:
        measure: the width of some characters; the widths of parts add up to that of the whole.
    """
    lines: list[Line] = []
    held: list[str] = []
    used, room = 0.0, width - indent
    for piece in _fitting(text, measure, width):
        piece_width = measure(piece)
        if held and used + piece_width > room:
            carried = _carried(held, piece)
            if measure("".join(carried)) + piece_width > width:
                held, carried = held + carried, []
            line = "".join(held).rstrip(" ")
            lines.append(Line(line, room - measure(line), last=False))
            held, room = carried, width
            used = measure("".join(held))
        if held or piece != " " or not lines:
            held.append(piece)
            used += piece_width
    line = "".join(held).rstrip(" ")
    lines.append(Line(line, room - measure(line), last=True))
    return lines


def _carried(held: list[str], following: str) -> list[str]:
    """Takes from the end of ``held`` what must go down to the next line with ``following``."""
    carried: list[str] = []
    first = following
    while len(held) > 1 and (first[0] in _NOT_FIRST or held[-1][-1] in _NOT_LAST):
        first = held.pop()
        carried.insert(0, first)
        if len(carried) == _MOST_CARRIED:
            held.extend(carried)  # a row of marks only: break where the line is full
            return []
    return carried


def _fitting(text: str, measure: Measure, width: float) -> Iterator[str]:
    for piece in pieces(text):
        if len(piece) > 1 and measure(piece) > width:
            yield from piece
        else:
            yield piece


def balanced(text: str, measure: Measure, width: float) -> list[str]:
    """``text`` in as few lines as needed, all of about the same width: for titles."""
    count = len(break_lines(text, measure, width))
    whole = measure(text)
    for share in range(20):
        narrower = min(width, whole / count * (1 + share / 20))
        lines = break_lines(text, measure, narrower)
        if len(lines) == count:
            return [line.text for line in lines]
    return [line.text for line in break_lines(text, measure, width)]
