"""Webhooks: what happened to a matter, told to the portal, app or mailbox it came from (M1).

The body is JSON in UTF-8, its form named by ``version``::

    {"version": 1, "id": "7f3c…", "type": "result", "occurred_at": "2026-02-13T08:40:00Z",
     "data": {"number": "20260213000123", …}}

Keys may be added within a version; a receiver ignores those it does not know. How a request is
signed and checked is told in `ticketing.channels.signing`. Any 2xx answer means: received.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ticketing.channels.errors import Permanent
from ticketing.channels.http import Poster
from ticketing.channels.signing import check_id, check_secret, signed

VERSION = 1
LARGEST_BODY = 256 * 1024  # bytes
SCHEDULE = tuple(
    timedelta(seconds=seconds)
    for seconds in (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
)
JITTER = 0.2  # of each wait, either way


@dataclass(frozen=True, slots=True)
class Hook:
    """A receiver. Its address may hold a token, so neither part is shown by ``repr``.

    Raises:
        ValueError: the secret is too short.
    """

    url: str = field(repr=False)
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        check_secret(self.secret)


@dataclass(frozen=True, slots=True)
class HookEvent:
    """What is told.

    Attributes:
        id: the same for every try; 1 to 100 letters, digits, ``-`` and ``_``.
        type: what happened.
        occurred_at: when; aware.
        data: JSON values; may be personal.
    """

    id: str
    type: str
    occurred_at: datetime
    data: Mapping[str, Any] = field(repr=False)

    def body(self) -> bytes:
        """The bytes that are sent: always the same for the same event.

        Raises:
            ValueError: the id cannot be used, or ``occurred_at`` has no time zone.
        """
        if self.occurred_at.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be told")
        told = {
            "version": VERSION,
            "id": check_id(self.id),
            "type": self.type,
            "occurred_at": self.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "data": dict(self.data),
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class Webhooks:
    """Sends events; trying again is the caller's (``retry_at``).

    Args:
        poster: says where requests may go.
        now: the clock, UTC.
    """

    def __init__(self, poster: Poster, now: Callable[[], datetime]) -> None:
        self._poster = poster
        self._now = now

    async def send(self, hook: Hook, event: HookEvent) -> int:
        """Tell ``hook`` of ``event``; gives the status of its answer (2xx).

        Raises:
            Temporary, Permanent: as `Poster.post`; Permanent also when the body is too long.
        """
        body = event.body()
        if len(body) > LARGEST_BODY:
            raise Permanent(f"a webhook's body has {LARGEST_BODY} bytes at most")
        headers = signed(body, hook.secret, event.id, self._now())
        return (await self._poster.post(hook.url, body, headers)).status


def retry_at(attempt: int, now: datetime, seed: str) -> datetime | None:
    """When to try again what failed for the ``attempt``-th time, or None: never.

    Args:
        attempt: 1 for the first try.
        seed: spreads retries; the same seed gives the same moment.

    Raises:
        ValueError: ``attempt`` is below 1.
    """
    if attempt < 1:
        raise ValueError("the first attempt is 1")
    if attempt > len(SCHEDULE):
        return None
    digest = hashlib.sha256(f"{attempt}:{seed}".encode()).digest()
    chance = int.from_bytes(digest[:8], "big") / 2**64  # 0 ≤ chance < 1
    return now + SCHEDULE[attempt - 1] * (1 + JITTER * (2 * chance - 1))
