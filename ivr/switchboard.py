"""The switchboard: from Asterisk's events to who talks to whom now. Pure.

``reduce(board, event)`` gives the board after one event; ``resync`` makes a board from Asterisk's
own answers after a loss of contact. No clock, no I/O: an event carries its own time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ticketing.domain.callbacks import Attempt
from ticketing.domain.calls import CALLBACK, PLACED
from ticketing.domain.legs import LegId, leg_of

Event = Mapping[str, Any]
_STAMP = re.compile(r"\d{10,}\.\d{6}")
_SEAT = re.compile(r"PJSIP/(\d+)(?:-[0-9a-f]{8})?")
_CITIZEN_CONTEXTS = frozenset({"from-trunk", "from-seat"})
_SPY = re.compile(re.escape(PLACED) + r"(listen|whisper|barge)\.(\d+)\.[0-9a-f]+")
_HOLD = "seat-hold"  # the context of extensions.conf in which a citizen is on hold


class Stage(StrEnum):
    """Where a citizen's call is."""

    MENU = "menu"
    QUEUE = "queue"
    TALKING = "talking"
    AFTER = "after"  # the survey, or a message being left


class Held(StrEnum):
    """Where a call on hold was put on hold."""

    DESK = "desk"
    PHONE = "phone"


class Spying(StrEnum):
    """How a supervisor takes part in a seat's call."""

    LISTEN = "listen"
    WHISPER = "whisper"  # heard by the seat alone
    BARGE = "barge"  # heard by both


@dataclass(frozen=True, slots=True)
class Spy:
    """What a supervisor's leg is for: ``seat`` is the one whose call is heard."""

    how: Spying
    seat: str

    def call_id(self, mark: str) -> str:
        """The id of such a leg's call; ``mark``, of hexadecimal digits, makes it the only one."""
        return f"{PLACED}{self.how}.{self.seat}.{mark}"


class Device(StrEnum):
    """What a seat's phone is doing."""

    UNAVAILABLE = "unavailable"
    IDLE = "idle"
    RINGING = "ringing"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Channel:
    """One leg. ``seat`` is set for the legs of seats; ``bridge`` while it talks."""

    id: str
    call: str
    name: str
    seat: str | None
    bridge: str | None = None

    @property
    def spy(self) -> Spy | None:
        """What a supervisor's leg is for; None of any other leg."""
        match = _SPY.fullmatch(self.call)
        return None if match is None else Spy(Spying(match[1]), match[2])

    @property
    def third(self) -> LegId | None:
        """What a third party's leg is for; None of any other leg."""
        return leg_of(self.id)


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A citizen's call. Times are seconds since the epoch; queue and seat are the first ones.

    Attributes:
        partial: part of it happened while we had no contact.
        handed_on: from one seat to another, so that the queue tells no more of it.
        unrecorded: its recording is paused.
    """

    id: str
    caller: str
    arrived_at: float
    stage: Stage = Stage.MENU
    queue: str | None = None
    queued_at: float | None = None
    seat: str | None = None
    answered_at: float | None = None
    ended_by: str | None = None
    partial: bool = False
    held: Held | None = None
    handed_on: bool = False
    unrecorded: bool = False

    @property
    def joined_at(self) -> float:
        """When it came to the queue; of a call back, when its caller first did: the place kept."""
        attempt = Attempt.of(self.id)
        return (self.queued_at or self.arrived_at) if attempt is None else attempt.joined


@dataclass(frozen=True, slots=True)
class LiveSeat:
    """A seat and what it does.

    Attributes:
        last_call_at: end of its last call, for the wrap-up time.
        queues: those that ring it.
    """

    number: str
    device: Device = Device.UNAVAILABLE
    since: float = 0.0
    last_call_at: float | None = None
    queues: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that goes on now.

    Attributes:
        ended: only the calls that the last event ended.
        blank: nothing is known yet of what went on before; see `resync`.
    """

    calls: Mapping[str, LiveCall] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    seats: Mapping[str, LiveSeat] = field(default_factory=dict)
    queues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ended: tuple[LiveCall, ...] = ()
    blank: bool = False

    def parties(self, call: str) -> frozenset[str]:
        """The seats the citizen of ``call`` talks to now: those in the same bridge."""
        own = self.channels.get(call)
        if own is None or own.bridge is None:
            return frozenset()
        return frozenset(
            channel.seat
            for channel in self.channels.values()
            if channel.bridge == own.bridge and channel.seat and channel.id != own.id
        )

    def others(self, call: str) -> tuple[Channel, ...]:
        """The legs in the bridge with the citizen of ``call`` now, whoever's they are."""
        own = self.channels.get(call)
        if own is None or own.bridge is None:
            return ()
        legs = self.channels.values()
        return tuple(leg for leg in legs if leg.bridge == own.bridge and leg.id != own.id)

    def thirds(self, call: str) -> tuple[Channel, ...]:
        """The legs of third parties rung for ``call``, in their order, joined or not."""
        found = [(leg.third, leg) for leg in self.channels.values()]
        mine = [(third.number, leg) for third, leg in found if third and third.call == call]
        return tuple(leg for _, leg in sorted(mine, key=lambda pair: pair[0]))

    def call_of(self, seat: str) -> str | None:
        """The call a seat has a leg in, or None."""
        legs = (c for c in self.channels.values() if c.seat == seat)
        return next((c.third.call if c.third else c.call for c in legs), None)


