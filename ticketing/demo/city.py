"""The demo city's reference data as values: units, categories, who is responsible, articles …"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from ticketing.demo.places import ROOT, Places, build
from ticketing.demo.source import read, words
from ticketing.domain.contacts import Contact, ContactRole
from ticketing.domain.knowledge import Article, Status, Version
from ticketing.domain.notices import Extent, Notice, NoticeKind, Scope
from ticketing.domain.routing import Responsibility
from ticketing.domain.units import Level, Unit, UnitKind
from ticketing.store.categories import Category

ZONE = ZoneInfo("Asia/Shanghai")
PACK_CITY = "yanji"
"""The demo city has no policy pack of its own: it goes by Yanji's."""
_DAY = timedelta(days=1)
# What streets of the city's districts see to themselves (I5).
_OF_THE_STREETS = ("04.01", "04.04", "06.01.02", "11.01", "14.03", "16.01")
# Utilities serve the counties too, whose centres have all the rest (N2).
_UTILITIES = {
    "03.01": "water",
    "03.02": "power",
    "03.03": "gas",
    "03.04": "heating",
    "03.05": "bus",
}


@dataclass(frozen=True, slots=True)
class City:
    """Everything about the city that orders are made with.

    Attributes:
        owners: the unit of the city that leads in a category.
        articles: by key; their ids are given by the database.
    """

    places: Places
    categories: tuple[Category, ...]
    responsibilities: tuple[Responsibility, ...]
    owners: dict[str, str]
    contacts: tuple[Contact, ...]
    articles: dict[str, Article]
    notices: tuple[Notice, ...]


def found(seed: int, until: datetime) -> City:
    """The city as it has become by ``until`` (UTC); another ``seed``, other people in it."""
    places = build()
    dice = Random(f"{seed}/city")  # noqa: S311 - a play, not a secret
    today = until.astimezone(ZONE).date()
    rows = read("categories")
    return City(
        places=places,
        categories=tuple(
            Category(row["code"], row["name"], legal_basis=row.get("law", "")) for row in rows
        ),
        responsibilities=tuple(_responsibilities(places, rows, today)),
        owners={row["code"]: f"city.{row['lead']}" for row in rows if "lead" in row},
        contacts=tuple(_contacts(places, today, dice)),
        articles={row[0]: _article(row, until, dice) for row in read("articles")},
        notices=tuple(_notice(row, today) for row in read("notices")),
    )


def _responsibilities(
    places: Places, rows: list[dict[str, Any]], today: date
) -> Iterator[Responsibility]:
    for row in rows:
        for name in [*([row["lead"]] if "lead" in row else []), *row.get("also", ())]:
            # in the middle of the year, snow went over from one unit to another
            moved = today - 200 * _DAY if row["code"] == "04.05" else None
            if moved is not None:
                yield Responsibility(row["code"], "city.urban", until=moved)
            yield Responsibility(row["code"], f"city.{name}", since=moved)
        for name in row.get("assist", ()):
            yield Responsibility(row["code"], f"city.{name}", lead=False)
    for county in places.counties:
        if not county.urban:
            yield Responsibility("", county.unit, county.district)
            for code, company in _UTILITIES.items():
                yield Responsibility(code, f"city.{company}", county.district)
            continue
        for code in _OF_THE_STREETS:
            yield Responsibility(code, county.unit, county.district)
            for town in county.towns:
                yield Responsibility(code, town.unit, town.district)


# --- contacts -----------------------------------------------------------------------------------
class _Numbers:
    """Telephone numbers that nobody has: no carrier has 160, no city has the area code 0900."""

    def __init__(self) -> None:
        self._next = 0

    def mobile(self) -> str:
        self._next += 1
        return f"1600000{self._next:04}"

    def desk(self) -> str:
        self._next += 1
        return f"0900-555{self._next:04}"


def _contacts(places: Places, today: date, dice: Random) -> Iterator[Contact]:
    numbers = _Numbers()
    for unit in places.tree:
        for role in _roles(unit):
            desk = role is ContactRole.LIAISON
            phone = numbers.desk() if desk else numbers.mobile()
            since = today - dice.randint(400, 1500) * _DAY
            person = name(dice)
            if dice.random() < 0.15:  # somebody else has taken over during the year
                change = today - dice.randint(5, 350) * _DAY
                yield Contact(unit.id, person, role, phone, since, change - _DAY)
                person, since = name(dice), change
            yield Contact(unit.id, person, role, phone, since)


