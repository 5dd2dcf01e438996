"""Calling back those who waited: in whose turn, how often, and never twice at once (T9). Pure.

A caller may hang up and be called back, and keeps the place in the queue; one who gave up waiting,
or left a message, is on the same list. A call back is an *attempt*, with an id of its own that is
stored before the telephone rings: what became of it is told by the journal and by nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum

from ticketing.domain.calls import CALLBACK, CallRecord, Outcome
from ticketing.domain.wording import BadSetting, Text

_ATTEMPT = re.compile(re.escape(CALLBACK) + r"([1-9]\d{0,17})\.(\d{1,3})\.(\d{1,12})")
_NUMBER = re.compile(r"\+?[0-9]{5,20}")
_MOST_ATTEMPTS, _MOST_MINUTES, _MOST_SECONDS = 10, 24 * 60, 3600
FRESH = timedelta(hours=2)
"""For so long one who asked to be called back expects it, whatever the hour."""


class Kind(StrEnum):
    """Why somebody is to be called back; the earlier counts more."""

    REQUESTED = "requested"  # asked for it while waiting
    MESSAGE = "message"  # left a message
    ABANDONED = "abandoned"  # hung up while waiting


_WEIGHT = {kind: place for place, kind in enumerate(Kind)}


class State(StrEnum):
    """How far it is."""

    WAITING = "waiting"
    CALLING = "calling"  # an attempt is under way
    REACHED = "reached"  # citizen and seat have talked
    GIVEN_UP = "given_up"  # no answer, as often as the rules say; or it cannot be called
    CAME_BACK = "came_back"  # called again and got through
    SET_ASIDE = "set_aside"  # by a person, with a reason


class Tried(StrEnum):
    """What became of an attempt."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"  # or busy, or refused
    LEFT = "left"  # answered, and hung up before a seat did
    NOT_PLACED = "not_placed"  # the telephone has not rung


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """The pack's section ``queue_callbacks``.

    Attributes:
        offered: callers who wait may ask to be called back.
        automatic: which kinds are called by the hotline itself; the others wait for a click.
        attempts: so many, then it is given up.
        minutes_between: two attempts.
        hours: local times between which citizens are called, but for those who asked just now.
        least_wait_seconds: who hung up sooner is not on the list.
        ring_seconds: how long a citizen's telephone rings.
    """

    offered: bool = True
    automatic: tuple[Kind, ...] = (Kind.REQUESTED,)
    attempts: int = 3
    minutes_between: int = 10
    hours: tuple[time, time] = (time(8), time(21))
    least_wait_seconds: int = 10
    ring_seconds: int = 30

    def __post_init__(self) -> None:
        for name, least, most in (
            ("attempts", 1, _MOST_ATTEMPTS),
            ("minutes_between", 0, _MOST_MINUTES),
            ("least_wait_seconds", 0, _MOST_SECONDS),
            ("ring_seconds", 5, 120),
        ):
            if not least <= getattr(self, name) <= most:
                raise BadSetting(
                    name,
                    Text("超出范围", "out of range"),
                    Text(f"写 {least} 至 {most} 之间的整数", f"write {least} to {most}"),
                )
        if self.hours[0] >= self.hours[1]:
            raise BadSetting(
                "hours",
                Text("开始应早于结束", "it ends before it begins"),
                Text('例如写 ["08:00", "21:00"]', 'write ["08:00", "21:00"], for example'),
            )


