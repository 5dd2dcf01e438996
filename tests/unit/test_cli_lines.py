"""``hotline lines which``: the line of a call, by what the carrier sends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOTLINE_CITY", "xianning")


def which(*args: str) -> Result:
    return CliRunner().invoke(main, ["lines", "which", *args])


def test_the_line_of_a_forwarded_call_with_its_reason() -> None:
    done = which("12345", "--diversion", "<sip:12329@c>", "--diversion", "<sip:0715-12333@c>")
    assert done.exit_code == 0
    assert done.stdout.startswith("12333  市人社局 人力资源和社会保障服务热线\n")
    assert "诉求人拨打 071512333" in done.stdout
    assert "双轨期已于 2020-01-11 结束" in done.stdout


def test_as_json() -> None:
    told = json.loads(which("--history", "<sip:8126141@c>;index=1", "--json").stdout)
    assert told["why"].keys() == {"zh", "en"}
    assert {name: value for name, value in told.items() if name != "why"} == {
        "line": "8126141",
        "dialled": "8126141",
        "forwarded_from": "8126141",
        "by": "history",
        "expired": True,
    }


def test_a_call_to_the_hotline_itself() -> None:
    told = json.loads(which("+86-0715-12345", "--json").stdout)
    assert (told["line"], told["forwarded_from"], told["by"]) == ("12345", None, "dialled")
