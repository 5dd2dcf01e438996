"""The sound of jobs over HTTP: for the worker that has the job in hand, and for nobody else."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import update

from ivr.api import build_api, serve_tcp
from tests.integration.api_world import World
from tests.integration.samples import record
from ticketing.domain.transcripts import Progress, Source
from ticketing.service import sounds
from ticketing.service.sounds import worker_name
from ticketing.store import calls, recordings
from ticketing.store.attachments import Incoming
from ticketing.store.recordings import Kept
from ticketing.store.transcript_tables import RECORDINGS

CALL = record(1).id
KEY = (CALL, Source.CALL)
FOLDER = "2026-03-01/1763753060.1"
JOB = f"/api/v1/after-calls/{CALL}/call"
TOKEN, OTHER = "t" * 43, "o" * 43
WORKER, ANOTHER = worker_name("far", 7, TOKEN), worker_name("far", 8, OTHER)
LEASE = timedelta(seconds=30)
LEG = bytes(range(256)) * 50
OPUS = b"OggS" + bytes(20_000)
SHA256 = hashlib.sha256(OPUS).hexdigest()
KEEP = f"{JOB}/kept?codec=opus&sha256={SHA256}"
REQUESTS = (("GET", f"{JOB}/sound"), ("GET", f"{JOB}/sound/agent"), ("GET", f"{JOB}/kept"))


class Shelf:
    """A call that is over, its files, and who has its job."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.folder = world.recordings / FOLDER
        world.office_clock.turn(hours=1)

    async def fill(self) -> None:
        self.folder.mkdir(parents=True)
        for name in ("citizen", "agent", "expert-2"):
            (self.folder / f"{name}.sln16").write_bytes(LEG)
        await self.add(1, recording=FOLDER)

    async def add(self, number: int, **changes: Any) -> None:
        async with self.world.database.session() as session:
            await calls.save(session, [record(number, **changes)])
            await recordings.register(session, self.world.office_clock())

    async def claim(self, worker: str = WORKER, key: recordings.Key = KEY) -> None:
        now = self.world.office_clock()
        async with self.world.database.session() as session:
            assert await recordings.claim(session, key, worker, now, now + LEASE)

    async def settle(self, state: Progress, kept: Kept | None = None) -> None:
        async with self.world.database.session() as session:
            assert await recordings.settle(session, KEY, WORKER, state, "", kept)

    async def told(self, method: str, path: str, token: str = TOKEN, **options: Any) -> Any:
        """The status, and the error's id if it is one."""
        status, body = await self.world.call(method, path, token, **options)
        return (status, body["error"]) if status >= 400 else (status, body)

    def names(self) -> set[str]:
        return {file.name for file in self.folder.iterdir()}


LEGS = {"citizen.sln16", "agent.sln16", "expert-2.sln16"}
STRANGER, REFUSED = (401, "not_logged_in"), (403, "job_not_held")


@pytest.fixture
async def shelf(world: World) -> Shelf:
    shelf = Shelf(world)
    await shelf.fill()
    return shelf


async def test_the_worker_that_has_the_job_takes_its_sound_and_hands_the_file_in(
    shelf: Shelf,
) -> None:
    await shelf.claim()
    size = len(LEG)
    assert await shelf.told("GET", f"{JOB}/sound") == (
        200,
        {
            "legs": [{"leg": leg, "bytes": size} for leg in ("citizen", "agent", "expert-2")],
            "kept": False,
        },
    )
    for leg in ("citizen", "agent", "expert-2"):
        assert await shelf.told("GET", f"{JOB}/sound/{leg}") == (200, LEG)
    assert await shelf.told("GET", f"{JOB}/kept") == (404, "recording_not_found")
    assert await shelf.told("PUT", KEEP, data=OPUS) == (204, None)
    assert (shelf.folder / "stereo.opus").read_bytes() == OPUS
    assert shelf.names() == LEGS | {"stereo.opus"}


