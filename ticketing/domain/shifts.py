"""Persons at seats (T1): who sits where, what they do, and how long they did it. Pure.

A shift is a log of events. `fold` makes of it what a seat does now, `decide` says which events a
command adds, and `times` adds up the seconds of each state. A person has one seat and a seat one
person. A seat that nobody has ever logged in to has no events: its phone alone counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from ticketing.domain.errors import (
    BadPauseReason,
    NobodyThere,
    PersonSeated,
    PhoneNotRegistered,
    SeatBusy,
    SeatTaken,
)

LONGEST_WRAP_UP = timedelta(minutes=30)
_Key = TypeVar("_Key")


class Doing(StrEnum):
    """What a person at a seat does; exactly one of these at every moment of a shift."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    AWAY = "away"  # the phone is not registered: no call can come
    UNSEEN = "unseen"  # nobody was watching: the controller or its link was away


class PhoneNow(StrEnum):
    """What the seat's phone does."""

    AWAY = "away"
    IDLE = "idle"
    RINGING = "ringing"
    BUSY = "busy"


class Kind(StrEnum):
    """What happened at a seat."""

    LOGIN = "login"
    LOGOUT = "logout"
    PAUSE = "pause"
    RESUME = "resume"
    CALL_OVER = "call_over"  # the wrap-up that Asterisk keeps by itself begins
    WRAP_UP = "wrap_up"  # one that Asterisk must be told of: a person's, or after a call handed on
    PHONE = "phone"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class ShiftEvent:
    """One thing that happened at a seat.

    Attributes:
        at: when, UTC.
        actor: who did it; empty for what phones and Asterisk do.
        person: who logs in.
        phone: what the phone does now (``LOGIN``, ``PHONE``).
        reason: of a pause.
        until: when the wrap-up ends (``CALL_OVER``, ``WRAP_UP``), UTC.
    """

    seat: str
    kind: Kind
    at: datetime
    actor: str = ""
    person: str = ""
    phone: PhoneNow | None = None
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeatNow:
    """A seat after some events.

    Attributes:
        person: who sits there, or empty.
        managed: somebody has logged in here before, so that without a person no call comes.
        since: when the person logged in.
        pause: the reason, or empty.
        wrap_up_until: the end of the wrap-up, perhaps over already.
        extended: Asterisk does not know of that wrap-up by itself and must be told.
        changed_at: the time of the last event.
    """

    seat: str
    person: str = ""
    managed: bool = False
    since: datetime | None = None
    phone: PhoneNow = PhoneNow.AWAY
    pause: str = ""
    wrap_up_until: datetime | None = None
    extended: bool = False
    seen: bool = True
    changed_at: datetime | None = None

    def doing(self, at: datetime) -> Doing:
        """What is done here at a moment after the last event."""
        if not self.person:
            return Doing.LOGGED_OUT
        if not self.seen:
            return Doing.UNSEEN
        if self.phone is not PhoneNow.IDLE:
            return _PHONES[self.phone]
        if self.pause:
            return Doing.PAUSED
        if self.wrap_up_until is not None and at < self.wrap_up_until:
            return Doing.WRAP_UP
        return Doing.READY


_PHONES = {
    PhoneNow.AWAY: Doing.AWAY,
    PhoneNow.RINGING: Doing.RINGING,
    PhoneNow.BUSY: Doing.TALKING,
}


def after(now: SeatNow, event: ShiftEvent) -> SeatNow:
    """The seat after one more event; one that means nothing there changes its time only."""
    at = max(event.at, now.changed_at or event.at)
    now = replace(now, changed_at=at)
    if event.kind is Kind.LOGIN:
        phone = event.phone or now.phone
        return SeatNow(now.seat, event.person, True, at, phone, changed_at=at)
    if event.kind is Kind.LOGOUT:
        return SeatNow(now.seat, managed=True, phone=now.phone, changed_at=at)
    if event.kind is Kind.PHONE:
        return replace(now, phone=event.phone or now.phone, seen=True)
    if event.kind is Kind.UNSEEN:
        return replace(now, seen=False)
    if event.kind is Kind.PAUSE:
        return replace(now, pause=event.reason)
    if event.kind is Kind.RESUME:
        return replace(now, pause="")
    extended = event.kind is Kind.WRAP_UP
    return replace(now, wrap_up_until=event.until, extended=extended)


def fold(seat: str, events: Iterable[ShiftEvent]) -> SeatNow:
    """The seat after all of ``events``, which are in order and of this seat."""
    now = SeatNow(seat)
    for event in events:
        now = after(now, event)
    return now


# --- commands ---------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Login:
    """A person sits down."""

    person: str


@dataclass(frozen=True, slots=True)
class Logout:
    """The person leaves; no call comes to the seat until somebody logs in."""


