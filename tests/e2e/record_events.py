"""Records what a real Asterisk tells of some calls, for ``tests/unit/test_switchboard.py``.

    python -m tests.e2e.record_events

Run it again when Asterisk or the dialplan changes what is told.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

from ivr.ami import Ami, AmiEvent
from tests.e2e.hotline import Hotline, eventually, to_the_queue

TARGET = Path(__file__).parents[1] / "unit" / "recorded" / "calls.jsonl.gz"


async def record() -> list[AmiEvent]:
    """Two seats and five citizens: answered, waiting, abandoning, hanging up on both sides."""
    events: list[AmiEvent] = []

    async def linked(_up: bool) -> None:
        return None

    async with Hotline() as hotline:
        wiring = json.loads((hotline.home / "wiring.json").read_text("utf-8"))
        ami = Ami(
            host="127.0.0.1",
            port=wiring["ami_port"],
            username="controller",
            secret=wiring["ami_secret"],
            on_event=events.append,
            on_link=linked,
            events="call,agent",
        )
        await ami.start()
        await eventually(lambda: asyncio.sleep(0, ami.connected), "a manager link")
        async with hotline.seats("8001", "8002") as seats:
            citizens = [hotline.citizen(f"1380009000{number}") for number in range(5)]
            for citizen in citizens:
                await citizen.start()
            await asyncio.gather(*(to_the_queue(citizen) for citizen in citizens[:4]))
            await asyncio.gather(*(seat.talking(30) for seat in seats))
            await citizens[4].hang_up()  # in the menu
            await seats["8001"].hangup()
            await seats["8001"].talking(30)  # the third citizen
            for citizen in citizens[:4]:
                await citizen.hang_up()
            for seat in seats:
                await seat.idle()
            for number in range(5):
                await hotline.record(f"1380009000{number}")
        await ami.close()
    return events


if __name__ == "__main__":
    told = asyncio.run(record())
    with gzip.open(TARGET, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(dict(event), ensure_ascii=False) + "\n" for event in told)
    print(f"{len(told)} events in {TARGET}")
