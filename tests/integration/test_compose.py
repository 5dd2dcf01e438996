"""docker-compose.yml without an engine: it parses, its commands exist, and its parts work apart.

The last test runs the two commands of its own services as processes, with the environment that
the file gives them and a real PostgreSQL and Redis, and places a call.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ivr.cli import COMMANDS
from ivr.settings import PROJECT, load

COMPOSE = yaml.safe_load((PROJECT / "docker-compose.yml").read_text("utf-8"))
OWN = ("asterisk", "hotline")


def interpolate(text: str, values: dict[str, str]) -> str:
    """``${NAME:-default}`` and ``${NAME:?complaint}``, as Compose replaces them."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if values.get(name):
            return values[name]
        if kind == "?":
            raise KeyError(f"{name}: {rest}")
        return rest or ""

    return re.sub(r"\$\{(\w+)(?::([-?])([^}]*))?\}", value, text)


def environment(service: str, **values: str) -> dict[str, str]:
    given: dict[str, Any] = COMPOSE["services"][service]["environment"]
    return {name: interpolate(str(text), values) for name, text in given.items()}


def test_every_service_has_a_health_check_and_starts_after_what_it_needs() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"asterisk", "captioner", "hotline", "postgres", "redis", "worker"}
    for name, service in services.items():
        assert service["healthcheck"]["test"], name
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services
            assert how == {"condition": "service_healthy"}


@pytest.mark.parametrize("service", OWN)
def test_commands_are_those_of_our_program(service: str) -> None:
    definition = COMPOSE["services"][service]
    for command in (definition["command"], definition["healthcheck"]["test"][1:]):
        assert command[0] == "hotline"
        assert command[1] in COMMANDS


def test_only_loopback_is_published() -> None:
    for service in COMPOSE["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("service", OWN)
def test_settings_are_known_and_secrets_must_be_given(service: str, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"POSTGRES_PASSWORD|HOTLINE_TRUNK"):
        environment(service)
    env = environment(service, POSTGRES_PASSWORD="s3cret", HOTLINE_TRUNK="203.0.113.7")
    chosen = load(env, dotenv=tmp_path / "none")
    assert chosen.database_url == "postgresql+asyncpg://hotline:s3cret@127.0.0.1:5432/hotline"
    assert chosen.redis_url == "redis://127.0.0.1:6379/0"


def test_the_image_holds_all_that_is_imported_and_read() -> None:
    text = (PROJECT / "Dockerfile").read_text("utf-8")
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    needed = {"ivr", "agi_scripts", "ticketing", "speech", "asterisk_conf", "sounds"}
    assert copied == needed
    assert "COPY --from=console /console/dist web/dist" in text
    assert "USER hotline" in text
