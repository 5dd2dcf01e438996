"""Live captions, the controller's side: which calls, what was said, and how the worker is.

The worker (``speech.live``) is told the calls through Redis and answers there. This side keeps the
captions of the calls going on, hands them to who watches, and says of each call whether it has
captions, and if not, why. It waits for nothing and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from ivr.prompts import Language
from speech import wire
from speech.admission import LATE_SECONDS
from speech.captions import Caption, caption
from speech.wire import Keys, LiveCall, WorkerState
from ticketing.domain.roles import Permission, Principal

log = logging.getLogger(__name__)
TELL_SECONDS = 0.4  # between two tellings of the calls
ENDED_SECONDS = 120.0  # so long a call that is over is still told, and shown to who wraps it up
BLOCK_MILLISECONDS = 1000
RETRY_SECONDS = 0.5
_AT_ONCE = 500


class CaptionState(StrEnum):
    """Why a call has captions, or has none."""

    ON = "on"
    OFF = "off"  # the setting
    NO_MODEL = "no_model"  # none of its language that can be used
    BUSY = "busy"  # the machine is full: text after the call
    AWAY = "away"  # the worker does not answer
    COMPLETE = "complete"  # the call is over, and its last words are there


@dataclass(frozen=True, slots=True)
class Recorded:
    """A call that is being recorded.

    Attributes:
        folder: of its recording, below the folder of recordings.
        since: when it was answered, seconds since 1970.
    """

    folder: str
    language: str
    since: float


@dataclass(frozen=True, slots=True)
class CaptionsNow:
    """How captions are altogether.

    Attributes:
        lacking: each language → why nothing is heard in it, empty where all is well.
        on, turned_off: calls with captions, and calls that lost them for want of power.
        late: 95 of 100 sounds are heard within so many seconds of being on the disk.
    """

    state: CaptionState
    lacking: Mapping[str, str] = field(default_factory=dict)
    on: int = 0
    turned_off: int = 0
    late: float = 0.0


@dataclass
class _Known:
    call: LiveCall
    captions: dict[tuple[str, int], Caption] = field(default_factory=dict)
    ended_at: float | None = None


class Captions:
    """The captions of one node's calls.

    Args:
        calls: the calls going on that are recorded now, by id; None while that is not known.
        seats: the seats that talk in a call.
        seat_of: the seat where a person sits, or None.
        tell: hands a change to everyone who watches; filtered there by :meth:`may_read`.
        named: languages whose model is named by a setting, so that its absence is a fault.
        on: the setting.
    """

    def __init__(
        self,
        store: redis.asyncio.Redis,
        node: str,
        *,
        calls: Callable[[], Mapping[str, Recorded] | None],
        seats: Callable[[str], frozenset[str]],
        seat_of: Callable[[str], str | None],
        tell: Callable[[dict[str, Any]], None],
        named: Collection[str] = (),
        on: bool = True,
    ) -> None:
        self._redis, self._keys = store, Keys(node)
        self._recorded, self._seats, self._seat_of = calls, seats, seat_of
        self._tell, self._named, self._on = tell, named, on
        self._known: dict[str, _Known] = {}
        self._worker: WorkerState | None = None
        self._place = "0"

    # --- what is asked of it ---------------------------------------------------------------
    def state(self, call: str) -> CaptionState | None:
        """Whether a call has captions, or why not; None for one that is not recorded now."""
        known = self._known.get(call)
        if known is None:
            return None
        if not self._on:
            return CaptionState.OFF
        if self._worker is None:
            return CaptionState.AWAY
        if known.call.language in self._worker.lacking:
            return CaptionState.NO_MODEL
        if call in self._worker.off:
            return CaptionState.BUSY
        return CaptionState.COMPLETE if call in self._worker.done else CaptionState.ON

    def why(self, call: str) -> str:
        """What is to be done about a language without a model; else empty."""
        known = self._known.get(call)
        if known is None or self._worker is None:
            return ""
        return self._worker.lacking.get(known.call.language, "")

    def knows(self, language: str) -> bool:
        """Whether the worker can hear a language now."""
        return self._worker is not None and language not in self._worker.lacking

    def now(self) -> CaptionsNow:
        """How captions are altogether."""
        worker = self._worker
        if not self._on or worker is None:
            return CaptionsNow(CaptionState.AWAY if self._on else CaptionState.OFF)
        lacking = {each.value: worker.lacking.get(each, "") for each in Language}
        return CaptionsNow(CaptionState.ON, lacking, len(worker.on), len(worker.off), worker.late)

    def of(self, call: str) -> list[Caption]:
        """The final captions of a call going on, as they were spoken."""
        known = self._known.get(call)
        return [] if known is None else sorted(known.captions.values(), key=lambda c: c.start)

    async def said(self, call: str) -> str:
        """What the citizen has said so far in a call going on; empty when nothing is known."""
        return " ".join(each.text for each in self.of(call) if each.leg == "citizen")

    def may_read(self, who: Principal, call: str) -> bool:
        """Whether somebody may read along: who talks in the call, and who may hear recordings.

        Who may not see citizens' numbers reads the text after the call, with its numbers hidden:
        a number cannot be hidden before all of it has been said.
        """
        if who.may(Permission.CALLS_RECORDING) and who.may(Permission.CALLS_SEE_NUMBERS):
            return True
        seat = self._seat_of(who.username)
        return seat is not None and seat in self._seats(call)

    def shown_to(self, who: Principal, message: dict[str, Any]) -> dict[str, Any]:
        """A message of :meth:`run` with what somebody may read; all others as they are."""
        if "segments" not in message:
            return message
        may = {call: self.may_read(who, call) for call in {s["call"] for s in message["segments"]}}
        return {**message, "segments": [s for s in message["segments"] if may[s["call"]]]}

    async def health(self) -> str | None:
        """What is not well, for ``/healthz``: shown there, and fatal to nothing."""
        if not self._on:
            return None
        if self._worker is None:
            return "the worker of live captions does not answer"
        if self._worker.off:
            return (
                f"the machine is full: no captions in {len(self._worker.off)} calls; "
                "their text is made after the call"
            )
        if self._worker.late > LATE_SECONDS:
            return f"captions are {self._worker.late:.1f} s later than they should be"
        wrong = {*self._named, *self._worker.broken} & self._worker.lacking.keys()
        return "; ".join(self._worker.lacking[language] for language in sorted(wrong)) or None

    # --- running ---------------------------------------------------------------------------
    async def run(self) -> None:
        """Tell the worker the calls, and take what it hears, for ever."""
        await asyncio.gather(self._ask(), self._listen())

    async def _ask(self) -> None:
        while not _cancelled():
            try:
                await self._renew()
            except (RedisError, OSError, ValueError) as problem:
                self._worker = None
                log.debug("captions: %s", type(problem).__name__)
            await asyncio.sleep(TELL_SECONDS)

    async def _renew(self) -> None:
        wanted = self._recorded()
        if wanted is None:  # we do not know: the worker goes on with the calls it has
            return
        now = time.time()
        for id_, call in wanted.items():
            if id_ not in self._known:
                live = LiveCall(id_, call.folder, call.language, call.since)
                self._known[id_] = _Known(live)
                if self._on:
                    await self._load(id_)
        for id_, known in list(self._known.items()):
            if id_ in wanted:
                known.ended_at = None
            elif known.ended_at is None:
                known.ended_at = now
            elif now - known.ended_at > ENDED_SECONDS:
                del self._known[id_]
        if not self._on:
            return
        told = [
            LiveCall(**{**asdict(known.call), "ended": known.ended_at is not None})
            for known in self._known.values()
        ]
        await self._redis.set(self._keys.of("calls"), wire.told_calls(told), ex=3600)
        answer = await self._redis.get(self._keys.of("worker"))
        self._worker = None if answer is None else wire.heard_state(answer)

    async def _load(self, call: str) -> None:
        """What was said before we came to life."""
        for told in await self._redis.lrange(self._keys.text(call), 0, -1):
            self._keep(caption(told))

    async def _listen(self) -> None:
        feed = self._keys.of("feed")
        while self._on and not _cancelled():
            try:
                answer: Any = await self._redis.xread(
                    {feed: self._place}, count=_AT_ONCE, block=BLOCK_MILLISECONDS
                )
            except (RedisError, OSError):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            rows = [row for _, rows in answer for row in rows]
            self._take(rows)

    def _take(self, rows: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        """Keep what is new, and tell it."""
        heard = [caption(row[b"caption"]) for _, row in rows]
        if rows:
            self._place = rows[-1][0].decode()
        news = [asdict(each) for each in heard if self._keep(each)]
        if news:
            self._tell({"segments": news})

    def _keep(self, heard: Caption) -> bool:
        """Whether a caption is news of a call going on; a final one is kept."""
        known = self._known.get(heard.call)
        if known is None or (heard.leg, heard.seq) in known.captions:
            return False
        if heard.final:
            known.captions[heard.leg, heard.seq] = heard
        return True


def _cancelled() -> bool:
    """Whether we are to end; the Redis client may swallow that while it connects."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
