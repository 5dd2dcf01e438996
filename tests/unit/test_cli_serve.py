"""What ``hotline serve`` tells a person once it is up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.cli.serve import welcome
from ivr.settings import load


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("127.0.0.1", "sip:12345@127.0.0.1:5070 from any SIP phone here"),
        ("localhost", "sip:12345@localhost:5070 from any SIP phone here"),
        ("0.0.0.0", "sip:12345@127.0.0.1:5070 from any SIP phone here"),  # noqa: S104
        ("::", "sip:12345@[::1]:5070 from any SIP phone here"),
        ("10.1.2.3", "sip:12345@10.1.2.3:5070 from a seat's phone only; set HOTLINE_TRUNK"),
    ],
)
def test_how_to_call_is_told_as_it_is(tmp_path: Path, host: str, told: str) -> None:
    settings = {"HOTLINE_HOME": str(tmp_path), "HOTLINE_SIP_HOST": host, "HOTLINE_SIP_PORT": "5070"}
    lines = welcome(load(settings)).splitlines()
    assert next(line for line in lines if "Call it" in line).split(maxsplit=2)[2].startswith(told)


def test_a_carrier_is_named(tmp_path: Path) -> None:
    settings = {
        "HOTLINE_HOME": str(tmp_path),
        "HOTLINE_TRUNK": "register:us:secret@sip.example.org",
    }
    text = welcome(load(settings))
    assert "Call it" not in text
    assert "secret" not in text
