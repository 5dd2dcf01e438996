"""The queue: who waits where, who is rung, and when (T1)."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

import numpy as np
import pytest
import pytest_asyncio

from ivr.demo.phones import SeatPhones
from ivr.demo.sipp import Citizen
from ivr.demo.sound import has_tone, read_sound
from ivr.journal import parse, seat_of
from ivr.numerals import cardinal, count
from ivr.prompts import Language, P
from ivr.queuelog import parse as parse_queue_log
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.listening import opening, said
from tests.e2e.watching import Picture, Watcher
from tests.sound import find, hears_in_order, prompt

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
WRAP_UP_SECONDS = 4
RING_SECONDS = 5
SEATS = tuple(str(number) for number in range(8001, 8021))
MOMENTS = ((P.ALL_BUSY, 0.5), (P.POSITION_BEFORE, 0.3), (P.POSITION_AFTER, 1.5))
"""When a caller presses a key: so many seconds after a prompt began."""
CITIZENS = tuple(f"138000200{number:02}" for number in range(30))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline(
        HOTLINE_NIGHT_HOURS="00:00-00:00",  # never
        HOTLINE_WRAP_UP_SECONDS=str(WRAP_UP_SECONDS),
        HOTLINE_RING_SECONDS=str(RING_SECONDS),
    ) as running:
        yield running
        reconciled = await running.cli("calls", "reconcile")
        assert " 0 disagreements" in reconciled, reconciled


def told(citizen: Citizen, position: int, minutes: int, language: Language = Language.ZH) -> None:
    """The citizen was told this wait and this place, in this language, and each of them once.

    The reception says the wait, and then Asterisk's queue the place.
    """
    wait = (P.WAIT_BEFORE, *count(minutes, language), P.MINUTE_AFTER)
    where = (P.POSITION_BEFORE, *cardinal(position, language), P.POSITION_AFTER)
    pieces = (P.ALL_BUSY, *wait, *((P.YOU_ARE_FIRST,) if position == 1 else where))
    heard = citizen.voice.heard()
    hears_in_order(heard, *(prompt(piece, language) for piece in pieces))
    for piece in (P.WAIT_BEFORE, P.POSITION_BEFORE, P.YOU_ARE_FIRST):
        assert times_said(heard, prompt(piece, language)) == (piece in pieces), piece


def times_said(heard: Sequence[int], what: np.ndarray) -> int:
    """How often a prompt was heard."""
    at, times = find(heard, what), 0
    while at is not None:
        at, times = find(heard, what, at + 0.5), times + 1
    return times


def position_told(citizen: Citizen) -> int | None:
    """The place from 2 to 10 that the citizen was told; None when there was none to be heard.

    So many phones at once may be too much for the machine: some sound has gaps then.
    """
    heard = citizen.voice.heard()
    before = find(heard, prompt(P.POSITION_BEFORE))
    after = find(heard, prompt(P.POSITION_AFTER))
    if before is None or after is None:
        return None
    start = before + len(prompt(P.POSITION_BEFORE)) / 8000 - 0.1
    said = heard[: round((after + 0.1) * 8000)]
    places = [n for n in range(2, 11) if find(said, prompt(P(f"n{n}")), start) is not None]
    return places[0] if len(places) == 1 else None


async def test_who_waits_is_told_the_place_and_the_wait(hotline: Hotline) -> None:
    """One seat: 180 s a call until the hotline knows better, and the wrap-up, for each place."""
    talking, second, third, korean = (hotline.citizen(f"1380002010{n}") for n in range(1, 5))
    async with hotline.seats("8001") as seats, Watcher(hotline) as board, AsyncExitStack() as line:
        await line.enter_async_context(talking)
        await to_the_queue(talking)
        await seats["8001"].talking(20)
        for citizen, language in ((second, "1"), (third, "1"), (korean, "2")):
            await line.enter_async_context(citizen)
            await to_the_queue(citizen, language)
        order = ["13800020102", "13800020103", "13800020104"]
        await board.until(lambda now: now.waiting() == order, "queue of three", 30)
        at = await said(korean.voice, opening(P.POSITION_AFTER, Language.KO, 0.4))
        await heard_until(korean, at + 2)
        await leave_a_message(korean)
        await board.until(lambda now: now.waiting() == order[:2], "queue of two")
    told(second, 1, 4)
    told(third, 2, 7)
    told(korean, 3, 10, Language.KO)
    record = await hotline.record("13800020104")
    assert (record["outcome"], record["menu"]) == ("message_left", "2>1")
    assert (record["language"], record["queue"]) == ("ko", "reception")
    samples, rate = read_sound(hotline.home / "recordings" / record["message"])
    assert has_tone(samples, rate, 440)
    for caller in ("13800020102", "13800020103"):
        assert (await hotline.record(caller))["outcome"] == "abandoned_in_queue"


@pytest.mark.parametrize(("during", "after"), MOMENTS)
async def test_one_may_leave_a_message_at_any_moment(
    hotline: Hotline, during: P, after: float
) -> None:
    """While the reception tells of the wait, while Asterisk's queue says the place, and later."""
    callers = [f"13800021{MOMENTS.index((during, after))}0{n}" for n in range(3)]
    talking, waiting, leaving = (hotline.citizen(caller) for caller in callers)
    async with hotline.seats("8001") as seats, Watcher(hotline) as board, AsyncExitStack() as line:
        await line.enter_async_context(talking)
        await to_the_queue(talking)
        await seats["8001"].talking(20)
        await line.enter_async_context(waiting)
        await to_the_queue(waiting)
        await board.until(lambda now: len(now.waiting()) == 1, "one who waits")
        await line.enter_async_context(leaving)
        await to_the_queue(leaving)
        heard = await said(leaving.voice, opening(during, seconds=0.4))
        await heard_until(leaving, heard + after)
        await leave_a_message(leaving)
    assert (await hotline.record(callers[2]))["outcome"] == "message_left"


