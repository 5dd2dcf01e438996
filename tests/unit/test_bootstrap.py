"""The way from a fresh checkout: what is decided before anything is fetched."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ivr import bootstrap, environment, layers, toolbox
from ivr.commands import run
from ivr.environment import Environment
from ivr.errors import SetupError
from ivr.frontend import Frontend
from ivr.progress import Progress
from ivr.settings import PROJECT


@pytest.fixture
def checkout(tmp_path: Path) -> Environment:
    """A checkout with an environment that is in step, without the packages of tests."""
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    made = Environment(tmp_path, tmp_path / "cache", Progress(None))
    (made.folder / "bin").mkdir(parents=True)
    stamp(made, dev=False)
    return made


def stamp(made: Environment, **change: object) -> None:
    wanted = {**made._wanted(), **change}
    (made.folder / "hotline.json").write_text(json.dumps(wanted))


def fake_python(made: Environment, script: str) -> Path:
    """Let the environment's Python be a script; returns the file it counts its runs in."""
    runs = made.project / "runs"
    file = Path(made.program("python"))
    file.write_text(f"#!/bin/sh\necho run >> {runs}\n{script}\n")
    file.chmod(0o755)
    return runs


def test_environment_in_step_is_left_alone(checkout: Environment) -> None:
    runs = fake_python(checkout, "exit 1")
    checkout.ensure(dev=False)
    assert not runs.exists()


@pytest.mark.parametrize("key", ["python", "project", "packages"])
def test_any_change_calls_for_new_work(checkout: Environment, key: str) -> None:
    stamp(checkout, **{key: "other"})
    assert not checkout.ready(dev=False)


def test_packages_of_tests_serve_a_plain_run_but_not_the_reverse(checkout: Environment) -> None:
    assert not checkout.ready(dev=True)
    stamp(checkout, dev=True)
    assert checkout.ready(dev=False)
    assert checkout.ready(dev=True)


def test_settings_of_a_linter_ask_for_no_installation(checkout: Environment) -> None:
    with (checkout.project / "pyproject.toml").open("a") as file:
        file.write("\n[tool.other]\nx = 1\n")
    assert checkout.ready(dev=False)


def test_tests_add_their_packages_to_the_environment(checkout: Environment) -> None:
    fake_python(checkout, f'echo "$@" > {checkout.project}/args')
    checkout.ensure(dev=True)
    assert (checkout.project / "args").read_text().endswith("--group dev\n")
    assert checkout.ready(dev=True)


