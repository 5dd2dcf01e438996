"""Jobs after a call, by real workers over a real Redis: whole and once, whatever is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import wave
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from ivr.demo.sound import has_tone
from ivr.jobs import Sweep
from ivr.settings import load
from ivr.worker import alive
from speech import encoding
from tests import tools
from tests.integration.after_call_bench import CALL, CITIZEN, FOLDER, KEY, Bench
from tests.integration.samples import ARRIVED, record
from tests.servers import RedisServer
from ticketing.domain.transcripts import MOST_ATTEMPTS, Progress, Source
from ticketing.store import calls, recordings, transcripts
from ticketing.store.database import Database


@pytest.fixture
async def bench(database: Database, database_url: str, tmp_path: Path) -> AsyncIterator[Bench]:
    redis = RedisServer()
    redis.start()
    bench = Bench(database, database_url, tmp_path, redis)
    yield bench
    await bench.close()
    redis.stop()


async def test_a_call_becomes_a_kept_recording_and_a_dialogue(bench: Bench) -> None:
    await bench.call()
    await bench.start()
    assert not await bench.sweep.run_once()
    await bench.state(Progress.DONE)
    said = (await bench.transcript()).said
    assert [(each.speaker, each.start, each.masked) for each in said] == [
        ("citizen", 0.2, "路灯坏了三天"),
        ("agent", 1.1, "好的"),
        ("citizen", 1.6, "我电话〔电话号码〕"),
    ]
    kept = (await bench.recording()).kept
    assert kept is not None
    file = bench.recordings / kept.file
    assert (kept.codec, kept.seconds) == ("opus", pytest.approx(3.0))
    assert (kept.sha256, kept.bytes) == (encoding.sha256(file), file.stat().st_size)
    wav = encoding.decode(file, bench.home / "back.wav", tools.ffmpeg().argv)
    for leg, hz, other in (("citizen", 440, 600), ("agent", 600, 440)):
        raw = encoding.split(wav, bench.home)[leg].read_bytes()
        samples = list(memoryview(raw).cast("h"))
        assert has_tone(samples, 16_000, hz)
        assert not has_tone(samples, 16_000, other)


async def test_a_killed_workers_job_is_done_by_another_once(bench: Bench) -> None:
    await bench.call()
    slow = bench.recordings / FOLDER / "slow"
    slow.touch()
    first = await bench.start()
    await bench.sweep.run_once()
    await bench.begun()
    first.send_signal(signal.SIGKILL)
    await first.wait()
    slow.unlink()
    await bench.start()
    await bench.state(Progress.DONE)
    assert len((await bench.transcript()).said) == 3
    assert (await bench.recording()).attempts == 2


async def test_a_lost_redis_loses_nothing(bench: Bench) -> None:
    await bench.call()
    await bench.sweep.run_once()
    assert not await bench.queue.empty()
    bench.redis.kill()
    bench.redis.start()
    assert await bench.queue.empty()
    await bench.start()
    await bench.sweep.run_once()
    await bench.state(Progress.DONE)
    assert sorted(leg for _, leg in bench.heard()) == ["agent.sln16", "citizen.sln16"]


async def test_redis_may_die_while_a_job_is_done(bench: Bench) -> None:
    await bench.call()
    slow = bench.recordings / FOLDER / "slow"
    slow.touch()
    await bench.start()
    await bench.sweep.run_once()
    await bench.begun()
    bench.redis.kill()
    slow.unlink()
    await bench.state(Progress.DONE)
    bench.redis.start()
    await bench.sweep.run_once()
    assert await bench.queue.empty()
    assert len((await bench.transcript()).said) == 3
    # and the worker goes on
    bench.leg("citizen", CITIZEN, 440, "second")
    async with bench.database.session() as session:
        await calls.save(session, [record(2, recording="second")])
    bench.sweep = Sweep(bench.database, bench.queue)  # that looks at calls of long ago
    await bench.sweep.run_once()

    async def look() -> bool:
        async with bench.database.reading() as session:
            one = await recordings.get(session, (record(2).id, Source.CALL))
        return one.state is Progress.DONE

    await bench.until(look, "the next job done")


async def test_a_job_that_is_there_twice_is_done_once(bench: Bench) -> None:
    await bench.call()
    await bench.sweep.run_once()
    await bench.queue.put([KEY, KEY])
    await bench.start()
    await bench.start()

    async def look() -> bool:
        return await bench.queue.empty()

    await bench.state(Progress.DONE)
    await bench.until(look, "empty queue")
    assert len(bench.heard()) == 2
    assert (await bench.recording()).attempts == 1


async def test_what_fails_is_tried_again_then_laid_aside(bench: Bench) -> None:
    await bench.call()
    broken = bench.recordings / FOLDER / "broken"
    broken.touch()
    await bench.start()
    await bench.sweep.run_once()
    await bench.state(Progress.FAILED)
    failed = await bench.recording()
    assert (failed.attempts, failed.why) == (
        MOST_ATTEMPTS,
        "RuntimeError: nothing can be heard here",
    )
    broken.unlink()
    async with bench.database.session() as session:
        assert await recordings.again(session, [Progress.FAILED], key=KEY) == 1
    await bench.sweep.run_once()
    await bench.state(Progress.DONE)


async def test_what_kills_its_worker_each_time_is_laid_aside(bench: Bench) -> None:
    await bench.call()
    (bench.recordings / FOLDER / "deadly").touch()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        worker = await bench.start()
        await bench.sweep.run_once()
        await bench.begun(attempt)
        await worker.wait()
    await bench.start()
    await bench.state(Progress.FAILED)
    assert str(MOST_ATTEMPTS) in (await bench.recording()).why


async def test_a_language_without_a_model_is_said_plainly(bench: Bench) -> None:
    await bench.call(language="ko")
    await bench.start()
    await bench.sweep.run_once()
    await bench.state(Progress.NO_MODEL)
    one = await bench.recording()
    assert "ko" in one.why
    assert one.kept is not None
    async with bench.database.reading() as session:
        assert await transcripts.of_call(session, CALL) == ()


async def test_a_recording_that_is_not_there_is_laid_aside_at_once(bench: Bench) -> None:
    async with bench.database.session() as session:
        await calls.save(session, [record(1, recording=FOLDER)])
    await bench.start()
    await bench.sweep.run_once()
    await bench.state(Progress.FAILED)
    assert (await bench.recording()).attempts == 1


async def test_without_its_legs_a_recording_is_heard_from_the_kept_file(bench: Bench) -> None:
    await bench.call()
    await bench.start()
    await bench.sweep.run_once()
    await bench.state(Progress.DONE)
    for leg in ("citizen", "agent"):
        (bench.recordings / FOLDER / f"{leg}.sln16").unlink()
    async with bench.database.session() as session:
        assert await recordings.again(session, [Progress.DONE], key=KEY) == 1
    await bench.sweep.run_once()
    await bench.state(Progress.DONE)
    assert (await bench.recording()).kept is not None


async def test_a_message_is_heard(bench: Bench) -> None:
    file = bench.recordings / "messages" / f"{CALL}.wav"
    file.parent.mkdir(parents=True)
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(16_000))
    file.with_name(f"{file.name}.json").write_text(json.dumps([[0.0, 0.9, "请回电话"]]))
    async with bench.database.session() as session:
        await calls.save(session, [record(1, recording=None, message=f"messages/{CALL}.wav")])
    await bench.start()
    await bench.sweep.run_once()
    await bench.until(lambda: found(bench), "the message's text")
    transcript = await bench.transcript()
    assert transcript.source is Source.MESSAGE
    assert [(each.speaker, each.text) for each in transcript.said] == [("citizen", "请回电话")]


async def found(bench: Bench) -> bool:
    async with bench.database.reading() as session:
        return bool(await transcripts.of_call(session, CALL))


async def test_a_worker_that_is_stopped_gives_its_job_back(bench: Bench) -> None:
    await bench.call()
    (bench.recordings / FOLDER / "slow").touch()
    worker = await bench.start()
    await bench.sweep.run_once()
    await bench.begun()
    worker.terminate()
    async with asyncio.timeout(10):
        assert await worker.wait() == 0
    given_back = await bench.recording()
    assert (given_back.state, given_back.attempts) == (Progress.WAITING, 0)
    assert not [p for p in psutil.Process().children() if p.pid == worker.pid]


async def test_a_worker_gives_signs_of_life(bench: Bench) -> None:
    chosen = load(bench.env, dotenv=bench.home / "none")
    assert not await asyncio.to_thread(alive, chosen)
    await bench.start()

    async def look() -> bool:
        return await asyncio.to_thread(alive, chosen)

    await bench.until(look, "sign of life")


async def test_calls_just_over_are_left_until_their_files_are_whole(bench: Bench) -> None:
    now = ARRIVED + timedelta(hours=1)
    async with bench.database.session() as session:
        await calls.save(session, [record(1, ended_at=now - timedelta(seconds=1))])
    await Sweep(bench.database, bench.queue, lambda: now).run_once()
    assert await bench.queue.empty()
    await Sweep(bench.database, bench.queue, lambda: now + timedelta(seconds=5)).run_once()
    assert not await bench.queue.empty()
