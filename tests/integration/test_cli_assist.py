"""``hotline assist``: train, evaluate, list, use, on a database of one's own."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def hotline(*args: str, code: int = 0) -> Result:
    done = CliRunner().invoke(main, args)
    assert done.exit_code == code, done.output
    return done


def test_a_model_is_trained_evaluated_and_put_in_use(tmp_path: Path, home: Path) -> None:
    assert "No model yet" in hotline("assist", "list").stdout
    home.mkdir()
    hotline("demo-data", "--orders", "200", "--until", "2026-03-01")
    made = json.loads(hotline("assist", "train", "--json").stdout)
    assert made["orders"] > 100
    assert made["labels"]["type"] >= 4
    rows = json.loads(hotline("assist", "list", "--json").stdout)
    assert [(row["version"], row["current"]) for row in rows] == [(made["version"], True)]
    assert f"* {made['version']}" in hotline("assist", "list").stdout
    assert "is in use" in hotline("assist", "use", made["version"]).stdout
    assert "no such model" in hotline("assist", "use", "nothing", code=1).stderr

    changes = tmp_path / "changes.csv"
    told = hotline("assist", "evaluate", "--changes", str(changes)).stdout
    for words in ("time:", "random:", "wording:", "category", "unit", "commonest"):
        assert words in told
    rows = list(csv.DictReader(changes.read_text("utf-8-sig").splitlines()))
    assert {row["kind"] for row in rows} <= {"type", "category", "district", "unit"}
    found = json.loads(hotline("assist", "evaluate", "--split", "time", "--json").stdout)
    assert [each["split"] for each in found] == ["time"]
    assert found[0]["changes"] == len(rows)
    assert {score["kind"] for score in found[0]["scores"]} >= {"type", "category", "district"}


def test_without_orders_it_says_what_is_missing(home: Path) -> None:
    home.mkdir()
    hotline("demo-data", "--orders", "1", "--until", "2026-03-01")
    assert "order" in hotline("assist", "evaluate", code=1).stderr
