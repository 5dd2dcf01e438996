"""Contact persons of the units (K4, R12): a dated register; nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from ticketing.domain.errors import GuardFailed


class ContactRole(StrEnum):
    """What a person is to the hotline."""

    LIAISON = "liaison"  # 联络员
    LEADER = "leader"  # 分管领导
    HANDLER = "handler"  # 承办人员
    ON_CALL = "on_call"  # 值班人员 (H4)


@dataclass(frozen=True, slots=True)
class Contact:
    """Who is to be reached at a unit.

    Attributes:
        phone: as it is dialled.
        since: the first day.
        until: the last day; None for as long as nobody says.

    Raises:
        GuardFailed: ``contact_incomplete`` or ``bad_window``.
    """

    unit: str
    person: str
    role: ContactRole
    phone: str
    since: date
    until: date | None = None

    def __post_init__(self) -> None:
        digits = self.phone.replace("-", "").replace(" ", "").removeprefix("+")
        if not self.person.strip() or not (digits.isascii() and digits.isdigit()):
            raise GuardFailed(
                "contact_incomplete",
                "请填写联系人姓名和电话号码。",
                "Give the person's name and a telephone number.",
                "담당자의 이름과 전화번호를 입력하십시오.",
            )
        if self.until is not None and self.until < self.since:
            raise GuardFailed(
                "bad_window",
                "结束日期不得早于开始日期。",
                "The last day is not before the first.",
                "끝나는 날은 시작하는 날보다 이를 수 없습니다.",
            )

    def in_force(self, day: date) -> bool:
        """Whether this is the contact on ``day``."""
        return self.since <= day and (self.until is None or day <= self.until)


class ChangeKind(StrEnum):
    """What happened to a contact."""

    JOINED = "joined"
    LEFT = "left"
    CHANGED = "changed"  # the same person and role, another number


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the register, on the first day it is so."""

    day: date
    kind: ChangeKind
    contact: Contact
    before: Contact | None = None


def in_force(
    register: Iterable[Contact],
    day: date,
    *,
    unit: str | None = None,
    role: ContactRole | None = None,
) -> tuple[Contact, ...]:
    """The contacts on ``day``, of one unit or role if given; by unit, role and first day."""
    found = [
        one
        for one in register
        if one.in_force(day) and unit in (None, one.unit) and role in (None, one.role)
    ]
    roles = list(ContactRole)
    return tuple(
        sorted(found, key=lambda one: (one.unit, roles.index(one.role), one.since, one.person))
    )


def appoint(
    register: Iterable[Contact], new: Contact, instead_of: str | None = None
) -> tuple[Contact, ...]:
    """``register`` with ``new``; an entry of the same person, unit and role ends the day before.

    Args:
        instead_of: the person whose entry of that unit and role ends too.

    Raises:
        GuardFailed: ``contact_overlaps``: such an entry begins on the same day or later.
    """
    entries: list[Contact] = []
    for one in register:
        same_place = (one.unit, one.role) == (new.unit, new.role)
        replaced = same_place and one.person in (new.person, instead_of)
        if replaced and (one.until is None or one.until >= new.since):
            if one.since >= new.since:
                raise GuardFailed(
                    "contact_overlaps",
                    f"{one.person} 自 {one.since} 起已有登记，请先改正该条。",
                    f"{one.person} has an entry from {one.since} on; correct that one first.",
                    f"{one.person}은(는) {one.since}부터 등록되어 있으니 먼저 고치십시오.",
                )
            entries.append(replace(one, until=new.since - timedelta(days=1)))
        else:
            entries.append(one)
    return (*entries, new)


def changes(register: Iterable[Contact], since: date, until: date) -> tuple[Change, ...]:
    """What has changed from ``since`` to ``until``, both included, oldest first (K4).

    A person who goes on with another number has changed; one who goes on with the same number has
    not.
    """
    entries = sorted(register, key=lambda one: (one.since, one.unit, one.role, one.person))
    found = []
    for one in entries:
        before = next((other for other in entries if _goes_on(other, one)), None)
        if since <= one.since <= until:
            if before is None:
                found.append(Change(one.since, ChangeKind.JOINED, one))
            elif before.phone != one.phone:
                found.append(Change(one.since, ChangeKind.CHANGED, one, before))
        if one.until is not None and not any(_goes_on(one, other) for other in entries):
            left = one.until + timedelta(days=1)
            if since <= left <= until:
                found.append(Change(left, ChangeKind.LEFT, one))
    kinds = [ChangeKind.LEFT, ChangeKind.JOINED, ChangeKind.CHANGED]
    found.sort(key=lambda change: (change.contact.unit, kinds.index(change.kind)))
    return tuple(sorted(found, key=lambda change: change.day))


def _goes_on(before: Contact, after: Contact) -> bool:
    """Whether ``after`` follows ``before`` without a gap: the same person, unit and role."""
    return (
        before is not after
        and (before.unit, before.role, before.person) == (after.unit, after.role, after.person)
        and before.until is not None
        and before.until + timedelta(days=1) == after.since
    )
