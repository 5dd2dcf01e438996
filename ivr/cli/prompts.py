"""``hotline prompts``: what the hotline says, and the sounds of it."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import click

from ivr import prompts as catalogue
from ivr.asterisk_files import SOUNDS
from ivr.cli.control import as_json, show
from ivr.errors import PromptError, SetupError
from ivr.prompts import Language, P
from ivr.settings import PROJECT

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
    """The prompts: list, check, render."""


@prompts.command("list")
@_sounds
@as_json
def list_(sounds: Path, as_json: bool) -> None:
    """List every prompt with its texts and the length of its sounds."""
    rows = [_row(prompt, sounds) for prompt in P]
    if as_json:
        show(rows)
        return
    for row in rows:
        click.echo(click.style(row["id"], bold=True))
        for language in Language:
            seconds = row["seconds"][language.value]
            length = "missing" if seconds is None else f"{seconds:.2f} s"
            click.echo(f"  {language.value}  {length:>8}  {row[language.value] or '(a tone)'}")


@prompts.command()
@_sounds
@as_json
def check(sounds: Path, as_json: bool) -> None:
    """Check that every prompt is there and usable in both languages; exit code 1 if not."""
    problems = catalogue.check(sounds)
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