async def test_nobody_else_is_let_in(shelf: Shelf, world: World) -> None:
    await shelf.claim()
    admin = await world.token()
    operator: TestClient[Any, Any] = TestClient(
        TestServer(build_api(world.services, operator=True))
    )
    await operator.start_server()
    for method, path in (*REQUESTS, ("PUT", KEEP)):
        assert await shelf.told(method, path, "") == STRANGER
        for token in (OTHER, admin, WORKER, WORKER.rpartition("-")[2], "x", "%"):
            assert await shelf.told(method, path, token) == STRANGER
        cookie = {"Cookie": f"hotline_session_{world.client.port}={admin}"}
        assert (await shelf.told(method, path, "", headers=cookie))[0] == 401
        async with operator.request(method, path) as answer:
            assert answer.status == 401
    await operator.close()
    assert shelf.names() == LEGS


@pytest.mark.parametrize("case", ["waiting", "expired", "done", "taken over"])
async def test_only_while_the_claim_holds(shelf: Shelf, world: World, case: str) -> None:
    if case != "waiting":
        await shelf.claim()
    if case in {"expired", "taken over"}:
        world.office_clock.turn(seconds=LEASE.total_seconds())
    if case == "taken over":
        world.office_clock.turn(seconds=1)
        await shelf.claim(ANOTHER)
    if case == "done":
        await shelf.settle(Progress.DONE)
    for method, path in (*REQUESTS, ("PUT", KEEP)):
        assert await shelf.told(method, path) == STRANGER
    assert shelf.names() == LEGS


async def test_a_workers_token_is_good_for_its_own_job_only(shelf: Shelf) -> None:
    await shelf.claim()
    await shelf.add(2, recording="second")
    await shelf.claim(ANOTHER, (record(2).id, Source.CALL))
    for method, path in (*REQUESTS, ("PUT", KEEP)):
        assert await shelf.told(method, path, OTHER) == REFUSED
        theirs = path.replace(JOB, f"/api/v1/after-calls/{record(2).id}/call")
        assert await shelf.told(method, theirs) == REFUSED
    assert shelf.names() == LEGS


@pytest.mark.parametrize(
    "leg",
    [
        "stereo",
        "expert-0",
        "expert-1",
        "expert-2.sln16",
        "citizen.sln16",
        "Citizen",
        "citizen%0A",
        "*",
        "..%2F1763753060.1%2Fcitizen",
        "%2e%2e%2fcitizen",
        "..%5Ccitizen",
        "expert-2%00",
        "expert-%D9%A2",
        "seat-8001-1",
    ],
)
async def test_a_leg_is_named_out_of_a_fixed_set(shelf: Shelf, leg: str) -> None:
    await shelf.claim()
    for name in ("stereo", "seat-8001-1", "expert-0", "expert-٢"):
        (shelf.folder / f"{name}.sln16").write_bytes(b"not a leg of the job")
    url = shelf.world.client.make_url("/").with_path(f"{JOB}/sound/{leg}", encoded=True)
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with session.get(url, headers=headers) as answer:
            assert answer.status == 404
            assert b"not a leg" not in await answer.read()


@pytest.mark.parametrize("name", [f"{CALL}/stereo", f"{CALL}/message", "x/call"])
async def test_a_job_that_is_none_is_refused(shelf: Shelf, name: str) -> None:
    job = f"/api/v1/after-calls/{name}"
    await shelf.claim()
    for method, path in (*REQUESTS, ("PUT", KEEP)):
        assert await shelf.told(method, path.replace(JOB, job)) == REFUSED