@dataclass(frozen=True, slots=True)
class Callback:
    """Somebody who is to be called back. Times are UTC.

    Attributes:
        id: of the row; 0 before there is one.
        call: the call that it comes from.
        joined_at: when the caller came to the queue: the place that is kept.
        asked_at: when that call was over.
        next_at: not called before.
        attempt: the id of the latest attempt's call; empty before the first.
        calling_since: when that was begun.
        outcome: what became of the latest attempt, or None.
        note: why a person, or the plan of outward calls, closed it.
    """

    id: int
    call: str
    kind: Kind
    number: str
    line: str
    language: str
    queue: str
    joined_at: datetime
    asked_at: datetime
    next_at: datetime
    waited_seconds: int = 0
    message: str | None = None
    state: State = State.WAITING
    attempts: int = 0
    attempt: str = ""
    calling_since: datetime | None = None
    outcome: Tried | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    note: str = ""

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.state in {State.WAITING, State.CALLING}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the id of a call back says: of which row it is, the how-manieth, the place kept."""

    callback: int
    number: int
    joined: float

    @property
    def call(self) -> str:
        """The id."""
        return f"{CALLBACK}{self.callback}.{self.number}.{int(self.joined)}"

    @classmethod
    def of(cls, call: str) -> Attempt | None:
        """Read an id; None when it is no call back's."""
        match = _ATTEMPT.fullmatch(call)
        return None if match is None else cls(int(match[1]), int(match[2]), float(match[3]))


def born(record: CallRecord, rules: CallbackRules) -> Callback | None:
    """What a call that is over leaves to be done; None when there is nothing.

    Nobody is called back because a call back was not answered: that is an attempt.
    """
    if Attempt.of(record.id) is not None or record.answered_at is not None:
        return None
    joined = record.queued_at or record.arrived_at
    waited = int((record.ended_at - record.queued_at).total_seconds()) if record.queued_at else 0
    number = record.callback or record.caller
    if record.callback:
        kind = Kind.REQUESTED
    elif record.message:
        kind = Kind.MESSAGE
    elif record.outcome is Outcome.ABANDONED_IN_QUEUE and waited >= rules.least_wait_seconds:
        kind = Kind.ABANDONED
    else:
        return None
    if not _NUMBER.fullmatch(number):
        return None
    return Callback(
        id=0,
        call=record.id,
        kind=kind,
        number=number,
        line=record.line,
        language=record.language,
        queue=record.queue or "",
        joined_at=joined,
        asked_at=record.ended_at,
        next_at=record.ended_at,
        waited_seconds=max(waited, 0),
        message=record.message,
    )


def merged(known: Callback, new: Callback) -> Callback:
    """One row for one number: what counts more stays, and of two alike the earlier place."""
    if not _WEIGHT[new.kind] < _WEIGHT[known.kind]:
        return replace(known, message=known.message or new.message)
    return replace(new, id=known.id, message=new.message or known.message)


def begun(callback: Callback, now: datetime) -> Callback:
    """The row as it is stored before the telephone rings.

    Raises:
        ValueError: it is not waiting.
    """
    if callback.state is not State.WAITING:
        raise ValueError(f"callback {callback.id} is {callback.state}")
    number = callback.attempts + 1
    attempt = Attempt(callback.id, number, callback.joined_at.timestamp())
    return replace(
        callback,
        state=State.CALLING,
        attempts=number,
        attempt=attempt.call,
        calling_since=now,
    )


def tried(record: CallRecord) -> Tried:
    """What became of an attempt, from the record of its call."""
    if record.answered_at is not None:
        return Tried.REACHED
    return Tried.NO_ANSWER if record.outcome is Outcome.UNREACHED else Tried.LEFT


def ended(callback: Callback, outcome: Tried, now: datetime, rules: CallbackRules) -> Callback:
    """The row after its attempt; of one that is not calling nothing changes."""
    if callback.state is not State.CALLING:
        return callback
    after = replace(callback, outcome=outcome, calling_since=None)
    if outcome is Tried.REACHED:
        return replace(after, state=State.REACHED, closed_at=now)
    if callback.attempts >= rules.attempts:
        return replace(after, state=State.GIVEN_UP, closed_at=now)
    later = now + timedelta(minutes=rules.minutes_between)
    return replace(after, state=State.WAITING, next_at=later)


