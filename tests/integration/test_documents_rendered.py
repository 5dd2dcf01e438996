"""Papers as files: PDF drawn and measured, DOCX opened again (H3, D2, H6; GB/T 9704-2012)."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pytest
from docx import Document
from docx.oxml.ns import qn

from ticketing.documents.model import Cell, Layout, OfficialPaper, Row
from ticketing.documents.pdf import write_pdf
from ticketing.documents.render import MEDIA_TYPES, Format, render
from ticketing.documents.typefaces import free_typefaces

FORMATS: tuple[Format, ...] = ("docx", "pdf")
DOTS = 4.0  # a millimetre
HOSTILE = "{nb} {{7*7}} ${PATH} **粗** <b>x</b> &amp; ]]> ) Tj ( %PDF \\n"

PLAIN = OfficialPaper(
    issuer="延吉市热线办",
    kind="test",
    title="督办通知书",
    number="延热督〔2026〕12号",
    to=("市城管局",),
    paragraphs=("请办理第20260213-000128号事项，按期办结并答复诉求人。",),
    date=date(2026, 2, 3),
    closing=("特此通知。",),
    attachments=("工单详情",),
    cc=("市考评办", "市信访局"),
    urgency="特急",
    note="联系人：李明",
)
SHORT = replace(PLAIN, closing=(), attachments=())
TABLE = replace(
    PLAIN,
    rows=(
        Row((Cell("工单编号", "20260213-000128"), Cell("诉求人", "保密"))),
        Row((Cell("诉求内容", "夜间施工。\n反映人张䶮（음악）。"),)),
        Row((Cell("办理情况", ""),), lines=4),
    ),
)
LETTER = replace(PLAIN, layout=Layout.LETTER)


@dataclass(frozen=True)
class Sheet:
    """One page, drawn; lengths in millimetres from its upper left corner."""

    text: str
    dots: npt.NDArray[np.uint8]

    @property
    def red(self) -> npt.NDArray[np.bool_]:
        r, g, b = (self.dots[:, :, place].astype(int) for place in range(3))
        return (r > 180) & (g < 110) & (b < 110)

    @property
    def black(self) -> npt.NDArray[np.bool_]:
        return self.dots.max(axis=2) < 120

    def red_lines(self) -> list[tuple[float, float, float]]:
        """Where a straight red line is: its height, left and right end."""
        found: list[tuple[float, float, float]] = []
        for y in np.flatnonzero(self.red.mean(axis=1) > 0.7):
            across = np.flatnonzero(self.red[y])
            line = (y / DOTS, across[0] / DOTS, across[-1] / DOTS)
            if not found or line[0] - found[-1][0] > 0.6:
                found.append(line)
        return found


def sheets(pdf: bytes) -> list[Sheet]:
    return list(_sheets(pdf))


def _sheets(pdf: bytes) -> Iterator[Sheet]:
    with closing(pdfium.PdfDocument(pdf)) as document:
        for page in document:
            assert page.get_size() == pytest.approx((595.28, 841.89), abs=0.1)
            text = page.get_textpage().get_text_range()
            picture = page.render(scale=DOTS * 25.4 / 72, rev_byteorder=True).to_numpy()
            yield Sheet(text, picture[:, :, :3].copy())


def squeezed(text: str) -> str:
    """Text without where its lines were broken."""
    return re.sub(r"\s", "", text)


def extent(ink: npt.NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is inked."""
    rows, across = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return across[0] / DOTS, rows[0] / DOTS, across[-1] / DOTS, rows[-1] / DOTS


def words_of(docx: bytes) -> str:
    """All text of a DOCX's body, its tables included."""
    body = Document(io.BytesIO(docx)).element.body
    return "\n".join(
        "".join(node.text or "" for node in paragraph.iter(qn("w:t")))
        for paragraph in body.iter(qn("w:p"))
    )


# PDF


