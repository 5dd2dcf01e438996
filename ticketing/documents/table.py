"""A paper's table as strips: each line of a row is one, so that a long row may be divided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from ticketing.documents.canvas import Canvas, Face, Style
from ticketing.documents.model import (
    ROW_LINE,
    ROW_PADDING,
    SIZE_4,
    TABLE_LABEL_WIDTH,
    Cell,
    Row,
    clean,
    clean_lines,
)
from ticketing.documents.sheets import Strip
from ticketing.documents.typeset import balanced, break_lines

_SIDE = 5.0  # left and right of a cell's text
_WHOLE = 4  # a row of no more lines is not divided

_LABEL = Style(Face.HEADING, SIZE_4)
_VALUE = Style(Face.TEXT, SIZE_4)


def table_strips(canvas: Canvas, rows: Sequence[Row], left: float, right: float) -> Iterable[Strip]:
    """The rows of a table between ``left`` and ``right``."""
    for row in rows:
        yield from _row_strips(canvas, row, left, right)


def _row_strips(canvas: Canvas, row: Row, left: float, right: float) -> Iterable[Strip]:
    width = (right - left) / len(row.cells)
    cells = [
        (left + place * width, _label(canvas, cell), _value(canvas, cell, width))
        for place, cell in enumerate(row.cells)
    ]
    count = max(row.lines, *(max(len(label), len(value)) for _, label, value in cells))
    inner = [x + TABLE_LABEL_WIDTH for x, _, _ in cells] + [x for x, _, _ in cells[1:]]
    for line in range(count):
        first, last = line == 0, line == count - 1
        strip = Strip(
            height=ROW_LINE + ROW_PADDING * (first + last),
            keep=not last and (count <= _WHOLE or line in (0, count - 2)),
            frame=tuple(inner),
            starts_row=first,
        )
        for x, label, value in cells:
            for texts, at, end, style in (
                (label, x, x + TABLE_LABEL_WIDTH, _LABEL),
                (value, x + TABLE_LABEL_WIDTH, x + width, _VALUE),
            ):
                shift = (count - len(texts)) / 2  # in the middle of the row, maybe by half a line
                place = line - int(shift)
                if 0 <= place < len(texts):
                    text, drop = texts[place], (shift % 1) * ROW_LINE + ROW_PADDING * first
                    start = at + _SIDE if style is _VALUE else _middle(canvas, text, at, end)
                    strip = strip.also(partial(_draw, canvas, text, start, drop, style))
        yield strip


def _draw(canvas: Canvas, text: str, x: float, drop: float, style: Style, top: float) -> None:
    canvas.write(text, x, top + drop + ROW_LINE / 2, style)


def _middle(canvas: Canvas, text: str, left: float, right: float) -> float:
    return left + (right - left - canvas.width(text, _LABEL)) / 2


def _label(canvas: Canvas, cell: Cell) -> list[str]:
    measure = partial(canvas.width, style=_LABEL)
    return balanced(clean(cell.label), measure, TABLE_LABEL_WIDTH - _SIDE)


def _value(canvas: Canvas, cell: Cell, width: float) -> list[str]:
    measure = partial(canvas.width, style=_VALUE)
    room = width - TABLE_LABEL_WIDTH - 2 * _SIDE
    paragraphs = clean_lines(cell.value)
    return [line.text for text in paragraphs for line in break_lines(text, measure, room)]
