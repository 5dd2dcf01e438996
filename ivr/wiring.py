"""Ports and secrets that hold one hotline's parts together."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ivr.errors import SettingsError
from ivr.settings import Settings


@dataclass(frozen=True)
class Wiring:
    """Kept in ``<home>/wiring.json`` (mode 600) over restarts, so that a running Asterisk fits."""

    ami_port: int
    agi_port: int
    ws_port: int
    ami_secret: str
    reload_secret: str

    @classmethod
    def load(cls, settings: Settings) -> Wiring:
        """Read the file, make what is missing, and write it back when it changed."""
        kept: dict[str, Any] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            kept = json.loads((settings.home / "wiring.json").read_text("utf-8"))
        wiring = cls(
            ami_port=settings.ami_port or kept.get("ami_port") or free_port(),
            agi_port=settings.agi_port or kept.get("agi_port") or free_port(),
            ws_port=settings.ws_port or kept.get("ws_port") or free_port(),
            ami_secret=settings.ami_secret or kept.get("ami_secret") or secrets.token_urlsafe(24),
            reload_secret=kept.get("reload_secret") or secrets.token_urlsafe(24),
        )
        if asdict(wiring) != kept:
            wiring.save(settings)
        return wiring

    def save(self, settings: Settings) -> None:
        """Write the wiring for the next start."""
        settings.home.mkdir(parents=True, exist_ok=True)
        write_private(settings.home / "wiring.json", json.dumps(asdict(self), indent=1))

    def renewed(self, settings: Settings) -> Wiring:
        """Replace each port that was ours to choose and has since been taken by someone else.

        Only when no Asterisk of ours runs: its ports are taken by itself.
        """
        ports: dict[str, Any] = {
            name: getattr(self, name)
            if getattr(settings, name) or port_is_free("127.0.0.1", getattr(self, name))
            else free_port()
            for name in ("ami_port", "agi_port", "ws_port")
        }
        wiring = replace(self, **ports)
        if wiring != self:
            wiring.save(settings)
        return wiring


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, in one step."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    temporary.replace(file)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(host: str, port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    """Whether ``host:port`` can be bound now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def check_ports(settings: Settings) -> None:
    """Refuse to start when another program holds a port that was asked for.

    Raises:
        SettingsError: names the variable to change.
    """
    wanted = [
        ("HOTLINE_SIP_PORT", settings.sip_host, settings.sip_port, socket.SOCK_DGRAM),
        ("HOTLINE_SIP_PORT", settings.sip_host, settings.sip_port, socket.SOCK_STREAM),
        ("HOTLINE_SIP_PORT", settings.sip_host, settings.sip_port + 1, socket.SOCK_STREAM),
        ("HOTLINE_HTTP_PORT", settings.http_host, settings.http_port, socket.SOCK_STREAM),
    ]
    for variable, host, port, kind in wanted:
        if port and not port_is_free(host, port, kind):
            raise SettingsError(
                f"port {port} of {host} is taken by another program: "
                f"stop it, or set {variable} to another port"
            )
