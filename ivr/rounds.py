"""Looking again and again at what is to be done, and at once when there is news of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from ivr.errors import HotlineError
from ticketing.domain.errors import TicketingError

RETRY_SECONDS = 5.0

log = logging.getLogger(__name__)


async def rounds(
    look: Callable[[], Awaitable[None]], news: asyncio.Event, every: float, put_off: str
) -> None:
    """Look for ever.

    Args:
        look: raises `HotlineError` or `TicketingError` when something is away; tried again then.
        news: set when it is worth looking at once.
        every: seconds, without news.
        put_off: what the log calls a failure.
    """
    while True:
        news.clear()
        try:
            await look()
        except (HotlineError, TicketingError) as problem:
            log.warning("%s: %s", put_off, problem)
            await asyncio.sleep(RETRY_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every):
                await news.wait()
