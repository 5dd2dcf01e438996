"""The console's own tests, and when its pages are made anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ivr.errors import SetupError
from ivr.frontend import Frontend
from ivr.progress import Progress
from ivr.settings import PROJECT


def test_what_the_console_reckons_is_right() -> None:
    node = Path(sys.executable).parent / "node"
    run = [node, "--test", *sorted((PROJECT / "web/tests").glob("*.test.ts"))]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout or "ℹ fail 0" in done.stdout


@pytest.fixture
def frontend(tmp_path: Path) -> Frontend:
    """A checkout whose ``npm`` and ``node`` only count how often they run."""
    for name in ("package.json", "package-lock.json", "src/main.ts"):
        file = tmp_path / "web" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    programs = tmp_path / "bin"
    programs.mkdir()
    made = Frontend(tmp_path, programs, Progress(None))
    program(made, "npm", "mkdir -p node_modules")
    program(made, "node", 'mkdir -p "$4" && echo page > "$4/index.html"')
    return made


def program(frontend: Frontend, name: str, script: str) -> None:
    file = frontend.folder.parent / "bin" / name
    file.write_text(f"#!/bin/sh\necho {name} >> {frontend.folder.parent}/runs\n{script}\n")
    file.chmod(0o755)


def runs(frontend: Frontend) -> list[str]:
    file = frontend.folder.parent / "runs"
    told = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return told


def test_pages_are_made_once(frontend: Frontend) -> None:
    assert not frontend.ready()
    frontend.ensure()
    assert runs(frontend) == ["npm", "node"]
    assert (frontend.pages / "index.html").read_text() == "page\n"
    assert frontend.ready()
    frontend.ensure()
    assert runs(frontend) == []


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("src/main.ts", ["node"]),
        ("src/new/part.vue", ["node"]),
        ("package-lock.json", ["npm", "node"]),
        ("tests/some.test.ts", []),
        ("src/api/schema.d.ts", []),
    ],
)
def test_what_changes_is_made_anew(frontend: Frontend, name: str, wanted: list[str]) -> None:
    frontend.ensure()
    runs(frontend)
    (frontend.folder / name).parent.mkdir(parents=True, exist_ok=True)
    (frontend.folder / name).write_text("changed")
    frontend.ensure()
    assert runs(frontend) == wanted


def test_sources_that_are_wrong_leave_the_pages_as_they_were(frontend: Frontend) -> None:
    frontend.ensure()
    (frontend.folder / "src/main.ts").write_text("wrong")
    program(frontend, "node", "echo 'main.ts: wrong'; exit 1")
    with pytest.raises(SetupError, match=r"main\.ts: wrong"):
        frontend.ensure()
    assert (frontend.pages / "index.html").read_text() == "page\n"
    assert not frontend.ready()


def test_packages_that_cannot_be_had_are_tried_again_the_next_time(frontend: Frontend) -> None:
    program(frontend, "npm", "echo 'npm error network'; exit 1")
    with pytest.raises(SetupError, match="npm error network"):
        frontend.ensure()
    program(frontend, "npm", "mkdir -p node_modules")
    frontend.ensure()
    assert frontend.ready()
