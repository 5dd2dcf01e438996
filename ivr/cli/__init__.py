"""``hotline …``: the one command line."""

from __future__ import annotations

from typing import Any

import click

from ivr import logs
from ivr.cli.calls import calls
from ivr.cli.demo import demo
from ivr.cli.doctor import doctor
from ivr.cli.parts import asterisk, controller, health
from ivr.cli.prompts import prompts
from ivr.cli.seats import seats
from ivr.cli.serve import serve
from ivr.cli.settings import settings_
from ivr.cli.users import users
from ivr.cli.watch import watch
from ivr.errors import HotlineError
from ivr.settings import load
from ticketing.domain.errors import TicketingError


class _Group(click.Group):
    """Errors raised on purpose are told in one line, without a traceback; exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (HotlineError, TicketingError) as problem:
            raise click.ClickException(str(problem)) from problem


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hotline12345", message="%(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """The 12345 hotline: run it, look at it, manage it."""
    ctx.obj = load()
    logs.configure("WARNING")


PARTS = (asterisk, controller, health)
for command in (serve, demo, doctor, watch, seats, calls, users, settings_, prompts, *PARTS):
    main.add_command(command)
