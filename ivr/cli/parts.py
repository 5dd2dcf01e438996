"""``hotline asterisk``, ``controller`` and ``worker``: the parts one by one, for containers.

On one machine `hotline serve` runs and watches both; where something else watches them
(docker-compose, systemd), each is a command of its own. They share HOTLINE_HOME, but for workers
that are given HOTLINE_CONTROLLER_URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

import click
import redis
from redis.exceptions import RedisError

from ivr import certificates, prompts, start, toolbox
from ivr.asterisk import Asterisk
from ivr.asterisk_files import SOUNDS, AsteriskFiles
from ivr.cli.control import ask
from ivr.errors import SetupError
from ivr.prepare import prepare
from ivr.progress import Progress
from ivr.settings import Settings
from ivr.supervisor import with_redis
from ivr.wiring import Wiring
from speech.wire import Keys

_PARTS = ("all", "asterisk", "captioner", "worker")


@click.command()
@click.pass_obj
def asterisk(settings: Settings) -> None:
    """Become this hotline's Asterisk (for containers; else use `serve`)."""
    prompts.require(SOUNDS)
    program = toolbox.asterisk(
        settings.cache, given=settings.asterisk, progress=Progress(sys.stderr)
    )
    seats = asyncio.run(prepare(settings))
    files = AsteriskFiles(settings)
    certificates.ensure(files)
    files.render(program, Wiring.load(settings), seats)
    part = Asterisk(files, program)
    os.execve(part.command[0], part.command, part.environment())  # noqa: S606


@click.command()
def controller() -> None:
    """Become this hotline's controller (for containers; else use `serve`)."""
    prompts.require(SOUNDS)
    os.execv(sys.executable, start.command("ivr.app"))  # noqa: S606


@click.command()
def captioner() -> None:
    """Become this hotline's worker of live captions (for containers; else use `serve`)."""
    os.execv(sys.executable, start.command("ivr.captioner"))  # noqa: S606


@click.command()
def worker() -> None:
    """Become a worker: turns calls that are over into text; as many as you like, anywhere."""
    os.execv(sys.executable, start.command("ivr.worker"))  # noqa: S606


@click.command()
@click.argument("part", type=click.Choice(_PARTS), default="all")
@click.pass_obj
def health(settings: Settings, part: str) -> None:
    """Exit 0 when the hotline (or one part of it) is well, for container health checks."""
    if part == "asterisk":
        program = toolbox.asterisk(settings.cache, given=settings.asterisk, progress=Progress(None))
        asyncio.run(Asterisk(AsteriskFiles(settings), program).ready(timeout=4))
    elif part == "captioner":
        captioner_health(settings)
    elif part == "worker":
        from ivr.worker import alive  # it brings the engines' libraries along

        if not alive(with_redis(settings)):
            raise SetupError("no worker of this machine has given a sign of life")
    else:
        asyncio.run(ask(settings, "GET", "/healthz"))


def captioner_health(settings: Settings) -> None:
    """Raises ``SetupError`` unless the worker of live captions has given a sign of life."""
    redis_url = with_redis(settings).redis_url or ""
    with contextlib.closing(redis.Redis.from_url(redis_url, socket_timeout=2)) as store:
        try:
            alive = store.exists(Keys(settings.node).of("worker"))
        except (RedisError, OSError) as problem:
            raise SetupError(f"Redis: {type(problem).__name__}") from problem
    if not alive:
        raise SetupError("the worker of live captions does not answer")
