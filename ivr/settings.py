"""Settings: the only reader of the environment (and of a ``.env`` file).

``SETTINGS`` is the one table of what can be set; the README's table is made from it
(``hotline settings --markdown``), so neither can drift from the other.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ivr.errors import SettingsError

PROJECT = Path(__file__).resolve().parent.parent
_SHORTEST_SECRET = 16  # bytes
_SOCKET_PATH_LIMIT = 80  # a Unix socket's path holds 107 bytes; leave room for the name


@dataclass(frozen=True)
class Setting:
    """One row of the table: environment variable, default as shown, meaning."""

    variable: str
    default: str
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting("HOTLINE_HOME", "./var", "where all state lives: database, recordings, logs, secrets"),
    Setting("HOTLINE_HTTP_HOST", "127.0.0.1", "address of the console and API"),
    Setting("HOTLINE_HTTP_PORT", "8080", "port of the console and API"),
    Setting("HOTLINE_SIP_HOST", "127.0.0.1", "address on which phones and the trunk are heard"),
    Setting("HOTLINE_SIP_PORT", "5060", "SIP over UDP and TCP; SIP over TLS is one above"),
    Setting("HOTLINE_TLS_CERT", "made at first start", "certificate of SIP over TLS, a PEM file"),
    Setting("HOTLINE_TLS_KEY", "made at first start", "its private key, a PEM file"),
    Setting(
        "HOTLINE_SEAT_ENCRYPTION",
        "required beyond loopback",
        "`required`: seats' phones call over TLS with SRTP or not at all; `offered`: as they can",
    ),
    Setting("HOTLINE_RTP_PORTS", "10000-20000", "range of UDP ports for sound"),
    Setting("HOTLINE_WS_PORT", "a free port", "SIP over WebSocket, for phones in a browser"),
    Setting(
        "HOTLINE_TRUNK",
        "loopback",
        "who may bring calls: `loopback` (any INVITE from this machine), an address or network "
        "(`203.0.113.7`, `203.0.113.0/29`), or `register:USER:PASSWORD@HOST`",
    ),
    Setting(
        "HOTLINE_TRUNK_OUT",
        "the host of a register: trunk",
        "where calls go out to: `HOST` or `HOST:PORT`; without it none go out",
    ),
    Setting("HOTLINE_ADMIN_PASSWORD", "made at first start", "first password of `admin`"),
    Setting("HOTLINE_DATABASE_URL", "SQLite in HOTLINE_HOME", "SQLAlchemy address of the database"),
    Setting("HOTLINE_REDIS_URL", "embedded", "address of a Redis; without it one is started"),
    Setting("HOTLINE_TIMEZONE", "Asia/Shanghai", "the hotline's own time zone"),
    Setting("HOTLINE_CITY", "yanji", "whose policy packs judge work orders"),
    Setting("HOTLINE_SMS_URL", "a file, sms.jsonl", "gateway of text messages (JSON by POST)"),
    Setting("HOTLINE_SMS_SECRET", "none", "signs what goes to the gateway; 16 characters or more"),
    Setting("HOTLINE_WEBHOOK_URL", "none", "told of results for portal, app, WeChat, and of units"),
    Setting("HOTLINE_WEBHOOK_SECRET", "none", "signs what goes there; 16 characters or more"),
    Setting("HOTLINE_IMAP_URL", "none", "mailbox of citizens' mails: `imaps://USER:PASSWORD@HOST`"),
    Setting("HOTLINE_SMTP_URL", "none", "sends answers: `smtps://` or `smtp://USER:PASSWORD@HOST`"),
    Setting("HOTLINE_MAIL_FROM", "none", "where answers come from: `12345 <hotline@example.cn>`"),
    Setting("HOTLINE_NIGHT_HOURS", "22:00-07:00", "when the night roster takes the calls (T1)"),
    Setting("HOTLINE_QUEUE_STRATEGY", "longest-idle", "`longest-idle` or `round-robin`"),
    Setting("HOTLINE_RING_SECONDS", "20", "how long one seat rings before the next is tried"),
    Setting(
        "HOTLINE_RECORD_PAUSE_SECONDS", "120", "after how long a paused recording goes on by itself"
    ),
    Setting("HOTLINE_WRAP_UP_SECONDS", "15", "how long a seat is left in peace after a call"),
    Setting(
        "HOTLINE_PAUSE_REASONS", "小休,用餐,会议,培训,整理工单", "why a seat may take no calls"
    ),
    Setting("HOTLINE_CAPTIONS", "on", "`on` or `off`: calls become text while people talk"),
    Setting("HOTLINE_LIVE_MODELS", "the first here", "models of captions: `zh=NAME,ko=NAME`"),
    Setting("HOTLINE_TEXT_MODELS", "the first here", "models of the text after a call, likewise"),
    Setting("HOTLINE_WORKERS", "1", "how many processes here turn calls into text afterwards"),
    Setting(
        "HOTLINE_CONTROLLER_URL",
        "none",
        "for workers on other machines: where they reach the API, `https://HOST`; sound goes that "
        "way then, and needs no shared HOTLINE_HOME",
    ),
    Setting("HOTLINE_ASTERISK", "found or fetched", "path of an Asterisk binary, 20 or newer"),
    Setting("HOTLINE_CACHE", "the user's cache folder", "where fetched programs are kept"),
    Setting("HOTLINE_AMI_HOST", "127.0.0.1", "where Asterisk's manager listens"),
    Setting("HOTLINE_AMI_PORT", "a free port", "port of Asterisk's manager"),
    Setting("HOTLINE_AMI_SECRET", "made at first start", "password of Asterisk's manager"),
    Setting("HOTLINE_AGI_HOST", "127.0.0.1", "where the controller answers Asterisk (FastAGI)"),
    Setting("HOTLINE_AGI_PORT", "a free port", "port of FastAGI"),
    Setting("HOTLINE_NODE", "hotline", "this node's name; part of every call's id"),
    Setting("HOTLINE_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR"),
)
_KNOWN = frozenset(row.variable for row in SETTINGS)


@dataclass(frozen=True)
class NightHours:
    """The daily span of the night roster; may cross midnight. Local time."""

    start: time
    end: time

    def covers(self, moment: time) -> bool:
        """Whether ``moment`` (local time) falls in the night."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


