"""What the forms are told: an order's plain facts, and how a paper is issued.

Which facts may be shown to the reader is decided before: a citizen who must not be named comes as
None and is printed as 保密. Moments are local time and printed as they are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ticketing.documents.model import Cell, Row, chinese_date
from ticketing.domain.matters import Channel, OrderType, Urgency

WITHHELD = "保密"
TYPES = {
    OrderType.CONSULTATION: "咨询",
    OrderType.HELP: "求助",
    OrderType.COMPLAINT: "投诉",
    OrderType.REPORT: "举报",
    OrderType.SUGGESTION: "建议",
    OrderType.EMERGENCY: "突发",
}
URGENCIES = {Urgency.NORMAL: "一般", Urgency.URGENT: "紧急", Urgency.CRITICAL: "特急"}
PRINTED_URGENCY = {Urgency.NORMAL: "", Urgency.URGENT: "加急", Urgency.CRITICAL: "特急"}
CHANNELS = {
    Channel.PHONE: "电话",
    Channel.MAILBOX: "市长信箱",
    Channel.PORTAL: "门户网站",
    Channel.APP: "手机应用",
    Channel.WECHAT: "微信",
    Channel.SMS: "短信",
    Channel.EMAIL: "电子邮件",
    Channel.POLICE: "110转来",
    Channel.OTHER: "其他",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """One deadline of an order.

    Attributes:
        name: what is due, e.g. ``签收``.
        at: local time.
        basis: the rule or law behind it, as it is printed; may be empty.
        provisional: the year's calendar is not published yet.
    """

    name: str
    at: datetime
    basis: str = ""
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What a paper tells of an order.

    Attributes:
        received: local time.
        unit: the handling unit's name.
        citizen, phone: as the reader may see them; None for 保密.
        place: where the matter is.
    """

    number: str
    received: datetime
    type: OrderType
    category: str
    content: str
    unit: str
    limits: tuple[Limit, ...] = ()
    citizen: str | None = None
    phone: str | None = None
    channel: Channel = Channel.PHONE
    urgency: Urgency = Urgency.NORMAL
    place: str = ""
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issue:
    """How a paper is issued.

    Attributes:
        issuer: who signs it.
        number: 发文字号, empty while it is a draft.
        head: the red head, the issuer when empty.
        signer: 签发人, on papers that go upwards.
        contact: whom to ask, e.g. ``张三，0433-8300000``.
        hotline: the hotline's name in the text.
    """

    issuer: str
    date: date
    number: str = ""
    head: str = ""
    cc: tuple[str, ...] = ()
    signer: str = ""
    contact: str = ""
    hotline: str = "12345政务服务热线"


def moment(at: datetime) -> str:
    """``2026年2月16日17:00``."""
    return f"{chinese_date(at.date())}{at:%H:%M}"


def row(label: str, value: str) -> Row:
    return Row((Cell(label, value),))


def order_rows(order: OrderFacts) -> tuple[Row, ...]:
    """What the order is, for a reader who may not know it."""
    return (
        *short_rows(order),
        Row((Cell("诉求人", _shown(order.citizen)), Cell("联系电话", _shown(order.phone)))),
        Row((Cell("事项类别", order.category), Cell("紧急程度", URGENCIES[order.urgency]))),
        *((row("发生地点", order.place),) if order.place else ()),
        row("诉求内容", order.content),
    )


def short_rows(order: OrderFacts) -> tuple[Row, ...]:
    return (
        Row((Cell("工单编号", order.number), Cell("受理时间", moment(order.received)))),
        Row((Cell("受理渠道", CHANNELS[order.channel]), Cell("诉求类型", TYPES[order.type]))),
    )


def limit_rows(order: OrderFacts) -> tuple[Row, ...]:
    if not order.limits:
        return ()
    lines = [f"{limit.name}：{_limit(limit)}" for limit in order.limits]
    return (row("办理时限", "\n".join(lines)),)


def _limit(limit: Limit) -> str:
    remarks = [limit.basis] if limit.basis else []
    if limit.provisional:
        remarks.append("暂定，以公布的工作日安排为准")
    return f"{moment(limit.at)}前" + (f"（{'；'.join(remarks)}）" if remarks else "")


def _shown(value: str | None) -> str:
    return WITHHELD if value is None else value
