"""The progress of a work order by its number, from the reception's menu."""

from __future__ import annotations

from ivr.call import Call, Desk
from ivr.numerals import digits
from ivr.prompts import P

LONGEST_NUMBER = 20


async def progress(call: Call, desk: Desk) -> None:
    """Ask for the number and tell the state; twice, then back to the menu."""
    for _ in range(2):
        number = await call.digits(P.ASK_ORDER_NUMBER, at_most=LONGEST_NUMBER)
        if not number.isdigit():
            await call.play(P.ORDER_NOT_FOUND)
            continue
        state = await desk.order_state(number)
        if state is None:
            await call.play(P.ORDER_NOT_FOUND_BEFORE, *digits(number), P.ORDER_NOT_FOUND_AFTER)
        return
