"""What was said in calls, over HTTP: who reads what, search, export without numbers, jobs."""

from __future__ import annotations

import io
import os
import tempfile
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ivr.demo.sound import has_tone, tone
from tests.integration.api_world import World
from tests.integration.samples import ARRIVED, record
from ticketing.domain.roles import Role
from ticketing.domain.transcripts import Deletion, Hidden, Progress, Source, Utterance, Word
from ticketing.store import audit, calls, recordings, transcripts
from ticketing.store.recordings import Kept
from ticketing.store.transcripts import Pass

NOW = ARRIVED + timedelta(hours=1)
CALL = record(1).id
KEY = (CALL, Source.CALL)
PATH = f"/api/v1/calls/{CALL}"
FOLDER = "2026-03-01/1763753060.1"
SAID = (
    Utterance("agent", 0.0, 0.5, "您好", "您好", 0.9),
    Utterance(
        "citizen",
        1.0,
        2.0,
        "打13800138000",
        "打〔电话号码〕",
        0.8,
        (Word("打", 1.0, 1.2), Word("13800138000", 1.2, 2.0)),
        (Hidden("phone", 1, 12),),
    ),
)


async def heard(
    world: World, state: Progress = Progress.DONE, *said: Utterance, number: int = 1, why: str = ""
) -> None:
    """A call that is over, and what became of it."""
    async with world.database.session() as session:
        one = record(number, recording=FOLDER)
        await calls.save(session, [one])
        await recordings.register(session, NOW)
        key = (one.id, Source.CALL)
        if state is not Progress.WAITING:
            assert await recordings.claim(session, key, "a", NOW, NOW)
            await recordings.settle(session, key, "a", state, why, None)
        if said:
            await transcripts.save(session, *key, [Pass("vosk", 0, "zh", said)], NOW)


def sound(world: World) -> None:
    """Four seconds of a tone in each leg."""
    folder = world.recordings / FOLDER
    folder.mkdir(parents=True)
    for leg, hz in (("citizen", 440), ("agent", 600)):
        (folder / f"{leg}.sln16").write_bytes(tone(hz, 4.0, rate=16_000).tobytes())


async def deeds(world: World, action: str) -> list[tuple[str, dict[str, Any]]]:
    async with world.database.reading() as session:
        found = await audit.latest(session)
    return [(each.actor, dict(each.detail)) for each in found if each.action == action]


async def test_who_hears_recordings_and_sees_numbers_reads_every_word(world: World) -> None:
    await heard(world, Progress.DONE, *SAID)
    status, told = await world.call("GET", f"{PATH}/transcript", await world.token(Role.MANAGER))
    assert status == 200
    (item,) = told["items"]
    assert (item["source"], item["state"], item["engine"], item["masked"]) == (
        "call",
        "done",
        "vosk",
        False,
    )
    assert [(s["speaker"], s["start"], s["text"]) for s in item["said"]] == [
        ("agent", 0.0, "您好"),
        ("citizen", 1.0, "打13800138000"),
    ]
    assert item["said"][1]["words"][1] == {"text": "13800138000", "start": 1.2, "end": 2.0}
    assert await deeds(world, "transcript.read") == [("user-manager", {})]


@pytest.mark.parametrize("role", [Role.AGENT, Role.EVALUATOR, Role.CONTRACTOR])
async def test_others_read_no_numbers(world: World, role: Role) -> None:
    await heard(world, Progress.DONE, *SAID)
    status, told = await world.call("GET", f"{PATH}/transcript", await world.token(role))
    assert status == 200
    (item,) = told["items"]
    assert (item["masked"], item["said"][1]["text"]) == (True, "打〔电话号码〕")
    assert item["said"][1]["hides"] == ["phone"]
    assert "13800138000" not in str(told)
    assert await deeds(world, "transcript.read") == []


@pytest.mark.parametrize("role", [Role.UNIT_HANDLER, Role.LAWYER, Role.LEADING_GROUP])
async def test_who_may_see_no_calls_reads_nothing(world: World, role: Role) -> None:
    await heard(world, Progress.DONE, *SAID)
    token = await world.token(role)
    for path in (
        f"{PATH}/transcript",
        "/api/v1/transcripts?words=您好",
        f"{PATH}/recording/export",
    ):
        assert (await world.call("GET", path, token))[0] == 403


