"""Where a worker has the sound from: a folder, and HTTP that may be away, broken or hostile."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ivr import certificates, remotesound
from ivr.remotesound import Remote
from ivr.soundstore import Folder, SoundAway, SoundBroken
from speech.encoding import Encoded
from ticketing.domain.transcripts import Progress, Source
from ticketing.store.recordings import Kept, Recording

TOKEN = "t" * 43
LEG = bytes(range(256)) * 10
OPUS = b"OggS and so on"
KEPT = Kept("a/stereo.opus", "opus", hashlib.sha256(OPUS).hexdigest(), len(OPUS), 1.0)


def job(source: Source = Source.CALL, kept: Kept | None = None) -> Recording:
    path = "a" if source is Source.CALL else "messages/a.wav"
    now = datetime(2026, 3, 1, tzinfo=UTC)
    gone = (None, None, None)
    return Recording("x/../y", source, path, "zh", now, Progress.WORKING, "", 1, kept, *gone)


def files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


class Controller:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.listed: Any = {"legs": [{"leg": "citizen", "bytes": len(LEG)}], "kept": False}
        self.status, self.leg, self.kept = 200, LEG, OPUS
        self.cut = False
        self.seen: list[tuple[str, str, str]] = []
        self.taken: list[bytes] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "")
        self.seen.append((request.method, request.raw_path, token))
        if self.status != 200:
            return web.Response(status=self.status, headers={"Location": "/elsewhere"})
        if request.method == "PUT":
            self.taken.append(await request.read())
            return web.Response(status=204)
        if request.path.endswith("/sound"):
            return web.json_response(self.listed)
        if self.cut:
            answer = web.StreamResponse(headers={"Content-Length": str(len(self.leg))})
            await answer.prepare(request)
            await answer.write(self.leg[:100])
            request.transport.abort()  # type: ignore[union-attr]
            return answer
        return web.Response(body=self.kept if request.path.endswith("/kept") else self.leg)

    async def start(self, trust: ssl.SSLContext | None = None) -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust).start()
        self.port = runner.addresses[0][1]
        return runner


@pytest.fixture
async def controller() -> AsyncIterator[Controller]:
    controller = Controller()
    runner = await controller.start()
    yield controller
    await runner.cleanup()


@pytest.fixture
def remote(controller: Controller) -> Remote:
    return Remote(f"http://127.0.0.1:{controller.port}/hotline", TOKEN)


@pytest.fixture
def made(tmp_path: Path) -> Encoded:
    file = tmp_path / "made.opus"
    file.write_bytes(OPUS)
    return Encoded(file, "opus", KEPT.sha256, len(OPUS), 1.0)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


# --- a folder -----------------------------------------------------------------------------------
async def test_what_is_kept_appears_whole_in_the_folder(tmp_path: Path, made: Encoded) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "stereo.opus").write_bytes(b"before")
    sound = await folder.fetch(job(), tmp_path)
    assert (sound.place, sound.kept, sound.encoded) == (tmp_path / "a", None, False)
    assert await folder.keep(job(), made) == KEPT.file
    assert {file.name: file.read_bytes() for file in files(tmp_path / "a")} == {"stereo.opus": OPUS}
    sound = await folder.fetch(job(kept=KEPT), tmp_path)
    assert (sound.kept, sound.encoded) == (tmp_path / KEPT.file, True)


async def test_a_message_that_stays_wav_is_left_where_it_is(tmp_path: Path, made: Encoded) -> None:
    message = tmp_path / "messages" / "a.wav"
    message.parent.mkdir()
    message.write_bytes(b"RIFF")
    wav = Encoded(made.file, "wav", made.sha256, made.bytes, 1.0)
    assert await Folder(tmp_path).keep(job(Source.MESSAGE), wav) == "messages/a.wav"
    assert await Folder(tmp_path).keep(job(Source.MESSAGE), made) == "messages/a.opus"
    assert {file.name: file.read_bytes() for file in files(message.parent)} == {
        "a.wav": b"RIFF",
        "a.opus": OPUS,
    }


async def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path, made: Encoded) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "stereo.opus").write_bytes(b"before")
    made.file.unlink()
    with pytest.raises(FileNotFoundError):
        await Folder(tmp_path).keep(job(), made)
    assert {file.name: file.read_bytes() for file in files(tmp_path / "a")} == {
        "stereo.opus": b"before"
    }


# --- HTTP ---------------------------------------------------------------------------------------
async def test_sound_comes_and_goes(
    controller: Controller, remote: Remote, scratch: Path, made: Encoded
) -> None:
    sound = await remote.fetch(job(), scratch)
    assert (sound.kept, sound.encoded) == (None, False)
    assert (sound.place / "citizen.sln16").read_bytes() == LEG
    assert await remote.keep(job(), made) == "a/stereo.opus"
    assert controller.taken == [OPUS]
    base = "/hotline/api/v1/after-calls/x%2F..%2Fy/call"
    assert controller.seen == [
        ("GET", f"{base}/sound", f"Bearer {TOKEN}"),
        ("GET", f"{base}/sound/citizen", f"Bearer {TOKEN}"),
        ("PUT", f"{base}/kept?codec=opus&sha256={KEPT.sha256}", f"Bearer {TOKEN}"),
    ]


async def test_a_message_that_stays_wav_is_not_sent(
    controller: Controller, remote: Remote, scratch: Path, made: Encoded
) -> None:
    message = job(Source.MESSAGE)
    sound = await remote.fetch(message, scratch)
    assert sound.place.read_bytes() == LEG
    wav = Encoded(made.file, "wav", made.sha256, made.bytes, 1.0)
    assert await remote.keep(message, wav) == "messages/a.wav"
    assert controller.taken == []


async def test_the_kept_file_comes_only_where_there_are_no_legs(
    controller: Controller, remote: Remote, scratch: Path
) -> None:
    controller.listed = {"legs": [], "kept": True}
    sound = await remote.fetch(job(kept=KEPT), scratch)
    assert sound.kept is not None
    assert (sound.kept.read_bytes(), sound.kept.suffix, sound.encoded) == (OPUS, ".opus", True)
    controller.kept = OPUS[::-1]
    (scratch / "again").mkdir()
    with pytest.raises(SoundBroken, match="not what it was"):
        await remote.fetch(job(kept=KEPT), scratch / "again")


@pytest.mark.parametrize(
    "listed",
    [
        [],
        {"legs": [{"leg": "../citizen", "bytes": 5}], "kept": False},
        {"legs": [{"leg": "citizen\n", "bytes": 5}], "kept": False},
        {"legs": [{"leg": "/etc/passwd", "bytes": 5}], "kept": False},
        {"legs": [{"leg": "citizen", "bytes": -1}], "kept": False},
        {"legs": [{"leg": "citizen", "bytes": 1 << 40}], "kept": False},
        {"legs": [{"leg": "citizen", "bytes": len(LEG) + 1}], "kept": False},
        {"legs": [{"leg": "citizen", "bytes": len(LEG) - 1}], "kept": False},
        {"legs": [], "kept": False, "more": "x" * 100_000},
    ],
)
async def test_a_list_is_not_believed_blindly(
    controller: Controller, remote: Remote, scratch: Path, listed: Any
) -> None:
    controller.listed = listed
    with pytest.raises(SoundBroken):
        await remote.fetch(job(), scratch)
    written = files(scratch)
    assert sum(file.stat().st_size for file in written) <= len(LEG)
    assert {file.parent for file in written} <= {scratch / "legs"}


async def test_what_breaks_off_is_no_sound(
    controller: Controller, remote: Remote, scratch: Path
) -> None:
    controller.cut = True
    with pytest.raises(SoundBroken, match="broke"):
        await remote.fetch(job(), scratch)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, SoundBroken),
        (401, SoundBroken),
        (403, SoundBroken),
        (413, SoundBroken),
        (422, SoundBroken),
        (500, SoundBroken),
        (502, SoundAway),
        (503, SoundAway),
        (504, SoundAway),
    ],
)
async def test_a_refusal_is_told_from_a_controller_that_is_not_there(
    controller: Controller,
    remote: Remote,
    scratch: Path,
    made: Encoded,
    status: int,
    error: type[Exception],
) -> None:
    controller.status = status
    with pytest.raises(error, match=str(status)):
        await remote.fetch(job(), scratch)
    with pytest.raises(error, match=str(status)):
        await remote.keep(job(), made)
    assert len(controller.seen) == 2  # no redirect is followed with the token


async def test_a_controller_that_is_not_there_is_away(scratch: Path, made: Encoded) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    remote = Remote(f"http://127.0.0.1:{port}", TOKEN)
    with pytest.raises(SoundAway):
        await remote.fetch(job(), scratch)
    with pytest.raises(SoundAway):
        await remote.keep(job(), made)


async def test_one_that_says_nothing_is_given_up(
    scratch: Path, made: Encoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remotesound, "SILENT_SECONDS", 0.2)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):  # until the other side hangs up
            pass
        writer.close()
        gone.put_nowait(None)

    gone: asyncio.Queue[None] = asyncio.Queue()
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    remote = Remote(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", TOKEN)
    async with asyncio.timeout(5):
        with pytest.raises(SoundBroken):
            await remote.fetch(job(), scratch)
        with pytest.raises(SoundBroken):
            await remote.keep(job(), made)
        await gone.get()
        await gone.get()
    server.close()
    await server.wait_closed()


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, scratch: Path, made: Encoded
) -> None:
    pair = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificates.make(*pair, "127.0.0.1")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(*pair)
    controller = Controller()
    runner = await controller.start(server)
    url = f"https://127.0.0.1:{controller.port}"
    with pytest.raises(SoundAway, match="certificate"):
        await Remote(url, TOKEN).fetch(job(), scratch)
    with pytest.raises(SoundAway, match="certificate"):
        await Remote(url, TOKEN).keep(job(), made)
    assert controller.seen == []
    friend = Remote(url, TOKEN, ssl.create_default_context(cafile=pair[0]))
    assert await friend.keep(job(), made) == "a/stereo.opus"
    await runner.cleanup()
