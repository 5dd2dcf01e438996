"""The gate of outward calls in a test's own process, to a running hotline's Asterisk and tables."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from zoneinfo import ZoneInfo

from ivr.ami import Ami, AmiEvent
from ivr.lines import CityLines
from ivr.outward import Outward
from ivr.switchboard import Board, reduce
from tests.e2e.hotline import Hotline
from ticketing.domain.lines import LinePlan
from ticketing.domain.outbound import Outbound
from ticketing.policies.loader import load_packs
from ticketing.service.outward import OutwardCalls
from ticketing.store.database import Database


@asynccontextmanager
async def gate(hotline: Hotline, plan: Outbound | None = None) -> AsyncIterator[Outward]:
    """A gate to call out by. It is linked to Asterisk inside the block.

    Args:
        plan: of outward calls; the city's own by default.
    """
    wiring = json.loads((hotline.home / "wiring.json").read_text("utf-8"))
    database = Database(f"sqlite+aiosqlite:///{hotline.home / 'hotline.sqlite3'}")
    linked = asyncio.Event()
    board = Board()

    def heard(event: AmiEvent) -> None:
        nonlocal board
        board = reduce(board, event)
        outward.take(event)

    async def link(up: bool) -> None:
        if up:
            linked.set()

    ami = Ami(
        host="127.0.0.1",
        port=wiring["ami_port"],
        username="controller",
        secret=wiring["ami_secret"],
        on_event=heard,
        on_link=link,
        events="call,agent,dtmf",
    )
    zone = ZoneInfo("Asia/Shanghai")
    lines = CityLines(load_packs(), "yanji", zone)

    def plans(day: date) -> tuple[Outbound, LinePlan]:
        outbound, numbers = lines.outbound(day)
        return plan or outbound, numbers

    calls = OutwardCalls(database, plans, zone)
    outward = Outward(ami, calls, lambda: board, open=True)
    await ami.start()
    try:
        async with asyncio.timeout(10):
            await linked.wait()
        yield outward
    finally:
        await ami.close()
        await outward.close()
        await database.close()