async def test_a_missing_model_is_told_and_is_no_empty_text(world: World) -> None:
    await heard(world, Progress.NO_MODEL, why="没有安装 ko 语音模型")
    _, told = await world.call("GET", f"{PATH}/transcript", await world.token())
    (item,) = told["items"]
    assert (item["state"], item["why"], item["said"]) == (
        "no_model",
        "没有安装 ko 语音模型",
        None,
    )


async def test_a_call_just_over_waits_and_one_without_sound_has_nothing(world: World) -> None:
    async with world.database.session() as session:
        await calls.save(session, [record(1), record(2, recording=None)])
    token = await world.token()
    _, told = await world.call("GET", f"{PATH}/transcript", token)
    assert [(item["state"], item["said"]) for item in told["items"]] == [("waiting", None)]
    status, told = await world.call("GET", f"/api/v1/calls/{record(2).id}/transcript", token)
    assert (status, told["error"]) == (404, "recording_not_found")
    status, told = await world.call("GET", "/api/v1/calls/none/transcript", token)
    assert (status, told["error"]) == (404, "call_not_found")


async def test_words_are_found_and_numbers_are_not(world: World) -> None:
    await heard(world, Progress.DONE, *SAID)
    await heard(world, Progress.DONE, *SAID, number=2)
    token = await world.token(Role.AGENT)
    _, one = await world.call("GET", "/api/v1/transcripts?words=您好&limit=1", token)
    _, two = await world.call(
        "GET", "/api/v1/transcripts", token, params={"words": "您好", "cursor": one["next"]}
    )
    assert [hit["call_id"] for hit in one["items"] + two["items"]] == [record(2).id, CALL]
    assert (one["items"][0]["said"][0]["start"], two["next"]) == (0.0, None)
    for words, count in (("13800138000", 0), ("电话号码", 2)):
        _, found = await world.call("GET", "/api/v1/transcripts", token, params={"words": words})
        assert len(found["items"]) == count
        assert "13800138000" not in str(found)
    status, told = await world.call("GET", "/api/v1/transcripts?words=您好&cursor=x", token)
    assert (status, told["error"]) == (400, "bad_cursor")


async def test_an_export_is_silent_where_a_number_is_said(world: World) -> None:
    await heard(world, Progress.DONE, *SAID)
    sound(world)
    path = f"{PATH}/recording/export"
    status, body = await world.call("GET", path, await world.token(Role.EVALUATOR))
    assert status == 200
    with wave.open(io.BytesIO(body)) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getnframes()) == (2, 16_000, 64_000)
        both = memoryview(wav.readframes(64_000)).cast("h").tolist()
    citizen, agent = both[0::2], both[1::2]
    first, last = round(1.05 * 16_000), round(2.8 * 16_000)
    assert set(citizen[first:last]) == {0}
    assert has_tone(citizen[: first - 1], 16_000, 440)
    assert has_tone(citizen[last + 1 :], 16_000, 440)
    assert has_tone(agent[first:last], 16_000, 600)
    _, whole = await world.call("GET", f"{path}?redact=false", await world.token())
    assert 0 not in memoryview(whole[44:]).cast("h").tolist()[2 * first + 2 : 2 * last : 50]
    assert await deeds(world, "recording.export") == [
        ("admin", {"redact": False, "silenced": 0}),
        ("user-evaluator", {"redact": True, "silenced": 1}),
    ]


@pytest.mark.parametrize("role", [Role.EVALUATOR, Role.CONTRACTOR])
async def test_who_may_not_see_numbers_hears_none(world: World, role: Role) -> None:
    await heard(world, Progress.DONE, *SAID)
    sound(world)
    token = await world.token(role)
    headers = {"Authorization": f"Bearer {token}"}
    first, last = round(1.05 * 16_000), round(2.8 * 16_000)
    async with world.client.get(f"{PATH}/recording", headers=headers) as response:
        body, etag = await response.read(), response.headers["ETag"]
        assert response.content_type == "audio/wav"
    both = memoryview(body[44:]).cast("h").tolist()
    assert set(both[2 * first : 2 * last : 2]) == {0}
    assert has_tone(both[: 2 * first : 2], 16_000, 440)
    assert has_tone(both[2 * first + 1 : 2 * last : 2], 16_000, 600)
    # a player asks for parts of what is one file to it
    part = {**headers, "Range": "bytes=44-143", "If-Range": etag}
    async with world.client.get(f"{PATH}/recording", headers=part) as response:
        assert (response.status, await response.read()) == (206, body[44:144])
    beyond = {**headers, "Range": f"bytes={len(body)}-"}
    async with world.client.get(f"{PATH}/recording", headers=beyond) as response:
        assert response.status == 416
        assert (await response.json())["error"] == "range_not_satisfiable"
    assert await deeds(world, "recording.hear") == [(f"user-{role}", {"silenced": 1})] * 3
    assert not left_behind()