def test_a_pdf_says_exactly_what_the_paper_says_in_the_standards_order() -> None:
    first, second = (squeezed(sheet.text) for sheet in sheets(render(PLAIN, "pdf")))
    said = first.removeprefix("—1—") + second.removeprefix("—2—")
    assert said == squeezed(
        "延吉市热线办 延热督〔2026〕12号 特急 督办通知书 市城管局："
        + PLAIN.paragraphs[0]
        + "特此通知。附件：工单详情 延吉市热线办（盖章） 2026年2月3日（联系人：李明）"
        "抄送：市考评办，市信访局。 延吉市热线办 2026年2月3日印发"
    )


def test_a_document_has_its_red_head_its_red_line_and_its_margins() -> None:
    (sheet,) = sheets(render(SHORT, "pdf"))
    ((height, left, right),) = sheet.red_lines()
    assert (left, right) == pytest.approx((28, 184), abs=0.7)
    _, head_top, _, _ = extent(sheet.red)
    assert head_top == pytest.approx(72, abs=4)  # 35 mm below the upper edge of the text
    assert height == pytest.approx(124, abs=2)  # below the number of the paper
    left, top, right, bottom = extent(sheet.black)
    assert left == pytest.approx(28, abs=1)
    assert right <= 184.5
    assert 37 <= top <= 42  # the urgency
    assert bottom == pytest.approx(271, abs=3)  # the number of the sheet
    foot = sheet.black.copy()
    foot[: int(200 * DOTS)] = foot[int(263 * DOTS) :] = False
    assert extent(foot)[3] == pytest.approx(262, abs=0.7)  # the last line of the imprint


def test_a_letter_has_double_red_lines_and_no_number_on_its_first_sheet() -> None:
    (sheet,) = sheets(render(LETTER, "pdf"))
    lines = sheet.red_lines()
    assert len(lines) == 4
    for _, left, right in lines:
        assert (left, right) == pytest.approx((20, 190), abs=0.7)
    assert extent(sheet.red)[1] == pytest.approx(32, abs=3)
    assert lines[-1][0] == pytest.approx(278, abs=1)
    assert "—1—" not in squeezed(sheet.text)
    assert "印发" not in sheet.text
    assert "抄送：市考评办，市信访局。" in squeezed(sheet.text)


def test_a_paper_that_goes_upwards_shows_who_signed_it_off() -> None:
    (sheet,) = sheets(render(replace(SHORT, signer="王强"), "pdf"))
    assert "延热督〔2026〕12号签发人：王强" in squeezed(sheet.text)


def test_the_table_is_drawn_with_rare_and_korean_characters_in_it() -> None:
    pages = sheets(render(TABLE, "pdf"))
    text = squeezed("".join(page.text for page in pages))
    for words in ("工单编号20260213-000128诉求人保密", "反映人张䶮（음악）。", "办理情况"):
        assert words in text
    assert "〓" not in text
    upright = [page.black[:, int(28 * DOTS) : int(28.5 * DOTS)].any(axis=1).sum() for page in pages]
    assert sum(upright) / DOTS > 50  # the table's left edge


def test_the_typefaces_are_in_the_file() -> None:
    pdf = render(TABLE, "pdf")
    names = set(re.findall(rb"/BaseFont /([\w+-]+)", pdf))
    assert {name.split(b"+")[1] for name in names} == {
        b"NotoSerifSC",
        b"NotoSansSC",
        b"NotoSerifKR",
    }
    assert pdf.count(b"/FontFile3") == 3
    assert len(pdf) < 200_000


def test_an_office_may_give_typefaces_of_its_own() -> None:
    own = replace(free_typefaces(), text=free_typefaces().heading, title=free_typefaces().heading)
    pdf = write_pdf(PLAIN, own)
    assert b"NotoSansSC" in pdf
    assert b"NotoSerifSC" not in pdf
    with pytest.raises(OSError, match="nowhere"):
        write_pdf(PLAIN, replace(own, text=own.text.parent / "nowhere.otf"))


def test_a_character_no_typeface_has_is_marked_and_its_code_told() -> None:
    paper = replace(SHORT, paragraphs=("证照\U00020bb7是否\ue123齐全\U0001f600？",))
    text = squeezed("".join(sheet.text for sheet in sheets(render(paper, "pdf"))))
    assert "证照〓是否〓齐全〓？" in text
    assert "字库未收的字：U+20BB7、U+E123、U+1F600" in text


