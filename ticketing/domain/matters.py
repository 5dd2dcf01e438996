"""The words of a matter: its kind, its urgency, where it came from, who brought it (I3, M1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OrderType(StrEnum):
    """What is asked for; it drives the clock (I3)."""

    CONSULTATION = "consultation"  # 咨询
    HELP = "help"  # 求助
    COMPLAINT = "complaint"  # 投诉
    REPORT = "report"  # 举报
    SUGGESTION = "suggestion"  # 建议
    EMERGENCY = "emergency"  # 突发


class Urgency(StrEnum):
    """How urgent it is; a policy pack may shorten a limit by it (I8)."""

    NORMAL = "normal"  # 一般
    URGENT = "urgent"  # 紧急
    CRITICAL = "critical"  # 特急


class Channel(StrEnum):
    """Where a matter came in, and where its result goes back to (M1)."""

    PHONE = "phone"
    MAILBOX = "mailbox"  # 市长信箱
    PORTAL = "portal"
    APP = "app"
    WECHAT = "wechat"
    SMS = "sms"
    EMAIL = "email"
    POLICE = "police"  # 110 非警务 (X1)
    OTHER = "other"


class Satisfaction(StrEnum):
    """What the citizen says of the result (C2). ``UNREACHABLE`` never counts as satisfied."""

    SATISFIED = "satisfied"  # 满意
    BASICALLY = "basically_satisfied"  # 基本满意
    DISSATISFIED = "dissatisfied"  # 不满意
    UNREACHABLE = "unreachable"  # 联系不上


@dataclass(frozen=True, slots=True)
class Citizen:
    """Who brought the matter. Every field is as given, and may be empty for an anonymous one.

    Attributes:
        phone: digits, to be called back at.
        anonymous: wishes not to be named to the unit (保密).
    """

    name: str = ""
    phone: str = ""
    address: str = ""
    email: str = ""
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class StatutoryLimit:
    """A limit that a law sets, and that goes before the pack's (W4).

    Attributes:
        days: how many.
        working: working days, else calendar days.
        basis: the law and its article, as they are printed.
    """

    days: int
    working: bool
    basis: str