async def heard_until(citizen: Citizen, seconds: float) -> None:
    """Wait until so many seconds were heard."""

    async def look() -> bool:
        return citizen.voice.heard_seconds >= seconds

    await eventually(look, f"{seconds:.1f} s of sound")


async def leave_a_message(citizen: Citizen) -> None:
    """Rather than wait."""
    await citizen.press("3")
    await citizen.hears(1000, seconds=0.2, timeout=30)
    await citizen.say(440, 3.0)
    await citizen.press("#")
    await citizen.wait(30)


async def test_no_answer_rings_on(hotline: Hotline) -> None:
    async with (
        hotline.seats("8003", answer="manual") as away,
        hotline.seats("8001") as there,
        hotline.citizen("13800020201") as citizen,
    ):
        await to_the_queue(citizen)
        await away["8003"].ringing(20)
        await there["8001"].talking(RING_SECONDS + 10)
        await away["8003"].idle()
        await citizen.hang_up()
    record = await hotline.record("13800020201")
    assert (record["outcome"], record["seat"]) == ("answered", "8001")


async def test_a_seat_is_left_in_peace_after_a_call(hotline: Hotline) -> None:
    async with (
        hotline.seats("8002") as seats,
        Watcher(hotline) as board,
        hotline.citizen("13800020301") as first,
    ):
        await to_the_queue(first)
        await seats["8002"].talking(20)
        async with hotline.citizen("13800020302") as second:
            await to_the_queue(second)
            await board.until(lambda now: now.waiting() == ["13800020302"], "a caller who waits")
            await seats["8002"].hangup()
            await board.seat("8002", "wrap_up")
            await seats["8002"].talking(20)
            await board.seat("8002", "busy")
            await second.hang_up()
    states = [each.seats["8002"]["state"] for each in board.past if "8002" in each.seats]
    changes = [state for state, _ in itertools.groupby(states) if state in {"busy", "wrap_up"}]
    assert changes[:3] == ["busy", "wrap_up", "busy"]
    first_stay, second_stay = stays(hotline)["8002"]
    pause = (second_stay[0] - first_stay[1]).total_seconds()
    assert WRAP_UP_SECONDS - 1 < pause < WRAP_UP_SECONDS + 3, pause


async def test_twenty_seats_and_thirty_calls_at_once(hotline: Hotline) -> None:
    async with hotline.seats(*SEATS) as seats, Watcher(hotline) as board:
        citizens = [hotline.citizen(caller) for caller in CITIZENS]
        try:
            await asyncio.gather(*(citizen.start() for citizen in citizens))
            await asyncio.gather(*(to_the_queue(citizen) for citizen in citizens))
            full = await board.until(
                lambda now: len(now.talking()) == 20 and len(now.waiting()) == 10,
                "20 who talk and 10 who wait",
                60,
            )
            await the_same_everywhere(hotline, board)
            await everybody_is_answered(seats, board, full)
        finally:
            await asyncio.gather(*(citizen.stop() for citizen in citizens))
        await board.until(lambda now: not now.calls, "the end of all calls")
        records = [await hotline.record(caller) for caller in CITIZENS]
        assert " 0 disagreements" in await hotline.cli("calls", "reconcile")
        await the_longest_idle_is_next(hotline, seats, board)
    taken = places_taken(hotline)
    heard = {c: position_told(citizen) for c, citizen in zip(CITIZENS, citizens, strict=True)}
    places = {caller: place for caller, place in heard.items() if place is not None}
    for caller, place in places.items():  # some may have moved up before it was said
        assert place <= taken[caller], f"{caller} was told a place further back: {places}, {taken}"
    assert len(places) >= 5, heard
    assert {record["outcome"] for record in records} == {"answered"}
    assert len({record["id"] for record in records}) == 30
    for picture in board.past:
        talking = [seat for call in picture.calls.values() for seat in call["seats"]]
        assert len(talking) == len(set(talking)), "a seat with two calls"
        assert all(len(call["seats"]) <= 1 for call in picture.calls.values()), "answered twice"
    for seat, intervals in stays(hotline).items():
        for (_, end), (begin, _) in itertools.pairwise(sorted(intervals)):
            assert end <= begin, f"{seat} was rung for two calls"
    lines = [parse_queue_log(line) for line in queue_log(hotline)]
    connected = [row.call for row in lines if row is not None and row.event == "CONNECT"]
    assert len(connected) == len(set(connected)), "answered twice"


