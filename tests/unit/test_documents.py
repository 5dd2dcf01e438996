"""Papers before they are files: the forms' words, clean text, lines (H3, H5, H6, W2, W5, W7, D)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.documents import forms
from ticketing.documents.facts import Issue, Limit, OrderFacts
from ticketing.documents.model import (
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
from ticketing.documents.typeset import balanced, break_lines
from ticketing.domain.matters import Channel, OrderType, Urgency

CITY = ZoneInfo("Asia/Shanghai")
CENTRE, UNIT = "延吉市政务服务热线管理办公室", "延吉市城市管理行政执法局"
LIMIT = datetime(2026, 3, 2, 17, 0, tzinfo=CITY)
ORDER = OrderFacts(
    number="20260213-000128",
    received=datetime(2026, 2, 13, 16, 4, tzinfo=CITY),
    type=OrderType.COMPLAINT,
    category="城市管理",
    content="夜间施工噪声扰民。",
    unit=UNIT,
    limits=(
        Limit("签收", datetime(2026, 2, 13, 17, 4, tzinfo=CITY), "派单后1小时"),
        Limit("办结", LIMIT),
    ),
)
ISSUE = Issue(CENTRE, date(2026, 2, 13), "延热办〔2026〕12号")
FROM_UNIT = Issue(UNIT, date(2026, 2, 14), signer="王强")

OF_AN_ORDER: dict[str, Callable[[], OfficialPaper]] = {
    "政府公共服务热线交办通知书": lambda: forms.dispatch_notice(ORDER, ISSUE),
    "督办单": lambda: forms.supervision_slip(ORDER, ISSUE, cause="已超过办理时限", limit=LIMIT),
    "督办通知书": lambda: forms.supervision_notice(ORDER, ISSUE, cause="未反馈结果", limit=LIMIT),
    "挂牌督办通知书": lambda: forms.listed_supervision(ORDER, ISSUE, cause="弄虚作假", limit=LIMIT),
    "退回重办通知书": lambda: forms.redo_notice(
        ORDER, ISSUE, reasons="诉求人不满意", round=2, limit=LIMIT
    ),
    "退回申请": lambda: forms.return_application(ORDER, FROM_UNIT, to=CENTRE, reasons="非我局职责"),
    "退回申请审核意见": lambda: forms.return_decision(
        ORDER, ISSUE, accepted=False, reasons="属你局职责", due=LIMIT
    ),
    "延期申请": lambda: forms.extension_application(
        ORDER, FROM_UNIT, to=CENTRE, reasons="需要检测", due=LIMIT, until=LIMIT, nth=2
    ),
    "延期申请审核意见": lambda: forms.extension_decision(
        ORDER, ISSUE, granted=False, reasons="理由不足", due=LIMIT, nth=2
    ),
}


def words(paper: OfficialPaper) -> str:
    """All that a paper says."""
    cells = [f"{cell.label}={cell.value}" for row in paper.rows for cell in row.cells]
    return "\n".join([paper.title, *paper.to, *paper.paragraphs, *cells, *paper.closing])


@pytest.mark.parametrize("title", OF_AN_ORDER)
def test_each_form_names_its_order_who_it_goes_to_and_the_limit(title: str) -> None:
    paper = OF_AN_ORDER[title]()
    assert paper.title == title
    assert paper.to == ((CENTRE,) if "申请" in title and "意见" not in title else (UNIT,))
    assert paper.issuer == (UNIT if paper.to == (CENTRE,) else CENTRE)
    assert "20260213-000128" in "".join(paper.paragraphs)
    assert title == "退回申请" or "2026年3月2日17:00" in words(paper)


@pytest.mark.parametrize("title", OF_AN_ORDER)
def test_no_form_tells_who_called_unless_it_was_given(title: str) -> None:
    paper = OF_AN_ORDER[title]()
    shows = "审核意见" not in title  # a decision does not tell of the citizen at all
    assert ("诉求人=保密" in words(paper)) == shows
    assert ("联系电话=保密" in words(paper)) == shows


def test_a_citizen_who_may_be_named_is_named() -> None:
    paper = forms.dispatch_notice(replace(ORDER, citizen="金哲", phone="13800000000"), ISSUE)
    assert "诉求人=金哲\n联系电话=13800000000" in words(paper)


@pytest.mark.parametrize("kind", OrderType)
@pytest.mark.parametrize("channel", Channel)
def test_every_type_channel_and_urgency_has_a_word(kind: OrderType, channel: Channel) -> None:
    for urgency in Urgency:
        order = replace(ORDER, type=kind, channel=channel, urgency=urgency)
        said = words(forms.dispatch_notice(order, ISSUE))
        assert kind.value not in said
        assert channel.value not in said
        assert urgency.value not in said


def test_only_an_urgent_paper_is_marked_so() -> None:
    marks = {
        urgency: forms.dispatch_notice(replace(ORDER, urgency=urgency), ISSUE).urgency
        for urgency in Urgency
    }
    assert marks == {Urgency.NORMAL: "", Urgency.URGENT: "加急", Urgency.CRITICAL: "特急"}


def test_the_dispatch_notice_gives_each_deadline_its_basis_and_leaves_room_to_answer() -> None:
    limits = (*ORDER.limits, Limit("退回", LIMIT, "1个工作日", provisional=True))
    paper = forms.dispatch_notice(replace(ORDER, limits=limits), ISSUE, opinion="请会同住建局办理")
    said = words(paper)
    assert "签收：2026年2月13日17:04前（派单后1小时）" in said
    assert "办结：2026年3月2日17:00前\n" in said
    assert "（1个工作日；暂定，以公布的工作日安排为准）" in said
    assert "拟办意见=请会同住建局办理" in said
    empty = [row for row in paper.rows if not any(cell.value for cell in row.cells)]
    assert [row.lines > 1 for row in empty] == [True, True]


def test_a_supervision_notice_tells_what_went_before_and_what_follows() -> None:
    paper = forms.supervision_notice(
        ORDER,
        ISSUE,
        cause="逾期。",
        limit=LIMIT,
        earlier=("2月26日电话催办", "2月27日下发督办单。"),
    )
    assert paper.paragraphs[0].endswith("号事项逾期。")
    assert paper.paragraphs[1:3] == ("2月26日电话催办。", "2月27日下发督办单。")
    assert "问责" in paper.paragraphs[-1]


def test_publication_is_announced_only_when_it_is_meant() -> None:
    for publish in (True, False):
        paper = forms.listed_supervision(
            ORDER, ISSUE, cause="逾期", limit=LIMIT, publish=publish, title="挂牌"
        )
        assert ("公开" in words(paper)) == publish
        assert paper.title == "挂牌"


def test_a_decision_says_yes_or_no() -> None:
    accepted = forms.return_decision(ORDER, ISSUE, accepted=True, reasons="属实")
    refused = forms.return_decision(ORDER, ISSUE, accepted=False, reasons="不实")
    assert "，同意退回" in words(accepted)
    assert "不同意退回" in words(refused)
    assert "按原定时限" in words(refused)
    granted = forms.extension_decision(ORDER, ISSUE, granted=True, reasons="", due=LIMIT, nth=3)
    assert "第3次延期" in words(granted)
    assert "同意延期至2026年3月2日17:00" in words(granted)
    assert "告知诉求人" in words(granted)


def test_a_return_after_a_site_check_says_so_and_proposes_a_unit() -> None:
    paper = forms.return_application(
        ORDER, FROM_UNIT, to=CENTRE, reasons="r", proposed="市住建局", site_check=True
    )
    assert "现场核实" in words(paper)
    assert "建议单位=市住建局" in words(paper)


def test_a_major_matter_is_reported_upwards_under_three_headings() -> None:
    issue = Issue(CENTRE, date(2026, 2, 13), signer="王强", hotline="12345热线")
    paper = forms.major_report(
        issue,
        to="延吉市人民政府",
        title="关于供热中断的呈报",
        situation="一段\n\n二段",
        measures="抢修。",
        proposal="建议。",
        orders=(ORDER,),
        urgency=Urgency.CRITICAL,
    )
    assert [p for p in paper.paragraphs if is_heading(p)] == [
        "一、基本情况",
        "二、已采取的措施",
        "三、工作建议",
    ]
    assert paper.paragraphs[2:4] == ("一段", "二段")
    assert paper.signer == "王强"
    assert paper.urgency == "特急"
    assert "12345热线" in paper.paragraphs[0]
    assert ORDER.number in words(paper)


def test_a_work_letter_has_the_letters_layout_and_a_date_to_answer_by() -> None:
    letter = forms.work_letter(
        Issue(CENTRE, date(2026, 2, 13), head=f"{CENTRE}文件", contact="李明"),
        to=("市自然资源局", "市住建局"),
        title="函",
        matter="事由。",
        request="请求。",
        reply_by=LIMIT,
    )
    assert letter.layout is Layout.LETTER
    assert head(letter)[0] == CENTRE
    assert recipients(letter) == "市自然资源局、市住建局："
    assert "2026年3月2日17:00前函复" in letter.paragraphs[2]
    assert letter.note == "联系人：李明"


def test_small_parts_of_a_paper() -> None:
    paper = OfficialPaper(
        CENTRE, "k", "t", "", (), (), date(2026, 2, 3), attachments=("a", " ", "b")
    )
    assert attachment_lines(paper) == ("1.a", "2.b")
    assert attachment_lines(replace(paper, attachments=("a",))) == ("a",)
    assert signature(paper) == f"{CENTRE}（盖章）"
    assert signature(replace(paper, sealed=False)) == CENTRE
    assert recipients(paper) == ""
    assert chinese_date(paper.date) == "2026年2月3日"
    assert head(paper)[1] > head(replace(paper, issuer=CENTRE * 3))[1]


@pytest.mark.parametrize("text", ["一、情况。第二句", "甲、情况", "一. 情况", f"一、{'长' * 30}"])
def test_what_only_looks_like_a_heading_is_none(text: str) -> None:
    assert not is_heading(text)


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("a\x00b\x08c\x1bd", "abcd"),
        ("甲\ud800乙\ufffe丙\uffff丁", "甲乙丙丁"),
        ("发票\u202egpj.exe\u2069", "发票gpj.exe"),
        ("零\u200b宽\ufeff字\u00ad符", "零宽字符"),
        (" 一\t二\r\n三 ", "一 二  三"),
        ("e\u0301", "\u00e9"),
        ("{{7*7}} ${x} <b>&amp;</b> ]]>", "{{7*7}} ${x} <b>&amp;</b> ]]>"),
        ("䶮𠮷한", "䶮𠮷한"),
    ],
)
def test_clean_drops_what_no_file_can_hold_and_nothing_else(given_text: str, kept: str) -> None:
    assert clean(given_text) == kept


@given(st.text())
def test_clean_text_is_one_line_that_xml_allows(text: str) -> None:
    cleaned = clean(text)
    parsed = ElementTree.fromstring(f"<a>{escape(cleaned)}</a>")  # noqa: S314 - our own text
    assert (parsed.text or "") == cleaned
    assert clean(cleaned) == cleaned
    assert clean_lines(cleaned) == ((cleaned,) if cleaned else ())


def columns(text: str) -> float:
    return sum(0.5 if c.isascii() else 1.0 for c in text)


LINES = st.text(alphabet="热线办理时限，。“”（）《》:%a1- 〔", max_size=200)


@given(LINES, st.integers(2, 30), st.sampled_from([0, 2]))
def test_lines_keep_every_character_and_fit(text: str, width: int, indent: int) -> None:
    lines = break_lines(text, columns, width + indent, indent)
    assert "".join(line.text for line in lines).replace(" ", "") == text.replace(" ", "")
    for place, line in enumerate(lines):
        room = width + (indent if place else 0)
        assert columns(line.text) <= room
        assert line.slack == pytest.approx(room - columns(line.text))
    assert [line.last for line in lines] == [False] * (len(lines) - 1) + [True]


def test_marks_stand_where_they_may() -> None:
    lines = break_lines("受理分类派单签收，办理反馈审核（回访）办结归档", columns, 8)
    assert [line.text for line in lines] == [
        "受理分类派单签",
        "收，办理反馈审核",
        "（回访）办结归档",
    ]
    lines = break_lines("受理分类派单签（收）", columns, 8)
    assert [line.text for line in lines] == ["受理分类派单签", "（收）"]


def test_words_and_numbers_are_not_divided_unless_they_must_be() -> None:
    lines = break_lines("请拨打0433-8312345咨询", columns, 6)
    assert [line.text for line in lines] == ["请拨打", "0433-8312345", "咨询"]
    lines = break_lines("x" * 30, columns, 6)
    assert [line.text for line in lines] == ["x" * 12, "x" * 12, "x" * 6]


def test_a_title_is_broken_into_lines_of_like_length() -> None:
    assert balanced("关于多名群众反映集中供热中断有关情况的呈报", columns, 19) == [
        "关于多名群众反映集中供",
        "热中断有关情况的呈报",
    ]
    assert balanced("督办单", columns, 19) == ["督办单"]
