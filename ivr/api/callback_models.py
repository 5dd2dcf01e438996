"""What goes in and out about those who are to be called back."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from ivr.api.models import In, Out
from ticketing.domain.callbacks import Kind, State, Tried


class CallbacksQuery(In):
    """A page of the list; without ``all`` only what is still to be done."""

    kind: Kind | None = None
    all: bool = Field(False, description="what is done too")
    limit: int = Field(50, ge=1, le=200, description="the most on a page")
    cursor: str | None = Field(None, max_length=400, description="`next` of the page before")


class SetAsideIn(In):
    """Why somebody is not called back."""

    note: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")


class CallbackOut(Out):
    """Somebody to be called back. ``caller`` is the number to call; ``joined_at`` the place kept;
    ``waited_seconds`` how long the caller had waited."""

    id: int
    call: str
    kind: Kind
    caller: str = Field(validation_alias="number")
    line: str
    language: str
    queue: str
    joined_at: datetime
    asked_at: datetime
    next_at: datetime
    waited_seconds: int
    message: bool = Field(description="a message was left: listen to the recording of the call")
    state: State
    attempts: int
    outcome: Tried | None
    closed_at: datetime | None
    closed_by: str
    note: str


class CallbacksOut(Out):
    """A page of the list, newest first."""

    items: list[CallbackOut]
    next: str | None
