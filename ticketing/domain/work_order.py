"""A work order (工单): a value that is folded from its events (W8).

What may happen to it is said by `ticketing.domain.lifecycle`; here is only what has happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ticketing.domain import actions as do
from ticketing.domain.actions import Alarm, Command, Measure, Reached
from ticketing.domain.matters import (
    Channel,
    Citizen,
    OrderType,
    Satisfaction,
    StatutoryLimit,
    Urgency,
)
from ticketing.domain.measures import Fault


class State(StrEnum):
    """Where an order is (W8)."""

    RECEIVED = "received"  # 受理
    CLASSIFIED = "classified"  # 分类
    CENTRE = "centre"  # 中心待办: the centre's own queue (I6)
    FOLLOWING = "following"  # 并案: handled with its master
    DISPATCHED = "dispatched"  # 派单, waits for the signature
    SIGNED = "signed"  # 签收
    HANDLING = "handling"  # 办理
    REPORTED = "reported"  # 反馈, waits for the review
    CALLBACK = "callback"  # 审核 passed, waits for 回访
    CLOSED = "closed"  # 办结
    DECLINED = "declined"  # 不予受理 (I2)
    WITHDRAWN = "withdrawn"  # 撤回
    ARCHIVED = "archived"  # 归档


WITH_A_UNIT = frozenset({State.DISPATCHED, State.SIGNED, State.HANDLING, State.REPORTED})
RUNNING = frozenset({State.DISPATCHED, State.SIGNED, State.HANDLING})
OVER = frozenset({State.CLOSED, State.DECLINED, State.WITHDRAWN, State.ARCHIVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """The limits of one holder, UTC (W1 to W5).

    Attributes:
        days: the length of the limit in working days as first set; an extension is no longer.
        provisional: an unpublished year was counted (note 7).
        since: from when ``due`` is counted, where that is not the dispatch: another unit has had
            the order before, and the limit does not start anew (note 14).
        stands: the clock stands while a return is asked for (note 14).
        above: of an event only: the limits of the units that have forwarded the order, the
            centre's own choice first, where the step has moved them too (N1).
    """

    sign_by: datetime
    return_by: datetime
    return_by_site_check: datetime
    extension_by: datetime
    due: datetime
    days: int = 1
    provisional: bool = False
    since: datetime | None = None
    stands: bool = False
    above: tuple[Moments, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """Working days by which a limit was extended (W5)."""

    days: int


@dataclass(frozen=True, slots=True)
class Free:
    """Time that does not count: a pause, or force majeure (W9); UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Capped:
    """A limit that a leader's instruction has set (D9), UTC; it makes none later."""

    until: datetime


