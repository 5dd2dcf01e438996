"""The forms of what follows from a leader's word, a visit or a fault: the instruction as it is
passed on, the record of an on-site verification (D3, D9), a case file (D8). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ticketing.documents.facts import Issue, OrderFacts, limit_rows, moment, order_rows, row
from ticketing.documents.forms import official, sentence, to_unit
from ticketing.documents.model import Cell, OfficialPaper, Row


def instruction_notice(
    order: OrderFacts,
    issue: Issue,
    *,
    said: str,
    limit: datetime,
    title: str = "领导批示件交办通知书",
) -> OfficialPaper:
    """领导批示交办: what a leader has instructed, and by when it is to be done (D9)."""
    text = (
        f"现将{issue.hotline}第{order.number}号事项的领导批示交由你单位办理。请按批示要求抓紧办理，"
        f"于{moment(limit)}前办结，答复诉求人，并书面反馈办理结果。"
    )
    extra = (row("批示要求", sentence(said)),)
    return to_unit("instruction_notice", title, order, issue, (text,), limit, extra=extra)


def verification_record(
    order: OrderFacts,
    issue: Issue,
    *,
    attended: Sequence[str],
    evidence: str,
    found: str,
    title: str = "现场核实记录",
) -> OfficialPaper:
    """现场核实记录: who came, what was found, and what shows it (D3, D9)."""
    text = f"对{issue.hotline}第{order.number}号事项进行了现场核实，情况记录如下："
    rows = (
        *order_rows(order),
        row("到场人员", "、".join(name.strip() for name in attended if name.strip())),
        *((row("核实情况", sentence(found)),) if found.strip() else ()),
        row("核实依据", evidence),
        Row((Cell("核实人签字", ""), Cell("承办单位签字", "")), lines=2),
    )
    return official("verification_record", title, issue, (order.unit,), (text,), rows)


def case_file(
    order: OrderFacts,
    issue: Issue,
    *,
    fault: str,
    said: str,
    course: Sequence[tuple[str, str]],
    title: str = "问责案卷",
) -> OfficialPaper:
    """问责案卷: why a unit is to answer for an order, with what it did and when (D8).

    Args:
        fault: the kind of fault, in words.
        course: each step with its time or number, in order.
    """
    paragraphs = (
        f"{order.unit}在承办{issue.hotline}第{order.number}号事项中{sentence(fault)}",
        sentence(said),
        "现立卷，请有关部门依规处理。",
    )
    rows = [*order_rows(order), *limit_rows(order), row("认定情形", fault)]
    for start in range(0, len(course), 2):
        cells = [Cell(name, told) for name, told in course[start : start + 2]]
        rows.append(Row((cells[0], cells[1]) if len(cells) == 2 else (cells[0],)))
    return official("case_file", title, issue, ("有关监督部门",), paragraphs, tuple(rows))
