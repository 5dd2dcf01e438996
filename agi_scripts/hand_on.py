"""A citizen is handed on to a unit or a number outside: who is rung next (T7)."""

from __future__ import annotations

from ivr.call import NO_ANSWER, Call, Desk, Rung


async def hand_on(call: Call, desk: Desk) -> None:
    """Tell the dialplan whom to ring; without a number it leads the citizen back to the queue."""
    next_one = await _next(call, desk)
    if next_one is not None:
        await call.tell(
            HOTLINE_RING=str(next_one.seconds),
            _HOTLINE_LEG=next_one.leg,
            _HOTLINE_LEG_FILE=next_one.file,
            HOTLINE_DIAL=next_one.channel,
        )


async def _next(call: Call, desk: Desk) -> Rung | None:
    try:
        return await desk.next_to_ring(call.id, call.argument(1))
    except NO_ANSWER:
        return None
