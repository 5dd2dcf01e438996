"""Commands of other programs, run without a shell; what they say on failure becomes our error."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ivr.errors import SetupError

_TELLING = ("E: ", "ERROR", "WARNING: Retrying")  # how apt and pip begin what matters


def run(argv: Sequence[str], env: Mapping[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed.

    Raises:
        SetupError: it cannot be started or fails; holds the last it said.
    """
    try:
        done = subprocess.run(
            argv, env=_environment(env), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError as error:
        raise SetupError(f"{argv[0]} cannot be started: {error.strerror}") from error
    if done.returncode:
        raise _failed(argv, (done.stdout + done.stderr).decode(errors="replace").splitlines())
    return done.stdout.decode(errors="replace")


def lines(
    argv: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[str]:
    """Run a command and yield each line it prints, warnings included; raises as ``run``."""
    said: deque[str] = deque(maxlen=50)
    try:
        process = subprocess.Popen(
            argv,
            env=_environment(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise SetupError(f"{argv[0]} cannot be started: {error.strerror}") from error
    with process:
        for line in process.stdout or ():
            said.append(line)
            yield line.rstrip("\n")
    if process.returncode:
        raise _failed(argv, said)


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", **(extra or {})}


def _failed(argv: Sequence[str], said: Iterable[str]) -> SetupError:
    spoken = [line.strip() for line in said if line.strip() and not line.startswith("dlstatus:")]
    told = [line for line in spoken if line.startswith(_TELLING)] or spoken
    return SetupError(f"`{' '.join(argv[:4])} …` failed:\n  " + "\n  ".join(told[-8:]))
