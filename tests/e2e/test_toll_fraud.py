"""The usual ways to make a telephone system pay for others' calls: none of them leads out.

Everybody outside is one `Outside`, which takes every call to every number: whoever got out would be
seen there. What the hotline's own gate refuses is in the log and in the audit log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ivr.demo.outside import Outside
from ivr.demo.phones import SeatPhone
from ivr.errors import UnsafeValue
from ivr.outward import Outward
from tests.e2e.gate import gate
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.raw_sip import RawCaller
from ticketing.domain.errors import NumberNotAllowed
from ticketing.domain.outbound import Purpose
from ticketing.domain.roles import Principal, Role
from ticketing.store import audit
from ticketing.store.database import Database

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
SEAT_HZ = 600
ABROAD, PREMIUM, MOBILE = "00442079460000", "16812345", "13900009999"
OUT = [ABROAD, "+442079460000", PREMIUM, MOBILE, "01062345678", "110", "4001234567"]
CODES = ["*72", "*21*13900009999#", "#", "*8", "**", "700", "*98", "9", "0"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside() -> AsyncIterator[Outside]:
    async with Outside() as people:
        yield people


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(outside: Outside) -> AsyncIterator[Hotline]:
    async with Hotline(HOTLINE_TRUNK_OUT=outside.address) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outward(hotline: Hotline) -> AsyncIterator[Outward]:
    async with gate(hotline) as one:
        yield one


@pytest.fixture(autouse=True)
def nobody_outside_is_called(outside: Outside) -> Any:
    yield
    assert [call.number for call in outside.calls] == []


async def no_call_is_left(outward: Outward) -> None:
    """Asterisk carries none: what an attack began is over, and led to no second leg."""

    async def look() -> bool:
        return not await outward._ami.listing("CoreShowChannels")

    await eventually(look, "an empty switchboard", 20)


async def no_other_leg(outward: Outward) -> None:
    """There are the citizen's leg and the seat's, at most; the citizen's is not lost."""
    rows = await outward._ami.listing("CoreShowChannels")
    legs = {row.get("Channel", "").rpartition("-")[0] for row in rows}
    assert {"PJSIP/trunk"} <= legs <= {"PJSIP/trunk", "PJSIP/8001"}


# --- from the trunk ---------------------------------------------------------------------------
@pytest.mark.parametrize("dialled", OUT)
async def test_a_caller_of_the_trunk_dials_on(hotline: Hotline, dialled: str) -> None:
    """Whatever is dialled, it is the hotline that answers."""
    caller = f"1380009{abs(hash(dialled)) % 10_000:04}"
    async with RawCaller(hotline.sip_port) as phone:
        assert await phone.call(dialled=dialled.encode(), caller=caller.encode()) == 200
    assert (await hotline.record(caller))["outcome"] == "abandoned_in_menu"


@pytest.mark.parametrize(
    "dialled",
    [
        b"%2A72",
        b"%2A21%2A13900009999%23",
        b"13900009999%40trunk-out",
        b"12345%2613900009999%40trunk-out",
        b"12345&PJSIP/13900009999%40trunk-out",
        b"12345;phone-context=13900009999",
        b"trunk-out/sip:13900009999%40127.0.0.1",
        b"trunk-out",
        b"transfer",
        b"8001,30,G(x)",
        b"$%7BGLOBAL(AGI)%7D",
    ],
)
async def test_a_caller_of_the_trunk_dials_what_is_no_number(
    hotline: Hotline, dialled: bytes
) -> None:
    async with RawCaller(hotline.sip_port) as phone:
        assert await phone.call(dialled=dialled, caller=b"13800091000") in {200, 400, 404, 484}
    await hotline.healthy(5)


@pytest.mark.parametrize(
    "headers",
    [
        b"Diversion: <sip:%s@x>;reason=unconditional\r\n" % ABROAD.encode(),
        b"Diversion: <tel:%s>\r\nDiversion: <sip:trunk-out@127.0.0.1>\r\n" % PREMIUM.encode(),
        b"History-Info: <sip:13900009999@127.0.0.1>;index=1\r\n",
        b"P-Asserted-Identity: <sip:8001@127.0.0.1>\r\n",
        b"Referred-By: <sip:8001@127.0.0.1>\r\n",
        b"Replaces: 1;to-tag=2;from-tag=3\r\n",
        b"Route: <sip:13900009999@127.0.0.1:5060;lr>\r\n",
        b"Alert-Info: <sip:13900009999>\r\nCall-Info: <sip:8001>;answer-after=0\r\n",
    ],
)
async def test_forged_headers(hotline: Hotline, headers: bytes) -> None:
    async with RawCaller(hotline.sip_port) as phone:
        status = await phone.call(caller=b"13800092000", headers=headers)
    assert status == 200 or 400 <= status < 500
    await hotline.healthy(5)


