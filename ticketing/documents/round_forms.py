"""The forms of supervision of many orders at once: the batch of hard cases (D6), each unit's
bulletin, advice and the report to the government (D7). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ticketing.documents.facts import Issue, moment, row
from ticketing.documents.forms import official, sentence
from ticketing.documents.model import Cell, OfficialPaper, Row, clean_lines

_MOST = 200  # orders in one paper; whoever wants all of them has the list


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order in a list; moments are local.

    Attributes:
        title: what it is about, in short.
        due: when the unit's limit ended.
    """

    number: str
    title: str
    unit: str
    due: datetime | None


def hard_cases_report(
    issue: Issue, *, to: Sequence[str], said: str, orders: Sequence[OrderLine], title: str
) -> OfficialPaper:
    """疑难办件: what the usual means do not settle goes to the supervising offices (D6)."""
    paragraphs = (
        *clean_lines(sentence(said)),
        f"现将下列经多次办理仍未解决的{issue.hotline}事项报送你单位，请予协调督办。",
    )
    return official("hard_cases", title, issue, tuple(to), paragraphs, _rows(orders, units=True))


def unit_bulletin(
    issue: Issue, *, unit: str, said: str, orders: Sequence[OrderLine], title: str
) -> OfficialPaper:
    """办理情况通报: how a unit did in a period (D7)."""
    paragraphs = (
        f"现将你单位承办{issue.hotline}事项的情况通报如下：",
        *clean_lines(sentence(said)),
    )
    return official("bulletin", title, issue, (unit,), paragraphs, _rows(orders))


def rectification_advice(
    issue: Issue, *, unit: str, said: str, orders: Sequence[OrderLine], title: str
) -> OfficialPaper:
    """整改建议书: what a unit should put right (D7)."""
    paragraphs = (
        *clean_lines(sentence(said)),
        "请你单位针对下列事项查明原因，提出整改措施，并将整改情况书面反馈我单位。",
    )
    return official("rectification", title, issue, (unit,), paragraphs, _rows(orders))


def government_report(
    issue: Issue, *, to: str, said: str, units: Sequence[tuple[str, str]], title: str
) -> OfficialPaper:
    """督办情况报告: one report to the government, with a line for each unit (D7)."""
    paragraphs = (f"现将{issue.hotline}督办情况报告如下：", *clean_lines(sentence(said)))
    rows = tuple(row(name, told) for name, told in units)
    closing = ("特此报告。",)
    return official("report", title, issue, (to,), paragraphs, rows, closing=closing)


def _rows(orders: Sequence[OrderLine], *, units: bool = False) -> tuple[Row, ...]:
    rows: list[Row] = []
    for order in orders[:_MOST]:
        due = "" if order.due is None else moment(order.due)
        rows.append(Row((Cell("工单编号", order.number), Cell("办理时限", due))))
        rows.append(row("事项", order.title))
        if units:
            rows.append(row("承办单位", order.unit))
    if len(orders) > _MOST:
        rows.append(row("其他", f"其余 {len(orders) - _MOST} 件从略。"))
    return tuple(rows)
