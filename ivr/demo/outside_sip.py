"""SIP messages as the people outside need them: taken apart, and answered."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from ivr.demo.rtp import EVENT_TYPE

REASONS = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    404: "Not Found",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    503: "Service Unavailable",
    603: "Decline",
}
_SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "c": "content-type"}


@dataclass(frozen=True, slots=True)
class Message:
    """One SIP message.

    Attributes:
        start: its first line.
        headers: names in small letters, in their order.
    """

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @classmethod
    def read(cls, data: bytes) -> Message | None:
        """Take a datagram apart; None when it is no SIP message."""
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        if "SIP/2.0" not in start:
            return None
        parted = (line.partition(":") for line in lines)
        named = ((name.strip().lower(), value.strip()) for name, _, value in parted)
        return cls(start, tuple((_SHORT.get(name, name), value) for name, value in named), body)

    @property
    def method(self) -> str:
        """Of a request: ``INVITE``; of an answer that of what is answered."""
        return self.get("cseq").rpartition(" ")[2]

    @property
    def status(self) -> int:
        """Of an answer; 0 of a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def user(self) -> str:
        """The number that a request is for."""
        found = re.match(r"\w+ sips?:([^@;>]*)@", self.start)
        return found[1] if found else ""

    def get(self, name: str) -> str:
        """The first header of a name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every header of a name."""
        return [value for key, value in self.headers if key == name]

    def uri(self, name: str) -> str:
        """The address within a header."""
        found = re.search(r"<([^>]*)>", self.get(name))
        return found[1] if found else self.get(name).partition(";")[0]

    def sound_goes_to(self) -> tuple[str, int] | None:
        """Where the other side wants to hear, or None when it does not say."""
        host = re.search(r"^c=IN IP4 (\S+)", self.body, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        return (host[1], int(port[1])) if host and port else None

    def answer(self, status: int, tag: str, contact: str, body: str = "") -> bytes:
        """An answer to this request; ``tag`` is our side of the dialogue."""
        to = self.get("to")
        if "tag=" not in to:
            to += f";tag={tag}"
        lines = [f"SIP/2.0 {status} {REASONS.get(status, 'Unknown')}"]
        lines += [f"Via: {via}" for via in self.all("via")]
        lines += [f"Record-Route: {route}" for route in self.all("record-route")]
        lines += [f"From: {self.get('from')}", f"To: {to}", f"Call-ID: {self.get('call-id')}"]
        lines += [f"CSeq: {self.get('cseq')}", f"Contact: <{contact}>"]
        lines += ["Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE"]
        return _whole(lines, body)

    def bye(self, tag: str, here: str, number: str, contact: str) -> bytes:
        """The request that ends the call which this INVITE began.

        Args:
            here: our address and port.
        """
        lines = [
            f"BYE {self.uri('contact')} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{secrets.token_hex(8)};rport",
            "Max-Forwards: 70",
            *(f"Route: {route}" for route in self.all("record-route")),
            f"From: {self.get('to')};tag={tag}",
            f"To: {self.get('from')}",
            f"Call-ID: {self.get('call-id')}",
            f"CSeq: {number} BYE",
            f"Contact: <{contact}>",
        ]
        return _whole(lines, "")


def sdp(host: str, port: int) -> str:
    """A-law and keys on ``port``."""
    return "\r\n".join(
        (
            "v=0",
            f"o=outside 1 1 IN IP4 {host}",
            "s=-",
            f"c=IN IP4 {host}",
            "t=0 0",
            f"m=audio {port} RTP/AVP 8 {EVENT_TYPE}",
            "a=rtpmap:8 PCMA/8000",
            f"a=rtpmap:{EVENT_TYPE} telephone-event/8000",
            f"a=fmtp:{EVENT_TYPE} 0-15",
            "a=ptime:20",
            "a=sendrecv",
            "",
        )
    )


def _whole(lines: Iterable[str], body: str) -> bytes:
    kind = ["Content-Type: application/sdp"] if body else []
    size = len(body.encode())
    return "\r\n".join([*lines, *kind, f"Content-Length: {size}", "", body]).encode()
