"""What a schema found wrong, for people: the problem and its cure in Chinese and in English."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any, Union, get_args, get_origin, get_type_hints

from ticketing.domain.wording import BadSetting, Text
from ticketing.policies.source import Place

_WANTED: Mapping[str, Text] = {
    "int": Text("整数，例如 3", "a whole number, for example 3"),
    "string": Text(
        "文字；像数字的放进引号", 'a text; one that looks like a number in quotation marks, "110"'
    ),
    "bool": Text("true 或 false", "true or false"),
    "decimal": Text("数字，例如 0.5", "a number, for example 0.5"),
    "float": Text("数字，例如 0.5", "a number, for example 0.5"),
    "time": Text('带引号的时间，例如 "08:30"', 'a time in quotation marks, for example "08:30"'),
    "date": Text("日期，例如 2026-01-01", "a date, for example 2026-01-01"),
    "dataclass": Text("几个“键: 值”", "several `key: value`"),
    "tuple": Text("列表，放进方括号或逐行以 - 开头", "a list, in [ ] or with - on each line"),
}


_UNKNOWN = {"unexpected_keyword_argument", "extra_forbidden"}


def explain_all(
    root: Any, errors: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[Place, Text, Text]]:
    """Each error explained; what is only missing because it is misspelt is not told twice."""
    known = list(errors)
    meant = {
        (*place[:-1], alike)
        for each in known
        if each["type"] in _UNKNOWN
        for place in [tuple(each["loc"])[1:]]
        for alike in _alike(root, place)
    }
    for each in known:
        if each["type"] != "missing" or tuple(each["loc"])[1:] not in meant:
            yield explain(root, each)


def explain(root: Any, error: Mapping[str, Any]) -> tuple[Place, Text, Text]:
    """Where it is, what is wrong and what to write instead.

    Args:
        root: the dataclass of the whole file.
        error: one of pydantic's errors; its place begins with ``root``.
    """
    place: Place = tuple(error["loc"])[1:]
    kind: str = error["type"]
    name = str(place[-1]) if place else ""
    inner = error.get("ctx", {}).get("error")
    if isinstance(inner, BadSetting):
        return (*place, inner.field) if inner.field else place, inner.problem, inner.cure
    if kind == "missing":
        return (
            place,
            Text(f"缺少 {name}", f"{name} is missing"),
            Text(f"补上 {name}", f"add {name}"),
        )
    if kind in _UNKNOWN:
        return place, Text(f"不认识 {name}", f"{name} is not known"), _instead(root, place)
    if kind == "enum":
        choices = error["ctx"]["expected"].replace(" or ", ", ").replace("'", "")
        given = error["input"]
        return (
            place,
            Text(f"{name} 不能是 {given}", f"{name} cannot be {given}"),
            Text(f"写其中之一：{choices}", f"write one of {choices}"),
        )
    wanted = _WANTED.get(kind.partition("_")[0])
    if wanted is not None:
        return (
            place,
            Text(f"{name} 的值不对", f"the value of {name} is not usable"),
            Text(f"应写{wanted.zh}", f"write {wanted.en}"),
        )
    said = str(inner or error["msg"])
    return (
        place,
        Text(f"{name} 的值不对（{said}）", f"{name} is not usable: {said}"),
        Text("照说明改正", "correct it as said"),
    )


def _instead(root: Any, place: Place) -> Text:
    """What may stand where an unknown key stands: the one most alike, or all there are."""
    for alike in _alike(root, place):
        return Text(f"应为 {alike}", f"write {alike}")
    every = ", ".join(_fields_at(root, place[:-1]))
    return Text(f"删去它；可以写的有 {every}", f"take it away; there may be {every}")


def _alike(root: Any, place: Place) -> list[str]:
    """The known key that is most like the one at a place, if any is."""
    return get_close_matches(str(place[-1]), _fields_at(root, place[:-1]), n=1)


def _fields_at(root: Any, place: Place) -> list[str]:
    """The names of the fields of the dataclass at a place."""
    here: Any = root
    for step in place:
        if isinstance(step, int):
            inner = get_args(here)
            here = inner[0] if len(inner) == 2 and inner[1] is ... else inner[step]
        else:
            here = get_type_hints(here)[step]
        if get_origin(here) in (Union, types.UnionType):
            here = next(each for each in get_args(here) if each is not type(None))
    return [each.name for each in fields(here)] if is_dataclass(here) else []
