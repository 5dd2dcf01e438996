"""What supervision is told of an order, and what it drafts for it now (D1 to D5, D8, D9)."""

from __future__ import annotations

from datetime import datetime, timedelta

from ticketing.domain.calendar import OfficeTime
from ticketing.domain.conditions import World
from ticketing.domain.deadlines import office_time
from ticketing.domain.measures import Draft, Issued, Kind, Limit
from ticketing.domain.supervision import Facts, due_steps
from ticketing.domain.work_order import WITH_A_UNIT, State, Supervised, WorkOrder

_SUPERVISED = WITH_A_UNIT | {State.CALLBACK, State.CLOSED}  # a visit may still be due (D9)
_COUNTED = _SUPERVISED | {State.ARCHIVED}  # of the archived, those that were done
_DAY = timedelta(days=1)
_AN_INSTANT = timedelta(microseconds=1)


def facts_of(order: WorkOrder, world: World, *, ended: bool = False) -> Facts | None:
    """What supervision needs to know of an order; None when no unit has to answer for it.

    Time that was exempted (W9) or paused has moved the limits, so it needs no word here.

    Args:
        ended: also of orders that were archived after they were done (D7).
    """
    holder = order.holder
    if holder is None or order.state not in (_COUNTED if ended else _SUPERVISED):
        return None
    if order.state is State.ARCHIVED and holder.reported_at is None:
        return None
    return Facts(
        order=order.number,
        unit=holder.unit,
        due=holder.moments.due,
        sign_by=holder.moments.sign_by,
        remind_at=remind_at(holder.moments.due, world),
        signed_at=holder.signed_at,
        replied_at=holder.replied_at,
        reported_at=holder.reported_at,
        round=order.round,
        late_returns=order.late_returns,
        extensions=order.extensions,
        refusals=len(order.refusals),
        units=len(order.units),
        paused=order.clock_stands,
        faults=tuple(each.fault for each in order.faults if each.round == order.round),
        cases=tuple(each.fault for each in order.cases if each.round == order.round),
        instructions=tuple(map(str, order.instructions)),
        passed_on=tuple(str(seq) for seq, round_ in order.passed_on if round_ == order.round),
        verified=order.verified == order.round,
        issued=tuple(_issued(order, holder.unit, one, world) for one in order.supervised),
    )


def drafts_of(order: WorkOrder, now: datetime, world: World) -> tuple[Draft, ...]:
    """What should be issued for the order now. A limit that ends at ``now`` has passed."""
    facts = facts_of(order, world)
    if facts is None:
        return ()
    return due_steps(facts, world.pack.supervision_settings, now + _AN_INSTANT)


def remind_at(due: datetime, world: World) -> datetime:
    """When the unit is reminded: so many office hours before its limit, UTC (D1)."""
    hours = timedelta(hours=world.pack.reminders.due_soon_hours)
    return _before(office_time(world.pack, world.calendar), due, hours)


def limit_of(issued: datetime, at: datetime, world: World) -> Limit:
    """A limit that ends at ``at``, with the working days that it gives from ``issued`` on."""
    office = office_time(world.pack, world.calendar)
    first, last = office.day_of(issued) + _DAY, office.day_of(at)
    return Limit(at, len(world.calendar.working_days(first, last)))


def _issued(order: WorkOrder, unit: str, one: Supervised, world: World) -> Issued:
    return Issued(
        kind=Kind(one.measure.value),
        order=order.number,
        unit=unit,
        at=one.at,
        by=one.who,
        key=one.draft,
        round=one.round,
        limit=None if one.limit is None else limit_of(one.at, one.limit, world),
        publish=one.published,
    )


def _before(office: OfficeTime, end: datetime, length: timedelta) -> datetime:
    """The last moment from which on the office is open for ``length`` until ``end``."""
    day = office.day_of(end)
    while True:
        for opens, closes in reversed(office.spans(day)):
            here = min(closes, end) - opens
            if here >= length:
                return min(closes, end) - length
            length -= max(timedelta(0), here)
        day -= _DAY
