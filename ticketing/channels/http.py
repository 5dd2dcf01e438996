"""One way to POST: time-bounded, size-bounded, no redirect, and only where it may go."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ticketing.channels.errors import BadTarget, Permanent, Temporary

Network: TypeAlias = IPv4Network | IPv6Network
Address: TypeAlias = IPv4Address | IPv6Address

LARGEST_ANSWER = 64 * 1024  # bytes
TIMEOUT = 10.0  # seconds for everything: looking up, connecting, sending, reading
LONGEST_WAIT = 24 * 3600.0  # seconds; a longer Retry-After is cut
_LONGEST_URL = 2000
_LATER = frozenset({408, 409, 425, 429})  # 409: the same delivery is under way
_NAT64 = IPv6Network("64:ff9b::/96")
_DIGITS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Targets:
    """Where requests may go.

    Attributes:
        networks: networks that may be called though they are not public.
        plain: http is allowed; without it, https only.
    """

    networks: tuple[Network, ...] = ()
    plain: bool = False

    def check(self, url: str) -> URL:
        """``url`` read, when it may be called as far as can be told without a look-up.

        Raises:
            BadTarget: no such scheme, no host, a user name in it, or an address not allowed.
        """
        if len(url) > _LONGEST_URL:
            raise BadTarget("the web address is too long")
        try:
            target = URL(url)
            host, port = target.host, target.port
        except ValueError:
            raise BadTarget("this is no web address") from None
        if target.scheme not in {"https", "http"} or not host or not port:
            raise BadTarget("a web address starts with https://")
        if target.scheme == "http" and not self.plain:
            raise BadTarget("only https is allowed")
        if target.user is not None or target.password is not None:
            raise BadTarget("a web address may hold no user name or password")
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return target  # a name: looked up, and checked, when connecting
        if not self.allows(address):
            raise BadTarget("the web address is in a network that may not be called")
        return target

    def allows(self, address: Address) -> bool:
        """Whether a connection to ``address`` may be made; one inside another counts as itself."""
        inner = _inner(address)
        if any(inner.version == net.version and inner in net for net in self.networks):
            return True
        return inner.is_global and not inner.is_multicast


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (0, address))[1]


class _Forbidden(OSError):
    """A name that leads to an address that may not be called."""


class _CheckedResolver(AbstractResolver):
    """Looks names up; an address that is not allowed is never connected to."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        allowed = [
            each
            for each in found
            if self._targets.allows(ip_address(each["host"].partition("%")[0]))
        ]
        if found and not allowed:
            raise _Forbidden("leads to a network that may not be called")
        return allowed

    async def close(self) -> None:
        await self._resolver.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer (2xx); ``body`` is cut at ``LARGEST_ANSWER``."""

    status: int
    body: bytes


class Poster:
    """Sends POST requests. Make it anywhere, use it in one event loop, ``close`` it at the end.

    Args:
        targets: where they may go.
        timeout: seconds for one request, all in all.
        trust: checks certificates; by default the machine's own authorities are trusted.
    """

    def __init__(
        self, targets: Targets, *, timeout: float = TIMEOUT, trust: ssl.SSLContext | None = None
    ) -> None:
        self.targets = targets
        self._timeout = timeout
        self._trust = trust
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send ``body`` (JSON) and give the answer.

        Raises:
            BadTarget: ``url`` may not be called.
            Temporary: no connection, no answer in time, or the receiver says: later.
            Permanent: the receiver refuses, or points elsewhere.
        """
        target = self.targets.check(url)
        try:
            async with self._opened().post(
                target,
                data=body,
                headers={"Content-Type": "application/json", **headers},
                allow_redirects=False,
            ) as response:
                said = await _bounded(response.content)
                return _judged(response.status, response.headers.get("Retry-After"), said)
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, _Forbidden):
                raise BadTarget(f"the web address {error.os_error}") from None
            raise Temporary("the receiver's name cannot be looked up") from None
        except TimeoutError:
            raise Temporary(f"no answer within {self._timeout:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Temporary(_why(error)) from None

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_CheckedResolver(self.targets),
                    ssl=self._trust if self._trust is not None else True,
                    limit=20,
                    limit_per_host=4,
                ),
                timeout=aiohttp.ClientTimeout(total=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"User-Agent": "hotline", "Accept-Encoding": "identity"},
            )
        return self._session


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    """The first ``LARGEST_ANSWER`` bytes; the rest is not read."""
    said = bytearray()
    async for some in content.iter_any():
        said += some
        if len(said) >= LARGEST_ANSWER:
            break
    return bytes(said[:LARGEST_ANSWER])


def _judged(status: int, retry_after: str | None, body: bytes) -> Answer:
    if 200 <= status < 300:
        return Answer(status, body)
    if status in _LATER or status >= 500:
        seconds = _DIGITS.fullmatch((retry_after or "").strip())
        after = min(float(seconds.group()), LONGEST_WAIT) if seconds else None
        raise Temporary(f"the receiver answered {status}", after)
    if 300 <= status < 400:
        raise Permanent(f"the receiver answered {status}: it has moved; correct its address")
    raise Permanent(f"the receiver answered {status}: it refuses")


def _why(error: Exception) -> str:
    """What happened, without the address, which may hold a secret."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the receiver's certificate is not to be trusted"
    if isinstance(error, aiohttp.ClientSSLError):
        return "no secure connection could be agreed with the receiver"
    return f"the connection failed ({type(error).__name__})"