def test_a_long_paper_runs_over_many_sheets_and_loses_nothing() -> None:
    long = "".join(f"第{place:04}句话。" for place in range(1, 901))
    paper = replace(TABLE, paragraphs=(long,), rows=(Row((Cell("诉求内容", long),)), *TABLE.rows))
    pages = sheets(render(paper, "pdf"))
    assert len(pages) > 15
    text = squeezed("".join(re.sub(r"— \d+ —", "", page.text) for page in pages))
    numbers = Counter(re.findall(r"第(\d{4})句话。", text.replace("诉求内容", "")))
    assert numbers == Counter({f"{place:04}": 2 for place in range(1, 901)})
    for number, page in enumerate(pages, 1):
        assert f"—{number}—" in squeezed(page.text)
        column = page.black.copy()
        column[int(264 * DOTS) :] = False
        left, top, right, bottom = extent(column)
        assert left >= 27.5
        assert right <= 184.7
        assert top >= 36.5
        assert bottom <= 262.7
        outside = page.black[int(264 * DOTS) :]
        across = np.flatnonzero(outside.any(axis=0)) / DOTS
        assert (across[0] > 105) if number % 2 else (across[-1] < 105)


@pytest.mark.parametrize("lines", range(9, 16))
def test_a_signature_is_never_alone_on_a_sheet(lines: int) -> None:
    paper = replace(PLAIN, paragraphs=("句。" * 14 * lines,), closing=(), attachments=())
    last = squeezed(sheets(render(paper, "pdf"))[-1].text)
    assert last.index("句。") < last.index("（盖章）")


def test_long_names_are_broken_not_cut() -> None:
    name = "延吉市政务服务和数字化建设管理局" * 3
    paper = replace(PLAIN, issuer=name, head=name, title=name, number="", to=(name,), cc=(name,))
    pages = sheets(render(paper, "pdf"))
    text = squeezed("".join(page.text for page in pages))
    assert text.count(name) >= 5
    for page in pages:
        left, _, right, _ = extent(page.black | page.red)
        assert left >= 26.5
        assert right <= 185.5


# DOCX


def test_a_docx_has_the_standards_page_and_typefaces() -> None:
    document = Document(io.BytesIO(render(TABLE, "docx")))
    section = document.sections[0]
    assert section.page_width is not None
    assert [
        round(length.mm)
        for length in (
            section.page_width,
            section.page_height,
            section.top_margin,
            section.bottom_margin,
            section.left_margin,
            section.right_margin,
        )
        if length is not None
    ] == [210, 297, 37, 35, 28, 26]
    faces: dict[str, set[str]] = {}
    for run in document.element.body.iter(qn("w:r")):
        words = "".join(node.text or "" for node in run.iter(qn("w:t")))
        if words:
            fonts = run.rPr.find(qn("w:rFonts"))
            faces.setdefault(fonts.get(qn("w:eastAsia")), set()).add(words)
            assert fonts.get(qn("w:ascii")) == fonts.get(qn("w:eastAsia"))
    assert faces["方正小标宋简体"] == {"延吉市热线办", "督办通知书"}
    assert {"特急", "工单编号", "诉求内容"} <= faces["黑体"]
    assert PLAIN.paragraphs[0] in faces["仿宋"]
    assert set(faces) == {"方正小标宋简体", "黑体", "仿宋"}


def test_a_docx_says_what_the_paper_says_and_names_what_may_stand_for_its_typefaces() -> None:
    file = render(TABLE, "docx")
    lines = [line for line in words_of(file).splitlines() if line]
    assert lines == [
        *("特急", "延吉市热线办", "延热督〔2026〕12号", "督办通知书", "市城管局："),
        PLAIN.paragraphs[0],
        *("工单编号", "20260213-000128", "诉求人", "保密"),
        *("诉求内容", "夜间施工。", "反映人张䶮（음악）。", "办理情况"),
        *("特此通知。", "附件：工单详情"),
        *("延吉市热线办（盖章）", "2026年2月3日", "（联系人：李明）"),
        *("抄送：市考评办，市信访局。", "延吉市热线办2026年2月3日印发"),
    ]
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        fonts = parts.read("word/fontTable.xml").decode()
    assert re.search('w:name="仿宋"><w:altName w:val="仿宋_GB2312,FangSong', fonts)


