"""``hotline transcripts``: what was said in calls, and the jobs that make it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

import click

from ivr.cli.control import as_json, ask, show
from ivr.settings import Settings
from ticketing.domain.roles import OPERATOR
from ticketing.domain.transcripts import Progress, Utterance
from ticketing.service.transcripts import Said, Transcripts
from ticketing.store.database import Database
from ticketing.store.recordings import Recording

_NAMES = {"citizen": "市民", "agent": "话务员"}
_UNDONE = (Progress.FAILED, Progress.NO_MODEL)


@click.group()
def transcripts() -> None:
    """What was said in calls: show, find, status, failed, retry."""


@transcripts.command("show")
@click.argument("call_id")
@click.option("--numbers", is_flag=True, help="With personal numbers.")
@as_json
@click.pass_obj
def show_(settings: Settings, call_id: str, numbers: bool, as_json: bool) -> None:
    """Print a call as a dialogue with times; it is noted in the audit log that it was read."""
    if as_json:
        show(asyncio.run(ask(settings, "GET", f"/api/v1/calls/{call_id}/transcript")))
        return
    for each in asyncio.run(_of_call(settings, call_id)):
        _print(each, numbers)


@transcripts.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@click.pass_obj
def find(settings: Settings, words: tuple[str, ...], limit: int) -> None:
    """Find the calls in which all WORDS were said, the latest first."""

    async def look() -> list[str]:
        async with _opened(settings) as use:
            page = await use.find(" ".join(words), limit=limit)
        return [f"{hit.call_id}  {_line(each)}" for hit in page.items for each in hit.said]

    lines = asyncio.run(look())
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo("No call was found.")


@transcripts.command()
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@as_json
@click.pass_obj
def failed(settings: Settings, limit: int, as_json: bool) -> None:
    """List recordings that did not become text: laid aside, or without a model."""

    async def look() -> tuple[list[Recording], dict[Progress, int]]:
        async with _opened(settings) as use:
            found: list[Recording] = []
            counts: dict[Progress, int] = {}
            for state in _UNDONE:
                items, _, counts = await use.jobs(state, limit=limit)
                found += items
        return found, counts

    found, counts = asyncio.run(look())
    if as_json:
        show(
            {
                "items": [asdict(one) for one in found],
                "counts": counts,
            }
        )
        return
    for one in found:
        at = one.ended_at.astimezone(settings.timezone)
        click.echo(f"{at:%Y-%m-%d %H:%M}  {one.state.value:<9} {one.name}  {one.why}")
    click.echo(", ".join(f"{state.value} {count}" for state, count in counts.items()))
    if found:
        click.echo("Have them done again: `hotline transcripts retry`")


@transcripts.command()
@click.argument("call_ids", nargs=-1)
@click.pass_obj
def retry(settings: Settings, call_ids: tuple[str, ...]) -> None:
    """Have calls heard again: those named, or all that `failed` lists."""

    async def again() -> int:
        async with _opened(settings) as use:
            if not call_ids:
                return await use.again_all(OPERATOR.username, _UNDONE)
            return sum([await use.again(OPERATOR, call_id) for call_id in call_ids])

    done = asyncio.run(again())
    click.echo(f"{done} recordings will be heard again; the running hotline takes them up soon.")


@transcripts.command()
@click.pass_obj
def status(settings: Settings) -> None:
    """Print how many recordings wait for a worker, and how many did not become text."""

    async def look() -> dict[Progress, int]:
        async with _opened(settings) as use:
            return (await use.jobs(Progress.FAILED, limit=1))[2]

    for state, count in asyncio.run(look()).items():
        click.echo(f"{state.value:<9} {count}")


def _print(each: Said, numbers: bool) -> None:
    one = each.recording
    click.echo(f"{one.name}  {one.state.value}{f'  {one.why}' if one.why else ''}")
    for what, at in (("sound", one.sound_gone_at), ("text", one.text_gone_at)):
        if at is not None:
            click.echo(f"  {what} deleted by policy on {at:%Y-%m-%d}")
    for said in each.transcript.said if each.transcript else ():
        click.echo(f"  {_line(said, numbers)}")


def _line(said: Utterance, numbers: bool = False) -> str:
    text = said.text if numbers else said.masked
    return f"{_clock(said.start)}  {_NAMES.get(said.speaker, said.speaker)}：{text}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{seconds % 60:04.1f}"


async def _of_call(settings: Settings, call_id: str) -> tuple[Said, ...]:
    async with _opened(settings) as use:
        return await use.of_call(OPERATOR, call_id)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Transcripts]:
    """The use cases on the hotline's database, whether it runs or not."""
    database = Database(settings.database_url)
    try:
        yield Transcripts(database, settings.recordings, lambda *_: None)
    finally:
        await database.close()
