"""Who is on call for a unit at a moment, in which order they are rung (T5, H4, R12). Pure.

The duty roster says who has a unit's duty at which hours. After those of the roster come the
unit's entries in the register of contacts, by role: a unit without a roster is reached all the
same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from ticketing.domain.contacts import Contact, ContactRole
from ticketing.domain.errors import GuardFailed

EVERY_DAY = frozenset(range(7))
FIRST_RANK, LAST_RANK = 1, 99
EXPERTS = (ContactRole.ON_CALL, ContactRole.HANDLER, ContactRole.LIAISON)
"""Who of the register is asked to join a citizen's call, after the roster (T5)."""
RESPONSIBLE = (ContactRole.ON_CALL, ContactRole.LEADER, ContactRole.LIAISON)
"""Who of the register is rung for an urgent order, after the roster (H4)."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A row of the duty roster: a person has a unit's duty at these hours of these days.

    Attributes:
        phone: as it is dialled.
        days: of the week on which it begins, 0 for Monday.
        begins, ends: local time; one that ends no later than it begins goes on over midnight,
            so that from 00:00 to 00:00 is the whole day.
        rank: who is rung first; the lower, the sooner.
        since, until: the first and the last day on which it may begin; None for ever.

    Raises:
        GuardFailed: ``contact_incomplete``, ``bad_window`` or ``duty_incomplete``.
    """

    unit: str
    person: str
    phone: str
    since: date
    until: date | None = None
    days: frozenset[int] = EVERY_DAY
    begins: time = time()
    ends: time = time()
    rank: int = FIRST_RANK

    def __post_init__(self) -> None:
        # the rules of a contact are those of its number and its days
        Contact(self.unit, self.person, ContactRole.ON_CALL, self.phone, self.since, self.until)
        rank_is_right = FIRST_RANK <= self.rank <= LAST_RANK
        if not self.days or not self.days <= EVERY_DAY or not rank_is_right:
            raise GuardFailed(
                "duty_incomplete",
                "请选择至少一个星期几，并填写 1 至 99 的次序。",
                "Choose at least one day of the week, and an order from 1 to 99.",
                "요일을 하나 이상 선택하고 1부터 99까지의 순서를 입력하십시오.",
            )

    def holds(self, moment: datetime) -> bool:
        """Whether it is this person's duty at ``moment``, given in local time."""
        today, now = moment.date(), moment.time().replace(tzinfo=None)
        if self.begins < self.ends:
            return self._begins_on(today) and self.begins <= now < self.ends
        yesterday = today - timedelta(days=1)
        return (self._begins_on(today) and self.begins <= now) or (
            self._begins_on(yesterday) and now < self.ends
        )

    def _begins_on(self, day: date) -> bool:
        return (
            day.weekday() in self.days
            and self.since <= day
            and (self.until is None or day <= self.until)
        )


class Found(StrEnum):
    """Where a person who may be rung was found."""

    ROSTER = "roster"
    REGISTER = "register"


@dataclass(frozen=True, slots=True)
class OnCall:
    """Somebody who may be rung for a unit.

    Attributes:
        role: in the register; ``on_call`` of those of the roster.
    """

    unit: str
    person: str
    phone: str
    role: ContactRole
    found: Found


def cascade(
    roster: Iterable[Duty],
    register: Iterable[Contact],
    unit: str,
    moment: datetime,
    roles: Sequence[ContactRole],
) -> tuple[OnCall, ...]:
    """Whom to ring for ``unit`` at ``moment``, one after the other; each number once.

    Args:
        moment: local time.
        roles: of the register, in their order.
    """
    on_duty = sorted(
        (duty for duty in roster if duty.unit == unit and duty.holds(moment)),
        key=lambda duty: (duty.rank, duty.since, duty.person, duty.phone),
    )
    found = [
        OnCall(unit, duty.person, duty.phone, ContactRole.ON_CALL, Found.ROSTER) for duty in on_duty
    ]
    there = [one for one in register if one.unit == unit and one.in_force(moment.date())]
    for role in roles:
        entries = (one for one in there if one.role is role)
        for one in sorted(entries, key=lambda one: (one.since, one.person, one.phone)):
            found.append(OnCall(unit, one.person, one.phone, role, Found.REGISTER))
    once: dict[str, OnCall] = {}
    for each in found:
        once.setdefault(_digits(each.phone), each)
    return tuple(once.values())


def _digits(phone: str) -> str:
    return "".join(c for c in phone if c.isdigit())
