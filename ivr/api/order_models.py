"""What goes in and out about work orders; the actions' models are made from the domain's own."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from ivr.api.models import In, Moment, Out
from ticketing.domain import actions as do
from ticketing.domain.actions import Command
from ticketing.domain.matters import (
    Channel,
    Citizen,
    OrderType,
    Satisfaction,
    Urgency,
)
from ticketing.domain.plain import from_plain
from ticketing.domain.work_order import State
from ticketing.store.orders import Filters, Sort

# Tabs and line breaks are text, other control characters are not.
_PLAIN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_LONG = {"content", "why", "text", "answer", "result", "evidence", "note", "said"}
ORDER_NUMBER = r"^[0-9]{8,18}$"

Short = Annotated[str, StringConstraints(max_length=200, pattern=_PLAIN)]
Long = Annotated[str, StringConstraints(max_length=5000, pattern=_PLAIN)]
Number = Annotated[str, StringConstraints(pattern=ORDER_NUMBER)]

# What only clocks and other use cases do.
_NOT_ASKED = {do.Receive, do.Warn, do.Recompute, do.Attach}


def _narrowed(name: str, hint: Any) -> Any:
    """A domain's annotation as it may come in."""
    if hint is str:
        return Long if name in _LONG else Short
    if hint is int:
        return Annotated[int, Field(ge=0, le=10_000)]
    if hint is datetime:
        return Moment
    if hint == tuple[str, ...]:
        return Annotated[list[Short], Field(max_length=50)]
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _model(hint)
    arguments = get_args(hint)
    if type(None) in arguments:
        return _narrowed(name, next(a for a in arguments if a is not type(None))) | None
    return hint


@cache
def _model(kind: type[Any]) -> type[BaseModel]:
    """A model with the fields of a domain's dataclass."""
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        default: Any = ...
        if field.default is not dataclasses.MISSING:
            default = list(field.default) if isinstance(field.default, tuple) else field.default
        fields[field.name] = (_narrowed(field.name, hints[field.name]), default)
    if "action" in fields:
        fields["action"] = (fields["action"][0], ...)
    doc = (kind.__doc__ or "").strip().partition("\n")[0]
    return create_model(
        f"{kind.__name__}In", __config__=ConfigDict(extra="forbid"), __doc__=doc, **fields
    )


_KINDS: dict[str, type[Any]] = {
    get_args(get_type_hints(kind)["action"])[0]: kind
    for kind in get_args(Command)
    if kind not in _NOT_ASKED
}
if TYPE_CHECKING:
    _Action = BaseModel
    _Citizen = BaseModel
else:
    _Action = Annotated[
        Union[tuple(_model(kind) for kind in _KINDS.values())],  # noqa: UP007
        Field(discriminator="action"),
    ]
    _Citizen = _model(Citizen)


class ActionIn(In):
    """One thing to be done to an order.

    ``version`` is that of the order that was looked at; left out, changes by others do not matter.
    """

    do: _Action
    version: int | None = Field(None, ge=1)

    @property
    def command(self) -> Command:
        """As the domain takes it."""
        plain = self.do.model_dump(mode="json", exclude_unset=True)
        command: Command = from_plain(_KINDS[plain["action"]], plain)
        return command


class CitizenIn(_Citizen):
    """Who brings the matter; everything may be left out."""

    model_config = ConfigDict(extra="forbid")


class OrderIn(In):
    """A matter to be taken in (I3, M1)."""

    content: Long = Field(min_length=1)
    citizen: CitizenIn = Field(default_factory=CitizenIn)
    channel: Channel = Channel.PHONE
    title: Short = ""
    call: Annotated[str, StringConstraints(max_length=80, pattern=_PLAIN)] = Field(
        "", description="the id of the call in which it was told"
    )
    source: Short = Field("", description="the number or address that the result goes back to")
    dialled: Short = Field(
        "", description="the number that the citizen dialled; that of the call when left out"
    )
    language: Literal["zh", "ko", "en"] = "zh"

    @property
    def command(self) -> do.Receive:
        """As the domain takes it; the number is given by the use case."""
        plain = self.model_dump(mode="json", exclude_unset=True)
        return from_plain(do.Receive, {**plain, "number": ""})


class OrdersQuery(In):
    """A list is narrowed by what is given; several states are separated by commas."""

    state: str | None = Field(None, pattern=r"^[a-z]{2,16}(,[a-z]{2,16}){0,12}$")
    type: OrderType | None = None
    category: str | None = Field(None, pattern=r"^[0-9A-Za-z_.-]{1,64}$")
    district: str | None = Field(
        None, pattern=r"^[0-9A-Za-z_.-]{1,64}$", description="with all districts in it"
    )
    unit: str | None = Field(None, pattern=r"^[0-9A-Za-z_.-]{1,64}$")
    urgency: Urgency | None = None
    channel: Channel | None = None
    satisfaction: Satisfaction | None = None
    asks: Literal["return", "extension", "exemption"] | None = None
    phone: str | None = Field(
        None, pattern=r"^[0-9+*#-]{3,32}$", description="for those who may see numbers"
    )
    call: str | None = Field(None, pattern=r"^[^\x00-\x1f\x7f]{1,80}$")
    master: str | None = Field(None, pattern=ORDER_NUMBER)
    since: Moment | None = Field(None, description="received then or later")
    until: Moment | None = Field(None, description="received before then")
    overdue: bool = Field(False, description="only those whose limit has passed")
    q: str | None = Field(
        None, pattern=r"^[^\x00-\x1f\x7f]{1,80}$", description="words in title, content, answer"
    )
    sort: Sort = Sort.NEWEST
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=400, description="`next` of the page before")

    def filters(self, now: datetime) -> Filters:
        """As the store takes them; a state that does not exist finds nothing."""
        known = {state.value: state for state in State}
        names = self.state.split(",") if self.state else []
        return Filters(
            states=tuple(known[name] for name in names if name in known),
            type=self.type,
            category=self.category or "",
            districts=(self.district,) if self.district else (),
            unit=self.unit or "",
            urgency=self.urgency,
            channel=self.channel,
            phone=self.phone or "",
            call=self.call or "",
            master=self.master or "",
            satisfaction=self.satisfaction,
            asks=self.asks or "",
            since=self.since,
            until=self.until,
            overdue_at=now if self.overdue else None,
            words=self.q or "",
        )


