"""What a caller hears whose number is slowed or blocked; an emergency is never cut off."""

from __future__ import annotations

from ivr.call import NO_ANSWER, Call, Desk
from ivr.prompts import P

BYE = "bye"
NUMBERS = {"1": "110", "2": "119", "3": "120"}
_TOLD = {"1": P.EMERGENCY_110, "2": P.EMERGENCY_119, "3": P.EMERGENCY_120}
_TRIES = 2


async def nuisance(call: Call, desk: Desk) -> bool:
    """Meet the caller as the number deserves; whether the call ends with it."""
    greeted = desk.greeted(call.caller)
    if greeted.blocked:
        await call.fact(nuisance="blocked")
        await _blocked(call, desk, connect=greeted.connect)
        return True
    if greeted.wait_seconds:
        await call.fact(nuisance="slowed")
        await call.play(P.NUISANCE_SLOWED)
        await call.music(greeted.wait_seconds)
    return False


async def _blocked(call: Call, desk: Desk, *, connect: bool) -> None:
    call.keep("")  # what was pressed before was no answer to this
    key = await call.ask(P.NUISANCE_BLOCKED, keys="123", tries=_TRIES)
    if key is not None:
        number = NUMBERS[key]
        await call.fact(emergency=number)
        if not (connect and await _connected(call, desk, number)):
            await call.play(_TOLD[key])
    await call.leave(BYE)


async def _connected(call: Call, desk: Desk, number: str) -> bool:
    """Put the caller through; False when nobody answered, or no call can go out."""
    try:
        async with desk.emergency(call.id, number) as channel:
            await call.play(P.EMERGENCY_CONNECTING)
            return await call.connect(channel)
    except NO_ANSWER:
        return False
