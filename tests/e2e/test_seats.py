"""Seats come and go while the hotline runs, and nobody on the telephone notices (T1)."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from ivr.demo.baresip import Seat
from ivr.demo.phones import SeatPhone
from ivr.demo.sipp import Citizen
from ivr.demo.sound import RATE, loudness, tone_seconds
from ivr.errors import PhoneError
from ivr.journal import parse, seat_of
from tests import tools
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.raw_sip import RawCaller
from tests.e2e.watching import Watcher

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
SEAT_HZ = 600
SOON = 2.0  # seconds within which a change of the seats takes effect


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline() as running:
        yield running
        reconciled = await running.cli("calls", "reconcile")
        assert " 0 disagreements" in reconciled, reconciled


@asynccontextmanager
async def switched_on(
    hotline: Hotline, shown: dict[str, Any], **options: Any
) -> AsyncIterator[SeatPhone]:
    """A telephone set up with what ``hotline seats`` printed."""
    account = {
        "number": shown["number"],
        "password": shown["password"],
        "user": shown["user"],
        "registrar": shown["registrar"],
        **options,
    }
    baresip = tools.phone("baresip")
    phone = SeatPhone(baresip.argv, tools.baresip_modules(), Seat(**account), env=baresip.env)
    async with phone:
        yield phone


async def shown(hotline: Hotline, *command: str) -> dict[str, Any]:
    """What a command about a seat prints for programs."""
    facts: dict[str, Any] = json.loads(await hotline.cli("seats", *command, "--json"))
    return facts


async def refused(phone: SeatPhone) -> None:
    """The registrar does not take the telephone."""
    with pytest.raises(PhoneError, match=r"40[13] "):
        await phone.registered(SOON)


async def undisturbed(citizen: Citizen, since: float) -> None:
    """The seat's voice was heard all the time, but for a moment."""
    heard = citizen.voice.heard(since)
    whole = len(heard) / RATE
    assert whole > 1.0
    assert loudness(heard) > 0
    assert tone_seconds(heard, RATE, SEAT_HZ) > whole - 0.5


async def test_seats_change_while_a_call_goes_on(hotline: Hotline) -> None:
    async with (
        hotline.seats("8001", speaks=SEAT_HZ) as seats,
        Watcher(hotline) as board,
        hotline.citizen("13800040001") as citizen,
    ):
        await to_the_queue(citizen)
        await seats["8001"].talking(20)
        await citizen.hears(SEAT_HZ, timeout=15)
        since = citizen.voice.heard_seconds

        facts = await shown(hotline, "add", "8021")
        began = time.monotonic()
        async with switched_on(hotline, facts) as phone:
            await phone.registered(SOON)
            await board.seat("8021", "idle", SOON)
            assert time.monotonic() - began < 2 * SOON  # the phone's own start is in it
            async with hotline.citizen("13800040002") as other:
                await to_the_queue(other)
                await phone.talking(20)
                await other.hang_up()
            await phone.idle()

        changed = await shown(hotline, "password", "8021")
        assert changed["password"] != facts["password"]
        async with switched_on(hotline, facts) as phone:
            await refused(phone)
        async with switched_on(hotline, changed) as phone:
            await phone.registered(SOON)
            await board.seat("8021", "idle")
            await hotline.cli("seats", "remove", "8021")
            await board.until(lambda now: "8021" not in now.seats, "seat that is gone", SOON)
            async with hotline.citizen("13800040003") as other:
                await to_the_queue(other)
                await board.until(lambda now: now.waiting() == ["13800040003"], "one who waits")
                await other.hang_up()
            assert not phone.calls
        async with switched_on(hotline, changed) as phone:
            await refused(phone)
        assert "8021" not in board.now.seats
        await undisturbed(citizen, since)
        await citizen.hang_up()
    records = [await hotline.record(f"1380004000{number}") for number in (1, 2, 3)]
    assert [record["seat"] for record in records] == ["8001", "8021", None]
    assert [record["outcome"] for record in records] == ["answered"] * 2 + ["abandoned_in_queue"]


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_phone_registers_over_any_transport(hotline: Hotline, transport: str) -> None:
    facts = await shown(hotline, "show", "8004")
    assert transport in facts["transports"]
    registrar = facts["registrar"]
    if transport == "tls":
        registrar = f"{registrar.rpartition(':')[0]}:{facts['tls_port']}"
    caller = f"1380004010{['udp', 'tcp', 'tls'].index(transport)}"
    async with (
        Watcher(hotline) as board,
        switched_on(
            hotline, facts, registrar=registrar, transport=transport, speaks=SEAT_HZ
        ) as phone,
    ):
        await phone.registered()
        await board.seat("8004", "idle")
        async with hotline.citizen(caller) as citizen:
            await to_the_queue(citizen)
            await phone.talking(20)
            await citizen.hears(SEAT_HZ, seconds=1.0, timeout=15)
            await citizen.hang_up()
        await phone.idle()
    assert (await hotline.record(caller))["seat"] == "8004"


async def test_a_wrong_password_is_refused(hotline: Hotline) -> None:
    facts = await shown(hotline, "show", "8005")
    async with switched_on(hotline, {**facts, "password": "wrong"}) as phone:
        await refused(phone)
    assert await hotline.seat_state("8005") == "unavailable"


async def test_a_seat_may_call_the_hotline_and_nothing_else(hotline: Hotline) -> None:
    facts = await shown(hotline, "show", "8006")
    async with switched_on(hotline, facts, speaks=None) as phone:
        await phone.registered()
        for number in ("8001", "0013800000000", "110"):
            await phone.dial(number)
            assert (await phone.event("CALL_CLOSED"))["param"].startswith("404")
        await phone.dial("12345")
        await phone.talking()

        async def greeted() -> bool:
            return loudness(await phone.heard()) > 100

        await eventually(greeted, "the greeting")
        await phone.hangup()
    record = await hotline.record("8006")
    assert (record["outcome"], record["hangup_by"]) == ("abandoned_in_menu", "caller")


@pytest.mark.parametrize("dialled", ["8001", "0013800000000", "110", "1380000000"])
async def test_the_trunk_reaches_the_hotline_only(hotline: Hotline, dialled: str) -> None:
    """Whatever the carrier sends is a call to the hotline; nothing rings and nothing dials out."""
    caller = f"13800041{len(dialled):03}"
    async with hotline.seats("8001") as seats:
        async with RawCaller(hotline.sip_port) as phone:
            status = await phone.call(dialled=dialled.encode(), caller=caller.encode())
        assert status == 200
        record = await hotline.record(caller)
        assert not seats["8001"].calls
    assert (record["dialled"], record["seat"]) == (dialled, None)
    journal = (hotline.home / "asterisk/log/cel-custom/journal.csv").read_text().splitlines()
    rows = [row for line in journal if (row := parse(line)) is not None]
    legs = {row.channel for row in rows if row.call == record["id"]}
    assert len(legs) == 1
    assert seat_of(legs.pop()) is None


async def test_a_caller_cannot_pass_for_a_seat(hotline: Hotline) -> None:
    """An INVITE in a seat's name without its password is challenged."""
    async with RawCaller(hotline.sip_port) as phone:
        assert await phone.call(caller=b"8001") == 401


async def test_a_stranger_cannot_pass_for_the_carrier() -> None:
    """With a trunk of its own address, a call from elsewhere in the trunk's name is refused."""
    async with Hotline(HOTLINE_TRUNK="203.0.113.7") as production:
        async with RawCaller(production.sip_port) as phone:
            for name in (b"trunk", b"13800041999"):
                assert await phone.call(caller=name) in {401, 403}
        assert await production.calls() == []
