"""Policy packs and the working calendar from their files, checked: each problem with its line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ticketing.domain.calendar import WorkCalendar, days_between
from ticketing.domain.errors import NoPolicy, PolicyError
from ticketing.domain.policy import PolicyPack
from ticketing.domain.wording import BadSetting, Text
from ticketing.policies.messages import explain_all
from ticketing.policies.source import Place, Source, read

FOLDER = Path(__file__).parent
WORKDAYS = "workdays.yaml"
_SATURDAY = 5

_log = logging.getLogger(__name__)

T = TypeVar("T", bound=BaseModel)


class _Pack(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    root: PolicyPack


@dataclass(frozen=True, slots=True)
class _Holiday:
    name: str
    first: date
    last: date
    makeup: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadSetting(
                "last",
                Text("假期的末日早于首日", "the holiday ends before it begins"),
                Text("last 不早于 first", "write a last day that is not before the first"),
            )
        for day in self.makeup:
            if day.weekday() < _SATURDAY:
                raise BadSetting(
                    "makeup",
                    Text(
                        f"{day} 不是周末，本来就上班", f"{day} is no weekend: it is worked anyway"
                    ),
                    Text("写调休上班的周六或周日", "write the Saturday or Sunday that is worked"),
                )


@dataclass(frozen=True, slots=True)
class _Year:
    year: int
    source: str
    holidays: tuple[_Holiday, ...]


@dataclass(frozen=True, slots=True)
class _Workdays:
    years: tuple[_Year, ...]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    root: _Workdays


def problems_of(file: Path) -> list[PolicyError]:
    """Everything that is wrong with a pack's file, or with a table of working days."""
    try:
        source = read(file)
    except PolicyError as error:
        return [error]
    kind: type[BaseModel] = _Table if "years" in source.data else _Pack
    checked, problems = _checked(source, kind)
    if isinstance(checked, _Table):
        try:
            _calendar(source, checked.root)
        except PolicyError as error:
            return [error]
    elif isinstance(checked, _Pack):
        problems += _wrong_paths(source, checked.root)
    return problems


def read_pack(file: Path) -> tuple[PolicyPack, Source]:
    """A pack with the file it stands in.

    Raises:
        PolicyError: the first thing that is wrong with it.
    """
    source = read(file)
    checked, problems = _checked(source, _Pack)
    problems += [] if checked is None else _wrong_paths(source, checked.root)
    if checked is None or problems:
        raise problems[0]
    return checked.root, source


def pack_files(folder: Path = FOLDER) -> dict[str, Path]:
    """The files of the packs by their ids, which are the files' names."""
    return {file.stem: file for file in sorted(folder.glob("*.yaml")) if file.name != WORKDAYS}


@cache
def load_pack(id: str, folder: Path = FOLDER) -> PolicyPack:  # noqa: A002
    """One pack by its id, read once.

    Raises:
        NoPolicy: there is none.
        PolicyError: its file is wrong.
    """
    files = pack_files(folder)
    if id not in files:
        raise NoPolicy(f"没有政策包 {id}，现有：{'、'.join(files)}。There is no policy pack {id}.")
    return read_pack(files[id])[0]


@cache
def load_packs(folder: Path = FOLDER) -> tuple[PolicyPack, ...]:
    """Every pack of a folder. They are read once; a changed file needs a new start.

    Raises:
        PolicyError: a file is wrong, its name is not its id, or two packs of a city overlap.
    """
    packs: list[PolicyPack] = []
    for stem, file in pack_files(folder).items():
        pack, source = read_pack(file)
        if pack.id != stem:
            raise source.problem(
                ("id",),
                Text(f"文件名与 id {pack.id} 不同", f"the file's name is not its id {pack.id}"),
                Text(f"文件改名为 {pack.id}.yaml", f"rename it to {pack.id}.yaml"),
            )
        for other in packs:
            if other.city == pack.city and _overlap(other, pack):
                raise source.problem(
                    ("in_force",),
                    Text(f"与 {other.id} 的有效期重叠", f"it is in force together with {other.id}"),
                    Text(
                        f"给先生效的写 until，早于后一个的 in_force（{other.id}、{pack.id}）",
                        f"give the earlier of {other.id} and {pack.id} an `until` before the "
                        "later's `in_force`",
                    ),
                )
        packs.append(pack)
    return tuple(packs)