@pytest.mark.parametrize("caller", [b"trunk-out", b"trunk", b"12345", b"operator", b"controller"])
async def test_a_caller_takes_a_name_of_ours(hotline: Hotline, caller: bytes) -> None:
    async with RawCaller(hotline.sip_port) as phone:
        assert await phone.call(dialled=ABROAD.encode(), caller=caller) == 200


async def test_a_caller_who_says_to_be_a_seat_is_asked_for_its_password(hotline: Hotline) -> None:
    async with RawCaller(hotline.sip_port) as phone:
        assert await phone.call(dialled=ABROAD.encode(), caller=b"8001") == 401


@pytest.mark.parametrize("name", ["trunk-out", "trunk", "8001"])
async def test_nobody_registers_in_the_place_of_an_endpoint(hotline: Hotline, name: str) -> None:
    """Who could, would be sent the calls that go there."""
    async with RawCaller(hotline.sip_port) as phone:
        status = await phone.ask(b"REGISTER", name.encode(), caller=name.encode())
        assert 400 <= status < 500
        status = await phone.ask(
            b"REGISTER", name.encode(), caller=name.encode(), login=(name, "12345")
        )
        assert 400 <= status < 500


@pytest.mark.parametrize("method", [b"REFER", b"SUBSCRIBE", b"MESSAGE", b"NOTIFY", b"PUBLISH"])
async def test_requests_that_belong_to_no_call(hotline: Hotline, method: bytes) -> None:
    headers = b"Refer-To: <sip:%s@127.0.0.1>\r\nEvent: refer\r\n" % ABROAD.encode()
    async with RawCaller(hotline.sip_port) as phone:
        assert await phone.ask(method, b"12345", headers=headers) >= 400


async def test_a_citizen_presses_whatever_a_telephone_has_and_has_not(
    hotline: Hotline, outward: Outward
) -> None:
    """In the menu, while waiting, while talking: no key dials."""
    async with (
        hotline.seats("8001", speaks=SEAT_HZ) as seats,
        hotline.citizen("13800093001") as citizen,
    ):
        await citizen.answered()
        await citizen.voice.hears_sound()
        await citizen.press("*#ABD")
        await to_the_queue(citizen)
        await seats["8001"].talking(30)
        await citizen.press(f"A*1#B{PREMIUM}#*2{MOBILE}*#")
        await seats["8001"].keys(f"*1##{MOBILE}#")
        await citizen.hears(SEAT_HZ, timeout=15)
        assert len(seats["8001"].calls) == 1
        await citizen.hang_up()
    await no_call_is_left(outward)


# --- from a seat ------------------------------------------------------------------------------
async def refused_by_asterisk(phone: SeatPhone, number: str) -> None:
    await phone.dial(number)
    event = await phone.event("CALL_CLOSED")
    assert event.get("param", "").startswith(("404", "403", "484", "603")), event
    await phone.idle()


async def test_a_seat_dials_out(hotline: Hotline) -> None:
    async with hotline.seats("8001") as seats:
        for number in [*OUT, "8002", "trunk-out", "transfer", "reception", "s", "h"]:
            await refused_by_asterisk(seats["8001"], number)


async def test_a_seat_dials_codes_of_features(hotline: Hotline) -> None:
    async with hotline.seats("8001") as seats:
        for code in CODES:
            await refused_by_asterisk(seats["8001"], code.replace("#", "%23"))


@pytest.mark.parametrize("number", [ABROAD, MOBILE, "8002", f"sip:{MOBILE}@{{address}}"])
async def test_a_seat_hands_a_citizen_on_to_the_outside(
    hotline: Hotline, outside: Outside, outward: Outward, number: str
) -> None:
    """A REFER is refused: only the number counts, in the seats' own context, whatever its host."""
    async with (
        hotline.seats("8001", speaks=SEAT_HZ) as seats,
        hotline.citizen("13800094001") as citizen,
    ):
        await to_the_queue(citizen)
        phone = seats["8001"]
        await phone.talking(20)
        await phone.transfer(number.format(address=outside.address))
        failed = await phone.event("TRANSFER_FAILED")
        assert failed.get("param", "")[:3] in {"404", "403", "603"}, failed
        await no_other_leg(outward)
        await citizen.hang_up()
    await no_call_is_left(outward)


