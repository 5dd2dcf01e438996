"""The API served for a test: real HTTP, a real database, a clock that the test turns."""

from __future__ import annotations

import asyncio
import json
import wave
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import redis.asyncio
from aiohttp import ClientResponse, CookieJar, DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ivr.ami import Ami
from ivr.api import ApiServices, Broadcast, build_api
from ivr.asterisk_files import SOUNDS
from ivr.callbacks import CallingBack
from ivr.captions import Captions, Recorded
from ivr.conference import Conference
from ivr.dispatch_calls import DispatchCalling
from ivr.floor import Floor
from ivr.handing_on import HandingOn
from ivr.lines import CityLines
from ivr.live import Live
from ivr.outward import Outward
from ivr.ownprompts import OwnPrompts
from ivr.probing import Probing
from ivr.surge import Surging
from ivr.thirds import Thirds
from speech.recording import join
from tests.integration.fake_exchange import FakeExchange
from tests.integration.samples import ARRIVED
from ticketing.assist.model import Shelf
from ticketing.domain.dispatch_calls import DispatchRules
from ticketing.domain.roles import Role
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.accounts import Accounts
from ticketing.service.callbacks import Callbacks
from ticketing.service.dispatch_calls import DispatchCalls
from ticketing.service.duties import Duties
from ticketing.service.models import Models
from ticketing.service.nuisance import Nuisance
from ticketing.service.orders import Orders
from ticketing.service.outward import OutwardCalls
from ticketing.service.passwords import Passwords
from ticketing.service.probes import Probes
from ticketing.service.seats import Seats
from ticketing.service.shifts import Shifts
from ticketing.service.skills import Skills
from ticketing.service.surges import Surges
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
        self.recorded: dict[str, Recorded] = {}
        self.captions = Captions(
            redis.asyncio.Redis(unix_socket_path="/nonexistent", retry=Retry(NoBackoff(), 0)),
            "test",
            calls=lambda: self.recorded,
            seats=lambda call: self.exchange.board.parties(call),
            seat_of=self.desk.seat_of,
            tell=self.live.publish,
        )
        self.applied = 0
        self.changed: list[str] = []
        self.apply_error: Exception | None = None
        self.control = self.exchange.control(self.desk, self.shifts)
        conference, outward = self._conference()
        worlds = SqlWorlds(database, load_packs(), load_calendar(), ZONE, city="yanji")
        probes = Probes(database, worlds, b"test", self.office_clock)
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
            worlds=worlds,
            attachments=recordings.with_name("attachments"),
            desk=self.desk,
            control=self.control,
            conference=conference,
            handing_on=HandingOn(self.control.steering, conference.thirds, outward, self.shifts),
            duties=Duties(database, ZONE, self.office_clock),
            shifts=self.shifts,
            models=Models(Shelf(recordings.with_name("assist"))),
            prompts=OwnPrompts(
                recordings.with_name("prompts"), SOUNDS, recordings.with_name("played")
            ),
            calling_back=self._calling_back(),
            surging=Surging(
                Surges(database, Orders(database, self._worlds(), self.office_clock)),
                self.live.publish,
            ),
            floor=Floor(self.control.steering, conference, self.shifts, lambda _call, _queue: 1),
            skills=Skills(
                database, CityLines(load_packs(), "yanji", ZONE).queues, ZONE, self.office_clock
            ),
            dispatch_calling=self._dispatch_calling(outward, worlds),
            captions=self.captions,
            public_attempts=MemoryAttempts(limit=1000, clock=self.clock.seconds),
            probes=probes,
            probing=Probing(probes, outward, lambda: self.exchange.board, open=True),
            nuisance=Nuisance(database, CityLines(load_packs(), "yanji", ZONE).nuisance, ZONE),
            now=self.office_clock,
        )

    def _calling_back(self) -> CallingBack:
        lines = CityLines(load_packs(), "yanji", ZONE)
        calls = OutwardCalls(self.database, lines.outbound, ZONE, self.office_clock)
        exchange = cast(Ami, self.exchange)
        return CallingBack(
            Callbacks(self.database, lines.callbacks, ZONE, self.office_clock),
            Outward(exchange, calls, lambda: self.exchange.board, open=True),
            cast(Live, self.live),
            queue_of=lambda queue: queue,
            alive=self._nobody,
            told=self._nothing,
            open=True,
        )

    def _dispatch_calling(self, outward: Outward, worlds: SqlWorlds) -> DispatchCalling:
        orders = Orders(self.database, worlds, self.office_clock)
        duties = Duties(self.database, ZONE, self.office_clock)
        listed = DispatchCalls(
            self.database,
            orders,
            worlds,
            duties.responsible,
            rules=DispatchRules,
            node="test",
            now=self.office_clock,
        )
        return DispatchCalling(listed, outward, cast(Live, self.live), now=self.office_clock)

    def _conference(self) -> tuple[Conference, Outward]:
        lines = CityLines(load_packs(), "yanji", ZONE)
        calls = OutwardCalls(self.database, lines.outbound, ZONE, self.office_clock)
        outward = Outward(cast(Ami, self.exchange), calls, lambda: self.exchange.board, open=True)
        thirds = Thirds(
            self.control.steering,
            outward,
            on_call=Duties(self.database, ZONE, self.office_clock).on_call,
            plan=lines.plan,
            today=lambda: self.office_clock().astimezone(ZONE).date(),
            last_leg=lambda _call: 0,
            ring_seconds=5,
        )
        made = Conference(self.control.steering, thirds, self.shifts)
        self.exchange.watchers.append(made.take)
        return made, outward

    def _worlds(self) -> SqlWorlds:
        return SqlWorlds(self.database, load_packs(), load_calendar(), ZONE, city="yanji")

    async def _nobody(self) -> set[str]:
        return set()

    async def _nothing(self, _call: str) -> bool:
        return True

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
