"""``hotline models``: what turns speech into text; list, fetch, carry in, check."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ivr.cli.control import as_json, show
from ivr.errors import SetupError
from ivr.prompts import Language
from ivr.settings import Settings
from speech import catalogue, store
from speech.catalogue import EngineKind, Model
from speech.engines import NOT_BY_ITSELF, choose
from speech.ports import NoModel, SpeechError
from speech.store import Models

_MEGABYTE = 1_000_000
_USES = (
    ("live", "HOTLINE_LIVE_MODELS", (EngineKind.VOSK,)),
    ("text", "HOTLINE_TEXT_MODELS", (EngineKind.WHISPER, EngineKind.VOSK)),
)


@click.group()
def models() -> None:
    """Models of speech: list, fetch, import, check, remove."""


@models.command("list")
@as_json
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """List the models there are, which of them are here, and which each language uses."""
    kept = Models(settings.cache)
    rows = [_row(model, kept) for model in catalogue.CATALOGUE]
    named = {row["name"] for row in rows}
    rows += [_foreign(each) for each in kept.installed() if each.name not in named]
    uses = list(_in_use(settings))
    if as_json:
        show({"models": rows, "uses": uses})
        return
    for row in rows:
        here = click.style("here", fg="green") if row["here"] else "    "
        languages = ",".join(row["languages"])
        click.echo(
            f"{here}  {row['name']:<26} {row['engine']:<8} {languages:<6} "
            f"{row['megabytes']:>5} MB  {row['licence']:<11} {row['source']}"
        )
        if row["note"]:
            click.echo(f"      {row['note']}")
    click.echo("")
    for use in uses:
        click.echo(f"{use['use']:<5} {use['language']}  {use['model'] or use['problem']}")


@models.command()
@click.argument("name")
@click.option("--sha256", default="", help="What the maker's archive must have.")
@click.option("--trust", is_flag=True, help="Take it though no SHA-256 of it is known.")
@click.pass_obj
def fetch(settings: Settings, name: str, sha256: str, trust: bool) -> None:
    """Fetch a model of the catalogue into the cache."""
    model = catalogue.find(name)
    if model is None:
        raise SetupError(f"{name}: no such model; see `hotline models list`")
    click.echo(f"{name}: {model.megabytes} MB, licence {model.licence}", err=True)
    with _told():
        here = Models(settings.cache).fetch(
            model, digest=sha256.lower(), trust=trust, progress=_progress()
        )
    click.echo(f"{name} is here: {here.source}")
    _hint(name)


@models.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--name", default="", help="Its name; by default that of the file or folder.")
@click.option(
    "--language", "languages", multiple=True, type=click.Choice([each.value for each in Language])
)
@click.option("--engine", type=click.Choice([each.value for each in EngineKind]))
@click.option("--licence", default="")
@click.option("--sha256", default="", help="What the file must have.")
@click.pass_obj
def import_(
    settings: Settings,
    path: Path,
    name: str,
    languages: tuple[str, ...],
    engine: str | None,
    licence: str,
    sha256: str,
) -> None:
    """Carry in a model: a ZIP or a folder, for networks with no way out."""
    name = name or (path.name if path.is_dir() else path.name.removesuffix(".zip"))
    if not store.good_name(name):
        raise SetupError(f"--name {name!r}: letters, digits, dots and dashes, please")
    known = catalogue.find(name)
    if known is None and not (languages and engine):
        raise SetupError(f"{name} is not in the catalogue: say its --language and its --engine")
    model = Model(
        name=name,
        engine=EngineKind(engine) if engine else known.engine if known else EngineKind.VOSK,
        languages=languages or (known.languages if known else ()),
        megabytes=0,
        licence=licence or (known.licence if known else "not stated"),
        sources=known.sources if known else (),
    )
    kept = Models(settings.cache)
    if kept.get(name) is not None:
        raise SetupError(f"{name} is here already; `hotline models remove {name}` first")
    with _told():
        here = kept.take(path, model, digest=sha256.lower())
    click.echo(f"{name} is here: {here.source}")
    _hint(name)


@models.command()
@click.argument("names", nargs=-1)
@as_json
@click.pass_obj
def check(settings: Settings, names: tuple[str, ...], as_json: bool) -> None:
    """Check the models that are here: every file, and that its engine loads it.

    Exit code 1 when one is not well.
    """
    kept = Models(settings.cache)
    wrong = {name: kept.check(name) for name in names or [model.name for model in kept.installed()]}
    if as_json:
        show(wrong)
    elif not wrong:
        click.echo("No models are here; see `hotline models list`.")
    else:
        for name, problems in wrong.items():
            click.echo(f"{name}: {'; '.join(problems) or 'well'}")
    if any(wrong.values()):
        raise SystemExit(1)


@models.command()
@click.argument("name")
@click.pass_obj
def remove(settings: Settings, name: str) -> None:
    """Remove a model from the cache."""
    Models(settings.cache).remove(name)
    click.echo(f"{name} is removed.")


def _row(model: Model, kept: Models) -> dict[str, Any]:
    return {
        "name": model.name,
        "engine": model.engine.value,
        "languages": list(model.languages),
        "megabytes": model.megabytes,
        "licence": model.licence,
        "source": model.source_kind,
        "here": kept.get(model.name) is not None,
        "note": model.note,
    }


def _foreign(model: store.Installed) -> dict[str, Any]:
    return {
        "name": model.name,
        "engine": model.engine.value,
        "languages": list(model.languages),
        "megabytes": model.bytes // _MEGABYTE,
        "licence": model.licence,
        "source": "by hand",
        "here": True,
        "note": "",
    }


def _in_use(settings: Settings) -> Iterator[dict[str, str]]:
    kept = Models(settings.cache)
    wanted = {"live": settings.live_models, "text": settings.text_models}
    for use, _, kinds in _USES:
        for language in Language:
            row = {"use": use, "language": language.value, "model": "", "problem": ""}
            try:
                named = wanted[use].get(language.value, "")
                row["model"] = choose(kept, language.value, named=named, kinds=kinds).name
            except NoModel as problem:
                row["problem"] = str(problem)
            yield row


def _hint(name: str) -> None:
    if name in NOT_BY_ITSELF:
        uses = " or ".join(setting for _, setting, _ in _USES)
        click.echo(f"It is used only where {uses} names it.")
    else:
        click.echo("A running hotline takes it up at its next start.")


def _progress() -> Callable[[int, int], None]:
    """Tells how far it is, on one line of a terminal; says nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda _so_far, _total: None

    def tell(so_far: int, total: int) -> None:
        whole = f" of {total / _MEGABYTE:.0f}" if total else ""
        click.echo(f"\r{so_far / _MEGABYTE:6.1f}{whole} MB", err=True, nl=so_far == total)

    return tell


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except SpeechError as problem:
        raise SetupError(str(problem)) from problem
