"""Hostile input: garbage on every port, names and numbers meant to break something.

Nothing crashes, no log is forged, calls are answered, and each of them has one record.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import random
import re
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from ivr.journal import parse
from tests.e2e.hotline import Hotline, eventually, to_the_queue
from tests.e2e.raw_sip import RawCaller

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
SEAT_HZ = 600
MARK = "FORGED"
LOG_LINES = {
    "log/controller.log": re.compile(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) [\w.]+: .*|    \| .*"
    ),
    "asterisk/log/queue_log": re.compile(r"\d+\|[^|]+\|[^|]+\|[^|]+\|[A-Z]+\|.*"),
    "asterisk/log/messages.log": re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] .*"),
}
JOURNAL = "asterisk/log/cel-custom/journal.csv"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline() as running:
        before = running.pids()
        yield running
        assert running.pids() == before, "something has crashed and was started again"
        logs_are_whole(running)
        reconciled = await running.cli("calls", "reconcile")
        assert " 0 disagreements" in reconciled, reconciled


def logs_are_whole(hotline: Hotline) -> None:
    """Each line of each log is one that the hotline itself has begun."""
    for file, line_of in LOG_LINES.items():
        for line in _lines(hotline.home / file):
            assert line_of.fullmatch(line), f"{file}: {line[:200]!r}"
    text = (hotline.home / JOURNAL).read_bytes().decode("utf-8", "replace")
    for row in csv.reader(io.StringIO(text, newline=""), strict=True):
        assert len(row) == 11, row
        assert float(row[0]) > 1_700_000_000, row
    for line in text.splitlines():
        if parse(line) is not None:
            assert MARK not in line.split(",")[0]


def _lines(file: Path) -> list[str]:
    return file.read_bytes().decode("utf-8", "replace").rstrip("\n").split("\n")


async def dial(hotline: Hotline, number: int, **how: bytes) -> dict[str, Any]:
    """A call that is answered, and its record; known by the number dialled."""
    dialled = f"9{number:05}"
    async with RawCaller(hotline.sip_port) as caller:
        assert await caller.call(dialled=dialled.encode(), **how) == 200

    async def look() -> dict[str, Any] | None:
        found = [call for call in await hotline.calls() if called(call, dialled)]
        assert len(found) <= 1, found
        return found[0] if found else None

    record: dict[str, Any] = await eventually(look, f"a record of {how}")
    return record


def called(call: dict[str, Any], dialled: str) -> bool:
    """Whether a record is of the call to that number, forwarded or not."""
    return dialled in {call["dialled"], call["line"]}


# --- ports ----------------------------------------------------------------------------------
GARBAGE = (
    b"\0" * 2000,
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xff\xfe\x00\x01" * 300,
    b"agi_network: yes\nagi_network_script: reception\nagi_uniqueid: 1\n\n200 result=1\n" * 20,
    b"Action: Login\r\nUsername: controller\r\nSecret: x\r\n\r\n",
    b"Action: Originate\r\nChannel: PJSIP/8001\r\nApplication: System\r\nData: id\r\n\r\n",
    b"A" * 200_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)


async def annoy(port: int, data: bytes) -> None:
    """Send something and look at what comes back; whatever happens is fine for the sender."""
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(data)
                await writer.drain()
                writer.write_eof()
                await reader.read(65536)
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        pass


def probe(port: int) -> None:
    """Connect and be gone, with a reset."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def test_probes_and_garbage_on_the_ports_while_a_call_goes_on(hotline: Hotline) -> None:
    wiring = json.loads((hotline.home / "wiring.json").read_text("utf-8"))
    ports = [wiring["agi_port"], wiring["ami_port"], hotline.http_port, hotline.sip_port]
    half_open = []
    try:
        async with hotline.seats("8001", speaks=SEAT_HZ) as seats:
            async with hotline.citizen("13800030001") as citizen:
                await to_the_queue(citizen)
                await seats["8001"].talking(20)
                await citizen.hears(SEAT_HZ, timeout=15)
                for port in ports:
                    for _ in range(200):
                        await asyncio.to_thread(probe, port)
                    half_open += [await asyncio.open_connection("127.0.0.1", port)] * 5
                    await asyncio.gather(*(annoy(port, data) for data in GARBAGE))
                await citizen.hears(SEAT_HZ, seconds=1.0, timeout=5)
                async with hotline.citizen("13800030002") as other:
                    await other.answered()
                    await other.voice.hears_sound()
                    await other.hang_up()
                await hotline.healthy(5)
                await citizen.hang_up()
    finally:
        for _, writer in half_open:
            writer.close()
    assert (await hotline.record("13800030001"))["outcome"] == "answered"
    assert (await hotline.record("13800030002"))["outcome"] == "abandoned_in_menu"


