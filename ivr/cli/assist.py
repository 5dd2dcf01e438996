"""``hotline assist``: the models that propose type, category, district and unit to agents."""

from __future__ import annotations

import asyncio
import csv
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from ivr.cli.control import as_json, show
from ivr.errors import HotlineError
from ivr.progress import Progress, Report
from ivr.settings import Settings
from ticketing.assist.evaluation import Change, Evaluation, Split
from ticketing.assist.model import Model, ModelError, Shelf
from ticketing.assist.training import Told
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.service.training import Training
from ticketing.service.worlds import SqlWorlds
from ticketing.store.database import Database

_SHOWN = 10


class NoModel(HotlineError):
    """There is no model, or none can be made; the text says what to do."""

    id = "no_model"


@click.group()
def assist() -> None:
    """What helps agents: train it, evaluate it, choose a model."""


@assist.command()
@as_json
@click.pass_obj
def train(settings: Settings, as_json: bool) -> None:
    """Learn from all decided orders and put the model in use.

    A running hotline takes it up by itself. Numbers and names of citizens are not learned; a word
    is only when five different citizens have said it.
    """
    try:
        model = asyncio.run(_train(settings))
    except ValueError as problem:
        raise NoModel(str(problem)) from None
    if as_json:
        show(_card(model))
        return
    origin = model.origin
    click.echo(
        f"Model {origin.version}: {origin.orders} orders up to {_day(settings, origin.until)}, "
        f"{len(model.vocabulary.words)} words, "
        + ", ".join(f"{len(head.labels)} of {kind.value}" for kind, head in model.heads.items())
    )


@assist.command()
@click.option(
    "--split",
    type=click.Choice([each.value for each in Split]),
    multiple=True,
    help="How the orders are parted; all three ways by default.",
)
@click.option("--orders", default=20_000, show_default=True, type=click.IntRange(10, 200_000))
@click.option("--share", default=0.2, show_default=True, type=click.FloatRange(0.05, 0.5))
@click.option(
    "--changes",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every order that would be judged otherwise, the first way, into this CSV file.",
)
@as_json
@click.pass_obj
def evaluate(
    settings: Settings,
    split: tuple[str, ...],
    orders: int,
    share: float,
    changes: Path | None,
    as_json: bool,
) -> None:
    """Tell how good a model is that has not seen a part of the newest orders.

    By time: learned from the past, asked about what came later. At random: flattering. By wording:
    groups of orders worded alike are kept back whole. Beside each share stands what always
    proposing the commonest would give.
    """
    wanted = [Split(each) for each in split] or list(Split)
    try:
        found = asyncio.run(_evaluate(settings, wanted, orders, share))
    except ValueError as problem:
        raise NoModel(str(problem)) from None
    if changes is not None:
        _write_changes(changes, found[0].changes)
    if as_json:
        show([_plain(each) for each in found])
        return
    for each in found:
        _tell(each)


@assist.command("list")
@as_json
@click.pass_obj
def list_(settings: Settings, as_json: bool) -> None:
    """List the models kept; the one in use has a star."""
    shelf = _shelf(settings)
    current = shelf.current()
    rows = []
    for version in shelf.versions():
        try:
            model = shelf.load(version)
        except ModelError as problem:
            rows.append({"version": version, "current": False, "problem": str(problem)})
            continue
        if model is not None:
            rows.append({**_card(model), "current": version == current})
    if as_json:
        show(rows)
        return
    if not rows:
        click.echo("No model yet: run `hotline assist train`.")
    for row in rows:
        star = "*" if row["current"] else " "
        told = row.get("problem") or f"{row['orders']} orders up to {row['until']:%Y-%m-%d}"
        click.echo(f"{star} {row['version']}  {told}")


@assist.command()
@click.argument("version")
@click.pass_obj
def use(settings: Settings, version: str) -> None:
    """Put a kept model in use again, as of the next question."""
    try:
        _shelf(settings).use(version)
    except ModelError as problem:
        raise NoModel(str(problem)) from None
    click.echo(f"{version} is in use.")


def _shelf(settings: Settings) -> Shelf:
    return Shelf(settings.home / "assist")


async def _train(settings: Settings) -> Model:
    database = Database(settings.database_url)
    try:
        with Progress(sys.stderr).step("Training") as report:
            training = Training(database, _worlds(settings, database))
            return await training.train(_shelf(settings), _told(report))
    finally:
        await database.close()


async def _evaluate(
    settings: Settings, splits: list[Split], most: int, share: float
) -> list[Evaluation]:
    database = Database(settings.database_url)
    try:
        with Progress(sys.stderr).step("Evaluating") as report:
            training = Training(database, _worlds(settings, database))
            return await training.assess(splits, most=most, share=share, told=_told(report))
    finally:
        await database.close()


def _worlds(settings: Settings, database: Database) -> SqlWorlds:
    return SqlWorlds(database, load_packs(), load_calendar(), settings.timezone, settings.city)


def _told(report: Report) -> Told:
    return lambda what, done, total: report(f"{what} {done} of {total}")


def _card(model: Model) -> dict[str, Any]:
    return {
        **asdict(model.origin),
        "words": len(model.vocabulary.words),
        "labels": {kind.value: len(head.labels) for kind, head in model.heads.items()},
    }


def _day(settings: Settings, moment: datetime) -> str:
    return f"{moment.astimezone(settings.timezone):%Y-%m-%d}"


def _plain(found: Evaluation) -> dict[str, Any]:
    return {**asdict(found), "changes": len(found.changes)}


def _tell(found: Evaluation) -> None:
    click.secho(
        f"{found.split.value}: {found.learned} orders learned from, {found.asked} asked about",
        bold=True,
    )
    click.echo("           orders   first  in three  commonest  never seen")
    for score in found.scores:
        click.echo(
            f"  {score.kind:<9}{score.orders:>6}{score.top1:>8.1%}{score.top3:>10.1%}"
            f"{score.commonest:>11.1%}{score.unknown:>12.1%}"
        )
    confused = [each for each in found.confusions if each.kind == "category"][:_SHOWN]
    if confused:
        click.echo(
            "  decided → proposed: "
            + ", ".join(
                f"{each.decided} → {each.proposed or '-'} ({each.orders})" for each in confused
            )
        )
    for change in found.changes[:_SHOWN]:
        words = "、".join(because.word for because in change.proposed.words)
        click.echo(
            f"  {change.number}  {change.kind}: {change.decided or '-'}, proposed "
            f"{change.proposed.label or '-'} ({change.proposed.share:.0%}) {words}".rstrip()
        )
    click.echo(f"  {len(found.changes)} proposals differ from what was decided.")


def _write_changes(file: Path, changes: tuple[Change, ...]) -> None:
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("order", "kind", "decided", "proposed", "share", "words"))
        for each in changes:
            words = " ".join(because.word for because in each.proposed.words)
            share = f"{each.proposed.share:.3f}"
            label = each.proposed.label
            rows.writerow((each.number, each.kind, each.decided, label, share, words))