@dataclass(frozen=True)
class Endpoint:
    """A web address that we call, and the secret that what is sent is signed with."""

    url: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class MailServer:
    """A mail server and how to log in there.

    Attributes:
        tls: from the first byte on.
        folder: of a mailbox.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    tls: bool
    folder: str = ""

    @property
    def local(self) -> bool:
        """Whether it can only be reached from this machine; elsewhere nothing goes in the clear."""
        return is_loopback(self.host)


@dataclass(frozen=True)
class Settings:
    """Everything that can be set. Ports of 0 mean "take a free one".

    ``mail_from`` is a name and an address; ``tls_certificate`` and ``tls_key`` are None for those
    that the hotline makes itself; with ``seat_encryption`` seats' phones must encrypt.
    ``controller_url`` is empty, or ends without a slash.
    """

    home: Path
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    sip_host: str = "127.0.0.1"
    sip_port: int = 5060
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    seat_encryption: bool = False
    rtp_ports: tuple[int, int] = (10000, 20000)
    ws_port: int = 0
    trunk: str = "loopback"
    trunk_out: str = ""
    admin_password: str | None = field(default=None, repr=False)
    database_url: str = field(default="", repr=False)
    redis_url: str | None = field(default=None, repr=False)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    city: str = "yanji"
    sms: Endpoint | None = None
    webhook: Endpoint | None = None
    imap: MailServer | None = None
    smtp: MailServer | None = None
    mail_from: tuple[str, str] = ("", "")
    night: NightHours = field(default_factory=lambda: NightHours(time(22), time(7)))
    queue_strategy: str = "longest-idle"
    ring_seconds: int = 20
    record_pause_seconds: int = 120
    wrap_up_seconds: int = 15
    pause_reasons: tuple[str, ...] = ("小休", "用餐", "会议", "培训", "整理工单")
    captions: bool = True
    live_models: Mapping[str, str] = field(default_factory=dict)
    text_models: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    controller_url: str = ""
    asterisk: Path | None = None
    cache: Path = Path()
    ami_host: str = "127.0.0.1"
    ami_port: int = 0
    ami_secret: str | None = field(default=None, repr=False)
    agi_host: str = "127.0.0.1"
    agi_port: int = 0
    node: str = "hotline"
    log_level: str = "INFO"

    @property
    def run(self) -> Path:
        """Folder of sockets and pid files; short enough for a Unix socket's path."""
        wanted = self.home / "run"
        if len(os.fsencode(wanted)) <= _SOCKET_PATH_LIMIT:
            return wanted
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"hotline-{os.getuid()}-{digest}"

    @property
    def control_socket(self) -> Path:
        """The API for the local operator: reachable by file permission, not by password."""
        return self.run / "control.sock"

    @property
    def recordings(self) -> Path:
        """Folder of the recordings, one folder for each day."""
        return self.home / "recordings"

    @property
    def asterisk_home(self) -> Path:
        """Folder of Asterisk's rendered configuration, logs and own database."""
        return self.home / "asterisk"

    @property
    def logs(self) -> Path:
        """Folder of the log files of the processes we start."""
        return self.home / "log"


