"""Many call on one event (K3): what callers hear before the queue, and joining by one key.

What stands is kept in memory, so that no caller waits for the database; it is read anew at once
after a change of this controller's, and every few seconds for those of others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ivr.call import Event
from ivr.prompts import P
from ivr.rounds import rounds
from ticketing.channels.errors import BadPhone
from ticketing.channels.phones import PhoneKind, read_phone
from ticketing.domain.surges import Piece, Surge
from ticketing.service.surges import Surges

EVERY_SECONDS = 5.0
SAID: Mapping[Piece, P] = MappingProxyType({piece: P(f"surge_{piece}") for piece in Piece})

log = logging.getLogger(__name__)


class Surging:
    """The announcements of one node.

    Args:
        tell: sends a message to all who watch.
    """

    def __init__(self, surges: Surges, tell: Callable[[dict[str, Any]], None]) -> None:
        self.surges = surges
        self._tell = tell
        self._standing: tuple[Surge, ...] = ()
        self._news = asyncio.Event()

    def nudge(self) -> None:
        """Something was announced or ended."""
        self._news.set()

    # --- what flows ask --------------------------------------------------------------------
    def event(self, caller: str, line: str) -> Event | None:
        """What a caller hears before the queue, or None; only who can be sent a text may join."""
        surge = next((each for each in self._standing if each.concerns(line)), None)
        if surge is None:
            return None
        return Event(surge.notice.id, SAID[surge.piece], bool(surge.master) and _mobile(caller))

    async def join(self, event: str, call: str, caller: str, language: str, line: str) -> bool:
        """Attach a caller to the event's order; False when it is over.

        Raises:
            TicketingError: it cannot be done now.
        """
        surge = next((each for each in self._standing if each.notice.id == event), None)
        if surge is None or not surge.master:
            return False
        await self.surges.join(surge, call, _digits(caller), language, line)
        self.nudge()
        return True

    # --- for ever --------------------------------------------------------------------------
    async def run(self) -> None:
        """Keep what stands, and answer those who joined, for ever."""
        await rounds(self.look, self._news, EVERY_SECONDS, "announcements stay as they are")

    async def look(self) -> None:
        """Read what stands, tell of a change, answer whom there is an answer for.

        Raises:
            TicketingError
        """
        standing = tuple(await self.surges.standing())
        if standing != self._standing:
            self._standing = standing
            self._tell({"surges": [shown(surge) for surge in standing]})
        answered = await self.surges.tell()
        if answered:
            log.info("%d callers are told of the end of an event", answered)


def shown(surge: Surge) -> dict[str, Any]:
    """What an agent's screen shows of it."""
    return {
        "notice": surge.notice.id,
        "piece": surge.piece.value,
        "zh": surge.notice.zh,
        "ko": surge.notice.ko,
        "master": surge.master or None,
        "joined": surge.joined,
        "since": surge.since.isoformat(),
        "until": surge.notice.end.isoformat(),
    }


def _digits(caller: str) -> str:
    return read_phone(caller).digits


def _mobile(caller: str) -> bool:
    try:
        return read_phone(caller).kind is PhoneKind.MOBILE
    except BadPhone:
        return False
