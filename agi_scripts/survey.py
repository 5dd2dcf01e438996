"""The rating after a call whose seat hung up; the dialplan leads here, no seat can skip it."""

from __future__ import annotations

from ivr.call import Call
from ivr.prompts import P


async def survey(call: Call) -> None:
    """Ask for 1 满意, 2 基本满意, 3 不满意."""
    key = await call.ask(P.RATE, keys="123", tries=2)
    if key is not None:
        await call.fact(rating=key)
        await call.play(P.RATE_THANKS)
    await call.done("survey")
