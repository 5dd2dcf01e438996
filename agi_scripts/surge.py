"""Many call on one event: told of it before the queue, and registered by one key (K3)."""

from __future__ import annotations

import asyncio
import logging

from ivr.call import NO_ANSWER, Call, Desk
from ivr.prompts import P

log = logging.getLogger(__name__)
KEY = "5"
PATIENCE_SECONDS = 2.0
DESK_SECONDS = 5.0


async def surge(call: Call, desk: Desk) -> bool:
    """Tell of the event, if there is one; whether the caller has joined it and need not wait.

    When it cannot be registered, the caller goes on to a seat like everybody.
    """
    line = await call.variable("HOTLINE_LINE") if call.argument(1) else call.called
    event = desk.event(call.caller, line)
    if event is None:
        return False
    await call.play(event.said)
    if not event.joinable:
        return False
    key = await call.ask(P.SURGE_JOIN, keys=KEY, tries=1, patience=PATIENCE_SECONDS)
    if key != KEY or not await _joined(call, desk, event.id, line):
        return False
    await call.fact(surge=event.id)
    await call.play(P.SURGE_JOINED)
    await call.leave("bye")
    return True


async def _joined(call: Call, desk: Desk, event: str, line: str) -> bool:
    try:
        async with asyncio.timeout(DESK_SECONDS):
            return await desk.join(event, call.id, call.caller, call.language.value, line)
    except NO_ANSWER as problem:
        log.warning("call %s: not registered with %s: %r", call.id, event, problem)
        return False
