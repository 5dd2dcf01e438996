"""``hotline doctor`` without a hotline: each thing that can be wrong is found, nothing is made."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ivr.cli import checkup, hearing, network
from ivr.cli.checkup import Finding, Place, State
from ivr.cli.doctor import examine, line, verdict
from ivr.settings import Settings, load
from ticketing.service.accounts import Accounts
from ticketing.store.attempts import MemoryAttempts
from ticketing.store.database import Database

PROGRAMS = {"asterisk": "22.10.1", "redis": "7.0", "sipp": "3.8", "baresip": "1.1"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make(tmp_path)


def make(folder: Path, **env: str) -> Settings:
    home, cache = str(folder / "home"), str(folder / "cache")
    given = {"HOTLINE_HOME": home, "HOTLINE_CACHE": cache, "HOTLINE_SIP_PORT": str(sip_port())}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        given["HOTLINE_HTTP_PORT"] = str(probe.getsockname()[1])
    return load({**given, **env}, dotenv=folder / "no.env")


def sip_port() -> int:
    while True:
        with socket.socket() as tcp, socket.socket() as tls, socket.socket() as other:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                tls.bind(("127.0.0.1", port + 1))
                other.bind(("127.0.0.1", 0))
            except (OSError, OverflowError):
                continue
            return port


async def only(check: Callable[[Place], Awaitable[Finding]], settings: Settings) -> Finding:
    return await check(Place(settings, None, programs=PROGRAMS))


async def test_a_fresh_machine_is_not_broken_and_stays_fresh(settings: Settings) -> None:
    findings = {finding.check: finding for finding in await examine(settings)}
    assert findings["Hotline"].state is State.WARNING
    assert "make run" in findings["Hotline"].cure
    assert findings["Database"].text == "none yet; the first start makes it"
    for check in ("Python", "Prompts", "Home", "Cache", "Time", "SIP", "HTTP", "Exposure"):
        assert findings[check].state is State.GOOD, findings[check]
    assert not settings.home.exists()
    assert not settings.cache.exists()


@pytest.mark.parametrize(
    ("check", "name"), [(checkup.asterisk, "Asterisk"), (checkup.redis_, "Redis")]
)
async def test_a_missing_program_is_broken(
    check: Callable[[Place], Awaitable[Finding]],
    name: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ivr.toolbox.installed_asterisk", lambda given: None)
    found = await check(Place(settings, None, programs={}))
    assert (found.check, found.state) == (name, State.BROKEN)
    assert "make run" in found.cure


async def test_missing_phones_are_no_harm(settings: Settings) -> None:
    found = await checkup.phones(Place(settings, None, programs={**PROGRAMS, "sipp": None}))
    assert (found.state, found.cure) == (State.WARNING, "`make demo`")


@pytest.mark.parametrize(("version", "state"), [("6.1", State.GOOD), (None, State.WARNING)])
async def test_without_ffmpeg_recordings_stay_large(
    settings: Settings, version: str | None, state: State
) -> None:
    found = await hearing.recordings(Place(settings, None, programs={"ffmpeg": version}))
    assert found.state is state
    assert (version or "WAV") in found.text


async def test_an_asterisk_that_is_none_is_broken(tmp_path: Path) -> None:
    found = await only(checkup.asterisk, make(tmp_path, HOTLINE_ASTERISK="/bin/true"))
    assert found.state is State.BROKEN
    assert "/bin/true" in found.text


async def test_a_redis_that_is_away_is_broken(tmp_path: Path) -> None:
    found = await only(checkup.redis_, make(tmp_path, HOTLINE_REDIS_URL="redis://127.0.0.1:1"))
    assert found.state is State.BROKEN
    assert "HOTLINE_REDIS_URL" in found.cure


async def test_a_port_that_another_holds_is_broken_and_the_holder_named(
    settings: Settings,
) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", settings.http_port)
    async with server:
        found = {each.check: each for each in await network.ports(Place(settings, None))}
        ours = Place(settings, None, pids=frozenset({os.getpid()}))
        held = {each.check: each for each in await network.ports(ours)}
    assert found["HTTP"].state is State.BROKEN
    assert f"pid {os.getpid()}" in found["HTTP"].text
    assert "HOTLINE_HTTP_PORT" in found["HTTP"].cure
    assert found["SIP"].state is State.GOOD
    assert held["HTTP"].state is State.GOOD
    assert "held by this hotline" in held["HTTP"].text


async def test_an_address_of_another_machine_is_broken(tmp_path: Path) -> None:
    settings = make(tmp_path, HOTLINE_HTTP_HOST="203.0.113.7")
    found = {each.check: each for each in await network.ports(Place(settings, None))}
    assert found["HTTP"].state is State.BROKEN
    assert found["HTTP"].cure == "correct HOTLINE_HTTP_HOST"


async def test_few_ports_for_sound_are_told(tmp_path: Path) -> None:
    settings = make(tmp_path, HOTLINE_RTP_PORTS="20000-20039")
    found = {each.check: each for each in await network.ports(Place(settings, None))}
    assert found["Sound"].state is State.WARNING
    assert "10 calls" in found["Sound"].text


@pytest.mark.parametrize(
    ("env", "warnings"),
    [
        ({}, []),
        ({"HOTLINE_HTTP_HOST": "192.0.2.1"}, ["HTTP listens on 192.0.2.1"]),
        (
            {"HOTLINE_SIP_HOST": "192.0.2.1", "HOTLINE_TRUNK": "203.0.113.7"},
            ["SIP listens on 192.0.2.1"],
        ),
        ({"HOTLINE_TRUNK": "203.0.113.7"}, ["no carrier can reach SIP here"]),
        (
            {"HOTLINE_SIP_HOST": "192.0.2.1"},
            ["SIP is open, no carrier named", "SIP listens on 192.0.2.1"],
        ),
    ],
)
async def test_who_can_reach_us(tmp_path: Path, env: dict[str, str], warnings: list[str]) -> None:
    found = await network.exposure(Place(make(tmp_path, **env), None))
    assert [each.text for each in found if each.state is State.WARNING] == warnings


async def test_a_trunks_password_is_not_told(tmp_path: Path) -> None:
    settings = make(tmp_path, HOTLINE_TRUNK="register:user:hunter2@sip.example.org")
    assert "hunter2" not in repr(await network.exposure(Place(settings, None)))


async def test_a_home_that_cannot_be_made_is_broken(tmp_path: Path) -> None:
    (tmp_path / "file").touch(0o600)
    found = await only(checkup.home, make(tmp_path, HOTLINE_HOME=str(tmp_path / "file/home")))
    assert found.state is State.BROKEN


@pytest.mark.parametrize(
    ("free", "state"),
    [(10 << 20, State.BROKEN), (500 << 20, State.WARNING), (5 << 30, State.GOOD)],
)
async def test_room_on_the_disk(
    free: int, state: State, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def usage(path: Path) -> Any:
        return type("Usage", (), {"free": free})

    monkeypatch.setattr("shutil.disk_usage", usage)
    assert (await only(checkup.home, settings)).state is state


async def test_the_database_is_up_to_date_behind_or_too_new(settings: Settings) -> None:
    database = Database(settings.database_url)
    await database.migrate()
    await database.close()
    assert (await only(checkup.database, settings)).state is State.GOOD
    change(settings, "UPDATE alembic_version SET version_num = '9999'")
    newer = await only(checkup.database, settings)
    assert newer.state is State.BROKEN
    assert "newer" in newer.text
    change(settings, "DELETE FROM alembic_version")
    assert (await only(checkup.database, settings)).state is State.WARNING


async def test_a_database_that_does_not_answer_is_broken(tmp_path: Path) -> None:
    settings = make(tmp_path, HOTLINE_DATABASE_URL="postgresql://x:hunter2@127.0.0.1:1/hotline")
    found = await only(checkup.database, settings)
    assert found.state is State.BROKEN
    assert "hunter2" not in repr(found)


async def test_the_first_password_until_it_is_changed(settings: Settings) -> None:
    file = settings.home / "first-login.txt"
    assert (await only(checkup.first_login, settings)).state is State.GOOD
    database = Database(settings.database_url)
    await database.migrate()
    await Accounts(database, MemoryAttempts()).ensure_admin()
    await database.close()
    gone = await only(checkup.first_login, settings)
    assert "hotline users password admin" in gone.cure
    file.touch()
    assert "still the one in" in (await only(checkup.first_login, settings)).text
    change(settings, "UPDATE users SET must_change_password = 0")
    assert (await only(checkup.first_login, settings)).cure == f"rm {file}"
    file.unlink()
    assert (await only(checkup.first_login, settings)).state is State.GOOD


async def test_a_hotline_that_is_not_well_says_why(settings: Settings) -> None:
    checks = {"asterisk": {"ok": False, "reason": "manager link: down"}, "redis": {"ok": True}}
    found = await checkup.running(Place(settings, {"status": "degraded", "checks": checks}))
    assert (found.state, found.text) == (State.BROKEN, "runs, but asterisk: manager link: down")


@pytest.mark.parametrize(
    ("states", "state", "text"),
    [
        (["unavailable", "unavailable"], State.WARNING, "0 of 2 have a phone"),
        (["idle", "busy", "unavailable"], State.GOOD, "2 of 3 have a phone"),
        ([], State.WARNING, "0 of 0 have a phone"),
    ],
)
async def test_seats(states: list[str], state: State, text: str, settings: Settings) -> None:
    there = tuple({"number": str(8001 + n), "state": each} for n, each in enumerate(states))
    found = await checkup.seats(Place(settings, {"checks": {}}, there))
    assert (found.state, found.text) == (state, text)


def change(settings: Settings, statement: str) -> None:
    connection = sqlite3.connect(settings.home / "hotline.sqlite3")
    try:
        connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


def test_lines_for_people() -> None:
    good = Finding("Python", State.GOOD, "3.11")
    bad = Finding("HTTP", State.BROKEN, "taken", "stop it")
    assert line(good).split() == ["\x1b[32m\x1b[1m✓\x1b[0m", "Python", "3.11"]
    assert line(bad).split("\n")[1].split() == ["→", "stop", "it"]
    assert verdict([good]) == "\nAll is well."
    assert verdict([good, bad]) == "\n1 broken, 0 to look at."