def reduce(board: Board, event: Event) -> Board:
    """The board after ``event``; events that do not matter leave it as it is."""
    handler = _HANDLERS.get(event.get("Event", ""))
    if handler is None:
        return board if not board.ended else replace(board, ended=())
    return handler(replace(board, ended=()) if board.ended else board, event)


def resync(
    channels: Iterable[Event], queues: Iterable[Event], now: float, before: Board | None = None
) -> Board:
    """A board from ``CoreShowChannels`` and ``QueueStatus``.

    Args:
        channels: the events of ``CoreShowChannels``.
        queues: the events of ``QueueStatus``.
        now: seconds since the epoch.
        before: the board before contact was lost; what it knew of calls still going on is kept.
    """
    old = before or Board()
    legs: dict[str, Channel] = {}
    calls: dict[str, LiveCall] = {}
    for event in channels:
        if event.get("Event") != "CoreShowChannel":
            continue
        leg = Channel(
            event["Uniqueid"],
            event["Linkedid"],
            event.get("Channel", ""),
            seat_of(event.get("Channel", "")),
            event.get("BridgeId") or None,
        )
        legs[leg.id] = leg
        if leg.id == leg.call and _is_citizens(leg.id, event.get("ChannelStateDesc") == "Up"):
            held = Held.DESK if event.get("Context") == _HOLD else None
            calls[leg.id] = replace(
                old.calls.get(leg.id)
                or LiveCall(leg.id, event.get("CallerIDNum", ""), now - _seconds(event)),
                partial=True,
                held=held if event.get("Application") == "Read" else None,
            )
    waiting: dict[str, list[tuple[int, str]]] = {}
    seats: dict[str, LiveSeat] = {}
    for event in queues:
        kind = event.get("Event")
        if kind == "QueueParams":
            waiting.setdefault(event["Queue"], [])
        elif kind == "QueueMember":
            number = seat_of(event.get("Location", "")) or event.get("Name", "")
            device = _STATUS.get(event.get("Status", ""), Device.UNAVAILABLE)
            member = _device(old.seats.get(number) or LiveSeat(number), device, now)
            others = seats[number].queues if number in seats else frozenset()
            seats[number] = replace(member, queues=others | {event["Queue"]})
        elif kind == "QueueEntry":
            place = (int(event["Position"]), event["Uniqueid"])
            waiting.setdefault(event["Queue"], []).append(place)
    board = Board(
        calls, legs, seats, {q: tuple(c for _, c in sorted(w)) for q, w in waiting.items()}
    )
    for queue, ids in board.queues.items():
        for call in ids:
            board = _change(board, call, stage=Stage.QUEUE, queue=queue)
    for event in queues:
        known = board.calls.get(event.get("Uniqueid", ""))
        if event.get("Event") == "QueueEntry" and known is not None and known.queued_at is None:
            board = _change(board, known.id, queued_at=now - float(event.get("Wait", 0)))
    for call in calls:
        seat = next(iter(board.parties(call)), None)
        if seat:
            board = _change(board, call, stage=Stage.TALKING, seat=calls[call].seat or seat)
    ended = tuple(replace(c, partial=True) for c in old.calls.values() if c.id not in calls)
    return replace(board, ended=ended)


def _is_citizens(call: str, answered: bool) -> bool:
    """Whether a call is a citizen's: one that came, or who is called back and has answered."""
    return answered if call.startswith(CALLBACK) else not call.startswith(PLACED)


