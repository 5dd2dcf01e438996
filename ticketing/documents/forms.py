"""The hotline's forms: facts become an ``OfficialPaper`` (H3, H5, H6, W2, W5, W7, D1, D2, D4).

Pure. Titles and the hotline's name are a city's to choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ticketing.documents.facts import (
    PRINTED_URGENCY,
    Issue,
    OrderFacts,
    limit_rows,
    moment,
    order_rows,
    row,
    short_rows,
)
from ticketing.documents.model import Cell, Layout, OfficialPaper, Row, clean_lines
from ticketing.domain.matters import Urgency


def dispatch_notice(
    order: OrderFacts,
    issue: Issue,
    *,
    opinion: str = "",
    title: str = "政府公共服务热线交办通知书",
) -> OfficialPaper:
    """交办通知书: the order as it goes to the unit, with room for its answer (H3).

    Args:
        opinion: the dispatcher's advice (拟办意见).
    """
    text = (
        f"现将{issue.hotline}受理的第{order.number}号事项交由你单位办理。请在规定时限内签收、办理，"
        "答复诉求人，并将办理结果反馈我单位。不属于你单位职责范围的，请在退回时限前说明理由，"
        "提出退回申请。"
    )
    rows = [*order_rows(order), *limit_rows(order)]
    if opinion:
        rows.append(row("拟办意见", opinion))
    rows.append(Row((Cell("办理情况", ""),), lines=4))
    rows.append(Row((Cell("承办人", ""), Cell("负责人签字", "")), lines=2))
    return official(
        "dispatch_notice",
        title,
        issue,
        to=(order.unit,),
        paragraphs=(text,),
        rows=tuple(rows),
        attachments=order.attachments,
        urgency=PRINTED_URGENCY[order.urgency],
    )


def supervision_slip(
    order: OrderFacts, issue: Issue, *, cause: str, limit: datetime, title: str = "督办单"
) -> OfficialPaper:
    """督办单: a new limit for an overdue order or a late return (D1).

    Args:
        cause: what is wrong, as the end of a sentence: ``已超过办理时限，至今未办结``.
    """
    text = (
        f"经查，你单位承办的{issue.hotline}第{order.number}号事项{sentence(cause)}现予督办，"
        f"请于{moment(limit)}前办结并答复诉求人，同时书面反馈办理结果。"
    )
    return to_unit("supervision_slip", title, order, issue, (text,), limit)


def supervision_notice(
    order: OrderFacts,
    issue: Issue,
    *,
    cause: str,
    limit: datetime,
    earlier: Sequence[str] = (),
    title: str = "督办通知书",
) -> OfficialPaper:
    """督办通知书: not handled, late without reason, or nothing reported back (D2).

    Args:
        earlier: what was done before, one sentence each: reminders, 督办单.
    """
    paragraphs = [
        f"你单位承办的{issue.hotline}第{order.number}号事项{sentence(cause)}",
        *(sentence(step) for step in earlier),
        f"现就该事项予以督办。请立即组织办理，于{moment(limit)}前办结，答复诉求人，"
        "并书面反馈办理结果；确有原因不能按期办结的，请一并说明理由。",
        "经督办仍不办理且不说明理由，或者不反馈办理结果的，将按规定移送有关部门问责。",
    ]
    return to_unit("supervision_notice", title, order, issue, tuple(paragraphs), limit)


def listed_supervision(
    order: OrderFacts,
    issue: Issue,
    *,
    cause: str,
    limit: datetime,
    publish: bool = False,
    title: str = "挂牌督办通知书",
) -> OfficialPaper:
    """挂牌督办: unjustified overdue or falsified results (D4).

    Args:
        limit: no later than the first supervision's limit allows; checked by whoever orders it.
        publish: the paper announces that it may be made public.
    """
    paragraphs = [
        f"你单位承办的{issue.hotline}第{order.number}号事项{sentence(cause)}现决定对该事项挂牌督办。",
        f"挂牌督办期限至{moment(limit)}，不超过首次督办期限。请你单位主要负责人牵头，"
        "在期限内办结，答复诉求人，并书面报告办理结果。",
    ]
    if publish:
        paragraphs.append("本次挂牌督办及办理结果将视情况向社会公开。")
    return to_unit("listed_supervision", title, order, issue, tuple(paragraphs), limit)


def redo_notice(
    order: OrderFacts,
    issue: Issue,
    *,
    reasons: str,
    round: int,  # noqa: A002 - the rule's word
    limit: datetime,
    title: str = "退回重办通知书",
) -> OfficialPaper:
    """退回重办: poor quality, against policy, or the citizen is not content (W7)."""
    text = (
        f"你单位办理的{issue.hotline}第{order.number}号事项经审核、回访，现退回重新办理（"
        f"第{round}次）。请针对下列问题重新办理，于{moment(limit)}前办结，答复诉求人并反馈结果。"
    )
    return to_unit(
        "redo_notice", title, order, issue, (text,), limit, extra=(row("退回原因", reasons),)
    )


def return_application(
    order: OrderFacts,
    issue: Issue,
    *,
    to: str,
    reasons: str,
    proposed: str = "",
    site_check: bool = False,
    title: str = "退回申请",
) -> OfficialPaper:
    """退回申请: a unit says that an order is not its own (W2).

    Args:
        to: the dispatching side.
        proposed: the unit that should have it instead.
        site_check: the site was looked at, which gives the longer limit.
    """
    text = (
        f"你单位交办的{issue.hotline}第{order.number}号事项，经研究"
        f"{'并现场核实' if site_check else ''}，不属于我单位职责范围，现申请退回，请予审核。"
    )
    rows = [*order_rows(order), row("退回理由", reasons)]
    if proposed:
        rows.append(row("建议单位", proposed))
    rows.append(Row((Cell("审核意见", ""),), lines=3))
    return official(
        "return_application", title, issue, (to,), (text,), tuple(rows), layout=Layout.LETTER
    )


def return_decision(
    order: OrderFacts,
    issue: Issue,
    *,
    accepted: bool,
    reasons: str,
    due: datetime | None = None,
    title: str = "退回申请审核意见",
) -> OfficialPaper:
    """The dispatcher's decision on a return (W2); refused, the clock has run on (note 14).

    Args:
        due: what the unit is still held to when it is refused.
    """
    about = f"你单位关于{issue.hotline}第{order.number}号事项的退回申请收悉。经审核，"
    if accepted:
        decision = "同意退回。该事项由我单位另行交办，你单位不再承办。"
    else:
        by = f"于{moment(due)}前" if due else "按原定时限"
        decision = f"不同意退回。退回审核期间办理时限不停止计算，请{by}办结并反馈结果。"
    rows = (*short_rows(order), row("审核理由", reasons))
    return official(
        "return_decision",
        title,
        issue,
        (order.unit,),
        (about + decision,),
        rows,
        layout=Layout.LETTER,
    )


def extension_application(
    order: OrderFacts,
    issue: Issue,
    *,
    to: str,
    reasons: str,
    due: datetime,
    until: datetime,
    nth: int,
    title: str = "延期申请",
) -> OfficialPaper:
    """延期申请, in time before the deadline (W5).

    Args:
        due: the deadline in force.
        until: the deadline that is asked for.
        nth: which extension of this order it is, from 1.
    """
    text = (
        f"我单位承办的{issue.hotline}第{order.number}号事项，办理时限为{moment(due)}。"
        f"因故不能按期办结，现申请第{nth}次延期，延至{moment(until)}，请予审核。"
    )
    rows = (
        *order_rows(order),
        row("延期理由", reasons),
        Row((Cell("审核意见", ""),), lines=3),
    )
    return official(
        "extension_application", title, issue, (to,), (text,), rows, layout=Layout.LETTER
    )


def extension_decision(
    order: OrderFacts,
    issue: Issue,
    *,
    granted: bool,
    reasons: str,
    due: datetime,
    nth: int,
    title: str = "延期申请审核意见",
) -> OfficialPaper:
    """The dispatching side's decision on an extension; the citizen is to be told (W5).

    Args:
        due: the deadline that now holds, extended or not.
    """
    about = f"你单位关于{issue.hotline}第{order.number}号事项的第{nth}次延期申请收悉。经审核，"
    if granted:
        decision = f"同意延期至{moment(due)}。请将延期情况及理由告知诉求人，抓紧办理，按期办结。"
    else:
        decision = f"不同意延期。请于{moment(due)}前办结，答复诉求人并反馈结果。"
    rows = (*short_rows(order), row("审核理由", reasons))
    return official(
        "extension_decision",
        title,
        issue,
        (order.unit,),
        (about + decision,),
        rows,
        layout=Layout.LETTER,
    )


def major_report(
    issue: Issue,
    *,
    to: str,
    title: str,
    situation: str,
    measures: str,
    proposal: str,
    orders: Sequence[OrderFacts] = (),
    urgency: Urgency = Urgency.NORMAL,
) -> OfficialPaper:
    """重大事项呈报: a major matter told to the government in writing (H5).

    Args:
        situation, measures, proposal: what happened, what was done, what is asked for.
        orders: the orders it is about.
    """
    paragraphs = [
        f"现将{issue.hotline}受理的重大事项有关情况呈报如下：",
        *("一、基本情况", *clean_lines(situation)),
        *("二、已采取的措施", *clean_lines(measures)),
        *("三、工作建议", *clean_lines(proposal)),
    ]
    rows: list[Row] = []
    for order in orders:
        rows.append(Row((Cell("工单编号", order.number), Cell("受理时间", moment(order.received)))))
        rows.append(Row((Cell("事项类别", order.category), Cell("承办单位", order.unit))))
    return official(
        "major_report",
        title,
        issue,
        (to,),
        tuple(paragraphs),
        tuple(rows),
        closing=("以上情况，请审阅。",),
        urgency=PRINTED_URGENCY[urgency],
    )


def work_letter(
    issue: Issue,
    *,
    to: Sequence[str],
    title: str,
    matter: str,
    request: str,
    reply_by: datetime | None = None,
    attachments: tuple[str, ...] = (),
) -> OfficialPaper:
    """工作函: bodies of equal rank settle a matter by letter (H6 工作函商).

    Args:
        matter, request: what it is about, and what the other side is asked to do.
    """
    paragraphs = [*clean_lines(matter), *clean_lines(request)]
    if reply_by is not None:
        paragraphs.append(f"请研究办理，并于{moment(reply_by)}前函复。")
    paragraphs.append("专此函达。")
    return official(
        "work_letter",
        title,
        issue,
        tuple(to),
        tuple(paragraphs),
        attachments=attachments,
        layout=Layout.LETTER,
    )


def to_unit(
    kind: str,
    title: str,
    order: OrderFacts,
    issue: Issue,
    paragraphs: tuple[str, ...],
    limit: datetime,
    extra: tuple[Row, ...] = (),
) -> OfficialPaper:
    """A paper to the order's unit, with the order and by when it is to be done."""
    rows = (*order_rows(order), *extra, row("限办时间", f"{moment(limit)}前"))
    return official(
        kind,
        title,
        issue,
        (order.unit,),
        paragraphs,
        rows,
        attachments=order.attachments,
        urgency=PRINTED_URGENCY[order.urgency],
    )


def official(
    kind: str,
    title: str,
    issue: Issue,
    to: tuple[str, ...],
    paragraphs: tuple[str, ...],
    rows: tuple[Row, ...] = (),
    *,
    closing: tuple[str, ...] = (),
    attachments: tuple[str, ...] = (),
    urgency: str = "",
    layout: Layout = Layout.DOCUMENT,
) -> OfficialPaper:
    """A paper as ``issue`` says it is issued."""
    return OfficialPaper(
        issuer=issue.issuer,
        kind=kind,
        title=title,
        number=issue.number,
        to=to,
        paragraphs=paragraphs,
        date=issue.date,
        rows=rows,
        closing=closing,
        attachments=attachments,
        cc=issue.cc,
        head=issue.head,
        urgency=urgency,
        signer=issue.signer,
        note=f"联系人：{issue.contact}" if issue.contact else "",
        layout=layout,
    )


def sentence(text: str) -> str:
    """``text`` with one full stop."""
    return text.rstrip(" 。；，") + "。"
