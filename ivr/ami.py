"""The manager link: what Asterisk tells us, in order, and what we ask of it, once.

A link is opened, logged in, resynchronised (``on_link(True)``) and then read until it ends
(``on_link(False)``); then comes the next one. One task does all of this, so there is one consumer:

- Events that come after the login wait in the link's inbox until ``on_link(True)`` has returned.
  A snapshot taken there is older than no event that is applied afterwards, so nothing is missed;
  an event may tell what the snapshot already holds.
- A handler that raises is logged and the next event is handled. A resynchronisation that raises
  or takes more than 30 s costs the link: a wrong picture is worse than none.
- An action is sent once. When the link ends before the answer, the caller gets ``AmiLost``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ivr.ami_link import (
    AmiEvent,
    AmiReply,
    Link,
    ListRequest,
    OriginateRequest,
    Request,
    open_link,
)
from ivr.errors import AmiError, AmiNotConnected, AmiRefused, UnsafeValue

__all__ = ["Ami", "AmiEvent", "AmiReply", "OriginateOutcome", "Originated"]

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two tries to connect: the pause doubles from the one to the other."""
REFUSED_PAUSE = 5.0
"""Seconds to the next try after Asterisk did not like our name or password."""
LOGIN_WITHIN = 5.0
RESYNC_WITHIN = 30.0


