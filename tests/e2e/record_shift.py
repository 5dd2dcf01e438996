"""Records what ``tests/unit/test_replay.py`` replays: the journal, and the queue log.

    python -m tests.e2e.record_shift           # a few minutes with everything in them
    python -m tests.e2e.record_shift day       # a day of a small city, in six minutes

Run it again when Asterisk or the dialplan changes what is written.
"""

from __future__ import annotations

import asyncio
import gzip
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from tests.e2e.hotline import Hotline, to_the_queue
from tests.e2e.watching import Picture, Watcher

TARGET = Path(__file__).parents[1] / "unit" / "recorded"
CALLERS = [f"138000900{number:02}" for number in range(7)]


DAY_MINUTES, A_MINUTE, SEATS = 6, 50, 20  # as much as twenty seats can answer


async def day() -> dict[str, str]:
    """The demo's citizens: they talk, give up in the menu and in the queue, leave messages."""
    town = Hotline(HOTLINE_NIGHT_HOURS="00:00-00:00", HOTLINE_WRAP_UP_SECONDS="3")
    try:
        demo = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "hotline"),
            *("demo", "--calls-per-minute", str(A_MINUTE)),
            *("--seats", str(SEATS), "--minutes", str(DAY_MINUTES)),
            env=town.env,
            cwd=town.home,
        )
        assert await demo.wait() == 0
        return logs(town)
    finally:
        await town.stop()
        shutil.rmtree(town.home, ignore_errors=True)


async def shift() -> dict[str, str]:
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
        return logs(hotline)


def logs(hotline: Hotline) -> dict[str, str]:
    """What Asterisk has written."""
    log = hotline.home / "asterisk" / "log"
    return {
        "journal.csv": (log / "cel-custom" / "journal.csv").read_text(),
        "queue_log": (log / "queue_log").read_text(),
    }


if __name__ == "__main__":
    what = "day" if sys.argv[1:] == ["day"] else "shift"
    for name, text in asyncio.run(day() if what == "day" else shift()).items():
        with gzip.open(TARGET / f"{what}_{name}.gz", "wt", encoding="utf-8") as out:
            out.write(text)
        print(f"{len(text.splitlines())} lines in {what}_{name}.gz")
