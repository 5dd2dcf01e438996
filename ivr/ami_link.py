"""One connection to Asterisk's manager: panoramisk's client with its weak places closed.

panoramisk numbers and frames the actions, opens the connection and keeps its settings. What it
does with answers, with time and with a lost link is replaced here:

- bytes are cut into messages first and decoded afterwards, so no character is ever torn;
- a message is parsed once, into a small read-only mapping, without a pattern match per event;
- a request says itself which messages are its answer, so no wording of Asterisk's decides it;
- a link is used once: what was not answered on it is reported, never sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from panoramisk import Manager
from panoramisk.actions import Action
from panoramisk.ami_protocol import AMIProtocol

from ivr.errors import AmiLost, AmiNotConnected, AmiRefused, AmiTimeout, UnsafeValue

END = b"\r\n\r\n"
MAX_MESSAGE = 1 << 20
"""Bytes; a longer message means that the peer is not Asterisk or has lost its way."""
MAX_BACKLOG = 50_000
"""Events waiting for the consumer; beyond it the link is given up and a new one resynchronises."""
MAX_LINE = 1022
"""Bytes of one ``Key: value`` line that Asterisk accepts; it refuses a longer one unread."""

CONNECT_WITHIN = 5.0
"""Seconds for the connection itself."""

Fields = Mapping[str, str | Sequence[str]]


class AmiMessage(Mapping[str, str]):
    """The headers of one message, keys as Asterisk writes them; of a repeated key, the first."""

    __slots__ = ("_fields", "_repeated")

    def __init__(self, fields: dict[str, str], repeated: dict[str, tuple[str, ...]]) -> None:
        self._fields = fields
        self._repeated = repeated

    def __getitem__(self, key: str) -> str:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._fields!r})"

    def all(self, key: str) -> tuple[str, ...]:
        """Every value of a header that may be repeated, such as ``Output`` or ``ChanVariable``."""
        if key in self._repeated:
            return self._repeated[key]
        return (self._fields[key],) if key in self._fields else ()


class AmiEvent(AmiMessage):
    """Something that happened, or one row of a list."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """What happened: ``Newchannel``, ``QueueMember`` …"""
        return self._fields["Event"]


class AmiReply(AmiMessage):
    """Asterisk's answer to one action."""

    __slots__ = ()

    @property
    def success(self) -> bool:
        return self._fields["Response"] in {"Success", "Follows", "Goodbye"}

    @property
    def message(self) -> str:
        """Asterisk's words: ``Originate successfully queued``; may be empty."""
        return self._fields.get("Message", "")


def parse(text: str) -> AmiEvent | AmiReply | None:
    """Read one message, without the empty line that ends it; None if it is neither kind."""
    fields: dict[str, str] = {}
    repeated: dict[str, tuple[str, ...]] = {}
    for line in text.split("\r\n"):
        key, colon, value = line.partition(":")
        if not colon:
            continue
        value = value.removeprefix(" ")
        if key in fields:
            repeated[key] = (*repeated.get(key, (fields[key],)), value)
        else:
            fields[key] = value
    if "Event" in fields:
        return AmiEvent(fields, repeated)
    if "Response" in fields:
        return AmiReply(fields, repeated)
    return None


class Request(Action):  # type: ignore[misc]  # panoramisk carries no types
    """An action whose answer is its reply.

    Raises:
        UnsafeValue: a key or value would end its line, and so start a line of the caller's own.
        AmiRefused: a line is longer than Asterisk reads.
    """

    def __init__(self, name: str, fields: Fields) -> None:
        super().__init__(_checked({"Action": name, **fields}))

    @property
    def name(self) -> str:
        return str(self["Action"])

    def take(self, message: AmiEvent | AmiReply) -> bool:
        """Look at a message with our ActionID; whether it is for nobody else."""
        if isinstance(message, AmiReply):
            self._settle(message)
            return True
        return False

    def _settle(self, answer: object) -> None:
        if not self.future.done():
            self.future.set_result(answer)


class ListRequest(Request):
    """An action answered by a list: ``EventList: start``, rows, ``EventList: Complete``.

    The answer is the rows, or the reply when Asterisk refused.
    """

    def __init__(self, name: str, fields: Fields) -> None:
        super().__init__(name, fields)
        self.rows: list[AmiEvent] = []

    def take(self, message: AmiEvent | AmiReply) -> bool:
        if isinstance(message, AmiReply):
            if not message.success:
                self._settle(message)
            elif "EventList" not in message:
                self._settle(self.rows)
        elif message.get("EventList") == "Complete":
            self._settle(self.rows)
        else:
            self.rows.append(message)
        return True


class OriginateRequest(Request):
    """An asynchronous Originate: its answer is the event that tells how the call went."""

    def take(self, message: AmiEvent | AmiReply) -> bool:
        if isinstance(message, AmiReply):
            if not message.success:
                self._settle(message)
            return True
        if message.name == "OriginateResponse":
            self._settle(message)
        return False


