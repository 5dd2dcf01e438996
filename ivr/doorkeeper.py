"""Shuts out who tries to break in by SIP: told by Asterisk's security events, kept out by its ACL.

The ban is in SQL, so it outlives every part of the hotline; ``acl.conf`` is made from SQL. An
address at which a seat is registered, the carrier's and this machine's own are never shut out:
what comes from there is told of in the log and in the list of bans, for a person to look at.
A network's own firewall does it better (see docs/security.md); this needs no root.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Set
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any

from ivr.asterisk_files import AsteriskFiles
from ivr.errors import AmiError
from ticketing.domain.errors import DatabaseUnavailable
from ticketing.domain.intruders import Attempt, Failed, Watch, own_machine, plain_address
from ticketing.service.bans import Bans
from ticketing.service.clock import utc_now
from ticketing.store.bans import Ban

EVENTS: Mapping[str, Attempt] = {
    "InvalidPassword": Attempt.PASSWORD,
    "ChallengeResponseFailed": Attempt.PASSWORD,
    "InvalidAccountID": Attempt.ACCOUNT,
    "InvalidTransport": Attempt.TRANSPORT,
    "UnexpectedAddress": Attempt.TRANSPORT,
    "AuthMethodNotAllowed": Attempt.TRANSPORT,
    "RequestNotAllowed": Attempt.MALFORMED,
    "RequestNotSupported": Attempt.MALFORMED,
    "RequestBadFormat": Attempt.MALFORMED,
}
"""Asterisk's security events that count."""
_LONGEST_WAIT = 60.0  # seconds until the bans that hold are looked at again, whatever happens
_AFTER_FAILURE = 5.0

log = logging.getLogger(__name__)


class Doorkeeper:
    """Watches one node's door.

    Args:
        files: where ``acl.conf`` is.
        seats: gives the addresses at which telephones are registered.
        reload: has Asterisk read it.
        trunk: the addresses and networks that calls come from; names are passed over.
        told: of each ban.
        now: the clock, UTC.
    """

    def __init__(
        self,
        bans: Bans,
        watch: Watch,
        files: AsteriskFiles,
        seats: Callable[[], Awaitable[Set[str]]],
        reload: Callable[[], Awaitable[None]],
        *,
        trunk: Iterable[str] = (),
        told: Callable[[Ban], None] = lambda _ban: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._bans, self._watch, self._seats = bans, watch, seats
        self._files, self._reload, self._now = files, reload, now
        self._trunk = [network for text in trunk for network in _networks(text)]
        self._caught: asyncio.Queue[tuple[Failed, ...]] = asyncio.Queue()
        self._shut: set[str] = set()
        self._quiet: dict[str, datetime] = {}  # whose attempts are known, and until when
        self._changed = asyncio.Event()
        self._told = told

    def take(self, event: Mapping[str, Any]) -> None:
        """See whether an event of Asterisk's tells of an attempt."""
        attempt = EVENTS.get(event.get("Event", ""))
        if attempt is None or event.get("Service") != "PJSIP":
            return
        address = _address(event.get("RemoteAddress", ""))
        now = self._now()
        if address is None or address in self._shut or self._quiet.get(address, now) > now:
            return
        caught = self._watch.observe(Failed(now, address, event.get("AccountID", ""), attempt))
        if caught is not None:
            self._quiet = {known: until for known, until in self._quiet.items() if until > now}
            self._quiet[address] = now + self._watch.rule.first
            self._caught.put_nowait(caught)

    async def run(self) -> None:
        """Shut out and let in again, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._shut_out(), name="bans")
            group.create_task(self._keep(), name="acl")

    def lifted(self, address: str) -> None:
        """An address is let in again: have it in Asterisk's list no more."""
        self._quiet.pop(address, None)
        self._changed.set()

    async def _shut_out(self) -> None:
        while True:
            attempts = await self._caught.get()
            try:
                ban = await self._bans.shut_out(attempts, await self._spared(attempts[0].address))
            except (DatabaseUnavailable, AmiError) as problem:
                log.warning("%s is not shut out yet: %s", attempts[0].address, problem)
                self._quiet.pop(attempts[0].address, None)  # to be caught again
                continue
            if ban.spared:
                log.warning("attempts from %s, not shut out (%s)", ban.address, ban.spared)
            else:
                log.warning("%s is shut out until %s", ban.address, ban.until)
            self._changed.set()
            self._told(ban)

    async def _keep(self) -> None:
        """Keep Asterisk's list equal to the bans that hold."""
        while True:
            self._changed.clear()
            wait = _LONGEST_WAIT
            try:
                standing = await self._bans.standing()
                await self._write({ban.address for ban in standing})
                if standing:
                    ends = (standing[0].until - self._now()).total_seconds()
                    wait = min(max(ends, 0.1), wait)
            except (DatabaseUnavailable, AmiError, OSError) as problem:
                log.warning("the list of bans is not brought up to date: %s", problem)
                wait = _AFTER_FAILURE
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()

    async def _write(self, addresses: set[str]) -> None:
        if self._files.render_bans(sorted(addresses)) or addresses != self._shut:
            await self._reload()
        self._shut = addresses

    async def _spared(self, address: str) -> str:
        """Why an address must not be shut out; empty when it may."""
        if own_machine(address):
            return "self"
        if any(ip_address(address) in network for network in self._trunk):
            return "trunk"
        return "seat" if address in await self._seats() else ""


def _address(remote: str) -> str | None:
    """The address of ``IPV4/UDP/203.0.113.7/5060``."""
    parts = remote.split("/")
    try:
        return plain_address(parts[2]) if len(parts) == 4 else None
    except ValueError:
        return None


def _networks(text: str) -> Iterable[Any]:
    with contextlib.suppress(ValueError):
        yield ip_network(text.rpartition(":")[0] if text.count(":") == 1 else text, strict=False)
