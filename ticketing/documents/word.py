"""What WordprocessingML needs beyond python-docx: East Asian fonts, the grid, tables, the file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from docx.document import Document as WordDocument
from docx.enum.table import WD_ALIGN_VERTICAL, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.section import Section
from docx.shared import Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from ticketing.documents.model import (
    RED,
    ROW_LINE,
    ROW_PADDING,
    SIZE_3,
    SIZE_4,
    TABLE_LABEL_WIDTH,
    Row,
    clean,
    clean_lines,
)

CELL_MARGIN = 5.0
_THE_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, for ZIP files
_AFTER_BORDERS = ("w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")
_ALL_SIDES = ("top", "left", "bottom", "right", "insideH", "insideV")
_RED_HEX = "".join(f"{part:02X}" for part in RED)


@dataclass(frozen=True, slots=True)
class Font:
    """A typeface that is named, and what may stand for it."""

    name: str
    others: tuple[str, ...]
    family: str


TEXT = Font("仿宋", ("仿宋_GB2312", "FangSong", "STFangsong", "Noto Serif CJK SC"), "modern")
HEADING = Font("黑体", ("SimHei", "STHeiti", "Noto Sans CJK SC"), "swiss")
TITLE = Font(
    "方正小标宋简体", ("FZXiaoBiaoSong-B05S", "宋体", "SimSun", "Noto Serif CJK SC"), "roman"
)
NUMERALS = Font("宋体", ("SimSun", "STSong", "Noto Serif CJK SC"), "roman")


@dataclass(frozen=True, slots=True)
class Border:
    """A red line beside a paragraph: its thickness and distance in points."""

    side: str
    kind: str
    thick: float
    space: int = 0


def names_of_fonts() -> bytes:
    """The part of a DOCX that says what may stand for a typeface that is not there."""
    fonts = "".join(
        f"<w:font w:name={quoteattr(font.name)}>"
        f"<w:altName w:val={quoteattr(','.join(font.others))}/>"
        f'<w:charset w:val="86"/><w:family w:val="{font.family}"/><w:pitch w:val="variable"/>'
        "</w:font>"
        for font in (TEXT, HEADING, TITLE, NUMERALS)
    )
    xml = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<w:fonts {nsdecls("w")}>'
    return f"{xml}{fonts}</w:fonts>".encode()


def repacked(file: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The same DOCX with ``parts`` put in place of its own, and without the time it was written."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(file)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, _THE_BEGINNING)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, parts.get(name) or old.read(name))
    return packed.getvalue()


def set_east_asian_font(properties: BaseOxmlElement, font: Font) -> None:
    """Name ``font`` for every script in a run's or style's properties."""
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    for attribute in list(fonts.attrib):
        del fonts.attrib[attribute]
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), font.name)
    fonts.set(qn("w:hint"), "eastAsia")


def add_run(
    paragraph: Paragraph, text: str, font: Font, *, size: float = SIZE_3, red: bool = False
) -> Run:
    """Append ``text``, which must be clean, to a paragraph."""
    run = paragraph.add_run(text)
    set_east_asian_font(run._r.get_or_add_rPr(), font)
    run.font.size = Pt(size)
    if red:
        run.font.color.rgb = RGBColor(*RED)
    return run


def without_grid(section: Section) -> None:
    """Lines stand where their own height puts them: a grid is not drawn alike everywhere."""
    properties = section._sectPr
    for grid in properties.findall(qn("w:docGrid")):
        properties.remove(grid)


def set_line(paragraph: Paragraph, points: float) -> None:
    """Give a paragraph lines of exactly this height."""
    layout = paragraph.paragraph_format
    layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(points)


def set_spacing(properties: BaseOxmlElement, points: float) -> None:
    """Put so much more space after each character of a run or style."""
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:val"), str(round(points * 20)))
    properties.insert_element_before(
        spacing, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:lang"
    )


def add_border(paragraph: Paragraph, border: Border) -> None:
    """Draw a red line beside a paragraph."""
    borders = OxmlElement("w:pBdr")
    borders.append(_line(border.side, border.kind, border.thick, border.space, _RED_HEX))
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(borders, *_AFTER_BORDERS)


def add_page_number(paragraph: Paragraph, size: float) -> None:
    """Append ``— 1 —`` with the number of the sheet."""
    add_run(paragraph, "— ", NUMERALS, size=size)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    run = add_run(paragraph, "1", NUMERALS, size=size)
    paragraph._p.append(field)
    field.append(run._r)
    add_run(paragraph, " —", NUMERALS, size=size)


def paper_table(document: WordDocument, rows: Sequence[Row], width: float) -> None:
    """Add the table of a paper, ``width`` points wide."""
    half = width / 2
    widths = (TABLE_LABEL_WIDTH, half - TABLE_LABEL_WIDTH) * 2
    table = _table(document, len(rows), widths, _ALL_SIDES)
    for row, drawn in zip(rows, table.rows, strict=True):
        drawn.height_rule = WD_ROW_HEIGHT_RULE.AT_LEAST
        drawn.height = Pt(row.lines * ROW_LINE + 2 * ROW_PADDING)
        cells = list(drawn.cells)
        for cell, points in zip(cells, widths, strict=True):
            cell.width = Pt(points)
        if len(row.cells) == 1:
            cells[1:] = [cells[1].merge(cells[3])]
            cells[1].width = Pt(width - TABLE_LABEL_WIDTH)
        for place, cell in enumerate(row.cells):
            _fill(cells[2 * place], (clean(cell.label),), HEADING, ALIGN.CENTER)
            _fill(cells[2 * place + 1], clean_lines(cell.value), TEXT, ALIGN.LEFT)


def foot_table(document: WordDocument, lines: int, width: float) -> list[Paragraph]:
    """Add a ruled table of empty lines at the foot of the sheet's text; gives its paragraphs.

    Where a program does not let tables float, it stands below the text instead.
    """
    table = _table(document, lines, (width,), ("top", "bottom", "insideH"))
    place = OxmlElement("w:tblpPr")
    for name, value in (
        ("vertAnchor", "margin"),
        ("horzAnchor", "margin"),
        ("tblpXSpec", "center"),
        ("tblpYSpec", "bottom"),
    ):
        place.set(qn(f"w:{name}"), value)
    table._tblPr.insert_element_before(place, "w:tblOverlap", "w:tblW", "w:jc", "w:tblBorders")
    return [row.cells[0].paragraphs[0] for row in table.rows]


def at_the_foot(paragraph: Paragraph, width: float) -> None:
    """Put a paragraph at the foot of its sheet's text."""
    frame = OxmlElement("w:framePr")
    for name, value in (
        ("w", str(round(width * 20))),
        ("wrap", "notBeside"),
        ("vAnchor", "margin"),
        ("hAnchor", "margin"),
        ("xAlign", "center"),
        ("yAlign", "bottom"),
    ):
        frame.set(qn(f"w:{name}"), value)
    paragraph._p.get_or_add_pPr().insert_element_before(
        frame, "w:widowControl", "w:pBdr", *_AFTER_BORDERS
    )


