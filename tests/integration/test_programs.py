"""The programs of the toolbox really run on this machine, as whoever runs the tests."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr import settings, toolbox
from ivr.progress import Progress

PROGRESS = Progress(sys.stderr)


@pytest.fixture
def cache() -> Path:
    return settings.load().cache


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users reach too, which pytest's own is not."""
    with tempfile.TemporaryDirectory(prefix="hotline-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def run(*argv: str | Path) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, cwd="/")
    return done.stdout + done.stderr


def test_asterisk_runs_and_has_its_modules(cache: Path) -> None:
    asterisk = toolbox.asterisk(cache, progress=PROGRESS)
    assert asterisk.version in run(*asterisk.argv, "-V")
    for module in ("app_queue.so", "res_pjsip.so", "res_agi.so", "cel_custom.so"):
        assert (asterisk.modules / module).is_file()
    assert asterisk.data.is_dir()


@pytest.mark.parametrize(("name", "option"), [("sipp", "-v"), ("baresip", "-h")])
def test_phones_run(cache: Path, name: str, option: str) -> None:
    phone = toolbox.program(name, cache, PROGRESS)
    assert phone.version in run(*phone.argv, option)


def test_redis_runs(cache: Path) -> None:
    redis = toolbox.redis_server(cache, PROGRESS)
    assert redis.version in run(*redis.argv, "--version")


def test_postgres_serves_a_query(cache: Path, open_folder: Path) -> None:
    postgres = toolbox.postgres(cache, PROGRESS)
    data = open_folder / "data"
    data.mkdir(mode=0o700)
    postgres.give(data)
    made = run(*postgres.argv("initdb", "-D", data, "-A", "trust", "-U", "hotline", "--no-sync"))
    assert "Success" in made
    # Without a server: the same programs and libraries, and nothing to stop afterwards.
    query = f"echo \"select '市民' || 12345\" | {' '.join(postgres.argv('postgres'))}"
    assert "市民12345" in run("sh", "-c", f"{query} --single -D {data} postgres")