class Link(AMIProtocol):  # type: ignore[misc]  # panoramisk carries no types
    """One connection. ``inbox`` holds the events in order; None in it says that the link ended."""

    inbox: asyncio.Queue[AmiEvent | None]
    reason: str
    version: str | None
    closed: bool

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.inbox = asyncio.Queue()
        self.reason = ""
        self._buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        """Cut what has come into messages; a message that is not whole yet waits for the rest."""
        scanned = max(0, len(self._buffer) - len(END) + 1)
        self._buffer += data
        if self._buffer.find(END, scanned) < 0:
            if len(self._buffer) > MAX_MESSAGE:
                self.drop(f"a message of more than {MAX_MESSAGE} bytes came")
            return
        *frames, rest = bytes(self._buffer).split(END)
        self._buffer = bytearray(rest)
        for frame in frames:
            if self.closed:
                return
            self._take_frame(frame)

    def _take_frame(self, frame: bytes) -> None:
        if len(frame) > MAX_MESSAGE:
            self.drop(f"a message of more than {MAX_MESSAGE} bytes came")
            return
        if self.version is None:
            banner, _, frame = frame.partition(b"\r\n")
            if not banner.startswith(b"Asterisk Call Manager/"):
                self.drop("what answers there is not Asterisk's manager")
                return
            self.version = banner.partition(b"/")[2].decode("ascii", "replace")
        message = parse(frame.decode("utf-8", "replace"))
        if message is not None:
            self.handle_message(message)

    def handle_message(self, message: AmiEvent | AmiReply) -> None:
        """Hand a message to the request it answers, or put it into the inbox."""
        request = self.responses.get(message.get("ActionID"))
        if request is not None and request.take(message):
            return
        if isinstance(message, AmiEvent):
            self.inbox.put_nowait(message)
            if self.inbox.qsize() > MAX_BACKLOG:
                self.drop(f"more than {MAX_BACKLOG} events waited to be handled")

    def send(self, data: Request, as_list: bool | None = None) -> asyncio.Future[Any]:
        """Write a request; what panoramisk's ``Manager.send_action`` comes down to."""
        self.responses[data.id] = data
        self.transport.write(str(data).encode("utf-8"))
        return data.future  # type: ignore[no-any-return]

    async def ask(self, request: Request, timeout: float) -> Any:
        """Send a request once and wait for its answer, at most ``timeout`` seconds.

        Raises:
            AmiNotConnected: the link had ended already.
            AmiTimeout: no answer came in time.
            AmiLost: the link ended first.
            AmiRefused: Asterisk said no.
        """
        if self.closed:
            raise AmiNotConnected(f"{request.name}: Asterisk's manager is not connected")
        future = self.factory.send_action(request)
        try:
            await asyncio.wait([future], timeout=timeout)
        finally:
            self.responses.pop(request.id, None)
        if future.cancelled():
            raise AmiLost(f"{request.name}: the link broke before the answer: {self.reason}")
        if not future.done():
            raise AmiTimeout(f"{request.name}: no answer from Asterisk in {timeout:g} s")
        answer = future.result()
        if isinstance(answer, AmiReply) and not answer.success:
            raise AmiRefused(f"{request.name}: {answer.message or 'refused'}")
        return answer

    def drop(self, reason: str) -> None:
        """Give the link up now."""
        self._end(reason)
        self.transport.abort()

    def close(self) -> None:
        """Close after what was written has left."""
        self._end("closed")
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"{exc}" if exc else "Asterisk closed it")

    def _end(self, reason: str) -> None:
        if self.closed:
            return
        self.closed = True
        self.reason = reason
        for request in self.responses.values():
            request.future.cancel()
        self.inbox.put_nowait(None)


class _Opener(Manager):  # type: ignore[misc]  # panoramisk carries no types
    """panoramisk's manager for one connection: no timer, no second try, no memory."""

    def connection_made(self, f: asyncio.Future[Any]) -> None:
        if f.cancelled() or f.exception() is not None:
            return
        super().connection_made(f)
        self.pinger.cancel()


async def open_link(host: str, port: int) -> Link:
    """Connect to Asterisk's manager; the login is the caller's next step.

    Raises:
        OSError: there is no connection to be had; TimeoutError, one of them, after 5 s.
    """
    opener = _Opener(
        host=host,
        port=port,
        loop=asyncio.get_running_loop(),
        protocol_factory=Link,
        log=logging.getLogger(__name__),
    )
    link: Link
    async with asyncio.timeout(CONNECT_WITHIN):
        _, link = await opener.connect()
    return link


def _checked(fields: Fields) -> Fields:
    for key, value in fields.items():
        for text in (value,) if isinstance(value, str) else value:
            line = f"{key}: {text}"
            if any(c in line for c in "\r\n\0") or ":" in key:
                raise UnsafeValue(
                    f"{fields['Action']!r}: {key!r} holds a line break or NUL; nothing was sent"
                )
            try:
                length = len(line.encode("utf-8"))
            except UnicodeEncodeError:
                raise UnsafeValue(
                    f"{fields['Action']!r}: {key!r} is not text; nothing was sent"
                ) from None
            if length > MAX_LINE:
                raise AmiRefused(
                    f"{fields['Action']}: {key} is longer than Asterisk reads ({MAX_LINE} bytes)"
                )
    return fields