async def test_http_garbage(hotline: Hotline) -> None:
    async with aiohttp.ClientSession(hotline.url) as client:
        for path in ("/api/v1/calls/%00", "/api/v1/calls/..%2f..%2fetc%2fpasswd/recording"):
            async with client.get(path) as answer:
                assert answer.status in {400, 401, 404}
        body = b'{"username": ' + b"[" * 100_000
        async with client.post("/api/v1/session", data=body) as answer:
            assert 400 <= answer.status < 500
            assert (await answer.json()).keys() >= {"error", "message"}
    await hotline.healthy(5)


async def test_malformed_sip(hotline: Hotline) -> None:
    dice = random.Random(12345)
    async with RawCaller(hotline.sip_port) as caller:
        for number in range(50):
            whole = caller.invite(name=f'"{MARK}"'.encode())
            cut = whole[: dice.randrange(len(whole))]
            spoilt = bytes(byte if dice.random() > 0.02 else dice.randrange(256) for byte in whole)
            caller.send((cut, spoilt, dice.randbytes(600), b"\r\n" * 700, b"\0")[number % 5])
    await dial(hotline, 100, caller=b"13800030100")
    await hotline.healthy(5)


# --- names and numbers ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("number", "wire", "name"),
    [
        (1, '"王小明"', "王小明"),
        (2, "市民热线", "市民热线"),
        (3, '"a \\"quoted\\" name"', 'a "quoted" name'),
        (4, '"back\\\\slash"', "back\\slash"),
        (5, '"a, b; c | d \' e"', "a, b; c | d ' e"),
        (6, '"${SHELL(id)} $[1+1]"', "${SHELL(id)} $[1+1]"),
        (7, '"홍길동"', "홍길동"),
        (8, '"%0d%0aFORGED"', "%0d%0aFORGED"),
    ],
)
async def test_the_right_text_for_a_right_name(
    hotline: Hotline, number: int, wire: str, name: str
) -> None:
    caller = f"138000301{number:02}"
    record = await dial(hotline, number, caller=caller.encode(), name=wire.encode())
    assert (record["caller"], record["caller_name"]) == (caller, name)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (20, '"王小明"'.encode("gbk")),
        (21, '"Jürgen Größe"'.encode("latin-1")),
        (22, b'"\xff\xfe\x80\xc3"'),
        (23, b'"' + "王小明".encode()[:-1] + b'"'),
        (24, b'"' + b"N" * 10_000 + b'"'),
        (25, b'"' + "王".encode() * 400 + b'"'),
        (26, b'"folded\r\n FORGED|x|y"'),
        (27, b'"folded\r\n\tFORGED"'),
        (28, b'"line\nFORGED"'),
        (29, b'"line\r\nFORGED: yes\r\n\r\n"'),
        (30, b'"nul\0nul"'),
        (31, b'"\x1b[31mred\x07"'),
        (32, b'"unclosed'),
        (33, '"\u2028\u0085FORGED"'.encode()),
    ],
)
async def test_a_name_that_is_no_text(hotline: Hotline, number: int, name: bytes) -> None:
    """It is refused as SIP, or the call has its record; then the next call is as ever."""
    before = {call["id"] for call in await hotline.calls()}
    async with RawCaller(hotline.sip_port) as caller:
        try:
            async with asyncio.timeout(3):
                status = await caller.call(caller=b"13800030200", name=name)
        except TimeoutError:
            status = 0  # dropped without a word
    next_one = await dial(hotline, 200 + number, caller=b"13800030201")
    since = [call for call in await hotline.calls() if call["id"] not in before]
    since = [call for call in since if call["id"] != next_one["id"]]
    assert len(since) == (1 if status == 200 else 0), (status, since)
    for call in since:
        assert call["caller"] == "13800030200"
        assert "\n" not in call["caller_name"]
        assert "\r" not in call["caller_name"]
        assert len(call["caller_name"]) <= 200
    logs_are_whole(hotline)


