"""Sheets of A4 to write on, character by character: the only one who knows fpdf2.

All measures are points, from the upper left corner of the sheet.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from enum import StrEnum

from fpdf import FPDF
from fpdf.fonts import TTFFont

from ticketing.documents.model import RED, OfficialPaper, clean
from ticketing.documents.typefaces import MISSING, Typefaces

_BLACK = (0, 0, 0)
_BASELINE = 0.38  # from the middle of a character down to its baseline, of its size
_BOLD = 0.028  # how thick the outline of a thickened character is, of its size


class Face(StrEnum):
    """Which typeface; in order of the fields of ``Typefaces``."""

    TEXT = "text"  # 仿宋
    TITLE = "title"  # 小标宋
    HEADING = "heading"  # 黑体
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Style:
    """How characters are set: ``spacing`` is put after each one."""

    face: Face
    size: float
    spacing: float = 0.0
    red: bool = False


@dataclass(slots=True)
class Canvas:
    """The sheets of one paper.

    Attributes:
        missing: the characters asked for that no typeface has, in order.
    """

    paper: OfficialPaper
    typefaces: Typefaces
    missing: dict[str, None] = field(default_factory=dict)
    _pdf: FPDF = field(init=False)
    _fonts: dict[Face, TTFFont] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pdf = FPDF(unit="pt", format="A4")
        pdf.alias_nb_pages("")  # "{nb}" in a citizen's words is not the number of pages
        pdf.set_auto_page_break(False)
        pdf.set_creation_date(datetime.combine(self.paper.date, time(), UTC))
        pdf.set_title(clean(self.paper.title))
        pdf.set_author(clean(self.paper.issuer))
        pdf.set_subject(self.paper.kind)
        pdf.set_lang("zh-CN")
        self._pdf = pdf

    def width(self, text: str, style: Style) -> float:
        """How wide ``text`` is; the space after its last character counts."""
        return sum(self._run_width(face, run, style) for face, run in self._runs(text, style))

    def new_sheet(self) -> None:
        """Begin the next sheet."""
        self._pdf.set_char_spacing(0)
        self._pdf.add_page()

    def write(self, text: str, x: float, middle: float, style: Style, stretch: float = 0) -> None:
        """Write ``text`` from ``x`` on.

        Args:
            middle: where the middle of its characters is.
            stretch: more space after each character.
        """
        pdf = self._pdf
        colour = RED if style.red else _BLACK
        baseline = middle + _BASELINE * style.size
        bold = style.face is Face.TITLE and self.typefaces.bold_title
        for face, run in self._runs(text, style):
            pdf.set_font(self._font(face).fontkey, size=style.size)
            pdf.set_char_spacing(style.spacing + stretch)
            pdf.set_text_color(*colour)
            if bold:
                with pdf.local_context(
                    text_mode="FILL_STROKE", line_width=style.size * _BOLD, draw_color=colour
                ):
                    pdf.text(x, baseline, run)
            else:
                pdf.text(x, baseline, run)
            x += self._run_width(face, run, style) + stretch * len(run)

    def rule(
        self, x1: float, y1: float, x2: float, y2: float, thick: float, *, red: bool = False
    ) -> None:
        """Draw a straight line."""
        self._pdf.set_draw_color(*(RED if red else _BLACK))
        self._pdf.set_line_width(thick)
        self._pdf.line(x1, y1, x2, y2)

    def file(self) -> bytes:
        """The PDF, with the characters that were used of each typeface in it."""
        return bytes(self._pdf.output())

    def _font(self, face: Face) -> TTFFont:
        """The typeface, read from its file at the first use."""
        if face not in self._fonts:
            file = getattr(self.typefaces, face.value)
            family = str(file).lower()
            if family not in self._pdf.fonts:
                self._pdf.add_font(family, fname=file)
            font = self._pdf.fonts[family]
            if not isinstance(font, TTFFont):
                raise TypeError(f"{file}: not a TrueType or OpenType typeface")
            self._fonts[face] = font
        return self._fonts[face]

    def _run_width(self, face: Face, run: str, style: Style) -> float:
        widths = self._font(face).cw
        return sum(widths[ord(c)] for c in run) * style.size / 1000 + style.spacing * len(run)

    def _runs(self, text: str, style: Style) -> list[tuple[Face, str]]:
        """``text`` in parts of one typeface each; what none has becomes 〓."""
        runs: list[tuple[Face, str]] = []
        for character in text:
            face, drawn = self._choose(character, style.face)
            if not drawn:
                continue
            if runs and runs[-1][0] is face:
                runs[-1] = (face, runs[-1][1] + drawn)
            else:
                runs.append((face, drawn))
        return runs

    def _choose(self, character: str, wanted: Face) -> tuple[Face, str]:
        for face in (wanted, Face.TEXT, Face.FALLBACK):
            if ord(character) in self._font(face).cmap:
                return face, character
        if unicodedata.category(character) == "Mn":  # selects a variant; nothing to see by itself
            return wanted, ""
        self.missing[character] = None
        return wanted, MISSING