class OriginateOutcome(StrEnum):
    """How a call that we placed went."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    CONGESTION = "congestion"
    HUNG_UP = "hung_up"
    FAILED = "failed"


_REASONS = {
    "1": OriginateOutcome.HUNG_UP,
    "3": OriginateOutcome.NO_ANSWER,
    "4": OriginateOutcome.ANSWERED,
    "5": OriginateOutcome.BUSY,
    "8": OriginateOutcome.CONGESTION,
}


@dataclass(frozen=True, slots=True)
class Originated:
    """The end of an Originate. ``channel`` and ``uniqueid`` are empty if none came to be."""

    outcome: OriginateOutcome
    channel: str
    uniqueid: str

    @property
    def answered(self) -> bool:
        return self.outcome is OriginateOutcome.ANSWERED


class Ami:
    """A link to Asterisk's manager that is always there or about to come back.

    Args:
        host, port, username, secret: where the manager listens, and as whom we log in.
        on_event: takes every event that is not a row of a list we asked for; called in order.
        on_link: awaited with True after each login, before any event of that link, and with
            False after the last event of a link that was lost. Not called by ``close``.
        events: the classes of events wanted: ``on``, or ``call,agent,user`` and so on.
        ping_every: seconds from the answer of one ping to the next.
        pong_within: seconds without an answer to a ping after which the link counts as lost.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        username: str,
        secret: str,
        on_event: Callable[[AmiEvent], None],
        on_link: Callable[[bool], Awaitable[None]],
        events: str = "on",
        ping_every: float = 5.0,
        pong_within: float = 5.0,
    ) -> None:
        self._address = (host, port)
        self._login = {"Username": username, "Secret": secret, "Events": events}
        self._on_event = on_event
        self._on_link = on_link
        self._ping_every = ping_every
        self._pong_within = pong_within
        self._link: Link | None = None
        self._status = "connecting"
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether we are logged in and the link stands."""
        return self._link is not None and not self._link.closed

    @property
    def status(self) -> str:
        """``connected``, ``connecting``, or ``refused: `` and Asterisk's words."""
        if self.connected:
            return "connected"
        return self._status

    async def start(self) -> None:
        """Begin to connect, and return at once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="ami")

    async def close(self) -> None:
        """Close the link and stop. Actions under way fail with ``AmiLost``."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._status = "connecting"

    async def action(
        self, name: str, /, *, timeout: float = 5.0, **fields: str | Sequence[str]
    ) -> AmiReply:
        """Send an action once, and return Asterisk's reply.

        Args:
            timeout: seconds to wait for the reply.
            fields: the action's headers; a sequence is sent as one header for each value.

        Raises:
            AmiNotConnected: no link now; nothing was sent.
            AmiTimeout: no reply in time, or (``AmiLost``) the link broke; perhaps it was done.
            AmiRefused: Asterisk said no; nothing was done.
            UnsafeValue: a field holds a line break or NUL; nothing was sent.
        """
        reply: AmiReply = await self._standing().ask(Request(name, fields), timeout)
        return reply

    async def listing(
        self, name: str, /, *, timeout: float = 10.0, **fields: str | Sequence[str]
    ) -> list[AmiEvent]:
        """Send an action that is answered by a list, and return its rows.

        For ``CoreShowChannels``, ``QueueStatus``, ``PJSIPShowContacts`` and their like. Arguments
        and errors are those of ``action``; the rows do not go to ``on_event``.
        """
        rows: list[AmiEvent] = await self._standing().ask(ListRequest(name, fields), timeout)
        return rows

    async def originate(
        self,
        channel: str,
        *,
        extension: tuple[str, str] | None = None,
        application: tuple[str, str] | None = None,
        ring_for: float = 30.0,
        caller_id: str = "",
        variables: Mapping[str, str] | None = None,
        channel_id: str = "",
    ) -> Originated:
        """Place a call once, and wait until it is answered or has failed.

        Args:
            channel: whom to ring: ``PJSIP/8001``.
            extension: context and extension to run when it is answered, or else
            application: name and data of the application to run.
            ring_for: seconds to let it ring.
            caller_id: what is shown: ``"12345" <12345>``.
            variables: channel variables; values may hold any text but line breaks.
            channel_id: the uniqueid that the new channel shall have.

        Raises:
            ValueError: not exactly one of ``extension`` and ``application``.
            AmiNotConnected, AmiTimeout, AmiRefused, UnsafeValue: as in ``action``. After an
                ``AmiTimeout`` the phone may have rung.
        """
        if (extension is None) == (application is None):
            raise ValueError("give extension or application")
        fields: dict[str, str | Sequence[str]] = {
            "Channel": channel,
            "Async": "true",
            "Timeout": str(round(ring_for * 1000)),
            "Variable": [_variable(*item) for item in (variables or {}).items()],
        }
        if extension is not None:
            fields |= {"Context": extension[0], "Exten": extension[1], "Priority": "1"}
        if application is not None:
            fields |= {"Application": application[0], "Data": application[1]}
        if caller_id:
            fields["CallerID"] = caller_id
        if channel_id:
            fields["ChannelId"] = channel_id
        request = OriginateRequest("Originate", fields)
        event: AmiEvent = await self._standing().ask(request, ring_for + 10)
        return Originated(
            outcome=_REASONS.get(event.get("Reason", ""), OriginateOutcome.FAILED),
            channel=_known(event.get("Channel", "")),
            uniqueid=_known(event.get("Uniqueid", "")),
        )

    def _standing(self) -> Link:
        if self._link is None:
            raise AmiNotConnected("Asterisk's manager is not connected; try again in a moment")
        return self._link

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                link = await open_link(*self._address)
                try:
                    await link.ask(Request("Login", self._login), LOGIN_WITHIN)
                    self._status = "connecting"
                    logger.info("AMI: logged in, protocol %s", link.version)
                    if await self._follow(link):
                        pause = FIRST_PAUSE
                    logger.warning("AMI: link lost: %s", link.reason)
                finally:
                    link.close()
            except AmiRefused as refusal:
                self._refused(str(refusal))
                await asyncio.sleep(REFUSED_PAUSE)
                continue
            except (OSError, AmiError) as error:
                self._status = "connecting"
                logger.debug("AMI: not connected: %s", error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _refused(self, words: str) -> None:
        status = f"refused: {words.removeprefix('Login: ')}"
        if status != self._status:
            logger.error("AMI: %s. Check the manager's user and password (manager.conf)", status)
        self._status = status

    async def _follow(self, link: Link) -> bool:
        """Resynchronise, then handle events until the link ends; whether we got in step."""
        self._link = link
        pings = asyncio.create_task(self._ping(link), name="ami-ping")
        try:
            in_step = await self._resynchronise(link)
            await self._handle_events(link)
        finally:
            self._link = None
            pings.cancel()
            await asyncio.gather(pings, return_exceptions=True)
        try:
            async with asyncio.timeout(RESYNC_WITHIN):
                await self._on_link(False)
        except Exception:
            logger.exception("AMI: the handler of a lost link failed")
        return in_step

    async def _resynchronise(self, link: Link) -> bool:
        try:
            async with asyncio.timeout(RESYNC_WITHIN):
                await self._on_link(True)
        except AmiError as error:
            link.drop(f"resynchronisation failed: {error}")
        except Exception:
            logger.exception("AMI: resynchronisation failed")
            link.drop("resynchronisation failed")
        return not link.closed

    async def _handle_events(self, link: Link) -> None:
        """Handle what has come, then let others have their turn, until the link ends.

        A turn takes all that is there, for a limit would let the reading of the socket, which
        has its own turns, run ahead of the handling without end.
        """
        while True:
            for _ in range(link.inbox.qsize() or 1):
                event = await link.inbox.get()
                if event is None:
                    return
                try:
                    self._on_event(event)
                except Exception:
                    logger.exception("AMI: the handler of %s failed", event.name)
            await asyncio.sleep(0)

    async def _ping(self, link: Link) -> None:
        try:
            while True:
                await asyncio.sleep(self._ping_every)
                await link.ask(Request("Ping", {}), self._pong_within)
        except AmiError as error:
            link.drop(str(error))


def _variable(name: str, value: str) -> str:
    """``name=value`` for a Variable header, in which Asterisk would take a comma for the end."""
    if not name.replace("_", "").isalnum() or not name.isascii():
        raise UnsafeValue(f"{name!r} is not the name of a channel variable")
    escaped = "".join(f"\\{c}" if c in '\\",()[]{}' else c for c in value)
    return f"{name}={escaped}"


def _known(text: str) -> str:
    return "" if text.startswith("<") else text
