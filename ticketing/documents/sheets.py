"""A column of strips cut into sheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ticketing.documents.canvas import Canvas

Draw = Callable[[float], None]  # told the strip's upper edge

_FRAME = 0.7
_TOLERANCE = 0.01
_SQUEEZES = (1.0, 0.95, 0.9)


def _nothing(top: float) -> None:
    """An empty strip."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A piece of the column that is not divided, as wide as the text.

    Attributes:
        keep: it stays on one sheet with the next one.
        frame: the inner upright lines of a table's row, if it is part of one.
        starts_row: a table's row starts with it.
        elastic: it may be a little lower.
    """

    height: float
    draw: Draw = _nothing
    keep: bool = False
    frame: tuple[float, ...] | None = None
    starts_row: bool = False
    elastic: bool = False

    def also(self, draw: Draw) -> Strip:
        """The same strip with something more in it."""
        before = self.draw

        def both(top: float) -> None:
            before(top)
            draw(top)

        return replace(self, draw=both)


@dataclass(frozen=True, slots=True)
class Column:
    """Where on each sheet the column runs."""

    canvas: Canvas
    left: float
    right: float
    top: float
    bottom: float


def paginate(
    column: Column, strips: Sequence[Strip], foot: Sequence[Strip], marks: Callable[[int], None]
) -> None:
    """Draw ``strips`` on as many sheets as they need; the first begins at the sheet's upper edge.

    Lines come a little closer where that saves a sheet.

    Args:
        foot: what stands at the bottom of the last sheet, below some of the strips.
        marks: draws what every sheet has; told its number, from 1.
    """
    foot_height = sum(strip.height for strip in foot)
    choices = [_sheets(column, strips, squeeze, foot_height) for squeeze in _SQUEEZES]
    sheets = min(choices, key=len)
    for number, sheet in enumerate(sheets, 1):
        column.canvas.new_sheet()
        marks(number)
        _draw_sheet(column, sheet, 0.0 if number == 1 else column.top)
    y = column.bottom - foot_height
    for strip in foot:
        strip.draw(y)
        y += strip.height


def _groups(strips: Sequence[Strip]) -> list[list[Strip]]:
    """Strips that stay together."""
    groups: list[list[Strip]] = []
    open_group = False
    for strip in strips:
        if open_group:
            groups[-1].append(strip)
        else:
            groups.append([strip])
        open_group = strip.keep
    return groups


def _sheets(
    column: Column, strips: Sequence[Strip], squeeze: float, foot_height: float
) -> list[list[Strip]]:
    """The strips of each sheet, lines at ``squeeze`` of their height."""
    squeezed = [
        replace(strip, height=strip.height * squeeze) if strip.elastic else strip
        for strip in strips
    ]
    sheets: list[list[Strip]] = [[]]
    y = 0.0
    groups = _groups(squeezed)
    for place, group in enumerate(groups):
        height = sum(strip.height for strip in group)
        if place == len(groups) - 1:
            height += foot_height
        whole = height <= column.bottom - column.top
        if sheets[-1] and whole and y + height > column.bottom + _TOLERANCE:
            sheets.append([])
            y = column.top
        for strip in group:
            if sheets[-1] and y + strip.height > column.bottom + _TOLERANCE:
                sheets.append([])
                y = column.top
            sheets[-1].append(strip)
            y += strip.height
    if y + foot_height > column.bottom + _TOLERANCE:
        sheets.append([])
    return sheets


def _draw_sheet(column: Column, sheet: Sequence[Strip], top: float) -> None:
    y = top
    for frame, part in groupby(sheet, key=lambda strip: strip.frame):
        part_top = y
        for strip in part:
            strip.draw(y)
            if frame is not None and (strip.starts_row or y == part_top):
                column.canvas.rule(column.left, y, column.right, y, _FRAME)
            y += strip.height
        if frame is not None:
            for x in (column.left, *frame, column.right):
                column.canvas.rule(x, part_top, x, y, _FRAME)
            column.canvas.rule(column.left, y, column.right, y, _FRAME)
