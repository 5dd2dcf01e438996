"""From a fresh checkout to a running hotline: ``python3 -m ivr.bootstrap COMMAND``.

Standard library only, run by the system's Python: makes the environment, fetches the programs
that are missing, then becomes the command asked for. The second time it finds all in place.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from ivr import toolbox
from ivr.environment import OLDEST_PYTHON, Environment, suitable_python
from ivr.errors import HotlineError, SetupError
from ivr.frontend import Frontend
from ivr.progress import Progress
from ivr.settings import PROJECT, default_cache, read_dotenv

_COMMANDS = {
    "run": "start the hotline",
    "demo": "start it with simulated citizens and agents",
    "test": "run all tests",
    "check": "run the linter, the type checker and the import rule",
    "bench": "measure the reception against a plain dialplan",
    "prepare": "only set up; with --tests also what tests need",
}

_ALL_TESTS = (
    *("--dist", "loadfile", "--no-loadscope-reorder"),
    *("--tx", "3*popen", "--tx", "2*popen//nice=19"),
)
"""Three files of whole calls at a time, which mostly wait, and the rest meanwhile by two; see
``tests/conftest.py``. Each file of calls has a hotline of its own."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status, 2 when the set-up fails."""
    args = _parser().parse_args(argv)
    if sys.version_info < OLDEST_PYTHON:
        return _with_newer_python()
    progress = Progress(sys.stderr)
    try:
        return _run(args.command, args.rest, progress)
    except HotlineError as error:
        progress.say(f"\n{error}")
        return 2
    except KeyboardInterrupt:
        progress.say("\nStopped. Run the same command again to go on.")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m ivr.bootstrap",
        description="Set up this checkout, then run a command in it.",
        epilog="\n".join(f"{name:8} {meaning}" for name, meaning in _COMMANDS.items())
        + "\n\nWhat follows the command is passed on to it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=_COMMANDS, metavar="COMMAND")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="…", help="passed on")
    return parser


def _with_newer_python() -> int:
    newer = suitable_python()
    if newer is not None:
        _become([newer, "-m", "ivr.bootstrap", *sys.argv[1:]])
    sys.stderr.write(
        "The hotline needs Python 3.11 or newer; this is "
        f"{sys.version_info[0]}.{sys.version_info[1]} and PATH has no newer one. "
        "Install one (on Debian or Ubuntu: apt-get install python3.12), then try again.\n"
    )
    return 2


def _become(argv: list[str]) -> NoReturn:
    sys.stderr.flush()
    try:
        os.execv(argv[0], argv)  # noqa: S606
    except OSError as error:
        raise SetupError(f"{argv[0]} cannot be started: {error.strerror}") from error


def _run(command: str, rest: list[str], progress: Progress) -> int:
    values = {**read_dotenv(Path(".env")), **{k: v for k, v in os.environ.items() if v}}
    cache = Path(values.get("HOTLINE_CACHE") or default_cache(values)).expanduser().absolute()
    environment = Environment(PROJECT, cache, progress)
    tests = command in {"test", "bench"} or (command == "prepare" and "--tests" in rest)
    environment.ensure(dev=tests or command == "check")
    frontend = Frontend(PROJECT, environment.folder / "bin", progress)
    if command == "check":
        return check(environment, frontend)
    fetch(environment, values, phones=tests or command == "demo", tests=tests)
    make_console(frontend, progress, needed=tests)
    if command == "prepare":
        return 0
    then = {
        "run": [environment.program("hotline"), "serve", *rest],
        "demo": [environment.program("hotline"), "demo", *rest],
        "test": [environment.program("pytest"), *(rest or _ALL_TESTS)],
        "bench": [environment.program("python"), "-m", "bench", *rest],
    }
    _become(then[command])


def fetch(
    environment: Environment, values: Mapping[str, str], *, phones: bool, tests: bool
) -> None:
    """Fetch the programs that this machine lacks, in one go.

    Args:
        values: settings as they stand in the environment and in ``.env``.
        phones: also the SIP phones of demo and tests.
        tests: also a browser, a PostgreSQL server and, whatever the settings, a Redis server.
    """
    given = values.get("HOTLINE_ASTERISK")
    own_redis = tests or not values.get("HOTLINE_REDIS_URL")
    wanted = [
        (
            toolbox.ASTERISK,
            not toolbox.installed_asterisk(Path(given).expanduser() if given else None),
        ),
        (toolbox.PHONES, phones),
        (toolbox.POSTGRES, tests and not toolbox.installed_postgres()),
        (toolbox.BROWSER, tests and not toolbox.installed_browser()),
        (toolbox.REDIS, own_redis and not toolbox.installed_redis(environment.packages)),
    ]
    groups = [group for group, needed in wanted if needed]
    toolbox.prepare(environment.cache, groups, environment.progress)


def make_console(frontend: Frontend, progress: Progress, *, needed: bool) -> None:
    """Make the console's pages. The hotline answers calls without them too, unless ``needed``.

    Raises:
        SetupError: they are needed and cannot be made.
    """
    try:
        frontend.ensure()
    except SetupError as error:
        if needed:
            raise
        progress.say(
            f"\n{error}\nThe console could not be made; the hotline runs without it. Mend the "
            "network if it is at fault (npm's own settings apply), then run this again.\n"
        )


def check(environment: Environment, frontend: Frontend) -> int:
    """Run every static check, also after one has failed; returns 1 when one has."""
    frontend.packages()
    modules = frontend.folder / "node_modules"
    types = ("src/api/schema.d.ts", "openapi.json")
    checks = (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("pytest", "-q", "tests/unit/test_imports.py"),
        ("python", "-c", f"from ivr.api.openapi import write; write('web/{types[1]}')"),
        ("node", str(modules / "openapi-typescript/bin/cli.js"), types[1], "--output", types[0]),
        ("node", str(modules / "vue-tsc/bin/vue-tsc.js"), "--noEmit"),
    )
    failed = []
    for name, *args in checks:
        shown = " ".join((name, *(arg.replace(f"{PROJECT}/", "") for arg in args)))
        environment.progress.say(f"→ {shown}")
        folder = frontend.folder if name == "node" else PROJECT
        done = subprocess.run([environment.program(name), *args], cwd=folder, check=False)
        if done.returncode:
            failed.append(shown)
    if failed:
        environment.progress.say(f"These checks failed, see above: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
