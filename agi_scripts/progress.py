"""The progress of a work order by its number, from the reception's menu.

Whoever knows the number hears the state and nothing else: no name, no matter, no unit.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from types import MappingProxyType

from ivr.call import NO_ANSWER, Call, Desk
from ivr.numerals import digits
from ivr.prompts import P

log = logging.getLogger(__name__)

LONGEST_NUMBER = 18
TRIES = 2
DESK_SECONDS = 5.0

STATES: Mapping[str, P] = MappingProxyType(
    {
        "received": P.PROGRESS_IN_HAND,
        "classified": P.PROGRESS_IN_HAND,
        "centre": P.PROGRESS_IN_HAND,
        "following": P.PROGRESS_IN_HAND,
        "dispatched": P.PROGRESS_DISPATCHED,
        "signed": P.PROGRESS_HANDLING,
        "handling": P.PROGRESS_HANDLING,
        "reported": P.PROGRESS_ANSWERED,
        "callback": P.PROGRESS_ANSWERED,
        "closed": P.PROGRESS_DONE,
        "archived": P.PROGRESS_DONE,
        "declined": P.PROGRESS_DECLINED,
        "withdrawn": P.PROGRESS_WITHDRAWN,
    }
)
"""State of an order (W8) to what its citizen is told."""


async def progress(call: Call, desk: Desk) -> None:
    """Ask for the number and tell the state, then back to the menu.

    What is no number is asked for once more. A desk that does not answer is waited for
    ``DESK_SECONDS`` and told of. A key that interrupts what is said is the menu's.
    """
    for _ in range(TRIES):
        number = await call.digits(P.ASK_ORDER_NUMBER, at_most=LONGEST_NUMBER)
        if number.isdigit():
            await call.play(*await _told(call, desk, number))
            return
        await call.play(P.ORDER_NOT_FOUND)


async def _told(call: Call, desk: Desk, number: str) -> list[P]:
    try:
        async with asyncio.timeout(DESK_SECONDS):
            state = await desk.order_state(number)
    except NO_ANSWER as problem:
        log.warning("call %s: no progress can be told: %r", call.id, problem)
        return [P.PROGRESS_UNAVAILABLE]
    if state is None:
        return [P.ORDER_NOT_FOUND_BEFORE, *digits(number), P.ORDER_NOT_FOUND_AFTER]
    return [P.PROGRESS_BEFORE, *digits(number), P.PROGRESS_AFTER, STATES[state]]
