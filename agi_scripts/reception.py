"""The reception: what everyone hears who dials 12345 (T1)."""

from __future__ import annotations

from agi_scripts.legacy_hotline import legacy_hotline
from agi_scripts.nuisance import nuisance
from agi_scripts.progress import progress
from agi_scripts.surge import surge
from ivr.call import Call, Desk, Outlook
from ivr.numerals import count
from ivr.prompts import Language, P

QUEUE, MESSAGE, CALLBACK = "queue", "message", "callback"
MESSAGE_KEY, CALLBACK_KEY = "3", "1"
LANGUAGE_PATIENCE_SECONDS = 3.0
# What may be said instead of a key of the main menu, word by word as recognisers know them.
SPOKEN = {
    Language.ZH: {"1": ("人工", "转 人工", "人工 服务"), "2": ("查询 进度",), "3": ("留言",)},
    Language.KO: {"1": ("상담원", "상담원 연결"), "2": ("처리 상황",), "3": ("메시지",)},
}


async def reception(call: Call, desk: Desk) -> None:
    """Ask for the language, tell of the recording, and lead to a seat, a message or the progress
    of a work order. The dialplan has answered the call and said the greeting; a key that cut it
    short is the second argument. Nobody is cut off: who does not choose gets a seat."""
    call.keep(call.argument(2))
    if await nuisance(call, desk):
        return
    path = await _language(call)
    await legacy_hotline(call, desk)
    if call.language is Language.KO and (own := desk.own_queue(Language.KO)):
        await call.tell(HOTLINE_QUEUE=own)
    await call.play(P.RECORDED_NOTICE)
    while True:
        key = await call.ask(P.MAIN_MENU, keys="1230*", spoken=SPOKEN[call.language])
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
    if not await surge(call, desk):
        await call.leave(await _wait_for_a_seat(call, desk.outlook(call.id)))


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
    if key is None or key != call.argument(2):  # of that one the dialplan has told
        await call.fact(language=language.value, menu=key or "")
    return key or ""


async def _wait_for_a_seat(call: Call, outlook: Outlook) -> str:
    """Say what to expect; gives the step that comes next: some would rather leave a message
    (key 3), or be called back (key 1).

    The place is left to Asterisk's queue, which says it as soon as the caller is in it.
    """
    if outlook.seats == 0:
        key = await call.ask(P.NO_AGENTS, keys=MESSAGE_KEY, tries=1)
        return MESSAGE if key == MESSAGE_KEY else QUEUE
    if outlook.idle >= outlook.position:
        await call.play(P.TRANSFERRING)
        return QUEUE
    key = await call.play(*_wait(call, outlook))
    if outlook.callbacks and not outlook.soon:
        key = await call.play(P.CALLBACK_OFFER)
        if key == CALLBACK_KEY:
            return CALLBACK
    return MESSAGE if key == MESSAGE_KEY else QUEUE


def _wait(call: Call, outlook: Outlook) -> list[P]:
    if outlook.soon:
        return [P.ALL_BUSY, P.YOU_ARE_NEXT]
    return [P.ALL_BUSY, *_minutes(call, outlook)]


def _minutes(call: Call, outlook: Outlook) -> list[P]:
    if outlook.minutes < 1:
        return [P.WAIT_SHORT]
    return [P.WAIT_BEFORE, *count(outlook.minutes, call.language), P.MINUTE_AFTER]
