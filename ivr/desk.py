"""The desk: who sits where, and Asterisk's queues kept equal to it (T1).

What people ask for is judged by `ticketing.domain.shifts`, told to Asterisk, and kept in SQL, in
this order: who is answered knows that Asterisk has confirmed. What phones and calls do is kept as
it happens. A seat that takes no calls is a paused member of its queues; after every loss of contact
Asterisk's own word on its members is compared with ours, and what differs is told again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ivr.errors import AmiNotConnected, AmiRefused, HotlineError
from ivr.switchboard import Board, Device, seat_of
from ticketing.domain.errors import NotYourSeat, SeatNotFound, TicketingError
from ticketing.domain.roles import OPERATOR, Permission, Principal
from ticketing.domain.seats import check_number
from ticketing.domain.shifts import (
    Asked,
    Command,
    Kind,
    Login,
    PhoneNow,
    SeatNow,
    ShiftEvent,
    after,
    decide,
)
from ticketing.domain.skills import MISSED
from ticketing.service.clock import utc_now
from ticketing.service.shifts import Shifts

log = logging.getLogger(__name__)
WATCH_SECONDS = 15.0  # how often it is noted that the phones are watched
RETRY_SECONDS = 1.0
LOGGED_OUT, WRAPPING_UP = "logged-out", "wrap-up"  # reasons of pauses that no person chose
_PHONES = {
    Device.UNAVAILABLE: PhoneNow.AWAY,
    Device.IDLE: PhoneNow.IDLE,
    Device.RINGING: PhoneNow.RINGING,
    Device.BUSY: PhoneNow.BUSY,
}
_FREE = ""  # of a member that is not paused
Act = Callable[..., Awaitable[object]]
"""Sends an action to Asterisk, returns when it has confirmed; raises ``AmiError``."""


class Desk:
    """The persons at one node's seats.

    Args:
        act: tells Asterisk.
        board: who talks to whom now.
        reasons: for pauses.
        wrap_up: how long Asterisk leaves a seat in peace after a call.
        moved: told when somebody sat down or left.
    """

    def __init__(
        self,
        shifts: Shifts,
        *,
        act: Act,
        board: Callable[[], Board],
        reasons: Sequence[str],
        wrap_up: timedelta,
        now: Callable[[], datetime] = utc_now,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self.reasons = tuple(reasons)
        self.wrap_up = wrap_up
        self._shifts = shifts
        self._act = act
        self._board = board
        self._now = now
        self._moved = moved
        self._seats: dict[str, SeatNow] = {}
        self._loaded = False
        self._linked = False
        self._pending: list[ShiftEvent] = []  # happened, and not yet in SQL
        self._queues: dict[str, Mapping[str, int]] = {}  # seat → its queues, and its penalty there
        self._with_handed_on: set[str] = set()  # seats with a call that another seat had first
        self._told: dict[str, str] = {}  # seat → why Asterisk pauses it
        self._watched_at: datetime | None = None
        self._news = asyncio.Event()
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Know who sits where, before anybody asks.

        Raises:
            DatabaseUnavailable
        """
        async with self._lock:
            await self._load()

    # --- what is known ---------------------------------------------------------------------
    def seat(self, number: str) -> SeatNow | None:
        """A seat that somebody has ever logged in to, else None."""
        return self._seats.get(number)

    def seat_of(self, person: str) -> str | None:
        """Where a person sits, or None."""
        return next((n for n, seat in self._seats.items() if seat.person == person), None)

    def person(self, number: str) -> str:
        """Who sits at a seat; empty when nobody does."""
        seat = self._seats.get(number)
        return "" if seat is None else seat.person

    def check(self, who: Principal, number: str) -> None:
        """Whether ``who`` may act for a seat: the person who sits there, and managers.

        Raises:
            NotYourSeat: neither.
        """
        seat = self._seats.get(number)
        own = seat is not None and seat.person == who.username
        if not own and not who.may(Permission.DESK_MANAGE):
            raise NotYourSeat(f"seat {number} is not {who.username}'s")

    # --- what people ask for ---------------------------------------------------------------
    async def login(self, who: Principal, number: str) -> SeatNow:
        """Sit down at a seat; errors as of `do`."""
        return await self.do(who, number, Login(who.username))

    async def do(self, who: Principal, number: str, command: Command) -> SeatNow:
        """Do what a person asks for, once Asterisk has confirmed it; all done already is well.

        Raises:
            BadSeatNumber, SeatNotFound, NotYourSeat
            AmiError: Asterisk did not confirm; nothing is changed.
            DatabaseUnavailable: nothing is changed.
            TicketingError: as `ticketing.domain.shifts.decide`.
        """
        check_number(number)
        async with self._lock:
            await self._load()
            self._check(who, number, command)
            asked = Asked(number, command, who.username, self._now())
            events = decide(asked, self._with_phones(number), self.reasons)
            if events:
                await self._perform(number, events)
            return self._seats.get(number) or SeatNow(number)

    def _check(self, who: Principal, number: str, command: Command) -> None:
        now = self._seats.get(number)
        if now is not None and now.person and not isinstance(command, Login):
            self.check(who, number)
        if not self._linked:
            raise AmiNotConnected("Asterisk's manager is not connected; try again in a moment")
        if number not in self._board().seats and not (now and now.person):
            raise SeatNotFound(f"seat {number} does not exist")

    async def _perform(self, number: str, events: Sequence[ShiftEvent]) -> None:
        then = self._seats.get(number) or SeatNow(number)
        for event in events:
            then = after(then, event)
        await self._flush()
        try:
            if events[-1].kind is Kind.WRAP_UP and then.wrap_up_until == events[-1].at:
                await self._renew(number)
            await self._tell(number, _wanted(then, self._now()))
            await self._shifts.keep(events)
        except (HotlineError, TicketingError):
            self._news.set()  # whatever Asterisk was told is taken back
            raise
        for event in events:
            self._apply(event)
        self._see_phones()
        self._news.set()

    async def closed(self, open_seats: AbstractSet[str]) -> None:
        """Log out whoever sits at a seat that was removed.

        Args:
            open_seats: the seats there are.
        """
        async with self._lock:
            await self._load()
            await self._flush()
            gone = [n for n, seat in self._seats.items() if seat.person and n not in open_seats]
            events = [
                ShiftEvent(n, Kind.LOGOUT, self._now(), actor=OPERATOR.username) for n in gone
            ]
            await self._shifts.keep(events)
            for event in events:
                self._apply(event)

    # --- what Asterisk tells ---------------------------------------------------------------
    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one AMI event, after the board has."""
        name = event.get("Event")
        if name == "QueueMemberPause":
            self._paused(event)
            self._news.set()
        elif name == "AgentComplete":
            self._call_over(event.get("MemberName", ""), Kind.CALL_OVER)
        elif name in {"BridgeEnter", "BridgeLeave"}:
            self._handed_on(name, event)
        elif name == "DeviceStateChange":
            self._see_phones()

    def _handed_on(self, name: str, event: Mapping[str, Any]) -> None:
        """Of a call that was handed on the queue knows nothing, so its wrap-up is told to it."""
        number = seat_of(event.get("Channel", ""))
        if number is None:
            return
        if name == "BridgeLeave" and number in self._with_handed_on:
            self._with_handed_on.discard(number)
            self._call_over(number, Kind.WRAP_UP)
        elif name == "BridgeEnter":
            call = self._board().calls.get(event.get("Linkedid", ""))
            if call is not None and call.handed_on:
                self._with_handed_on.add(number)

    def _call_over(self, number: str, kind: Kind) -> None:
        if self._loaded and self.person(number) and self.wrap_up:
            at = self._now()
            self._happened(ShiftEvent(number, kind, at, until=at + self.wrap_up))

    async def join(
        self, wanted: Mapping[str, Mapping[str, int]], members: Iterable[Mapping[str, Any]]
    ) -> bool:
        """Make the members of Asterisk's queues the seats there are; whether anything changed.

        Args:
            wanted: the number of each seat, and the queues that ring it, with its penalty in each.
            members: what ``QueueStatus`` lists.

        Raises:
            AmiError: Asterisk did not confirm.
        """
        there = {
            (row["Location"], row["Queue"]): int(row.get("Penalty", "0"))
            for row in members
            if row.get("Event") == "QueueMember"
        }
        right = {(f"PJSIP/{n}", queue): p for n in wanted for queue, p in wanted[n].items()}
        self._queues = dict(wanted)
        for interface, queue in sorted(there.keys() - right.keys()):
            await self._act("QueueRemove", Interface=interface, Queue=queue)
        for interface, queue in sorted(right.keys() - there.keys()):
            await self._add(interface, queue)
        for (interface, queue), penalty in sorted(right.items()):
            if there.get((interface, queue), penalty) != penalty:
                await self._act(
                    "QueuePenalty", Interface=interface, Queue=queue, Penalty=str(penalty)
                )
        return there != right

    async def pass_over(self, member: str, missed: int) -> None:
        """Put a member back in all its queues by the calls that it let ring; none: to its place.

        Raises:
            AmiError
        """
        for queue, penalty in self._queues.get(member.removeprefix("PJSIP/"), {}).items():
            behind = str(penalty + MISSED * missed)
            await self._act("QueuePenalty", Interface=member, Queue=queue, Penalty=behind)

    async def _add(self, interface: str, queue: str) -> None:
        number = interface.removeprefix("PJSIP/")
        seat = self._seats.get(number)
        reason = _FREE if seat is None else _wanted(seat, self._now())
        await self._act(
            "QueueAdd",
            Interface=interface,
            Queue=queue,
            MemberName=number,
            StateInterface=interface,
            Penalty=str(self._queues.get(number, {}).get(queue, 0)),
            Paused="true" if reason else "false",
            Reason=reason,
        )

    def linked(self, members: Iterable[Mapping[str, Any]]) -> None:
        """Contact is there again; ``members`` is what ``QueueStatus`` lists."""
        self._told.clear()
        for row in members:
            if row.get("Event") == "QueueMember":
                self._paused(row)
        self._linked = True
        self._see_phones()
        self._news.set()

    def lost(self) -> None:
        """Contact is lost: what phones do is not seen."""
        self._linked = False
        for number, seat in self._seats.items():
            if seat.person and seat.seen:
                self._happened(ShiftEvent(number, Kind.UNSEEN, self._now()))

    def _paused(self, row: Mapping[str, Any]) -> None:
        number = seat_of(row.get("Interface") or row.get("Location", ""))
        if number is not None:
            reason = row.get("PausedReason") or "paused"
            self._told[number] = reason if row.get("Paused") == "1" else _FREE

    def _see_phones(self) -> None:
        if not (self._loaded and self._linked):
            return
        for number, seat in self._seats.items():
            phone = self._phone(number)
            if seat.person and (seat.phone is not phone or not seat.seen):
                self._happened(ShiftEvent(number, Kind.PHONE, self._now(), phone=phone))

    def _phone(self, number: str) -> PhoneNow:
        seat = self._board().seats.get(number)
        return PhoneNow.AWAY if seat is None else _PHONES[seat.device]

    def _with_phones(self, number: str) -> dict[str, SeatNow]:
        numbers = {number, *self._seats}
        known = {n: self._seats.get(n) or SeatNow(n) for n in numbers}
        return {n: replace(seat, phone=self._phone(n)) for n, seat in known.items()}

    def _happened(self, event: ShiftEvent) -> None:
        self._apply(event)
        self._pending.append(event)
        self._news.set()

    def _apply(self, event: ShiftEvent) -> None:
        before = self._seats.get(event.seat) or SeatNow(event.seat)
        self._seats[event.seat] = after(before, event)
        if event.kind in {Kind.LOGIN, Kind.LOGOUT}:
            self._moved()

    # --- for ever --------------------------------------------------------------------------
    async def run(self) -> None:
        """Keep what happens in SQL, and Asterisk's members equal to it."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._rest()):
                    await self._news.wait()
            self._news.clear()
            try:
                async with self._lock:
                    await self._load()
                    await self._flush()
                    if self._linked:
                        await self._settle()
            except (HotlineError, TicketingError) as problem:
                log.warning("the desk is put off: %s", problem)
                await asyncio.sleep(RETRY_SECONDS)
                self._news.set()

    def _rest(self) -> float:
        """Seconds until something is to be done even without news."""
        now = self._now()
        ends = [
            (seat.wrap_up_until - now).total_seconds()
            for seat in self._seats.values()
            if seat.extended and seat.wrap_up_until is not None and seat.wrap_up_until > now
        ]
        return max(min([WATCH_SECONDS, *ends]), 0.01)

    async def _load(self) -> None:
        """Know from SQL who sits where; what happened since it was last watched is unseen."""
        if self._loaded:
            return
        self._seats, watched = await self._shifts.load()
        self._loaded = True
        for number, seat in self._seats.items():
            if seat.person and seat.seen and seat.changed_at is not None:
                at = max(watched or seat.changed_at, seat.changed_at)
                self._happened(ShiftEvent(number, Kind.UNSEEN, at))
        self._see_phones()

    async def _flush(self) -> None:
        """Store what happened, and now and then that the phones are watched."""
        events, now = list(self._pending), self._now()
        known = self._watched_at
        due = self._linked and (
            known is None or now - known >= timedelta(seconds=WATCH_SECONDS) or bool(events)
        )
        if not events and not due:
            return
        await self._shifts.keep(events, now if due else None)
        del self._pending[: len(events)]
        if due:
            self._watched_at = now

    async def _settle(self) -> None:
        """Tell Asterisk what it does not know; who is not a member is passed over."""
        for number, seat in tuple(self._seats.items()):
            wanted = _wanted(seat, self._now())
            try:
                await self._tell(number, wanted)
            except AmiRefused as problem:
                log.info("seat %s is in no queue: %s", number, problem)
                self._told[number] = wanted

    async def _tell(self, number: str, reason: str) -> None:
        """Pause a seat in all its queues, or (without a reason) let calls come again."""
        if self._told.get(number, _FREE) == reason:
            return
        paused = "true" if reason else "false"
        await self._act("QueuePause", Interface=f"PJSIP/{number}", Paused=paused, Reason=reason)
        self._told[number] = reason

    async def _renew(self, number: str) -> None:
        """End the wrap-up that Asterisk keeps by itself, of which a new member has none."""
        for queue in sorted(self._queues.get(number, ())):
            await self._act("QueueRemove", Interface=f"PJSIP/{number}", Queue=queue)
            await self._add(f"PJSIP/{number}", queue)


def _wanted(seat: SeatNow, at: datetime) -> str:
    """Why Asterisk shall send no calls to a seat; empty when it shall."""
    if not seat.managed:
        return _FREE
    if not seat.person:
        return LOGGED_OUT
    if seat.pause:
        return seat.pause
    if seat.extended and seat.wrap_up_until is not None and at < seat.wrap_up_until:
        return WRAPPING_UP
    return _FREE
