"""A message for the hotline, to be called back on. The dialplan notes in the journal what is
kept, so that a message whose caller simply hangs up is kept as well."""

from __future__ import annotations

from ivr.call import Call
from ivr.prompts import P

SHORTEST_SECONDS = 1.0


async def message(call: Call) -> None:
    """Take a message; argument 1 is the file without its extension."""
    await call.play(P.MESSAGE_INTRO)
    length = await call.record(call.argument(1))
    if length < SHORTEST_SECONDS:
        await call.play(P.MESSAGE_TOO_SHORT)
        length = await call.record(call.argument(1))
    if length >= SHORTEST_SECONDS:
        await call.play(P.MESSAGE_SAVED)
    await call.done("message")
