"""What ``hotline doctor`` finds of the network: ports, the trunk, who can reach us."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from datetime import UTC, datetime, timedelta

import psutil

from ivr import certificates
from ivr.asterisk_files import AsteriskFiles
from ivr.cli.checkup import Finding, Place, State
from ivr.errors import SettingsError
from ivr.settings import is_loopback
from ivr.wiring import port_is_free

_PORTS_A_CALL = 4  # two legs, RTP and RTCP
_FEW_CALLS = 25


async def ports(place: Place) -> list[Finding]:
    """Whether the ports are free, or held by this very hotline."""
    s = place.settings
    wanted = [
        ("SIP", "HOTLINE_SIP_PORT", s.sip_host, s.sip_port, ("udp", "tcp")),
        ("SIP over TLS", "HOTLINE_SIP_PORT", s.sip_host, s.sip_port + 1, ("tcp",)),
        ("HTTP", "HOTLINE_HTTP_PORT", s.http_host, s.http_port, ("tcp",)),
    ]
    found = await asyncio.gather(
        *(asyncio.to_thread(_port, place, *each) for each in wanted if each[3])
    )
    low, high = s.rtp_ports
    calls = (high - low + 1) // _PORTS_A_CALL
    text = f"UDP {low}-{high}: room for {calls} calls at once"
    if calls < _FEW_CALLS:
        few = Finding("Sound", State.WARNING, text, "widen HOTLINE_RTP_PORTS")
        return [*found, few]
    return [*found, Finding("Sound", State.GOOD, text)]


async def exposure(place: Place) -> list[Finding]:
    """Who may bring calls, and who can reach us."""
    s = place.settings
    found = []
    if s.trunk == "loopback":
        text = "loopback: any call from this machine, none from elsewhere"
        found.append(Finding("Trunk", State.GOOD, text))
        if not is_loopback(s.sip_host):
            cure = "for real calls set HOTLINE_TRUNK to the carrier's address"
            found.append(Finding("Trunk", State.WARNING, "SIP is open, no carrier named", cure))
    else:
        kind = "registers with the carrier" if s.trunk.startswith("register:") else s.trunk
        found.append(Finding("Trunk", State.GOOD, kind))
        if is_loopback(s.sip_host):
            cure = "set HOTLINE_SIP_HOST to the address the carrier sends calls to"
            found.append(Finding("Trunk", State.WARNING, "no carrier can reach SIP here", cure))
    open_ = [
        (what, host, advice)
        for what, host, advice in (
            ("SIP", s.sip_host, "let a firewall admit only carrier and seats"),
            ("HTTP", s.http_host, "put a TLS proxy before it"),
            ("AMI", s.ami_host, "let a firewall admit only the controller"),
            ("FastAGI", s.agi_host, "let a firewall admit only Asterisk"),
        )
        if not is_loopback(host)
    ]
    if not open_:
        found.append(Finding("Exposure", State.GOOD, "nothing listens beyond this machine"))
    found += [
        Finding("Exposure", State.WARNING, f"{what} listens on {host}", advice)
        for what, host, advice in open_
    ]
    return found


async def encryption(place: Place) -> list[Finding]:
    """The certificate of SIP over TLS, and whether seats' phones must encrypt."""
    s = place.settings
    files = AsteriskFiles(s)
    found = []
    if s.tls_certificate is None and not files.certificate.exists():
        found.append(Finding("Certificate", State.GOOD, "made at the first start"))
    else:
        found.append(_certificate(files))
    if s.seat_encryption:
        found.append(Finding("Seats' calls", State.GOOD, "over TLS with SRTP, or not at all"))
    elif is_loopback(s.sip_host):
        found.append(Finding("Seats' calls", State.GOOD, "encrypted where the phone wants it"))
    else:
        cure = "set HOTLINE_SEAT_ENCRYPTION=required, unless seats have a network of their own"
        found.append(Finding("Seats' calls", State.WARNING, "may be overheard", cure))
    return found


def _certificate(files: AsteriskFiles) -> Finding:
    cure = "renew it; Asterisk reads it when it starts"
    try:
        until = certificates.ends(files)
    except SettingsError as problem:
        return Finding("Certificate", State.BROKEN, str(problem), cure)
    text = f"{files.certificate}, valid until {until:%Y-%m-%d}"
    if until - datetime.now(UTC) > timedelta(days=certificates.RENEWED_DAYS):
        return Finding("Certificate", State.GOOD, text)
    return Finding("Certificate", State.WARNING, text, cure)


def _port(
    place: Place, what: str, variable: str, host: str, port: int, kinds: tuple[str, ...]
) -> Finding:
    label = f"{host} port {port} ({', '.join(kinds)})"
    sockets = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}
    if all(port_is_free(host, port, sockets[kind]) for kind in kinds):
        return Finding(what, State.GOOD, f"{label} is free")
    holders = _holders(port)
    if holders and holders <= place.pids:
        return Finding(what, State.GOOD, f"{label} is held by this hotline")
    cure = f"stop it, or set {variable} to another port"
    for pid in sorted(holders - place.pids):
        with contextlib.suppress(psutil.Error):
            name = psutil.Process(pid).name()
            return Finding(what, State.BROKEN, f"{label} is held by {name}, pid {pid}", cure)
    if not _is_ours(host):
        variable = variable.replace("_PORT", "_HOST")
        text, cure = f"{host} is no address of this machine", f"correct {variable}"
        return Finding(what, State.BROKEN, text, cure)
    return Finding(what, State.BROKEN, f"{label} is held by another program", cure)


def _holders(port: int) -> set[int]:
    """Processes with a socket of their own on ``port``, as far as we may see."""
    try:
        connections = psutil.net_connections("inet")
    except psutil.AccessDenied:
        return set()
    return {
        c.pid for c in connections if c.pid and not c.raddr and c.laddr and c.laddr.port == port
    }


def _is_ours(host: str) -> bool:
    try:
        wanted = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    here = {a.address.partition("%")[0] for each in psutil.net_if_addrs().values() for a in each}
    return bool(wanted & (here | {"0.0.0.0", "::"})) or is_loopback(host)  # noqa: S104 - compared
