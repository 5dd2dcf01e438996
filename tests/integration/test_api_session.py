"""Coming in: sessions, cookies, foreign sites, permission, and the shape of every error."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from ivr.api import door
from ivr.api.problems import LANGUAGES, PROBLEMS, choose_language
from ivr.api.routes import ROUTES, Access, Route
from tests.integration.api_world import ADMIN_PASSWORD, World
from ticketing.domain import errors
from ticketing.domain.errors import TicketingError
from ticketing.domain.roles import MATRIX, Role

LOGIN = {"username": "admin", "password": ADMIN_PASSWORD}


@pytest.fixture
async def browser(world: World) -> AsyncIterator[TestClient[Any, Any]]:
    client = world.browser()
    yield client
    await client.session.close()


async def test_login_gives_a_token_for_programs(world: World) -> None:
    status, answer = await world.call("POST", "/api/v1/session", json=LOGIN)
    assert status == 200
    assert (answer["username"], answer["roles"]) == ("admin", ["admin"])
    assert answer["must_change_password"] is False
    status, me = await world.call("GET", "/api/v1/me", answer["token"])
    assert (status, me["username"]) == (200, "admin")
    assert "calls.recording" in me["permissions"]


async def test_login_gives_a_browser_a_cookie_that_scripts_and_other_sites_cannot_use(
    browser: TestClient[Any, Any],
) -> None:
    async with browser.post("/api/v1/session", json=LOGIN) as response:
        cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Path=/" in cookie
    async with browser.get("/api/v1/me") as response:
        assert response.status == 200
    async with browser.delete("/api/v1/session") as response:
        assert response.status == 204
    async with browser.get("/api/v1/me") as response:
        assert response.status == 401


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("12345.example.gov.cn", "hotline_session"),
        ("12345.example.gov.cn:443", "hotline_session"),
        ("127.0.0.1:8081", "hotline_session_8081"),
        ("[::1]:8081", "hotline_session_8081"),
        ("[::1]", "hotline_session"),
    ],
)
async def test_two_hotlines_on_one_machine_have_a_cookie_each(
    world: World, host: str, name: str
) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    url = world.client.make_url("/api/v1/session")
    async with world.client.session.post(url, json=LOGIN, headers=headers) as response:
        assert response.status == 200
        assert response.headers["Set-Cookie"].startswith(f"{name}=")
        cookie = response.headers["Set-Cookie"].partition(";")[0]
    for sent, status in ((cookie, 200), (cookie.replace("=", "_1=", 1), 401)):
        asked = {"Host": host, "Cookie": sent}
        async with world.client.session.get(
            world.client.make_url("/api/v1/me"), headers=asked
        ) as response:
            assert response.status == status


async def test_a_token_is_worth_nothing_after_logout(world: World) -> None:
    token = await world.token()
    assert (await world.call("DELETE", "/api/v1/session", token))[0] == 204
    status, answer = await world.call("GET", "/api/v1/me", token)
    assert (status, answer["error"]) == (401, "not_logged_in")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic YWRtaW46YWRtaW4="},
        {"Cookie": "hotline_session=nonsense"},
        {"Cookie": "hotline_session=" + "x" * 4000},
    ],
)
async def test_without_a_session_nothing_but_the_public_routes(
    world: World, headers: dict[str, str]
) -> None:
    for route in ROUTES:
        status, answer = await world.call(route.method, filled(route), headers=headers, json={})
        if route.access is Access.PUBLIC:
            assert status != 401, route
        else:
            assert (status, answer["error"]) == (401, "not_logged_in"), route


@pytest.mark.parametrize("role", list(Role))
async def test_each_route_asks_for_its_permission(world: World, role: Role) -> None:
    """For every role and every route: 403 exactly where the matrix says so."""
    token = await world.token(role)
    for route in ROUTES:
        if isinstance(route.access, Access):
            continue
        status, answer = await world.call(route.method, filled(route), token, json={})
        refused = status == 403 and answer["error"] == "not_allowed"
        assert refused is (route.access not in MATRIX[role]), (role, route, answer)


async def test_first_the_password_must_be_changed(world: World) -> None:
    _, first = await world.accounts.create("admin", "li", [Role.ADMIN])
    _, opened = await world.call(
        "POST", "/api/v1/session", json={"username": "li", "password": first}
    )
    assert opened["must_change_password"] is True
    token = opened["token"]
    for route in ROUTES:
        if route.access in {Access.PUBLIC, Access.WORKER} or route.locked:
            continue  # no user's
        status, answer = await world.call(route.method, filled(route), token, json={})
        assert (status, answer["error"]) == (403, "password_change_required"), route
    assert (await world.call("GET", "/api/v1/me", token))[0] == 200
    change = {"old": first, "new": "a new long password"}
    status, _ = await world.call("POST", "/api/v1/session/password", token, json=change)
    assert status == 204
    assert world.changed == ["li"]
    assert (await world.call("GET", "/api/v1/users", token))[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://[bad"}, 403),
        ({"Origin": "{own}"}, 200),
        ({"Origin": "{own}", "Sec-Fetch-Site": "same-origin"}, 200),
        ({}, 200),
    ],
)
async def test_another_site_cannot_use_the_cookie(
    world: World, browser: TestClient[Any, Any], headers: dict[str, str], status: int
) -> None:
    async with browser.post("/api/v1/session", json=LOGIN) as response:
        token = (await response.json())["token"]
    own = str(world.client.make_url("")).rstrip("/")
    headers = {name: value.format(own=own) for name, value in headers.items()}
    path, roles = "/api/v1/users/admin", {"roles": ["admin", "agent"]}
    async with browser.patch(path, json=roles, headers=headers) as response:
        assert response.status == status
        if status == 403:
            assert (await response.json())["error"] == "foreign_origin"
    # Nor can it log a browser in; but a bearer's token is nobody's cookie.
    async with browser.post("/api/v1/session", json=LOGIN, headers=headers) as response:
        assert response.status == (200 if status == 200 else 403)
    assert (await world.call("PATCH", path, token, json=roles, headers=headers))[0] == 200


async def test_guessing_is_limited(world: World) -> None:
    wrong = {"username": "admin", "password": "wrong"}
    for _ in range(5):
        status, answer = await world.call("POST", "/api/v1/session", json=wrong)
        assert (status, answer["error"]) == (401, "wrong_credentials")
    async with world.client.post("/api/v1/session", json=LOGIN) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "300"
        assert "300" in (await response.json())["message"]
    world.clock.turn(minutes=5)
    assert (await world.call("POST", "/api/v1/session", json=LOGIN))[0] == 200


REFUSED: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", "/nothing", {}, 404, "not_found"),
    ("GET", "/api/v1/calls/a/b/c", {}, 404, "not_found"),
    ("GET", "/api/v1/calls/%00", {}, 404, "not_found"),
    ("PUT", "/api/v1/session", {}, 405, "method_not_allowed"),
    ("POST", "/api/v1/session", {"data": b"{"}, 415, "unsupported_media_type"),
    ("POST", "/api/v1/session", {"data": {"username": "x"}}, 415, "unsupported_media_type"),
    ("POST", "/api/v1/session", {"json": []}, 400, "bad_request"),
    ("POST", "/api/v1/session", {"json": {"username": "admin"}}, 400, "bad_request"),
    ("POST", "/api/v1/session", {"json": {**LOGIN, "x": 1}}, 400, "bad_request"),
    ("POST", "/api/v1/session", {"json": {**LOGIN, "username": 1}}, 400, "bad_request"),
    ("POST", "/api/v1/session", {"json": "x" * 70_000}, 413, "body_too_large"),
    ("GET", "/api/v1/calls?limit=0", {}, 400, "bad_request"),
    ("GET", "/api/v1/calls?limit=201", {}, 400, "bad_request"),
    ("GET", "/api/v1/calls?limit=x", {}, 400, "bad_request"),
    ("GET", "/api/v1/calls?limit=1&limit=2", {}, 400, "bad_request"),
    ("GET", "/api/v1/calls?colour=red", {}, 400, "bad_request"),
    ("GET", "/api/v1/calls?caller=%00", {}, 400, "bad_request"),
    ("GET", "/api/v1/calls?since=2026-01-01T00:00:00", {}, 400, "bad_request"),
    ("GET", "/api/v1/calls?since=1700000000", {}, 400, "bad_request"),
    ("GET", "/api/v1/calls?since=0001-01-01T00:00:00%2B14:00", {}, 400, "bad_request"),
    ("GET", "/api/v1/calls?cursor=x", {}, 400, "bad_cursor"),
    ("GET", "/api/v1/calls/none", {}, 404, "call_not_found"),
    ("GET", "/api/v1/seats/80", {}, 400, "bad_seat_number"),
    ("GET", "/api/v1/events", {}, 426, "websocket_required"),
    ("PATCH", "/api/v1/users/nobody", {"json": {}}, 404, "user_not_found"),
]


async def test_every_error_has_the_same_shape(world: World) -> None:
    token = await world.token()
    for method, path, options, status, error in REFUSED:
        answered, body = await world.call(method, path, token, **options)
        assert (answered, body["error"]) == (status, error), (method, path, options)
        assert set(body) == {"error", "message"}
        assert "{" not in body["message"]


async def test_a_complaint_never_repeats_a_password(world: World) -> None:
    _, body = await world.call(
        "POST", "/api/v1/session", json={"username": "admin", "password": ["hunter2 hunter2"]}
    )
    assert "password" in body["message"]
    assert "hunter2" not in body["message"]


async def test_405_says_what_is_allowed(world: World) -> None:
    async with world.client.put("/api/v1/session") as response:
        assert response.headers["Allow"] == "DELETE, POST"


async def test_messages_are_in_the_language_that_is_asked_for(world: World) -> None:
    messages = {}
    for accept in ("", "zh-CN,zh;q=0.9,en;q=0.8", "en-US,en;q=0.5", "ko", "fr"):
        headers = {"Accept-Language": accept}
        async with world.client.get("/api/v1/me", headers=headers) as response:
            messages[accept] = (await response.json())["message"]
    assert messages[""] == messages["fr"] == messages["zh-CN,zh;q=0.9,en;q=0.8"] == "请先登录。"
    assert messages["en-US,en;q=0.5"] == "Log in first."
    assert messages["ko"] == "먼저 로그인하십시오."


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("en;q=0.1, ko;q=0.9", "ko"),
        ("fr, en;q=0.1", "en"),
        ("*", "zh-CN"),
        ("en;q=x", "zh-CN"),
        ("en;q=0", "zh-CN"),
        (";;;,,q=", "zh-CN"),
    ],
)
def test_choose_language(accept: str, language: str) -> None:
    assert choose_language(accept) == language
    assert language in LANGUAGES


async def test_a_bug_is_logged_and_not_told(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> dict[str, Any]:
        raise RuntimeError("the secret of line 7")

    monkeypatch.setattr(world.live, "snapshot", broken)
    token = await world.token()
    status, body = await world.call("GET", "/api/v1/queues?x=13812345678", token)
    assert (status, body["error"]) == (500, "internal_error")
    assert "secret" not in body["message"]
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info is not None
    assert "/api/v1/queues" in record.getMessage()
    assert "138" not in record.getMessage()


async def test_an_answer_may_not_be_framed_sniffed_or_kept(world: World) -> None:
    for path in ("/healthz", "/api/v1/me", "/nothing", "/openapi.json"):
        async with world.client.get(path) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["X-Frame-Options"] == "DENY"
            assert response.headers["Cache-Control"] == "no-store"
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["Server"] == "hotline"


async def test_a_body_that_does_not_come_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_BODY_SECONDS", 0.1)

    async def half() -> AsyncIterator[bytes]:
        yield b"{"
        await stop.wait()

    stop = asyncio.Event()
    async with world.client.post(
        "/api/v1/session", data=half(), headers={"Content-Type": "application/json"}
    ) as response:
        assert response.status == 408
    stop.set()


async def test_users_are_managed(world: World) -> None:
    token = await world.token()
    given = {"username": "Li", "roles": ["agent"]}
    status, made = await world.call("POST", "/api/v1/users", token, json=given)
    assert (status, made["username"]) == (201, "li")
    assert (await world.call("POST", "/api/v1/users", token, json=given))[0] == 409
    login = {"username": "li", "password": made["password"]}
    assert (await world.call("POST", "/api/v1/session", json=login))[0] == 200
    status, reset = await world.call("POST", "/api/v1/users/li/password", token)
    assert (status, reset["password"] != made["password"]) == (200, True)
    change = {"roles": ["manager"], "disabled": True}
    status, user = await world.call("PATCH", "/api/v1/users/li", token, json=change)
    assert (status, user["roles"], user["disabled"]) == (200, ["manager"], True)
    _, everyone = await world.call("GET", "/api/v1/users", token)
    assert [(user["username"], user["disabled"]) for user in everyone["items"]] == [
        ("admin", False),
        ("li", True),
    ]
    status, refused = await world.call(
        "PATCH", "/api/v1/users/admin", token, json={"disabled": True}
    )
    assert (status, refused["error"]) == (409, "last_administrator")


def test_every_error_of_the_use_cases_has_its_row() -> None:
    def leaves(error: type[TicketingError]) -> list[type[TicketingError]]:
        below = [leaf for child in error.__subclasses__() for leaf in leaves(child)]
        return below or [error]

    found = leaves(TicketingError)
    assert errors.SeatExists in found
    assert {error.id for error in found} <= set(PROBLEMS)


def test_every_row_has_its_three_languages() -> None:
    for id_, row in PROBLEMS.items():
        assert 400 <= row.status < 600, id_
        assert len({row.zh, row.en, row.ko}) == 3, id_
        assert all((row.zh, row.en, row.ko)), id_


def filled(route: Route) -> str:
    """The route's path with something in its places."""
    places = {"number": "8001", "order": "26030100001", "seq": "1"}
    return re.sub(r"{(\w+)}", lambda place: places.get(place[1], "none"), route.path)