def _table(
    document: WordDocument, rows: int, widths: Sequence[float], sides: Sequence[str]
) -> Table:
    table: Table = document.add_table(rows, len(widths))
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    properties = table._tblPr
    size = properties.find(qn("w:tblW"))
    size.set(qn("w:type"), "dxa")
    size.set(qn("w:w"), str(round(sum(widths) * 20)))
    borders = OxmlElement("w:tblBorders")
    for side in sides:
        borders.append(_line(side, "single", 0.75, 0, "000000"))
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(round(CELL_MARGIN * 20)))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    properties.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    properties.insert_element_before(margins, "w:tblLook")
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Pt(width)
    return table


def _fill(cell: _Cell, lines: Sequence[str], font: Font, align: ALIGN) -> None:
    cell.vertical_alignment = WD_ALIGN_VERTICAL.CENTER
    for place, line in enumerate(lines or ("",)):
        paragraph = cell.add_paragraph() if place else cell.paragraphs[0]
        paragraph.alignment = align
        set_line(paragraph, ROW_LINE)
        if line:
            add_run(paragraph, line, font, size=SIZE_4)


def _line(side: str, kind: str, thick: float, space: int, colour: str) -> BaseOxmlElement:
    line = OxmlElement(f"w:{side}")
    line.set(qn("w:val"), kind)
    line.set(qn("w:sz"), str(round(thick * 8)))
    line.set(qn("w:space"), str(space))
    line.set(qn("w:color"), colour)
    return line
