"""The console in a real browser: a call is watched, read, heard from a click on, and found."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from ivr.prompts import P
from tests import tools
from tests.browser.console import PATIENCE, console, log_in
from tests.e2e.hotline import ADMIN_PASSWORD, Hotline, to_the_queue
from tests.e2e.test_captions import MODEL, speech, written

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
CALLER = "13800071001"
TEXT_SECONDS = 120.0
LEAD = 0.15  # seconds before its first word from which a sentence is played

# Playwright's own waiting for a condition is what the pages' security policy forbids.
_COME_TRUE = """() => new Promise((come) => {
  const look = () => (%s) ? come() : setTimeout(look, 50);
  look();
})"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    await asyncio.to_thread(tools.model, MODEL)
    await asyncio.to_thread(tools.ffmpeg)
    async with Hotline(
        HOTLINE_CAPTIONS="on",
        HOTLINE_WORKERS="1",
        HOTLINE_LIVE_MODELS=f"ko={MODEL}",
        HOTLINE_TEXT_MODELS=f"ko={MODEL},zh=not-here",
    ) as running:
        await written(running)
        yield running


async def user(hotline: Hotline, name: str, role: str) -> str:
    """A new user; gives the first password."""
    client = await hotline.http()
    body = {"username": name, "roles": [role], "unit": ""}
    async with client.post("/api/v1/users", json=body) as answer:
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["password"])


@asynccontextmanager
async def plays_from(page: Page, second: float) -> AsyncIterator[None]:
    """What is done inside makes the page's sound go to a second, and play from there."""
    await page.evaluate(
        """() => {
          const sound = document.querySelector("audio");
          window.sought = [];
          sound.onseeking = () => window.sought.push(sound.currentTime);
        }"""
    )
    yield
    async with asyncio.timeout(PATIENCE / 1000):
        await page.evaluate(_COME_TRUE % "window.sought.length > 0")
        (at, *more) = await page.evaluate("window.sought")
        assert not more
        assert at == pytest.approx(second, abs=0.01)
        await page.evaluate(
            _COME_TRUE % f"document.querySelector('audio').currentTime > {at} + 0.3"
        )


async def test_a_call_is_watched_read_and_heard_from_a_click(
    hotline: Hotline, tmp_path: Path
) -> None:
    spoken, _, seconds = speech(tmp_path, P.MESSAGE_INTRO, P.GOODBYE, P.MAIN_MENU)
    async with console(hotline.url) as page:
        await log_in(page, "admin", ADMIN_PASSWORD)
        await expect(page.get_by_text("这段时间没有来电记录")).to_be_visible()
        async with hotline.seats("8001", speaks=None) as seats, hotline.citizen(CALLER) as citizen:
            await to_the_queue(citizen, language="2")
            await seats["8001"].talking(timeout=30)
            line = page.locator("[data-test=live] li")
            await expect(line).to_contain_text(CALLER)
            await expect(line).to_contain_text("8001 号话务员")
            await line.locator("a").click()
            saying = asyncio.create_task(citizen.say(spoken, seconds))
            heard = page.locator("[data-test=captions] li:not(.partial) strong", has_text="市民")
            await expect(heard.first).to_be_visible(timeout=60_000)
            assert not saying.done(), "captions came only after all was said"
            await saying
            await citizen.hang_up()
        # Nobody has loaded the page again: the record and its text take the captions' place.
        rows = page.locator("[data-test=dialogue] li")
        await expect(rows.first).to_be_visible(timeout=TEXT_SECONDS * 1000)
        record = await hotline.record(CALLER)
        (item,) = (await hotline.get(f"/api/v1/calls/{record['id']}/transcript"))["items"]
        said = item["said"]
        await expect(rows).to_have_count(len(said))
        chosen = max(range(len(said)), key=lambda index: said[index]["start"])
        async with plays_from(page, said[chosen]["start"] - LEAD):
            await rows.nth(chosen).locator("button").click()
        await expect(rows.nth(chosen)).to_have_class(re.compile(r"\bheard\b"))
        async with plays_from(page, max(0.0, said[chosen - 1]["start"] - LEAD)):
            await page.keyboard.press("ArrowUp")
        await page.locator("[data-test=play]").click()
        assert await page.evaluate("document.querySelector('audio').paused")

        # It is found by what was said, and opened at that moment.
        word = max(said[chosen]["text"].split(), key=len)
        await page.goto("/search")
        await page.fill("input[name=words]", word)
        await page.press("input[name=words]", "Enter")
        hit = page.locator("[data-test=hit] li a", has=page.locator("mark", has_text=word)).first
        await hit.click()
        await page.wait_for_url(re.compile(r"/calls/.+\?at="))
        await expect(page.locator("[data-test=play]")).to_be_visible()
        async with plays_from(page, float(page.url.rpartition("=")[2])):
            await page.keyboard.press(" ")

        await page.goto("/calls")
        row = page.locator("tr.call")
        await expect(row).to_contain_text(CALLER)
        await expect(row).to_contain_text("已接听")