@pytest.mark.parametrize(
    ("number", "user"),
    [
        (40, b"%24%7BSHELL(id)%7D"),
        (41, b"$(id)"),
        (42, b"a;b=c"),
        (43, b"a%7Cb%7CABANDON"),
        (44, b"a,b,c"),
        (45, b"%22x%22,%22y"),
        (46, b"%0d%0aFORGED"),
        (47, b"%00"),
        (48, b"x" * 900),
        (50, b"trunk"),
        (51, b"reception"),
        (52, b"1%0d%0a%0d%0aEvent%3a%20Hangup%0d%0aUniqueid%3a%20x%0d%0a%0d%0a"),
        (53, b"1%0a1,HANGUP,hotline-1.1,hotline-1.1,,,,,,,%0a"),
        (54, b"%22%0a%221%22,%22HANGUP%22,%22x%22,%22x%22,%22%0a"),
    ],
)
async def test_a_hostile_number_of_the_caller(hotline: Hotline, number: int, user: bytes) -> None:
    record = await dial(hotline, number, caller=user)
    assert record["caller"].isprintable()
    logs_are_whole(hotline)


@pytest.mark.parametrize(
    "dialled",
    [
        b"12345,x,1",
        b"12345%2Cs%2C1",
        b"12345%7C1",
        b"12345$%7BSHELL(id)%7D",
        b"1%0d%0aFORGED",
        b"1%22%2C%22",
        b"1" * 200,
        b"+8612345",
        b"0%26dialled%3D110%26rating%3D1",
    ],
)
async def test_a_hostile_number_that_is_dialled(hotline: Hotline, dialled: bytes) -> None:
    """The call is answered or refused; when it is answered it is one call to the hotline."""
    number = b"1380003%04d" % (sum(dialled) % 10_000)
    async with RawCaller(hotline.sip_port) as caller:
        status = await caller.call(dialled=dialled, caller=number)
    assert status in {200, 400, 404, 484, 603}
    if status == 200:
        record = await hotline.record(number.decode())
        assert (record["rating"], record["outcome"]) == (None, "abandoned_in_menu")
        assert re.fullmatch(r"[0-9]{3,15}", record["dialled"])
    logs_are_whole(hotline)


@pytest.mark.parametrize(
    ("number", "headers", "old"),
    [
        (60, b"Diversion: <sip:12333@carrier>;reason=unconditional\r\n", "12333"),
        (61, b'Diversion: "x, y" <sip:+8612319@carrier>\r\n', "12319"),
        (62, b"Diversion: <sip:88880000@c>, <tel:12315>\r\n", "12315"),
        (63, b"Diversion: <sip:88880000@c>\r\nDiversion: <sip:12315@c>\r\n", "12315"),
        (64, b"Diversion: " + b'"' * 501 + b"\r\n", None),
        (65, b"Diversion: <sip:${SHELL(id)}@c>\r\n", None),
        (66, b"Diversion: <sip:x&line=110&rating=1@c>\r\n", None),
        (67, b"Diversion: <sip:1%0d%0aFORGED@c>\r\n", None),
        (68, b"Diversion: " + b"<sip:12315@c>," * 20 + b"<sip:1@c>\r\n", "12315"),
        (69, b"Diversion: " + b"<sip:12315@c>," * 300 + b"<sip:1@c>\r\n", None),
    ],
)
async def test_the_number_that_was_forwarded(
    hotline: Hotline, number: int, headers: bytes, old: str | None
) -> None:
    caller = f"138000306{number}"
    async with RawCaller(hotline.sip_port) as phone:
        assert await phone.call(caller=caller.encode(), headers=headers) == 200
    record = await hotline.record(caller)
    assert record["forwarded_from"] == old
    assert record["line"] == (old or "12345")
    assert record["dialled"] == (old or "12345")
    assert record["rating"] is None


def expected(text: str) -> str:
    """The text as it is kept: without formatting characters."""
    return "".join(character for character in text if character.isprintable()).strip()


async def test_many_nasty_names_are_many_records(hotline: Hotline) -> None:
    dice = random.Random(20261121)
    letters = [*"ab |;,'`$(){}[]&%=~王한é\\\"", "${EXTEN}", "\\\\n", "😀", "\u202e"]
    for number in range(30):
        text = "".join(dice.choices(letters, k=dice.randrange(1, 20)))
        wire = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        caller = f"138000307{number:02}"
        record = await dial(hotline, 700 + number, caller=caller.encode(), name=wire.encode())
        assert record["caller"] == caller
        assert record["caller_name"] == expected(text), text
    records = await hotline.calls()
    assert len({record["id"] for record in records}) == len(records)
    assert " 0 disagreements" in await hotline.cli("calls", "reconcile")
