"""What orders are judged by, as it is now: units from SQL, policy packs and calendar from files."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from asyncpg import PostgresError
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from ticketing.domain.calendar import WorkCalendar
from ticketing.domain.errors import DatabaseUnavailable, NoPolicy
from ticketing.domain.guards import World
from ticketing.domain.policy import PolicyPack
from ticketing.domain.units import UnitTree
from ticketing.policies.loader import pack_in_force
from ticketing.store import units
from ticketing.store.database import Database
from ticketing.store.reference_tables import UNITS

_LIFE = 1.0  # seconds that a tree is good for, when nobody here has changed it


class SqlWorlds:
    """The `Worlds` of the running hotline.

    The tree is kept for a second; a change made through ``database`` is seen at once. It is read
    over a connection of its own: those who ask hold the pool's already, perhaps all of them.

    Args:
        database: where the units are kept.
        packs: every policy pack there is.
        calendar: of the country; or what gives it, where a new year may be published any time.
        zone: the city's time zone.
        city: whose packs judge; may be left out when all packs are of one city.
        monotonic: a clock in seconds.

    Raises:
        ValueError: the city is not said, and there are packs of several.
    """

    def __init__(
        self,
        database: Database,
        packs: Iterable[PolicyPack],
        calendar: WorkCalendar | Callable[[], WorkCalendar],
        zone: ZoneInfo,
        city: str = "",
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._packs = {pack.id: pack for pack in packs}
        cities = {pack.city for pack in self._packs.values()}
        if not city and len(cities) != 1:
            raise ValueError(f"say which city it is: {', '.join(sorted(cities))}")
        self._city = city or cities.pop()
        self._calendar = calendar if callable(calendar) else lambda: calendar
        self._zone, self._monotonic = zone, monotonic
        self._engine = create_async_engine(
            database.engine.url, poolclass=NullPool, hide_parameters=True
        )
        self._kept: UnitTree | None = None
        self._good_until = 0.0
        self._changes = 0
        self._loading = asyncio.Lock()
        event.listen(database.engine.sync_engine, "after_cursor_execute", self._executed)
        event.listen(database.engine.sync_engine, "checkin", self._given_back)

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return self._zone

    async def tree(self) -> UnitTree:
        """The units, at most a second old; changes made in this process are in it.

        Raises:
            UnitNotFound: there is no unit yet.
            DatabaseUnavailable
        """
        if self._kept is not None and self._monotonic() < self._good_until:
            return self._kept
        async with self._loading:
            if self._kept is not None and self._monotonic() < self._good_until:
                return self._kept
            return await self._load()

    async def world(self, day: date, pack: str = "") -> World:
        """The world of a local day: with the pack of this id, else with the one in force then.

        Raises:
            NoPolicy: there is no such pack.
            UnitNotFound, DatabaseUnavailable
        """
        if pack and pack not in self._packs:
            raise NoPolicy(f"没有政策包 {pack}。There is no policy pack {pack}.")
        chosen = self._packs[pack] if pack else None
        if chosen is None:
            chosen = pack_in_force(self._packs.values(), self._city, day)
        return World(chosen, self._calendar(), await self.tree())

    def forget(self) -> None:
        """Read the units anew when they are next asked for."""
        self._changes += 1
        self._good_until = 0.0

    async def _load(self) -> UnitTree:
        began, changes = self._monotonic(), self._changes
        try:
            async with AsyncSession(self._engine) as session:
                tree = await units.tree(session)
        except (DBAPIError, PostgresError, OSError) as error:
            raise DatabaseUnavailable("the database is locked or away") from error
        if changes == self._changes:  # else it may lack a change made meanwhile
            self._kept, self._good_until = tree, began + _LIFE
        return tree

    def _executed(self, connection: Any, _cursor: Any, *rest: Any) -> None:
        """Remember at the connection that a statement of it has changed units."""
        compiled = rest[2].compiled if rest[2] is not None else None
        statement: Any = getattr(compiled, "statement", None)
        if getattr(statement, "is_dml", False) and statement.table is UNITS:
            connection.info[self] = True

    def _given_back(self, _connection: Any, record: Any) -> None:
        """The unit of work is over: committed, or rolled back, which does no harm."""
        if record.info.pop(self, False):
            self.forget()
