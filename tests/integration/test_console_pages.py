"""The console's pages as they are served: what is given, and to which addresses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from ivr.api.console import add_console
from ivr.settings import PROJECT

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    (tmp_path / "dist/assets").mkdir(parents=True)
    (tmp_path / "dist/index.html").write_text("<!doctype html>the console")
    (tmp_path / "dist/assets/index-1a2b.js").write_text("run()")
    (tmp_path / "secret").write_text("not for you")
    return tmp_path / "dist"


@pytest_asyncio.fixture
async def client(pages: Path) -> AsyncIterator[Client]:
    app = web.Application()
    add_console(app, pages)
    async with TestClient(TestServer(app)) as client:
        yield client


ROUTER = (PROJECT / "web/src/router.ts").read_text("utf-8")
ADDRESSES = sorted(
    {path.replace(":id", "1763.12") for path in re.findall(r'path: "(/[a-z/:]*)"', ROUTER)}
)


@pytest.mark.parametrize("path", ADDRESSES)
async def test_each_address_within_it_gives_its_page(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert await answer.text() == "<!doctype html>the console"
        policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


async def test_assets_are_kept_by_browsers(client: Client) -> None:
    async with client.get("/assets/index-1a2b.js") as answer:
        assert (answer.status, await answer.text()) == (200, "run()")
        assert "immutable" in answer.headers["Cache-Control"]
        assert "javascript" in answer.content_type


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../index.html",
        "/assets/..%2F..%2Fsecret",
        "/assets/%2e%2e/%2e%2e/secret",
        "/assets/",
        "/assets/other.js",
        "/callsign",
        "/calls/1/2",
        "/secret",
    ],
)
async def test_nothing_else_is_given(client: Client, path: str) -> None:
    async with client.get(URL(path, encoded=True)) as answer:
        assert answer.status == 404
        assert "not for you" not in await answer.text()


async def test_without_pages_it_is_said_what_to_do(tmp_path: Path) -> None:
    app = web.Application()
    add_console(app, tmp_path / "none")
    async with TestClient(TestServer(app)) as client, client.get("/") as answer:
        assert answer.status == 200
        told = await answer.text()
        assert "make run" in told
        assert "hotline watch" in told
        assert "script" not in answer.headers["Content-Security-Policy"]
