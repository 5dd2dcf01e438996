"""The worker of live captions and the controller's side of it, over a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from ivr.captions import Captions, CaptionState, Recorded
from speech import admission, live
from speech.live import Worker
from speech.ports import Engine, Segment
from speech.wire import Keys
from tests.hearing import ByPiece, ByPieceEngine, pieces
from tests.integration.api_world import World
from ticketing.domain.roles import Principal, Role

NODE = "test"
CALL = "hotline-1.0"
LACKING = {"zh": "no model of zh is here: `hotline models fetch vosk-model-small-cn-0.22`"}


class Exchange:
    """The calls there are, and a worker that can be stopped at any moment."""

    def __init__(self, url: str, recordings: Path) -> None:
        self.recordings = recordings
        self.calls: dict[str, Recorded] | None = {}
        self.told: list[dict[str, Any]] = []
        self.sitting: dict[str, str] = {}
        self.store = redis.Redis.from_url(url)
        self.captions = Captions(
            redis.asyncio.Redis.from_url(url, socket_timeout=2),
            NODE,
            calls=lambda: self.calls,
            seats=lambda _call: frozenset({"8001"}),
            seat_of=self.sitting.get,
            tell=self.told.append,
        )

    def begin(self, call: str, *, language: str = "ko", since: float = 0.0) -> None:
        assert self.calls is not None
        (self.recordings / call).mkdir()
        self.calls[call] = Recorded(call, language, since)

    def say(self, call: str, *words: int, leg: str = "citizen") -> None:
        with (self.recordings / call / f"{leg}.sln16").open("ab") as file:
            file.write(pieces(words))

    @contextlib.contextmanager
    def worker(self, engine: Engine | None = None, **options: Any) -> Iterator[None]:
        """A worker that runs; it is not given the time to end well."""
        stop = threading.Event()
        made = Worker(
            self.store,
            Keys(NODE),
            self.recordings,
            engine or ByPieceEngine(),
            LACKING,
            threads=2,
            **options,
        )
        thread = threading.Thread(target=made.run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def texts(self, call: str = CALL, leg: str = "citizen") -> list[str]:
        return [each.text for each in self.captions.of(call) if each.leg == leg]

    async def until(self, true: Callable[[], bool], timeout: float = 10.0) -> None:
        deadline = time.monotonic() + timeout
        while not true():
            assert time.monotonic() < deadline, (self.told, self.texts())
            await asyncio.sleep(0.02)


@pytest.fixture
async def exchange(redis_server: str, tmp_path: Path) -> AsyncIterator[Exchange]:
    made = Exchange(redis_server, tmp_path)
    made.store.flushall()
    task = asyncio.create_task(made.captions.run())
    yield made
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    made.store.flushall()
    made.store.close()
    await made.captions._redis.aclose()


async def test_both_legs_are_heard_apart_and_to_the_last_word(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STILL_SECONDS", 0.5)
    exchange.begin(CALL)
    with exchange.worker():
        exchange.say(CALL, 1, 2, 0, 0, 3)
        exchange.say(CALL, 7, 7, 0, 0, leg="agent")
        await exchange.until(lambda: exchange.texts() == ["1 2"])
        await exchange.until(lambda: exchange.texts(leg="agent") == ["7 7"])
        assert exchange.captions.state(CALL) is CaptionState.ON
        exchange.say(CALL, 4)
        exchange.calls = {}
        await exchange.until(lambda: exchange.texts() == ["1 2", "3 4"])
        await exchange.until(lambda: exchange.captions.state(CALL) is CaptionState.COMPLETE)
    segments = [segment for change in exchange.told for segment in change["segments"]]
    assert any(not each["final"] and each["text"].startswith("3") for each in segments)
    finals = [(each["leg"], each["seq"]) for each in segments if each["final"]]
    assert sorted(finals) == [("agent", 1), ("citizen", 1), ("citizen", 2)], "each is told once"


async def test_another_worker_goes_on_where_one_was_killed(exchange: Exchange) -> None:
    exchange.begin(CALL)
    for round_ in range(4):
        with exchange.worker():
            exchange.say(CALL, round_ + 1, 5, 0, 0, 9)
            await exchange.until(lambda wanted=round_ + 1: len(exchange.texts()) == wanted)
        exchange.say(CALL, 8)  # while nobody hears
    assert exchange.texts() == ["1 5", "9 8 2 5", "9 8 3 5", "9 8 4 5"]


async def test_redis_that_forgets_everything_costs_nothing(exchange: Exchange) -> None:
    exchange.begin(CALL)
    with exchange.worker():
        exchange.say(CALL, 1, 0, 0, 2, 0, 0)
        await exchange.until(lambda: exchange.texts() == ["1", "2"])
        exchange.store.flushall()
        exchange.say(CALL, 3, 0, 0)
        await exchange.until(lambda: exchange.texts() == ["1", "2", "3"])
    kept = exchange.store.lrange(Keys(NODE).text(CALL), 0, -1)
    assert len(kept) == 3, "the worker has told it all again"


async def test_a_controller_that_starts_anew_knows_what_was_said(
    exchange: Exchange, redis_server: str
) -> None:
    exchange.begin(CALL)
    with exchange.worker():
        exchange.say(CALL, 1, 0, 0)
        await exchange.until(lambda: exchange.texts() == ["1"])
        second = Exchange(redis_server, exchange.recordings)
        second.calls = None  # it does not know the calls yet, and ends none
        task = asyncio.create_task(second.captions.run())
        try:
            exchange.say(CALL, 2, 0, 0)
            await exchange.until(lambda: exchange.texts() == ["1", "2"])
            second.calls = exchange.calls
            await second.until(lambda: second.texts() == ["1", "2"])
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await second.captions._redis.aclose()
            second.store.close()


async def test_why_a_call_has_no_captions(exchange: Exchange) -> None:
    captions = exchange.captions
    assert captions.state(CALL) is None
    exchange.begin(CALL, language="zh")
    await exchange.until(lambda: captions.state(CALL) is CaptionState.AWAY)
    assert "does not answer" in (await captions.health() or "")
    with exchange.worker():
        await exchange.until(lambda: captions.state(CALL) is CaptionState.NO_MODEL)
        assert captions.why(CALL) == LACKING["zh"]
        assert await captions.health() is None, "nobody asked for Chinese"
    engine = ByPieceEngine()
    exchange.begin("hotline-2.0", language="en")
    with exchange.worker(engine):  # it finds out at the first sound
        exchange.say("hotline-2.0", 1, 2, 3)
        await exchange.until(lambda: captions.state("hotline-2.0") is CaptionState.NO_MODEL)
        assert "no model of en" in (await captions.health() or "")


async def test_when_the_machine_is_full_the_longest_calls_go_first(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "HOLD_SECONDS", 0.5)
    monkeypatch.setattr(admission, "FEWEST", 2)
    ids = [f"hotline-{number}.0" for number in range(3)]
    for number, call in enumerate(ids):
        exchange.begin(call, since=100.0 - number)  # the last one has lasted longest
        exchange.say(call, *([1] * 400))
    given_back: list[Sequence[Segment]] = []

    class Lent(ByPiece):
        def finish(self) -> Sequence[Segment]:
            given_back.append(super().finish())
            return given_back[-1]

    class Lender(ByPieceEngine):
        def stream(self, language: str) -> ByPiece:
            return Lent(slow=0.2)

    with exchange.worker(Lender()):
        await exchange.until(
            lambda: exchange.captions.state(ids[1]) is CaptionState.BUSY, timeout=20
        )
        assert exchange.captions.state(ids[2]) is CaptionState.BUSY
        assert exchange.captions.state(ids[0]) is CaptionState.ON
        assert "the machine is full" in (await exchange.captions.health() or "")
        await exchange.until(lambda: len(given_back) == 2)  # others may have the recognisers
    with exchange.worker():  # the next one keeps to it
        await exchange.until(lambda: exchange.captions.state(ids[0]) is CaptionState.ON)
        exchange.say(ids[0], 0, 0)
        await exchange.until(lambda: len(exchange.texts(ids[0])) == 1)
        assert exchange.captions.state(ids[1]) is CaptionState.BUSY


async def test_who_may_read_along(exchange: Exchange) -> None:
    exchange.sitting["li"] = "8001"
    exchange.sitting["wang"] = "8002"
    may = exchange.captions.may_read
    assert may(Principal("boss", frozenset({Role.MANAGER})), CALL)
    assert may(Principal("li", frozenset({Role.AGENT})), CALL), "it is this agent's call"
    assert not may(Principal("wang", frozenset({Role.AGENT})), CALL)
    assert not may(Principal("guest", frozenset({Role.EVALUATOR})), CALL), "numbers are being said"
    message = {"segments": [{"call": CALL, "text": "…"}], "seq": 3}
    shown = exchange.captions.shown_to
    assert shown(Principal("li", frozenset({Role.AGENT})), message) == message
    assert shown(Principal("wang", frozenset({Role.AGENT})), message)["segments"] == []


async def test_captions_over_http(world: World) -> None:
    world.exchange.talk(CALL, "8001")
    path = f"/api/v1/calls/{CALL}/captions"
    admin, agent = await world.token(), await world.token(Role.AGENT)
    assert (await world.call("GET", path, admin))[0] == 404
    world.recorded[CALL] = Recorded("20261122/x", "ko", 0.0)
    with contextlib.suppress(redis.RedisError, OSError):
        await world.captions._renew()
    status, shown = await world.call("GET", path, admin)
    assert (status, shown["state"], shown["items"]) == (200, "away", [])
    assert (await world.call("GET", path, agent))[0] == 403
