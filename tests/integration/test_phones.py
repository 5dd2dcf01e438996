"""The simulated phones against a real Asterisk: every later test leans on them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio

from ivr.demo.baresip import Seat
from ivr.demo.crowd import Crowd
from ivr.demo.phones import SeatPhone, SeatPhones
from ivr.demo.script import AwaitBye, HangUp, Hear, Press, Speak, Step
from ivr.demo.sipp import Citizen
from ivr.demo.sound import has_tone, read_sound, tone_seconds
from ivr.errors import PhoneError
from tests.integration.exchange import Exchange, Tools, find_tools, until

SEATS = [str(number) for number in range(8001, 8021)]
RATE = 8000

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def tools() -> Tools:
    return find_tools()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(tools: Tools) -> AsyncIterator[Exchange]:
    asterisk = Exchange(tools, Path(tempfile.mkdtemp(prefix="exchange-")) / "a", SEATS)
    try:
        await asterisk.start()
        yield asterisk
    finally:
        await asterisk.stop()
        asterisk.forget()


@pytest.fixture
def seat(exchange: Exchange) -> Seat:
    return Seat("8001", "secret8001", registrar=exchange.sip)


def call(
    tools: Tools, exchange: Exchange, dialled: str, *steps: Step, name: str = "", diverted: str = ""
) -> Citizen:
    headers = [("Diversion", diverted)] if diverted else []
    return Citizen(
        tools.sipp,
        target=exchange.sip,
        dialled=dialled,
        steps=steps,
        caller_name=name,
        headers=headers,
    )


@contextlib.asynccontextmanager
async def switched_on(tools: Tools, seat: Seat) -> AsyncIterator[SeatPhone]:
    async with SeatPhone(tools.baresip, tools.baresip_modules, seat) as phone:
        if seat.registers:
            await phone.registered()
        yield phone


async def test_keys_and_voice_reach_asterisk(tools: Tools, exchange: Exchange) -> None:
    async with call(tools, exchange, "keys", Press("30"), Speak(440, 1.5), HangUp()) as citizen:
        result = await citizen.wait(15)
    assert (result.answered, result.status, result.ended_by) == (True, 200, "caller")
    samples, rate = read_sound(exchange.spool / "keys-30.sln")
    assert tone_seconds(samples, rate, 440) >= 1.2
    assert not has_tone(samples, rate, 600)


async def test_a_key_may_be_pressed_while_speaking(tools: Tools, exchange: Exchange) -> None:
    async with call(tools, exchange, "keys") as citizen:
        await citizen.answered()
        speech = asyncio.create_task(citizen.say(440, 2.0))
        await citizen.press("79")
        await speech
        await citizen.hang_up()
    samples, rate = read_sound(exchange.spool / "keys-79.sln")
    assert tone_seconds(samples, rate, 440) >= 1.0


async def test_citizen_hears_and_hotline_hangs_up(tools: Tools, exchange: Exchange) -> None:
    async with call(tools, exchange, "farewell", Hear(600), AwaitBye()) as citizen:
        result = await citizen.wait(10)
        heard = citizen.voice.heard()
    assert result.ended_by == "hotline"
    assert 0.7 <= result.seconds <= 2.5
    assert result.answered_at is not None
    assert result.first_sound_at is not None
    assert result.first_sound_at - result.answered_at < 0.5
    assert tone_seconds(heard, RATE, 600) >= 0.7
    assert not has_tone(heard, RATE, 1000)


async def test_what_is_not_heard_fails_the_script(tools: Tools, exchange: Exchange) -> None:
    async with call(tools, exchange, "farewell", Hear(770, timeout=0.5)) as citizen:
        with pytest.raises(PhoneError, match="did not hear 770 Hz"):
            await citizen.wait(10)


async def test_echo_comes_back(tools: Tools, exchange: Exchange) -> None:
    async with call(tools, exchange, "echo") as citizen:
        await citizen.answered()
        speech = asyncio.create_task(citizen.say(500, 1.5))
        await citizen.hears(500, seconds=1.0, timeout=5)
        await speech
        await citizen.hang_up()
        assert citizen.result().ended_by == "caller"


@pytest.mark.parametrize(("dialled", "status"), [("busy", 486), ("nobody", 404)])
async def test_refused_calls(tools: Tools, exchange: Exchange, dialled: str, status: int) -> None:
    async with call(tools, exchange, dialled) as citizen:
        result = await citizen.wait(10)
        with pytest.raises(PhoneError, match=f"SIP {status}"):
            await citizen.answered()
    assert (result.answered, result.status, result.ended_by) == (False, status, "hotline")


async def test_citizen_gives_up_before_the_answer(tools: Tools, exchange: Exchange) -> None:
    async with call(tools, exchange, "ring") as citizen:
        await citizen.ringing()
        await citizen.hang_up()
        result = citizen.result()
    assert (result.answered, result.status, result.ended_by) == (False, 487, "caller")
    assert result.ringing_at is not None


@pytest.mark.parametrize("seconds", [0, 0.001, 0.003, 0.01])
async def test_giving_up_may_cross_the_answer(
    tools: Tools, exchange: Exchange, seconds: float
) -> None:
    async with call(tools, exchange, "name") as citizen:
        await asyncio.sleep(seconds)
        await citizen.hang_up()
        result = citizen.result()
    assert result.ended_by == "caller"
    assert result.answered == (result.status == 200)
    await exchange.quiet()


async def test_patience_ends(tools: Tools, exchange: Exchange) -> None:
    citizen = Citizen(tools.sipp, target=exchange.sip, dialled="ring", patience=0.5)
    async with citizen:
        result = await citizen.wait(10)
    assert (result.answered, result.ended_by) == (False, "caller")
    assert 0.4 < result.ended_at - result.dialled_at < 3


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ('"市民热线"', "name=<市民热线>"),
        (r'"say \"hi\" [x] <y>"', r"name=<say \"hi\" [x] <y>>"),
        (f'"{"a" * 10_000}"', "name=<aaaa"),
        ("", "name=<>"),
    ],
    ids=["utf8", "quotes", "long", "none"],
)
async def test_names_arrive_as_sent(tools: Tools, exchange: Exchange, name: str, seen: str) -> None:
    before = exchange.log.stat().st_size
    diverted = "<sip:12319@127.0.0.1>;reason=unconditional"
    async with call(tools, exchange, "name", name=name, diverted=diverted) as citizen:
        await citizen.answered()
        await citizen.hang_up()
    log = exchange.log.read_bytes()[before:].decode("utf-8")
    assert seen in log
    assert f"from=<{diverted}>" in log


async def test_nobody_at_the_other_end(tools: Tools) -> None:
    async with Citizen(tools.sipp, target="127.0.0.1:9", dialled="x") as citizen:
        with pytest.raises((TimeoutError, PhoneError)):
            await citizen.answered(1.0)


async def test_seat_and_citizen_hear_each_other(
    tools: Tools, exchange: Exchange, seat: Seat
) -> None:
    async with switched_on(tools, seat) as phone:
        async with call(tools, exchange, "8001", Speak(440, 60)) as citizen:
            await citizen.answered()
            await phone.talking()
            await citizen.hears(600, seconds=1.0)
            assert list(phone.calls.values()) == ["sip:13812345678@127.0.0.1"]
            await phone.hangup()
            result = await citizen.wait(5)
        await phone.idle()
        heard = await phone.heard()
    assert result.ended_by == "hotline"
    assert tone_seconds(heard, RATE, 440) >= 0.8
    assert not has_tone(heard, RATE, 600)


async def test_citizen_hangs_up_on_seat(tools: Tools, exchange: Exchange, seat: Seat) -> None:
    async with switched_on(tools, seat) as phone, call(tools, exchange, "8001") as citizen:
        await citizen.answered()
        await phone.talking()
        await citizen.hang_up()
        await phone.event("CALL_CLOSED", 5)
        assert not phone.calls
        with pytest.raises(PhoneError, match="no call to hangup"):
            await phone.hangup()


async def test_seat_answers_by_hand(tools: Tools, exchange: Exchange, seat: Seat) -> None:
    manual = Seat("8001", "secret8001", registrar=exchange.sip, answer="manual", speaks=None)
    async with switched_on(tools, manual) as phone:
        async with call(tools, exchange, "8001") as citizen:
            await phone.ringing()
            await citizen.ringing()
            await phone.answer()
            await citizen.answered()
            for _ in range(3):
                await phone.hold()
                await phone.resume()
            assert len(phone.calls) == 1
            await citizen.hang_up()
            await phone.idle()
        async with call(tools, exchange, "8001") as citizen:
            await phone.ringing()
            await phone.hangup()
            assert not (await citizen.wait(5)).answered


async def test_seat_answers_after_a_delay(tools: Tools, exchange: Exchange) -> None:
    slow = Seat("8001", "secret8001", registrar=exchange.sip, answer_delay=1.0)
    async with switched_on(tools, slow), call(tools, exchange, "8001") as citizen:
        await citizen.answered()
        await citizen.hang_up()
        result = citizen.result()
    assert result.answered_at is not None
    assert 0.8 <= result.answered_at - result.dialled_at <= 4


async def test_phones_work_in_a_folder_with_a_long_name(
    tools: Tools, exchange: Exchange, seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    async with switched_on(tools, seat) as phone, call(tools, exchange, "8001") as citizen:
        await asyncio.gather(citizen.hears(600), citizen.say(440, 2.0))
        assert has_tone(await phone.heard(), RATE, 440)


async def test_seat_transfers(tools: Tools, exchange: Exchange, seat: Seat) -> None:
    async with switched_on(tools, seat) as phone, call(tools, exchange, "8001") as citizen:
        await citizen.hears(600)
        await phone.transfer("tone")
        await citizen.hears(1000)
        await phone.idle()


async def test_phone_without_a_seat_dials_and_presses_keys(
    tools: Tools, exchange: Exchange
) -> None:
    hearing = Seat("13800000000", registrar=exchange.sip, registers=False, speaks=500)
    async with switched_on(tools, hearing) as phone:
        await phone.dial("keys")
        await phone.talking()
        await phone.keys("12")
        file = await exchange.grown("keys-12.sln", 16_000)
        await phone.hangup()
        await phone.idle()
    samples, rate = read_sound(file)
    assert has_tone(samples, rate, 500)


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_registration(
    tools: Tools, exchange: Exchange, transport: Literal["udp", "tcp", "tls"]
) -> None:
    registrar = exchange.tls if transport == "tls" else exchange.sip
    good = Seat("8001", "secret8001", registrar=registrar, transport=transport)
    bad = Seat("8002", "wrong", registrar=registrar, transport=transport)
    async with SeatPhones(tools.baresip, tools.baresip_modules, [good, bad]) as phones:
        await phones["8001"].registered()
        with pytest.raises(PhoneError, match="8002 is not registered"):
            await phones["8002"].registered(1.0)
        contacts = await exchange.cli("pjsip show contacts")
        assert "8001/sip:8001" in contacts
        assert "8002/sip:8002" not in contacts
        async with call(tools, exchange, "8001") as citizen:
            await citizen.hears(600)
    assert "8001/sip:8001" not in await exchange.cli("pjsip show contacts")


async def test_twenty_seats_with_twenty_calls(tools: Tools, exchange: Exchange) -> None:
    seats = [
        Seat(number, f"secret{number}", registrar=exchange.sip, speaks=500 + 50 * at)
        for at, number in enumerate(SEATS)
    ]
    async with SeatPhones(tools.baresip, tools.baresip_modules, seats) as phones:
        await phones.registered()
        citizens = [call(tools, exchange, number, Speak(440, 60)) for number in SEATS]
        try:
            await asyncio.gather(*(citizen.start() for citizen in citizens))
            await asyncio.gather(
                *(
                    citizen.hears(float(seats[at].speaks), seconds=1.0, timeout=30)  # type: ignore[arg-type]
                    for at, citizen in enumerate(citizens)
                )
            )
            heard = [await phone.heard() for phone in phones]
            assert [len(phone.calls) for phone in phones] == [1] * 20
            await asyncio.gather(*(citizen.hang_up() for citizen in citizens))
            await asyncio.gather(*(phone.idle() for phone in phones))
        finally:
            await asyncio.gather(*(citizen.stop() for citizen in citizens))
    assert [
        number for number, x in zip(SEATS, heard, strict=True) if not has_tone(x, RATE, 440)
    ] == []
    await exchange.quiet()


async def test_crowd_is_counted(tools: Tools, exchange: Exchange) -> None:
    answered = await Crowd(
        tools.sipp, calls=20, rate=20, target=exchange.sip, dialled="keys",
        keys=[("4", 0.1), ("2", 0.1)], talk=0.3,
    ).run(30)  # fmt: skip
    assert (answered.made, answered.succeeded, answered.failed) == (20, 20, 0)
    assert len(answered.answer_ms) == 20
    assert answered.answer_percentile(50) <= answered.answer_percentile(95) < 1000
    assert (exchange.spool / "keys-42.sln").exists()
    refused = await Crowd(tools.sipp, calls=3, rate=20, target=exchange.sip, dialled="busy").run(30)
    assert (refused.made, refused.succeeded, refused.failed) == (3, 0, 3)
    assert refused.errors


async def test_missing_programs_are_named(tmp_path: Path) -> None:
    with pytest.raises(PhoneError, match="no-such-sipp cannot be started"):
        await Citizen(["no-such-sipp"]).start()
    with pytest.raises(PhoneError, match="did not come up"):
        async with SeatPhones(["/bin/false"], tmp_path, [Seat("8001", "x")]):
            pass


async def test_phones_do_not_outlive_us(tools: Tools, exchange: Exchange, tmp_path: Path) -> None:
    code = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from ivr.demo.phones import Seat, SeatPhone\n"
        "async def main():\n"
        "    phone = SeatPhone(sys.argv[3:], Path(sys.argv[1]), "
        "Seat('8009', 'secret8009', registrar=sys.argv[2]))\n"
        "    await phone.start()\n"
        "    print(phone.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(tools.baresip_modules), exchange.sip, *tools.baresip,
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == -signal.SIGKILL
    await until(lambda: not _runs(int(output)), 5)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
