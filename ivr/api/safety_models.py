"""What goes in and out about safety: who is shut out, and what went out of the house."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ivr.api.inbox_models import PageQuery
from ivr.api.models import Out
from ticketing.domain.outbound import NumberKind, Purpose


class BanOut(Out):
    """An address that is shut out, was, or would have been.

    ``holds``: it is shut out now. ``spared`` says why it was only told of: ``seat`` (a telephone of
    ours is registered there), ``trunk`` (the carrier), ``self`` (this machine).
    """

    address: str
    holds: bool
    since: datetime
    until: datetime
    failures: int
    accounts: list[str]
    spared: str
    lifted_by: str
    lifted_at: datetime | None


class BansOut(Out):
    """The latest bans, newest first."""

    items: list[BanOut]


class OutwardQuery(PageQuery):
    """A page of the outward calls, newest first."""

    purpose: Purpose | None = Field(None, description="only those for this")


class OutwardCallOut(Out):
    """A call out of the house, or the attempt at one.

    ``outcome`` is ``answered``, ``no_answer``, ``busy``, ``refused``, ``congestion``, ``hung_up``,
    ``failed``, ``over`` when nothing else is known; null while it goes on.
    """

    id: int
    at: datetime
    who: str
    number: str
    kind: NumberKind
    purpose: Purpose
    ref: str
    outcome: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    seconds: float


class OutwardCallsOut(Out):
    """A page of them."""

    items: list[OutwardCallOut]
    next: str | None
