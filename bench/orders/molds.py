"""Lives that were really decided, as molds: each can be cast again with other words and times."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ticketing.demo.city import City, name
from ticketing.demo.generator import generate
from ticketing.demo.source import words
from ticketing.domain.work_order import Event, State, WorkOrder
from ticketing.policies.loader import load_calendar, load_packs
from ticketing.store import search
from ticketing.store.history import rows_of
from ticketing.store.orders import row_of, unit_rows, words_of

LIVES = 2000
CITIZENS = 300_000
RARE = "鹿苑书局"
_RARE_ONE_IN = 20_000
_WEEKS = 5 * 52  # the orders of five years, as many as a large city has
_OVER = frozenset({State.ARCHIVED, State.CLOSED, State.DECLINED, State.WITHDRAWN})
_COUNTIES = {True: ("dongjiang", "xiling"), False: ("songhe", "baihua", "changtan", "jingu")}
_CODES = {
    "dongjiang": "9901",
    "xiling": "9902",
    "songhe": "9903",
    "baihua": "9904",
    "changtan": "9905",
    "jingu": "9906",
}
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00"
_FARTHEST = re.compile(r"\.t(?:09|1\d)|\.v0[6-8]|99\d\d(?:09|1\d)|99\d{4}00[6-8]")
Piece = tuple[str, str]  # what it is, and its text in the mold
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cast:
    """One order as rows: a picture, who sees it, its events without the chain's, its words."""

    order: Row
    units: list[Row]
    events: list[Row]
    grams: str


class Mold:
    """One life, cut into what stays and what is other in every copy."""

    def __init__(self, order: WorkOrder, wake: datetime | None, events: list[Event]) -> None:
        self.over = order.state in _OVER
        self.received = order.received_at
        self._number, self._phone, self._name = (
            order.number,
            order.citizen.phone,
            order.citizen.name,
        )
        whole = rows_of(events, 0, "")
        for row in whole:
            del row["hash"], row["id"]
        everything = json.dumps([row_of(order, wake), whole], default=str, ensure_ascii=False)
        self._moves = not _FARTHEST.search(everything)
        self._cut = self._cutter(order)
        self._order = self._columns(row_of(order, wake))
        self._units = [self._columns(row) for row in unit_rows(order)]
        self._events = [self._columns(row) for row in whole]
        self._words = self._pieces(words_of(order))

    def cast(self, number: str, received: datetime, dice: Random) -> Cast:
        """A copy that came in at ``received``, with another citizen, other streets, other units."""
        shift = received - self.received
        here, there = self._counties(dice)
        known = words()
        called, phone = name(dice), f"160{dice.randrange(CITIZENS):08}"
        road, estate = dice.choice(known["roads"]), dice.choice(known["estates"])
        change: dict[str, Callable[[str], str]] = {
            "number": lambda _: number,
            "master": lambda text: _moved(text, shift),
            "phone": lambda _: phone,
            "name": lambda _: called,
            "at": lambda text: (datetime.fromisoformat(text) + shift).isoformat(),
            "unit": lambda text: there.get(text, text),
            "district": lambda text: here.get(text, text),
            "road": lambda _: road,
            "estate": lambda _: estate,
        }

        def render(pieces: list[Piece]) -> str:
            return "".join(change[kind](text) if kind else text for kind, text in pieces)

        def row(columns: Row) -> Row:
            return {
                key: render(value)
                if isinstance(value, list)
                else value + shift
                if isinstance(value, datetime)
                else value
                for key, value in columns.items()
            }

        told = render(self._words)
        if not dice.randrange(_RARE_ONE_IN):
            told += f" 旁边就是{RARE}"
        return Cast(
            row(self._order),
            [row(one) for one in self._units],
            [row(one) for one in self._events],
            search.grams(told),
        )

    def _counties(self, dice: Random) -> tuple[dict[str, str], dict[str, str]]:
        """Other counties for those of the mold, of the same kind; districts, then units."""
        districts: dict[str, str] = {}
        units: dict[str, str] = {}
        if self._moves:
            for group in _COUNTIES.values():
                by = dice.randrange(len(group))
                for place, county in enumerate(group):
                    other = group[(place + by) % len(group)]
                    units[county], districts[_CODES[county]] = other, _CODES[other]
        return districts, units

    def _cutter(self, order: WorkOrder) -> re.Pattern[str]:
        known = words()
        parts = {
            "number": re.escape(order.number),
            "master": re.escape(order.master),
            "phone": re.escape(order.citizen.phone),
            "at": _ISO,
            "name": re.escape(order.citizen.name),
            "unit": "|".join(_CODES),
            "district": "|".join(rf"(?<!\d){code}(?=\d\d)" for code in _CODES.values()),
            "road": "|".join(known["roads"]),
            "estate": "|".join(known["estates"]),
        }
        return re.compile("|".join(f"(?P<{key}>{part})" for key, part in parts.items() if part))

    def _columns(self, row: Row) -> Row:
        return {
            key: self._pieces(value) if isinstance(value, str) else value
            for key, value in row.items()
        }

    def _pieces(self, value: str) -> list[Piece]:
        found: list[Piece] = []
        last = 0
        for match in self._cut.finditer(value):
            if match.start() > last:
                found.append(("", value[last : match.start()]))
            assert match.lastgroup is not None
            found.append((match.lastgroup, match[0]))
            last = match.end()
        if last < len(value):
            found.append(("", value[last:]))
        return found


def _moved(number: str, shift: timedelta) -> str:
    """The number of another order, of a day as much later."""
    day = datetime.strptime(number[:6], "%y%m%d").replace(tzinfo=UTC) + shift
    return f"{day:%y%m%d}{number[6:]}"


def molds(city: City, until: datetime, seed: int) -> list[Mold]:
    """The molds: a year of the demo city."""
    made = generate(city, load_packs(), load_calendar(), seed=seed, orders=LIVES, until=until)
    events: dict[str, list[Event]] = {}
    for event in made.events:
        events.setdefault(event.order, []).append(event)
    return [Mold(order, wake, events[order.number]) for order, wake in made.orders]


def casts(shapes: list[Mold], orders: int, until: datetime, seed: int) -> Iterator[Cast]:
    """So many orders, in order of time: the done ones over five years, the open ones of now."""
    dice = Random(f"{seed}/casts")
    copies = -(-orders * 11 // (len(shapes) * 10))
    plan: list[tuple[datetime, int]] = []
    for place, mold in enumerate(shapes):
        # of all that are open, most have come in during the last days; a tenth is plenty of them
        for _ in range(copies if mold.over else -(-copies // 10)):
            back = timedelta(weeks=dice.randrange(_WEEKS) if mold.over else 0)
            jitter = timedelta(seconds=dice.randrange(-6 * 3600, 6 * 3600) if mold.over else 0)
            plan.append((mold.received - back + jitter, place))
    dice.shuffle(plan)
    plan = sorted(plan[:orders])
    counted: dict[str, int] = {}
    for received, place in plan:
        at = min(received, until).astimezone(UTC)
        day = f"{at + timedelta(hours=8):%y%m%d}"
        counted[day] = counted.get(day, 0) + 1
        yield shapes[place].cast(f"{day}{counted[day]:05d}", at, dice)