async def the_same_everywhere(hotline: Hotline, board: Watcher) -> None:
    """HTTP and the WebSocket show the same picture."""

    async def same() -> bool:
        seats = {seat["number"]: seat for seat in (await hotline.get("/api/v1/seats"))["items"]}
        queues = {queue["name"]: queue for queue in (await hotline.get("/api/v1/queues"))["items"]}
        shown = ("number", "state", "since", "call")
        cut = {number: {key: seat[key] for key in shown} for number, seat in seats.items()}
        return cut == board.now.seats and queues == board.now.queues

    await eventually(same, "picture that is the same over HTTP and WebSocket")


async def everybody_is_answered(seats: SeatPhones, board: Watcher, full: Picture) -> None:
    """Ten seats hang up, and answer who waits, in their order."""
    waiting = full.waiting()
    busy = [seat for call in full.calls.values() for seat in call["seats"]]
    assert len(set(busy)) == 20
    for seat in busy[:10]:
        await seats[seat].hangup()
    after = await board.until(
        lambda now: not now.waiting() and len(set(waiting) & set(now.talking())) == 10,
        "answer for all who waited",
        40,
    )
    taken = {seat for caller in waiting for seat in after.of(caller)["seats"]}
    assert taken == set(busy[:10])


async def the_longest_idle_is_next(hotline: Hotline, seats: SeatPhones, board: Watcher) -> None:
    """Of all seats the one whose last call is over for the longest time is rung."""
    await board.until(
        lambda now: {seat["state"] for seat in now.seats.values()} == {"idle"}, "idle seats"
    )
    rested: dict[str, float] = {}
    for line in queue_log(hotline):
        row = parse_queue_log(line)
        if row is not None and row.event.startswith("COMPLETE"):
            rested[row.member] = row.at
    assert rested.keys() == set(SEATS)
    longest = {seat for seat, at in rested.items() if at == min(rested.values())}
    async with hotline.citizen("13800020401") as citizen:
        await to_the_queue(citizen)
        shown = await board.until(lambda now: bool(now.talking()), "an answer")
        await citizen.hang_up()
    assert shown.of("13800020401")["seats"][0] in longest


async def test_the_night_roster_in_turn() -> None:
    """At night only the seats of the rosters ``all`` and ``night`` ring; here, in turn."""
    async with Hotline(
        HOTLINE_NIGHT_HOURS="00:00-23:59:59.999999", HOTLINE_QUEUE_STRATEGY="round-robin"
    ) as night:
        await night.cli("seats", "set", "8002", "--roster", "night")
        await night.cli("seats", "set", "8003", "--roster", "day")
        async with night.seats("8001", "8002", "8003", "8004") as seats:
            order = []
            for number in range(4):
                caller = f"1380002050{number}"
                async with night.citizen(caller) as citizen:
                    await to_the_queue(citizen)
                    await first_talking(seats)
                    await citizen.hang_up()
                record = await night.record(caller)
                assert record["queue"] == "reception_night"
                order.append(record["seat"])
            assert seats["8003"].calls == {}
        assert set(order) == {"8001", "8002", "8004"}
        assert order[3] == order[0]
        assert "8003" not in stays(night)
        assert " 0 disagreements" in await night.cli("calls", "reconcile")


async def first_talking(seats: SeatPhones) -> None:
    """Wait until one of the seats talks."""
    tasks = [asyncio.create_task(seat.talking(20)) for seat in seats]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def places_taken(hotline: Hotline) -> dict[str, int]:
    """From the queue log: the place that each caller took in the queue, entering it."""
    rows = (line.split("|") for line in queue_log(hotline))
    return {row[6]: int(row[7]) for row in rows if row[4] == "ENTERQUEUE"}


def stays(hotline: Hotline) -> dict[str, list[tuple[datetime, datetime]]]:
    """From the journal: when each seat had a channel, from its first ring to its end."""
    began: dict[str, tuple[str, datetime]] = {}
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for line in (hotline.home / "asterisk/log/cel-custom/journal.csv").read_text().splitlines():
        row = parse(line)
        seat = seat_of(row.channel) if row is not None else None
        if row is None or seat is None:
            continue
        if row.event == "CHAN_START":
            began[row.uniqueid] = (seat, row.at)
        elif row.event == "CHAN_END":
            number, start = began.pop(row.uniqueid)
            found.setdefault(number, []).append((start, row.at))
    return found


def queue_log(hotline: Hotline) -> Sequence[str]:
    """The lines of the queue log."""
    return (hotline.home / "asterisk" / "log" / "queue_log").read_text().splitlines()
