"""What comes in over a year: who brings what, when, and over which channel. Nothing is done yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from ticketing.demo import rhythm, texts
from ticketing.demo.city import ZONE, City
from ticketing.demo.rhythm import Rhythm
from ticketing.demo.source import Declined, Kind, declined, kinds
from ticketing.demo.texts import Person, Spot, Told
from ticketing.domain.calendar import WorkCalendar
from ticketing.domain.matters import Channel, OrderType
from ticketing.domain.work_order import State

YEAR = timedelta(days=365)
_CHANNELS = {
    Channel.PHONE: 64,
    Channel.WECHAT: 12,
    Channel.APP: 8,
    Channel.PORTAL: 6,
    Channel.MAILBOX: 3,
    Channel.SMS: 2,
    Channel.EMAIL: 2,
    Channel.POLICE: 2,
    Channel.OTHER: 1,
}
_LINES = {"02.05": "12329", "08": "12333", "07": "12315", "06": "12369", "05.03": "12328"}
_DECLINED_SHARE, _REPEATED_SHARE, _WITHDRAWN_SHARE = 0.035, 0.035, 0.02
_FRESH_PLACES = 20  # one in so many is kept for an order in a certain state today
# Events that many report at once: days before the end, hours that they go on calling, the matter,
# and how many call of 2,000.
_EVENTS = (
    (318, 5.0, "cold", 34),
    (232, 3.0, "power_out", 22),
    (131, 6.0, "flooding", 26),
    (64, 4.0, "water_out", 40),
    (0.55, 5.0, "water_out", 18),
)
# How long ago an order has come in that is in this state now, in hours: at least, at most.
_AGES: dict[State, tuple[float, float]] = {
    State.RECEIVED: (0.2, 1.5),
    State.CLASSIFIED: (1.0, 4.0),
    State.CENTRE: (20, 60),
    State.DISPATCHED: (8, 26),
    State.SIGNED: (20, 110),
    State.HANDLING: (40, 200),
    State.REPORTED: (130, 240),
    State.CALLBACK: (150, 300),
    State.CLOSED: (240, 480),
    State.DECLINED: (24, 400),
    State.WITHDRAWN: (100, 400),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One matter as it comes in.

    Attributes:
        kind: None for what is not taken in (``declined``).
        person: of the citizen.
        earlier: the place in the list of the case that it repeats.
        event: the place of the first report of the event that it is about.
        stop: the state in which people leave it.
        withdrawn: the citizen takes it back.
    """

    at: datetime
    kind: Kind | None
    declined: Declined | None
    type: OrderType
    person: Person
    spot: Spot
    told: Told
    channel: Channel
    source: str
    dialled: str
    anonymous: bool = False
    withdrawn: bool = False
    earlier: int | None = None
    event: int | None = None
    stop: State | None = None


