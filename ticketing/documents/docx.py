"""An official paper as DOCX, laid out by GB/T 9704-2012, so that an office can still edit it.

The typefaces are named, not contained: 仿宋, 黑体 and 方正小标宋简体, with others to fall back on.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC, datetime, time

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.enum.text import WD_LINE_SPACING
from docx.enum.text import WD_TAB_ALIGNMENT as TAB
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.section import Section
from docx.shared import Length, Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

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
    ROW_LINE,
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
    characters,
    chinese_date,
    clean,
    clean_lines,
    head,
    is_heading,
    recipients,
    signature,
)
from ticketing.documents.typeset import balanced
from ticketing.documents.word import (
    CELL_MARGIN,
    HEADING,
    TEXT,
    TITLE,
    Border,
    Font,
    add_border,
    add_page_number,
    add_run,
    at_the_foot,
    foot_table,
    names_of_fonts,
    paper_table,
    repacked,
    set_east_asian_font,
    set_line,
    set_spacing,
    without_grid,
)

_BOTTOM_MM = PAGE_HEIGHT_MM - TOP_MM - TEXT_HEIGHT_MM
_RIGHT_MM = PAGE_WIDTH_MM - LEFT_MM - TEXT_WIDTH_MM
_POINTS = 72 / 25.4
_LINE = round(TEXT_HEIGHT_MM * _POINTS / LINES_A_PAGE, 2)  # points
_CHARACTER = TEXT_WIDTH_MM * _POINTS / CHARACTERS_A_LINE  # points
_TITLE_LINE = 32.0
_NUMBER_LINE = 18.2


def write_docx(paper: OfficialPaper) -> bytes:
    """``paper`` as DOCX, of the same bytes each time."""
    return _Writer(paper).write()


class _Writer:
    def __init__(self, paper: OfficialPaper) -> None:
        self._paper = paper
        self._letter = paper.layout is Layout.LETTER
        self._document: WordDocument = Document()

    def write(self) -> bytes:
        self._properties()
        self._style()
        self._page(self._document.sections[0])
        if self._letter:
            self._letter_opening(self._document.sections[0])
        else:
            self._opening()
        self._title()
        self._text()
        self._end()
        file = io.BytesIO()
        self._document.save(file)
        return repacked(file.getvalue(), {"word/fontTable.xml": names_of_fonts()})

    def _properties(self) -> None:
        paper, properties = self._paper, self._document.core_properties
        moment = datetime.combine(paper.date, time(), UTC)
        properties.title = clean(paper.title)[:255]
        properties.author = properties.last_modified_by = clean(paper.issuer)[:255]
        properties.subject = paper.kind
        properties.language = "zh-CN"
        properties.comments = properties.keywords = properties.category = ""
        properties.created = properties.modified = moment
        properties.revision = 1
        package = self._document.part.package
        for name, relation in list(package.rels.items()):
            if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL:  # a picture of something else
                del package.rels[name]

    def _style(self) -> None:
        normal = self._document.styles["Normal"]
        if not isinstance(normal, ParagraphStyle):
            raise TypeError("Normal is not a style of paragraphs")
        normal.font.size = Pt(SIZE_3)
        properties = normal.element.get_or_add_rPr()
        set_east_asian_font(properties, TEXT)
        set_spacing(properties, _CHARACTER - SIZE_3)
        layout = normal.paragraph_format
        layout.space_before = layout.space_after = Pt(0)
        layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(_LINE)

    def _page(self, section: Section) -> None:
        section.page_width, section.page_height = Mm(PAGE_WIDTH_MM), Mm(PAGE_HEIGHT_MM)
        section.left_margin, section.right_margin = Mm(LEFT_MM), Mm(_RIGHT_MM)
        section.top_margin, section.bottom_margin = Mm(TOP_MM), Mm(_BOTTOM_MM)
        number_foot = Mm(_BOTTOM_MM - PAGE_NUMBER_BELOW_MM) - Pt(_NUMBER_LINE)
        foot = Mm(LETTER_FOOT_MM) if self._letter else number_foot
        section.footer_distance = Length(foot)
        without_grid(section)
        self._document.settings.odd_and_even_pages_header_footer = True
        for footer, align in (
            (section.footer, ALIGN.RIGHT),
            (section.even_page_footer, ALIGN.LEFT),
        ):
            footer.is_linked_to_previous = False
            paragraph = footer.paragraphs[0]
            paragraph.alignment = align
            set_line(paragraph, _NUMBER_LINE)
            paragraph.paragraph_format.space_after = Length(number_foot - foot)
            paragraph.paragraph_format.left_indent = Pt(SIZE_4)
            paragraph.paragraph_format.right_indent = Pt(SIZE_4)
            add_page_number(paragraph, SIZE_4)

    # the head of the first sheet

    def _opening(self) -> None:
        paper = self._paper
        self._add(clean(paper.urgency), font=HEADING)
        text, size = head(paper)
        line = self._add(text, font=TITLE, size=size, red=True, align=ALIGN.CENTER)
        line.paragraph_format.space_before = Mm(HEAD_BELOW_TEXT_TOP_MM) - Pt(_LINE)
        set_line(line, size * 1.2)
        self._blank(2)
        signer = clean(paper.signer)
        number = self._add(clean(paper.number), align=None if signer else ALIGN.CENTER)
        if signer:
            number.paragraph_format.left_indent = Pt(_CHARACTER)
            stop = Mm(TEXT_WIDTH_MM) - Pt(_CHARACTER)
            number.paragraph_format.tab_stops.add_tab_stop(stop, TAB.RIGHT)
            number.add_run().add_tab()
            add_run(number, f"签发人：{signer}", TEXT)
        rule = self._add("")
        set_line(rule, RULE_BELOW_MM * _POINTS)
        add_border(rule, Border("bottom", "single", 1.5))

    def _letter_opening(self, section: Section) -> None:
        """Head and red lines are outside the text: they are the first sheet's header and footer."""
        paper = self._paper
        section.different_first_page_header_footer = True
        section.header_distance = Mm(LETTER_HEAD_MM)
        section.first_page_header.is_linked_to_previous = False
        above = section.first_page_header.paragraphs[0]
        text, size = head(paper)
        add_run(above, text, TITLE, size=size, red=True)
        set_line(above, size * 1.2)
        add_border(above, Border("bottom", "thickThinSmallGap", 3.0, 11))
        section.first_page_footer.is_linked_to_previous = False
        below = section.first_page_footer.paragraphs[0]
        set_line(below, 2)
        add_border(below, Border("bottom", "thinThickSmallGap", 3.0))
        for paragraph in (above, below):
            paragraph.alignment = ALIGN.CENTER
            layout = paragraph.paragraph_format
            layout.left_indent = Mm((PAGE_WIDTH_MM - LETTER_RULE_MM) / 2 - LEFT_MM)
            layout.right_indent = Mm((PAGE_WIDTH_MM - LETTER_RULE_MM) / 2 - _RIGHT_MM)
        line = self._add(clean(paper.urgency), font=HEADING)
        line.paragraph_format.tab_stops.add_tab_stop(Mm(TEXT_WIDTH_MM), TAB.RIGHT)
        line.add_run().add_tab()
        add_run(line, clean(paper.number), TEXT)

    def _title(self) -> None:
        self._blank(2)
        for text in clean_lines(self._paper.title):
            for line in balanced(text, characters, TITLE_CHARACTERS_A_LINE):
                title = self._add(line, font=TITLE, size=SIZE_2, align=ALIGN.CENTER)
                set_line(title, _TITLE_LINE)
                title.paragraph_format.keep_with_next = True
        self._blank(1)

    # the text

    def _text(self) -> None:
        paper = self._paper
        to = recipients(paper)
        if to:
            self._add(to)
        self._paragraphs(paper.paragraphs)
        if paper.rows:
            self._document.paragraphs[-1].paragraph_format.space_after = Pt(_LINE / 3)
            paper_table(self._document, paper.rows, TEXT_WIDTH_MM * _POINTS)
        self._paragraphs(paper.closing)
        self._keep_last()
        names = attachment_lines(paper)
        for place, name in enumerate(names):
            if place == 0:
                self._blank(1)
            line = self._add(name if place else f"附件：{name}")
            line.paragraph_format.left_indent = Pt(5 * _CHARACTER)
            if place == 0:
                line.paragraph_format.first_line_indent = Pt(-3 * _CHARACTER)
            line.paragraph_format.keep_with_next = True

    def _keep_last(self) -> None:
        """A signature is never alone on a sheet: what stands before it goes with it."""
        if self._paper.rows and not self._paper.closing:
            cells = self._document.tables[-1].rows[-1].cells
            last = [paragraph for cell in cells for paragraph in cell.paragraphs]
        else:
            last = self._document.paragraphs[-1:]
        for paragraph in last:
            paragraph.paragraph_format.keep_with_next = True

    def _paragraphs(self, texts: Iterable[str]) -> None:
        for text in texts:
            for line in clean_lines(text):
                heading = is_heading(line)
                paragraph = self._add(line, font=HEADING if heading else TEXT, align=ALIGN.JUSTIFY)
                paragraph.paragraph_format.first_line_indent = Pt(2 * _CHARACTER)
                paragraph.paragraph_format.keep_with_next = heading

    # the end

    def _end(self) -> None:
        paper = self._paper
        self._blank(2)
        name, day = signature(paper), chinese_date(paper.date)
        name_width, day_width = characters(name), characters(day)
        middle = max(4 + day_width / 2, name_width / 2)  # from the right, in characters
        for text, width in ((name, name_width), (day, day_width)):
            line = self._add(text, align=ALIGN.RIGHT)
            indent = max(0.0, middle - width / 2) * _CHARACTER
            line.paragraph_format.right_indent = Pt(round(indent, 1))
            line.paragraph_format.keep_with_next = True
        note = clean(paper.note)
        if note:
            line = self._add(f"（{note}）")
            line.paragraph_format.first_line_indent = Pt(2 * _CHARACTER)
            line.paragraph_format.keep_with_next = True
        self._imprint()

    def _imprint(self) -> None:
        """版记: at the foot of the sheet where the paper ends; on a letter just 抄送, no lines."""
        paper, width = self._paper, TEXT_WIDTH_MM * _POINTS
        names = "，".join(name for name in map(clean, paper.cc) if name)
        lines = [f"抄送：{names}。"] if names else []
        if self._letter:
            paragraphs = [self._document.add_paragraph() for _ in lines]
            for paragraph in paragraphs:
                at_the_foot(paragraph, width)
        else:
            lines.append(clean(paper.issuer))
            paragraphs = foot_table(self._document, len(lines), width)
            set_line(self._add(""), 1)  # what the table is anchored to
        for line, paragraph in zip(lines, paragraphs, strict=True):
            add_run(paragraph, line, TEXT, size=SIZE_4)
            set_line(paragraph, ROW_LINE)
            layout = paragraph.paragraph_format
            layout.left_indent = layout.right_indent = Pt(SIZE_4)
        if names:
            paragraphs[0].paragraph_format.left_indent = Pt(4 * SIZE_4)
            paragraphs[0].paragraph_format.first_line_indent = Pt(-3 * SIZE_4)
        if not self._letter:
            last = paragraphs[-1]
            edge = Pt(width - 2 * CELL_MARGIN - SIZE_4)
            last.paragraph_format.tab_stops.add_tab_stop(edge, TAB.RIGHT)
            last.add_run().add_tab()
            add_run(last, f"{chinese_date(paper.date)}印发", TEXT, size=SIZE_4)

    def _add(
        self,
        text: str,
        *,
        font: Font = TEXT,
        size: float = SIZE_3,
        red: bool = False,
        align: ALIGN | None = None,
    ) -> Paragraph:
        paragraph = self._document.add_paragraph()
        if align is not None:
            paragraph.alignment = align
        if text:
            add_run(paragraph, text, font, size=size, red=red)
        return paragraph

    def _blank(self, lines: int) -> None:
        for _ in range(lines):
            self._add("").paragraph_format.keep_with_next = True
