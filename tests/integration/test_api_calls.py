"""Calls, recordings, seats, queues and health over HTTP."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession, UnixConnector

from ivr.api import build_api, health, serve_tcp, serve_unix
from ivr.errors import AmiNotConnected
from tests.integration.api_world import World
from tests.integration.samples import BARE, record
from ticketing.domain.calls import CallRecord
from ticketing.domain.roles import Role
from ticketing.store import audit, calls
from ticketing.store.database import Database


async def save(world: World, *records: CallRecord) -> None:
    async with world.database.session() as session:
        await calls.save(session, records)


async def test_a_call_has_all_the_fields_of_its_record(world: World) -> None:
    await save(world, record(1), BARE)
    token = await world.token()
    status, page = await world.call("GET", "/api/v1/calls", token)
    assert (status, page["next"]) == (200, None)
    bare, whole = page["items"]
    assert whole == {
        "id": "hotline-1763753060.1",
        "caller": "13812345678",
        "caller_name": '市民 "王" \\ <x>',
        "dialled": "12345",
        "forwarded_from": None,
        "line": "12345",
        "language": "zh",
        "menu": "1>1",
        "queue": "general",
        "seat": "8001",
        "arrived_at": "2026-03-01T08:31:00.123456Z",
        "queued_at": "2026-03-01T08:31:09.123456Z",
        "answered_at": "2026-03-01T08:31:20.123456Z",
        "ended_at": "2026-03-01T08:32:20.123456Z",
        "hangup_by": "agent",
        "outcome": "answered",
        "rating": "satisfied",
        "recording": "2026-03-01/1763753060.1",
        "message": None,
        "callback": None,
        "case_number": None,
    }
    assert (bare["outcome"], bare["rating"], bare["seat"]) == ("abandoned_in_menu", None, None)
    assert await world.call("GET", f"/api/v1/calls/{record(1).id}", token) == (200, whole)


async def test_pages_and_filters(world: World) -> None:
    await save(world, *(record(number) for number in range(5)), record(9, caller="110"))
    token = await world.token()
    seen: list[str] = []
    query = {"caller": "13812345678", "limit": "2"}
    while True:
        status, page = await world.call("GET", "/api/v1/calls", token, params=query)
        assert status == 200
        seen.extend(call["id"] for call in page["items"])
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [record(number).id for number in (4, 3, 2, 1, 0)]
    since = {"since": "2026-03-01T16:34:00+08:00", "until": "2026-03-01T08:39:00Z"}
    _, page = await world.call("GET", "/api/v1/calls", token, params=since)
    assert [call["id"] for call in page["items"]] == [record(4).id]


async def test_numbers_are_masked_for_those_who_may_not_see_them(world: World) -> None:
    await save(world, record(1))
    token = await world.token(Role.EVALUATOR)
    _, page = await world.call("GET", "/api/v1/calls", token)
    _, one = await world.call("GET", f"/api/v1/calls/{record(1).id}", token)
    assert page["items"] == [one]
    assert (one["caller"], one["caller_name"]) == ("138****5678", "市**")
    # Nor may they find out by asking for a number.
    status, refused = await world.call("GET", "/api/v1/calls?caller=13812345678", token)
    assert (status, refused["error"]) == (403, "not_allowed")
    _, page = await world.call("GET", "/api/v1/calls", await world.token(Role.AGENT))
    assert page["items"][0]["caller"] == "13812345678"


async def test_a_recording_is_served_whole_and_in_ranges(world: World) -> None:
    await save(world, record(1))
    sound = world.write_recording("2026-03-01/1763753060.1")
    token = await world.token()
    path = f"/api/v1/calls/{record(1).id}/recording"
    headers = {"Authorization": f"Bearer {token}"}
    async with world.client.get(path, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "audio/wav")
        assert response.headers["Accept-Ranges"] == "bytes"
        assert await response.read() == sound
    size = len(sound)
    for wanted, start, stop in (
        ("bytes=0-43", 0, 44),
        ("bytes=44-", 44, size),
        ("bytes=-100", size - 100, size),
        (f"bytes=100-{size + 50}", 100, size),
    ):
        async with world.client.get(path, headers={**headers, "Range": wanted}) as response:
            assert response.status == 206
            assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
            assert await response.read() == sound[start:stop]
    for wanted in (f"bytes={size}-", "bytes=9-3", "lines=1-2"):
        async with world.client.get(path, headers={**headers, "Range": wanted}) as response:
            assert response.status == 416
            assert response.headers["Content-Range"] == f"bytes */{size}"
            assert (await response.json())["error"] == "range_not_satisfiable"
    async with world.client.head(path, headers=headers) as response:
        assert (response.status, response.content_length) == (200, size)


async def test_hearing_a_recording_is_noted(world: World) -> None:
    await save(world, record(1))
    path = f"/api/v1/calls/{record(1).id}/recording"
    token = await world.token(Role.MANAGER)
    assert (await world.call("GET", path, token))[0] == 404
    world.write_recording("2026-03-01/1763753060.1")
    assert (await world.call("GET", path, token))[0] == 200
    async with world.database.reading() as session:
        entries = await audit.latest(session)
    heard = [entry for entry in entries if entry.action == "recording.hear"]
    assert [(entry.actor, entry.target) for entry in heard] == [("user-manager", record(1).id)]


@pytest.mark.parametrize(
    "folder", ["..", "../outside", "/etc", "a/../../outside", "link", None, ""]
)
async def test_nothing_outside_the_recordings_is_served(world: World, folder: str | None) -> None:
    outside = world.recordings.parent / "outside"
    outside.mkdir()
    for place in (outside, world.recordings.parent):
        (place / "stereo.wav").write_bytes(b"secret")
    (world.recordings / "link").symlink_to(outside)
    await save(world, record(1, recording=folder))
    status, answer = await world.call(
        "GET", f"/api/v1/calls/{record(1).id}/recording", await world.token()
    )
    assert (status, answer["error"]) == (404, "recording_not_found")


async def test_queues_and_seats_as_they_are_now(world: World) -> None:
    await world.seats.ensure("test", ["8001", "8002"])
    world.live.queues = [{"name": "general", "waiting": [{"caller": "13812345678"}]}]
    world.live.seats = [{"number": "8002", "device": "in_use", "call": {"caller": "13812345678"}}]
    token = await world.token(Role.AGENT)
    assert await world.call("GET", "/api/v1/queues", token) == (
        200,
        {"items": world.live.queues},
    )
    _, seats = await world.call("GET", "/api/v1/seats", token)
    assert seats["items"] == [
        {"number": "8001", "roster": "all", "phone": "sip"},
        {**world.live.seats[0], "roster": "all", "phone": "sip"},
    ]
    masked = await world.token(Role.CONTRACTOR)
    for path in ("/api/v1/queues", "/api/v1/seats"):
        _, answer = await world.call("GET", path, masked)
        assert "138****5678" in str(answer)
        assert "13812345678" not in str(answer)


async def test_seats_are_managed_and_the_phone_system_is_told(world: World) -> None:
    token = await world.token(Role.MANAGER)
    status, seat = await world.call("POST", "/api/v1/seats", token, json={"number": "8001"})
    assert (status, seat["number"], seat["user"], seat["roster"], seat["applied"]) == (
        201,
        "8001",
        "8001",
        "all",
        True,
    )
    assert world.applied == 1
    again = await world.call("POST", "/api/v1/seats", token, json={"number": "8001"})
    assert (again[0], again[1]["error"]) == (409, "seat_exists")
    assert await world.call("GET", "/api/v1/seats/8001", token) == (200, seat)
    _, changed = await world.call("POST", "/api/v1/seats/8001/password", token)
    assert changed["password"] != seat["password"]
    _, night = await world.call("PATCH", "/api/v1/seats/8001", token, json={"roster": "night"})
    assert (night["roster"], night["password"]) == ("night", changed["password"])
    world.apply_error = AmiNotConnected("no link")
    status, removed = await world.call("DELETE", "/api/v1/seats/8001", token)
    assert (status, removed) == (200, {"number": "8001", "applied": False})
    assert world.applied == 4
    assert (await world.call("GET", "/api/v1/seats/8001", token))[0] == 404


async def test_the_password_of_a_seat_is_not_in_the_public_list(world: World) -> None:
    (seat,) = await world.seats.ensure("test", ["8001"])
    _, answer = await world.call("GET", "/api/v1/seats", await world.token())
    assert seat.password not in str(answer)


async def well() -> str | None:
    return None


async def test_health_is_200_only_when_all_is_well(world: World) -> None:
    world.health.update(asterisk=well, database=world.services.database.ping, redis=well)
    assert await world.call("GET", "/healthz") == (
        200,
        {"status": "ok", "checks": {name: {"ok": True} for name in world.health}},
    )

    async def away() -> str | None:
        return "no link to 10.0.0.7"

    async def broken() -> str | None:
        raise OSError("refused")

    world.health.update(asterisk=away, redis=broken)
    status, answer = await world.call("GET", "/healthz")
    assert (status, answer["status"]) == (503, "degraded")
    assert answer["checks"] == {
        "asterisk": {"ok": False},
        "database": {"ok": True},
        "redis": {"ok": False},
    }
    status, answer = await world.call("GET", "/healthz", await world.token())
    assert status == 503
    assert answer["checks"]["asterisk"] == {"ok": False, "reason": "no link to 10.0.0.7"}
    assert answer["checks"]["redis"]["reason"] == "OSError: refused"


async def test_a_check_that_hangs_is_not_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LIMIT", 0.05)

    async def hangs() -> str | None:
        await asyncio.Event().wait()
        return None

    world.health.update(dict.fromkeys("abcdefgh", hangs), well=well)
    async with asyncio.timeout(2):
        status, answer = await world.call("GET", "/healthz", await world.token())
    assert status == 503
    assert answer["checks"]["a"]["reason"] == "no answer within 0.05 s"
    assert answer["checks"]["well"] == {"ok": True}


async def test_without_a_database_the_api_says_so_and_health_still_answers(
    world: World, tmp_path: Path
) -> None:
    away = Database(f"postgresql+asyncpg://x@/x?host={tmp_path}")
    world.accounts._database = away
    world.health["database"] = away.ping
    headers = {"Authorization": "Bearer x"}
    status, answer = await world.call("GET", "/api/v1/calls", headers=headers)
    assert (status, answer["error"]) == (503, "database_unavailable")
    status, answer = await world.call("GET", "/healthz", headers=headers)
    assert (status, answer["checks"]["database"]["ok"]) == (503, False)
    await away.close()


async def test_the_local_operator_needs_no_password_but_the_files_permission(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "control.sock"
    path.write_text("left by a dead process")
    runner = await serve_unix(build_api(world.services, operator=True), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with ClientSession(connector=UnixConnector(str(path))) as session:
        async with session.get("http://hotline/api/v1/me") as response:
            assert (await response.json())["username"] == "operator"
        async with session.post("http://hotline/api/v1/seats", json={"number": "801"}) as response:
            assert response.status == 201
        async with session.ws_connect("http://hotline/api/v1/events") as socket:
            assert (await socket.receive_json(timeout=5))["type"] == "snapshot"
        change = {"old": "x", "new": "a long enough one"}
        async with session.post("http://hotline/api/v1/session/password", json=change) as response:
            assert response.status == 401
    await runner.cleanup()
    async with world.database.reading() as session_:
        (entry, *_) = await audit.latest(session_)
    assert (entry.actor, entry.action, entry.target) == ("operator", "seat.add", "801")


async def test_a_free_port_is_taken_when_asked_for_none(world: World) -> None:
    runner, port = await serve_tcp(build_api(world.services), "127.0.0.1", 0)
    async with (
        ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/healthz") as response,
    ):
        assert response.status == 200
    with pytest.raises(OSError, match="in use"):
        await serve_tcp(build_api(world.services), "127.0.0.1", port)
    await runner.cleanup()


async def test_what_stands_beside_is_shown_and_does_no_harm(world: World) -> None:
    async def mail() -> str | None:
        return "mail: no answer"

    world.beside["clockwork"] = mail
    status, answer = await world.call("GET", "/healthz", await world.token())
    assert (status, answer["status"]) == (200, "ok")
    assert answer["checks"]["clockwork"] == {"ok": False, "reason": "mail: no answer"}


async def test_a_mobile_that_forwards_to_the_hotline_is_a_persons_number_too(world: World) -> None:
    async with world.database.session() as session:
        forwarded = replace(record(1), dialled="12345", forwarded_from="13912345678")
        await calls.save(session, [forwarded, replace(record(2), forwarded_from="12333")])
    _, page = await world.call("GET", "/api/v1/calls", await world.token(Role.EVALUATOR))
    shown = {item["forwarded_from"] for item in page["items"]}
    assert shown == {"139****5678", "12333"}
