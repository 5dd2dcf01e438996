"""What the citizen hears when a seat has answered: who it is that helps (I4)."""

from __future__ import annotations

from ivr.call import Call
from ivr.numerals import digits
from ivr.prompts import P
from ivr.switchboard import seat_of


async def connected(call: Call) -> None:
    """Say the number of the seat: "8001 号话务员为您服务"."""
    seat = seat_of(await call.variable("MEMBERINTERFACE"))
    if seat:
        await call.play(*digits(seat), P.AGENT_AFTER)