class OrderLineOut(Out):
    """One line of a list. Times are UTC."""

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


class OrdersOut(Out):
    """A page of orders."""

    items: list[OrderLineOut]
    next: str | None


class MomentsOut(Out):
    """The limits of one holder (W1 to W5)."""

    sign_by: datetime
    return_by: datetime
    return_by_site_check: datetime
    extension_by: datetime
    due: datetime
    days: int
    provisional: bool


class HolderOut(Out):
    """A unit that has the order, and who gave it to it."""

    unit: str
    by: str
    at: datetime
    moments: MomentsOut
    signed_at: datetime | None
    replied_at: datetime | None
    reported_at: datetime | None


class RequestOut(Out):
    """What a unit has asked for."""

    kind: Literal["return", "extension", "exemption"]
    at: datetime
    who: str
    unit: str
    why: str
    days: int | None = None
    site_check: bool | None = None


class RefusalOut(Out):
    unit: str
    at: datetime
    who: str
    why: str
    late: bool


class AttemptOut(Out):
    """An attempt to call the citizen back."""

    at: datetime
    who: str
    round: int
    reached: do.Reached
    satisfaction: Satisfaction | None
    said: str


class SupervisedOut(Out):
    at: datetime
    who: str
    measure: do.Measure
    limit: datetime | None
    published: bool


class CitizenOut(Out):
    name: str
    phone: str
    address: str
    email: str
    anonymous: bool


class StatutoryOut(Out):
    days: int
    working: bool
    basis: str


class OrderOut(Out):
    """An order as it is now, and what the reader may do to it (guards aside)."""

    number: str
    state: State
    version: int
    received_at: datetime
    changed_at: datetime
    receiver: str
    centre: str
    channel: Channel
    call: str
    dialled: str
    language: str
    citizen: CitizenOut
    title: str
    content: str
    type: OrderType | None
    category: str
    district: str
    urgency: Urgency
    complex: bool
    leader_instructed: bool
    statutory: StatutoryOut | None
    pack: str
    chain: list[HolderOut]
    assisting: list[str]
    round: int
    extensions: int
    requests: list[RequestOut]
    refusals: list[RefusalOut]
    paused_at: datetime | None
    answer: str
    result: str
    attempts: list[AttemptOut]
    satisfaction: Satisfaction | None
    supervised: list[SupervisedOut]
    master: str
    earlier: list[str]
    reason_code: str
    closed_at: datetime | None
    actions: list[str]


class EventOut(Out):
    """One step. ``details`` are the action's own."""

    seq: int
    at: datetime
    who: str
    unit: str
    action: str
    state: State
    details: dict[str, Any]
    moments: MomentsOut | None


class HistoryOut(Out):
    items: list[EventOut]


class AlternativeOut(Out):
    unit: str
    rule: str
    why: str


class PrecedentOut(Out):
    """What was decided in cases alike."""

    category: str
    district: str
    unit: str
    cases: int
    share: float
    last: datetime
    order: str


class ProposalOut(Out):
    """Whose an order is, and the rule that says so (I5). A person decides."""

    lead: str
    assisting: list[str]
    rule: str
    code: str
    why: str
    alternatives: list[AlternativeOut]
    refusals: list[dict[str, Any]]
    precedents: list[PrecedentOut]


class MatchOut(Out):
    order: str
    at: datetime
    same_by: str
    likeness: float


class RepeatsOut(Out):
    """Earlier orders that an order seems to repeat (W10), the most alike first."""

    items: list[MatchOut]


class PublicOrderIn(In):
    """A matter told through another door than the telephone (M1)."""

    content: Long = Field(min_length=1)
    title: Short = ""
    name: Short = ""
    phone: str = Field("", pattern=r"^[0-9+-]{0,20}$")
    address: Short = ""
    email: str = Field("", pattern=r"^([^\s@\x00-\x1f]{1,64}@[^\s@\x00-\x1f]{1,120})?$")
    anonymous: bool = False
    channel: Literal["mailbox", "portal", "app", "wechat", "other"] = "portal"
    source: Short = Field("", description="where the result goes back to, e.g. the user's id there")
    language: Literal["zh", "ko", "en"] = "zh"

    @property
    def command(self) -> do.Receive:
        """As the domain takes it."""
        return do.Receive(
            number="",
            content=self.content,
            title=self.title,
            citizen=Citizen(self.name, self.phone, self.address, self.email, self.anonymous),
            channel=Channel(self.channel),
            source=self.source,
            language=self.language,
        )


class ReceiptOut(Out):
    """The number to ask for the progress with."""

    number: str
    received_at: datetime


class AskProgressIn(In):
    number: str = Field(pattern=ORDER_NUMBER)
    phone: str = Field(pattern=r"^[0-9+-]{4,20}$", description="as given with the matter")


class ProgressOut(Out):
    """Where an order is; nothing of whom it concerns."""

    number: str
    state: State
    received_at: datetime
    changed_at: datetime
    closed_at: datetime | None
