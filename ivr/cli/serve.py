"""``hotline serve``: start everything and keep it running."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine

import click

from ivr import logs, prompts, toolbox
from ivr.asterisk_files import SOUNDS
from ivr.prepare import FIRST_SEATS, first_login, prepare
from ivr.progress import Progress
from ivr.settings import Settings, is_loopback
from ivr.supervisor import Supervisor

_ALL_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - only compared
Meanwhile = Callable[[], Coroutine[None, None, None]]


@click.command()
@click.pass_obj
def serve(settings: Settings) -> None:
    """Start the hotline; Ctrl-C stops it."""
    logs.configure(settings.log_level)
    asyncio.run(run(settings))


async def run(settings: Settings, meanwhile: Meanwhile | None = None) -> None:
    """Start, tell how to call, and run until SIGINT or SIGTERM.

    Args:
        meanwhile: goes on while the hotline is up. It is cancelled before the hotline stops, and
            when it ends the hotline stops too; its error is raised then.
    """
    prompts.require(SOUNDS)
    progress = Progress(sys.stderr)
    program = toolbox.asterisk(settings.cache, given=settings.asterisk, progress=progress)
    supervisor = Supervisor(settings, program, await prepare(settings))
    beside: asyncio.Task[None] | None = None

    def up() -> None:
        nonlocal beside
        click.echo(welcome(settings))
        if meanwhile is not None:
            beside = asyncio.create_task(meanwhile())
            beside.add_done_callback(lambda _: supervisor.stop())

    def leave() -> None:
        if beside is None:
            supervisor.stop()
        else:
            beside.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leave)
    await supervisor.run(up)
    if beside is not None:
        with contextlib.suppress(asyncio.CancelledError):
            await beside


def _how_to_call(settings: Settings) -> str:
    """With the trunk on loopback: from this machine's loopback address, and from seats."""
    host = _ALL_ADDRESSES.get(settings.sip_host, settings.sip_host)
    address = f"sip:12345@{f'[{host}]' if ':' in host else host}:{settings.sip_port}"
    if is_loopback(host):
        return f"{address} from any SIP phone here"
    return f"{address} from a seat's phone only; set HOTLINE_TRUNK to who brings the calls"


def welcome(settings: Settings) -> str:
    """What a person needs to know once it is up."""
    file = first_login(settings)
    password = f"password in {file}" if file.exists() else "your password"
    lines = [
        ("Console and API", f"http://{settings.http_host}:{settings.http_port}"),
        ("Log in as", f"admin ({password})"),
        ("Seats", f"{FIRST_SEATS[0]}–{FIRST_SEATS[-1]}: `hotline seats show {FIRST_SEATS[0]}`"),
    ]
    if settings.trunk == "loopback":
        lines.append(("Call it", _how_to_call(settings)))
    else:
        lines.append(("Calls come from", settings.trunk.split(":")[0]))
    lines.append(("Watch it", "`hotline watch`"))
    lines.append(("Stop it", "Ctrl-C"))
    body = "\n".join(f"  {name:<16} {value}" for name, value in lines)
    return f"\nThe 12345 hotline is up.\n{body}\n"
