"""``hotline settings``: complete, true, and silent about secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ivr.cli.settings import VALUES, in_force, table
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