# --- through the API --------------------------------------------------------------------------
async def test_the_api_hands_nobody_on_to_what_is_no_seat_and_no_queue(
    hotline: Hotline, outward: Outward
) -> None:
    wrong = [
        {"seat": MOBILE},
        {"seat": "8002&PJSIP/13900009999@trunk-out"},
        {"seat": "13900009999@trunk-out"},
        {"seat": "trunk-out"},
        {"seat": "8002;x"},
        {"queue": "reception,s,1)&Dial(PJSIP/13900009999@trunk-out"},
        {"queue": "trunk-out"},
        {"queue": MOBILE},
    ]
    async with (
        hotline.seats("8001", speaks=SEAT_HZ) as seats,
        hotline.citizen("13800095001") as citizen,
    ):
        await to_the_queue(citizen)
        await seats["8001"].talking(20)

        async def look() -> str | None:
            items = (await hotline.get("/api/v1/seats"))["items"]
            return next((each["call"] for each in items if each["call"]), None)

        call = await eventually(look, "the call")
        client = await hotline.http()
        for to in wrong:
            async with client.post(f"/api/v1/calls/{call}/transfer", json=to) as answer:
                assert answer.status in {400, 404, 409, 422}, (to, await answer.text())
        for number in [*OUT, "12345", "12333", "*72", f"{MOBILE}@trunk-out", f"{MOBILE}&PJSIP/1"]:
            if number == MOBILE:
                continue  # this one may be called
            for verb in ("transfer", "consult"):
                async with client.post(
                    f"/api/v1/calls/{call}/{verb}", json={"number": number}
                ) as answer:
                    assert answer.status in {400, 422}, (verb, number, await answer.text())
        async with client.post(f"/api/v1/calls/{call}/emergency", json={"number": "168"}) as answer:
            assert answer.status in {400, 404, 422}, await answer.text()
        await citizen.hears(SEAT_HZ, timeout=10)
        await citizen.hang_up()
    await no_call_is_left(outward)


# --- through the gate -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (ABROAD, "international"),
        ("+44 20 7946 0000", "international"),
        (PREMIUM, "premium"),
        ("+86 168 1234", "premium"),
        ("0433-16812345", "premium"),
        ("01062345678", "far"),
        ("12345", "ourselves"),
        ("12333", "ourselves"),
        ("110", "emergency"),
        ("8001", "unknown"),
        (f"{MOBILE}&PJSIP/{ABROAD}@trunk-out", "malformed"),
        (f"{MOBILE};{ABROAD}", "malformed"),
        (f"{MOBILE}@127.0.0.1", "malformed"),
        (f"{MOBILE},30,gG(reception,s,1)", "malformed"),
        (f"{MOBILE}\r\nChannel: PJSIP/{ABROAD}@trunk-out", "malformed"),
        (f"sip:{ABROAD}@trunk-out", "malformed"),
        ("*72", "malformed"),
        ("${EXTEN}", "malformed"),
    ],
)
async def test_the_gate_refuses_and_writes_it_down(
    hotline: Hotline, outward: Outward, number: str, reason: str
) -> None:
    agent = Principal("wang", frozenset({Role.AGENT}))
    for act in (_place, _permit):
        with pytest.raises(NumberNotAllowed) as refused:
            await act(outward, agent, number)
        assert refused.value.reason == reason
    database = Database(f"sqlite+aiosqlite:///{hotline.home / 'hotline.sqlite3'}")
    try:
        async with database.reading() as session:
            entry = (await audit.latest(session, 1))[0]
    finally:
        await database.close()
    assert (entry.actor, entry.action) == ("wang", "outward.refused")
    assert entry.detail["reason"] == reason
    assert MOBILE not in str(entry)


async def _place(outward: Outward, who: Principal, number: str) -> None:
    await outward.place(
        who, number, purpose=Purpose.TRANSFER, ref="x", application=("Playback", "hotline/greeting")
    )


async def _permit(outward: Outward, who: Principal, number: str) -> None:
    async with outward.permit(who, number, purpose=Purpose.TRANSFER, ref="x"):
        raise AssertionError("let out")


async def test_a_caller_id_cannot_bring_a_second_action(outward: Outward) -> None:
    """What could break out of a line of the manager's is refused before anything is sent."""
    with pytest.raises(UnsafeValue):
        await outward.place(
            None,
            "13900008888",
            purpose=Purpose.CALLBACK,
            ref="x",
            application=("Playback", "hotline/greeting"),
            caller_id=f'"x\r\nAction: Originate\r\nChannel: PJSIP/{ABROAD}@trunk-out" <1>',
        )
