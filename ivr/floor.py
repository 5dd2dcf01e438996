"""What a supervisor does on the floor: take a call over, move one that waits (T1).

A waiting call is moved by the dialplan: the controller says where to in variables of its channel
and "presses" a key that no telephone has, so Asterisk's queue lets it go in an orderly way and its
log tells no caller lost. Each verb returns when Asterisk's events show that it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ivr import roster
from ivr.conference import Conference
from ivr.errors import AmiTimeout
from ivr.steering import Steered, Steering
from ivr.switchboard import Device
from ivr.thirds import Wanted
from ticketing.domain.errors import (
    CallNotConnected,
    CallNotFound,
    CallNotWaiting,
    NotYourSeat,
    QueueNotFound,
    SeatNotFound,
)
from ticketing.domain.legs import CallEventKind
from ticketing.domain.roles import Principal
from ticketing.service.shifts import Shifts

MOVE_KEY = "A"
"""As in the context ``queue-keys`` of extensions.conf."""
FIRST = "100"
"""The priority in the queue of who is moved to the front; no line has a higher one."""
_TRIES, _LOOKS, _PAUSE = 6, 14, 0.05  # a key that stops an announcement counts as none
_STAYS = "queue"


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a call is that was moved: at a place of a queue, or with a seat that is rung."""

    call: str
    queue: str | None
    position: int | None
    seat: str | None


class Floor:
    """The supervisors' verbs for one node.

    Args:
        place: the place of a call in a queue, by the time at which it came.
        shifts: writes who did what into the audit log.
    """

    def __init__(
        self,
        steering: Steering,
        conference: Conference,
        shifts: Shifts,
        place: Callable[[str, str], int | None],
    ) -> None:
        self._steering, self._conference, self._shifts = steering, conference, shifts
        self._place = place

    # --- take over -------------------------------------------------------------------------
    async def take_over(self, who: Principal, seat: str, own: str) -> Steered:
        """Ring the supervisor's phone; once it is in the call, the seat's agent is out of it.

        Args:
            seat: whose call.
            own: the supervisor's seat.

        Raises:
            SeatNotFound, CallNotConnected: the seat, and that it talks to nobody.
            NotYourSeat: another person sits at ``own``.
            PhoneNotRegistered, SeatBusy, NobodyAnswered: the supervisor's phone.
            ConsultUnderWay, CallHeldElsewhere, AmiError
        """
        key = ("take-over", who.username, seat, own)
        return await self._steering.once(key, lambda: self._take_over(who, seat, own))

    async def _take_over(self, who: Principal, seat: str, own: str) -> Steered:
        steering = self._steering
        now = steering.desk.seat(own)
        if now is not None and now.person not in {"", who.username}:
            raise NotYourSeat(f"{now.person} sits at seat {own}")
        if seat not in steering.board.seats:
            raise SeatNotFound(f"seat {seat} does not exist")
        call = steering.board.call_of(seat)
        legs = [] if call is None else steering.board.others(call)
        agent = next((leg for leg in legs if leg.seat == seat), None)
        if call is None or agent is None:
            raise CallNotConnected(f"seat {seat} talks to nobody")
        await self._shifts.note(who, "supervision.take_over", seat, {"with": own, "call": call})
        await self._conference.consult(who, call, Wanted(seat=own), private=False)
        await steering.note(agent, event=CallEventKind.LEFT, by=own)
        await steering.end(agent)
        return steering.steered(call)

    # --- move a waiting call ---------------------------------------------------------------
    async def move(
        self,
        who: Principal,
        queue: str,
        call: str,
        *,
        to_queue: str | None = None,
        seat: str | None = None,
    ) -> Moved:
        """Move a call that waits: to another queue, at the place of its time; to a seat; or, with
        neither, to the front of its own.

        Raises:
            QueueNotFound, CallNotFound, CallNotWaiting
            SeatNotFound, PhoneNotRegistered, SeatBusy: of the seat.
            AmiError
        """
        key = ("move", who.username, call, to_queue or "", seat or "")
        return await self._steering.once(key, lambda: self._move(who, queue, call, to_queue, seat))

    async def _move(
        self, who: Principal, queue: str, call: str, to_queue: str | None, seat: str | None
    ) -> Moved:
        steering = self._steering
        for name in filter(None, (queue, to_queue)):
            if name not in steering.board.queues:
                raise QueueNotFound(f"no queue {name}")
        if call not in steering.board.calls:
            raise CallNotFound(f"{call} does not go on")
        if call not in steering.board.queues[queue]:
            raise CallNotWaiting(f"{call} does not wait in {queue}")
        detail = {"queue": queue, "to": seat or to_queue or "front"}
        if seat is not None:
            steering.check_free(seat)
            variables = {"HOTLINE_MOVE": seat}
        elif to_queue is not None:
            place = self._place(call, to_queue)
            variables = {
                "HOTLINE_QUEUE": roster.own(to_queue),
                "HOTLINE_PLACE": "" if place is None else str(place),
                "HOTLINE_MOVE": _STAYS,
            }
        else:
            variables = {"QUEUE_PRIO": FIRST, "HOTLINE_PLACE": "1", "HOTLINE_MOVE": _STAYS}
        await self._shifts.note(who, "queue.move", call, detail)
        if seat is None and (to_queue == queue or (not to_queue and self._is_first(queue, call))):
            return self._moved(call)
        await self._let_go(call, variables)
        await steering.until(lambda: self._arrived(call, queue, to_queue, seat), "PlayDTMF")
        return self._moved(call, seat)

    async def _let_go(self, call: str, variables: dict[str, str]) -> None:
        """Have the dialplan take the call out of its queue; when it does, it clears the word."""
        steering = self._steering
        channel = steering.board.channels[call].name
        await steering.set(channel, **variables)
        for _ in range(_TRIES):
            if call not in steering.board.channels:
                raise CallNotFound(f"{call} is over")
            await steering.press(channel, MOVE_KEY)
            for _ in range(_LOOKS):
                await asyncio.sleep(_PAUSE)
                if not await steering.get(channel, "HOTLINE_MOVE"):
                    return
        await steering.set(channel, HOTLINE_MOVE="")
        raise AmiTimeout("PlayDTMF: the queue did not let the call go")

    def _is_first(self, queue: str, call: str) -> bool:
        return self._steering.board.queues[queue][:1] == (call,)

    def _arrived(self, call: str, queue: str, to_queue: str | None, seat: str | None) -> bool:
        board = self._steering.board
        if call not in board.calls or board.parties(call):
            return True
        if seat is not None:
            there = board.seats.get(seat)
            return there is not None and there.device is not Device.IDLE
        return call in board.queues[to_queue] if to_queue else self._is_first(queue, call)

    def _moved(self, call: str, seat: str | None = None) -> Moved:
        for queue, ids in self._steering.board.queues.items():
            if call in ids:
                return Moved(call, queue, ids.index(call) + 1, None)
        return Moved(call, None, None, seat)
