"""What goes in and out about inboxes, drafts of supervision and the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from ivr.api.models import In, Moment, Out
from ivr.api.order_models import Long, Short
from ticketing.domain.matters import Urgency
from ticketing.domain.measures import Fault, Kind
from ticketing.store.drafts import DraftState

MESSAGE_ID = r"^[0-9A-Za-z-]{1,100}$"
DRAFT_ID = r"^[0-9A-Za-z_.:@~-]{1,200}$"
_CURSOR = r"^[0-9A-Za-z_-]{1,200}$"


class PageQuery(In):
    """One page of a list."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, pattern=_CURSOR, description="`next` of the page before")


class MessageOut(Out):
    """What a unit was told; ``what`` names it."""

    id: str
    number: str
    what: str
    at: datetime
    read_at: datetime | None
    read_by: str | None


class InboxOut(Out):
    """A unit's messages: what is not read first, each part newest first."""

    items: list[MessageOut]
    unread: int
    next: str | None


class DraftsQuery(PageQuery):
    """Drafts of one state."""

    state: DraftState = DraftState.DRAFTED


class DraftOut(Out):
    """What the clock has drafted, and what a person made of it.

    What is about many orders (D6, D7) has a ``centre`` and no ``order``.
    """

    id: str
    kind: Kind
    rule: str
    why: str
    order: str
    unit: str
    round: int
    fault: Fault | None
    state: DraftState
    drafted_at: datetime
    limit: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    centre: str
    orders: list[str]
    said: str | None


class DraftsOut(Out):
    """One page, newest first."""

    items: list[DraftOut]
    next: str | None


class IssueIn(In):
    """How a draft is issued."""

    text: Long = Field("", description="what is said; the draft's own reason without it")
    limit: Moment | None = Field(
        None, description="the new limit; without it the one that the policy pack sets"
    )
    attendees: list[Short] = Field(
        default_factory=list,
        max_length=50,
        description="asked to a joint supervision, or come to a verification on site",
    )
    evidence: Long = Field("", description="what a verification on site has shown")
    urgency: Urgency | None = Field(None, description="set with a leader's instruction")
    publish: bool = False


class DismissIn(In):
    """Why a draft is set aside."""

    why: Long


class OutboxQuery(PageQuery):
    """What has failed for good; nothing else can be listed."""

    failed: Literal["1"] = "1"


class FailureOut(Out):
    """What could not be told; ``target`` is a unit, or empty for the citizen."""

    id: str
    number: str
    kind: str
    target: str
    what: str
    created_at: datetime
    attempts: int
    why: str


class OutboxOut(Out):
    """One page, newest first."""

    items: list[FailureOut]
    next: str | None
