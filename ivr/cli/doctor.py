"""``hotline doctor``: what is there, what is missing, what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict

import click

from ivr.cli import checkup, hearing, network
from ivr.cli.checkup import Finding, Place, State
from ivr.cli.control import as_json, show
from ivr.settings import Settings

Check = Callable[[Place], Awaitable[Finding | list[Finding]]]
CHECKS: tuple[Check, ...] = (
    checkup.python,
    checkup.asterisk,
    checkup.redis_,
    checkup.database,
    checkup.sounds,
    hearing.speech,
    hearing.recordings,
    checkup.home,
    checkup.cache,
    checkup.clock,
    network.ports,
    network.exposure,
    network.encryption,
    checkup.first_login,
    checkup.running,
    checkup.seats,
    checkup.phones,
)
_MARKS = {State.GOOD: ("✓", "green"), State.WARNING: ("!", "yellow"), State.BROKEN: ("✗", "red")}


@click.command()
@as_json
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Say what is there, what is missing and what to do; exit code 1 if something is broken.

    Nothing is fetched or changed.
    """
    findings = asyncio.run(examine(settings))
    broken = any(finding.state is State.BROKEN for finding in findings)
    if as_json:
        show({"ok": not broken, "checks": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            click.echo(line(finding))
        click.echo(verdict(findings))
    if broken:
        raise SystemExit(1)


async def examine(settings: Settings) -> list[Finding]:
    """Make every check, all at once."""
    place = await checkup.survey(settings)
    found = await asyncio.gather(*(check(place) for check in CHECKS))
    return [one for each in found for one in ([each] if isinstance(each, Finding) else each)]


def line(finding: Finding) -> str:
    """A finding for people, with its cure below it."""
    mark, colour = _MARKS[finding.state]
    text = f"{click.style(mark, colour, bold=True)} {finding.check:<15} {finding.text}"
    return f"{text}\n  {'':<15} → {finding.cure}" if finding.cure else text


def verdict(findings: Sequence[Finding]) -> str:
    """The last line."""
    broken = sum(finding.state is State.BROKEN for finding in findings)
    warnings = sum(finding.state is State.WARNING for finding in findings)
    if broken:
        return f"\n{broken} broken, {warnings} to look at."
    return f"\nNothing is broken, {warnings} to look at." if warnings else "\nAll is well."
