"""What the help for agents is learned from and finds in SQL, and what it has proposed.

Every function works in the unit of work it is given.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.assist.corpus import Example
from ticketing.domain.work_order import State
from ticketing.store import search
from ticketing.store.assist_tables import PROPOSALS
from ticketing.store.order_rows import SHOWN, OrderRow, Sight, row
from ticketing.store.order_tables import ORDER_EVENTS, ORDER_UNITS, WORK_ORDERS
from ticketing.store.reference_tables import ARTICLE_VERSIONS, ARTICLES, CATEGORIES

O, E, U, P = WORK_ORDERS.c, ORDER_EVENTS.c, ORDER_UNITS.c, PROPOSALS.c  # noqa: E741
_PROPOSED = ("type", "category", "district", "unit")
_UNDECIDED = [
    state.value for state in (State.RECEIVED, State.CLASSIFIED, State.DECLINED, State.WITHDRAWN)
]


@dataclass(frozen=True, slots=True)
class Proposed:
    """What was proposed to an agent; None where nothing was.

    Attributes:
        call, number: the call it was asked in, and the order that became of it; may be empty.
        model: the version of the model; empty when there was none.
        categories: the likeliest, the first first.
    """

    id: str
    at: datetime
    who: str
    call: str
    number: str
    model: str
    type: str | None
    category: str | None
    categories: tuple[str, ...]
    district: str | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was proposed and what persons made of it, of one order.

    Attributes:
        units: all that have the order, by a person's decision.
    """

    proposed: Proposed
    type: str
    category: str
    district: str
    units: frozenset[str]


async def decided(
    session: AsyncSession,
    after: tuple[datetime, str] | None,
    limit: int,
    until: datetime | None = None,
) -> tuple[Example, ...]:
    """Orders that persons have classified and led on, oldest first, a page at a time.

    Args:
        after: ``at`` and ``number`` of the page's last one before.
        until: only those that came in before.
    """
    wanted = [O.type.is_not(None), O.category != "", O.state.not_in(_UNDECIDED)]
    if after is not None:
        wanted.append(tuple_(O.received_at, O.number) > tuple_(*after))
    if until is not None:
        wanted.append(O.received_at < until)
    columns = (O.number, O.received_at, O.type, O.category, O.district, O.citizen_phone)
    query = select(*columns).where(*wanted).order_by(O.received_at, O.number).limit(limit)
    rows = (await session.execute(query)).all()
    told = await _told(session, [each.number for each in rows])
    return tuple(_example(each, *told.get(each.number, ({}, ""))) for each in rows)


async def _told(
    session: AsyncSession, numbers: Sequence[str]
) -> dict[str, tuple[dict[str, Any], str]]:
    """Of each order what was received, and the unit that it was last dispatched to."""
    query = (
        select(E.number, E.action, E.body)
        .where(E.number.in_(numbers), E.action.in_(("receive", "dispatch")))
        .order_by(E.number, E.seq)
    )
    found: dict[str, tuple[dict[str, Any], str]] = {}
    for number, action, body in await session.execute(query):
        command = json.loads(body)["command"]
        received, unit = found.get(number, ({}, ""))
        found[number] = (command, unit) if action == "receive" else (received, command["unit"])
    return found


def _example(found: Any, received: dict[str, Any], unit: str) -> Example:
    citizen = received.get("citizen", {})
    private = (citizen.get(name, "") for name in ("name", "phone", "email"))
    return Example(
        number=found.number,
        at=found.received_at,
        content=received.get("content", ""),
        address=citizen.get("address", ""),
        citizen=found.citizen_phone or citizen.get("name", ""),
        private=tuple(each for each in private if each),
        type=found.type,
        category=found.category,
        district=found.district,
        unit=unit,
    )


async def count_decided(session: AsyncSession, until: datetime | None = None) -> int:
    """How many orders `decided` gives."""
    wanted = [O.type.is_not(None), O.category != "", O.state.not_in(_UNDECIDED)]
    if until is not None:
        wanted.append(O.received_at < until)
    return (await session.execute(select(func.count()).where(*wanted))).scalar_one()


