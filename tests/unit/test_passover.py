"""A seat that let a call ring is passed over until that call is settled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivr.errors import AmiTimeout
from ivr.passover import PassOver


class Queues:
    """Asterisk's side: the penalties it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []
        self.broken = False

    async def set(self, member: str, penalty: int) -> None:
        self.told.append((member, penalty))
        if self.broken:
            raise AmiTimeout("no answer")


@asynccontextmanager
async def running(queues: Queues) -> AsyncIterator[PassOver]:
    passover = PassOver(queues.set)
    task = asyncio.create_task(passover.run())
    try:
        yield passover
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def missed(call: str, member: str) -> dict[str, str]:
    return {"Event": "AgentRingNoAnswer", "Uniqueid": call, "Interface": member}


async def test_each_ring_missed_puts_the_seat_further_back() -> None:
    queues = Queues()
    async with running(queues) as passover:
        for _ in range(2):
            passover.take(missed("h-1", "PJSIP/8001"))
            await settle()
    assert queues.told == [("PJSIP/8001", 1), ("PJSIP/8001", 2)]


async def test_the_seat_has_its_place_again_when_the_call_is_settled() -> None:
    for settled in ("AgentConnect", "QueueCallerLeave"):
        queues = Queues()
        async with running(queues) as passover:
            passover.take(missed("h-1", "PJSIP/8001"))
            passover.take(missed("h-2", "PJSIP/8001"))
            await settle()
            passover.take({"Event": settled, "Uniqueid": "h-1"})
            await settle()
            passover.take({"Event": settled, "Uniqueid": "h-9"})
            passover.take({"Event": settled, "Uniqueid": "h-2"})
            await settle()
        assert [penalty for _, penalty in queues.told] == [2, 1, 0]


async def test_after_a_loss_of_contact_nobody_is_passed_over() -> None:
    queues = Queues()
    members = [
        {"Event": "QueueMember", "Location": "PJSIP/8001", "Penalty": "2"},
        {"Event": "QueueMember", "Location": "PJSIP/8002", "Penalty": "0"},
    ]
    async with running(queues) as passover:
        passover.resync(members)
        await settle()
    assert queues.told == [("PJSIP/8001", 0)]


async def test_it_survives_an_asterisk_that_does_not_answer() -> None:
    queues = Queues()
    queues.broken = True
    async with running(queues) as passover:
        passover.take(missed("h-1", "PJSIP/8001"))
        await settle()
        queues.broken = False
        passover.take(missed("h-1", "PJSIP/8002"))
        await settle()
    assert queues.told == [("PJSIP/8001", 1), ("PJSIP/8002", 1)]