async def test_no_path_leads_out_of_the_recordings(shelf: Shelf, world: World) -> None:
    outside = world.recordings.with_name("outside")
    outside.mkdir()
    (outside / "citizen.sln16").write_bytes(LEG)
    (shelf.folder / "expert-3.sln16").symlink_to(outside / "citizen.sln16")
    await shelf.claim()
    assert (await shelf.told("GET", f"{JOB}/sound/expert-3"))[0] == 404
    for path in ("../outside", str(outside), "."):
        async with world.database.session() as session:
            kept = f"{path}/citizen.sln16"
            await session.execute(update(RECORDINGS).values(path=path, kept=kept))
        assert await shelf.told("GET", f"{JOB}/sound") == (200, {"legs": [], "kept": False})
        assert (await shelf.told("GET", f"{JOB}/sound/citizen"))[0] == 404
        assert (await shelf.told("GET", f"{JOB}/kept"))[0] == 404
        assert (await shelf.told("PUT", KEEP, data=OPUS))[0] == 404
    assert [file.name for file in outside.iterdir()] == ["citizen.sln16"]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (f"codec=opus&sha256={'0' * 64}", OPUS),
        (f"codec=opus&sha256={SHA256}", OPUS[:-1]),
        (f"codec=opus&sha256={SHA256}", b""),
        (f"codec=wav&sha256={hashlib.sha256(bytes(1_000_000)).hexdigest()}", bytes(1_000_000)),
    ],
)
async def test_what_is_not_as_announced_leaves_nothing_behind(
    shelf: Shelf, query: str, body: bytes
) -> None:
    await shelf.claim()
    (shelf.folder / "stereo.opus").write_bytes(b"what was there before")
    assert await shelf.told("PUT", f"{JOB}/kept?{query}", data=body) == (422, "upload_broken")
    assert shelf.names() == LEGS | {"stereo.opus"}
    assert (shelf.folder / "stereo.opus").read_bytes() == b"what was there before"


@pytest.mark.parametrize(
    "query",
    [
        f"codec=opus&sha256={SHA256.upper()}",
        f"codec=../x&sha256={SHA256}",
        f"sha256={SHA256}",
        "codec=opus",
        f"codec=opus&sha256={SHA256}%0A",
    ],
)
async def test_an_upload_says_what_it_is(shelf: Shelf, query: str) -> None:
    await shelf.claim()
    told = await shelf.told("PUT", f"{JOB}/kept?{query}", data=OPUS)
    assert told == (400, "bad_request")
    assert shelf.names() == LEGS


class InTwo:
    """A body in two pieces; between them, when the first has been taken, something happens."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._begun = asyncio.Event()
        begin = sounds._begin

        def told(target: Path) -> Incoming:
            self._begun.set()
            return begin(target)

        patch.setattr(sounds, "_begin", told)

    async def pieces(
        self, body: bytes, then: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[bytes]:
        yield body[:5000]
        async with asyncio.timeout(10):
            await self._begun.wait()
        await then()
        yield body[5000:]


async def test_a_job_that_is_lost_while_the_file_comes_in_is_not_the_workers_any_more(
    shelf: Shelf, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelf.claim()

    async def meanwhile() -> None:
        world.office_clock.turn(seconds=31)
        await shelf.claim(ANOTHER)
        assert await shelf.told("PUT", KEEP, OTHER, data=OPUS) == (204, None)

    other = b"another" + OPUS
    query = f"codec=opus&sha256={hashlib.sha256(other).hexdigest()}"
    pieces = InTwo(monkeypatch).pieces(other, meanwhile)
    assert await shelf.told("PUT", f"{JOB}/kept?{query}", data=pieces) == REFUSED
    assert (shelf.folder / "stereo.opus").read_bytes() == OPUS
    assert shelf.names() == LEGS | {"stereo.opus"}


async def test_an_upload_that_breaks_off_leaves_nothing_behind(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelf.claim()

    async def broken() -> None:
        assert [name for name in shelf.names() if ".upload-" in name]
        raise RuntimeError

    with pytest.raises((RuntimeError, aiohttp.ClientError)):
        await shelf.told("PUT", KEEP, data=InTwo(monkeypatch).pieces(OPUS, broken))
    assert await shelf.told("PUT", KEEP, data=OPUS) == (204, None)
    assert shelf.names() == LEGS | {"stereo.opus"}


async def test_a_worker_that_dies_while_it_sends_leaves_nothing_behind(
    shelf: Shelf, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Served as the controller serves it: no handler is ended from outside."""
    dropped = asyncio.Event()
    loop, drop = asyncio.get_running_loop(), Incoming.drop

    def told(incoming: Incoming) -> None:
        drop(incoming)
        loop.call_soon_threadsafe(dropped.set)

    monkeypatch.setattr(Incoming, "drop", told)
    body = InTwo(monkeypatch)
    await shelf.claim()
    runner, port = await serve_tcp(build_api(world.services), "127.0.0.1", 0)
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"PUT {KEEP} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Length: {len(OPUS)}\r\n\r\n".encode()
    )

    async def dies() -> None:
        writer.transport.abort()

    async for piece in body.pieces(OPUS, dies):
        writer.write(piece)
    async with asyncio.timeout(10):
        await dropped.wait()
    await runner.cleanup()
    assert shelf.names() == LEGS
    assert [each for each in caplog.records if each.exc_info] == []