def unplaced(callback: Callback, next_at: datetime) -> Callback:
    """The row after an attempt that did not leave the house; it is not counted."""
    return replace(
        callback,
        state=State.WAITING,
        attempts=callback.attempts - 1,
        outcome=Tried.NOT_PLACED,
        calling_since=None,
        next_at=next_at,
    )


def closed(
    callback: Callback, state: State, now: datetime, by: str = "", note: str = ""
) -> Callback:
    """The row of one who need not be called any more."""
    return replace(
        callback, state=state, closed_at=now, closed_by=by, note=note, calling_since=None
    )


# --- whose turn it is ---------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Queue:
    """A queue as it is now.

    Attributes:
        living: when each of those who hold the line came to it, in the order of their places.
        talking: when each of those came to it who talk to a seat now.
        dialling: calls back under way that have not come to a seat yet.
        free: seats that could take a call now.
        finishing: seats in their wrap-up.
        busy: seats with a call.
        handling: seconds that a call takes, with its wrap-up.
    """

    living: tuple[datetime, ...] = ()
    talking: tuple[datetime, ...] = ()
    dialling: int = 0
    free: int = 0
    finishing: int = 0
    busy: int = 0
    handling: float = 180.0


@dataclass(frozen=True, slots=True)
class Turn:
    """When somebody's turn is.

    Attributes:
        lead: seconds from the first ring to a seat: who will be next by then is rung now.
    """

    now: datetime
    local: time
    lead: float = 15.0
    rules: CallbackRules = field(default_factory=CallbackRules)


def seats_soon(queue: Queue, lead: float) -> int:
    """How many seats there are for those in front: the free ones, those in their wrap-up and, of
    the busy ones, as many as are likely to be free within ``lead`` seconds.
    """
    likely = int(queue.busy * lead / max(queue.handling, 1.0))
    return queue.free + queue.finishing + likely


def due(waiting: Iterable[Callback], queue: Queue, turn: Turn) -> list[Callback]:
    """Who of a queue's list is to be called now, in their order.

    Whoever is called has a seat to come to, and everybody who holds the line and came earlier has
    one too. When the seats never rest, one who came later is answered first, once: then it is the
    turn of whoever is first, to wait at the head of the queue. Those who have not asked to be
    called come after all who hold the line.
    """
    seats = seats_soon(queue, turn.lead)
    chosen: list[Callback] = []
    for callback in sorted(filter(lambda each: _may_be(each, turn), waiting), key=_order):
        before = sum(_goes_before(at, callback) for at in queue.living)
        before += queue.dialling + len(chosen)
        if before >= seats and (before or not _passed_over(callback, queue)):
            break
        chosen.append(callback)
    return chosen


def _passed_over(callback: Callback, queue: Queue) -> bool:
    """Whether one who came later talks to a seat already."""
    return callback.kind is Kind.REQUESTED and any(at > callback.joined_at for at in queue.talking)


def place(joined: datetime, living: Sequence[datetime]) -> int:
    """The place, from 1, of one who came to the queue at ``joined``: behind all who came earlier.

    Args:
        living: of those who hold the line, in the order of their places.
    """
    earlier = [number for number, at in enumerate(living, 1) if at <= joined]
    return max(earlier, default=0) + 1


def _goes_before(living: datetime, callback: Callback) -> bool:
    return callback.kind is not Kind.REQUESTED or living <= callback.joined_at


def _order(callback: Callback) -> tuple[int, datetime, int]:
    return _WEIGHT[callback.kind], callback.joined_at, callback.id


def _may_be(callback: Callback, turn: Turn) -> bool:
    if callback.state is not State.WAITING or callback.kind not in turn.rules.automatic:
        return False
    if callback.next_at > turn.now:
        return False
    begin, end = turn.rules.hours
    fresh = callback.kind is Kind.REQUESTED and turn.now - callback.asked_at <= FRESH
    return fresh or begin <= turn.local < end
