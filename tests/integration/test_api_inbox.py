"""Inboxes, drafts of supervision and the outbox over HTTP, with real roles."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.api_world import World
from tests.integration.test_api_orders import Desk
from ticketing.channels.outbound import Failed, OutboxItem, Outcome
from ticketing.domain.roles import Role
from ticketing.service.clocks import Clocks
from ticketing.service.delivery import OutboxWorker
from ticketing.service.orders import Orders


class NoWay:
    """No citizen can be told anything."""

    async def deliver(self, item: OutboxItem) -> Outcome:
        return Failed("no receiver is set up for the channel phone")


@pytest.fixture
async def desk(world: World) -> Desk:
    desk = Desk(world)
    await desk.open()
    return desk


async def deliver(world: World) -> None:
    worker = OutboxWorker(world.database, world.services.worlds, NoWay(), now=world.services.now)
    while (await worker.run_once()).taken:
        pass


async def sweep(world: World) -> None:
    services = world.services
    orders = Orders(world.database, services.worlds, services.now)
    await Clocks(world.database, orders, services.worlds, services.now).sweep()


async def test_a_unit_reads_its_own_inbox(desk: Desk) -> None:
    world = desk.world
    number = await desk.dispatched()
    await deliver(world)
    status, page = await world.call("GET", "/api/v1/inbox", desk.housing)
    assert (status, page["unread"], page["next"]) == (200, 1, None)
    (message,) = page["items"]
    assert (message["number"], message["what"], message["read_at"]) == (number, "dispatched", None)
    path = f"/api/v1/inbox/{message['id']}/read"
    status, refusal = await world.call("POST", path, desk.police)
    assert (status, refusal["error"]) == (404, "message_not_found")
    status, read = await world.call("POST", path, desk.housing)
    assert (status, read["read_by"]) == (200, "user-unit_handler-city.housing")
    _, page = await world.call("GET", "/api/v1/inbox", desk.housing)
    assert (page["unread"], page["items"]) == (0, [read])
    status, _ = await world.call("GET", "/api/v1/inbox", await world.token(Role.EVALUATOR))
    assert status == 403


async def test_a_draft_is_issued_over_http(desk: Desk) -> None:
    world = desk.world
    number = await desk.dispatched()
    world.office_clock.turn(days=10)
    await sweep(world)
    status, page = await world.call("GET", "/api/v1/supervision/drafts", desk.dispatcher)
    assert status == 200
    (draft,) = page["items"]
    assert (draft["order"], draft["kind"], draft["rule"]) == (number, "supervision", "D1")
    path = f"/api/v1/supervision/drafts/{draft['id']}/issue"
    assert (await world.call("POST", path, desk.agent, json={}))[0] == 403
    past = {"limit": "2026-01-01T00:00:00Z"}
    status, refusal = await world.call("POST", path, desk.dispatcher, json=past)
    assert (status, refusal["error"], refusal["reason"]) == (409, "guard_failed", "limit_missing")
    status, issued = await world.call("POST", path, desk.dispatcher, json={"text": "限期办理"})
    assert (status, issued["state"]) == (200, "issued")
    assert issued["limit"] is not None
    status, refusal = await world.call("POST", path, desk.dispatcher, json={})
    assert (status, refusal["reason"]) == (409, "draft_issued")
    _, history = await world.call("GET", f"/api/v1/orders/{number}/history", desk.manager)
    assert history["items"][-1]["action"] == "supervise"
    assert history["items"][-1]["details"]["text"] == "限期办理"
    query = "/api/v1/supervision/drafts?state=issued"
    _, page = await world.call("GET", query, desk.dispatcher)
    assert page["items"] == [issued]


async def test_a_draft_is_set_aside_over_http(desk: Desk) -> None:
    world = desk.world
    await desk.dispatched()
    world.office_clock.turn(days=10)
    await sweep(world)
    _, page = await world.call("GET", "/api/v1/supervision/drafts", desk.manager)
    path = f"/api/v1/supervision/drafts/{page['items'][0]['id']}/dismiss"
    assert (await world.call("POST", path, desk.manager, json={}))[0] == 400
    status, gone = await world.call("POST", path, desk.manager, json={"why": "已核实"})
    assert (status, gone["state"], gone["reason"]) == (200, "dismissed", "已核实")
    nowhere = f"/api/v1/supervision/drafts/{quote('26030200001~1~x~y')}/dismiss"
    status, refusal = await world.call("POST", nowhere, desk.manager, json={"why": "x"})
    assert (status, refusal["error"]) == (404, "draft_not_found")


async def test_what_could_not_be_told_is_listed_and_tried_again(desk: Desk) -> None:
    world = desk.world
    number = await desk.receive()
    await deliver(world)
    assert (await world.call("GET", "/api/v1/outbox?failed=1", desk.dispatcher))[0] == 403
    status, page = await world.call("GET", "/api/v1/outbox?failed=1", desk.manager)
    assert status == 200
    (item,) = page["items"]
    assert (item["number"], item["what"], item["target"]) == (number, "received", "")
    assert item["why"] == "no receiver is set up for the channel phone"
    path = f"/api/v1/outbox/{item['id']}/retry"
    assert (await world.call("POST", path, desk.manager))[0] == 200
    status, refusal = await world.call("POST", path, desk.manager)
    assert (status, refusal["error"]) == (404, "delivery_not_found")
    _, page = await world.call("GET", "/api/v1/outbox", desk.manager)
    assert page["items"] == []
    await deliver(world)
    _, page = await world.call("GET", "/api/v1/outbox", desk.manager)
    assert [each["id"] for each in page["items"]] == [item["id"]]


@pytest.mark.parametrize("path", ["inbox", "supervision/drafts", "outbox"])
async def test_odd_cursors_are_refused(desk: Desk, path: str) -> None:
    odd: dict[str, Any] = {"x": 400, "bm8": 400}
    for cursor, expected in odd.items():
        status, _ = await desk.world.call("GET", f"/api/v1/{path}?cursor={cursor}", desk.manager)
        assert status == expected
