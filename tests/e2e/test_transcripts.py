"""A call becomes text when it is over: by a real worker, with a real recogniser, whatever dies."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import wave
from array import array
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ivr.asterisk_files import SOUNDS
from ivr.demo.sound import RATE, read_sound, silence, write_wav
from ivr.prompts import CATALOGUE, P, sound
from tests import tools
from tests.e2e.hotline import Hotline, eventually, to_the_queue

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
MODEL = "whisper-base"
CHOSEN = f"zh={MODEL},ko=not-here"
WORST = 0.25  # of the characters may be wrong
WORST_SHORT = 0.4  # of so few; half of them missing, or twice there, would be more
BREATH = 1.0
SENTENCES = (
    P.GREETING,
    P.RECORDED_NOTICE,
    P.MAIN_MENU,
    P.NO_KEY,
    P.MESSAGE_INTRO,
    P.THANKS_FOR_WAITING,
    P.RATE,
    P.SURGE_WATER,
    P.GOODBYE,
)
_DIGITS = str.maketrans("幺零一二三四五六七八九", "10123456789")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    await asyncio.to_thread(tools.model, MODEL)
    await asyncio.to_thread(tools.ffmpeg)
    async with Hotline(
        HOTLINE_CAPTIONS="off", HOTLINE_TEXT_MODELS=CHOSEN, HOTLINE_WORKERS="1"
    ) as running:
        yield running


def spoken(folder: Path, *prompts: P) -> tuple[Path, float, str]:
    """A file of Mandarin sentences, its seconds, and what is said in it."""
    whole = silence(0.5)
    text = ""
    for each in prompts:
        samples, rate = read_sound(SOUNDS / "zh" / f"{sound(each)}.wav")
        assert rate == RATE
        whole += array("h", samples) + silence(BREATH)
        text += CATALOGUE[each].zh
    return write_wav(folder / "said.wav", whole), len(whole) / RATE, text


def plain(text: str) -> str:
    """Without punctuation; digits as digits, however they are written."""
    return re.sub(r"[\W_]", "", text).translate(_DIGITS)


def character_errors(said: str, heard: str) -> float:
    """The share of characters that are wrong, missing or too many."""
    row = list(range(len(heard) + 1))
    for i, one in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1] / len(said)


async def talk(hotline: Hotline, caller: str, file: Path, seconds: float) -> str:
    """A citizen speaks to a seat; gives the call's id once its record is there."""
    async with hotline.seats("8001") as seats, hotline.citizen(caller) as citizen:
        await to_the_queue(citizen)
        await seats["8001"].talking(timeout=30)
        await citizen.say(file, seconds)
        await citizen.hang_up()
    return str((await hotline.record(caller))["id"])


async def text_of(hotline: Hotline, call: str, timeout: float = 120.0) -> dict[str, Any]:
    """The call's only recording with its text, once it is there."""

    async def look() -> dict[str, Any] | None:
        (item,) = (await hotline.get(f"/api/v1/calls/{call}/transcript"))["items"]
        assert item["state"] != "failed", item
        return item if item["state"] in {"done", "no_model"} else None

    found: dict[str, Any] = await eventually(look, "text of the call", timeout)
    return found


async def test_a_call_in_mandarin_becomes_text(hotline: Hotline, tmp_path: Path) -> None:
    file, seconds, text = spoken(tmp_path, *SENTENCES)
    call = await talk(hotline, "13800000401", file, seconds)
    item = await text_of(hotline, call)
    assert (item["state"], item["engine"], item["language"]) == ("done", "whisper", "zh")
    said = [each for each in item["said"] if each["speaker"] == "citizen"]
    heard = "".join(each["text"] for each in said)
    wrong = character_errors(plain(text), plain(heard))
    print(f"character error rate {wrong:.3f}\n said {plain(text)}\nheard {plain(heard)}")
    assert wrong <= WORST
    assert all(a["start"] <= b["start"] for a, b in pairwise(item["said"]))
    length = item["kept"]["seconds"]
    assert all(0 <= each["start"] < each["end"] <= length + 1 for each in said)
    # what is kept is whole
    record = await hotline.get(f"/api/v1/calls/{call}")
    kept = hotline.home / "recordings" / record["recording"] / "stereo.opus"
    assert item["kept"]["codec"] == "opus"
    assert item["kept"]["sha256"] == hashlib.sha256(kept.read_bytes()).hexdigest()
    # it is found by its words, and plays from there
    words = plain(said[-1]["text"])[:3]
    hits = (await hotline.get("/api/v1/transcripts", words=words))["items"]
    assert [hit["call_id"] for hit in hits] == [call]
    assert any(words in plain(each["text"]) and each["start"] > 0 for each in hits[0]["said"])
    client = await hotline.http()
    async with client.get(f"/api/v1/calls/{call}/recording/export") as answer:
        assert answer.status == 200
        with wave.open(io.BytesIO(await answer.read())) as exported:
            assert exported.getnframes() / exported.getframerate() == pytest.approx(length, abs=0.1)


@pytest.mark.parametrize("part", ["worker", "redis", "controller"])
async def test_what_dies_in_the_middle_costs_no_word(
    hotline: Hotline, tmp_path: Path, part: str
) -> None:
    place = ["worker", "redis", "controller"].index(part)
    file, seconds, text = spoken(tmp_path, P.MESSAGE_INTRO, P.RATE)
    call = await talk(hotline, f"1380000041{place}", file, seconds)

    async def begun() -> bool:
        (item,) = (await hotline.get(f"/api/v1/calls/{call}/transcript"))["items"]
        return bool(item["state"] == "working")

    await eventually(begun, "a worker at it", 60)
    hotline.kill(part)
    await hotline.healthy()
    item = await text_of(hotline, call)
    said = [each for each in item["said"] if each["speaker"] == "citizen"]
    assert character_errors(plain(text), plain("".join(s["text"] for s in said))) <= WORST_SHORT
    times = [(each["speaker"], each["start"]) for each in item["said"]]
    assert len(set(times)) == len(times)
    assert item["attempts"] == (2 if part == "worker" else 1)
    words = plain(said[0]["text"])[:4]
    hits = (await hotline.get("/api/v1/transcripts", words=words))["items"]
    assert [hit["call_id"] for hit in hits].count(call) == 1


async def test_a_message_left_becomes_text(hotline: Hotline, tmp_path: Path) -> None:
    file, seconds, _ = spoken(tmp_path, P.SURGE_WATER, P.RECORDED_NOTICE)
    async with hotline.citizen("13800000421") as citizen:
        await to_the_queue(citizen, key="3")
        await citizen.hears(1000, seconds=0.2, timeout=30)
        await citizen.say(file, seconds)
        await citizen.hang_up()
    call = str((await hotline.record("13800000421"))["id"])
    item = await text_of(hotline, call)
    assert (item["source"], item["state"]) == ("message", "done")
    assert {each["speaker"] for each in item["said"]} == {"citizen"}


async def test_a_call_in_a_language_without_a_model_says_so(
    hotline: Hotline, tmp_path: Path
) -> None:
    file, seconds, _ = spoken(tmp_path, P.GOODBYE)
    async with hotline.seats("8001") as seats, hotline.citizen("13800000431") as citizen:
        await to_the_queue(citizen, language="2")
        await seats["8001"].talking(timeout=30)
        await citizen.say(file, seconds)
        await citizen.hang_up()
    call = str((await hotline.record("13800000431"))["id"])
    item = await text_of(hotline, call)
    assert (item["state"], item["said"]) == ("no_model", None)
    assert "ko" in item["why"]
    assert item["kept"]["codec"] == "opus"
