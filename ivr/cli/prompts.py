"""``hotline prompts``: what the hotline says, and the sounds of it."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import Any

import click

from ivr import heardback
from ivr import prompts as catalogue
from ivr.asterisk_files import SOUNDS, own_prompts
from ivr.cli.control import as_json, show
from ivr.errors import PromptError, SetupError
from ivr.progress import Progress
from ivr.prompts import Language, P
from ivr.settings import PROJECT, Settings
from speech.catalogue import EngineKind
from speech.engines import batch_engine, choose
from speech.fitting import BadRecording
from speech.ports import SpeechError
from speech.store import Models

_DECIMALS = 2
_LANGUAGES = click.Choice([language.value for language in Language])
_sounds = click.option(
    "--sounds",
    type=click.Path(file_okay=False, path_type=Path),
    default=SOUNDS,
    help="The folder of sounds; the project's own by default.",
)


@click.group()
def prompts() -> None:
    """The prompts: list, check, render, replace by recordings of your own."""


@prompts.command("list")
@_sounds
@as_json
@click.pass_obj
def list_(settings: Settings, sounds: Path, as_json: bool) -> None:
    """List every prompt with its texts, the length of its sounds, and what was put in its place."""
    kept = own_prompts(settings).all()
    rows = [_row(prompt, sounds) for prompt in P]
    for row in rows:
        found = {language: kept.get((P(row["id"]), language)) for language in Language}
        row["own"] = {language.value: asdict(own) for language, own in found.items() if own}
    if as_json:
        show(rows)
        return
    for row in rows:
        click.echo(click.style(row["id"], bold=True))
        for language in Language:
            seconds = row["seconds"][language.value]
            length = "missing" if seconds is None else f"{seconds:.2f} s"
            click.echo(f"  {language.value}  {length:>8}  {row[language.value] or '(a tone)'}")
            if own := row["own"].get(language.value):
                click.echo(f"      {own['source']} by {own['who']}, {own['at']}: {own['licence']}")


@prompts.command()
@_sounds
@as_json
@click.pass_obj
def check(settings: Settings, sounds: Path, as_json: bool) -> None:
    """Check that every prompt, and your own recordings, are usable; exit code 1 if not."""
    problems = catalogue.check(sounds) + own_prompts(settings).problems()
    if as_json:
        show({"prompts": len(P), "problems": problems})
    else:
        for problem in problems:
            click.echo(problem)
        click.echo(f"{len(P)} prompts in {len(Language)} languages, {len(problems)} problems.")
    if problems:
        raise SystemExit(1)


@prompts.command()
def export() -> None:
    """Print the script of what is to be said, as JSON for speech.voice."""
    show(catalogue.script())


@prompts.command()
@_sounds
@click.option(
    "--language",
    type=click.Choice([each.value for each in Language]),
    multiple=True,
    help="Only this.",
)
@click.option("--again", is_flag=True, help="Render also what is there; replaces own recordings.")
@click.option(
    "--python",
    default=sys.executable,
    help="The Python of the environment that holds the voices; this one by default.",
)
def render(sounds: Path, language: tuple[str, ...], again: bool, python: str) -> None:
    """Render the prompts that are missing or have a new text.

    The voices are heavy and need Python 3.11; sounds/PROVENANCE.md tells how to make an
    environment for them, to be named with --python.
    """
    command = [python, "-m", "speech.voice", "render", "-", str(sounds.absolute())]
    command += [word for name in language for word in ("--language", name)]
    command += ["--again"] if again else []
    script = json.dumps(catalogue.script(), ensure_ascii=False)
    try:
        done = subprocess.run(
            command, input=script, text=True, stderr=subprocess.PIPE, cwd=PROJECT, check=False
        )
    except OSError as error:
        raise SetupError(f"{python} cannot be started: {error.strerror}") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        if "ModuleNotFoundError" in last:
            raise SetupError(
                f"{python} lacks the voices ({last.partition(': ')[2]}). Make an environment for "
                "them: `python3.11 -m venv voices && voices/bin/pip install --upgrade pip && "
                "voices/bin/pip install --group voice`, then add `--python voices/bin/python`"
            )
        raise PromptError(f"the prompts could not be rendered: {last}")
    click.echo("All prompts are rendered.")


@prompts.command()
@click.argument("prompt", type=click.Choice([each.value for each in P]))
@click.argument("language", type=_LANGUAGES)
@click.argument("recording", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--licence", required=True, help="Who spoke it, and on what terms it may be used.")
@click.pass_obj
def replace(settings: Settings, prompt: str, language: str, recording: Path, licence: str) -> None:
    """Put RECORDING in the place of a prompt; the next call hears it.

    It is trimmed, levelled and resampled as the telephone needs it, and kept in HOTLINE_HOME. Any
    WAV will do, other formats when ffmpeg is installed.
    """
    try:
        own = own_prompts(settings).replace(
            P(prompt),
            Language(language),
            recording.read_bytes(),
            who="operator",
            at=datetime.now(UTC),
            source=recording.name,
            licence=licence,
        )
    except BadRecording as problem:
        raise PromptError(f"{recording.name}: {problem}") from None
    click.echo(f"{own.id} ({own.language}) is now {recording.name}; it should say: {own.text}")


@prompts.command()
@click.argument("prompt", type=click.Choice([each.value for each in P]))
@click.argument("language", type=_LANGUAGES)
@click.pass_obj
def restore(settings: Settings, prompt: str, language: str) -> None:
    """Have the hotline's own sound of a prompt again; the next call hears it."""
    if own_prompts(settings).restore(P(prompt), Language(language)):
        click.echo(f"{prompt} ({language}) is the hotline's own again.")
    else:
        click.echo(f"{prompt} ({language}) was not replaced.")