def pack_in_force(packs: Iterable[PolicyPack], city: str, day: date) -> PolicyPack:
    """The pack that judges what a city's centre dispatches on ``day``, a local day.

    Raises:
        NoPolicy: the city has none that day.
    """
    for pack in packs:
        if pack.city == city and pack.in_force_on(day):
            return pack
    raise NoPolicy(
        f"{city} 在 {day} 没有生效的政策包，请补充或修改 in_force、until。"
        f"No policy pack of {city} is in force on {day}."
    )


class CalendarFile:
    """The calendar of all published years, read again when its file has changed (note 7).

    A table that is wrong does not take the place of one that was right.

    Raises:
        PolicyError: the table is wrong when it is first read.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._file = folder / WORKDAYS
        self._seen = self._look()
        self._calendar = _read_calendar(self._file)

    def __call__(self) -> WorkCalendar:
        """The calendar as it is now."""
        seen = self._look()
        if seen is not None and seen != self._seen:
            self._seen = seen
            try:
                self._calendar = _read_calendar(self._file)
            except PolicyError as problem:
                _log.exception("the working days stay as they were: %s", problem)
            else:
                years = sorted(self._calendar.years)
                _log.info("working days read again: %d to %d", years[0], years[-1])
        return self._calendar

    def _look(self) -> tuple[int, int, int] | None:
        """What changes with the file; None while it is being put in place."""
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


@cache
def load_calendar(folder: Path = FOLDER) -> WorkCalendar:
    """The calendar of all published years, read once.

    Raises:
        PolicyError: the table is wrong.
    """
    return _read_calendar(folder / WORKDAYS)


def _read_calendar(file: Path) -> WorkCalendar:
    source = read(file)
    checked, problems = _checked(source, _Table)
    if checked is None:
        raise problems[0]
    return _calendar(source, checked.root)


def _calendar(source: Source, table: _Workdays) -> WorkCalendar:
    names: dict[date, str] = {}
    makeup: dict[date, Place] = {}
    for i, year in enumerate(table.years):
        for j, holiday in enumerate(year.holidays):
            place: Place = ("years", i, "holidays", j)
            makeup |= dict.fromkeys(holiday.makeup, place)
            days = (holiday.first, holiday.last, *holiday.makeup)
            # the New Year's may reach into the year before
            if not {day.year for day in days} <= {year.year, year.year - 1}:
                raise source.problem(
                    place,
                    Text(
                        f"{holiday.name}有日期不在 {year.year} 年",
                        f"{holiday.name} has a day that is not within {year.year}",
                    ),
                    Text("改正日期，或移到所属年份", "correct the day, or move it to its own year"),
                )
            for day in days_between(holiday.first, holiday.last):
                if day in names:
                    raise source.problem(
                        place,
                        Text(f"{day} 属于两个假期", f"{day} is in two holidays"),
                        Text("只留一处", "leave it in one"),
                    )
                names[day] = holiday.name
    for day, place in makeup.items():
        if day in names:
            raise source.problem(
                place,
                Text(f"{day} 既放假又上班", f"{day} is both off and worked"),
                Text("改其中一处", "change one of them"),
            )
    years = [year.year for year in table.years]
    if len(set(years)) != len(years):
        raise source.problem(
            ("years",),
            Text("同一年写了两次", "a year is there twice"),
            Text("删去一处", "take one away"),
        )
    return WorkCalendar(frozenset(names), frozenset(makeup), frozenset(years), names)


def _checked(source: Source, kind: type[T]) -> tuple[T | None, list[PolicyError]]:
    """The values of a file in their types, or what is wrong with them, line by line."""
    # strict JSON: a text is a date where one is wanted, but never a number
    whole = json.dumps({"root": source.data}, ensure_ascii=False)
    try:
        return kind.model_validate_json(whole), []
    except ValidationError as error:
        told = explain_all(kind.model_fields["root"].annotation, error.errors())
        found = [source.problem(place, problem, cure) for place, problem, cure in told]
        return None, sorted(found, key=lambda each: each.line)


def _wrong_paths(source: Source, pack: PolicyPack) -> list[PolicyError]:
    """Rules that name settings which are not there."""
    found = []
    for i, rule in enumerate(pack.rules):
        for j, path in enumerate(rule.settings):
            if tuple(path.split(".")) not in source.lines:
                found.append(
                    source.problem(
                        ("rules", i, "settings", j),
                        Text(f"{rule.id} 指向的设置 {path} 不存在", f"{path} is no setting here"),
                        Text("写现有设置的路径", "write the path of a setting of this file"),
                    )
                )
    return found


def _overlap(one: PolicyPack, other: PolicyPack) -> bool:
    first, last = sorted((one, other), key=lambda pack: pack.in_force)
    return first.until is None or first.until >= last.in_force
