"""Calling back those who waited, in their turn, and nobody twice (T9).

A second at a time the list is looked at: whoever's turn it is (`ticketing.domain.callbacks.due`)
has an attempt stored, and only then does a telephone ring. What becomes of the attempt is told by
the journal, in the transaction that stores the record of its call. An attempt that was begun by a
controller that died is left to the journal too; only when neither Asterisk nor the journal knows
of it, it is over. Why it is so: docs/adr/0008-callback-instead-of-holding.md.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ivr import roster
from ivr.errors import AmiError, AmiTimeout
from ivr.outward import Outward
from ivr.rounds import rounds
from ivr.switchboard import Stage
from ticketing.domain.callbacks import (
    Attempt,
    Callback,
    CallbackRules,
    Queue,
    State,
    Turn,
    due,
    place,
)
from ticketing.domain.errors import (
    CallbackClosed,
    DatabaseUnavailable,
    NoTrunk,
    NumberNotAllowed,
    OutboundLimit,
    TicketingError,
)
from ticketing.domain.outbound import Purpose
from ticketing.domain.roles import Principal
from ticketing.service.callbacks import Callbacks

if TYPE_CHECKING:  # it tells the API, which is given this
    from ivr.live import Live

EVERY_SECONDS = 1.0
MISSING_SECONDS = 10.0
"""So long an attempt must be unknown to Asterisk before it is over."""
CONTEXT = "called-back"

log = logging.getLogger(__name__)


class CallingBack:
    """Works off one node's list.

    Args:
        listed: the list in SQL.
        queue_of: the queue that serves, now, callers who waited in another one (T1).
        alive: the calls that Asterisk carries now; raises ``AmiError``.
        told: whether the journal has been read to its end and tells nothing more of a call.
        open: whether there is a way out.
    """

    def __init__(
        self,
        listed: Callbacks,
        outward: Outward,
        live: Live,
        *,
        queue_of: Callable[[str], str],
        alive: Callable[[], Awaitable[set[str]]],
        told: Callable[[str], Awaitable[bool]],
        open: bool,  # noqa: A002
    ) -> None:
        self.listed, self._outward, self._live = listed, outward, live
        self._queue_of, self._alive, self._told = queue_of, alive, told
        self._open = open
        self._placing: dict[str, asyncio.Task[None]] = {}
        self._missing: dict[str, float] = {}
        self._news = asyncio.Event()

    @property
    def rules(self) -> CallbackRules:
        """The rules of today."""
        return self.listed.rules

    @property
    def offered(self) -> bool:
        """Whether callers may ask to be called back."""
        return self._open and self.rules.offered

    def nudge(self) -> None:
        """The list has changed, perhaps."""
        self._news.set()

    # --- what flows ask --------------------------------------------------------------------
    def callable(self, number: str) -> bool:
        """Whether a citizen can be called back on a number."""
        try:
            self._outward.dial(number, Purpose.CALLBACK)
        except (NumberNotAllowed, NoTrunk):
            return False
        return True

    def place(self, call: str, queue: str) -> int | None:
        """The place that is kept for a call in a queue, from 1; None when nothing is known."""
        joined = self._joined_at(call)
        if joined is None:
            return None
        ids = self._live.board.queues.get(self._queue_of(queue), ())
        return place(_moment(joined), [at for each, at in self._joined(ids) if each != call])

    def _joined_at(self, call: str) -> float | None:
        attempt, known = Attempt.of(call), self._live.board.calls.get(call)
        if attempt is not None:
            return attempt.joined
        return None if known is None or known.queued_at is None else known.joined_at

    # --- what people ask for ---------------------------------------------------------------
    async def call_now(self, who: Principal, id: int, seat: str | None) -> Callback:  # noqa: A002
        """Call somebody on the list now, for the seat of who asks; the queue helps if it is busy.

        Raises:
            CallbackNotFound
            CallbackClosed: somebody else is doing it, or it is done.
            NumberNotAllowed, NoTrunk, DatabaseUnavailable
        """
        known = await self.listed.get(id)
        if known.state is not State.WAITING:
            raise CallbackClosed(f"callback {id} is {known.state}")
        self._outward.dial(known.number, Purpose.CALLBACK)
        begun = await self.listed.begin(known, who)
        if begun is None:
            raise CallbackClosed(f"callback {id} is being called")
        self._start(begun, who, seat)
        return self.listed.shown(who, begun)

    # --- for ever --------------------------------------------------------------------------
    async def run(self) -> None:
        """Call whoever's turn it is, for ever; attempts under way go on when it is cancelled."""
        await rounds(self.look, self._news, EVERY_SECONDS, "calling back is put off")

    async def look(self) -> None:
        """Look at the list once.

        Raises:
            HotlineError, TicketingError: something is away.
        """
        if not self._live.connected:
            return
        rows = await self.listed.outstanding()
        for row in rows:
            if row.state is State.CALLING:
                await self._follow(row)
        if not self._open:
            return
        waiting = [row for row in rows if row.state is State.WAITING and not self._is_here(row)]
        ringing = [row for row in rows if row.state is State.CALLING and not self._came(row)]
        queues = {row.queue: self._serving(row.queue) for row in waiting}
        for name in sorted(set(queues.values())):
            listed = [row for row in waiting if queues[row.queue] == name]
            for row in due(listed, self._queue(name, len(ringing)), self._turn()):
                begun = await self.listed.begin(row)
                if begun is not None:
                    ringing.append(begun)
                    self._start(begun, None, None)

    def _serving(self, queue: str) -> str:
        """The queue whose seats serve those who waited in ``queue``: the common one when there is
        nobody."""
        name, seats = self._queue_of(queue), self._live.staffed(self._queue_of(queue))
        return name if seats.free + seats.finishing + seats.busy else self._queue_of("")

    def _turn(self) -> Turn:
        local = self.listed.local
        return Turn(now=local.astimezone(UTC), local=local.time(), rules=self.rules)

    def _queue(self, name: str, ringing: int) -> Queue:
        """A queue as it is; those who wait elsewhere are served by the same seats, perhaps."""
        board = self._live.board
        seats = self._live.staffed(name)
        living = [at for ids in board.queues.values() for _, at in self._joined(ids)]
        talking = [c for c in board.calls.values() if c.stage is Stage.TALKING and c.queue == name]
        return Queue(
            living=tuple(living),
            talking=tuple(_moment(call.joined_at) for call in talking),
            dialling=ringing,
            free=seats.free,
            finishing=seats.finishing,
            busy=seats.busy,
            handling=self._live.handling,
        )

    def _joined(self, ids: Sequence[str]) -> list[tuple[str, datetime]]:
        calls = self._live.board.calls
        return [(id_, _moment(calls[id_].joined_at)) for id_ in ids if id_ in calls]

    def _is_here(self, row: Callback) -> bool:
        """Whether the citizen is on the line now, having called again."""
        calls = self._live.board.calls.values()
        return any(call.caller == row.number for call in calls)

    def _came(self, row: Callback) -> bool:
        """Whether a citizen who is called back has answered and was led on."""
        return row.attempt in self._live.board.calls

    # --- one attempt -----------------------------------------------------------------------
    def _start(self, row: Callback, who: Principal | None, seat: str | None) -> None:
        task = asyncio.create_task(self._place(row, who, seat))
        self._placing[row.attempt] = task
        task.add_done_callback(lambda _: self._placing.pop(row.attempt, None))

    async def _place(self, row: Callback, who: Principal | None, seat: str | None) -> None:
        """Ring the citizen, once; what was never sent is taken back, all else the journal tells."""
        try:
            try:
                await self._outward.place(
                    who,
                    row.number,
                    purpose=Purpose.CALLBACK,
                    ref=f"callback {row.id}",
                    extension=(CONTEXT, "s"),
                    ring_for=float(self.rules.ring_seconds),
                    caller_id='"12345" <12345>',
                    variables={
                        "HOTLINE_CITIZEN": row.number,
                        "HOTLINE_LANGUAGE": row.language,
                        "HOTLINE_QUEUE": roster.own(row.queue),
                        "HOTLINE_SEAT": seat or "",
                    },
                    channel_id=row.attempt,
                )
            except NumberNotAllowed as problem:
                await self.listed.refused(row, str(problem.reason))
            except AmiTimeout as problem:
                log.warning("callback %d: %s; the journal will tell", row.id, problem)
            except (OutboundLimit, NoTrunk, DatabaseUnavailable, AmiError) as problem:
                log.warning("callback %d is not placed: %s", row.id, problem)
                await self.listed.not_placed(row)
        except TicketingError as problem:
            log.warning("callback %d: %s", row.id, problem)

    async def _follow(self, row: Callback) -> None:
        """See to an attempt under way, whoever began it."""
        if row.attempt in self._placing or row.attempt in self._live.board.channels:
            self._missing.pop(row.attempt, None)
            return
        since = self._missing.setdefault(row.attempt, time.monotonic())
        if time.monotonic() - since < MISSING_SECONDS or row.attempt in await self._alive():
            return
        if await self._told(row.attempt) and await self.listed.lost(row):
            log.warning("callback %d: of attempt %d nothing is known", row.id, row.attempts)
        self._missing.pop(row.attempt, None)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