def load(environ: Mapping[str, str] | None = None, *, dotenv: Path | None = None) -> Settings:
    """Read the settings from the environment, then from ``.env`` for what it leaves open.

    Args:
        environ: variables to read; the process's own by default.
        dotenv: the ``.env`` file; ``./.env`` by default. A missing file is no error.

    Raises:
        SettingsError: a value cannot be used, or a ``HOTLINE_`` variable is unknown.
    """
    env = {k: v for k, v in (os.environ if environ is None else environ).items() if v != ""}
    file = Path(".env") if dotenv is None else dotenv
    values = {**read_dotenv(file), **env}
    unknown = sorted(k for k in values if k.startswith("HOTLINE_") and k not in _KNOWN)
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: no such setting; see `hotline settings`")

    def get(name: str, default: str) -> str:
        return values.get(name, default)

    home = Path(get("HOTLINE_HOME", "var")).expanduser().resolve()
    sip_host = _host("HOTLINE_SIP_HOST", get("HOTLINE_SIP_HOST", "127.0.0.1"))
    certificate, key = _tls(values)
    asterisk = values.get("HOTLINE_ASTERISK")
    return Settings(
        home=home,
        http_host=_host("HOTLINE_HTTP_HOST", get("HOTLINE_HTTP_HOST", "127.0.0.1")),
        http_port=_port("HOTLINE_HTTP_PORT", get("HOTLINE_HTTP_PORT", "8080")),
        sip_host=sip_host,
        sip_port=_port("HOTLINE_SIP_PORT", get("HOTLINE_SIP_PORT", "5060")),
        tls_certificate=certificate,
        tls_key=key,
        seat_encryption=_required(values.get("HOTLINE_SEAT_ENCRYPTION"), sip_host),
        rtp_ports=_port_range(get("HOTLINE_RTP_PORTS", "10000-20000")),
        ws_port=_port("HOTLINE_WS_PORT", get("HOTLINE_WS_PORT", "0")),
        trunk=_trunk(get("HOTLINE_TRUNK", "loopback")),
        trunk_out=_trunk_out(values.get("HOTLINE_TRUNK_OUT"), get("HOTLINE_TRUNK", "loopback")),
        admin_password=_password(values.get("HOTLINE_ADMIN_PASSWORD")),
        database_url=_database(
            get("HOTLINE_DATABASE_URL", f"sqlite+aiosqlite:///{home / 'hotline.sqlite3'}")
        ),
        redis_url=values.get("HOTLINE_REDIS_URL"),
        timezone=_zone(get("HOTLINE_TIMEZONE", "Asia/Shanghai")),
        city=get("HOTLINE_CITY", "yanji"),
        sms=_endpoint("HOTLINE_SMS", values),
        webhook=_endpoint("HOTLINE_WEBHOOK", values),
        imap=_mail_server("HOTLINE_IMAP_URL", values, {"imaps": 993, "imap": 143}),
        smtp=_mail_server("HOTLINE_SMTP_URL", values, {"smtps": 465, "smtp": 587}),
        mail_from=_mail_from(values),
        night=_night(get("HOTLINE_NIGHT_HOURS", "22:00-07:00")),
        queue_strategy=_strategy(get("HOTLINE_QUEUE_STRATEGY", "longest-idle")),
        ring_seconds=_seconds("HOTLINE_RING_SECONDS", get("HOTLINE_RING_SECONDS", "20"), 5),
        record_pause_seconds=_seconds(
            "HOTLINE_RECORD_PAUSE_SECONDS", get("HOTLINE_RECORD_PAUSE_SECONDS", "120"), 1
        ),
        wrap_up_seconds=_seconds(
            "HOTLINE_WRAP_UP_SECONDS", get("HOTLINE_WRAP_UP_SECONDS", "15"), 0
        ),
        pause_reasons=_reasons(get("HOTLINE_PAUSE_REASONS", "小休,用餐,会议,培训,整理工单")),
        captions=_switch("HOTLINE_CAPTIONS", get("HOTLINE_CAPTIONS", "on")),
        live_models=_models("HOTLINE_LIVE_MODELS", get("HOTLINE_LIVE_MODELS", "")),
        text_models=_models("HOTLINE_TEXT_MODELS", get("HOTLINE_TEXT_MODELS", "")),
        workers=_count("HOTLINE_WORKERS", get("HOTLINE_WORKERS", "1"), 64),
        controller_url=_controller(values.get("HOTLINE_CONTROLLER_URL")),
        asterisk=Path(asterisk).expanduser() if asterisk else None,
        cache=Path(get("HOTLINE_CACHE", str(default_cache(values)))).expanduser(),
        ami_host=_host("HOTLINE_AMI_HOST", get("HOTLINE_AMI_HOST", "127.0.0.1")),
        ami_port=_port("HOTLINE_AMI_PORT", get("HOTLINE_AMI_PORT", "0")),
        ami_secret=values.get("HOTLINE_AMI_SECRET"),
        agi_host=_host("HOTLINE_AGI_HOST", get("HOTLINE_AGI_HOST", "127.0.0.1")),
        agi_port=_port("HOTLINE_AGI_PORT", get("HOTLINE_AGI_PORT", "0")),
        node=_node(get("HOTLINE_NODE", "hotline")),
        log_level=_level(get("HOTLINE_LOG_LEVEL", "INFO")),
    )


