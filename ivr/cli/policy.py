"""``hotline policy``: the cities' rules as data: check them, compare them, explain a rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ivr.cli.control import as_json, show
from ticketing.domain.errors import NoPolicy, PolicyError
from ticketing.domain.policy import PolicyPack
from ticketing.policies.loader import FOLDER, WORKDAYS, pack_files, problems_of, read_pack
from ticketing.policies.source import Source

_NAMES = (
    "id",
    "code",
    "number",
    "measure",
    "name",
    "kind",
    "title",
)  # what tells the members of a list apart
_ABSENT = "（没有此项）"


@click.group()
def policy() -> None:
    """The policy packs: check, diff, explain."""


@policy.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@as_json
def check(files: tuple[Path, ...], as_json: bool) -> None:
    """Check packs and tables of working days; exit code 1 if one is wrong.

    Without FILES, the hotline's own.
    """
    chosen = files or (*pack_files().values(), FOLDER / WORKDAYS)
    problems = [problem for file in chosen for problem in problems_of(file)]
    if as_json:
        show({"files": [str(file) for file in chosen], "problems": [_told(p) for p in problems]})
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{len(chosen)} files, {len(problems)} problems.")
    if problems:
        raise SystemExit(1)


@policy.command()
@click.argument("a")
@click.argument("b")
@as_json
def diff(a: str, b: str, as_json: bool) -> None:
    """Show where two packs differ. A and B are ids, or files."""
    (one, first), (other, second) = open_pack(a), open_pack(b)
    left, right = dict(_leaves(first.data)), dict(_leaves(second.data))
    rows = [
        (path, left.get(path, _ABSENT), right.get(path, _ABSENT))
        for path in dict.fromkeys([*left, *right])
        if left.get(path, _ABSENT) != right.get(path, _ABSENT)
    ]
    if as_json:
        show([{"setting": path, "a": x, "b": y} for path, x, y in rows])
        return
    for path, x, y in rows:
        click.echo(click.style(path, bold=True))
        click.echo(f"  {one.id}: {_shown(x)}")
        click.echo(f"  {other.id}: {_shown(y)}")
    click.echo(f"{len(rows)} differences.")


@policy.command()
@click.argument("rule")
@click.option("--pack", "packs", multiple=True, help="An id or a file; all packs by default.")
@as_json
def explain(rule: str, packs: tuple[str, ...], as_json: bool) -> None:
    """Explain RULE, for example W3: its source, its text, and the settings that carry it."""
    opened = [open_pack(name) for name in packs or pack_files()]
    found = [_explained(pack, source, rule.upper()) for pack, source in opened]
    told = [each for each in found if each is not None]
    if not told:
        known = sorted({each.id for pack, _ in opened for each in pack.rules})
        raise NoPolicy(f"没有关于 {rule} 的条目，现有 {'、'.join(known)}。No pack tells of {rule}.")
    if as_json:
        show(told)
        return
    for each in told:
        click.echo(click.style(f"{each['rule']}  {each['pack']}", bold=True))
        click.echo(f"  {each['text']}")
        click.echo(f"  出处：{each['source'] or '文件未规定，系暂定'}")
        for setting in each["settings"]:
            click.echo(f"  {setting['path']} = {_shown(setting['value'])}")
            click.echo(f"    {setting['file']}:{setting['line']}")


def open_pack(name: str) -> tuple[PolicyPack, Source]:
    """A pack by its id or its file, and the file.

    Raises:
        NoPolicy: there is neither.
        PolicyError: the file is wrong.
    """
    files = pack_files()
    if name in files:
        return read_pack(files[name])
    if Path(name).exists():
        return read_pack(Path(name))
    raise NoPolicy(
        f"没有政策包或文件 {name}，现有：{'、'.join(files)}。"
        f"There is no pack or file {name}; the packs are {', '.join(files)}."
    )


def _explained(pack: PolicyPack, source: Source, id_: str) -> dict[str, Any] | None:
    for rule in pack.rules:
        if rule.id == id_:
            settings = [
                {
                    "path": path,
                    "value": _at(source.data, path),
                    "file": source.file,
                    "line": source.line(tuple(path.split("."))),
                }
                for path in rule.settings
            ]
            return {
                "rule": rule.id,
                "pack": pack.id,
                "text": rule.text,
                "source": rule.source,
                "settings": settings,
            }
    return None


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data[step]
    return data


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting with its path; members of a list are told apart by their names."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        for each in value:
            name = next(each[key] for key in _NAMES if key in each)
            yield from _leaves(each, f"{path}[{name}]")
    else:
        yield path, value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _told(problem: PolicyError) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "problem": {"zh": problem.problem.zh, "en": problem.problem.en},
        "cure": {"zh": problem.cure.zh, "en": problem.cure.en},
    }
