"""What is made after a call, on real databases: done once, whatever is lost or comes twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.integration.samples import ARRIVED, record
from ticketing.domain.transcripts import Deletion, Hidden, Progress, Source, Utterance, Word
from ticketing.store import calls, recordings, transcripts
from ticketing.store.database import Database
from ticketing.store.transcripts import Pass

NOW = ARRIVED + timedelta(hours=2)
LATER = NOW + timedelta(minutes=1)
CALL = record(1).id
KEY = (CALL, Source.CALL)


def said(value: str, at: float = 0.0, speaker: str = "citizen") -> Utterance:
    return Utterance(speaker, at, at + 2.0, value, value, 0.9)


def heard(*texts: str, engine: str = "vosk", rank: int = 0) -> Pass:
    return Pass(engine, rank, "zh", tuple(said(value, 3.0 * i) for i, value in enumerate(texts)))


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    async with database.session() as session:
        yield session


async def registered(session: AsyncSession, *numbers: int) -> None:
    await calls.save(session, [record(number) for number in numbers])
    assert await recordings.register(session, NOW) == len(numbers)


async def test_each_recording_and_message_is_registered_once(session: AsyncSession) -> None:
    both = record(2, message="messages/2.wav")
    neither = record(3, recording=None)
    late = record(4, ended_at=NOW + timedelta(hours=1))
    await calls.save(session, [record(1), both, neither, late])
    assert await recordings.register(session, NOW) == 3
    assert await recordings.register(session, NOW) == 0
    assert await recordings.register(session, NOW, since=ARRIVED) == 0
    found = await recordings.of_call(session, both.id)
    assert [(one.source, one.path) for one in found] == [
        (Source.CALL, both.recording),
        (Source.MESSAGE, "messages/2.wav"),
    ]
    assert await recordings.of_call(session, neither.id) == ()
    assert await recordings.register(session, NOW + timedelta(hours=2)) == 1


async def test_what_a_lost_queue_held_is_queued_again(session: AsyncSession) -> None:
    await registered(session, 1, 2)
    both = [(record(1).id, Source.CALL), (record(2).id, Source.CALL)]
    assert await recordings.unqueued(session, "first", NOW, 10) == both
    await recordings.queued(session, both, "first")
    assert await recordings.unqueued(session, "first", NOW, 10) == []
    assert await recordings.unqueued(session, "second", NOW, 10) == both
    assert await recordings.unqueued(session, "first", NOW, 10, emptied=True) == both
    assert await recordings.unqueued(session, "second", NOW, 1) == both[:1]


async def test_a_job_is_one_workers_at_a_time(session: AsyncSession) -> None:
    await registered(session, 1)
    first = await recordings.claim(session, KEY, "a", NOW, LATER)
    assert first is not None
    assert (first.attempts, first.state) == (1, Progress.WORKING)
    assert await recordings.claim(session, KEY, "b", NOW, LATER) is None
    assert await recordings.renew(session, KEY, "a", LATER)
    assert not await recordings.renew(session, KEY, "b", LATER)
    # the worker dies: after its time the job is put into the queue again, and another takes it
    after = LATER + timedelta(seconds=1)
    await recordings.queued(session, [], "life")
    assert await recordings.unqueued(session, "life", NOW, 10) == []
    assert await recordings.unqueued(session, "life", after, 10) == [KEY]
    second = await recordings.claim(session, KEY, "b", after, after + timedelta(minutes=1))
    assert second is not None
    assert second.attempts == 2
    assert not await recordings.settle(session, KEY, "a", Progress.DONE, "", None)
    assert await recordings.settle(session, KEY, "b", Progress.DONE, "", None)
    assert await recordings.claim(session, KEY, "b", after, after) is None


async def test_what_was_laid_aside_is_listed_and_done_again(session: AsyncSession) -> None:
    await registered(session, 1, 2, 3)
    for number, state in ((1, Progress.FAILED), (2, Progress.FAILED), (3, Progress.NO_MODEL)):
        key = (record(number).id, Source.CALL)
        assert await recordings.claim(session, key, "a", NOW, LATER)
        assert await recordings.settle(session, key, "a", state, "why", None)
    assert await recordings.counts(session) == {
        Progress.WAITING: 0,
        Progress.WORKING: 0,
        Progress.NO_MODEL: 1,
        Progress.FAILED: 2,
    }
    one, cursor = await recordings.page(session, Progress.FAILED, limit=1)
    two, end = await recordings.page(session, Progress.FAILED, limit=1, cursor=cursor)
    assert [each.call_id for each in (*one, *two)] == [record(2).id, record(1).id]
    assert (one[0].why, end) == ("why", None)
    assert await recordings.again(session, [Progress.FAILED], key=KEY) == 1
    assert await recordings.again(session, [Progress.NO_MODEL], languages=["ko"]) == 0
    assert await recordings.again(session, [Progress.NO_MODEL], languages=["zh"]) == 1
    waiting = await recordings.unqueued(session, "life", NOW, 10)
    assert waiting == [KEY, (record(3).id, Source.CALL)]
    taken = await recordings.claim(session, KEY, "b", NOW, LATER)
    assert taken is not None
    assert taken.attempts == 1


async def test_a_pass_heard_twice_is_there_once(session: AsyncSession) -> None:
    await transcripts.save(session, CALL, Source.CALL, [heard("路灯不亮", "三天了")], NOW)
    again = heard("路灯不亮", "三天了", "谢谢")
    await transcripts.save(session, CALL, Source.CALL, [again], NOW)
    (kept,) = await transcripts.of_call(session, CALL)
    assert kept.said == again.said
    rows = await session.execute(text("SELECT count(*) FROM transcript_segments"))
    assert rows.scalar_one() == 3
    page = await transcripts.find(session, "路灯")
    assert [hit.call_id for hit in page.items] == [CALL]


async def test_silence_is_a_transcript_too(session: AsyncSession) -> None:
    await transcripts.save(session, CALL, Source.CALL, [heard()], NOW)
    (kept,) = await transcripts.of_call(session, CALL)
    assert kept.said == ()


async def test_the_better_pass_is_shown_and_found(session: AsyncSession) -> None:
    better = heard("路灯不亮", engine="whisper", rank=1)
    await transcripts.save(session, CALL, Source.CALL, [better], NOW)
    await transcripts.save(session, CALL, Source.CALL, [heard("路等不量")], NOW)
    (kept,) = await transcripts.of_call(session, CALL)
    assert (kept.engine, kept.said) == ("whisper", better.said)
    assert (await transcripts.find(session, "路等")).items == ()
    assert len((await transcripts.find(session, "路灯")).items) == 1


async def test_everything_of_an_utterance_is_kept(session: AsyncSession) -> None:
    whole = Utterance(
        "expert-1",
        1.5,
        3.25,
        "打13800138000",
        "打〔电话号码〕",
        0.75,
        (Word("打", 1.5, 1.75), Word("13800138000", 1.75, 3.25)),
        (Hidden("phone", 1, 12),),
    )
    one = Pass("vosk", 0, "zh", (whole,))
    await transcripts.save(session, CALL, Source.MESSAGE, [one], NOW)
    (kept,) = await transcripts.of_call(session, CALL)
    assert (kept.source, kept.said, kept.made_at) == (Source.MESSAGE, (whole,), NOW)


async def test_words_are_found_in_all_transcripts_a_page_at_a_time(session: AsyncSession) -> None:
    for number in range(5):
        lines = ["您好", f"{number} 号楼的路灯坏了", "水管也漏水"]
        await transcripts.save(session, record(number).id, Source.CALL, [heard(*lines)], NOW)
    other = replace(said("我的电话13800138000"), masked="我的电话〔电话号码〕")
    one = Pass("vosk", 0, "zh", (other,))
    await transcripts.save(session, record(9).id, Source.CALL, [one], NOW)
    seen: list[str] = []
    cursor = None
    while True:
        page = await transcripts.find(session, "路灯 漏水", limit=2, cursor=cursor)
        seen += [hit.call_id for hit in page.items]
        assert all(
            [each.text[-4:] for each in hit.said] == ["路灯坏了", "管也漏水"] for hit in page.items
        )
        cursor = page.next
        if cursor is None:
            break
    assert seen == [record(number).id for number in (4, 3, 2, 1, 0)]
    for nothing in ("路等", "13800138000", "", "灯坏了水管"):
        assert (await transcripts.find(session, nothing)).items == ()
    assert len((await transcripts.find(session, "灯")).items) == 5
    assert (await transcripts.find(session, "电话号码")).items[0].call_id == record(9).id


async def test_a_long_call_is_found_by_its_end(session: AsyncSession) -> None:
    lines = [f"第{number}句话里没有什么特别的" * 5 for number in range(400)]
    await transcripts.save(session, CALL, Source.CALL, [heard(*lines, "井盖丢了")], NOW)
    page = await transcripts.find(session, "井盖")
    assert [hit.said[0].text for hit in page.items] == ["井盖丢了"]
    page = await transcripts.find(session, "特别")
    assert (len(page.items), page.next) == (1, None)
    assert await transcripts.remove(session, CALL, Source.CALL)
    assert (await transcripts.find(session, "特别")).items == ()
    assert not await transcripts.remove(session, CALL, Source.CALL)


async def test_what_ages_is_found_and_over_when_nothing_is_left(session: AsyncSession) -> None:
    await registered(session, 1, 2)
    assert await recordings.ageing(session, Deletion.TEXT, NOW, None, 10) == []  # not done yet
    for number in (1, 2):
        key = (record(number).id, Source.CALL)
        await recordings.claim(session, key, "a", NOW, LATER)
        await recordings.settle(session, key, "a", Progress.DONE, "", None)
    (one, there), _ = await recordings.ageing(session, Deletion.TEXT, NOW, None, 10)
    assert (one.key, there.held, there.legs, there.encoded) == (KEY, False, True, False)
    rest = await recordings.ageing(session, Deletion.TEXT, NOW, (one.ended_at, one.name), 10)
    assert [each.call_id for each, _ in rest] == [record(2).id]
    for what in Deletion:
        await recordings.gone(session, KEY, what, NOW)
    assert [
        each.call_id for each, _ in await recordings.ageing(session, Deletion.TEXT, NOW, None, 10)
    ] == [record(2).id]
    left = await recordings.get(session, KEY)
    assert (left.legs_gone_at, left.sound_gone_at, left.text_gone_at) == (NOW, NOW, NOW)
