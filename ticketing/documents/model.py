"""An official paper, whatever file it becomes (GB/T 9704-2012).

``forms`` makes an ``OfficialPaper`` from plain facts; ``docx`` and ``pdf`` lay it out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 210, 297
LEFT_MM, TOP_MM = 28, 37
TEXT_WIDTH_MM, TEXT_HEIGHT_MM = 156, 225
LINES_A_PAGE, CHARACTERS_A_LINE = 22, 28
HEAD_BELOW_TEXT_TOP_MM = 35  # where 发文机关标志 begins on a document
LETTER_HEAD_MM = 30  # where it begins on a letter, from the sheet's edge
LETTER_FOOT_MM = 20  # a letter's lower red lines, from the sheet's edge
LETTER_RULE_MM = 170  # the red lines of a letter are wider than its text
RULE_BELOW_MM = 4  # from what stands above a red line to it
PAGE_NUMBER_BELOW_MM = 7

# sizes of type, points, by their Chinese names
SIZE_2, SIZE_3, SIZE_4 = 22.0, 16.0, 14.0
TITLE_CHARACTERS_A_LINE = 19
HEAD_LARGEST, HEAD_SMALLEST = 42.0, 20.0
ROW_LINE, ROW_PADDING = 20.0, 4.0  # a table's lines, and the room above and below them
TABLE_LABEL_WIDTH = 80.0
RED = (0xE6, 0x00, 0x12)

_DROPPED = {"Cc", "Cf", "Cs", "Cn"}  # controls, invisible formats, surrogates, no characters


class Layout(StrEnum):
    """Which of the standard's layouts a paper has."""

    DOCUMENT = "document"  # 文件格式
    LETTER = "letter"  # 信函格式


@dataclass(frozen=True, slots=True)
class Cell:
    """A label and what stands beside it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a paper's table.

    Attributes:
        cells: one over the whole width, or two beside each other.
        lines: room for at least so many lines; for what is filled in by hand.
    """

    cells: tuple[Cell] | tuple[Cell, Cell]
    lines: int = 1


@dataclass(frozen=True, slots=True)
class OfficialPaper:
    """An official paper. Texts are as given; what no file can hold is cleaned when it is drawn.

    Attributes:
        issuer: 发文机关署名, who signs.
        kind: which form it is, e.g. ``dispatch_notice``; goes into the file's properties.
        title: 标题.
        number: 发文字号, e.g. ``延热督〔2026〕12号``; empty for a draft that has none yet.
        to: 主送机关.
        paragraphs: the text before the table; a line break starts a new paragraph.
        date: 成文日期.
        rows: the table, if there is one.
        closing: the text after the table.
        attachments: 附件说明, the names of what is attached.
        cc: 抄送机关.
        head: 发文机关标志, in red; the issuer when empty.
        urgency: 紧急程度, e.g. ``特急``; empty for none.
        signer: 签发人, for papers that go upwards; a letter has none.
        note: 附注, e.g. whom to ask; set in brackets below the date.
        sealed: whether there is a place for the seal beside the signature.
    """

    issuer: str
    kind: str
    title: str
    number: str
    to: tuple[str, ...]
    paragraphs: tuple[str, ...]
    date: date
    rows: tuple[Row, ...] = ()
    closing: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    head: str = ""
    urgency: str = ""
    signer: str = ""
    note: str = ""
    sealed: bool = True
    layout: Layout = Layout.DOCUMENT


_HEADING = re.compile("[一二三四五六七八九十]{1,3}、[^。]{1,24}")


def is_heading(paragraph: str) -> bool:
    """Whether it is a heading of the first level, such as ``一、基本情况`` (set in 黑体)."""
    return _HEADING.fullmatch(paragraph) is not None


def clean(text: str) -> str:
    """``text`` on one line, without what breaks or falsifies a file.

    Controls, surrogates, characters that do not exist and invisible ones (such as those that turn
    the direction of writing) are dropped; tabs and line breaks become spaces.
    """
    spaced = "".join(" " if c in "\t\n\r\v\f\u0085\u2028\u2029" else c for c in text)
    kept = "".join(c for c in spaced if unicodedata.category(c) not in _DROPPED)
    return unicodedata.normalize("NFC", kept).strip()


def clean_lines(text: str) -> tuple[str, ...]:
    """The lines of ``text``, each cleaned; empty ones are left out."""
    lines = (clean(line) for line in text.splitlines())
    return tuple(line for line in lines if line)


def chinese_date(day: date) -> str:
    """``2026年2月16日``: Arabic digits, no leading zeros (GB/T 9704, 成文日期)."""
    return f"{day.year}年{day.month}月{day.day}日"


def attachment_lines(paper: OfficialPaper) -> tuple[str, ...]:
    """The attachments as they are listed: numbered when there are several."""
    names = [name for name in map(clean, paper.attachments) if name]
    if len(names) < 2:
        return tuple(names)
    return tuple(f"{place}.{name}" for place, name in enumerate(names, 1))


def signature(paper: OfficialPaper) -> str:
    """Who signs, with the place for the seal."""
    return clean(paper.issuer) + ("（盖章）" if paper.sealed else "")


def recipients(paper: OfficialPaper) -> str:
    """主送机关 with its closing colon; empty when the paper goes to nobody in particular."""
    names = [name for name in map(clean, paper.to) if name]
    return "、".join(names) + "：" if names else ""


def characters(text: str) -> float:
    """About how wide ``text`` is, in Chinese characters."""
    return sum(0.55 if c.isascii() else 1.0 for c in text)


def head(paper: OfficialPaper) -> tuple[str, float]:
    """发文机关标志 and its size in points: as large as one line of the page allows."""
    text = clean(paper.head) or clean(paper.issuer)
    if paper.layout is Layout.LETTER:
        text = text.removesuffix("文件")  # a letter's has the issuer's name alone
    largest = TEXT_WIDTH_MM / 25.4 * 72 / max(1.0, characters(text))
    return text, float(int(max(HEAD_SMALLEST, min(HEAD_LARGEST, largest))))
