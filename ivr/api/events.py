"""``/api/v1/events``: what goes on now, then each change, over a WebSocket.

The first message is ``{"type": "snapshot", "seq": …, "calls": …, "seats": …, "queues": …}``; each
later one is a change with ``"type": "change"`` and a greater ``seq``. Captions come as
``segments``, to those who may read along (``ivr.captions``). What a client sends is
ignored. The close code says why it ended: 1001 the hotline stops, 1013 the client was too slow
(connect again for a fresh snapshot), 1011 we failed, 4401 the session has ended.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakSet

from aiohttp import WSCloseCode, web

from ivr.api.live import Lagging
from ivr.api.masking import shown_to
from ivr.api.problems import ApiError
from ivr.api.services import Ask
from ticketing.domain.errors import DatabaseUnavailable, NotLoggedIn

logger = logging.getLogger(__name__)

SESSION_ENDED = 4401
HEARTBEAT = 20.0  # seconds
SLOW = 5.0  # seconds a message may take to leave
RECHECK = 60.0  # seconds between two looks at the session


class OpenSockets(WeakSet[web.WebSocketResponse]):
    """The clients that are connected."""


OPEN = web.AppKey("open_events", OpenSockets)


async def events(ask: Ask) -> web.WebSocketResponse:
    """Watch calls, seats and queues as they change (WebSocket)."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT, timeout=2, max_msg_size=4096)
    if not socket.can_prepare(ask.request):
        raise ApiError("websocket_required", {"Upgrade": "websocket"})
    changes = ask.use.services.live.subscribe()  # before the snapshot, so that none is missed
    try:
        await socket.prepare(ask.request)
        ask.request.app[OPEN].add(socket)
        await _serve(ask, socket, changes)
    finally:
        closing = getattr(changes, "aclose", None)
        if closing is not None:
            await closing()
    return socket


async def close_all(app: web.Application) -> None:
    """Say goodbye to every client; for the application's shutdown."""
    clients = app[OPEN]
    await asyncio.gather(
        *(
            socket.close(code=WSCloseCode.GOING_AWAY, message=b"the hotline stops", drain=False)
            for socket in tuple(clients)
        )
    )


async def _serve(
    ask: Ask, socket: web.WebSocketResponse, changes: AsyncIterator[dict[str, Any]]
) -> None:
    sending = asyncio.create_task(_send(ask, socket, changes))
    checking = asyncio.create_task(_until_session_ends(ask))
    reading = asyncio.create_task(_read(socket))
    tasks = (sending, checking, reading)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if checking.done():
            code = SESSION_ENDED
        elif sending.done() and isinstance(sending.exception(), Lagging):
            code = WSCloseCode.TRY_AGAIN_LATER
        elif reading.done():
            code = WSCloseCode.OK
        else:
            code = WSCloseCode.INTERNAL_ERROR
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    if not socket.closed:
        await socket.close(code=code, drain=False)
    if code == WSCloseCode.TRY_AGAIN_LATER and ask.request.transport is not None:
        ask.request.transport.abort()  # it does not read: do not keep what it has not taken
    for result in results:
        if isinstance(result, Exception) and not isinstance(result, Lagging | ConnectionError):
            logger.error("a watcher was dropped", exc_info=result)


async def _send(
    ask: Ask, socket: web.WebSocketResponse, changes: AsyncIterator[dict[str, Any]]
) -> None:
    snapshot = ask.use.services.live.snapshot()
    await _send_one(ask, socket, {"type": "snapshot", **snapshot})
    async for change in changes:
        if change["seq"] > snapshot["seq"]:
            await _send_one(ask, socket, {"type": "change", **change})


async def _send_one(ask: Ask, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    message = ask.use.services.captions.shown_to(ask.who, message)
    if message.get("segments") == []:
        return  # what others say is nothing to this one
    text = json.dumps(shown_to(ask.who, message), ensure_ascii=False, separators=(",", ":"))
    try:
        async with asyncio.timeout(SLOW):
            await socket.send_str(text)
    except TimeoutError:
        raise Lagging from None


async def _read(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass


async def _until_session_ends(ask: Ask) -> None:
    while True:
        await asyncio.sleep(RECHECK)
        if not ask.token:
            continue
        try:
            if await ask.use.accounts.principal(ask.token) != ask.principal:
                return
        except NotLoggedIn:
            return
        except DatabaseUnavailable:
            continue
