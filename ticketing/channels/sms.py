"""Text messages: what one may look like, and the two ways out: an HTTP gateway, or a file.

A message is counted as Chinese carriers do: UCS-2, 70 units, or 67 in each part of a longer one.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ticketing.channels.errors import BadPhone, BadText, Temporary
from ticketing.channels.http import Poster
from ticketing.channels.phones import Phone, PhoneKind, read_phone
from ticketing.channels.signing import check_id, check_secret, signed

ALONE = 70  # UCS-2 units in a message of one part
PART = 67  # in each part of a longer one
MOST_PARTS = 6
IDEMPOTENCY_KEY = "Idempotency-Key"
_SPACES = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_DROPPED = frozenset({"Cc", "Cf", "Co", "Cs"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sms:
    """One message, checked. Number and text are not shown by ``repr``.

    Args:
        id: of the outbox row: whatever has this id is sent once only.
        to: a mobile number as people write it.
        text: line breaks become spaces; other control and invisible characters are dropped.

    Raises:
        ValueError: the id cannot be used.
        BadPhone: no mobile number; text messages do not reach landlines.
        BadText: empty, or longer than ``MOST_PARTS`` parts.
    """

    id: str
    to: str = field(repr=False)
    text: str = field(repr=False)

    def __post_init__(self) -> None:
        check_id(self.id)
        phone = read_phone(self.to)
        if phone.kind is not PhoneKind.MOBILE:
            raise BadPhone("a landline takes no text message; call the citizen instead")
        text = clean(self.text)
        if not text:
            raise BadText("the message is empty")
        if parts(text) > MOST_PARTS:
            raise BadText(f"the message has more than {MOST_PARTS} parts; shorten it")
        object.__setattr__(self, "to", phone.digits)
        object.__setattr__(self, "text", text)

    @property
    def phone(self) -> Phone:
        """Whom it goes to; masked when printed."""
        return Phone(self.to, PhoneKind.MOBILE)

    @property
    def segments(self) -> int:
        """How many parts it is sent, and paid for, in."""
        return parts(self.text)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Taken over by the gateway. Attributes: reference: the gateway's own id, or empty."""

    reference: str
    segments: int


class SmsGateway(Protocol):
    """A way out for text messages."""

    async def send(self, message: Sms) -> Receipt:
        """Hand ``message`` over; doing so again with the same id sends nothing again.

        Raises:
            Temporary, Permanent
        """


def clean(text: str) -> str:
    """``text`` without control, format, private and lone surrogate characters, on one line."""
    spaced = "".join(" " if c in _SPACES else c for c in text.replace("\r\n", "\n"))
    return "".join(c for c in spaced if unicodedata.category(c) not in _DROPPED).strip()


def parts(text: str) -> int:
    """How many parts ``text`` takes; a character of two units is never torn apart."""
    sizes = [2 if ord(c) > 0xFFFF else 1 for c in text]
    if sum(sizes) <= ALONE:
        return 1 if sizes else 0
    count, room = 1, PART
    for size in sizes:
        if size > room:
            count, room = count + 1, PART
        room -= size
    return count


def fitted(text: str, most: int = MOST_PARTS) -> str:
    """``text``, cut with ``…`` where it would take more than ``most`` parts."""
    if parts(text) <= most:
        return text
    low, high = 0, len(text)  # the longest beginning that fits lies in between
    while low < high:
        middle = (low + high + 1) // 2
        if parts(text[:middle] + "…") <= most:
            low = middle
        else:
            high = middle - 1
    return text[:low] + "…"


class HttpSms:
    """A gateway that takes JSON by POST, signed as webhooks are (`ticketing.channels.signing`).

    ``{"id": …, "to": "13812345678", "text": …, "segments": 1}`` with ``Idempotency-Key``. The
    gateway answers 2xx, at best with ``{"id": "its own"}``, and the same again for the same key.

    Args:
        poster: says where requests may go.
        now: the clock, UTC.

    Raises:
        BadTarget: ``url`` may not be called.
        ValueError: the secret is too short.
    """

    def __init__(
        self, url: str, secret: bytes, poster: Poster, now: Callable[[], datetime]
    ) -> None:
        poster.targets.check(url)
        self._url = url
        self._secret = check_secret(secret)
        self._poster = poster
        self._now = now

    async def send(self, message: Sms) -> Receipt:
        """See `SmsGateway.send`."""
        body = _line(message).encode()
        headers = signed(body, self._secret, message.id, self._now())
        answer = await self._poster.post(self._url, body, {**headers, IDEMPOTENCY_KEY: message.id})
        _log.info("text message %s to %s: handed over", message.id, message.phone)
        return Receipt(_reference(answer.body), message.segments)


class ConsoleSms:
    """Writes messages into a file, one JSON object a line, for demo and tests (mode 600)."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def send(self, message: Sms) -> Receipt:
        """See `SmsGateway.send`; safe with several processes.

        Raises:
            Temporary: the file cannot be written.
        """
        try:
            await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise Temporary(f"the file of text messages cannot be written: {error}") from error
        _log.info("text message %s to %s: written", message.id, message.phone)
        return Receipt(f"console-{message.id}", message.segments)

    def _write(self, message: Sms) -> None:
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "r+", encoding="utf-8") as lines:
            fcntl.flock(lines, fcntl.LOCK_EX)
            lines.seek(0)
            said = lines.read()
            start = f'{{"id":"{message.id}",'
            if any(line.startswith(start) and line.endswith("}") for line in said.split("\n")):
                return
            torn = "\n" if said and not said.endswith("\n") else ""  # a write cut off by a crash
            lines.write(f"{torn}{_line(message)}\n")


def _line(message: Sms) -> str:
    told = {
        "id": message.id,
        "to": message.to,
        "text": message.text,
        "segments": message.segments,
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _reference(answer: bytes) -> str:
    """The gateway's own id, where its answer tells one."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return ""
    reference = said.get("id") if isinstance(said, dict) else None
    return clean(str(reference))[:100] if isinstance(reference, str | int) else ""
