"""Repeated matters (W10): the same person brings the same matter again.

Candidates are found by rule; they are linked only after a person has looked at them and said
whether the demand is reasonable. Many callers on one event are in `ticketing.domain.masters`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ticketing.domain.errors import GuardFailed, NotAllowed
from ticketing.domain.matters import Citizen
from ticketing.domain.roles import Role
from ticketing.domain.similarity import bigrams, likeness, normalised

JUDGES = frozenset({Role.DISPATCHER, Role.MANAGER})
_MOBILE_WITH_COUNTRY = re.compile(r"(?:00)?86(1\d{10})")
_FEWEST_DIGITS = 7


@dataclass(frozen=True, slots=True)
class RepeatSettings:
    """The pack's part (DOMAIN note 12).

    Attributes:
        days: how far back it is looked, calendar days of 24 hours.
        count: so many orders, the new one included, make a repeat.
        threshold: how alike two texts are at least, 0 to 1.
    """

    days: int = 90
    count: int = 2
    threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of an order when repeats are looked for; ``at`` is when it came in, aware."""

    order: str
    citizen: Citizen
    category: str
    text: str
    at: datetime


class SameBy(StrEnum):
    """How two citizens were found to be one."""

    PHONE = "phone"
    NAME_AND_ADDRESS = "name_and_address"


@dataclass(frozen=True, slots=True)
class Match:
    """An earlier order that seems to be the same matter of the same person."""

    order: str
    at: datetime
    same_by: SameBy
    likeness: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order that seems to be a repeat, with the earlier ones, the most alike first."""

    order: str
    earlier: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of two orders.

    Attributes:
        same: they are one matter of one person; only then they are linked.
        reasonable: the demand is; only a reasonable one counts against the unit (S17).
    """

    order: str
    earlier: str
    same: bool
    reasonable: bool
    why: str
    by: str
    at: datetime


def plain_phone(phone: str) -> str:
    """The digits of a telephone number, of a Chinese mobile without the country code.

    Empty when there are fewer than 7: such a number tells nobody apart.
    """
    digits = "".join(character for character in phone if character in "0123456789")
    mobile = _MOBILE_WITH_COUNTRY.fullmatch(digits)
    if mobile:
        return mobile[1]
    return digits if len(digits) >= _FEWEST_DIGITS else ""


def same_person(one: Citizen, other: Citizen) -> SameBy | None:
    """Whether both are one citizen: by telephone, or by name with address; None if not shown."""
    phone = plain_phone(one.phone)
    if phone and phone == plain_phone(other.phone):
        return SameBy.PHONE
    name, address = normalised(one.name), normalised(one.address)
    if name and address and (name, address) == (normalised(other.name), normalised(other.address)):
        return SameBy.NAME_AND_ADDRESS
    return None


def candidate(
    new: Case, earlier: Iterable[Case], settings: RepeatSettings | None = None
) -> Candidate | None:
    """The earlier orders that ``new`` seems to repeat; None when there are too few.

    The same matter is one of the same category with a text alike. An order later than ``new``
    is never its repeat.
    """
    chosen = settings or RepeatSettings()
    oldest = new.at - timedelta(days=chosen.days)
    pairs = bigrams(new.text)
    found = []
    for case in earlier:
        if case.order == new.order or case.category != new.category:
            continue
        same_by = same_person(new.citizen, case.citizen)
        if same_by is None or not oldest <= case.at <= new.at:
            continue
        alike = likeness(pairs, bigrams(case.text))
        if alike >= chosen.threshold:
            found.append(Match(case.order, case.at, same_by, alike))
    if not found or 1 + len(found) < chosen.count:
        return None
    found.sort(key=lambda match: (-match.likeness, -match.at.timestamp(), match.order))
    return Candidate(new.order, tuple(found))


def judge(
    of: Candidate,
    earlier: str,
    actor_roles: Iterable[Role],
    *,
    same: bool,
    reasonable: bool,
    why: str,
    by: str,
    at: datetime,
) -> Judgement:
    """A person's word on a candidate (W10).

    Args:
        earlier: the order of one of its matches.

    Raises:
        NotAllowed: none of the roles judges repeats.
        GuardFailed: ``reason_missing``: nothing is said of why.
        ValueError: ``earlier`` is none of the candidate's.
    """
    if not JUDGES & frozenset(actor_roles):
        raise NotAllowed("repeats are judged by the centre's dispatchers and manager")
    if not why.strip():
        raise GuardFailed(
            "reason_missing",
            "请写明是否同一事项、诉求是否合理的理由。",
            "Say why they are one matter or not, and why the demand is reasonable or not.",
            "같은 민원인지, 요구가 타당한지 그 이유를 적어 주십시오.",
        )
    if earlier not in {match.order for match in of.earlier}:
        raise ValueError(f"{earlier} is no candidate for {of.order}")
    return Judgement(of.order, earlier, same, reasonable, why.strip(), by, at)


def standing(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The last judgement on each pair of orders, whichever of the two was named first."""
    last: dict[frozenset[str], Judgement] = {}
    for judgement in sorted(judgements, key=lambda one: one.at):
        last[frozenset((judgement.order, judgement.earlier))] = judgement
    return tuple(last.values())


def linked(judgements: Iterable[Judgement]) -> tuple[tuple[str, ...], ...]:
    """Groups of orders that persons have linked, directly or over others; each sorted."""
    groups: dict[str, set[str]] = {}
    for one in standing(judgements):
        if one.same:
            group = groups.get(one.order, {one.order}) | groups.get(one.earlier, {one.earlier})
            groups.update(dict.fromkeys(group, group))
    return tuple(sorted({tuple(sorted(group)) for group in groups.values()}))


def counted(judgements: Iterable[Judgement]) -> frozenset[str]:
    """The orders that count as repeats of a reasonable demand (S17)."""
    return frozenset(one.order for one in standing(judgements) if one.same and one.reasonable)
