"""Workers with no folder of recordings: real processes, HTTP, database, Redis and encoding."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import wave
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from ivr import certificates
from ivr.api import build_api
from ivr.demo.sound import has_tone
from speech import encoding
from tests import tools
from tests.integration.after_call_bench import CALL, FOLDER, KEY, Bench
from tests.integration.api_world import World
from tests.integration.samples import record
from tests.servers import RedisServer
from ticketing.domain.transcripts import MOST_ATTEMPTS, Deletion, Progress, Source
from ticketing.service.clock import utc_now
from ticketing.store import calls, recordings
from ticketing.store.database import Database

_PIECE = 1024


class Line:
    """Carries connections to the controller.

    Attributes:
        stops_at: connections that begin so stop after two pieces, for the ``verdict``: whether
            they go on, or break off. The first ``times`` do.
        down: answers as a proxy does when the controller is not there.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self.port = 0
        self.stops_at, self.times = b"", 1
        self.stopped = asyncio.Event()
        self.verdict: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.down = False
        self._carried: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Nothing listens any more, and what was carried breaks off."""
        self._server.close()
        for task in tuple(self._carried):
            task.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)
        await self._server.wait_closed()

    async def stop(self) -> None:
        """Wait until a connection has stopped in the middle."""
        async with asyncio.timeout(60):
            await self.stopped.wait()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carried.add(task)
        first = await reader.read(_PIECE)
        if self.down:
            writer.write(b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif first:
            marked = bool(self.stops_at and self.times) and first.startswith(self.stops_at)
            self.times -= marked
            there, to = await asyncio.open_connection("127.0.0.1", self._to)
            ways = {
                asyncio.create_task(self._carry(reader, to, first, marked=marked)),
                asyncio.create_task(self._carry(there, writer, b"", marked=marked)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                to.close()
        writer.close()
        self._carried.discard(task)

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        first: bytes,
        *,
        marked: bool,
    ) -> None:
        carried = 0
        with suppress(ConnectionError):
            while piece := first or await reader.read(_PIECE):
                first = b""
                writer.write(piece)
                await writer.drain()
                carried += len(piece)
                if marked and carried >= 2 * _PIECE:
                    marked = False
                    self.stopped.set()
                    if not await self.verdict:
                        return


class Far(Bench):
    """Workers that reach recordings over the line only, with an empty HOTLINE_HOME."""

    def __init__(
        self, database: Database, url: str, home: Path, redis: RedisServer, line: Line
    ) -> None:
        super().__init__(database, url, home, redis)
        self.line = line
        self.far_home, self.scratch = home / "far", home / "scratch"
        for folder in (self.far_home, self.scratch):
            folder.mkdir()
        (self.recordings / FOLDER).mkdir(parents=True)
        self.env |= {
            "HOTLINE_HOME": str(self.far_home),
            "HOTLINE_CONTROLLER_URL": f"http://127.0.0.1:{line.port}",
            "STANDIN_TOLD": str(self.recordings / FOLDER),
            "TMPDIR": str(self.scratch),
        }

    def files(self) -> set[str]:
        """What of the call is sound, or a draft of it."""
        found = {file.name for file in (self.recordings / FOLDER).iterdir()}
        return {name for name in found if name.startswith(".") or "stereo" in name}

    async def logged(self, words: str, times: int = 1) -> None:
        """Wait until the workers have said something so often."""
        log = self.home / "worker.log"

        async def look() -> bool:
            return (await asyncio.to_thread(log.read_text)).count(words) >= times

        await self.until(look, words)

    def scratched(self) -> list[Path]:
        return list(self.scratch.glob("hotline-job-*"))


@pytest.fixture
async def line(world: World) -> AsyncIterator[Line]:
    assert world.client.port is not None
    line = Line(world.client.port)
    await line.open()
    yield line
    await line.close()


@pytest.fixture
async def far(
    database: Database, database_url: str, tmp_path: Path, line: Line
) -> AsyncIterator[Far]:
    redis = RedisServer()
    redis.start()
    far = Far(database, database_url, tmp_path, redis, line)
    yield far
    await far.close()
    redis.stop()


async def kept_whole(far: Far) -> Path:
    """The file that the call is kept in, which is what SQL says of it."""
    kept = (await far.recording()).kept
    assert kept is not None
    file = far.recordings / kept.file
    assert (kept.codec, kept.file) == ("opus", f"{FOLDER}/stereo.opus")
    assert (kept.sha256, kept.bytes) == (encoding.sha256(file), file.stat().st_size)
    return file


async def test_a_worker_without_a_folder_does_a_job_whole(far: Far, world: World) -> None:
    await far.call()
    far.leg("expert-1", [[0.1, 0.4, "供水抢修"]], 800)
    await far.start()
    await far.sweep.run_once()
    await far.state(Progress.DONE)
    assert {each.speaker for each in (await far.transcript()).said} == {
        "citizen",
        "agent",
        "expert-1",
    }
    file = await kept_whole(far)
    assert far.files() == {"stereo.opus"}
    assert (await far.recording()).attempts == 1
    wav = encoding.decode(file, far.home / "back.wav", tools.ffmpeg().argv)
    for leg, hz, other in (("citizen", 440, 600), ("agent", 600, 440)):
        raw = encoding.split(wav, far.home)[leg].read_bytes()
        samples = list(memoryview(raw).cast("h"))
        assert has_tone(samples, 16_000, hz)
        assert not has_tone(samples, 16_000, other)
    assert list(far.far_home.rglob("*")) == []
    assert far.scratched() == []
    # and it is played, a part of it, when the legs are gone
    for leg in ("citizen", "agent", "expert-1"):
        (far.recordings / FOLDER / f"{leg}.sln16").unlink()
    async with far.database.session() as session:
        await recordings.gone(session, KEY, Deletion.LEGS, utc_now())
    headers = {"Authorization": f"Bearer {await world.token()}", "Range": "bytes=4-99"}
    path = f"/api/v1/calls/{CALL}/recording"
    async with world.client.get(path, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (206, "audio/ogg")
        assert await answer.read() == file.read_bytes()[4:100]


async def test_a_message_is_heard_and_kept(far: Far) -> None:
    file = far.recordings / "messages" / f"{CALL}.wav"
    file.parent.mkdir()
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16_000))
    told = far.recordings / FOLDER / "message.wav.json"
    told.write_text(json.dumps([[0.0, 0.9, "请回电话"]]))
    async with far.database.session() as session:
        await calls.save(session, [record(1, recording=None, message=f"messages/{CALL}.wav")])
    await far.start()
    key = (CALL, Source.MESSAGE)

    async def look() -> bool:
        async with far.database.reading() as session:
            return (await recordings.get(session, key)).state is Progress.DONE

    await far.sweep.run_once()
    await far.until(look, "the message's text")
    assert [each.text for each in (await far.transcript()).said] == ["请回电话"]
    async with far.database.reading() as session:
        kept = (await recordings.get(session, key)).kept
    assert kept is not None
    assert kept.file == f"messages/{CALL}.opus"
    assert kept.sha256 == encoding.sha256(far.recordings / kept.file)


async def test_without_its_legs_a_recording_is_heard_from_the_kept_file(far: Far) -> None:
    await far.call()
    await far.start()
    await far.sweep.run_once()
    await far.state(Progress.DONE)
    before = await kept_whole(far)
    for leg in ("citizen", "agent"):
        (far.recordings / FOLDER / f"{leg}.sln16").unlink()
    async with far.database.session() as session:
        assert await recordings.again(session, [Progress.DONE], key=KEY) == 1
    await far.sweep.run_once()
    await far.state(Progress.DONE)
    assert len(far.heard()) == 4
    assert await kept_whole(far) == before


async def test_a_recording_that_is_not_there_is_laid_aside_at_once(far: Far) -> None:
    async with far.database.session() as session:
        await calls.save(session, [record(1, recording=FOLDER)])
    await far.start()
    await far.sweep.run_once()
    await far.state(Progress.FAILED)
    assert (await far.recording()).attempts == 1


async def test_killed_in_the_middle_of_an_upload_it_is_done_again_once(far: Far) -> None:
    await far.call()
    far.line.stops_at = b"PUT "
    first = await far.start()
    await far.sweep.run_once()
    await far.line.stop()
    assert "stereo.opus" not in far.files()
    first.send_signal(signal.SIGKILL)
    await first.wait()
    far.line.verdict.set_result(False)
    assert len(far.scratched()) == 1

    async def gone() -> bool:
        return far.files() == set()

    await far.until(gone, "nothing left of the half file")
    await far.start()
    await far.sweep.run_once()
    await far.state(Progress.DONE)
    await kept_whole(far)
    assert far.files() == {"stereo.opus"}
    assert (await far.recording()).attempts == 2
    assert len((await far.transcript()).said) == 3
    assert far.scratched() == []  # what the killed one left went when the next began


@pytest.mark.parametrize("what", [b"PUT ", b"GET "])
async def test_a_transfer_that_breaks_off_is_tried_again(far: Far, what: bytes) -> None:
    await far.call()
    far.line.stops_at = what
    far.line.times = 2 if what == b"PUT " else 1  # aiohttp tries a PUT once more by itself
    await far.start()
    await far.sweep.run_once()
    await far.line.stop()
    far.line.verdict.set_result(False)
    await far.state(Progress.DONE)
    await kept_whole(far)
    assert far.files() == {"stereo.opus"}
    assert (await far.recording()).attempts == 2
    assert len((await far.transcript()).said) == 3


async def test_while_the_controller_is_away_the_job_waits(far: Far) -> None:
    far.line.down = True
    await far.call()
    await far.start()
    await far.sweep.run_once()
    await far.logged("given back", MOST_ATTEMPTS + 1)
    waits = await far.recording()
    assert waits.kept is None
    assert waits.attempts <= 1
    far.line.down = False
    await far.state(Progress.DONE)
    assert (await far.recording()).attempts == 1
    await kept_whole(far)


async def test_a_job_goes_over_tls_to_a_controller_that_is_trusted(
    far: Far, world: World, tmp_path: Path
) -> None:
    pair = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificates.make(*pair, "127.0.0.1")
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(*pair)
    runner = web.AppRunner(build_api(world.services), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust).start()
    far.env["HOTLINE_CONTROLLER_URL"] = f"https://127.0.0.1:{runner.addresses[0][1]}"
    await far.call()
    stranger = await far.start()
    await far.sweep.run_once()
    await far.logged("certificate is not to be trusted")
    stranger.terminate()
    await stranger.wait()
    assert far.files() == set()
    far.env["SSL_CERT_FILE"] = str(pair[0])
    await far.start()
    await far.state(Progress.DONE)
    await kept_whole(far)
    await runner.cleanup()


async def test_one_whose_claim_is_over_changes_nothing(far: Far) -> None:
    """A worker that was asleep for longer than its claim held, while another did its job."""
    await far.call()
    far.line.stops_at = b"PUT "
    asleep = await far.start()
    await far.sweep.run_once()
    await far.line.stop()
    asleep.send_signal(signal.SIGSTOP)
    await far.start()
    await far.sweep.run_once()
    await far.state(Progress.DONE)
    file = await kept_whole(far)
    before = file.stat()
    far.line.verdict.set_result(True)
    asleep.send_signal(signal.SIGCONT)
    await far.logged("answered 403")
    asleep.terminate()
    await asleep.wait()
    assert await kept_whole(far) == file
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert far.files() == {"stereo.opus"}
    assert (await far.recording()).attempts == 2
    assert len((await far.transcript()).said) == 3


async def test_a_worker_that_is_stopped_leaves_no_sound_behind(far: Far) -> None:
    await far.call()
    (far.recordings / FOLDER / "slow").touch()
    worker = await far.start()
    await far.sweep.run_once()
    await far.begun()
    assert len(far.scratched()) == 1
    worker.terminate()
    async with asyncio.timeout(10):
        assert await worker.wait() == 0
    assert far.scratched() == []
    given_back = await far.recording()
    assert (given_back.state, given_back.attempts) == (Progress.WAITING, 0)
