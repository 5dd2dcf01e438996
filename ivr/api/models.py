"""What goes in and out, as pydantic models; the API's description is made from them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from ticketing.domain.calls import HangupSide, Outcome, Rating
from ticketing.domain.roles import Permission, Role
from ticketing.domain.seats import Phone, Roster

SEAT_NUMBER = r"^[0-9]{3,6}$"
UNIT_ID = r"^[0-9A-Za-z_.-]{0,64}$"


def _written_out(value: Any) -> Any:
    moment: datetime | None = None
    if isinstance(value, str) and "T" in value.upper():
        with contextlib.suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if moment is None:
        raise ValueError("write it like 2026-03-01T08:30:00+08:00")
    return moment


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the moment is too far away") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_utc)]


class In(BaseModel):
    """A request: what is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(from_attributes=True)


class ErrorOut(Out):
    """Any error: ``error`` is for programs, ``message`` for people.

    ``reason`` is there with ``guard_failed``: the id of the condition that does not hold.
    """

    error: str
    message: str
    reason: str | None = None


class LoginIn(In):
    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=200)


class PasswordIn(In):
    old: str = Field(min_length=1, max_length=200)
    new: str = Field(min_length=1, max_length=200)


class MeOut(Out):
    username: str
    roles: list[Role]
    unit: str
    permissions: list[Permission]
    must_change_password: bool


class LoginOut(MeOut):
    token: str
    expires_at: datetime


class CallsQuery(In):
    caller: str | None = Field(
        None,
        pattern=r"^[^\x00-\x1f\x7f]{1,80}$",
        description="the citizen's number, exactly; for those who may see numbers",
    )
    since: Moment | None = Field(None, description="arrived then or later")
    until: Moment | None = Field(None, description="arrived before then")
    limit: int = Field(50, ge=1, le=200, description="the most calls on a page")
    cursor: str | None = Field(None, max_length=400, description="`next` of the page before")


class CallOut(Out):
    """One call. Times are UTC; what did not happen is null."""

    id: str
    caller: str
    caller_name: str
    dialled: str
    forwarded_from: str | None
    line: str
    language: str
    menu: str
    queue: str | None
    seat: str | None
    arrived_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    hangup_by: HangupSide
    outcome: Outcome
    rating: Rating | None
    recording: str | None
    message: str | None
    callback: str | None
    case_number: str | None


class CallsOut(Out):
    """A page of calls, newest first."""

    items: list[CallOut]
    next: str | None


class QueuesOut(Out):
    """The queues as they are now."""

    items: list[dict[str, Any]]


class SeatOut(Out):
    """A seat and what is known of it now."""

    model_config = ConfigDict(from_attributes=True, extra="allow")

    number: str
    roster: Roster
    phone: Phone


class SeatsOut(Out):
    items: list[SeatOut]


class SeatIn(In):
    number: str = Field(pattern=SEAT_NUMBER)
    roster: Roster = Roster.ALL
    phone: Phone = Phone.SIP


class SeatChangeIn(In):
    """What is left out stays as it is."""

    roster: Roster | None = None
    phone: Phone | None = None


class SeatSecretOut(Out):
    """A seat with what its phone needs.

    ``applied`` is false when the phone system could not be told; it is told at its next start.
    """

    number: str
    user: str
    password: str
    roster: Roster
    phone: Phone
    created_at: datetime
    applied: bool


class SeatRemovedOut(Out):
    number: str
    applied: bool


class UserOut(Out):
    username: str
    roles: list[Role]
    unit: str
    must_change_password: bool
    disabled: bool
    created_at: datetime


class UsersOut(Out):
    items: list[UserOut]


class UserIn(In):
    username: str = Field(min_length=1, max_length=64)
    roles: list[Role] = Field(max_length=len(Role))
    unit: str = Field("", pattern=UNIT_ID, description="empty for the city's hotline itself")


class UserChangeIn(In):
    """What is left out stays as it is."""

    roles: list[Role] | None = Field(None, max_length=len(Role))
    disabled: bool | None = None
    unit: str | None = Field(None, pattern=UNIT_ID)


class FirstPasswordOut(Out):
    """A password that was made, shown only now; it must be changed at the next login."""

    username: str
    password: str


class CheckOut(Out):
    """``reason`` is told to those who may know it."""

    ok: bool
    reason: str | None = None


class HealthOut(Out):
    status: str
    checks: dict[str, CheckOut]