def test_network_trouble_is_tried_three_times(
    checkout: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    runs = fake_python(checkout, "echo 'WARNING: Retrying (Retry(total=0))'; exit 1")
    with pytest.raises(SetupError, match="proxy"):
        checkout.ensure(dev=True)
    assert runs.read_text().count("run") == 3
    assert len(pauses) == 2
    assert not checkout.ready(dev=False)


def test_other_trouble_is_told_at_once(checkout: Environment) -> None:
    runs = fake_python(checkout, "echo 'ERROR: No matching distribution found for x'; exit 1")
    with pytest.raises(SetupError, match="No matching distribution found for x"):
        checkout.ensure(dev=True)
    assert runs.read_text().count("run") == 1


def test_python_without_ensurepip_gets_the_distributions_pip(
    checkout: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a machine without certificates that pip is sent to its own."""
    wheel = tmp_path / "pip-99.0-py3-none-any.whl"
    shutil.make_archive(str(wheel), "zip", fake_pip(tmp_path / "wheel"))
    monkeypatch.setattr(toolbox, "pip_wheel", lambda *_: Path(f"{wheel}.zip"))
    monkeypatch.setattr(environment, "_SYSTEM_CERTIFICATES", "/nowhere/certificates.crt")
    checkout._borrow_pip()
    core = checkout.packages / "pip/_vendor/certifi/core.py"
    assert core.read_text() == f"path = '{core.with_name('cacert.pem')}'\n"
    assert checkout._pip_version() == (99, 0)


def fake_pip(folder: Path) -> Path:
    (folder / "pip/_vendor/certifi").mkdir(parents=True)
    (folder / "pip/_vendor/certifi/core.py").write_text("path = '/nowhere/certificates.crt'\n")
    (folder / "pip-99.0.dist-info").mkdir()
    return folder


@pytest.mark.parametrize(
    ("phones", "tests", "values", "wanted"),
    [
        (False, False, {}, ["asterisk", "redis"]),
        (True, False, {}, ["asterisk", "phones", "redis"]),
        (False, False, {"HOTLINE_REDIS_URL": "redis://there"}, ["asterisk"]),
        (
            True,
            True,
            {"HOTLINE_REDIS_URL": "redis://there"},
            ["asterisk", "phones", "postgres", "browser", "redis"],
        ),
    ],
)
def test_only_what_is_needed_is_fetched(
    checkout: Environment,
    monkeypatch: pytest.MonkeyPatch,
    *,
    phones: bool,
    tests: bool,
    values: dict[str, str],
    wanted: list[str],
) -> None:
    asked: list[layers.Group] = []
    programs = ("asterisk", "redis", "postgres", "browser")
    for name in (f"installed_{program}" for program in programs):
        monkeypatch.setattr(toolbox, name, lambda *_: None)
    monkeypatch.setattr(toolbox, "prepare", lambda _cache, groups, _progress: asked.extend(groups))
    bootstrap.fetch(checkout, values, phones=phones, tests=tests)
    assert [group.name for group in asked] == wanted


def test_old_python_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST_PYTHON", (9, 0))
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert bootstrap.main(["run"]) == 2
    assert "Python 3.11 or newer" in capsys.readouterr().err


def test_newest_python_on_path_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("python3.9", "python3.11", "python3.12"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert environment.suitable_python() == os.fspath(tmp_path / "python3.12")


def test_failed_check_fails_the_whole_and_the_rest_still_runs(
    checkout: Environment, capfd: pytest.CaptureFixture[str]
) -> None:
    ran = ["ruff", "ruff", "mypy", "pytest", "python", "node", "node"]
    for name in {*ran, "npm"}:
        file = Path(checkout.program(name))
        file.write_text(f"#!/bin/sh\necho {name} ran\nexit {int(name == 'ruff')}\n")
        file.chmod(0o755)
    frontend = Frontend(checkout.project, checkout.folder / "bin", Progress(None))
    (frontend.folder / "node_modules").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        (frontend.folder / name).touch()
    assert bootstrap.check(checkout, frontend) == 1
    assert capfd.readouterr().out.split("\n")[:-1] == [f"{name} ran" for name in ran]


@pytest.mark.parametrize("needed", [False, True])
def test_calls_are_answered_without_a_console_tests_are_not_run_without(
    checkout: Environment, capsys: pytest.CaptureFixture[str], needed: bool
) -> None:
    (checkout.project / "web").mkdir()
    for name in ("package.json", "package-lock.json"):
        (checkout.project / "web" / name).touch()
    frontend = Frontend(checkout.project, checkout.project / "nothing", Progress(None))
    tried = pytest.raises(SetupError) if needed else contextlib.nullcontext()
    with tried:
        bootstrap.make_console(frontend, Progress(sys.stderr), needed=needed)
    assert ("hotline runs without it" in capsys.readouterr().err) is not needed


def test_terminal_sees_one_line_that_changes() -> None:
    stream = io.StringIO()
    terminal = SimpleNamespace(write=stream.write, flush=stream.flush, isatty=lambda: True)
    with Progress(terminal).step("Fetching"):  # type: ignore[arg-type]
        pass
    assert stream.getvalue().startswith("\r\033[KFetching …\r\033[KFetching: done (")
    assert stream.getvalue().count("\n") == 1


def test_module_needs_no_package() -> None:
    """It runs before there is an environment, so without ``site-packages`` too."""
    run([sys.executable, "-S", "-c", "import ivr.bootstrap"], {"PYTHONPATH": os.fspath(PROJECT)})