def test_a_docx_numbers_its_sheets_outside_and_is_red_where_it_must_be() -> None:
    document = Document(io.BytesIO(render(PLAIN, "docx")))
    section = document.sections[0]
    assert document.settings.odd_and_even_pages_header_footer
    for footer, side in ((section.footer, "RIGHT"), (section.even_page_footer, "LEFT")):
        (paragraph,) = footer.paragraphs
        assert paragraph.alignment is not None
        assert paragraph.alignment.name == side
        (field,) = paragraph._p.iter(qn("w:fldSimple"))
        assert field.get(qn("w:instr")) == "PAGE"
    red = [
        run.text
        for paragraph in document.paragraphs
        for run in paragraph.runs
        if run.font.color.rgb is not None
    ]
    assert red == ["延吉市热线办"]
    (rule,) = [b for b in document.element.body.iter(qn("w:bottom")) if b.get(qn("w:sz")) == "12"]
    assert rule.get(qn("w:color")) == "E60012"


def test_a_letters_head_is_outside_its_text() -> None:
    document = Document(io.BytesIO(render(LETTER, "docx")))
    section = document.sections[0]
    assert section.different_first_page_header_footer
    assert section.first_page_header.paragraphs[0].text == "延吉市热线办"
    assert [p.text for p in section.first_page_footer.paragraphs] == [""]
    kinds = {
        line.get(qn("w:val"))
        for part in (section.first_page_header, section.first_page_footer)
        for line in part._element.iter(qn("w:bottom"))
    }
    assert kinds == {"thickThinSmallGap", "thinThickSmallGap"}
    assert "印发" not in words_of(render(LETTER, "docx"))


def test_a_docx_tells_of_the_paper_and_not_of_who_made_the_file() -> None:
    file = render(PLAIN, "docx")
    about = Document(io.BytesIO(file)).core_properties
    assert (about.title, about.author, about.subject) == ("督办通知书", "延吉市热线办", "test")
    assert about.created == about.modified == datetime(2026, 2, 3, tzinfo=UTC)
    assert about.comments == ""
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in parts.namelist() if "thumbnail" in name]


# both


@pytest.mark.parametrize("kind", FORMATS)
def test_hostile_words_are_printed_as_they_are_and_break_nothing(kind: Format) -> None:
    spoilt = f"\x00\x1b\ud800\ufffe\u202e{HOSTILE}\u2069"
    paper = OfficialPaper(
        issuer=f"{HOSTILE}机关",
        kind="test",
        title=spoilt,
        number=spoilt,
        to=(spoilt,),
        paragraphs=(spoilt,),
        date=date(2026, 2, 3),
        rows=(Row((Cell(spoilt, spoilt),)),),
        attachments=(spoilt,),
        cc=(spoilt,),
        signer=spoilt,
        note=spoilt,
    )
    file = render(paper, kind)
    said = "".join(page.text for page in sheets(file)) if kind == "pdf" else words_of(file)
    assert squeezed(said).count(squeezed(HOSTILE)) >= 9
    assert "49" not in said


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("layout", Layout)
def test_an_empty_paper_is_still_a_paper(kind: Format, layout: Layout) -> None:
    paper = OfficialPaper("", "test", "", "", (), (), date(2026, 2, 3), layout=layout)
    file = render(paper, kind)
    said = sheets(file)[0].text if kind == "pdf" else words_of(file)
    assert "2026年2月3日" in said


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_paper_gives_the_same_bytes(kind: Format) -> None:
    assert kind in MEDIA_TYPES
    assert render(TABLE, kind) == render(TABLE, kind)
    assert render(TABLE, kind) != render(replace(TABLE, title="督办单"), kind)


def test_the_large_libraries_are_imported_only_when_a_paper_is_made() -> None:
    code = (
        "import sys; import ticketing.documents.render, ticketing.documents.forms;"
        "print([m for m in ('fpdf', 'docx', 'fontTools', 'lxml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