def genuine(event: Event) -> bool:
    """Whether Asterisk itself sent this event.

    Asterisk puts a caller's number into events as it is, line breaks and all, so a caller may end
    an event early and begin one of their own. What a number has room for (79 bytes) is too short
    for the headers that each event of ours has; and what is left of the true one lacks its ids.
    """
    if _STAMP.fullmatch(event.get("Timestamp", "")) is None or "Privilege" not in event:
        return False
    return event.get("Event") != "Newchannel" or "Linkedid" in event


def seat_of(channel: str) -> str | None:
    """The seat a channel or an interface belongs to, or None."""
    match = _SEAT.fullmatch(channel)
    return match[1] if match else None


# --- one function for each kind of event ------------------------------------------------------
def _new_channel(board: Board, event: Event) -> Board:
    name = event["Channel"]
    leg = Channel(event["Uniqueid"], event["Linkedid"], name, seat_of(name))
    board = replace(board, channels={**board.channels, leg.id: leg})
    if leg.id != leg.call or event.get("Context") not in _CITIZEN_CONTEXTS:
        return board
    if leg.id.startswith(PLACED):
        return board
    call = LiveCall(leg.id, event.get("CallerIDNum", ""), _time(event))
    return replace(board, calls={**board.calls, call.id: call})


def _hangup(board: Board, event: Event) -> Board:
    gone = event["Uniqueid"]
    if gone not in board.channels and gone not in board.calls:
        return board
    board = replace(board, channels={k: v for k, v in board.channels.items() if k != gone})
    call = board.calls.get(gone)
    if call is None:
        return _without_seats(board)
    return replace(
        _unqueue(board, gone),
        calls={k: v for k, v in board.calls.items() if k != gone},
        ended=(call,),
    )


def _without_seats(board: Board) -> Board:
    """A call whose last seat is gone is not talking any more; one of the queue is told so first."""
    for call in board.calls.values():
        if call.stage is Stage.TALKING and call.handed_on and not board.others(call.id):
            board = _change(board, call.id, stage=Stage.AFTER, held=None)
    return board


def _joined_queue(board: Board, event: Event) -> Board:
    call, queue = event["Uniqueid"], event["Queue"]
    board = _called_back(board, event)
    if call not in board.calls:
        return board
    board = _unqueue(board, call)
    ids = list(board.queues.get(queue, ()))
    ids.insert(max(int(event.get("Position", len(ids) + 1)) - 1, 0), call)
    board = replace(board, queues={**board.queues, queue: tuple(ids)})
    known = board.calls[call]
    first = {} if known.queued_at is not None else {"queue": queue, "queued_at": _time(event)}
    return _change(board, call, stage=Stage.QUEUE, **first)


def _called_back(board: Board, event: Event) -> Board:
    """The call in which a citizen is called back begins when it is led on."""
    call = event["Uniqueid"]
    if not call.startswith(CALLBACK) or call in board.calls or call not in board.channels:
        return board
    begun = LiveCall(call, event.get("CallerIDNum", ""), _time(event), stage=Stage.AFTER)
    return replace(board, calls={**board.calls, call: begun})


def _left_queue(board: Board, event: Event) -> Board:
    call = event["Uniqueid"]
    board = _unqueue(board, call)
    known = board.calls.get(call)
    if known is None or known.stage is not Stage.QUEUE:
        return board
    return _change(board, call, stage=Stage.AFTER)


def _agent_connect(board: Board, event: Event) -> Board:
    call = board.calls.get(event["Uniqueid"])
    if call is None:
        return board
    return _change(
        _unqueue(board, call.id),
        call.id,
        stage=Stage.TALKING,
        seat=call.seat or event.get("MemberName"),
        answered_at=call.answered_at or _time(event),
    )


def _agent_complete(board: Board, event: Event) -> Board:
    number = event.get("MemberName", "")
    seat = board.seats.get(number) or LiveSeat(number)
    seats = {**board.seats, number: replace(seat, last_call_at=_time(event))}
    call = event.get("Uniqueid", "")  # missing when the citizen's channel is gone already
    board = _unqueue(replace(board, seats=seats), call)
    ended_by = event.get("Reason", "").lower()
    if ended_by == "agent" and any(leg.seat != number for leg in board.others(call)):
        return _change(board, call, ended_by=ended_by, handed_on=True)  # a third party stays
    return _change(board, call, stage=Stage.AFTER, ended_by=ended_by, held=None)


