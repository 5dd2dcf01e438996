"""What ``hotline doctor`` looks at: one function for each matter, each tells what it found.

Nothing is fetched, made or changed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import redis.asyncio
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from redis.exceptions import RedisError
from sqlalchemy import Connection, make_url

from ivr import prepare, prompts, roster, toolbox
from ivr.asterisk_files import SOUNDS
from ivr.cli.control import Declined, NotRunning, ask, session
from ivr.errors import SetupError
from ivr.settings import Settings
from ticketing.domain.errors import TicketingError
from ticketing.service.accounts import ADMIN, Accounts
from ticketing.store.attempts import MemoryAttempts
from ticketing.store.database import Database

PATIENCE_SECONDS = 2.5
_GIB = 1 << 30
_LEAST_BYTES = 100 << 20
_LOW_BYTES = _GIB
_BYTES_AN_HOUR = 2 * 2 * 16_000 * 3600  # of a recorded call: two legs, 16 kHz, 16 bit


class State(StrEnum):
    """How a matter stands."""

    GOOD = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One matter; ``cure`` says what to do about it, empty when all is well."""

    check: str
    state: State
    text: str
    cure: str = ""


@dataclass(frozen=True)
class Place:
    """The hotline that is looked at.

    Attributes:
        health: what the running hotline says of itself, as ``GET /healthz``; None: none runs.
        seats: what it says of its seats.
        pids: processes of ours that may hold ports.
        programs: version of each program that is here (``toolbox.available``).
    """

    settings: Settings
    health: Mapping[str, Any] | None
    seats: tuple[Mapping[str, Any], ...] = ()
    pids: frozenset[int] = frozenset()
    programs: Mapping[str, str | None] = field(default_factory=dict)


async def survey(settings: Settings) -> Place:
    """Gather what several checks need."""
    health, seats, programs = await asyncio.gather(
        _health(settings), _seats(settings), asyncio.to_thread(_programs, settings)
    )
    return Place(settings, health, seats, _own_pids(settings), programs)


# --- programs ------------------------------------------------------------------------------
async def python(place: Place) -> Finding:
    """Which Python runs us."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", State.GOOD, f"{version} in {sys.prefix}")


async def asterisk(place: Place) -> Finding:
    """An Asterisk to run: where, which."""
    s = place.settings
    try:
        found = await asyncio.to_thread(toolbox.installed_asterisk, s.asterisk)
    except SetupError as problem:
        return Finding("Asterisk", State.BROKEN, str(problem), "correct HOTLINE_ASTERISK")
    if found is not None:
        return Finding("Asterisk", State.GOOD, f"{found.version}, {found.argv[0]}")
    version = place.programs.get("asterisk")
    if version is not None:
        return Finding("Asterisk", State.GOOD, f"{version}, fetched into {s.cache}")
    return Finding("Asterisk", State.BROKEN, "none is here", "`make run` fetches one")


async def redis_(place: Place) -> Finding:
    """A Redis server: the one named, or one to start."""
    s = place.settings
    if s.redis_url is None:
        version = place.programs.get("redis")
        if version is not None:
            return Finding("Redis", State.GOOD, f"{version}, started with the hotline")
        return Finding("Redis", State.BROKEN, "no server is here", "`make run` fetches one")
    client = redis.asyncio.Redis.from_url(s.redis_url, socket_connect_timeout=1, socket_timeout=1)
    try:
        info = await client.info("server")
    except (RedisError, OSError) as problem:
        name = type(problem).__name__
        return Finding(
            "Redis", State.BROKEN, f"no answer ({name})", "start it, or correct HOTLINE_REDIS_URL"
        )
    finally:
        await client.aclose()
    return Finding("Redis", State.GOOD, f"{info['redis_version']} answers")


async def phones(place: Place) -> Finding:
    """The simulated phones of demo and tests."""
    versions = {name: place.programs.get(name) for name in ("sipp", "baresip")}
    here = [f"{name} {version}" for name, version in versions.items() if version]
    if len(here) == len(versions):
        return Finding("Demo phones", State.GOOD, ", ".join(here))
    return Finding(
        "Demo phones", State.WARNING, "not here; only demo and tests need them", "`make demo`"
    )


async def sounds(place: Place) -> Finding:
    """Every prompt in every language."""
    problems = await asyncio.to_thread(prompts.check, SOUNDS)
    if not problems:
        languages = ", ".join(prompts.Language)
        return Finding("Prompts", State.GOOD, f"{len(prompts.P)} in each of {languages}")
    text = f"{len(problems)} cannot be used: {problems[0]}"
    return Finding("Prompts", State.BROKEN, text, "see `hotline prompts check`")


# --- state ---------------------------------------------------------------------------------
async def home(place: Place) -> Finding:
    """Where all state lives: may we write, is there room."""
    folder = place.settings.home
    there = _nearest(folder)
    if not os.access(there, os.W_OK | os.X_OK):
        cure = "let this user write there, or set HOTLINE_HOME to another folder"
        return Finding("Home", State.BROKEN, f"{folder} cannot be written", cure)
    free = shutil.disk_usage(there).free
    text = f"{folder}, {free / _GIB:.1f} GiB free: about {free // _BYTES_AN_HOUR} h of recordings"
    cure = "make room, or set HOTLINE_HOME to a larger disk"
    if free < _LEAST_BYTES:
        return Finding("Home", State.BROKEN, text, cure)
    if free < _LOW_BYTES:
        return Finding("Home", State.WARNING, text, cure)
    return Finding("Home", State.GOOD, text)


async def cache(place: Place) -> Finding:
    """Where fetched programs are kept."""
    folder = place.settings.cache
    if os.access(_nearest(folder), os.W_OK | os.X_OK):
        return Finding("Cache", State.GOOD, f"{folder}{'' if folder.exists() else ', still empty'}")
    text = f"{folder} cannot be written: nothing can be fetched into it"
    return Finding("Cache", State.WARNING, text, "set HOTLINE_CACHE to a folder of yours")


async def database(place: Place) -> Finding:
    """Whether the database answers and is up to date."""
    s = place.settings
    if not _made(s):
        return Finding("Database", State.GOOD, "none yet; the first start makes it")
    kind = make_url(s.database_url).get_backend_name()
    head = ScriptDirectory.from_config(_migrations()).get_current_head()
    async with _database(s) as base:
        try:
            await base.ping()
            async with base.engine.connect() as connection:
                at = await connection.run_sync(_revision)
        except (TicketingError, OSError) as problem:
            cure = "start it, or correct HOTLINE_DATABASE_URL"
            return Finding("Database", State.BROKEN, f"{kind}: {problem}", cure)
    if at == head:
        return Finding("Database", State.GOOD, f"{kind} at {at}, up to date")
    if at is None or _known(at):
        text = f"{kind} at {at or 'no step'}, the newest is {head}"
        return Finding("Database", State.WARNING, text, "the next start brings it up to date")
    text = f"{kind} at {at}, which this hotline does not know: a newer one made it"
    return Finding("Database", State.BROKEN, text, "use the newer hotline")


async def first_login(place: Place) -> Finding:
    """Whether the administrator's first password is still in force."""
    s = place.settings
    file = prepare.first_login(s)
    if not _made(s):
        return Finding("First password", State.GOOD, "made at the first start")
    try:
        async with _database(s) as base:
            users = await Accounts(base, MemoryAttempts()).list()
    except TicketingError:
        return Finding("First password", State.WARNING, "unknown: the database does not answer")
    pending = any(user.username == ADMIN and user.must_change_password for user in users)
    if pending and file.exists():
        cure = "log in as admin and change it"
        return Finding("First password", State.WARNING, f"still the one in {file}", cure)
    if pending:
        cure = "`hotline users password admin` makes another"
        return Finding("First password", State.WARNING, "not changed, and its file is gone", cure)
    if file.exists():
        return Finding("First password", State.WARNING, "changed; its file is left", f"rm {file}")
    return Finding("First password", State.GOOD, "changed")


