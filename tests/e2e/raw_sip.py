"""A caller who writes SIP byte by byte: names and numbers that no decent telephone sends."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import socket
from types import TracebackType
from typing import Self

_SDP = (
    b"v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 9 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)
_TRIES = 6  # an INVITE is sent again after 0.5 s, 1 s … (RFC 3261, 17.1.1.2)


class RawCaller(asyncio.DatagramProtocol):
    """One UDP port from which SIP is sent. Use ``async with``.

    Args:
        port: the hotline's SIP port.
        host: whom we seem to be: an address of this machine.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._host = host
        self._server = ("127.0.0.1", port)
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, (self._host, 0), family=socket.AF_INET
        )
        self.port: int = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._transport.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """asyncio calls this."""
        self._answers.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        """The answer of an ICMP error: nobody listens, as after a crash; the test will see it."""

    def send(self, data: bytes) -> None:
        """Send one datagram as it is."""
        self._transport.sendto(data, self._server)

    def invite(self, name: bytes = b"") -> bytes:
        """The text of an INVITE, to be spoilt before it is sent."""
        return self._request(
            b"INVITE", 1, b"12345", b"13800030000", name, b"spoilt", b"1", body=_SDP
        )

    async def call(
        self,
        *,
        dialled: bytes = b"12345",
        caller: bytes = b"13800030000",
        name: bytes = b"",
        headers: bytes = b"",
    ) -> int:
        """Call, and hang up when answered; returns the final status of the INVITE.

        Args:
            name: what stands before the address in From, quotes included.
            headers: whole further header lines.

        Raises:
            TimeoutError: no final answer.
        """
        call_id = secrets.token_hex(8).encode()
        tag = secrets.token_hex(4).encode()
        invite = self._request(
            b"INVITE", 1, dialled, caller, name, call_id, tag, headers=headers, body=_SDP
        )
        answer = await self._final(invite, call_id, b"1 INVITE")
        status = int(answer[8:11])
        to = _header(b"To", answer)
        if status >= 300:
            branch = re.search(rb"branch=([^;\r]+)", invite)
            assert branch is not None
            self.send(
                self._request(
                    b"ACK", 1, dialled, caller, name, call_id, tag, to=to, branch=branch[1]
                )
            )
            return status
        self.send(self._request(b"ACK", 1, b"12345", caller, name, call_id, tag, to=to))
        bye = self._request(b"BYE", 2, b"12345", caller, name, call_id, tag, to=to)
        await self._final(bye, call_id, b"2 BYE")
        return status

    async def ask(
        self,
        method: bytes,
        user: bytes = b"12345",
        *,
        caller: bytes = b"13800030000",
        to: bytes = b"",
        headers: bytes = b"",
        login: tuple[str, str] | None = None,
    ) -> int:
        """Send a request other than INVITE; its final status.

        Args:
            user: whom it is for; ``to`` stands in its To, if that is another.
            login: name and password, tried once when they are asked for.

        Raises:
            TimeoutError: no final answer.
        """
        call_id, tag = secrets.token_hex(8).encode(), secrets.token_hex(4).encode()
        server = b"127.0.0.1:%d" % self._server[1]
        whom = b"<sip:%s@%s>" % (to or user, server)
        request = self._request(
            method, 1, user, caller, b"", call_id, tag, to=whom, headers=headers
        )
        answer = await self._final(request, call_id, b"1 " + method)
        if login is not None and answer[8:11] in {b"401", b"407"}:
            uri = b"sip:%s@%s" % (user, server)
            headers += _authorization(method, uri, answer, *login)
            again = self._request(
                method, 2, user, caller, b"", call_id, tag, to=whom, headers=headers
            )
            answer = await self._final(again, call_id, b"2 " + method)
        return int(answer[8:11])

    async def _final(self, request: bytes, call_id: bytes, sequence: bytes) -> bytes:
        for number in range(_TRIES):
            self.send(request)
            try:
                async with asyncio.timeout(0.5 * 2**number):
                    while True:
                        answer = await self._answers.get()
                        ours = call_id in answer and b"CSeq: " + sequence in answer
                        if ours and answer.startswith(b"SIP/2.0 ") and answer[8:9] != b"1":
                            return answer
            except TimeoutError:
                continue
        raise TimeoutError("no final answer to a request")

    def _request(
        self,
        method: bytes,
        sequence: int,
        dialled: bytes,
        caller: bytes,
        name: bytes,
        call_id: bytes,
        tag: bytes,
        *,
        to: bytes = b"",
        branch: bytes = b"",
        headers: bytes = b"",
        body: bytes = b"",
    ) -> bytes:
        host = b"%s:%d" % (self._host.encode(), self.port)
        server = b"127.0.0.1:%d" % self._server[1]
        branch = branch or b"z9hG4bK" + secrets.token_hex(8).encode()
        lines = [
            b"%s sip:%s@%s SIP/2.0" % (method, dialled, server),
            b"Via: SIP/2.0/UDP %s;branch=%s" % (host, branch),
            b"Max-Forwards: 70",
            b"From: %s<sip:%s@%s>;tag=%s" % (name + b" " if name else b"", caller, host, tag),
            b"To: " + (to or b"<sip:%s@%s>" % (dialled, server)),
            b"Call-ID: " + call_id,
            b"CSeq: %d %s" % (sequence, method),
            b"Contact: <sip:x@%s>" % host,
        ]
        text = b"\r\n".join(lines) + b"\r\n" + headers
        if body:
            text += b"Content-Type: application/sdp\r\n"
        return text + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _authorization(method: bytes, uri: bytes, challenge: bytes, user: str, password: str) -> bytes:
    """The header that answers a challenge (RFC 2617, MD5)."""
    asked = _header(b"WWW-Authenticate", challenge) or _header(b"Proxy-Authenticate", challenge)
    parts = dict(re.findall(rb'(\w+)="?([^",]*)"?', asked))
    realm, nonce = parts[b"realm"], parts[b"nonce"]

    def digest(*texts: bytes) -> bytes:
        return hashlib.md5(b":".join(texts), usedforsecurity=False).hexdigest().encode()

    count, own = b"00000001", secrets.token_hex(4).encode()
    response = digest(
        digest(user.encode(), realm, password.encode()),
        nonce, count, own, b"auth",
        digest(method, uri),
    )  # fmt: skip
    values = {
        b"username": user.encode(), b"realm": realm, b"nonce": nonce, b"uri": uri,
        b"response": response, b"cnonce": own,
    }  # fmt: skip
    if b"opaque" in parts:
        values[b"opaque"] = parts[b"opaque"]
    quoted = b", ".join(b'%s="%s"' % item for item in values.items())
    return b"Authorization: Digest %s, nc=%s, qop=auth, algorithm=MD5\r\n" % (quoted, count)


def _header(name: bytes, message: bytes) -> bytes:
    found = re.search(rb"(?im)^" + name + rb":\s*([^\r\n]*)", message)
    return found[1] if found else b""