class Planner:
    """Draws cases.

    Args:
        orders: how many.
        until: UTC; they come in during the year before.
    """

    def __init__(
        self, city: City, calendar: WorkCalendar, seed: int, orders: int, until: datetime
    ) -> None:
        self._city, self._orders, self._until = city, orders, until
        self._dice = Random(f"{seed}/cases")  # noqa: S311 - a play, not a secret
        self._rhythm = Rhythm(calendar, until - YEAR, until)
        self._kinds = {kind.id: kind for kind in kinds()}
        self._people = [
            texts.person(number, self._dice) for number in range(1, max(2, orders * 4 // 5))
        ]

    def cases(self) -> list[Case]:
        """All of them, in order of time; ``earlier`` and ``event`` are places in this list."""
        found = [*self._events(), *self._fresh()]
        repeats = int(self._orders * _REPEATED_SHARE)
        while len(found) < self._orders - repeats:
            found.append(self._common())
        del found[self._orders :]
        found += self._repeats(found, self._orders - len(found))
        return _in_order(found)

    def _common(self) -> Case:
        dice = self._dice
        day = self._rhythm.day(dice)
        if dice.random() < _DECLINED_SHARE:
            return self._declined(self._rhythm.moment(day, "all", dice))
        kind = self._kind(day.month)
        one = self._case(kind, self._rhythm.moment(day, kind.hours, dice))
        return replace(one, withdrawn=dice.random() < _WITHDRAWN_SHARE)

    def _kind(self, month: int) -> Kind:
        known = list(self._kinds.values())
        weights = [one.weight * rhythm.of_month(one.season, month) for one in known]
        return self._dice.choices(known, weights)[0]

    def _case(self, kind: Kind, at: datetime, where: Spot | None = None) -> Case:
        dice = self._dice
        place = where or texts.spot(kind, self._city.places, dice)
        told = texts.tell(kind, place, self._city.places, at.astimezone(ZONE).month, dice)
        person = dice.choice(self._people)
        channel = dice.choices(list(_CHANNELS), list(_CHANNELS.values()))[0]
        wanted = dice.choices(list(kind.types), list(kind.types.values()))[0]
        return Case(
            at=at,
            kind=kind,
            declined=None,
            type=wanted,
            person=person,
            spot=place,
            told=told,
            channel=channel,
            source=_source(channel, person),
            dialled=_dialled(channel, kind.category, dice),
            anonymous=wanted is OrderType.REPORT and dice.random() < 0.5,
        )

    def _declined(self, at: datetime) -> Case:
        dice = self._dice
        what, person = dice.choice(declined()), dice.choice(self._people)
        told = texts.tell(what, Spot(), self._city.places, at.astimezone(ZONE).month, dice)
        return Case(
            at=at,
            kind=None,
            declined=what,
            type=OrderType.HELP,
            person=person,
            spot=Spot(),
            told=told,
            channel=Channel.PHONE,
            source=person.phone,
            dialled="12345",
        )

    def _fresh(self) -> Iterator[Case]:
        """Cases of the last days, so that there are orders in every state today."""
        dice, wanted = self._dice, max(len(_AGES), self._orders // _FRESH_PLACES)
        for number in range(min(wanted, self._orders // 2)):
            state = list(_AGES)[number % len(_AGES)]
            at = self._until - timedelta(hours=dice.uniform(*_AGES[state]))
            at = at.replace(microsecond=0)
            if state is State.DECLINED:
                yield self._declined(at)
                continue
            kind = self._kind(at.astimezone(ZONE).month)
            while OrderType.CONSULTATION in kind.types or kind.limit is not None:
                kind = self._kind(at.astimezone(ZONE).month)
            one = self._case(kind, at)
            yield replace(one, stop=state, withdrawn=state is State.WITHDRAWN)

    def _events(self) -> Iterator[Case]:
        place = 0
        for days, hours, name, callers in _EVENTS:
            kind = self._kinds[name]
            count = min(max(2, callers * self._orders // 2000), max(0, self._orders // 8))
            if count < 2:
                continue
            first = place
            begin = self._until - timedelta(days=days)
            begin += timedelta(hours=18 - begin.astimezone(ZONE).hour) if days > 1 else timedelta()
            county = next(one for one in self._city.places.counties if one.urban)
            where = Spot(county, district=county.district, text=county.name)
            for number in range(count):
                at = begin + timedelta(hours=hours) * (number / count) ** 1.5
                one = self._case(kind, at.replace(microsecond=0), where)
                stop = State.HANDLING if days < 1 and not number else None
                event = None if number == 0 else first
                yield replace(one, event=event, stop=stop, type=OrderType.HELP)
                place += 1

    def _repeats(self, known: list[Case], count: int) -> Iterator[Case]:
        """People who come again with what they brought before (W10)."""
        dice = self._dice
        suited = [
            place
            for place, one in enumerate(known)
            if one.kind is not None
            and one.event is None
            and one.stop is None
            and not one.withdrawn
            and OrderType.CONSULTATION is not one.type
            and one.at < self._until - timedelta(days=4)
        ]
        for place in (dice.choice(suited) for _ in range(count if suited else 0)):
            before = known[place]
            assert before.kind is not None  # noqa: S101 - only such ones are suited
            longest = min(75.0, (self._until - before.at) / timedelta(days=1) - 0.1)
            at = before.at + timedelta(days=dice.uniform(3, longest))
            yield replace(
                before,
                at=at.replace(microsecond=0),
                type=OrderType.COMPLAINT,
                told=texts.again(before.told, before.kind, dice),
                channel=Channel.PHONE,
                source=before.person.phone,
                dialled="12345",
                earlier=place,
            )


def _in_order(found: list[Case]) -> list[Case]:
    """Sorted by time, with the places that cases name set right."""
    order = sorted(range(len(found)), key=lambda place: (found[place].at, place))
    new = {old: place for place, old in enumerate(order)}
    return [
        replace(
            found[old],
            earlier=None if found[old].earlier is None else new[found[old].earlier or 0],
            event=None if found[old].event is None else new[found[old].event or 0],
        )
        for old in order
    ]


def _source(channel: Channel, person: Person) -> str:
    """Where a result goes back to: addresses that lead nowhere."""
    match channel:
        case Channel.PHONE | Channel.SMS:
            return person.phone
        case Channel.EMAIL | Channel.MAILBOX:
            return f"citizen{person.phone[-5:]}@example.org"
        case Channel.POLICE:
            return "110"
        case Channel.OTHER:
            return ""
        case _:
            return f"demo-{channel.value}-{person.phone[-7:]}"


def _dialled(channel: Channel, category: str, dice: Random) -> str:
    """The number that was dialled (T2): sometimes still one of those that were merged."""
    if channel is not Channel.PHONE:
        return ""
    for code, line in _LINES.items():
        if category.startswith(code) and dice.random() < 0.25:
            return line
    return "12345"