def _abandoned(board: Board, event: Event) -> Board:
    return _change(board, event["Uniqueid"], ended_by="abandoned")


def _bridge_enter(board: Board, event: Event) -> Board:
    board = _called_back(_bridge(board, event, event["BridgeUniqueid"]), event)
    call = board.calls.get(event.get("Linkedid", ""))
    if call is None or call.stage is not Stage.AFTER:
        return board
    seats = board.parties(call.id)
    if not seats:
        return board
    first = {"seat": min(seats), "answered_at": _time(event)} if call.answered_at is None else {}
    return _change(board, call.id, stage=Stage.TALKING, handed_on=True, **first)


def _music(board: Board, event: Event) -> Board:
    call = board.calls.get(event["Uniqueid"])
    if call is None or call.stage is not Stage.TALKING:
        return board
    return _change(board, call.id, held=Held.DESK if event.get("Context") == _HOLD else Held.PHONE)


def _music_over(board: Board, event: Event) -> Board:
    return _change(board, event["Uniqueid"], held=None)


def _muted(board: Board, event: Event) -> Board:
    return _change(board, event["Uniqueid"], unrecorded=event.get("State") == "1")


def _bridge_leave(board: Board, event: Event) -> Board:
    leg = board.channels.get(event["Uniqueid"])
    if leg is None or leg.bridge != event["BridgeUniqueid"]:
        return board
    return _bridge(board, event, None)


def _bridge(board: Board, event: Event, bridge: str | None) -> Board:
    leg = board.channels.get(event["Uniqueid"])
    if leg is None:
        return board
    leg = replace(leg, bridge=bridge, call=event.get("Linkedid") or leg.call)
    return replace(board, channels={**board.channels, leg.id: leg})


def _device_state(board: Board, event: Event) -> Board:
    number = seat_of(event.get("Device", ""))
    if number is None:
        return board
    if event.get("State") == "INVALID":  # there is no such seat any more
        return replace(board, seats={n: s for n, s in board.seats.items() if n != number})
    device = _STATES.get(event.get("State", ""), Device.UNAVAILABLE)
    seat = _device(board.seats.get(number) or LiveSeat(number), device, _time(event))
    return replace(board, seats={**board.seats, number: seat})


def _device(seat: LiveSeat, device: Device, at: float) -> LiveSeat:
    return seat if seat.device is device else replace(seat, device=device, since=at)


def _change(board: Board, call: str, **changes: Any) -> Board:
    known = board.calls.get(call)
    if known is None:
        return board
    return replace(board, calls={**board.calls, call: replace(known, **changes)})


def _unqueue(board: Board, call: str) -> Board:
    if not any(call in ids for ids in board.queues.values()):
        return board
    queues = {q: tuple(c for c in ids if c != call) for q, ids in board.queues.items()}
    return replace(board, queues=queues)


def _time(event: Event) -> float:
    return float(event.get("Timestamp", 0.0))


def _seconds(event: Event) -> float:
    hours, minutes, seconds = (int(part) for part in event.get("Duration", "0:0:0").split(":"))
    return hours * 3600.0 + minutes * 60.0 + seconds


_STATES = {
    "NOT_INUSE": Device.IDLE,
    "INUSE": Device.BUSY,
    "BUSY": Device.BUSY,
    "ONHOLD": Device.BUSY,
    "RINGINUSE": Device.BUSY,
    "RINGING": Device.RINGING,
}
_STATUS = {  # QueueMember's Status, as numbered in Asterisk's devicestate.h
    "1": Device.IDLE,
    "2": Device.BUSY,
    "3": Device.BUSY,
    "6": Device.RINGING,
    "7": Device.BUSY,
    "8": Device.BUSY,
}
_HANDLERS: Mapping[str, Callable[[Board, Event], Board]] = {
    "Newchannel": _new_channel,
    "Hangup": _hangup,
    "QueueCallerJoin": _joined_queue,
    "QueueCallerLeave": _left_queue,
    "QueueCallerAbandon": _abandoned,
    "AgentConnect": _agent_connect,
    "AgentComplete": _agent_complete,
    "BridgeEnter": _bridge_enter,
    "BridgeLeave": _bridge_leave,
    "DeviceStateChange": _device_state,
    "MusicOnHoldStart": _music,
    "MusicOnHoldStop": _music_over,
    "MixMonitorMute": _muted,
}