async def test_drafts_of_a_controller_that_died_go(shelf: Shelf) -> None:
    await shelf.claim()
    (shelf.folder / ".stereo.opus.upload-0123456789abcdef").write_bytes(b"half")
    assert await shelf.told("PUT", KEEP, data=OPUS) == (204, None)
    assert shelf.names() == LEGS | {"stereo.opus"}


async def test_a_message_is_never_replaced(shelf: Shelf, world: World) -> None:
    message = f"messages/{record(3).id}.wav"
    file = world.recordings / message
    file.parent.mkdir()
    file.write_bytes(b"RIFF" + LEG)
    await shelf.add(3, recording=None, message=message)
    await shelf.claim(WORKER, (record(3).id, Source.MESSAGE))
    job = f"/api/v1/after-calls/{record(3).id}/message"
    assert await shelf.told("GET", f"{job}/sound/citizen") == (200, b"RIFF" + LEG)
    assert (await shelf.told("GET", f"{job}/sound/agent"))[0] == 404
    wav = f"{job}/kept?codec=wav&sha256={SHA256}"
    assert await shelf.told("PUT", wav, data=OPUS) == (404, "recording_not_found")
    assert (await shelf.told("PUT", KEEP.replace(JOB, job), data=OPUS))[0] == 204
    assert sorted(each.name for each in file.parent.iterdir()) == [
        f"{record(3).id}.opus",
        f"{record(3).id}.wav",
    ]
    assert file.read_bytes() == b"RIFF" + LEG


async def test_without_its_legs_a_recording_is_taken_from_the_kept_file(shelf: Shelf) -> None:
    await shelf.claim()
    assert (await shelf.told("PUT", KEEP, data=OPUS))[0] == 204
    kept = Kept(f"{FOLDER}/stereo.opus", "opus", SHA256, len(OPUS), 1.0)
    await shelf.settle(Progress.DONE, kept)
    async with shelf.world.database.session() as session:
        assert await recordings.again(session, [Progress.DONE], key=KEY) == 1
    await shelf.claim()
    for leg in LEGS:
        (shelf.folder / leg).unlink()
    assert await shelf.told("GET", f"{JOB}/sound") == (200, {"legs": [], "kept": True})
    assert await shelf.told("GET", f"{JOB}/kept") == (200, OPUS)
    assert (await shelf.told("PUT", KEEP, data=OPUS))[0] == 404


def test_a_workers_name_fits_its_column_and_holds_no_secret() -> None:
    name = worker_name("h" * 200, 4194304, TOKEN)
    assert len(name) <= 80
    assert TOKEN not in name
    assert name != worker_name("h" * 200, 4194304, OTHER)
    assert Path(name).name == name
