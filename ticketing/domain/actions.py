"""What can be done to a work order: one command for each action of the lifecycle (W8).

A command says what is wanted; `ticketing.domain.lifecycle` says whether, by whom and what follows.
Fields that are texts may be empty where their docstring does not say otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from ticketing.domain.matters import (
    Channel,
    Citizen,
    OrderType,
    Satisfaction,
    StatutoryLimit,
    Urgency,
)
from ticketing.domain.supervision_actions import AcceptDispatch as AcceptDispatch
from ticketing.domain.supervision_actions import FindFault as FindFault
from ticketing.domain.supervision_actions import OpenCase as OpenCase
from ticketing.domain.supervision_actions import PassOn as PassOn


class Step(StrEnum):
    """What a unit does inside (W8); kept in the history, it moves no clock."""

    REGISTERED = "registered"  # 登记
    SUBMITTED = "submitted"  # 呈批
    HANDLED = "handled"  # 办理
    FILED = "filed"  # 归档


class Coordination(StrEnum):
    """Matters between units: I7 and the four ways of H6."""

    RECORD = "record"  # 跨部门、跨区域协调
    LETTER = "letter"  # 工作函商
    MEETING = "meeting"  # 专题协调
    INVESTIGATION = "investigation"  # 联合调查
    REFERRAL = "referral"  # 报请研究


class Measure(StrEnum):
    """Supervision (D1 to D5)."""

    REMINDER = "reminder"  # 催办
    SUPERVISION = "supervision"  # 督办单 (D1)
    NOTICE = "notice"  # 督办通知书 (D2)
    JOINT = "joint"  # 联合、现场督办 (D3)
    LISTED = "listed"  # 挂牌督办 (D4)
    ACCOUNTABILITY = "accountability"  # 责任追究 (D5)


class Reached(StrEnum):
    """How an attempt to call the citizen back ended (C1)."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    WRONG_NUMBER = "wrong_number"
    REFUSED = "refused"
    FAILED = "failed"


class Alarm(StrEnum):
    """What a clock has noticed of an order."""

    UNSIGNED = "unsigned"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    CALLBACK = "callback"  # the citizen is to be called (C1)
    UNMOVED = "unmoved"  # the limit of a measure of supervision has passed (D2, D5)
    DELAYED = "delayed"  # so late that it is a case of delay (D8)


# --- intake -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """受理: take the matter in (I1, I4). ``content`` is not empty.

    Attributes:
        number: the order's number for people, digits.
        call: the call it was told in.
        source: the number or address in its channel that the result goes back to (M1).
        centre: the hotline body that takes it in (N2, N3); the root's when empty.
        dialled: the number the citizen really dialled (T2).
    """

    action: Literal["receive"] = "receive"
    number: str
    content: str
    citizen: Citizen = field(default_factory=Citizen)
    channel: Channel = Channel.PHONE
    title: str = ""
    call: str = ""
    source: str = ""
    centre: str = ""
    dialled: str = ""
    language: str = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Classify:
    """分类: what it is, where, how urgent (I1, I3, I8). Allowed again until it is dispatched.

    Attributes:
        category: the code of the category.
        district: the code of the district; empty when it has no place.
        complex: a consultation that is judged by the longer limit (W4).
        leader_instructed: goes to the centre's own queue (I6, D9).
    """

    action: Literal["classify"] = "classify"
    type: OrderType
    category: str
    district: str = ""
    urgency: Urgency = Urgency.NORMAL
    complex: bool = False
    leader_instructed: bool = False
    statutory: StatutoryLimit | None = None
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """不予受理: one of the pack's classes of I2, by its code, with what was said."""

    action: Literal["decline"] = "decline"
    code: str
    said: str = ""
    redirect: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDirectly:
    """直接答复 from the knowledge base (H1): the article and its version are cited."""

    action: Literal["answer_directly"] = "answer_directly"
    answer: str
    article: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeToCentre:
    """Into the centre's own queue: no clear owner, several units, a leader's instruction (I6)."""

    action: Literal["take_to_centre"] = "take_to_centre"
    why: str


