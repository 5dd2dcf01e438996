"""One line of a list of orders, and what a list is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from ticketing.domain.matters import Channel, OrderType, Satisfaction, Urgency
from ticketing.domain.work_order import State
from ticketing.store.order_tables import WORK_ORDERS


@dataclass(frozen=True, slots=True)
class Sight:
    """What of all orders somebody may see (R).

    Attributes:
        unit: the reader's own.
        centres: orders that these hotline bodies have taken in.
        holds: also orders that the unit has, helps with, or has forwarded.
    """

    unit: str
    centres: tuple[str, ...] = ()
    holds: bool = True


class Sort(StrEnum):
    """The order of a list."""

    NEWEST = "newest"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed by; None and empty narrow nothing.

    Attributes:
        category: this category and all below it.
        districts: any of these.
        name: the citizen's, exactly.
        overdue_at: only orders whose limit has passed by then.
        asks: only orders with such a request open: return, extension, exemption.
        words: to be found in title, content, address or answer.
    """

    states: tuple[State, ...] = ()
    type: OrderType | None = None
    category: str = ""
    districts: tuple[str, ...] = ()
    unit: str = ""
    name: str = ""
    urgency: Urgency | None = None
    channel: Channel | None = None
    phone: str = ""
    call: str = ""
    master: str = ""
    satisfaction: Satisfaction | None = None
    asks: str = ""
    since: datetime | None = None
    until: datetime | None = None
    overdue_at: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of a list; times are UTC."""

    number: str
    state: State
    version: int
    received_at: datetime
    changed_at: datetime
    centre: str
    unit: str | None
    channel: Channel
    call_id: str | None
    citizen_name: str
    citizen_phone: str
    title: str
    type: OrderType | None
    category: str
    district: str
    urgency: Urgency
    round: int
    dispatched_at: datetime | None
    sign_by: datetime | None
    due: datetime | None
    paused: bool
    asks: str | None
    satisfaction: Satisfaction | None
    master: str | None
    closed_at: datetime | None
    provisional: bool


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page; ``next`` is the cursor of the page after it, or None."""

    items: tuple[OrderRow, ...]
    next: str | None


_KINDS: dict[str, type[Any]] = {
    "state": State,
    "channel": Channel,
    "type": OrderType,
    "urgency": Urgency,
    "satisfaction": Satisfaction,
}
SHOWN = tuple(WORK_ORDERS.c[name] for name in OrderRow.__dataclass_fields__)


def row(found: Row[Any]) -> OrderRow:
    """The line that a row holds."""
    values = dict(found._mapping)
    for name, kind in _KINDS.items():
        if values[name] is not None:
            values[name] = kind(values[name])
    return OrderRow(**values)