def left_behind() -> list[Path]:
    """Files made for one answer that are still there."""
    return list(Path(tempfile.gettempdir()).glob(f"hotline-export-{os.getpid()}-*"))


async def test_sound_that_is_no_text_yet_is_heard_by_those_who_see_numbers(world: World) -> None:
    await heard(world, Progress.WAITING)
    sound(world)
    path = f"{PATH}/recording"
    status, told = await world.call("GET", path, await world.token(Role.EVALUATOR))
    assert (status, told["error"]) == (409, "not_transcribed")
    assert (await world.call("GET", path, await world.token(Role.MANAGER)))[0] == 200


async def test_what_cannot_be_made_silent_is_not_exported(world: World) -> None:
    await heard(world, Progress.NO_MODEL)
    sound(world)
    path, token = f"{PATH}/recording/export", await world.token(Role.EVALUATOR)
    status, told = await world.call("GET", path, token)
    assert (status, told["error"]) == (409, "not_transcribed")
    status, told = await world.call("GET", f"{path}?redact=false", token)
    assert (status, told["error"]) == (403, "not_allowed")
    assert (await world.call("GET", f"{path}?redact=false", await world.token()))[0] == 200
    status, told = await world.call("GET", f"{path}?source=message", token)
    assert (status, told["error"]) == (404, "recording_not_found")


async def test_what_was_deleted_says_when(world: World) -> None:
    await heard(world, Progress.DONE, *SAID)
    async with world.database.session() as session:
        for what in Deletion:
            await recordings.gone(session, KEY, what, NOW)
        await transcripts.remove(session, *KEY)
    token = await world.token()
    for path in (f"{PATH}/recording", f"{PATH}/recording/export?redact=false"):
        status, told = await world.call("GET", path, token)
        assert (status, told["error"]) == (410, "recording_deleted")
        assert "2026-03-01" in told["message"]
    _, told = await world.call("GET", f"{PATH}/transcript", token)
    (item,) = told["items"]
    assert item["text_gone_at"] == item["sound_gone_at"] == "2026-03-01T09:30:00.123456Z"
    assert item["said"] is None


async def test_after_its_legs_are_gone_the_kept_file_is_played(world: World) -> None:
    await heard(world)
    file = world.recordings / FOLDER / "stereo.opus"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"OggS and so on")
    async with world.database.session() as session:
        await recordings.again(session, [Progress.DONE])
        await recordings.claim(session, KEY, "a", NOW, NOW)
        kept = Kept(f"{FOLDER}/stereo.opus", "opus", "0" * 64, 14, 3.0)
        await recordings.settle(session, KEY, "a", Progress.DONE, "", kept)
        await recordings.gone(session, KEY, Deletion.LEGS, NOW)
    headers = {"Authorization": f"Bearer {await world.token()}", "Range": "bytes=0-3"}
    async with world.client.get(f"{PATH}/recording", headers=headers) as answer:
        assert (answer.status, answer.content_type) == (206, "audio/ogg")
        assert await answer.read() == b"OggS"


async def test_jobs_that_failed_are_listed_and_done_again(world: World) -> None:
    await heard(world, Progress.FAILED, why="it broke")
    token = await world.token(Role.MANAGER)
    _, told = await world.call("GET", "/api/v1/after-calls", token)
    assert [(item["call_id"], item["why"]) for item in told["items"]] == [(CALL, "it broke")]
    assert told["counts"] == {"waiting": 0, "working": 0, "no_model": 0, "failed": 1}
    status, told = await world.call("POST", f"{PATH}/transcript/again", token)
    assert (status, told) == (200, {"recordings": 1})
    _, told = await world.call("GET", "/api/v1/after-calls?state=waiting", token)
    assert [(item["call_id"], item["attempts"]) for item in told["items"]] == [(CALL, 0)]
    assert (await world.call("GET", "/api/v1/after-calls", await world.token(Role.AGENT)))[0] == 403
