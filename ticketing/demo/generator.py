"""The orders of a year in the demo city: the same seed and end give the same events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ticketing.demo.cases import Case, Planner
from ticketing.demo.city import PACK_CITY, ZONE, City
from ticketing.demo.lives import Life, Scene
from ticketing.domain.calendar import WorkCalendar
from ticketing.domain.guards import World
from ticketing.domain.matters import OrderType
from ticketing.domain.measures import Draft
from ticketing.domain.policy import PolicyPack
from ticketing.domain.supervision_facts import drafts_of
from ticketing.domain.timers import wake_at
from ticketing.domain.work_order import Event, WorkOrder
from ticketing.policies.loader import pack_in_force

Told = Callable[[int, int], None]
"""Told how many of how many are done."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was generated.

    Attributes:
        orders: each with the moment a clock next has something to do with it.
        events: of all orders, in order of time.
        counters: the last number of each day, by the day as it stands in the number.
        drafts: of supervision, that wait for a person (D1 to D5): by order, and since when.
        questions: asked, and no article answers them (K2): when, text, category, order.
    """

    orders: tuple[tuple[WorkOrder, datetime | None], ...]
    events: tuple[Event, ...]
    counters: dict[str, int]
    drafts: dict[str, tuple[tuple[Draft, ...], datetime]]
    questions: tuple[tuple[datetime, str, str, str], ...]


def generate(
    city: City,
    packs: Iterable[PolicyPack],
    calendar: WorkCalendar,
    *,
    seed: int,
    orders: int,
    until: datetime,
    articles: Mapping[str, str] | None = None,
    taken: Mapping[str, int] | None = None,
    told: Told | None = None,
) -> Made:
    """The orders of the year before ``until`` (UTC).

    Args:
        articles: the ids of the city's articles by their keys; K1, K2 … when None.
        taken: the last number of days that have orders already.
    """
    pack = pack_in_force(packs, PACK_CITY, until.astimezone(ZONE).date())
    ids = dict(articles or {key: f"K{n}" for n, key in enumerate(city.articles, 1)})
    scene = Scene(city, World(pack, calendar, city.places.tree), seed, until, ids)
    cases = Planner(city, calendar, seed, orders, until).cases()
    numbers, counters = _numbers(cases, taken or {})
    found: list[tuple[WorkOrder, datetime | None]] = []
    events: list[Event] = []
    drafts: dict[str, tuple[tuple[Draft, ...], datetime]] = {}
    questions = []
    for place, case in enumerate(cases):
        earlier = "" if case.earlier is None else numbers[case.earlier]
        event = "" if case.event is None else numbers[case.event]
        thread = Life(scene, case, place, numbers[place], earlier, event).live()
        found.append((thread.it, wake_at(thread.it, scene.world)))
        events += thread.events
        waiting = drafts_of(thread.it, thread.now, scene.world) if thread.it.pack else ()
        if waiting:
            drafts[thread.it.number] = waiting, thread.now
        if case.type is OrderType.CONSULTATION and not thread.it.articles and case.kind is not None:
            questions.append((case.at, case.told.title, case.kind.category, numbers[place]))
        if told is not None:
            told(place + 1, len(cases))
    events.sort(key=lambda one: (one.at, one.order, one.seq))
    return Made(tuple(found), tuple(events), counters, drafts, tuple(questions))


def _numbers(cases: list[Case], taken: Mapping[str, int]) -> tuple[list[str], dict[str, int]]:
    """The orders' numbers, as `ticketing.store.orders.next_number` makes them."""
    last: dict[str, int] = {}
    numbers = []
    for case in cases:
        day = f"{case.at.astimezone(ZONE):%y%m%d}"
        last[day] = last.get(day, taken.get(day, 0)) + 1
        numbers.append(f"{day}{last[day]:05d}")
    return numbers, last