@prompts.command()
@_sounds
@click.option("--again", is_flag=True, help="Hear also what was heard before.")
@as_json
@click.pass_obj
def listen(settings: Settings, sounds: Path, again: bool, as_json: bool) -> None:
    """Have a recogniser hear the prompts through the telephone; exit code 1 if one is unclear.

    Only sounds that are new or changed are heard; what was heard is kept beside the sounds. Needed:
    the model whisper-base (`hotline models fetch whisper-base`), and the extra "whisper".
    """
    try:
        folders = {
            language.value: choose(
                Models(settings.cache), language.value, kinds=(EngineKind.WHISPER,)
            ).folder
            for language in Language
        }
        with Progress(sys.stderr).step("Listening") as report:
            table = heardback.hear(
                sounds,
                batch_engine(EngineKind.WHISPER, folders),
                again=again,
                told=lambda done, every: report(f"{done} of {every}"),
            )
    except (SpeechError, ModuleNotFoundError) as problem:
        raise SetupError(f"the prompts cannot be heard: {problem}") from problem
    whole = {each.value for each in P}  # else it is a sentence joined of several
    unclear = [
        each for each in table.values() if each.error > heardback.GOOD[Language(each.language)]
    ]
    if as_json:
        show({"heard": len(table), "unclear": [asdict(each) for each in unclear]})
    else:
        for language in Language:
            errors = [each.error for each in table.values() if each.language == language.value]
            click.echo(
                f"{language.value}: {len(errors)} heard, {mean(errors):.1%} wrong on average"
            )
        for each in unclear:
            click.echo(f"{each.language} {each.id}: {each.error:.0%} wrong: {each.text}")
    if any(each.id in whole for each in unclear):
        raise SystemExit(1)


def _row(prompt: P, sounds: Path) -> dict[str, Any]:
    texts = {language.value: catalogue.CATALOGUE[prompt].text(language) for language in Language}
    seconds = {
        language.value: length(sounds / language / f"{catalogue.sound(prompt)}.wav")
        for language in Language
    }
    return {"id": prompt.value, **texts, "seconds": seconds}


def length(file: Path) -> float | None:
    """How many seconds a WAV file lasts; None when it cannot be read."""
    try:
        with wave.open(str(file)) as wav:
            seconds: float = wav.getnframes() / wav.getframerate()
            return round(seconds, _DECIMALS)
    except (OSError, EOFError, wave.Error):
        return None