async def with_any(
    session: AsyncSession, words: Sequence[str], since: date, seen_by: Sight | None, limit: int
) -> tuple[tuple[OrderRow, str], ...]:
    """The newest orders since a local day that hold any of ``words``, each with its content.

    Args:
        seen_by: only what is seen from there; None for all.
    """
    wanted = search.either(session, words)
    if wanted is None:
        return ()
    place: ColumnElement[Any] = literal_column(
        "rowid" if session.get_bind().dialect.name == "sqlite" else "number", BigInteger
    )
    newest = (
        select(place.label("number"))
        .select_from(text("order_search"))
        .where(wanted, place >= int(f"{since:%y%m%d}00000"))
        .order_by(place.desc())
        .limit(limit)
    )
    numbers = [str(number) for number in (await session.execute(newest)).scalars()]
    query = select(*SHOWN).where(O.number.in_(numbers))
    if seen_by is not None:
        mine = or_(
            U.unit.in_(seen_by.centres),
            and_(U.unit == seen_by.unit, U.holds) if seen_by.holds else U.unit.in_(()),
        )
        query = query.where(exists().where(U.number == O.number, mine))
    rows = [row(each) for each in await session.execute(query.order_by(O.number.desc()))]
    told = await _told(session, [each.number for each in rows])
    return tuple((each, told.get(each.number, ({}, ""))[0].get("content", "")) for each in rows)


async def keep(session: AsyncSession, proposed: Proposed) -> None:
    """Keep what was proposed."""
    await session.execute(
        insert(PROPOSALS).values(
            id=proposed.id,
            at=proposed.at,
            who=proposed.who,
            call_id=proposed.call or None,
            number=proposed.number or None,
            model=proposed.model,
            type=proposed.type,
            category=proposed.category,
            categories=list(proposed.categories),
            district=proposed.district,
            unit=proposed.unit,
        )
    )


async def used(session: AsyncSession, proposal: str, who: str, number: str) -> bool:
    """Keep which order became of a proposal to ``who``; False when there is no such one."""
    changed = await session.execute(
        update(PROPOSALS)
        .where(P.id == proposal, P.who == who)
        .values(number=number)
        .returning(P.id)
    )
    return changed.one_or_none() is not None


async def chosen(session: AsyncSession, since: datetime, until: datetime) -> tuple[Chosen, ...]:
    """What was proposed in a time, with what persons chose: the last proposal for each order.

    A proposal belongs to the order that it was used for, else to the order of its call.
    """
    order = or_(O.number == P.number, and_(P.number.is_(None), O.call_id == P.call_id))
    query = (
        select(
            *(P[name] for name in ("id", "at", "who", "call_id", "model", "categories")),
            *(P[name].label(f"proposed_{name}") for name in _PROPOSED),
            *(O[name] for name in ("type", "category", "district")),
            O.number.label("order"),
        )
        .join_from(PROPOSALS, WORK_ORDERS, order)
        .where(P.at >= since, P.at < until, O.type.is_not(None))
        .order_by(P.at, P.id)
    )
    last = {found.order: found for found in await session.execute(query)}
    units: dict[str, set[str]] = {}
    numbers = sorted(last)
    for start in range(0, len(numbers), 500):
        some = numbers[start : start + 500]
        holders = select(U.number, U.unit).where(U.number.in_(some), U.holds)
        for number, unit in await session.execute(holders):
            units.setdefault(number, set()).add(unit)
    return tuple(_chosen(found, frozenset(units.get(number, ()))) for number, found in last.items())


async def count_proposals(session: AsyncSession, since: datetime, until: datetime) -> int:
    """How often something was proposed in a time."""
    query = select(func.count()).where(P.at >= since, P.at < until)
    return (await session.execute(query)).scalar_one()


def _chosen(found: Any, units: frozenset[str]) -> Chosen:
    proposed = Proposed(
        id=found.id,
        at=found.at,
        who=found.who,
        call=found.call_id or "",
        number=found.order,
        model=found.model,
        type=found.proposed_type,
        category=found.proposed_category,
        categories=tuple(found.categories),
        district=found.proposed_district,
        unit=found.proposed_unit,
    )
    return Chosen(proposed, found.type, found.category, found.district, units)


@dataclass(frozen=True, slots=True)
class Published:
    """A published version of an article."""

    article: str
    version: int
    title: str
    text: str
    category: str
    unit: str


async def articles_stamp(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many articles there are, and when one was last changed: told apart from then and now."""
    query = select(func.count(), func.max(ARTICLES.c.changed_at))
    count, changed = (await session.execute(query)).one()
    return count, changed


async def published(session: AsyncSession) -> tuple[Published, ...]:
    """Every article as it is published now, by id."""
    version, article = ARTICLE_VERSIONS.c, ARTICLES.c
    query = (
        select(
            article.id, version.number, version.title, version.text, article.category, article.unit
        )
        .join_from(
            ARTICLES,
            ARTICLE_VERSIONS,
            and_(version.article == article.id, version.number == article.published),
        )
        .order_by(article.id)
    )
    found = await session.execute(query)
    return tuple(Published(f"K{each[0]}", *each[1:]) for each in found)


async def category_names(session: AsyncSession, codes: Sequence[str]) -> dict[str, str]:
    """The names of categories by their codes."""
    query = select(CATEGORIES.c.code, CATEGORIES.c.name).where(CATEGORIES.c.code.in_(codes))
    return {row.code: row.name for row in await session.execute(query)}
