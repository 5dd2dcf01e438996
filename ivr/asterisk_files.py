"""Asterisk's configuration: renders ``asterisk_conf/`` into ``<home>/asterisk/etc``."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import jinja2

from ivr.lines import CityLines
from ivr.ownprompts import OwnPrompts
from ivr.settings import PROJECT, Settings, is_loopback
from ivr.wiring import Wiring, write_private
from ticketing.policies.loader import load_packs

TEMPLATES = PROJECT / "asterisk_conf"
SOUNDS = PROJECT / "sounds"
_SEAT_FILES = {"acl.conf", "pjsip_seats.conf", "rtp.conf"}
_DEFAULTS_WILL_DO = (
    "ccss.conf",
    "queuerules.conf",
    "udptl.conf",
)
_STRATEGIES = {"longest-idle": "leastrecent", "round-robin": "rrmemory"}


class Installation(Protocol):
    """Where an Asterisk keeps its modules and data."""

    @property
    def modules(self) -> Path: ...
    @property
    def data(self) -> Path: ...


class SeatLike(Protocol):
    """What the configuration needs to know of a seat."""

    @property
    def number(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def roster(self) -> str: ...
    @property
    def phone(self) -> str: ...


class AsteriskFiles:
    """The files of one Asterisk of ours: what it reads and what it writes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.etc = settings.asterisk_home / "etc"
        self.log = settings.asterisk_home / "log"
        self.state = settings.asterisk_home / "state"
        self.certificate = settings.tls_certificate or self.state / "tls" / "sip.crt"
        self.private_key = settings.tls_key or self.state / "tls" / "sip.key"
        self.journal = self.log / "cel-custom" / "journal.csv"
        self.queue_log = self.log / "queue_log"

    def render(self, installed: Installation, wiring: Wiring, seats: Sequence[SeatLike]) -> None:
        """Write the whole configuration."""
        s = self.settings
        for folder in (self.etc, self.log / "cel-custom", self.state / "spool"):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.state / "keys", s.recordings / "messages", s.logs):
            folder.mkdir(parents=True, exist_ok=True)
        s.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = self.state / "data"
        for entry in installed.data.iterdir():
            if entry.name != "sounds":
                _link(data / entry.name, entry)
        own_prompts(s).lay_out()
        environment = _templates()
        values = self._values(installed, wiring, data)
        for template in sorted(TEMPLATES.glob("*.conf")):
            if template.name not in _SEAT_FILES:
                text = environment.get_template(template.name).render(values)
                write_private(self.etc / template.name, text)
        for name in _DEFAULTS_WILL_DO:
            (self.etc / name).touch()
        self.render_seats(seats)
        if not (self.etc / "acl.conf").exists():
            self.render_bans(())  # else those of the last run hold until the controller is up

    def render_seats(self, seats: Sequence[SeatLike]) -> None:
        """Write only what depends on the seats; Asterisk must be told to read it again."""
        environment = _templates()
        pjsip = environment.get_template("pjsip_seats.conf").render(seats=seats)
        write_private(self.etc / "pjsip_seats.conf", pjsip)
        browsers = any(seat.phone == "browser" for seat in seats)
        rtp = environment.get_template("rtp.conf")
        ports = self.settings.rtp_ports
        write_private(self.etc / "rtp.conf", rtp.render(rtp_ports=ports, browsers=browsers))

    def render_bans(self, addresses: Sequence[str]) -> bool:
        """Write the addresses that are shut out; whether that changes the file."""
        text = _templates().get_template("acl.conf").render(banned=addresses)
        file = self.etc / "acl.conf"
        if file.exists() and file.read_text("utf-8") == text:
            return False
        write_private(file, text)
        return True

    def _values(self, installed: Installation, wiring: Wiring, data: Path) -> dict[str, Any]:
        s = self.settings
        today = datetime.now(s.timezone).date()
        lines = CityLines(load_packs(), s.city, s.timezone)
        rules = lines.callbacks(today)
        local = is_loopback(s.ami_host)
        return {
            "etc": self.etc,
            "modules": installed.modules,
            "has_cdrel": (installed.modules / "res_cdrel_custom.so").exists(),  # 22.10 on
            "data": data,
            "state": self.state,
            "run": s.run,
            "log": self.log,
            "node": s.node,
            "max_files": 65536,
            "sounds": SOUNDS,
            "recordings": s.recordings,
            "ami_host": "127.0.0.1" if local else "0.0.0.0",  # noqa: S104 - the operator's choice
            "ami_permit": "127.0.0.1/255.255.255.255" if local else "0.0.0.0/0.0.0.0",
            "ami_port": wiring.ami_port,
            "ami_secret": wiring.ami_secret,
            "reload_secret": wiring.reload_secret,
            "agi_host": s.agi_host,
            "agi_port": wiring.agi_port,
            "ws_port": wiring.ws_port,
            "timezone": s.timezone.key,
            "sip_host": s.sip_host,
            "sip_port": s.sip_port,
            "sip_tls_port": s.sip_port + 1,
            "certificate": self.certificate,
            "private_key": self.private_key,
            "seat_encryption": s.seat_encryption,
            "strategy": _STRATEGIES[s.queue_strategy],
            "ring_seconds": s.ring_seconds,
            "wrap_up_seconds": s.wrap_up_seconds,
            "trunk_out": s.trunk_out,
            "queues": lines.queues(today),
            "callbacks": bool(s.trunk_out) and rules.offered,
            **_trunk_values(s.trunk),
        }


def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - these are configuration files, not HTML
    )


def _trunk_values(trunk: str) -> dict[str, Any]:
    """Who the trunk is. On loopback seats come from there too, so names go before addresses."""
    if trunk == "loopback":
        return {
            "identifier_order": "auth_username,username,ip",
            "trunk_match": ["127.0.0.1", "::1"],
            "trunk_register": None,
        }
    register = None
    match = trunk
    if trunk.startswith("register:"):
        user, _, rest = trunk.removeprefix("register:").partition(":")
        password, _, host = rest.rpartition("@")
        register = {"user": user, "password": password, "host": host}
        match = host.partition(":")[0]
    return {
        "identifier_order": "ip,auth_username,username",
        "trunk_match": [match],
        "trunk_register": register,
    }


def own_prompts(settings: Settings) -> OwnPrompts:
    """Recordings in the place of prompts, and the folder that Asterisk plays from."""
    played = settings.asterisk_home / "state" / "data" / "sounds"
    return OwnPrompts(settings.home / "prompts", SOUNDS, played)


def _link(link: Path, target: Path) -> None:
    """Point ``link`` at ``target``, whatever it pointed at before."""
    link.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        if link.readlink() == target:
            return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