async def test_the_health_page_says_what_is_not_heard(hotline: Hotline) -> None:
    async with console(hotline.url) as page:
        await log_in(page, "admin", ADMIN_PASSWORD)
        await page.get_by_role("link", name="运行状态").click()
        health, spoken = page.locator("[data-test=health]"), page.locator("[data-test=speech]")
        unwell = health.locator(".el-tag", has_text="异常")
        await expect(health.locator(".el-tag", has_text="正常")).to_have_count(7)
        await expect(unwell).to_have_count(0)
        await expect(spoken.locator("li", has_text="普通话")).to_contain_text("没有字幕")
        await expect(spoken.locator("li", has_text="普通话")).to_contain_text(
            "hotline models fetch"
        )
        await expect(spoken.locator("li", has_text="朝鲜语")).to_contain_text("正常")
        captioner = psutil.Process(hotline.pids()["captioner"])
        captioner.suspend()
        try:
            line = health.locator("li", has_text="实时字幕")
            await expect(line.locator(".el-tag")).to_have_text("异常")
            await expect(spoken).to_contain_text("字幕程序没有应答")
        finally:
            captioner.resume()
        await expect(unwell).to_have_count(0)


async def test_a_call_without_a_model_says_so(hotline: Hotline) -> None:
    async with (
        hotline.seats("8001") as seats,
        hotline.citizen("13800071002") as citizen,
        console(hotline.url) as page,
    ):
        await log_in(page, "admin", ADMIN_PASSWORD)
        await to_the_queue(citizen)
        await seats["8001"].talking(timeout=30)
        await page.locator("[data-test=live] li a", has_text="13800071002").click()
        await expect(page.get_by_text("没有这种语言的语音模型，通话没有字幕。")).to_be_visible()
        await citizen.hang_up()
        await expect(page.get_by_text("这不代表无人说话")).to_be_visible(timeout=60_000)


async def test_a_first_password_is_changed_before_anything_else(hotline: Hotline) -> None:
    first = await user(hotline, "pingjia", "evaluator")
    async with hotline.citizen("13800071003") as citizen:
        await citizen.answered()
        await citizen.hang_up()
    await hotline.record("13800071003")
    async with console(hotline.url) as page:
        await page.goto("/calls/1.1?at=3")
        await page.fill("input[name=username]", "pingjia")
        await page.fill("input[name=password]", "not this one")
        await page.press("input[name=password]", "Enter")
        await expect(page.get_by_role("alert")).to_contain_text("用户名或密码")
        await page.fill("input[name=password]", first)
        await page.press("input[name=password]", "Enter")
        await page.wait_for_url("**/password")
        await page.goto("/calls")
        await page.wait_for_url("**/password")
        chosen = "a long one of my own"
        for name, value in (("old", first), ("new", chosen), ("again", chosen)):
            await page.fill(f"input[name={name}]", value)
        await page.press("input[name=again]", "Enter")
        await page.wait_for_url("**/calls")
        rows = page.locator("tr.call")
        await expect(rows.filter(has_text="138****1003")).to_be_visible()
        await expect(page.locator("body")).not_to_contain_text("13800071003")
        await expect(page.get_by_role("link", name="运行状态")).to_have_count(0)


@pytest.mark.parametrize(("name", "title"), [("한국어", "전화"), ("English", "Calls")])
async def test_the_language_is_chosen_and_kept(hotline: Hotline, name: str, title: str) -> None:
    async with console(hotline.url) as page:
        await log_in(page, "admin", ADMIN_PASSWORD)
        await page.locator(".language").click()
        await page.get_by_role("option", name=name).click()
        await expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()


async def test_a_lost_hotline_is_told_and_found_again(hotline: Hotline) -> None:
    async with console(hotline.url) as page:
        await log_in(page, "admin", ADMIN_PASSWORD)
        link = page.get_by_role("status")
        await expect(link).to_have_text("实时")
        hotline.kill("controller")
        await expect(link).not_to_have_text("实时")
        await expect(link).to_have_text("实时", timeout=40_000)
