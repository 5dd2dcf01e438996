"""``hotline settings``: complete, true, and silent about secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivr.cli.settings import VALUES, in_force, table
from ivr.errors import SettingsError
from ivr.settings import SETTINGS, load

SECRET = "hunter2-hunter2"


def test_every_setting_is_shown() -> None:
    assert set(VALUES) == {row.variable for row in SETTINGS}


@pytest.mark.parametrize(
    ("variable", "value", "shown"),
    [
        ("HOTLINE_ADMIN_PASSWORD", SECRET, "(set, hidden)"),
        ("HOTLINE_AMI_SECRET", SECRET, "(set, hidden)"),
        (
            "HOTLINE_DATABASE_URL",
            f"postgresql://ivr:{SECRET}@db:5432/hotline",
            "postgresql+asyncpg://ivr:***@db:5432/hotline",
        ),
        ("HOTLINE_REDIS_URL", f"redis://:{SECRET}@cache:6379/1", "redis://:***@cache:6379/1"),
        ("HOTLINE_REDIS_URL", f"redis://:{SECRET}@@h?", "redis://:***@h"),
        (
            "HOTLINE_REDIS_URL",
            f"unix:///run/redis.sock?db=1&password={SECRET}",
            "unix:///run/redis.sock?***",
        ),
        (
            "HOTLINE_IMAP_URL",
            f"imaps://hotline%40x.cn:{SECRET}@mail.x.cn/INBOX",
            "imaps://hotline@x.cn:***@mail.x.cn:993/INBOX",
        ),
        (
            "HOTLINE_TRUNK",
            f"register:user:{SECRET}@sip.example.org",
            "register:user:***@sip.example.org",
        ),
    ],
)
def test_secrets_are_hidden(variable: str, value: str, shown: str, tmp_path: Path) -> None:
    values = in_force(load({variable: value, "HOTLINE_HOME": str(tmp_path)}))
    assert values[variable] == shown
    assert not any(SECRET in text for text in values.values())


def test_secrets_that_go_with_addresses_are_hidden(tmp_path: Path) -> None:
    values = in_force(
        load(
            {
                "HOTLINE_HOME": str(tmp_path),
                "HOTLINE_SMS_URL": f"https://sms.example.cn/{SECRET}",
                "HOTLINE_SMS_SECRET": f"{SECRET}-{SECRET}",
                "HOTLINE_WEBHOOK_URL": f"https://portal.example.cn/?token={SECRET}",
                "HOTLINE_WEBHOOK_SECRET": f"{SECRET}-{SECRET}",
                "HOTLINE_SMTP_URL": f"smtps://u:{SECRET}@mail.x.cn",
                "HOTLINE_MAIL_FROM": "热线 <hotline@x.cn>",
            }
        )
    )
    assert values["HOTLINE_SMS_URL"] == "https://sms.example.cn/***"
    assert values["HOTLINE_WEBHOOK_URL"] == "https://portal.example.cn/***"
    assert values["HOTLINE_SMS_SECRET"] == values["HOTLINE_WEBHOOK_SECRET"] == "(set, hidden)"
    assert values["HOTLINE_SMTP_URL"] == "smtps://u:***@mail.x.cn:465"
    assert not any(SECRET in text for text in values.values())


_MAIL_FROM = {"HOTLINE_MAIL_FROM": "hotline@x.cn"}


@pytest.mark.parametrize(
    "given",
    [
        {"HOTLINE_SMS_URL": "https://sms.example.cn"},
        {"HOTLINE_SMS_SECRET": SECRET},
        {"HOTLINE_SMS_URL": "https://sms.example.cn", "HOTLINE_SMS_SECRET": "short"},
        {"HOTLINE_SMS_URL": "http://sms.example.cn", "HOTLINE_SMS_SECRET": f"{SECRET}{SECRET}"},
        {"HOTLINE_SMS_URL": f"https://u:{SECRET}@x.cn", "HOTLINE_SMS_SECRET": SECRET * 2},
        {"HOTLINE_WEBHOOK_URL": "ftp://x.cn", "HOTLINE_WEBHOOK_SECRET": SECRET * 2},
        {"HOTLINE_WEBHOOK_URL": "https://x.cn:99999", "HOTLINE_WEBHOOK_SECRET": SECRET * 2},
        {"HOTLINE_IMAP_URL": f"imap://u:{SECRET}@mail.x.cn"},
        {"HOTLINE_IMAP_URL": "imaps://mail.x.cn"},
        {"HOTLINE_IMAP_URL": f"pop3://u:{SECRET}@mail.x.cn"},
        {"HOTLINE_SMTP_URL": f"smtps://u:{SECRET}@mail.x.cn"},
        {"HOTLINE_SMTP_URL": f"smtps://u:{SECRET}@mail.x.cn:x", **_MAIL_FROM},
        {"HOTLINE_MAIL_FROM": "hotline"},
        {"HOTLINE_CONTROLLER_URL": "http://hotline.example.cn"},
        {"HOTLINE_CONTROLLER_URL": "http://10.1.2.3:8080"},
        {"HOTLINE_CONTROLLER_URL": "http://127.0.0.1.example.cn:8080"},
        {"HOTLINE_CONTROLLER_URL": "hotline.example.cn"},
        {"HOTLINE_CONTROLLER_URL": "https://"},
        {"HOTLINE_CONTROLLER_URL": f"https://u:{SECRET}@hotline.example.cn"},
        {"HOTLINE_CONTROLLER_URL": f"https://hotline.example.cn/?token={SECRET}"},
        {"HOTLINE_CONTROLLER_URL": "https://hotline.example.cn:99999"},
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_secret(
    given: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as refused:
        load({"HOTLINE_HOME": str(tmp_path), **given})
    assert SECRET not in str(refused.value)
    assert str(refused.value).startswith("HOTLINE_")


def test_what_is_set_is_in_force(tmp_path: Path) -> None:
    given = {
        "HOTLINE_HOME": str(tmp_path),
        "HOTLINE_RTP_PORTS": "12000-13000",
        "HOTLINE_TRUNK": "203.0.113.0/29",
        "HOTLINE_NIGHT_HOURS": "21:30-06:00",
        "HOTLINE_AMI_PORT": "5038",
        "HOTLINE_ASTERISK": "/opt/asterisk",
    }
    values = in_force(load(given))
    assert {name: values[name] for name in given} == given


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://hotline.example.cn/", "https://hotline.example.cn"),
        ("https://hotline.example.cn:8443/12345", "https://hotline.example.cn:8443/12345"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("", ""),
    ],
)
def test_recordings_go_in_the_clear_within_one_machine_only(
    url: str, used: str, tmp_path: Path
) -> None:
    settings = load({"HOTLINE_CONTROLLER_URL": url, "HOTLINE_HOME": str(tmp_path)})
    assert settings.controller_url == used
    assert in_force(settings)["HOTLINE_CONTROLLER_URL"] == (used or "none")


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite+aiosqlite://", "sqlite://?timeout=5"],
)
def test_sqlite_without_a_file_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SQLite needs a file"):
        load({"HOTLINE_DATABASE_URL": url, "HOTLINE_HOME": str(tmp_path)})


@pytest.mark.parametrize("file", ["calls.sqlite3", "/srv/calls.sqlite3", "calls.sqlite3?timeout=5"])
def test_sqlite_with_a_file_is_taken(file: str, tmp_path: Path) -> None:
    settings = load({"HOTLINE_DATABASE_URL": f"sqlite:///{file}", "HOTLINE_HOME": str(tmp_path)})
    assert settings.database_url == f"sqlite+aiosqlite:///{file}"


def test_a_port_of_our_choice_is_told_once_it_is_chosen(tmp_path: Path) -> None:
    settings = load({"HOTLINE_HOME": str(tmp_path)})
    assert in_force(settings)["HOTLINE_AGI_PORT"] == "a free port"
    (tmp_path / "wiring.json").write_text(json.dumps({"agi_port": 4573}))
    assert in_force(settings)["HOTLINE_AGI_PORT"] == "4573 (chosen)"
    (tmp_path / "wiring.json").write_text("{")
    assert in_force(settings)["HOTLINE_AGI_PORT"] == "a free port"


def test_the_markdown_table_has_a_row_for_each() -> None:
    lines = table().split("\n")
    assert lines[:2] == ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    assert len(lines) == 2 + len(SETTINGS)
    for row, line in zip(SETTINGS, lines[2:], strict=True):
        assert line.startswith(f"| `{row.variable}` | ")
        assert line.replace("\\|", "").count("|") == 4
