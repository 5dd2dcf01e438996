"""Records a busy few minutes for ``tests/unit/test_replay.py``: the journal, and the queue log.

    python -m tests.e2e.record_shift

Run it again when Asterisk or the dialplan changes what is written.
"""

from __future__ import annotations

import asyncio
import gzip
from contextlib import AsyncExitStack
from pathlib import Path

from tests.e2e.hotline import Hotline, to_the_queue
from tests.e2e.watching import Picture, Watcher

TARGET = Path(__file__).parents[1] / "unit" / "recorded"
CALLERS = [f"138000900{number:02}" for number in range(7)]


async def record() -> dict[str, str]:
    """Three seats and seven citizens: answered, moved, handed on, given up, a message.

    One seat hangs up by itself, one lets a call ring.
    """
    async with (
        Hotline(
            HOTLINE_NIGHT_HOURS="00:00-00:00",
            HOTLINE_RING_SECONDS="5",
            HOTLINE_WRAP_UP_SECONDS="5",
        ) as hotline,
        hotline.seats("8001", "8002", "8003", speaks=600) as seats,
        hotline.seats("8004", answer="manual"),
        Watcher(hotline) as board,
        AsyncExitStack() as line,
    ):
        client = await hotline.http()
        citizens = []
        for number, caller in enumerate(CALLERS):
            citizens.append(await line.enter_async_context(hotline.citizen(caller)))
            await to_the_queue(citizens[-1])
            there = Picture.talking if number < 3 else Picture.waiting
            await board.until(lambda now, c=caller, t=there: c in t(now), "the next", 40)
        await citizens[3].hang_up()
        await citizens[4].press("3")
        await citizens[4].hears(1000, seconds=0.2, timeout=30)
        await citizens[4].say(440, 3.0)
        await citizens[4].press("#")
        last = board.now.of(CALLERS[6])["id"]
        path = f"/api/v1/queues/reception/waiting/{last}/move"
        async with client.post(path, json={}) as answer:
            assert answer.ok, await answer.text()
        await citizens[0].hang_up()
        await board.until(lambda now: CALLERS[6] in now.talking(), "who was moved", 60)
        await seats[board.now.of(CALLERS[1])["seats"][0]].hangup()
        await board.until(lambda now: CALLERS[5] in now.talking(), "who waited", 60)
        free = board.now.of(CALLERS[2])["seats"][0]
        await citizens[2].hang_up()
        await board.seat(free, "idle", 30)
        call = board.now.of(CALLERS[5])["id"]
        async with client.post(f"/api/v1/calls/{call}/transfer", json={"seat": free}) as answer:
            assert answer.ok, await answer.text()
        await board.until(lambda now: now.of(CALLERS[5])["seats"] == [free], "who was handed on")
        await citizens[5].hang_up()
        await citizens[6].hang_up()
        for caller in CALLERS:
            await hotline.record(caller, 40)
        log = hotline.home / "asterisk" / "log"
        return {
            "shift_journal.csv": (log / "cel-custom" / "journal.csv").read_text(),
            "shift_queue_log": (log / "queue_log").read_text(),
        }


if __name__ == "__main__":
    for name, text in asyncio.run(record()).items():
        with gzip.open(TARGET / f"{name}.gz", "wt", encoding="utf-8") as out:
            out.write(text)
        print(f"{len(text.splitlines())} lines in {name}.gz")
