"""The reception: what everyone hears who dials 12345 (T1)."""

from __future__ import annotations

from agi_scripts.legacy_hotline import legacy_hotline
from agi_scripts.progress import progress
from ivr.call import Call, Desk, Outlook
from ivr.numerals import count
from ivr.prompts import Language, P

QUEUE, MESSAGE = "queue", "message"
MESSAGE_KEY = "3"
LANGUAGE_PATIENCE_SECONDS = 3.0


async def reception(call: Call, desk: Desk) -> None:
    """Ask for the language, tell of the recording, and lead to a seat, a message or the progress
    of a work order. The dialplan has answered the call and said the greeting; a key that cut it
    short is the second argument. Nobody is cut off: who does not choose gets a seat."""
    call.keep(call.argument(2))
    path = await _language(call)
    await legacy_hotline(call, desk)
    await call.play(P.RECORDED_NOTICE)
    while True:
        key = await call.ask(P.MAIN_MENU, keys="1230*")
        if key is not None:
            path = f"{path}>{key}" if path else key
            await call.fact(menu=path)
        match key:
            case "*":
                continue
            case "2":
                await progress(call, desk)
            case "3":
                await call.leave(MESSAGE)
                return
            case None:
                await call.play(P.TO_AGENT)
                break
            case _:
                break
    if await _wait_for_a_seat(call, desk.outlook(call.id)):
        await call.leave(QUEUE)
    else:
        await call.leave(MESSAGE)


async def _language(call: Call) -> str:
    key = await call.ask(
        (P.LANGUAGE_MENU, Language.ZH),
        (P.LANGUAGE_MENU, Language.KO),
        keys="12",
        tries=1,
        patience=LANGUAGE_PATIENCE_SECONDS,
    )
    language = Language.KO if key == "2" else Language.ZH
    if language is not call.language:
        await call.speak(language)
    await call.fact(language=language.value, menu=key or "")
    return key or ""


async def _wait_for_a_seat(call: Call, outlook: Outlook) -> bool:
    """Say what to expect; False when the caller would rather leave a message (key 3).

    The place is left to Asterisk's queue, which says it as soon as the caller is in it.
    """
    if outlook.seats == 0:
        return await call.ask(P.NO_AGENTS, keys=MESSAGE_KEY, tries=1) != MESSAGE_KEY
    if outlook.idle >= outlook.position:
        await call.play(P.TRANSFERRING)
        return True
    return await call.play(P.ALL_BUSY, *_wait(call, outlook)) != MESSAGE_KEY


def _wait(call: Call, outlook: Outlook) -> list[P]:
    if outlook.minutes < 1:
        return [P.WAIT_SHORT]
    return [P.WAIT_BEFORE, *count(outlook.minutes, call.language), P.MINUTE_AFTER]
