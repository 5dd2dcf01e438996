"""Being called back instead of waiting: the caller says where to, and keeps the place."""

from __future__ import annotations

from ivr.call import Call, Desk
from ivr.numerals import digits
from ivr.prompts import P

LONGEST_NUMBER = 12
TRIES = 3
OTHER, BACK = "2", "*"


async def callback(call: Call, desk: Desk) -> None:
    """Agree on a number and say goodbye; who would rather wait goes back to the same place."""
    number = await _agreed(call, desk)
    if number is None:
        place = desk.place(call.id, await call.variable("HOTLINE_QUEUE"))
        await call.tell(HOTLINE_PLACE="" if place is None else str(place))
        await call.leave("queue")
        return
    await call.fact(callback=number)
    await call.play(P.CALLBACK_NOTED)
    await call.leave("bye")


async def kept_place(call: Call, desk: Desk) -> None:
    """Who goes on from a queue of its own to the common one comes to the place of their time."""
    place = desk.place(call.id, "")
    await call.tell(HOTLINE_PLACE="" if place is None else str(place))


async def called_back(call: Call, desk: Desk) -> None:
    """Say who calls, and that it is recorded; then lead to the place that was kept."""
    await call.play(P.CALLBACK_GREETING)
    place = desk.place(call.id, await call.variable("HOTLINE_QUEUE"))
    await call.tell(HOTLINE_PLACE="" if place is None else str(place))


async def _agreed(call: Call, desk: Desk) -> str | None:
    """The number to call, the one that is shown or another; None to go on waiting."""
    number = call.caller
    if not desk.callable(number):
        number = await _typed(call, desk)
    for _ in range(TRIES):
        if not number:
            return None
        said = digits("".join(filter(str.isdigit, number)))
        key = await call.ask(
            P.CALLBACK_NUMBER_BEFORE, *said, P.CALLBACK_CONFIRM, keys="12*", tries=2
        )
        if key != OTHER:
            return number if key == "1" else None
        number = await _typed(call, desk)
    return None


async def _typed(call: Call, desk: Desk) -> str:
    """A number that can be called, or nothing."""
    for _ in range(TRIES):
        number = await call.digits(P.CALLBACK_TYPE, at_most=LONGEST_NUMBER)
        if number == BACK:
            return ""
        if desk.callable(number):
            return number
        await call.play(P.CALLBACK_BAD)
    return ""