def default_cache(environ: Mapping[str, str]) -> Path:
    """The cache shared by all checkouts: the system's for root, else the user's own."""
    if os.geteuid() == 0:
        return Path("/var/cache/hotline")
    base = environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "hotline"


def read_dotenv(file: Path) -> dict[str, str]:
    """Parse ``NAME=value`` lines; ``#`` starts a comment, quotes around a value are dropped."""
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return {}
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.removeprefix("export ").partition("=")
        if not equals or not name.strip().isidentifier():
            raise SettingsError(f"{file}, line {number}: expected NAME=value, found {line!r}")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        if value:
            values[name.strip()] = value
    return values


def _port(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise SettingsError(f"{name}={text!r}: a port is a number from 1 to 65535 (0: a free one)")


def _port_range(text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    if dash and low.isdigit() and high.isdigit() and 1024 <= int(low) < int(high) <= 65535:
        return int(low), int(high)
    raise SettingsError(f"HOTLINE_RTP_PORTS={text!r}: write LOW-HIGH, both from 1024 to 65535")


def _host(name: str, text: str) -> str:
    if text and all(c.isalnum() or c in ".:-_" for c in text):
        return text
    raise SettingsError(f"{name}={text!r}: write an address or a host name")


def _tls(values: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    """Certificate and private key, both or neither."""
    given = [values.get(name) for name in ("HOTLINE_TLS_CERT", "HOTLINE_TLS_KEY")]
    certificate, key = (Path(text).expanduser().resolve() if text else None for text in given)
    if (certificate is None) != (key is None):
        raise SettingsError("HOTLINE_TLS_CERT and HOTLINE_TLS_KEY belong together: set both")
    return certificate, key


def _required(text: str | None, sip_host: str) -> bool:
    """Whether seats' phones must encrypt."""
    if text is None:
        return not is_loopback(sip_host)
    if text in ("required", "offered"):
        return text == "required"
    raise SettingsError(f"HOTLINE_SEAT_ENCRYPTION={text!r}: write required or offered")


def _trunk(text: str) -> str:
    if text == "loopback":
        return text
    if text.startswith("register:"):
        user, _, rest = text.removeprefix("register:").partition(":")
        password, _, host = rest.rpartition("@")
        if user and password and host and not any(c in text for c in " ;\r\n\t"):
            return text
        raise SettingsError("HOTLINE_TRUNK: write register:USER:PASSWORD@HOST")
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise SettingsError(
            f"HOTLINE_TRUNK={text!r}: write loopback, an address, a network, "
            "or register:USER:PASSWORD@HOST"
        ) from None
    return text


def _trunk_out(text: str | None, trunk: str) -> str:
    """Where calls go out to; the host of a registered trunk unless another is named."""
    if text is None:
        return trunk.rpartition("@")[2] if trunk.startswith("register:") else ""
    host, colon, port = text.partition(":")
    if not host or not all(c.isalnum() or c in ".-" for c in host) or (colon and not port):
        raise SettingsError(f"HOTLINE_TRUNK_OUT={text!r}: write HOST or HOST:PORT")
    if colon:
        _port("HOTLINE_TRUNK_OUT", port)
    return text


def _password(text: str | None) -> str | None:
    if text is not None and len(text) < 8:
        raise SettingsError("HOTLINE_ADMIN_PASSWORD: at least 8 characters are needed")
    return text


def _database(url: str) -> str:
    url = _with_driver(url)
    scheme, _, rest = url.partition("://")
    if scheme.startswith("sqlite") and rest.partition("?")[0] in {"", "/", "/:memory:"}:
        raise SettingsError(
            "HOTLINE_DATABASE_URL: SQLite needs a file, as in sqlite:////srv/hotline/calls.sqlite3"
        )
    return url


def _with_driver(url: str) -> str:
    for plain, driver in (
        ("sqlite://", "sqlite+aiosqlite://"),
        ("postgresql://", "postgresql+asyncpg://"),
        ("postgres://", "postgresql+asyncpg://"),
    ):
        if url.startswith(plain):
            return driver + url.removeprefix(plain)
    if url.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
        return url
    raise SettingsError("HOTLINE_DATABASE_URL: only sqlite:// and postgresql:// are supported")


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(f"HOTLINE_TIMEZONE={text!r}: no such time zone") from None


def _endpoint(name: str, values: Mapping[str, str]) -> Endpoint | None:
    """An address with its secret; neither is told, for the address may hold a token."""
    url, secret = values.get(f"{name}_URL"), values.get(f"{name}_SECRET")
    if url is None and secret is None:
        return None
    if url is None or secret is None or len(secret.encode()) < _SHORTEST_SECRET:
        raise SettingsError(
            f"{name}_URL and {name}_SECRET go together; "
            f"the secret has {_SHORTEST_SECRET} characters or more"
        )
    if _web_address(url, plain=is_private) is None:
        raise SettingsError(
            f"{name}_URL: write https://…, or http://… for an address of your own network; "
            "no user name in it"
        )
    return Endpoint(url, secret)


def _web_address(url: str, *, plain: Callable[[str], bool]) -> SplitResult | None:
    """An address of https, or of http where ``plain`` allows it for the host; no user in it."""
    try:
        parts = urlsplit(url)
        host, usable = parts.hostname or "", parts.port != 0
    except ValueError:
        return None
    safe = parts.scheme == "https" or (parts.scheme == "http" and bool(host) and plain(host))
    return parts if host and usable and safe and "@" not in parts.netloc else None


def _controller(url: str | None) -> str:
    """The controller's address; recordings go over no network in the clear."""
    if url is None:
        return ""
    parts = _web_address(url, plain=is_loopback)
    if parts is None or parts.query or parts.fragment:
        raise SettingsError(
            "HOTLINE_CONTROLLER_URL: write https://HOST, or http://127.0.0.1:PORT on the "
            "controller's machine or through a tunnel; no user name, no query"
        )
    return url.rstrip("/")


def _mail_server(
    name: str, values: Mapping[str, str], ports: Mapping[str, int]
) -> MailServer | None:
    """The first scheme of ``ports`` is TLS from the start."""
    url = values.get(name)
    if url is None:
        return None
    secure, plain = ports
    try:
        parts = urlsplit(url)
        port = parts.port or ports[parts.scheme]
        server = MailServer(
            parts.hostname or "",
            port,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            parts.scheme == secure,
            unquote(parts.path.strip("/")) or "INBOX",
        )
    except (ValueError, KeyError):
        server = None
    if server is None or not server.host or parts.query or parts.fragment:
        raise SettingsError(f"{name}: write {secure}://USER:PASSWORD@HOST, {plain}:// without TLS")
    if secure == "imaps" and not (server.user and (server.tls or server.local)):
        raise SettingsError(f"{name}: a user is needed, and imaps:// but on this machine")
    return server


def _mail_from(values: Mapping[str, str]) -> tuple[str, str]:
    text = values.get("HOTLINE_MAIL_FROM", "")
    name, address = parseaddr(text)
    if text and ("@" not in address or any(c in text for c in "\r\n")):
        raise SettingsError(f"HOTLINE_MAIL_FROM={text!r}: write 12345 <hotline@example.cn>")
    if not text and "HOTLINE_SMTP_URL" in values:
        raise SettingsError("HOTLINE_MAIL_FROM: say which address the answers come from")
    return name, address


def _night(text: str) -> NightHours:
    start, dash, end = text.partition("-")
    try:
        hours = NightHours(time.fromisoformat(start.strip()), time.fromisoformat(end.strip()))
    except ValueError:
        dash = ""
    if not dash:
        raise SettingsError(f"HOTLINE_NIGHT_HOURS={text!r}: write it like 22:00-07:00")
    return hours


def _strategy(text: str) -> str:
    if text in {"longest-idle", "round-robin"}:
        return text
    raise SettingsError(f"HOTLINE_QUEUE_STRATEGY={text!r}: use longest-idle or round-robin")


def _seconds(name: str, text: str, least: int) -> int:
    if text.isascii() and text.isdigit() and least <= int(text) <= 600:
        return int(text)
    raise SettingsError(f"{name}={text!r}: a number of seconds from {least} to 600")


def _reasons(value: str) -> tuple[str, ...]:
    reasons = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if not reasons or any(len(r) > 40 or not r.isprintable() or "|" in r for r in reasons):
        raise SettingsError(
            f"HOTLINE_PAUSE_REASONS={value!r}: write reasons of up to 40 characters with commas "
            "between them, such as 小休,用餐"
        )
    return reasons


def _count(name: str, text: str, most: int) -> int:
    if text.isascii() and text.isdigit() and int(text) <= most:
        return int(text)
    raise SettingsError(f"{name}={text!r}: write a number from 0 to {most}")


def _switch(name: str, text: str) -> bool:
    if text not in {"on", "off"}:
        raise SettingsError(f"{name}={text!r}: write on or off")
    return text == "on"


def _models(name: str, text: str) -> dict[str, str]:
    """Languages and the names of their models."""
    chosen = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        language, equals, model = part.partition("=")
        plain = all(c.isascii() and (c.isalnum() or c in "._-") for c in model)
        if language not in {"zh", "ko"} or not equals or not model[:1].isalnum() or not plain:
            raise SettingsError(f"{name}={text!r}: write zh=NAME,ko=NAME (`hotline models list`)")
        chosen[language] = model
    return chosen


def _node(text: str) -> str:
    if text.isascii() and text.isalnum() and len(text) <= 20:
        return text
    raise SettingsError(f"HOTLINE_NODE={text!r}: use up to 20 letters and digits")


def _level(text: str) -> str:
    if text.upper() in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        return text.upper()
    raise SettingsError(f"HOTLINE_LOG_LEVEL={text!r}: use DEBUG, INFO, WARNING or ERROR")


def is_private(host: str) -> bool:
    """Whether ``host`` is an address of one's own network, or of this machine."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
