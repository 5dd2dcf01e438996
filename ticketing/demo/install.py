"""Writes the demo city and its orders into a database, in one unit of work."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.demo import people
from ticketing.demo.city import City, found
from ticketing.demo.generator import Made, Told, generate
from ticketing.demo.places import ROOT
from ticketing.domain.calendar import WorkCalendar
from ticketing.domain.errors import UserExists
from ticketing.domain.policy import PolicyPack
from ticketing.domain.questions import Question
from ticketing.service.accounts import Accounts
from ticketing.service.passwords import Passwords
from ticketing.store import audit, bulk, categories, drafts, knowledge, notices, units
from ticketing.store.attempts import MemoryAttempts
from ticketing.store.database import Database

ACTOR = "operator"


class Unsuitable(ValueError):
    """The database holds something that the demo's data would mix with; the text says what."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What was written.

    Attributes:
        reference: whether units and all that belongs to them were written too.
    """

    city: City
    made: Made
    reference: bool


async def install(
    database: Database,
    packs: Iterable[PolicyPack],
    calendar: WorkCalendar,
    *,
    seed: int,
    orders: int,
    until: datetime,
    more: bool = False,
    generating: Told | None = None,
    writing: Told | None = None,
) -> Installed:
    """Make the demo city and write it.

    Args:
        until: UTC; orders come in during the year before.
        more: also when there are orders already.
        generating, writing: how far it is.

    Raises:
        Unsuitable: there are orders already, or units of another city.
        DatabaseUnavailable
    """
    city = found(seed, until)
    async with database.reading() as session:
        await _check(session, more)
        taken = await bulk.last_numbers(session)
        ids = await _articles(session, city)
    # generated before anything is written: it takes a while, and writers wait for one another
    made = generate(
        city,
        packs,
        calendar,
        seed=seed,
        orders=orders,
        until=until,
        articles=ids,
        taken=taken,
        told=generating,
    )
    async with database.session() as session:
        await units.lock(session)
        await _check(session, more)
        if await bulk.last_numbers(session) != taken or await _articles(session, city) != ids:
            raise Unsuitable("somebody has added data meanwhile; run it again")
        new = await _units(session, city)
        if new:
            await _reference(session, city, ids, until)
        await bulk.write(session, made.orders, made.events, made.counters, writing)
        await drafts.renew(session, made.drafts)
        for at, text, category, number in made.questions:
            question = Question(number, text, at, category)
            await knowledge.ask(session, at, "agent01", question, number)
        facts = {"seed": seed, "orders": orders, "until": until.isoformat()}
        await audit.note(session, until, ACTOR, "demo.data", "orders", **facts)
    return Installed(city, made, new)


async def add_users(
    database: Database, passwords: Passwords | None = None
) -> list[tuple[people.Account, str]]:
    """Make the demo's users; those that are there already are left alone.

    Returns:
        the new ones, each with its first password, which must be changed at the first login.
    """
    accounts, made = Accounts(database, MemoryAttempts(), passwords), []
    for one in people.accounts():
        try:
            _, password = await accounts.create(ACTOR, one.username, [one.role], one.unit)
        except UserExists:
            continue
        made.append((one, password))
    return made


async def _check(session: AsyncSession, more: bool) -> None:
    if not more and not await bulk.is_empty(session):
        raise Unsuitable(
            "there are work orders already; use another HOTLINE_HOME, or add to them with --add"
        )
    strangers = [one for one in await units.everyone(session) if one.parent is None]
    if strangers and strangers[0].id != ROOT:
        raise Unsuitable(f"the units are those of {strangers[0].name}; use another HOTLINE_HOME")


async def _articles(session: AsyncSession, city: City) -> dict[str, str]:
    """The ids of the articles by their keys: those they have, or those they will get."""
    known: dict[tuple[str, str], str] = {}
    filters, cursor, last = knowledge.ArticleFilters(), None, 0
    while True:
        page = await knowledge.page(session, filters, limit=200, cursor=cursor)
        for row in page.items:
            known[row.unit, row.title] = row.id
            last = max(last, knowledge.number_of(row.id))
        cursor = page.next
        if cursor is None:
            break
    ids = {}
    for key, article in city.articles.items():
        found_id = known.get((article.unit, article.versions[0].title))
        if found_id is None:
            last += 1
            found_id = f"K{last}"
        ids[key] = found_id
    return ids


async def _units(session: AsyncSession, city: City) -> bool:
    """Write the units that are not there; False when all of them are."""
    known = {one.id for one in await units.everyone(session)}
    missing = [one for one in city.places.tree if one.id not in known]
    if ROOT in known and missing:  # made at the hotline's first start
        await units.change(session, city.places.tree.root)
    for one in missing:
        await units.add(session, one)
    return bool(missing)


async def _reference(
    session: AsyncSession, city: City, ids: dict[str, str], until: datetime
) -> None:
    for category in city.categories:
        await categories.add(session, category)
    for row in city.responsibilities:
        await categories.add_responsibility(session, row)
    for contact in city.contacts:
        await units.add_entry(session, contact)
    for key, article in city.articles.items():
        moments = [version.written_at for version in article.versions]
        kept = await knowledge.add(session, article, max(moments))
        if kept.article.id != ids[key]:
            raise Unsuitable("the knowledge base has had other articles; use another HOTLINE_HOME")
    for notice in city.notices:
        await notices.add(session, notice, notice.published_by)
