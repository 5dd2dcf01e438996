"""Who dialled an old number is told that it was merged into 12345 (T2, T3).

The carrier's headers are asked for only when the dialplan has seen some; who dialled 12345 itself
loses no time here. The journal reads the same headers for itself, so the record of the call does
not depend on this.
"""

from __future__ import annotations

from ivr.call import Arrival, Call, Desk
from ivr.numbers import HOTLINE, Signalled, signalled
from ivr.numerals import digits
from ivr.prompts import P

MOST_HEADERS = 4
LONGEST_HEADER = 240
"""As many headers, and as much of each, as the journal keeps."""

COMMON_QUEUE = "reception"


async def legacy_hotline(call: Call, desk: Desk) -> None:
    """Tell the dialplan the line, its queue, skill and priority, and say that it was merged."""
    if call.called == HOTLINE and not call.argument(1):
        return  # as most do
    came = await _came(call)
    if came == Signalled(HOTLINE):
        return
    if await call.variable("HOTLINE_LINE"):
        return  # transferred back to us: it was said already
    arrival = desk.arrival(came)
    await call.tell(**_steps(arrival))
    if arrival.merged:
        await call.play(P.LINE_BEFORE, *digits(arrival.line), P.LINE_AFTER)


async def _came(call: Call) -> Signalled:
    """The numbers that came with a call; its first argument says whether there are headers."""
    if not call.argument(1):
        return signalled(call.called)
    diversions = await _headers(call, "Diversion")
    return signalled(call.called, diversions, await _headers(call, "History-Info"))


async def _headers(call: Call, name: str) -> str:
    """All values of a header, newest first, joined by commas."""
    values: list[str] = []
    for number in range(1, MOST_HEADERS + 1):
        value = await call.variable(f"PJSIP_HEADER(read,{name},{number})")
        if not value:
            break
        values.append(value[:LONGEST_HEADER])
    return ",".join(values)


def _steps(arrival: Arrival) -> dict[str, str]:
    steps = {"HOTLINE_LINE": arrival.line}
    if arrival.priority:
        steps["QUEUE_PRIO"] = str(arrival.priority)
    if arrival.skill:
        steps["HOTLINE_SKILL"] = arrival.skill
    if arrival.queue != COMMON_QUEUE:
        steps["HOTLINE_QUEUE"] = arrival.queue
    return steps
