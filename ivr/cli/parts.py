"""``hotline asterisk`` and ``hotline controller``: the parts one by one, for containers.

On one machine `hotline serve` runs and watches both; where something else watches them
(docker-compose, systemd), each is a command of its own. They share HOTLINE_HOME.
"""

from __future__ import annotations

import asyncio
import os
import sys

import click

from ivr import certificates, prompts, toolbox
from ivr.asterisk import Asterisk
from ivr.asterisk_files import SOUNDS, AsteriskFiles
from ivr.cli.control import ask
from ivr.prepare import prepare
from ivr.progress import Progress
from ivr.settings import Settings
from ivr.wiring import Wiring


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
    certificates.ensure(files.certificate, files.private_key, settings.sip_host)
    files.render(program, Wiring.load(settings), seats)
    part = Asterisk(files, program)
    os.execve(part.command[0], part.command, part.environment())  # noqa: S606


@click.command()
def controller() -> None:
    """Become this hotline's controller (for containers; else use `serve`)."""
    os.execv(sys.executable, [sys.executable, "-m", "ivr.app"])  # noqa: S606


@click.command()
@click.argument("part", type=click.Choice(["all", "asterisk"]), default="all")
@click.pass_obj
def health(settings: Settings, part: str) -> None:
    """Exit 0 when the hotline (or only its Asterisk) is well, for container health checks."""
    if part == "asterisk":
        program = toolbox.asterisk(settings.cache, given=settings.asterisk, progress=Progress(None))
        asyncio.run(Asterisk(AsteriskFiles(settings), program).ready(timeout=4))
    else:
        asyncio.run(ask(settings, "GET", "/healthz"))