Credit = Granted | Free | Capped
"""What has moved a holder's limits since they were set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A unit that has the order, and the side that dispatched it there (N1).

    Attributes:
        by: the unit that dispatched or forwarded it.
        credits: what has moved its limits since, in order; kept when they are set anew.
    """

    unit: str
    by: str
    at: datetime
    moments: Moments
    credits: tuple[Credit, ...] = ()
    signed_at: datetime | None = None
    replied_at: datetime | None = None
    reported_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a unit has asked for and nobody has decided yet."""

    at: datetime
    who: str
    unit: str
    command: do.AskReturn | do.AskExtension | do.AskExemption


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A unit that gave the order back, with its reasons (I6, W2).

    Attributes:
        forwarded: the unit above had forwarded the order to it, and has it again (N1).
    """

    unit: str
    at: datetime
    who: str
    why: str
    late: bool
    forwarded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt to call the citizen back (C1); ``round`` counts from 1."""

    at: datetime
    who: str
    round: int
    reached: Reached
    satisfaction: Satisfaction | None
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervised:
    """A measure of supervision that was issued (D1 to D5)."""

    at: datetime
    who: str
    measure: Measure
    limit: datetime | None
    draft: str
    published: bool
    round: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """A fault that was found of a unit, or a case file that was opened for it (D8).

    Attributes:
        draft: of a case file: the key of the draft that it comes from.
    """

    at: datetime
    who: str
    unit: str
    fault: Fault
    round: int
    draft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """Who has taken the order over on the telephone (H4)."""

    at: datetime
    person: str
    unit: str
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step: who did what, when, and what was computed then.

    Attributes:
        seq: 1, 2, 3 … for each order.
        at: UTC.
        unit: the unit that ``who`` belongs to.
        to: the state after it.
        moments: the holder's limits, where the step has set them.
        pack: the policy pack that the order is judged by, where the step has chosen it.
    """

    order: str
    seq: int
    at: datetime
    who: str
    unit: str
    to: State
    command: Command
    moments: Moments | None = None
    pack: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """An order as its events have made it.

    Attributes:
        version: the number of its events; two who act on one version cannot both win.
        receiver: who took it in, for ever (I4).
        chain: the units that have it, the centre's own choice first; the last one holds it.
        round: 1, and one more for each 退回重办 (W7).
        extensions: how many were granted, over all units and rounds (W5).
        callback_since: since when it waits for the callback of this round (C1).
        returned: the unit that has given it back and its clock, until it is dispatched again (W2).
        late_returns: how often a return was asked for too late since the dispatch (W2).
        instructions: the leaders' instructions, by the numbers of their events (D9).
        passed_on: the instructions that the unit was told to carry out, with the round (D9).
        verified: the last round in which somebody has looked on site (D9); 0 for none.
        faults, cases: what was found of units, and the case files opened (D8).
        takeovers: who took it over on the telephone (H4).
    """

    number: str
    state: State
    version: int
    received_at: datetime
    receiver: str
    centre: str
    channel: Channel
    source: str
    call: str
    dialled: str
    language: str
    citizen: Citizen
    title: str
    content: str
    changed_at: datetime
    type: OrderType | None = None
    category: str = ""
    district: str = ""
    urgency: Urgency = Urgency.NORMAL
    complex: bool = False
    leader_instructed: bool = False
    statutory: StatutoryLimit | None = None
    pack: str = ""
    chain: tuple[Holder, ...] = ()
    assisting: tuple[str, ...] = ()
    opinions: tuple[tuple[str, str], ...] = ()
    round: int = 1
    extensions: int = 0
    return_request: Request | None = None
    extension_request: Request | None = None
    exemption_request: Request | None = None
    refusals: tuple[Refusal, ...] = ()
    returned: Holder | None = None
    paused_at: datetime | None = None
    answer: str = ""
    result: str = ""
    articles: tuple[tuple[str, int], ...] = ()
    attempts: tuple[Attempt, ...] = ()
    satisfaction: Satisfaction | None = None
    supervised: tuple[Supervised, ...] = ()
    late_returns: int = 0
    instructions: tuple[int, ...] = ()
    passed_on: tuple[tuple[int, int], ...] = ()
    verified: int = 0
    faults: tuple[Blame, ...] = ()
    cases: tuple[Blame, ...] = ()
    takeovers: tuple[Takeover, ...] = ()
    warned: frozenset[tuple[Alarm, datetime]] = frozenset()
    master: str = ""
    earlier: tuple[str, ...] = ()
    reason_code: str = ""
    callback_since: datetime | None = None
    closed_at: datetime | None = None

    @property
    def holder(self) -> Holder | None:
        """Who has it now."""
        return self.chain[-1] if self.chain else None

    @property
    def clock_stands(self) -> bool:
        """Whether the holder's clock stands still now: paused, or a return is asked for."""
        holder = self.holder
        pending = holder is not None and holder.moments.stands and self.state in RUNNING
        return self.paused_at is not None or pending

    @property
    def units(self) -> frozenset[str]:
        """Every unit that has or helps with it now."""
        return frozenset(holder.unit for holder in self.chain) | frozenset(self.assisting)

    @property
    def due(self) -> datetime | None:
        """The holder's limit, or None when no clock runs."""
        return self.chain[-1].moments.due if self.chain and self.state in RUNNING else None
