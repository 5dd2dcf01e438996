"""The API served for a test: real HTTP, a real database, a clock that the test turns."""

from __future__ import annotations

import asyncio
import json
import wave
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import ClientResponse, CookieJar, DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from ivr.api import ApiServices, Broadcast, build_api
from speech.recording import join
from tests.integration.fake_exchange import FakeExchange
from tests.integration.samples import ARRIVED
from ticketing.domain.roles import Role
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.accounts import Accounts
from ticketing.service.passwords import Passwords
from ticketing.service.seats import Seats
from ticketing.service.shifts import Shifts
from ticketing.service.worlds import SqlWorlds
from ticketing.store.attempts import MemoryAttempts
from ticketing.store.database import Database

ADMIN_PASSWORD = "correct horse"
ZONE = ZoneInfo("Asia/Shanghai")


def fast_passwords() -> Passwords:
    """A hasher too weak for anything but tests."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Clock:
    """Stands still until it is turned."""

    now: datetime = ARRIVED

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


class _NoisySet(set[Any]):
    """A set that tells when something is put in or taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def add(self, item: Any) -> None:
        super().add(item)
        self.changed.set()

    def discard(self, item: Any) -> None:
        super().discard(item)
        self.changed.set()


@dataclass
class FakeLive(Broadcast):
    """Live state that the test sets."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    seats: list[dict[str, Any]] = field(default_factory=list)
    queues: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._subscribers = self._noisy = _NoisySet()

    def snapshot(self) -> dict[str, Any]:
        return {"seq": self.seq, "calls": self.calls, "seats": self.seats, "queues": self.queues}

    async def watchers(self, count: int) -> None:
        """Wait, for at most 5 s, until so many are subscribed."""
        async with asyncio.timeout(5):
            while len(self) != count:
                self._noisy.changed.clear()
                await self._noisy.changed.wait()


class World:
    """The API and all around it."""

    def __init__(self, database: Database, recordings: Path) -> None:
        self.database = database
        self.recordings = recordings
        self.clock = Clock()
        self.office_clock = Clock()  # that of the work orders; turned alone, nobody is logged out
        self.live = FakeLive()
        self.attempts = MemoryAttempts(clock=self.clock.seconds)
        self.accounts = Accounts(database, self.attempts, fast_passwords(), self.clock)
        self.seats = Seats(database, self.clock)
        self.health: dict[str, Any] = {}
        self.beside: dict[str, Any] = {}
        self.exchange = FakeExchange()
        self.shifts = Shifts(database, ZONE, self.office_clock)
        self.desk = self.exchange.desk(self.shifts, self.office_clock)
        self.applied = 0
        self.changed: list[str] = []
        self.apply_error: Exception | None = None
        self.services = ApiServices(
            database=database,
            accounts=self.accounts,
            live=self.live,
            recordings=recordings,
            join=join,
            health=self.health,
            beside=self.beside,
            apply_seats=self._apply,
            password_changed=self.changed.append,
            version="1.2.3",
            worlds=SqlWorlds(database, load_packs(), load_calendar(), ZONE, city="yanji"),
            attachments=recordings.with_name("attachments"),
            desk=self.desk,
            control=self.exchange.control(self.desk, self.shifts),
            shifts=self.shifts,
            public_attempts=MemoryAttempts(limit=1000, clock=self.clock.seconds),
            now=self.office_clock,
        )

    async def open(self) -> None:
        await self.accounts.ensure_admin(ADMIN_PASSWORD)
        self.recordings.mkdir()
        self.exchange.link(self.desk, "8001", "8002", "8009")
        self.client = TestClient(TestServer(build_api(self.services)), cookie_jar=DummyCookieJar())
        await self.client.start_server()

    async def close(self) -> None:
        await self.client.close()

    async def _apply(self) -> None:
        self.applied += 1
        if self.apply_error is not None:
            raise self.apply_error

    async def token(self, *roles: Role, unit: str = "") -> str:
        """A session of a user of ``unit`` with these roles (of ``admin`` without any)."""
        name, password = "admin", ADMIN_PASSWORD
        if roles:
            name = "-".join(("user", *roles, unit)).strip("-")
            _, first = await self.accounts.create("test", name, roles, unit)
            opened = await self.accounts.login(name, first, "test")
            password = f"{name} has a long one"
            await self.accounts.change_password(opened.token, first, password, "test")
        return (await self.accounts.login(name, password, "test")).token

    async def call(
        self, method: str, path: str, token: str = "", **options: Any
    ) -> tuple[int, Any]:
        """One request; gives status and JSON (or bytes)."""
        headers = {**options.pop("headers", {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        async with self.client.request(method, path, headers=headers, **options) as response:
            return response.status, await decoded(response)

    def browser(self) -> TestClient[Any, Any]:
        """A client that keeps cookies, on the same server."""
        return TestClient(self.client.server, cookie_jar=CookieJar(unsafe=True))

    def write_recording(self, folder: str) -> bytes:
        """A second of sound in both legs; gives the file's bytes."""
        file = self.recordings / folder / "stereo.wav"
        file.parent.mkdir(parents=True)
        with wave.open(str(file), "wb") as sound:
            sound.setnchannels(2)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(range(256)) * 125)
        return file.read_bytes()


async def decoded(response: ClientResponse) -> Any:
    """The body: JSON as objects, anything else as bytes, nothing as None."""
    raw = await response.read()
    if not raw:
        return None
    return json.loads(raw) if response.content_type == "application/json" else raw
