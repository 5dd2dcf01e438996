"""Lists of orders: filtered, sorted, a page at a time, each over the index that fits it.

PostgreSQL knows from its statistics which index to take. SQLite keeps none, so here it is told: of
all conditions one leads, and the columns of the others are written ``+column``, which it does not
look up by. A list of several categories or states is put together from the newest of each.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    Text,
    TextClause,
    and_,
    cast,
    column,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    table,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.errors import BadCursor
from ticketing.domain.work_order import RUNNING, State
from ticketing.store import search
from ticketing.store.order_rows import SHOWN, Filters, OrderPage, Sight, Sort, row
from ticketing.store.order_tables import ORDER_UNITS, WORK_ORDERS

O, U = WORK_ORDERS.c, ORDER_UNITS.c  # noqa: E741 - short for many conditions


_MOST_DIGITS = 18  # of an order's number
_WITH_A_CLOCK = sorted(state.value for state in RUNNING)  # no other order is due
_MANY = frozenset({State.CLOSED, State.ARCHIVED})  # most orders are in these
_SHARP = ("citizen_phone", "call_id", "master", "asks", "citizen_name")  # each leaves only a few


async def page(
    session: AsyncSession,
    filters: Filters,
    *,
    seen_by: Sight | None,
    sort: Sort = Sort.NEWEST,
    limit: int = 50,
    cursor: str | None = None,
) -> OrderPage:
    """One page of the orders.

    Args:
        seen_by: only what is seen from there; None for all.
        cursor: ``next`` of the page before; all else must be as it was for it.

    Raises:
        BadCursor: it is not one of ours.
    """
    if seen_by is not None and not (seen_by.centres or seen_by.holds):
        return OrderPage((), None)
    after = None if cursor is None else _read_cursor(cursor)
    listed = _List(session, filters, seen_by, sort)
    if filters.words:
        found = search.condition(session, filters.words)
        if found is None:
            return OrderPage((), None)
        query = await listed.found(session, found, after, limit + 1)
        key = "received_at"
    elif sort is Sort.DUE:
        query, key = listed.by_limit(after), "due"
    else:
        query, key = await listed.newest(session, after, limit + 1), "received_at"
    rows = (await session.execute(query.limit(limit + 1))).all()
    items = tuple(row(each) for each in rows[:limit])
    more = len(rows) > limit and items
    return OrderPage(items, _cursor(getattr(items[-1], key), items[-1].number) if more else None)


class _List:
    """One list: what is in it, and which condition leads.

    Attributes:
        own: the unit whose own index of orders leads, or None.
        lead: the columns of `WORK_ORDERS` that are looked up by; on PostgreSQL it decides itself.
    """

    def __init__(
        self, session: AsyncSession, filters: Filters, sight: Sight | None, sort: Sort
    ) -> None:
        self._f, self._sight = filters, sight
        self._sqlite = session.get_bind().dialect.name == "sqlite"
        single = sight is not None and set(sight.centres) <= {sight.unit}
        self._own = sight.unit if sight is not None and single else None
        self._lead = self._leading(sort)
        if self._own is not None and self._lead not in {(name,) for name in _SHARP}:
            self._lead = ()
        self._by_unit = self._own is not None and not self._lead
        self._whole = sight is None and filters == Filters(words=filters.words)

    def _leading(self, sort: Sort) -> tuple[str, ...]:
        """The columns of the condition that leaves the fewest orders, as far as can be told."""
        f = self._f
        if f.words and self._sqlite:
            return ()
        same = self._same()
        for name in _SHARP:
            if same[name]:
                return (name,)
        if sort is Sort.DUE:
            return ("unit", "due") if f.unit else ("due",)
        if f.overdue_at is not None:
            return ("due",)
        if f.states and not _MANY & set(f.states):
            return ("state", "received_at")
        for name in ("category", "unit", "district"):
            if same.get(name) or (name == "district" and f.districts):
                return (name, "received_at")
        if f.states:
            return ("state", "received_at")
        for name in ("satisfaction", "channel", "type", "urgency"):
            if same[name]:
                return (name, "received_at")
        return ("received_at",)

    def _same(self) -> dict[str, str]:
        """Columns that are to have a certain value; those with an empty one are not asked for."""
        f = self._f
        return {
            "citizen_phone": f.phone,
            "call_id": f.call,
            "master": f.master,
            "asks": f.asks,
            "citizen_name": f.name,
            "category": f.category,
            "unit": f.unit,
            "satisfaction": f.satisfaction.value if f.satisfaction else "",
            "channel": f.channel.value if f.channel else "",
            "type": f.type.value if f.type else "",
            "urgency": f.urgency.value if f.urgency else "",
        }

    def _column(self, name: str) -> ColumnElement[Any]:
        """A column of the orders; not looked up by on SQLite unless it leads."""
        if name == "received_at" and self._lead == ("due",) and not self._sqlite:
            # what is late lies close together: PostgreSQL would go through all that is newer
            return func.coalesce(O.received_at, O.received_at)
        if name in self._lead or not self._sqlite:
            return O[name]
        return literal_column(f"+work_orders.{name}", O[name].type)

    # --- the three ways -------------------------------------------------------------------------
    async def found(
        self,
        session: AsyncSession,
        words: TextClause | ColumnElement[bool],
        after: tuple[datetime, str] | None,
        limit: int,
    ) -> Select[Any]:
        """By words, the newest first.

        Numbers count up with time, so the newest have the highest, and SQLite's index of words
        gives them in that order. PostgreSQL's gives them in none: it is asked for rare words; for
        common ones the newest orders of the list are looked at, one after the other.
        """
        index: FromClause = table("order_search", column("rowid" if self._sqlite else "number"))
        place: ColumnElement[Any] = literal_column(f"order_search.{index.columns.keys()[0]}")
        if not self._sqlite:
            if not await search.is_rare(session, self._f.words):
                same = place == cast(O.number, BigInteger)
                each: Select[Any] = (
                    select(literal_column("1")).select_from(index).where(same, words)
                )
                # the offset keeps it a question about each order
                return await self.newest(session, after, limit, each.offset(0).exists())
            matches: Select[Any] = select(place.label("number")).select_from(index).where(words)
            if self._whole:  # by a sum, which no index has: it is not to go along the numbers
                matches = matches.order_by((place + 0).desc()).limit(limit)
                matches = matches if after is None else matches.where(place < int(after[1]))
            hits = matches.cte("hits").prefix_with("MATERIALIZED")
            index, place = hits, hits.c.number
        query = self._narrowed(self._seen((index, O.number == cast(place, Text))))
        if after is not None:
            query = query.where(place < int(after[1]))
        if self._sqlite:
            query = query.where(words)
            if self._f.states and not _MANY & set(self._f.states):
                query = query.where(place >= self._oldest())
        return query.order_by(place.desc())

    def _oldest(self) -> ScalarSelect[Any]:
        """The lowest number in the wanted states: below it no match need be looked at."""
        other = WORK_ORDERS.alias("other")
        low = func.min(cast(other.c.number, BigInteger))
        states = [each.value for each in self._f.states]
        return select(low).where(other.c.state.in_(states)).scalar_subquery()

    def by_limit(self, after: tuple[datetime, str] | None) -> Select[Any]:
        """The soonest due first."""
        due = self._column("due")
        query = self._narrowed(self._seen()).where(due.is_not(None))
        if self._by_unit:
            query = query.where(U.state.in_(_WITH_A_CLOCK))
        if after is not None:
            at, last = after
            query = query.where(due >= at, or_(due > at, and_(due == at, O.number > last)))
        return query.order_by(due, O.number)

    async def newest(
        self,
        session: AsyncSession,
        after: tuple[datetime, str] | None,
        limit: int,
        *also: ColumnElement[bool],
    ) -> Select[Any]:
        """The newest first; ``also``: what else is to hold."""
        at: ColumnElement[Any] = self._column("received_at")
        number: ColumnElement[Any] = O.number
        if self._by_unit:
            at, number = U.received_at, U.number
        narrowed = self._narrowed(self._seen(), parted=True).where(*also)
        if after is not None:
            then, last = after
            narrowed = narrowed.where(at <= then, or_(at < then, and_(at == then, number < last)))
        ordered = narrowed.order_by(at.desc(), number.desc())
        if self._parted() == "district":
            return self._of_each_district(ordered.limit(limit))
        parts = await self._parts(session)
        if parts is None:
            return ordered
        if len(parts) < 2:
            return ordered.where(*(parts or [false()]))
        each = [select(ordered.where(part).limit(limit).subquery()) for part in parts]
        whole = union_all(*each).subquery()
        return select(whole).order_by(whole.c.received_at.desc(), whole.c.number.desc())

    async def _parts(self, session: AsyncSession) -> list[ColumnElement[bool]] | None:
        """The conditions whose lists make up the whole; None when there is nothing to part."""
        f, source = self._f, U if self._by_unit else O
        if self._parted() == "state":
            return [source.state == state.value for state in f.states]
        if self._parted() == "category":
            codes = await _codes(session, self._own if self._by_unit else None)
            below = f"{f.category}."
            wanted = [code for code in codes if code == f.category or code.startswith(below)]
            return [source.category == code for code in wanted]
        return None

    def _of_each_district(self, newest: Select[Any]) -> Select[Any]:
        """The newest of all wanted districts, of which there may be hundreds: ``newest`` is asked
        of each, which is a step of the index, and only what is shown is fetched."""
        shown = WORK_ORDERS.alias("shown")
        wanted: Any = list(self._f.districts)
        if self._sqlite:
            codes = func.json_each(json.dumps(wanted)).table_valued("value", name="codes")
        else:
            listed = func.unnest(cast(wanted, ARRAY(Text))).table_valued("value", name="codes")
            codes = listed.render_derived()
        found = newest.with_only_columns(O.number).where(O.district == codes.c.value)
        query = select(*(shown.c[each.name] for each in SHOWN))
        if self._sqlite:
            each = shown.c.number.in_(found.correlate(codes))
            query = query.select_from(codes.join(shown, each))
        else:
            each_found = found.correlate(codes).lateral("found")
            joined = codes.join(each_found, true())
            query = query.select_from(joined.join(shown, shown.c.number == each_found.c.number))
        return query.order_by(shown.c.received_at.desc(), shown.c.number.desc())

    def _parted(self) -> str:
        """Which filter of several values leads: state, category, district or none."""
        if self._by_unit:
            return "state" if self._f.states else "category" if self._f.category else ""
        return self._lead[0] if self._lead[0] in ("state", "category", "district") else ""

    # --- conditions -----------------------------------------------------------------------------
    def _seen(self, *joined: tuple[FromClause, ColumnElement[bool]]) -> Select[Any]:
        """What is seen from there: over the unit's own orders, unless there are centres below it.

        Args:
            joined: tables that lead, and how they are joined.
        """
        sight, tables = self._sight, list(joined)
        if sight is not None and self._own is not None:
            unit: ColumnElement[Any] = U.unit
            if self._sqlite and not self._by_unit:
                unit = literal_column("+order_units.unit", U.unit.type)
            tables.append((ORDER_UNITS, and_(unit == sight.unit, U.number == O.number)))
        source: FromClause = WORK_ORDERS
        for other, condition in tables:
            source = source.join(other, condition)
        query = select(*SHOWN).select_from(source)
        if sight is None:
            return query
        if self._own is None:
            seen: list[ColumnElement[bool]] = [O.centre.in_(sight.centres)]
            if sight.holds:
                seen.append(exists().where(U.unit == sight.unit, U.number == O.number, U.holds))
            return query.where(or_(*seen))
        if not sight.holds:
            return query.where(O.centre == sight.unit)
        return query if sight.centres else query.where(U.holds)

    def _narrowed(self, query: Select[Any], *, parted: bool = False) -> Select[Any]:
        """By every filter but words; not by the one that the list is ``parted`` by."""
        f, without = self._f, self._parted() if parted else ""
        if f.states and without != "state":
            state = U.state if self._by_unit else self._column("state")
            query = query.where(state.in_([each.value for each in f.states]))
        for name, value in self._same().items():
            if value and name != "category":
                query = query.where(self._column(name) == value)
        if f.category and without != "category":
            category = self._column("category")
            below = category.startswith(f"{f.category}.", autoescape=True)
            query = query.where(or_(category == f.category, below))
        if f.districts and without != "district":
            query = query.where(self._column("district").in_(f.districts))
        at = U.received_at if self._by_unit else self._column("received_at")
        if f.since is not None:
            query = query.where(at >= f.since)
        if f.until is not None:
            query = query.where(at < f.until)
        if f.overdue_at is not None:
            query = query.where(self._column("due") < f.overdue_at)
            if self._by_unit:
                query = query.where(U.state.in_(_WITH_A_CLOCK))
        return query


async def _codes(session: AsyncSession, unit: str | None) -> Sequence[str]:
    """The categories of all orders, or of a unit's own, one step of the index for each."""
    if unit is None:
        return await _values(session, O.category)
    return await _values(session, U.category, U.unit == unit)


async def _values(
    session: AsyncSession, column: ColumnElement[Any], *mine: ColumnElement[bool]
) -> Sequence[str]:
    """The values of a column that an index begins with, one step of the index for each."""
    first = select(func.min(column).label("code")).where(*mine)
    codes = first.cte("codes", recursive=True)
    after = select(func.min(column)).where(*mine, column > codes.c.code)
    codes = codes.union_all(select(after.scalar_subquery()).where(codes.c.code.is_not(None)))
    query = select(codes.c.code).where(codes.c.code.is_not(None))
    return (await session.execute(query)).scalars().all()


def _cursor(at: datetime, number: str) -> str:
    plain = f"{at.astimezone(UTC).isoformat()} {number}"
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    refused = BadCursor("this cursor is not one of ours; ask again without it")
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        moment, _, last = base64.b64decode(padded, b"-_", validate=True).decode().partition(" ")
        at = datetime.fromisoformat(moment)
    except ValueError:  # also binascii.Error and UnicodeError
        raise refused from None
    digits = last.isascii() and last.isdigit() and len(last) <= _MOST_DIGITS
    if not digits or at.utcoffset() != timedelta(0):
        raise refused
    return at, last