@dataclass(frozen=True, slots=True)
class Pause:
    """No call for now, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """The pause is over."""


@dataclass(frozen=True, slots=True)
class WrapUp:
    """The wrap-up ends so long from now; zero ends it at once."""

    duration: timedelta


Command = Login | Logout | Pause | Resume | WrapUp


@dataclass(frozen=True, slots=True)
class Asked:
    """A command: of whom, about which seat, when."""

    seat: str
    command: Command
    actor: str
    at: datetime


def decide(
    asked: Asked, seats: Mapping[str, SeatNow], reasons: Sequence[str]
) -> tuple[ShiftEvent, ...]:
    """The events that a command adds; none when all is already as it asks.

    Args:
        seats: those there are, as they are now.
        reasons: for pauses.

    Raises:
        SeatTaken: another person sits there.
        PersonSeated: the person sits at another seat.
        PhoneNotRegistered: no call could reach the person who logs in.
        SeatBusy: a call is there; it comes first.
        NobodyThere: the seat has no person.
        BadPauseReason: none of ``reasons``.
    """
    now = seats.get(asked.seat) or SeatNow(asked.seat)
    command = asked.command
    event = ShiftEvent(asked.seat, Kind.LOGIN, asked.at, asked.actor)
    if isinstance(command, Login):
        return _login(event, now, command.person, seats)
    if isinstance(command, Logout):
        if not now.person:
            return ()
        _check_free(now)
        return (replace(event, kind=Kind.LOGOUT),)
    if not now.person:
        raise NobodyThere(f"nobody is logged in at seat {asked.seat}")
    if isinstance(command, Pause):
        if command.reason not in reasons:
            raise BadPauseReason(command.reason, reasons)
        if now.pause == command.reason:
            return ()
        return (replace(event, kind=Kind.PAUSE, reason=command.reason),)
    if isinstance(command, Resume):
        return (replace(event, kind=Kind.RESUME),) if now.pause else ()
    return _wrap_up(event, now, command.duration)


def _login(
    event: ShiftEvent, now: SeatNow, person: str, seats: Mapping[str, SeatNow]
) -> tuple[ShiftEvent, ...]:
    if now.person == person:
        return ()
    if now.person:
        raise SeatTaken(f"{now.person} sits at seat {event.seat}")
    other = next((seat.seat for seat in seats.values() if seat.person == person), None)
    if other is not None:
        raise PersonSeated(other)
    if now.phone is PhoneNow.AWAY:
        raise PhoneNotRegistered(f"the phone of seat {event.seat} is not registered")
    return (replace(event, person=person, phone=now.phone),)


def _wrap_up(event: ShiftEvent, now: SeatNow, duration: timedelta) -> tuple[ShiftEvent, ...]:
    _check_free(now)
    duration = min(max(duration, timedelta()), LONGEST_WRAP_UP)
    running = now.wrap_up_until is not None and event.at < now.wrap_up_until
    if not duration and not running:
        return ()
    return (replace(event, kind=Kind.WRAP_UP, until=event.at + duration),)


def _check_free(now: SeatNow) -> None:
    if now.seen and now.phone in {PhoneNow.RINGING, PhoneNow.BUSY}:
        raise SeatBusy(f"seat {now.seat} has a call")


# --- honest times -----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Span:
    """A person did one thing from ``begin`` to ``end`` (UTC); ``reason`` is that of a pause."""

    person: str
    doing: Doing
    reason: str
    begin: datetime
    end: datetime


def spans(
    seat: str, events: Iterable[ShiftEvent], begin: datetime, end: datetime
) -> Iterator[Span]:
    """What was done at a seat from ``begin`` to ``end``, without a gap while a person was there.

    Args:
        events: all of the seat from a login or logout before ``begin`` on, in order.
    """
    now = SeatNow(seat)
    for event in events:
        if now.changed_at is not None:
            yield from _between(now, max(event.at, now.changed_at), begin, end)
        now = after(now, event)
    if now.changed_at is not None:
        yield from _between(now, end, begin, end)


def _between(now: SeatNow, until: datetime, begin: datetime, end: datetime) -> Iterator[Span]:
    """The spans from the last event to ``until``; a wrap-up that ends in between makes two."""
    assert now.changed_at is not None  # noqa: S101 - the callers look first
    edges = [now.changed_at, until]
    if now.wrap_up_until is not None and edges[0] < now.wrap_up_until < until:
        edges.insert(1, now.wrap_up_until)
    for first, last in pairwise(edges):
        doing = now.doing(first)
        first, last = max(first, begin), min(last, end)
        if first < last and doing is not Doing.LOGGED_OUT:
            reason = now.pause if doing is Doing.PAUSED else ""
            yield Span(now.person, doing, reason, first, last)


@dataclass(frozen=True, slots=True)
class PersonTimes:
    """How long a person did what.

    Attributes:
        logged_in: from log-in to log-out, and so the sum of ``doing``.
        pauses: the time of ``PAUSED``, by reason.
    """

    person: str
    logged_in: timedelta = timedelta()
    doing: Mapping[Doing, timedelta] = field(default_factory=dict)
    pauses: Mapping[str, timedelta] = field(default_factory=dict)


def times(
    seat: str, events: Iterable[ShiftEvent], begin: datetime, end: datetime
) -> tuple[PersonTimes, ...]:
    """The times of each person at a seat from ``begin`` to ``end``; arguments as for `spans`."""
    found: dict[str, PersonTimes] = {}
    for span in spans(seat, events, begin, end):
        so_far = found.get(span.person) or PersonTimes(span.person)
        long = span.end - span.begin
        pauses = _plus(so_far.pauses, span.reason, long) if span.reason else so_far.pauses
        found[span.person] = PersonTimes(
            span.person, so_far.logged_in + long, _plus(so_far.doing, span.doing, long), pauses
        )
    return tuple(found.values())


def _plus(sums: Mapping[_Key, timedelta], key: _Key, more: timedelta) -> dict[_Key, timedelta]:
    return {**sums, key: sums.get(key, timedelta()) + more}
