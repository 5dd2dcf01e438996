"""The console as a person has it: Chromium without a window, led by Playwright."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pylopdf_fonts_ko
import pylopdf_fonts_zh_cn
from playwright.async_api import Page, async_playwright, expect

from tests import tools

_FLAGS = (
    "--no-sandbox",  # which root cannot have, nor who may not make namespaces
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",
)
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>{folders}<cachedir>{cache}</cachedir></fontconfig>
"""
PATIENCE = 20_000.0  # milliseconds that something may take to appear


@asynccontextmanager
async def console(url: str, *, width: int = 1280, height: int = 900) -> AsyncIterator[Page]:
    """A browser with the console open; what goes wrong in the page fails the test.

    Args:
        url: of the hotline.
    """
    program = await asyncio.to_thread(tools.browser)
    folder = Path(tempfile.mkdtemp(prefix="console-"))
    try:
        start = folder / "chromium"
        start.write_text(f'#!/bin/sh\nexec {shlex.join(program.argv)} "$@"\n', "utf-8")
        start.chmod(0o755)
        wrong: list[str] = []
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=start,
                args=list(_FLAGS),
                env={"FONTCONFIG_FILE": str(_fonts(folder, program)), "HOME": str(folder)},
            )
            page = await browser.new_page(
                base_url=url,
                viewport={"width": width, "height": height},
                timezone_id="Asia/Shanghai",
                locale="zh-CN",
            )
            page.set_default_timeout(PATIENCE)
            expect.set_options(timeout=PATIENCE)
            page.on("pageerror", lambda error: wrong.append(f"{error}"))
            page.on(
                "console",
                lambda told: wrong.append(told.text) if "Content Security" in told.text else None,
            )
            try:
                yield page
            except BaseException:
                print("--- the page", await page.inner_text("body"), *wrong, sep="\n")
                raise
            finally:
                await browser.close()
        assert not wrong, wrong
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _fonts(folder: Path, program: tools.Program) -> Path:
    """Letters for all of the console's languages."""
    places = [
        (program.root or Path("/")) / "usr/share/fonts",
        Path(pylopdf_fonts_zh_cn.__file__).parent,
        Path(pylopdf_fonts_ko.__file__).parent,
    ]
    folders = "".join(f"<dir>{place}</dir>" for place in places)
    file = folder / "fonts.conf"
    file.write_text(_FONTS.format(folders=folders, cache=folder / "fonts"), "utf-8")
    return file


async def log_in(page: Page, username: str, password: str) -> None:
    """Log in at the first page."""
    await page.goto("/")
    await page.fill("input[name=username]", username)
    await page.fill("input[name=password]", password)
    await page.press("input[name=password]", "Enter")
    await page.wait_for_url(lambda url: "/login" not in url)
