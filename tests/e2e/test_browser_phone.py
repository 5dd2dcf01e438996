"""A seat whose phone is a browser: SIP over a WebSocket, sound as WebRTC has it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import aiohttp
import pytest
import pytest_asyncio

from ivr.demo.sound import has_tone, read_sound
from tests.browser.browser import Browser
from tests.e2e.hotline import Hotline, to_the_queue
from tests.e2e.watching import Watcher

CITIZEN_HZ, BROWSER_HZ = 440, 1200
pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline() -> AsyncIterator[Hotline]:
    async with Hotline() as running:
        yield running
        assert " 0 disagreements" in await running.cli("calls", "reconcile")


class BrowserPhone:
    """The SIP of a phone in a browser. Use ``async with``.

    Args:
        url: the WebSocket.
    """

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url, self._user, self._password = url, user, password
        self._host = f"{secrets.token_hex(6)}.invalid"  # a browser does not know its address
        self._call_id = secrets.token_hex(8)
        self._sequence = 0
        self._messages: asyncio.Queue[str] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession()
        self._socket = await self._client.ws_connect(self._url, protocols=("sip",))
        assert self._socket.protocol == "sip"
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._socket.close()
        await self._reading
        await self._client.close()

    async def _read(self) -> None:
        """Answer OPTIONS at once, as phones do; keep the rest."""
        async for message in self._socket:
            text = message.data if isinstance(message.data, str) else message.data.decode()
            if text.startswith("OPTIONS "):
                await self.answer(text, "200 OK")
            else:
                self._messages.put_nowait(text)

    async def receive(self, beginning: str, timeout: float = 10.0) -> str:
        """The next message that begins so."""
        async with asyncio.timeout(timeout):
            while not (text := await self._messages.get()).startswith(beginning):
                pass
        return text

    async def answer(self, request: str, status: str) -> None:
        """Answer a request."""
        names = ("Via", "From", "To", "Call-ID", "CSeq")
        lines = [line for line in request.split("\r\n") if line.partition(":")[0] in names]
        await self._send([f"SIP/2.0 {status}", *lines])

    async def register(self, authorization: str = "") -> str:
        """Send a REGISTER; the answer."""
        self._sequence += 1
        uri = "sip:127.0.0.1"
        lines = [
            f"REGISTER {uri} SIP/2.0",
            f"Via: SIP/2.0/WS {self._host};branch=z9hG4bK{secrets.token_hex(8)}",
            "Max-Forwards: 70",
            f"From: <sip:{self._user}@127.0.0.1>;tag={self._call_id}",
            f"To: <sip:{self._user}@127.0.0.1>",
            f"Call-ID: {self._call_id}",
            f"CSeq: {self._sequence} REGISTER",
            f"Contact: <sip:{self._user}@{self._host};transport=ws>;expires=120",
            *([f"Authorization: {authorization}"] if authorization else []),
        ]
        await self._send(lines)
        return await self.receive("SIP/2.0 ")

    def authorization(self, challenge: str) -> str:
        """The answer to a digest challenge (RFC 2617, MD5)."""
        line = next(x for x in challenge.split("\r\n") if x.startswith("WWW-Authenticate: Digest"))
        given = dict(re.findall(r'(\w+)="?([^",]+)"?', line))
        uri, once, count = "sip:127.0.0.1", secrets.token_hex(4), "00000001"
        own = _md5(f"{self._user}:{given['realm']}:{self._password}")
        what = _md5(f"REGISTER:{uri}")
        proof = _md5(f"{own}:{given['nonce']}:{count}:{once}:auth:{what}")
        return (
            f'Digest username="{self._user}", realm="{given["realm"]}", nonce="{given["nonce"]}", '
            f'uri="{uri}", response="{proof}", algorithm=MD5, cnonce="{once}", qop=auth, '
            f'nc={count}, opaque="{given.get("opaque", "")}"'
        )

    async def _send(self, lines: list[str]) -> None:
        await self._socket.send_str("\r\n".join([*lines, "Content-Length: 0", "", ""]))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


async def test_a_phone_in_a_browser_registers_and_rings(hotline: Hotline) -> None:
    changed = await hotline.cli("seats", "set", "8005", "--phone", "browser", "--json")
    assert json.loads(changed)["transports"] == ["ws"]
    facts = json.loads(await hotline.cli("seats", "show", "8005", "--json"))
    async with Watcher(hotline) as board:
        phone = BrowserPhone(facts["websocket"], facts["user"], facts["password"])
        async with phone:
            challenge = await phone.register()
            assert challenge.startswith("SIP/2.0 401 ")
            accepted = await phone.register(phone.authorization(challenge))
            assert accepted.startswith("SIP/2.0 200 "), accepted
            await board.seat("8005", "idle")
            assert await hotline.seat_state("8005") == "idle"

            async with hotline.citizen("13800050001") as citizen:
                await to_the_queue(citizen)
                invite = await phone.receive("INVITE ", 20)
                await phone.answer(invite, "486 Busy Here")
                await citizen.hang_up()
        await board.seat("8005", "unavailable", 30)
    for line in ("UDP/TLS/RTP/SAVPF", "a=fingerprint:SHA-256 ", "a=ice-ufrag:", "a=rtcp-mux"):
        assert line.lower() in invite.lower(), invite
    assert (await hotline.record("13800050001"))["outcome"] == "abandoned_in_queue"


async def test_sound_goes_both_ways_between_a_citizen_and_a_browser(hotline: Hotline) -> None:
    await hotline.cli("seats", "set", "8007", "--phone", "browser")
    facts = json.loads(await hotline.cli("seats", "show", "8007", "--json"))
    caller = "13800050002"
    async with Watcher(hotline) as board, Browser(speaks=BROWSER_HZ) as phone:
        await phone.register(facts)
        await board.seat("8007", "idle")
        async with hotline.citizen(caller) as citizen:
            await to_the_queue(citizen)
            await phone.until("talking")
            await asyncio.gather(
                citizen.say(CITIZEN_HZ, 4.0), phone.hears(CITIZEN_HZ), citizen.hears(BROWSER_HZ)
            )
            await phone.hang_up()
            await citizen.press("1")
            await citizen.wait(20)
    record = await hotline.record(caller)
    assert (record["outcome"], record["seat"]) == ("answered", "8007")
    assert (record["hangup_by"], record["rating"]) == ("agent", "satisfied")
    for leg, own in (("citizen", CITIZEN_HZ), ("agent", BROWSER_HZ)):
        file = hotline.home / "recordings" / record["recording"] / f"{leg}.sln16"
        assert has_tone(*read_sound(file), own), f"{leg} is not heard in the recording"


async def test_a_wrong_password_is_refused_over_a_websocket(hotline: Hotline) -> None:
    await hotline.cli("seats", "set", "8006", "--phone", "browser")
    facts = json.loads(await hotline.cli("seats", "show", "8006", "--json"))
    async with BrowserPhone(facts["websocket"], facts["user"], "wrong") as phone:
        refused = await phone.register(phone.authorization(await phone.register()))
        assert re.match(r"SIP/2\.0 40[13] ", refused), refused
    assert await hotline.seat_state("8006") == "unavailable"


async def test_only_sip_is_spoken_over_the_websocket(hotline: Hotline) -> None:
    facts = json.loads(await hotline.cli("seats", "show", "8005", "--json"))
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(facts["websocket"], protocols=("chat",))
    await hotline.healthy(5)
