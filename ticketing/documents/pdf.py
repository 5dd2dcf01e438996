"""An official paper as PDF, laid out by GB/T 9704-2012, with its typefaces in the file.

The paper becomes a column of strips, none of which is divided; the column is cut into sheets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ticketing.documents.canvas import Canvas, Face, Style
from ticketing.documents.model import (
    CHARACTERS_A_LINE,
    HEAD_BELOW_TEXT_TOP_MM,
    LEFT_MM,
    LETTER_FOOT_MM,
    LETTER_HEAD_MM,
    LETTER_RULE_MM,
    LINES_A_PAGE,
    PAGE_HEIGHT_MM,
    PAGE_NUMBER_BELOW_MM,
    PAGE_WIDTH_MM,
    RULE_BELOW_MM,
    SIZE_2,
    SIZE_3,
    SIZE_4,
    TEXT_HEIGHT_MM,
    TEXT_WIDTH_MM,
    TITLE_CHARACTERS_A_LINE,
    TOP_MM,
    Layout,
    OfficialPaper,
    attachment_lines,
    chinese_date,
    clean,
    clean_lines,
    head,
    is_heading,
    recipients,
    signature,
)
from ticketing.documents.sheets import Column, Strip, paginate
from ticketing.documents.table import table_strips
from ticketing.documents.typefaces import MISSING, Typefaces, free_typefaces
from ticketing.documents.typeset import balanced, break_lines

MM = 72 / 25.4
LEFT, TOP = LEFT_MM * MM, TOP_MM * MM
WIDTH, HEIGHT = TEXT_WIDTH_MM * MM, TEXT_HEIGHT_MM * MM
RIGHT, BOTTOM = LEFT + WIDTH, TOP + HEIGHT
LINE = HEIGHT / LINES_A_PAGE
CHARACTER = WIDTH / CHARACTERS_A_LINE
RULE_BELOW = RULE_BELOW_MM * MM

TEXT = Style(Face.TEXT, SIZE_3, CHARACTER - SIZE_3)
HEADING = Style(Face.HEADING, SIZE_3, CHARACTER - SIZE_3)
TITLE = Style(Face.TITLE, SIZE_2)
SMALL = Style(Face.TEXT, SIZE_4)
_TITLE_LINE = 32.0
_SMALL_LINE = 22.0
_COPIES = "抄送："
_ROUNDING = 0.5  # 28 characters must fit into their own width
_STRETCHED = 3 * CHARACTER  # a line that lacks more is left ragged


def write_pdf(paper: OfficialPaper, typefaces: Typefaces | None = None) -> bytes:
    """``paper`` as PDF.

    Args:
        typefaces: an office's own; the free ones if None.

    Raises:
        OSError: a typeface's file cannot be read.
    """
    return _Composer(paper, Canvas(paper, typefaces or free_typefaces())).compose()


class _Composer:
    def __init__(self, paper: OfficialPaper, canvas: Canvas) -> None:
        self._paper = paper
        self._canvas = canvas
        self._letter = paper.layout is Layout.LETTER

    def compose(self) -> bytes:
        text = list(self._text())
        if text:
            text[-1] = replace(text[-1], keep=True)  # a signature is never alone on a sheet
        strips, imprint = [*self._opening(), *text, *self._end()], self._imprint()
        missing = self._missing_characters()
        if missing:
            strips[-1] = replace(strips[-1], keep=True)
        strips += missing
        column = Column(self._canvas, LEFT, RIGHT, TOP, BOTTOM)
        paginate(column, strips, imprint, self._page_marks)
        return self._canvas.file()

    # the head of the first sheet

    def _opening(self) -> list[Strip]:
        """What stands above the text; the first strip begins at the upper edge of the sheet."""
        text, size = head(self._paper)
        style = Style(Face.TITLE, size, red=True)
        lines = balanced(text, partial(self._canvas.width, style=style), WIDTH)
        head_top = (LETTER_HEAD_MM if self._letter else TOP_MM + HEAD_BELOW_TEXT_TOP_MM) * MM
        head_bottom = head_top + len(lines) * size * 1.2
        number_top = head_bottom + (RULE_BELOW + 6 if self._letter else 2 * LINE)
        rule = RULE_BELOW + (head_bottom if self._letter else number_top + LINE)
        text_top = number_top + LINE if self._letter else rule
        strip = Strip(
            height=text_top,
            draw=lambda _: self._draw_opening(lines, style, head_top, number_top, rule),
            keep=True,
        )
        for text in (self._paper.number, self._paper.signer, self._paper.urgency):
            self._canvas.width(clean(text), TEXT)  # what cannot be printed must be known early
        return [
            strip,
            Strip(2 * LINE, keep=True, elastic=True),
            *self._title(),
            Strip(LINE, keep=True, elastic=True),
        ]

    def _draw_opening(
        self, lines: list[str], style: Style, head_top: float, number_top: float, rule: float
    ) -> None:
        canvas, paper = self._canvas, self._paper
        for place, line in enumerate(lines):
            self._centred(line, head_top + (place + 0.5) * style.size * 1.2, style)
        number, middle = clean(paper.number), number_top + LINE / 2
        signer = "" if self._letter else clean(paper.signer)
        room = WIDTH - 2 * CHARACTER
        if self._letter:
            fitted = self._fitted(number, WIDTH - 4 * CHARACTER, TEXT)
            canvas.write(number, RIGHT - canvas.width(number, fitted), middle, fitted)
            self._double_rule(rule, thick_first=True)
        elif signer:
            fitted = self._fitted(number, room * 0.55, TEXT)
            canvas.write(number, LEFT + CHARACTER, middle, fitted)
            label = f"签发人：{signer}"
            fitted = self._fitted(label, room * 0.4, TEXT)
            x = RIGHT - CHARACTER - canvas.width(label, fitted)
            canvas.write(label, x, middle, fitted)
        else:
            self._centred(number, middle, self._fitted(number, room, TEXT))
        if not self._letter:
            canvas.rule(LEFT, rule, RIGHT, rule, 1.5, red=True)
        urgency = clean(paper.urgency)
        fitted = self._fitted(urgency, 4 * CHARACTER if self._letter else WIDTH, HEADING)
        canvas.write(urgency, LEFT, middle if self._letter else TOP + LINE / 2, fitted)

    def _fitted(self, text: str, room: float, style: Style) -> Style:
        """``style``, smaller if ``text`` needs more room than there is."""
        width = self._canvas.width(text, style)
        if width <= room:
            return style
        share = room / width
        return replace(style, size=style.size * share, spacing=style.spacing * share)

    def _title(self) -> Iterable[Strip]:
        width = min(WIDTH, TITLE_CHARACTERS_A_LINE * SIZE_2)
        for text in clean_lines(self._paper.title):
            for line in balanced(text, partial(self._canvas.width, style=TITLE), width):
                yield Strip(_TITLE_LINE, partial(self._centred_strip, line, TITLE), keep=True)

    def _centred_strip(self, line: str, style: Style, top: float) -> None:
        self._centred(line, top + _TITLE_LINE / 2, style)

    def _centred(self, text: str, middle: float, style: Style) -> None:
        left = LEFT + (WIDTH - self._canvas.width(text, style)) / 2
        self._canvas.write(text, left, middle, style)

    # the text

    def _text(self) -> Iterable[Strip]:
        paper = self._paper
        yield from self._paragraph(recipients(paper), indent=0, keep_first=True)
        yield from self._paragraphs(paper.paragraphs)
        if paper.rows:
            yield Strip(LINE / 3, elastic=True)
            yield from table_strips(self._canvas, paper.rows, LEFT, RIGHT)
        if paper.closing:
            yield Strip(LINE / 3, elastic=True)
            yield from self._paragraphs(paper.closing)
        attachments = attachment_lines(paper)
        if attachments:
            yield Strip(LINE, keep=True, elastic=True)
            yield from self._attachments(attachments)

    def _paragraphs(self, texts: Iterable[str]) -> Iterable[Strip]:
        for text in texts:
            for line in clean_lines(text):
                heading = is_heading(line)
                style = HEADING if heading else TEXT
                yield from self._paragraph(line, style=style, keep_first=heading)

    def _paragraph(
        self,
        text: str,
        *,
        indent: float = 2,
        left: float = LEFT,
        style: Style = TEXT,
        keep_first: bool = False,
    ) -> Iterable[Strip]:
        """Lines of ``text``; ``indent`` in characters. One line is never alone on a sheet."""
        if not text:
            return
        measure = partial(self._canvas.width, style=style)
        lines = break_lines(text, measure, RIGHT - left + _ROUNDING, indent * CHARACTER)
        for place, line in enumerate(lines):
            gaps = max(1, len(line.text) - 1)
            stretched = not line.last and abs(line.slack) < _STRETCHED
            yield Strip(
                LINE,
                partial(
                    self._draw_line,
                    line.text,
                    left + (0 if place else indent * CHARACTER),
                    style,
                    (line.slack - _ROUNDING) / gaps if stretched else 0.0,
                ),
                keep=keep_first or (len(lines) > 1 and place in (0, len(lines) - 2)),
                elastic=True,
            )

    def _draw_line(self, text: str, x: float, style: Style, stretch: float, top: float) -> None:
        self._canvas.write(text, x, top + LINE / 2, style, stretch)

    def _attachments(self, names: tuple[str, ...]) -> Iterable[Strip]:
        label = "附件："
        hang = LEFT + 5 * CHARACTER
        for place, name in enumerate(names):
            strips = list(self._paragraph(name, indent=0, left=hang))
            if place == 0:
                draw = partial(self._draw_line, label, LEFT + 2 * CHARACTER, TEXT, 0.0)
                strips[0] = strips[0].also(draw)
            yield from (replace(strip, keep=True) for strip in strips)

    # the end

    def _end(self) -> Iterable[Strip]:
        """Signature and date; the two lines above the seal leave room for it."""
        canvas, paper = self._canvas, self._paper
        day = chinese_date(paper.date)
        day_width = canvas.width(day, TEXT)
        measure = partial(canvas.width, style=TEXT)
        names = balanced(signature(paper), measure, WIDTH)
        widest = max(measure(name) for name in names)
        middle = RIGHT - max(4 * CHARACTER + day_width / 2, widest / 2)
        yield Strip(2 * LINE, keep=True, elastic=True)
        for name in names:
            yield Strip(
                LINE,
                partial(self._draw_line, name, middle - measure(name) / 2, TEXT, 0.0),
                keep=True,
            )
        note = clean(paper.note)
        left = middle - day_width / 2
        yield Strip(LINE, partial(self._draw_line, day, left, TEXT, 0.0), keep=bool(note))
        if note:
            yield from self._paragraph(f"（{note}）")

    def _missing_characters(self) -> list[Strip]:
        """Says which characters could not be printed; everything else must be laid out before."""
        if not self._canvas.missing:
            return []
        codes = "、".join(f"U+{ord(c):04X}" for c in self._canvas.missing)
        return list(self._paragraph(f"（文中“{MISSING}”处为字库未收的字：{codes}）"))

    def _imprint(self) -> list[Strip]:
        """版记: to whom else it goes, and who printed it when; at the foot of the last sheet.

        A letter has neither the second nor the lines between them.
        """
        canvas, paper = self._canvas, self._paper
        left, right = LEFT + SIZE_4, RIGHT - SIZE_4
        hang = left + canvas.width(_COPIES, SMALL)
        strips: list[Strip] = []
        names = "，".join(name for name in map(clean, paper.cc) if name)
        if names:
            lines = break_lines(f"{names}。", partial(canvas.width, style=SMALL), right - hang)
            strips = [Strip(_SMALL_LINE, partial(self._draw_small, li.text, hang)) for li in lines]
            strips[0] = strips[0].also(partial(self._draw_small, _COPIES, left))
        if self._letter:
            return strips
        printed = f"{chinese_date(paper.date)}印发"
        at = right - canvas.width(printed, SMALL)
        issuer = clean(paper.issuer)
        fitted = self._fitted(issuer, at - left - SIZE_4, SMALL)
        last = Strip(_SMALL_LINE, partial(self._draw_small, issuer, left, style=fitted))
        last = last.also(partial(self._draw_small, printed, at))
        last = last.also(lambda top: self._draw_rule(1.0, top + _SMALL_LINE))
        if strips:
            last = last.also(partial(self._draw_rule, 0.7))
        strips.append(last)
        strips[0] = strips[0].also(partial(self._draw_rule, 1.0))
        return strips

    def _draw_small(self, text: str, x: float, top: float, style: Style = SMALL) -> None:
        self._canvas.write(text, x, top + _SMALL_LINE / 2, style)

    def _draw_rule(self, thick: float, top: float) -> None:
        self._canvas.rule(LEFT, top, RIGHT, top, thick)

    # every sheet

    def _page_marks(self, number: int) -> None:
        """The page's number, outside; a letter's first sheet has a double line instead."""
        if self._letter and number == 1:
            self._double_rule((PAGE_HEIGHT_MM - LETTER_FOOT_MM) * MM, thick_first=False)
            return
        text = f"— {number} —"
        width = self._canvas.width(text, SMALL)
        x = RIGHT - SIZE_4 - width if number % 2 else LEFT + SIZE_4
        self._canvas.write(text, x, BOTTOM + PAGE_NUMBER_BELOW_MM * MM + SIZE_4 / 2, SMALL)

    def _double_rule(self, y: float, *, thick_first: bool) -> None:
        left = (PAGE_WIDTH_MM - LETTER_RULE_MM) / 2 * MM
        right = left + LETTER_RULE_MM * MM
        for place, thick in enumerate((2.5, 0.8) if thick_first else (0.8, 2.5)):
            self._canvas.rule(left, y + place * 3.2, right, y + place * 3.2, thick, red=True)
