"""``hotline settings``: what can be set, and what is in force."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from urllib.parse import urlsplit

import click

from ivr.cli.control import as_json, show
from ivr.settings import SETTINGS, Endpoint, MailServer, Settings

_HIDDEN = "(set, hidden)"


@click.command("settings")
@click.option("--markdown", is_flag=True, help="Print the table as in the README.")
@as_json
@click.pass_obj
def settings_(settings: Settings, markdown: bool, as_json: bool) -> None:
    """Show every setting: what it means and what is in force; secrets are hidden.

    Settings are read from the environment, then from the file .env of the current folder.
    """
    if markdown:
        click.echo(table())
        return
    values = in_force(settings)
    if as_json:
        show([{**asdict(row), "value": values[row.variable]} for row in SETTINGS])
        return
    for row in SETTINGS:
        click.echo(f"{row.variable:<24} {click.style(values[row.variable], bold=True)}")
        click.echo(f"{'':<24} {row.meaning} (default: {row.default})")


def table() -> str:
    """The table of all settings in Markdown, without anything of this machine."""
    rows = [("Variable", "Default", "Meaning"), ("---", "---", "---")]
    rows += [(f"`{row.variable}`", row.default, row.meaning) for row in SETTINGS]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows)


def in_force(settings: Settings) -> dict[str, str]:
    """The value of each variable in force now, for a person to read."""
    return {row.variable: VALUES[row.variable](settings) for row in SETTINGS}


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _port(name: str) -> Callable[[Settings], str]:
    """A port; one that is ours to choose is found in the wiring, once it has been chosen."""

    def shown(settings: Settings) -> str:
        port = getattr(settings, name)
        if port:
            return str(port)
        kept: Mapping[str, object] = {}
        with suppress(OSError, ValueError):
            kept = json.loads((settings.home / "wiring.json").read_text("utf-8"))
        return f"{kept[name]} (chosen)" if kept.get(name) else "a free port"

    return shown


def _models(chosen: Mapping[str, str]) -> str:
    return ",".join(f"{lang}={name}" for lang, name in chosen.items()) or "the first here"


def _address(url: str) -> str:
    """An address without its password, and without options, which may hold one too."""
    scheme, rest = url.split("://", 1) if "://" in url else ("", url)
    rest, _, options = rest.partition("?")
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    shown = f"{scheme}://{user}{colon and ':***'}{at}{place}"
    return f"{shown}?***" if options else shown


def _endpoint(endpoint: Endpoint | None) -> str:
    """Scheme and host; the path may hold a token."""
    if endpoint is None:
        return ""
    parts = urlsplit(endpoint.url)
    return (
        f"{parts.scheme}://{parts.netloc}{'/***' if parts.path.strip('/') or parts.query else ''}"
    )


def _mail_server(server: MailServer | None, secure: str, plain: str) -> str:
    if server is None:
        return "none"
    login = f"{server.user}:***@" if server.user else ""
    folder = f"/{server.folder}" if secure == "imaps" else ""
    return f"{secure if server.tls else plain}://{login}{server.host}:{server.port}{folder}"


def _trunk(settings: Settings) -> str:
    if not settings.trunk.startswith("register:"):
        return settings.trunk
    user = settings.trunk.split(":")[1]
    return f"register:{user}:***@{settings.trunk.rpartition('@')[2]}"


VALUES: Mapping[str, Callable[[Settings], str]] = {
    "HOTLINE_HOME": lambda s: str(s.home),
    "HOTLINE_HTTP_HOST": lambda s: s.http_host,
    "HOTLINE_HTTP_PORT": lambda s: str(s.http_port),
    "HOTLINE_SIP_HOST": lambda s: s.sip_host,
    "HOTLINE_SIP_PORT": lambda s: str(s.sip_port),
    "HOTLINE_TLS_CERT": lambda s: str(s.tls_certificate or "made at first start"),
    "HOTLINE_TLS_KEY": lambda s: str(s.tls_key or "made at first start"),
    "HOTLINE_SEAT_ENCRYPTION": lambda s: "required" if s.seat_encryption else "offered",
    "HOTLINE_RTP_PORTS": lambda s: f"{s.rtp_ports[0]}-{s.rtp_ports[1]}",
    "HOTLINE_WS_PORT": _port("ws_port"),
    "HOTLINE_TRUNK": _trunk,
    "HOTLINE_TRUNK_OUT": lambda s: s.trunk_out or "none",
    "HOTLINE_ADMIN_PASSWORD": lambda s: _HIDDEN if s.admin_password else "made at first start",
    "HOTLINE_DATABASE_URL": lambda s: _address(s.database_url),
    "HOTLINE_REDIS_URL": lambda s: _address(s.redis_url) if s.redis_url else "embedded",
    "HOTLINE_TIMEZONE": lambda s: s.timezone.key,
    "HOTLINE_CITY": lambda s: s.city,
    "HOTLINE_SMS_URL": lambda s: _endpoint(s.sms) or str(s.home / "sms.jsonl"),
    "HOTLINE_SMS_SECRET": lambda s: _HIDDEN if s.sms else "none",
    "HOTLINE_WEBHOOK_URL": lambda s: _endpoint(s.webhook) or "none",
    "HOTLINE_WEBHOOK_SECRET": lambda s: _HIDDEN if s.webhook else "none",
    "HOTLINE_IMAP_URL": lambda s: _mail_server(s.imap, "imaps", "imap"),
    "HOTLINE_SMTP_URL": lambda s: _mail_server(s.smtp, "smtps", "smtp"),
    "HOTLINE_MAIL_FROM": lambda s: (
        f"{s.mail_from[0]} <{s.mail_from[1]}>".strip() if s.mail_from[1] else "none"
    ),
    "HOTLINE_NIGHT_HOURS": lambda s: f"{s.night.start:%H:%M}-{s.night.end:%H:%M}",
    "HOTLINE_QUEUE_STRATEGY": lambda s: s.queue_strategy,
    "HOTLINE_RING_SECONDS": lambda s: str(s.ring_seconds),
    "HOTLINE_RECORD_PAUSE_SECONDS": lambda s: str(s.record_pause_seconds),
    "HOTLINE_WRAP_UP_SECONDS": lambda s: str(s.wrap_up_seconds),
    "HOTLINE_PAUSE_REASONS": lambda s: ",".join(s.pause_reasons),
    "HOTLINE_CAPTIONS": lambda s: "on" if s.captions else "off",
    "HOTLINE_LIVE_MODELS": lambda s: _models(s.live_models),
    "HOTLINE_TEXT_MODELS": lambda s: _models(s.text_models),
    "HOTLINE_WORKERS": lambda s: str(s.workers),
    "HOTLINE_CONTROLLER_URL": lambda s: s.controller_url or "none",
    "HOTLINE_ASTERISK": lambda s: str(s.asterisk) if s.asterisk else "found or fetched",
    "HOTLINE_CACHE": lambda s: str(s.cache),
    "HOTLINE_AMI_HOST": lambda s: s.ami_host,
    "HOTLINE_AMI_PORT": _port("ami_port"),
    "HOTLINE_AMI_SECRET": lambda s: _HIDDEN if s.ami_secret else "made at first start",
    "HOTLINE_AGI_HOST": lambda s: s.agi_host,
    "HOTLINE_AGI_PORT": _port("agi_port"),
    "HOTLINE_NODE": lambda s: s.node,
    "HOTLINE_LOG_LEVEL": lambda s: s.log_level,
}
"""How each setting in force is shown; a test checks that none of the table is missing."""
