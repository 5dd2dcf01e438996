"""Telephones light enough for fifty at once: they register, dial and talk, all on one UDP port."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from types import TracebackType

from ivr.demo.outside import Outside
from ivr.demo.outside_sip import Message, sdp
from ivr.demo.rtp import Voice

_TRIES = 5  # a request is sent again after 0.5 s, 1 s …


@dataclass
class LightCall:
    """A call that was dialled here, once it is answered."""

    voice: Voice
    request: list[str]
    answer: Message
    over: asyncio.Event = field(default_factory=asyncio.Event)


class LightPhones(Outside):
    """An `Outside` that registers and dials as well. Use ``async with``.

    Args:
        port: the hotline's SIP port.
    """

    def __init__(self, port: int) -> None:
        super().__init__()
        self.server = ("127.0.0.1", port)
        self._asked: dict[str, asyncio.Queue[Message]] = {}
        self._dialled: dict[str, LightCall] = {}

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for call in self._dialled.values():
            await call.voice.close()
        await super().__aexit__(kind, error, trace)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """asyncio calls this."""
        message = Message.read(data)
        call_id = "" if message is None else message.get("call-id")
        if message is not None and message.status and call_id in self._asked:
            self._asked[call_id].put_nowait(message)
        elif message is not None and call_id in self._dialled:
            if message.method == "BYE" and not message.status:
                self._dialled[call_id].over.set()
                assert self._transport is not None
                self._transport.sendto(message.answer(200, "x", self.contact), addr)
        else:
            super().datagram_received(data, addr)

    async def register(self, number: str, user: str, password: str) -> None:
        """Take the calls of a seat."""
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        who = f"<sip:{number}@{self.server[0]}:{self.server[1]}>"
        call_id = secrets.token_hex(8)
        extra = [f"Contact: <sip:{number}@{self.address}>", "Expires: 600"]
        refused = await self._ask("REGISTER", uri, call_id, 1, who, who, extra)
        assert refused.status == 401, refused.start
        login = _login(refused.get("www-authenticate"), uri, user, password)
        taken = await self._ask("REGISTER", uri, call_id, 2, who, who, [*extra, login])
        assert taken.status == 200, taken.start

    async def dial(self, number: str, caller: str) -> LightCall:
        """Call, and wait for the answer."""
        voice = await Voice.open(self.host)
        uri = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        call_id = secrets.token_hex(8)
        who = f"<sip:{caller}@{self.address}>"
        extra = [f"Contact: <sip:{caller}@{self.address}>", "Content-Type: application/sdp"]
        body = sdp(self.host, voice.port)
        answer = await self._ask("INVITE", uri, call_id, 1, who, f"<{uri}>", extra, body)
        assert answer.status == 200, answer.start
        goes_to = answer.sound_goes_to()
        assert goes_to is not None
        self._send("ACK", uri, call_id, 1, answer.get("from"), answer.get("to"), [], "")
        voice.connect(*goes_to)
        made = self._dialled[call_id] = LightCall(voice, [uri, call_id], answer)
        return made

    async def hang_up(self, call: LightCall) -> None:
        """End a call that was dialled."""
        uri, call_id = call.request
        if not call.over.is_set():
            told = call.answer
            with contextlib.suppress(TimeoutError):
                await self._ask("BYE", uri, call_id, 2, told.get("from"), told.get("to"), [])
            call.over.set()
        await call.voice.close()

    async def _ask(
        self,
        method: str,
        uri: str,
        call_id: str,
        number: int,
        sender: str,
        to: str,
        extra: list[str],
        body: str = "",
    ) -> Message:
        """Send a request until there is a final answer."""
        if "tag=" not in sender:
            sender = f"{sender};tag={call_id[:8]}"
        answers = self._asked.setdefault(call_id, asyncio.Queue())
        branch = secrets.token_hex(8)
        try:
            for tries in range(_TRIES):
                self._send(method, uri, call_id, number, sender, to, extra, body, branch)
                try:
                    async with asyncio.timeout(0.5 * 2**tries):
                        while True:
                            answer = await answers.get()
                            if answer.status >= 200 and answer.get("cseq").endswith(method):
                                return answer
                except TimeoutError:
                    continue
            raise TimeoutError(f"{method} {uri}: no answer")
        finally:
            self._asked.pop(call_id, None)

    def _send(
        self,
        method: str,
        uri: str,
        call_id: str,
        number: int,
        sender: str,
        to: str,
        extra: list[str],
        body: str,
        branch: str = "",
    ) -> None:
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.address};branch=z9hG4bK{branch or secrets.token_hex(8)};rport",
            "Max-Forwards: 70",
            f"From: {sender}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
            *extra,
            f"Content-Length: {len(body.encode())}",
        ]
        assert self._transport is not None
        self._transport.sendto("\r\n".join([*lines, "", body]).encode(), self.server)


def _login(challenge: str, uri: str, user: str, password: str) -> str:
    """The header that answers a challenge (RFC 2617, MD5)."""
    asked = dict(re.findall(r'(\w+)="?([^",]*)"?', challenge))
    own = secrets.token_hex(4)

    def digest(*texts: str) -> str:
        return hashlib.md5(":".join(texts).encode(), usedforsecurity=False).hexdigest()

    secret = digest(user, asked["realm"], password)
    response = digest(secret, asked["nonce"], "00000001", own, "auth", digest("REGISTER", uri))
    values = {
        "username": user,
        "realm": asked["realm"],
        "nonce": asked["nonce"],
        "uri": uri,
        "response": response,
        "cnonce": own,
        "opaque": asked.get("opaque", ""),
    }
    quoted = ", ".join(f'{name}="{value}"' for name, value in values.items() if value)
    return f"Authorization: Digest {quoted}, nc=00000001, qop=auth, algorithm=MD5"
