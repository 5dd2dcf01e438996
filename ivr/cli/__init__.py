"""``hotline …``: the one command line. A command's module is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from ivr import logs
from ivr.errors import HotlineError
from ivr.settings import load
from ivr.start import resting
from ticketing.domain.errors import TicketingError

COMMANDS = {
    "serve": "ivr.cli.serve:serve",
    "demo": "ivr.cli.demo:demo",
    "doctor": "ivr.cli.doctor:doctor",
    "watch": "ivr.cli.watch:watch",
    "seats": "ivr.cli.seats:seats",
    "bans": "ivr.cli.bans:bans",
    "probes": "ivr.cli.probes:probes",
    "calls": "ivr.cli.calls:calls",
    "transcripts": "ivr.cli.transcripts:transcripts",
    "skills": "ivr.cli.skills:skills",
    "lines": "ivr.cli.lines:lines",
    "users": "ivr.cli.users:users",
    "audit": "ivr.cli.audit:audit",
    "settings": "ivr.cli.settings:settings_",
    "prompts": "ivr.cli.prompts:prompts",
    "models": "ivr.cli.models:models",
    "assist": "ivr.cli.assist:assist",
    "policy": "ivr.cli.policy:policy",
    "deadline": "ivr.cli.deadline:deadline",
    "demo-data": "ivr.cli.demo_data:demo_data",
    "asterisk": "ivr.cli.parts:asterisk",
    "controller": "ivr.cli.parts:controller",
    "worker": "ivr.cli.parts:worker",
    "captioner": "ivr.cli.parts:captioner",
    "health": "ivr.cli.parts:health",
}


class _Group(click.Group):
    """Errors raised on purpose are told in one line, without a traceback; exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        with resting():
            command: click.Command = getattr(import_module(module), name)
        return command

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
