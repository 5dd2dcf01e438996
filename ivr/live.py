"""The live picture: holds the switchboard's board, tells subscribers what changed.

The board is reduced event by event; what changed is gathered and sent out at most ten times a
second, so a busy hotline costs its watchers no more than a quiet one.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from ivr.api.live import Broadcast
from ivr.call import Outlook
from ivr.switchboard import (
    Board,
    Channel,
    Device,
    Event,
    LiveCall,
    LiveSeat,
    Spy,
    Stage,
    reduce,
    resync,
)
from ticketing.domain.shifts import Doing, PhoneNow, SeatNow

log = logging.getLogger(__name__)
PUBLISH_SECONDS = 0.1
_FIRST_GUESS_SECONDS = 180.0
_WEIGHT = 0.1
SOON_SECONDS = 10.0
_FREE = {Device.IDLE.value, Device.RINGING.value}
_NO_SEAT = {Device.UNAVAILABLE.value, Doing.LOGGED_OUT.value}  # states in which no call can come


@dataclass(frozen=True, slots=True)
class Staffed:
    """Of the seats of a queue: could take a call now, are in their wrap-up, have a call."""

    free: int
    finishing: int
    busy: int


class Third(Protocol):
    """Who a third party in a call is."""

    @property
    def unit(self) -> str: ...
    @property
    def person(self) -> str: ...


class Live:
    """One node's live state."""

    def __init__(
        self,
        *,
        wrap_up_seconds: int,
        on_ended: Callable[[str, Mapping[str, Any]], None],
        queue_now: Callable[[], str],
        persons: Callable[[str], SeatNow | None] = lambda _seat: None,
        captions: Callable[[str], str | None] = lambda _call: None,
        thirds: Callable[[str], Third | None] = lambda _leg: None,
    ) -> None:
        """
        Args:
            captions: whether a call has live captions, or why not; None: it is not recorded now.
            thirds: who a third party is, by the id of the leg, as far as that is known.
            persons: who sits at a seat; None where nobody has ever logged in.
            on_ended: told what we saw of each call that ended: its id, and its facts as a witness.
            queue_now: the queue of the roster on duty.
        """
        self.board = Board(blank=True)
        self.connected = False
        self._wrap_up = wrap_up_seconds
        self._on_ended = on_ended
        self._queue_now = queue_now
        self._persons = persons
        self._thirds = thirds
        self._captions = captions
        self._handling = _FIRST_GUESS_SECONDS
        self._led: set[str] = set()  # calls that hear how long it takes, and queue after that
        self._published: dict[str, dict[str, Any]] = {"calls": {}, "seats": {}, "queues": {}}
        self._broadcast = Broadcast()

    # --- what Asterisk tells ---------------------------------------------------------------
    def apply(self, event: Event) -> None:
        """Take in one AMI event."""
        self._become(reduce(self.board, event))

    def resync(self, channels: list[Event], queues: list[Event]) -> None:
        """Take Asterisk's own word for everything, after a time without contact."""
        self._become(resync(channels, queues, time.time(), self.board))
        self.connected = True

    def keep_seats(self, queues: Mapping[str, frozenset[str]]) -> None:
        """Know the seats there are now: forget those removed, show those added.

        Args:
            queues: the number of each seat, and the queues that ring it.
        """
        known = self.board.seats
        seats = {n: replace(known.get(n) or LiveSeat(n), queues=queues[n]) for n in sorted(queues)}
        self.board = replace(self.board, seats=seats)

    def lost(self) -> None:
        """Contact is lost; what is shown may be old and says so."""
        self.connected = False

    def _become(self, board: Board) -> None:
        self.board = board
        for call in board.ended:
            if call.answered_at is not None and not call.partial:
                talked = max(time.time() - call.answered_at, 1.0)
                self._handling += _WEIGHT * (talked - self._handling)
            self._on_ended(call.id, witness(call))

    # --- what flows ask --------------------------------------------------------------------
    def outlook(self, call: str) -> Outlook:
        """What awaits ``call``, which is led to the queue now.

        Callers led there before it who do not wait there yet are before it; those for whom a
        seat rings already are not.
        """
        queue = self._queue_now()
        seats = [
            seat
            for seat in self.board.seats.values()
            if queue in seat.queues and self._state(seat) not in _NO_SEAT
        ]
        idle = sum(self._state(seat) == "idle" for seat in seats)
        ringing = sum(seat.device is Device.RINGING for seat in seats)
        calls = self.board.calls
        self._led = {c for c in self._led if c in calls and calls[c].stage is Stage.MENU}
        waiting = len(self.board.queues.get(queue, ()))
        before = max(waiting + len(self._led - {call}) - ringing, 0)
        if seats:
            self._led.add(call)
        position = max(before - idle, 0) + 1
        seconds = position * (self._handling + self._wrap_up) / max(len(seats), 1)
        minutes = math.ceil(seconds / 60) if seconds >= 60 else 0
        soon = position == 1 and any(self._free_soon(seat) for seat in seats)
        return Outlook(len(seats), max(idle - before, 0), position, minutes, soon)

    def _free_soon(self, seat: LiveSeat) -> bool:
        """Whether a seat's wrap-up is nearly over."""
        if self._state(seat) != Doing.WRAP_UP:
            return False
        now = self._persons(seat.number)
        until = None if now is None else now.wrap_up_until
        ends = (seat.last_call_at or 0) + self._wrap_up if until is None else until.timestamp()
        return ends - time.time() <= SOON_SECONDS

    def staffed(self, queue: str) -> Staffed:
        """What the seats of a queue do."""
        states = [self._state(s) for s in self.board.seats.values() if queue in s.queues]
        free = sum(state in _FREE for state in states)
        return Staffed(free, states.count(Doing.WRAP_UP.value), states.count(Device.BUSY.value))

    @property
    def handling(self) -> float:
        """Seconds that a call takes, with its wrap-up."""
        return self._handling + self._wrap_up

    def waits(self, call: str) -> bool:
        """Whether ``call`` waits in a queue now."""
        known = self.board.calls.get(call)
        return known is not None and known.stage is Stage.QUEUE

    # --- what people see -------------------------------------------------------------------
    def snapshot(self) -> dict[str, Any]:
        """Everything as it is now, ready for JSON."""
        picture = self._picture()
        return {
            "seq": self._broadcast.seq,
            "connected": self.connected,
            **{kind: list(items.values()) for kind, items in picture.items()},
        }

    def subscribe(self) -> AsyncIterator[dict[str, Any]]:
        """The changes from now on, numbered; raises ``Lagging`` for a subscriber too slow."""
        return self._broadcast.subscribe()

    async def publish(self) -> None:
        """Send out what changed, for ever."""
        was_connected = self.connected
        while True:
            await asyncio.sleep(PUBLISH_SECONDS)
            change = self._difference()
            if change or was_connected != self.connected:
                was_connected = self.connected
                self.tell({"connected": self.connected, **change})

    def tell(self, change: dict[str, Any]) -> None:
        """Send one message to every subscriber."""
        self._broadcast.publish(change)

    def _difference(self) -> dict[str, Any]:
        now, before = self._picture(), self._published
        self._published = now
        change: dict[str, Any] = {}
        for kind, items in now.items():
            changed = [item for key, item in items.items() if before[kind].get(key) != item]
            if changed:
                change[kind] = changed
            gone = [key for key in before[kind] if key not in items]
            if gone:
                change[f"gone_{kind}"] = gone
        return change

    def _picture(self) -> dict[str, dict[str, Any]]:
        board = self.board
        on_call = {
            c.seat: c.third.call if c.third else c.call
            for c in board.channels.values()
            if c.seat and not c.spy
        }
        thirds = {c.third.call for c in board.channels.values() if c.third}
        spies = {c.seat: c.spy for c in board.channels.values() if c.seat and c.spy}
        return {
            "calls": {
                call.id: self._call(call, call.id in thirds) for call in board.calls.values()
            },
            "seats": {
                seat.number: {
                    "number": seat.number,
                    "state": self._state(seat),
                    "since": seat.since,
                    "call": on_call.get(seat.number),
                    **self._person(seat.number),
                    **_supervises(spies.get(seat.number)),
                }
                for seat in sorted(board.seats.values(), key=lambda seat: seat.number)
            },
            "queues": {
                name: {
                    "name": name,
                    "waiting": [
                        {"call": call, "position": place, "since": board.calls[call].queued_at}
                        for place, call in enumerate(ids, 1)
                        if call in board.calls
                    ],
                }
                for name, ids in board.queues.items()
            },
        }

    def _call(self, call: LiveCall, thirds: bool) -> dict[str, Any]:
        return {
            "id": call.id,
            "caller": call.caller,
            "stage": call.stage.value,
            "queue": next((q for q, ids in self.board.queues.items() if call.id in ids), None),
            "arrived": call.arrived_at,
            "answered": call.answered_at,
            "seats": sorted(self.board.parties(call.id)),
            "held": call.held is not None,
            "recorded": not call.unrecorded,
            "thirds": [self._third(leg) for leg in self.board.thirds(call.id)] if thirds else [],
            "captions": self._captions(call.id),
        }

    def _third(self, leg: Channel) -> dict[str, Any]:
        """A third party of a call: who, and whether it talks or still rings; no number."""
        known = self._thirds(leg.id)
        return {
            "third": 0 if leg.third is None else leg.third.number,
            "seat": leg.seat,
            "unit": None if known is None else known.unit or None,
            "person": None if known is None else known.person or None,
            "talking": leg.bridge is not None,
        }

    def _person(self, number: str) -> dict[str, Any]:
        """Who sits there; nothing where nobody has ever logged in."""
        now = self._persons(number)
        if now is None or not now.managed:
            return {}
        until = now.wrap_up_until
        return {
            "person": now.person or None,
            "pause": now.pause or None,
            "wrap_up_until": None if until is None else until.timestamp(),
        }

    def _state(self, seat: LiveSeat) -> str:
        now = self._persons(seat.number)
        if seat.device is Device.IDLE and now is not None and now.managed:
            doing = replace(now, phone=PhoneNow.IDLE, seen=True).doing(datetime.now(UTC))
            return "idle" if doing is Doing.READY else doing.value
        ended = seat.last_call_at
        if seat.device is Device.IDLE and ended is not None and time.time() < ended + self._wrap_up:
            return "wrap_up"
        return seat.device.value


def _supervises(spy: Spy | None) -> dict[str, Any]:
    return {} if spy is None else {"supervises": {"how": spy.how.value, "seat": spy.seat}}


def witness(call: LiveCall) -> dict[str, Any]:
    """What the AMI saw of a call, as kept for ``hotline calls reconcile``."""
    return {
        "queue": call.queue,
        "seat": call.seat,
        "queued": call.queued_at,
        "answered": call.answered_at,
        "ended_by": call.ended_by,
        "partial": call.partial,
    }
