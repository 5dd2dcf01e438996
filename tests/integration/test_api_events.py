"""Watching live: a snapshot, then every change, for those who keep up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError
from aiohttp.client_ws import ClientWebSocketResponse

from ivr.api import Broadcast, Lagging, events
from tests.integration.api_world import ADMIN_PASSWORD, World
from ticketing.domain.roles import Role

CALL = {"id": "hotline-1.1", "caller": "13812345678", "legs": [{"caller_name": "王小明"}]}


async def watch(world: World, token: str = "", **options: Any) -> ClientWebSocketResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await world.client.ws_connect(
        "/api/v1/events", headers={**headers, **options.pop("headers", {})}, **options
    )


async def test_a_snapshot_then_each_change(world: World) -> None:
    world.live.calls = [CALL]
    world.live.publish({"before": "anyone watched"})
    socket = await watch(world, await world.token())
    assert await socket.receive_json(timeout=5) == {
        "type": "snapshot",
        "seq": 1,
        "calls": [CALL],
        "seats": [],
        "queues": [],
    }
    for number in range(3):
        world.live.publish({"call": f"市民热线 {number}"})
    for number in range(3):
        assert await socket.receive_json(timeout=5) == {
            "type": "change",
            "seq": 2 + number,
            "call": f"市民热线 {number}",
        }
    await socket.close()
    await world.live.watchers(0)


async def test_a_change_between_subscribing_and_snapshot_comes_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes that the snapshot has in it are not sent again; later ones are not lost."""
    snapshot = world.live.snapshot

    def late() -> dict[str, Any]:
        world.live.publish({"number": 1})
        taken = snapshot()
        world.live.publish({"number": 2})
        return taken

    monkeypatch.setattr(world.live, "snapshot", late)
    socket = await watch(world, await world.token())
    assert (await socket.receive_json(timeout=5))["seq"] == 1
    assert (await socket.receive_json(timeout=5))["number"] == 2
    await socket.close()


async def test_numbers_are_masked_for_those_who_may_not_see_them(world: World) -> None:
    world.live.calls = [CALL]
    socket = await watch(world, await world.token(Role.LEADING_GROUP))
    masked = {**CALL, "caller": "138****5678", "legs": [{"caller_name": "王**"}]}
    assert (await socket.receive_json(timeout=5))["calls"] == [masked]
    world.live.publish({"call": CALL})
    assert (await socket.receive_json(timeout=5))["call"] == masked
    await socket.close()


async def test_who_may_watch(world: World) -> None:
    for token, status in (("", 401), (await world.token(Role.LAWYER), 403)):
        with pytest.raises(WSServerHandshakeError) as caught:
            await watch(world, token)
        assert caught.value.status == status


async def test_a_foreign_page_cannot_watch_with_the_users_cookie(world: World) -> None:
    browser = world.browser()
    login = {"username": "admin", "password": ADMIN_PASSWORD}
    async with browser.post("/api/v1/session", json=login):
        pass
    with pytest.raises(WSServerHandshakeError) as caught:
        await browser.ws_connect("/api/v1/events", headers={"Origin": "http://evil.example"})
    assert caught.value.status == 403
    own = str(world.client.make_url("")).rstrip("/")
    socket = await browser.ws_connect("/api/v1/events", headers={"Origin": own})
    assert (await socket.receive_json(timeout=5))["type"] == "snapshot"
    await socket.close()
    await browser.session.close()


async def test_what_a_client_sends_is_ignored_and_too_much_of_it_ends_it(world: World) -> None:
    socket = await watch(world, await world.token())
    await socket.receive_json(timeout=5)
    await socket.send_str("}{")
    world.live.publish({})
    assert (await socket.receive_json(timeout=5))["seq"] == 1
    await socket.send_str("x" * 10_000)
    assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
    assert socket.close_code == 1009


async def test_a_client_that_does_not_read_is_dropped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "SLOW", 0.2)
    token = await world.token()
    reader, writer = await asyncio.open_connection(world.client.host, world.client.port, limit=64)
    writer.write(
        (
            "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()
    )
    assert b"101" in await reader.readline()
    other = await watch(world, token)
    await world.live.watchers(2)
    await other.receive_json(timeout=5)
    sent = 0
    while len(world.live) == 2 and sent < 100:
        world.live.publish({"filler": "x" * 200_000})
        sent += 1
        assert (await other.receive_json(timeout=5))["seq"] == sent
    await world.live.watchers(1)
    world.live.publish({"still": "here"})
    assert (await other.receive_json(timeout=5))["still"] == "here"
    # What it had not taken is thrown away with its connection, not kept until it reads.
    runner = world.client.server.runner
    assert runner is not None
    assert runner.server is not None
    assert len(runner.server.connections) == 1
    await other.close()
    writer.close()


async def test_a_client_that_falls_behind_is_told_to_start_afresh(world: World) -> None:
    socket = await watch(world, await world.token())
    await socket.receive_json(timeout=5)
    for _ in range(2000):  # in one go: the server's task cannot send in between
        world.live.publish({})
    while (message := await socket.receive(timeout=5)).type is WSMsgType.TEXT:
        pass
    assert message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED}
    assert socket.close_code == 1013
    await world.live.watchers(0)


async def test_watching_ends_with_the_session(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RECHECK", 0.05)
    token = await world.token()
    socket = await watch(world, token)
    await socket.receive_json(timeout=5)
    await world.accounts.logout(token)
    assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
    assert socket.close_code == 4401


async def test_when_the_hotline_stops_the_clients_are_told(world: World) -> None:
    socket = await watch(world, await world.token())
    await socket.receive_json(timeout=5)
    async with asyncio.timeout(4):
        stopping = asyncio.create_task(world.client.server.close())
        assert (await socket.receive(timeout=3)).type is WSMsgType.CLOSE
        assert socket.close_code == 1001
        await stopping


async def test_a_subscription_starts_at_the_call_and_ends_when_closed() -> None:
    live = Broadcast()
    changes = live.subscribe()
    live.publish({"n": 1})
    assert await anext(changes) == {"n": 1, "seq": 1}
    await changes.aclose()
    live.publish({"n": 2})
    assert len(live) == 0


async def test_a_subscriber_too_far_behind_learns_it() -> None:
    live = Broadcast()
    slow, fast = live.subscribe(), live.subscribe()
    for number in range(1001):
        live.publish({})
        assert (await anext(fast))["seq"] == number + 1
    with pytest.raises(Lagging):
        await anext(slow)
    assert len(live) == 1