async def clock(place: Place) -> Finding:
    """Time zone and roster on duty (T1)."""
    s = place.settings
    now = datetime.now(UTC)
    duty = roster.on_duty(now, s.timezone, s.night)
    local = f"{now.astimezone(s.timezone):%Y-%m-%d %H:%M}"
    return Finding("Time", State.GOOD, f"{s.timezone.key}, {local}, {duty} roster on duty")


# --- the running hotline -------------------------------------------------------------------
async def running(place: Place) -> Finding:
    """What the running hotline says of itself."""
    if place.health is None:
        text = "not running"
        return Finding("Hotline", State.WARNING, text, "`make run`, or `hotline serve`")
    bad = [
        f"{name}: {check.get('reason', 'no answer')}"
        for name, check in place.health["checks"].items()
        if not check["ok"]
    ]
    if bad:
        cure = f"see the logs in {place.settings.logs}"
        return Finding("Hotline", State.BROKEN, f"runs, but {'; '.join(bad)}", cure)
    return Finding("Hotline", State.GOOD, f"runs; {', '.join(place.health['checks'])} answer")


async def seats(place: Place) -> Finding:
    """How many seats have a phone."""
    if place.health is None:
        return Finding("Seats", State.GOOD, "known once the hotline runs")
    there = [s for s in place.seats if s.get("state", "unavailable") != "unavailable"]
    text = f"{len(there)} of {len(place.seats)} have a phone"
    if there:
        return Finding("Seats", State.GOOD, text)
    first = place.seats[0]["number"] if place.seats else None
    cure = f"register one: `hotline seats show {first}`" if first else "`hotline seats add 8001`"
    return Finding("Seats", State.WARNING, text, cure)


async def _health(settings: Settings) -> Mapping[str, Any] | None:
    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            session(settings) as client,
            client.get("/healthz") as answer,
        ):
            health: Mapping[str, Any] = await answer.json()
            return health
    return None


async def _seats(settings: Settings) -> tuple[Mapping[str, Any], ...]:
    with contextlib.suppress(NotRunning, Declined, TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            return tuple((await ask(settings, "GET", "/api/v1/seats"))["items"])
    return ()


def _programs(settings: Settings) -> Mapping[str, str | None]:
    try:
        return toolbox.available(settings.cache, given=settings.asterisk)
    except SetupError:  # HOTLINE_ASTERISK is wrong, which has a line of its own
        return {}


def _own_pids(settings: Settings) -> frozenset[int]:
    """Asterisk by its pid file, the controller by its control socket."""
    pids = set()
    with contextlib.suppress(OSError, ValueError, psutil.Error):
        pid = int((settings.run / "asterisk.pid").read_text("ascii"))
        if any(str(settings.asterisk_home) in word for word in psutil.Process(pid).cmdline()):
            pids.add(pid)
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        probe.connect(str(settings.control_socket))
        told = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pids.add(int.from_bytes(told[:4], sys.byteorder))
    return frozenset(pids)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())


def _made(settings: Settings) -> bool:
    """Whether there is a database; opening an SQLite file that is not there would make it."""
    url = make_url(settings.database_url)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


@contextlib.asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    base = Database(settings.database_url)
    try:
        yield base
    finally:
        await base.close()


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", "ticketing.store:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _known(revision: str) -> bool:
    try:
        return ScriptDirectory.from_config(_migrations()).get_revision(revision) is not None
    except CommandError:
        return False