def _roles(unit: Unit) -> tuple[ContactRole, ...]:
    if unit.level is Level.VILLAGE:
        return (ContactRole.LIAISON,)
    if unit.kind is UnitKind.TOWN:
        return (ContactRole.LIAISON, ContactRole.ON_CALL)
    return (ContactRole.LIAISON, ContactRole.LEADER, ContactRole.ON_CALL)


def name(dice: Random) -> str:
    """A person's name."""
    return dice.choice(words()["surnames"]) + dice.choice(words()["given"])


# --- articles and notices -----------------------------------------------------------------------
def _article(row: list[str], until: datetime, dice: Random) -> Article:
    _, unit, category, title, text = row
    first = _at_work(until, dice.randint(380, 700), dice)
    versions = [_version(1, title, text, unit, first)]
    if dice.random() < 0.4:  # written anew during the year
        second = _at_work(until, dice.randint(20, 330), dice)
        versions = [
            _ended(versions[0], second),
            _version(2, title, f"{text}（{second.astimezone(ZONE).year}年修订）", unit, second),
        ]
    fate = dice.random()
    if fate < 0.08:  # the next version is being written, or waits
        number, at = len(versions) + 1, _at_work(until, dice.randint(1, 12), dice)
        versions.append(
            Version(
                number=number,
                title=title,
                text=f"{text}具体以最新通知为准。",
                status=Status.DRAFT if fate < 0.04 else Status.SUBMITTED,
                written_by=f"{unit}.01",
                written_at=at,
            )
        )
    late = dice.random() < 0.12
    review = until.astimezone(ZONE).date() + _DAY * dice.randint(*((-60, -1) if late else (5, 330)))
    return Article(id="", unit=unit, category=category, review_by=review, versions=tuple(versions))


def _version(number: int, title: str, text: str, unit: str, at: datetime) -> Version:
    return Version(
        number=number,
        title=title,
        text=text,
        status=Status.PUBLISHED,
        written_by=f"{unit}.01",
        written_at=at - timedelta(hours=3),
        approved_by=f"{unit}.lead",
        published_at=at,
    )


def _ended(version: Version, at: datetime) -> Version:
    return Version(
        number=version.number,
        title=version.title,
        text=version.text,
        status=Status.SUPERSEDED,
        written_by=version.written_by,
        written_at=version.written_at,
        approved_by=version.approved_by,
        published_at=version.published_at,
        ended_at=at,
    )


def _at_work(until: datetime, days: int, dice: Random) -> datetime:
    """A moment of a working morning or afternoon so many days ago, UTC."""
    day = until.astimezone(ZONE).date() - days * _DAY
    while day.weekday() > 4:
        day -= _DAY
    moment = time(dice.choice((9, 10, 14, 15)), dice.randrange(60))
    return datetime.combine(day, moment, ZONE).astimezone(UTC)


def _notice(row: dict[str, Any], today: date) -> Notice:
    codes = tuple(row.get("districts", ()))
    return Notice(
        id="",
        unit=row["unit"],
        kind=NoticeKind(row["kind"]),
        start=datetime.combine(today + row["from"] * _DAY, time(8), ZONE).astimezone(UTC),
        end=datetime.combine(today + row["to"] * _DAY, time(18), ZONE).astimezone(UTC),
        zh=row["zh"],
        ko=row.get("ko", ""),
        scope=Scope(Extent.DISTRICTS, codes) if codes else Scope(),
        announce=row.get("announce", False),
        published_by="dispatch01" if row["unit"] == ROOT else f"{row['unit']}.lead",
    )


def version_at(article: Article, moment: datetime) -> Version | None:
    """The version that was published at ``moment``, if any."""
    return next(
        (
            one
            for one in article.versions
            if one.published_at is not None
            and one.published_at <= moment
            and (one.ended_at is None or moment < one.ended_at)
        ),
        None,
    )
