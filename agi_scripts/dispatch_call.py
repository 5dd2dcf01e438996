"""An urgent order told to the person responsible, who takes it over by a key (H4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from types import MappingProxyType

from ivr.call import NO_ANSWER, Call, Desk
from ivr.numerals import digits
from ivr.prompts import P

log = logging.getLogger(__name__)

ACCEPT, DECLINE, AGAIN = "1", "2", "3"
TIMES = 3
DESK_SECONDS = 5.0

TYPES: Mapping[str, P] = MappingProxyType(
    {
        "consultation": P.DISPATCH_CONSULTATION,
        "help": P.DISPATCH_HELP,
        "complaint": P.DISPATCH_COMPLAINT,
        "report": P.DISPATCH_REPORT,
        "suggestion": P.DISPATCH_SUGGESTION,
        "emergency": P.DISPATCH_EMERGENCY,
    }
)
URGENCIES: Mapping[str, P] = MappingProxyType(
    {
        "normal": P.DISPATCH_NORMAL,
        "urgent": P.DISPATCH_URGENT,
        "critical": P.DISPATCH_CRITICAL,
    }
)


async def dispatch_call(call: Call, desk: Desk) -> None:
    """Say which order it is, and ask whether it is taken over.

    Nothing is taken over but by the key; a desk that cannot keep the answer says so.
    """
    attempt = await call.variable("HOTLINE_DISPATCH")
    try:
        async with asyncio.timeout(DESK_SECONDS):
            matter = await desk.urgent(attempt)
        if matter is None:
            await call.play(P.DISPATCH_OVER)
            return
        said = [
            P.DISPATCH_LEADER if matter.leader else P.DISPATCH_GREETING,
            P.DISPATCH_NUMBER_BEFORE,
            *digits(matter.number),
            *([TYPES[matter.type]] if matter.type in TYPES else []),
            URGENCIES.get(matter.urgency, P.DISPATCH_URGENT),
        ]
        key = await _chosen(call, said)
        if key is None:
            return
        async with asyncio.timeout(DESK_SECONDS):
            theirs = await desk.takes(attempt, key == ACCEPT)
    except NO_ANSWER as problem:
        log.warning("call %s: the answer to an urgent order is not kept: %r", call.id, problem)
        await call.play(P.SYSTEM_TROUBLE)
        return
    if key == DECLINE:
        await call.play(P.DISPATCH_DECLINED)
    else:
        await call.play(P.DISPATCH_ACCEPTED if theirs else P.DISPATCH_OVER)


async def _chosen(call: Call, said: list[P]) -> str | None:
    """The key that was chosen; None: no choice was made."""
    for _ in range(TIMES):
        key = await call.ask(*said, P.DISPATCH_ACCEPT, keys=ACCEPT + DECLINE + AGAIN)
        if key != AGAIN:
            return key
    return None