# --- dispatch -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """派单 (H3) to a lead unit and assisting units (I6).

    Attributes:
        rule: which rule of routing proposed it, or why a person chose otherwise (I5).
    """

    action: Literal["dispatch"] = "dispatch"
    unit: str
    assisting: tuple[str, ...] = ()
    rule: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Hand on to a unit below one's own: a county to its town, a town to its village (N1, N2)."""

    action: Literal["forward"] = "forward"
    unit: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """签收 (W1); for another unit, whose responsible person took it over by telephone (H4).

    Attributes:
        by_phone: the person; not empty when somebody else than the unit signs.
    """

    action: Literal["sign"] = "sign"
    by_phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A step inside the unit (W8); the first makes the order 办理."""

    action: Literal["progress"] = "progress"
    step: Step
    note: str = ""


# --- requests of the unit -----------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class AskReturn:
    """申请退回 (W2) with reasons; within the longer limit when a site check is needed."""

    action: Literal["ask_return"] = "ask_return"
    why: str
    site_check: bool = False
    suggested: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideReturn:
    """The dispatching side decides on a return (W2); after two it goes to the centre (I6)."""

    action: Literal["decide_return"] = "decide_return"
    accepted: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExtension:
    """申请延期 (W5) by working days, with reasons."""

    action: Literal["ask_extension"] = "ask_extension"
    days: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideExtension:
    """The dispatching side decides on an extension; the citizen is told of one granted (W5)."""

    action: Literal["decide_extension"] = "decide_extension"
    accepted: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExemption:
    """System failure or force majeure (W9), evidenced.

    Attributes:
        start, end: how long it lasted; aware.
        evidence: what shows it; not empty.
    """

    action: Literal["ask_exemption"] = "ask_exemption"
    start: datetime
    end: datetime
    why: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideExemption:
    """The centre decides on an exemption (W9); one granted moves the limits by its length."""

    action: Literal["decide_exemption"] = "decide_exemption"
    accepted: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """The clock stands still, e.g. until the citizen brings a paper; the centre allows it."""

    action: Literal["pause"] = "pause"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """The clock goes on; what is left of the limit is what was left at the pause."""

    action: Literal["resume"] = "resume"
    why: str = ""


# --- answer and review --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """An assisting unit's part of the answer (I6)."""

    action: Literal["opinion"] = "opinion"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """答复: what the citizen was told (W6, first of the two times)."""

    action: Literal["reply"] = "reply"
    text: str
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportBack:
    """反馈 to the dispatching side (W6, second of the two times)."""

    action: Literal["report_back"] = "report_back"
    result: str
    article: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """审核 by the dispatching side: passed on to the callback, or 退回重办 with reasons (W7)."""

    action: Literal["review"] = "review"
    passed: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBack:
    """回访: one attempt and how it ended; one result for each round (C1, C2)."""

    action: Literal["call_back"] = "call_back"
    reached: Reached
    satisfaction: Satisfaction | None = None
    said: str = ""
    via: Channel = Channel.PHONE
    call: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redo:
    """退回重办 (W7): a new round. What no unit has had goes to the centre's queue."""

    action: Literal["redo"] = "redo"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """办结. When the citizen is not content, a person says why it is closed all the same."""

    action: Literal["close"] = "close"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """归档: nothing changes any more."""

    action: Literal["archive"] = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """The citizen takes the matter back."""

    action: Literal["withdraw"] = "withdraw"
    why: str


# --- beside the way -----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class SetUrgency:
    """Change the urgency: limits are set anew from the time of dispatch, and it is audited (I8)."""

    action: Literal["set_urgency"] = "set_urgency"
    urgency: Urgency
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recompute:
    """Set the limits anew after the calendar of a provisional year was published (note 7)."""

    action: Literal["recompute"] = "recompute"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinate:
    """A coordination record (I7) or one of the four ways of H6."""

    action: Literal["coordinate"] = "coordinate"
    how: Coordination
    units: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A remark for those who handle the order; not for the citizen."""

    action: Literal["note"] = "note"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruct:
    """A leader's instruction (D9), passed on by the centre."""

    action: Literal["instruct"] = "instruct"
    leader: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """On-site verification (D9) or joint supervision (D3): who came, and what shows it.

    Neither ``attended`` nor ``evidence`` is empty; ``draft`` is the key of the clock's draft that
    it comes from.
    """

    action: Literal["verify"] = "verify"
    attended: tuple[str, ...]
    evidence: str
    text: str = ""
    draft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervise:
    """A measure of supervision, issued by a person (D1 to D5).

    Attributes:
        limit: the new limit, aware and within a year; none for a reminder. One of a listed order
            may not be longer than the first supervision's was (D4).
        publish: a listed order is made public, where the city's rules allow it (D4).
        draft: the key of the clock's draft that it comes from.
    """

    action: Literal["supervise"] = "supervise"
    measure: Measure
    text: str
    limit: datetime | None = None
    publish: bool = False
    draft: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn:
    """The clock's own: somebody is told of a limit, once for each limit and round."""

    action: Literal["warn"] = "warn"
    alarm: Alarm
    limit: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRepeat:
    """The same person and matter as an earlier order; a person judges the demand (W10)."""

    action: Literal["link_repeat"] = "link_repeat"
    earlier: str
    reasonable: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinMaster:
    """One of many callers on one event: handled with the master, answered singly."""

    action: Literal["join_master"] = "join_master"
    master: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveMaster:
    """It was another matter after all."""

    action: Literal["leave_master"] = "leave_master"
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """A file that was stored beside the database, by its id."""

    action: Literal["attach"] = "attach"
    attachment: str
    name: str
    sha256: str


Command = (
    Receive
    | Classify
    | Decline
    | AnswerDirectly
    | TakeToCentre
    | Dispatch
    | Forward
    | Sign
    | Progress
    | AskReturn
    | DecideReturn
    | AskExtension
    | DecideExtension
    | AskExemption
    | DecideExemption
    | Pause
    | Resume
    | Opinion
    | Reply
    | ReportBack
    | Review
    | CallBack
    | Redo
    | Close
    | Archive
    | Withdraw
    | SetUrgency
    | Recompute
    | Coordinate
    | Note
    | Instruct
    | PassOn
    | Verify
    | FindFault
    | OpenCase
    | AcceptDispatch
    | Supervise
    | Warn
    | LinkRepeat
    | JoinMaster
    | LeaveMaster
    | Attach
)
