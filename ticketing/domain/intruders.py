"""Who tries to break in by telephone signalling, and for how long an address is shut out. Pure.

Asterisk tells of each failed attempt. So many within so short a time, and the address is banned;
each time it comes back it is banned for longer. An address that must not be shut out (a seat is
registered there, or the carrier's, or this machine itself) is told of instead.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address

MOST_WATCHED = 10_000


class Attempt(StrEnum):
    """What somebody tried."""

    PASSWORD = "password"  # noqa: S105 - a wrong one, for a seat that is there
    ACCOUNT = "account"  # a seat or endpoint that is not there
    TRANSPORT = "transport"  # a way that is not open to it
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True)
class BanRule:
    """When an address is shut out, and for how long.

    Attributes:
        failures: so many attempts …
        within: … in so short a time.
        first: how long the first ban lasts; each further one ``growth`` times as long …
        longest: … up to this.
        memory: a ban is remembered so long for the next.
    """

    failures: int = 12
    within: timedelta = timedelta(minutes=1)
    first: timedelta = timedelta(minutes=10)
    growth: int = 6
    longest: timedelta = timedelta(days=1)
    memory: timedelta = timedelta(days=30)

    def length(self, before: int) -> timedelta:
        """How long the ban lasts of an address that was banned ``before`` times already."""
        length = self.first
        for _ in range(before):
            length *= self.growth
            if length >= self.longest:
                return self.longest
        return min(length, self.longest)


@dataclass(frozen=True, slots=True)
class Failed:
    """One attempt that failed.

    Attributes:
        address: where it came from, without a port.
        account: the name that was tried; may be anything.
    """

    at: datetime
    address: str
    account: str
    attempt: Attempt


class Watch:
    """The attempts that still count, by address. One attempt costs the same however many there are.

    Args:
        most: so many addresses are remembered; then the longest silent is forgotten.
    """

    def __init__(self, rule: BanRule, most: int = MOST_WATCHED) -> None:
        self.rule, self._most = rule, most
        self._failures: OrderedDict[str, tuple[Failed, ...]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def observe(self, failed: Failed) -> tuple[Failed, ...] | None:
        """Take in an attempt, which is no earlier than those before it.

        Returns:
            the attempts for which the address is to be shut out, or None. When it is, its attempts
            begin to be counted anew.
        """
        since = failed.at - self.rule.within
        self._forget(since)
        recent = (*self._failures.pop(failed.address, ()), failed)
        recent = tuple(one for one in recent if one.at > since)
        if len(recent) >= self.rule.failures:
            return recent
        self._failures[failed.address] = recent
        return None

    def _forget(self, since: datetime) -> None:
        """Drop who has been silent since then, and the longest silent of too many."""
        while self._failures:
            oldest = next(iter(self._failures))
            if self._failures[oldest][-1].at > since and len(self._failures) < self._most:
                return
            del self._failures[oldest]


def own_machine(address: str) -> bool:
    """Whether this is the machine's usual address of itself, which is never shut out.

    Others of its network, 127.0.0.2 and so on, are as any other address.
    """
    return address in {"127.0.0.1", "::1"}


def plain_address(text: str) -> str:
    """An address in one way of writing; of IPv4 within IPv6 the former.

    Raises:
        ValueError: it is none.
    """
    address = ip_address(text.strip("[]"))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
