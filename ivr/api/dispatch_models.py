"""What goes in and out about calls to the persons responsible for an urgent order (H4)."""

from __future__ import annotations

from datetime import datetime

from ivr.api.models import Out
from ticketing.domain.dispatch_calls import Outcome, Stage


class RingOut(Out):
    """A telephone that rings or has rung; no ``outcome`` while it goes on. Times are UTC."""

    seq: int
    stage: Stage
    person: str
    phone: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None


class DispatchCallOut(Out):
    """How far it is: whose telephones ring, or how it ended. Times are UTC."""

    number: str
    unit: str
    stage: Stage
    asked_by: str
    started_at: datetime
    give_up_at: datetime
    accepted_by: str
    ended_at: datetime | None
    rings: list[RingOut]
