"""Who tries to break in by SIP is shut out, and nobody else notices.

The scanners sit at other addresses of this machine's own network (127.0.0.66 …), so that they can
be told apart from the seats, which are at 127.0.0.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.raw_sip import RawCaller

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
SEAT_HZ = 600
MANY = 60  # more tries than any scanner is left
SOON = 5.0  # seconds


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline() as running:
        yield running


async def bans(hotline: Hotline, address: str) -> list[dict[str, Any]]:
    found = (await hotline.get("/api/v1/bans"))["items"]
    return [ban for ban in found if ban["address"] == address]


async def shut_out(attempt: Callable[[int], Awaitable[int]]) -> None:
    """Try on, as fast as answers come, until the door is shut."""
    tries = 0
    async with asyncio.timeout(SOON):
        while (status := await attempt(tries)) != 403:
            assert status == 401
            tries += 1
    assert tries >= 12


async def guess(scanner: RawCaller, account: bytes = b"8001") -> int:
    """One wrong password."""
    return await scanner.ask(
        b"REGISTER", account, caller=account, login=(account.decode(), "guess")
    )


async def test_wrong_passwords_shut_an_address_out_while_a_seat_talks(hotline: Hotline) -> None:
    async with (
        hotline.seats("8001", speaks=SEAT_HZ) as seats,
        hotline.citizen("13800051001") as citizen,
        RawCaller(hotline.sip_port, "127.0.0.66") as scanner,
    ):
        await to_the_queue(citizen)
        await seats["8001"].talking(20)
        assert await guess(scanner) == 401
        await shut_out(lambda n: guess(scanner, b"80%02d" % (n % 20 + 1)))
        [ban] = await bans(hotline, "127.0.0.66")
        assert (ban["holds"], ban["spared"]) == (True, "")
        assert set(ban["accounts"]) <= {f"80{n:02}" for n in range(1, 21)}
        assert await scanner.call(dialled=b"12345") == 403
        assert await scanner.ask(b"OPTIONS") == 403
        # the seat and the citizen go on, and others come in
        await citizen.hears(SEAT_HZ, seconds=1.0, timeout=10)
        async with hotline.seats("8002"), hotline.citizen("13800051002") as other:
            await other.answered()
            await other.voice.hears_sound()
            await other.hang_up()
        await citizen.hang_up()
    assert (await hotline.record("13800051001"))["outcome"] == "answered"


@pytest.mark.parametrize(
    ("host", "method"), [("127.0.0.67", b"OPTIONS"), ("127.0.0.68", b"REGISTER")]
)
async def test_guessing_at_accounts_shuts_an_address_out(
    hotline: Hotline, host: str, method: bytes
) -> None:
    """Without any password: who is not known is asked for one, and does not stop."""
    async with RawCaller(hotline.sip_port, host) as scanner:
        await shut_out(lambda n: scanner.ask(method, b"%d" % (100 + n), caller=b"%d" % (100 + n)))
    assert len(await bans(hotline, host)) == 1


async def test_calls_from_nowhere_shut_an_address_out(hotline: Hotline) -> None:
    async with RawCaller(hotline.sip_port, "127.0.0.69") as scanner:
        await shut_out(lambda n: scanner.call(dialled=b"0044207946%04d" % n, caller=b"100"))


async def test_a_ban_is_lifted_by_a_person_and_comes_again(hotline: Hotline) -> None:
    host = "127.0.0.70"
    async with RawCaller(hotline.sip_port, host) as scanner:
        await shut_out(lambda _: guess(scanner))
        assert host in await hotline.cli("bans")
        await hotline.cli("bans", "lift", host)

        async def let_in() -> bool:
            return await scanner.ask(b"OPTIONS") == 401

        await eventually(let_in, "an open door", 5)
        [ban] = await bans(hotline, host)
        assert (ban["holds"], ban["lifted_by"]) == (False, "operator")
        await shut_out(lambda _: guess(scanner))
        assert len(await bans(hotline, host)) == 2
    client = await hotline.http()
    async with client.delete("/api/v1/bans/203.0.113.99") as answer:
        assert answer.status == 404


async def test_an_address_with_a_seat_is_told_of_and_not_shut_out(hotline: Hotline) -> None:
    """Telephones and whoever guesses come from 127.0.0.1 here, as from behind one NAT."""
    async with hotline.seats("8003") as seats, RawCaller(hotline.sip_port) as scanner:
        for _ in range(MANY):
            assert await guess(scanner, b"8004") == 401

        async def look() -> list[dict[str, Any]]:
            return await bans(hotline, "127.0.0.1")

        [ban] = await eventually(look, "a word of it")
        assert (ban["holds"], ban["spared"], ban["accounts"]) == (False, "self", ["8004"])
        await seats["8003"].registered(5)
        async with hotline.citizen("13800051003") as citizen:
            await citizen.answered()
            await citizen.hang_up()
    assert len(await bans(hotline, "127.0.0.1")) == 1  # one word, not one for each twelve


async def test_a_ban_outlives_controller_and_asterisk(hotline: Hotline) -> None:
    host = "127.0.0.71"
    async with RawCaller(hotline.sip_port, host) as scanner:
        await shut_out(lambda _: guess(scanner))

        async def is_out() -> bool:
            try:
                async with asyncio.timeout(1):
                    return await guess(scanner) == 403
            except TimeoutError:
                return False

        hotline.kill("controller")
        assert await is_out()
        hotline.kill("asterisk")
        await hotline.healthy()
        await eventually(is_out, "the same ban", 20)
        assert len(await bans(hotline, host)) == 1
