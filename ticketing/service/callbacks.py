"""Use cases of calling back: the list, whose attempt it is, what became of it (T9).

Rows are made and settled from call records, in the transaction that stores these: whatever dies,
a call leads to one row and an attempt to one outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.callbacks import (
    Attempt,
    Callback,
    CallbackRules,
    Kind,
    State,
    Tried,
    begun,
    born,
    closed,
    ended,
    merged,
    tried,
    unplaced,
)
from ticketing.domain.calls import CallRecord
from ticketing.domain.errors import CallbackClosed
from ticketing.domain.roles import Permission, Principal, mask_number
from ticketing.service.clock import utc_now
from ticketing.store import audit
from ticketing.store import callbacks as store
from ticketing.store.callbacks import CallbackPage
from ticketing.store.database import Database

SYSTEM = "system"
_AGAIN = timedelta(minutes=1)  # after an attempt that did not leave the house


class Callbacks:
    """The list of those who are to be called back.

    Args:
        rules: those in force on a local day.
        zone: the city's.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        rules: Callable[[date], CallbackRules],
        zone: ZoneInfo,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._rules_of, self._zone, self._now = database, rules, zone, now

    @property
    def rules(self) -> CallbackRules:
        """The rules of today."""
        return self._rules_of(self.local.date())

    @property
    def local(self) -> datetime:
        """The local time."""
        return self._now().astimezone(self._zone)

    async def take(
        self, session: AsyncSession, records: Sequence[CallRecord]
    ) -> Sequence[CallRecord]:
        """What records of calls change on the list; to be told in the unit that stores them.

        Returns:
            the records, with what only the list knows of calls back.
        """
        attempts = {r.id: a for r in records if (a := Attempt.of(r.id)) is not None}
        rows = await store.of_ids(session, [each.callback for each in attempts.values()])
        plain = [record for record in records if record.id not in attempts]
        lists = await store.open_of(session, (self._number(r) for r in plain)) if plain else {}
        told = await store.of_calls(session, [record.id for record in plain]) if plain else set()
        complete = []
        for record in records:
            if record.id in attempts:
                row = rows.get(attempts[record.id].callback)
                complete.append(await self._settle(session, record, row))
                continue
            complete.append(record)
            if record.id not in told:
                await self._note(session, record, lists)
        return complete

    @staticmethod
    def _number(record: CallRecord) -> str:
        return record.callback or record.caller

    async def _settle(
        self, session: AsyncSession, record: CallRecord, row: Callback | None
    ) -> CallRecord:
        if row is None:
            return record
        if row.attempt == record.id:
            after = ended(row, tried(record), record.ended_at, self.rules)
            if after is not row:
                await store.change(session, row, after)
        return replace(record, caller=row.number, line=row.line, language=row.language)

    async def _note(
        self, session: AsyncSession, record: CallRecord, lists: dict[str, Callback]
    ) -> None:
        number = self._number(record)
        known = lists.get(number)
        if record.answered_at is not None:
            if known and known.state is State.WAITING and known.asked_at <= record.answered_at:
                got_through = closed(known, State.CAME_BACK, record.answered_at)
                await store.change(session, known, got_through)
                del lists[number]
            return
        new = born(record, self.rules)
        if new is None:
            return
        if known is None:
            lists[number] = replace(new, id=await store.add(session, new))
        elif known.state is State.WAITING:
            both = merged(known, new)
            if both != known and await store.change(session, known, both):
                lists[number] = both

    async def outstanding(self) -> list[Callback]:
        """All that is still to be done."""
        async with self._database.reading() as session:
            return await store.outstanding(session)

    async def get(self, id: int) -> Callback:  # noqa: A002
        """One row.

        Raises:
            CallbackNotFound
        """
        async with self._database.reading() as session:
            return await store.get(session, id)

    async def begin(self, callback: Callback, who: Principal | None = None) -> Callback | None:
        """Make an attempt ours before the telephone rings; None when another one has it."""
        after = begun(callback, self._now())
        async with self._database.session() as session:
            if not await store.change(session, callback, after):
                return None
            if who is not None:
                await self._audit(session, who.username, "call", after)
        return after

    async def not_placed(self, callback: Callback) -> None:
        """An attempt did not leave the house: it is not counted, and made again."""
        async with self._database.session() as session:
            await store.change(session, callback, unplaced(callback, self._now() + _AGAIN))

    async def lost(self, callback: Callback) -> bool:
        """An attempt of which neither Asterisk nor the journal knows: counted, for it may have
        rung. Whether it was still open."""
        after = ended(callback, Tried.NOT_PLACED, self._now(), self.rules)
        async with self._database.session() as session:
            return await store.change(session, callback, after)

    async def refused(self, callback: Callback, why: str) -> None:
        """The number may not be called."""
        after = closed(callback, State.GIVEN_UP, self._now(), SYSTEM, why)
        async with self._database.session() as session:
            await store.change(session, callback, replace(after, outcome=Tried.NOT_PLACED))

    async def set_aside(self, who: Principal, id: int, note: str) -> Callback:  # noqa: A002
        """Take somebody off the list, for a reason.

        Raises:
            CallbackNotFound, CallbackClosed
        """
        async with self._database.session() as session:
            known = await store.get(session, id)
            after = closed(known, State.SET_ASIDE, self._now(), who.username, note)
            if known.state is not State.WAITING or not await store.change(session, known, after):
                raise CallbackClosed(f"callback {id} is {known.state}")
            await self._audit(session, who.username, "set_aside", after, note=note)
        return self.shown(who, after)

    async def page(
        self,
        who: Principal,
        *,
        open_only: bool = True,
        kind: Kind | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> CallbackPage:
        """One page of the list, newest first; numbers as this principal may see them.

        Raises:
            BadCursor
        """
        async with self._database.reading() as session:
            found = await store.page(
                session, open_only=open_only, kind=kind, limit=limit, cursor=cursor
            )
        return CallbackPage(tuple(self.shown(who, each) for each in found.items), found.next)

    @staticmethod
    def shown(who: Principal, callback: Callback) -> Callback:
        """The row as this principal may see it."""
        if who.may(Permission.CALLS_SEE_NUMBERS):
            return callback
        return replace(callback, number=mask_number(callback.number))

    async def _audit(
        self, session: AsyncSession, actor: str, verb: str, callback: Callback, **detail: str
    ) -> None:
        told = {"call": callback.call, "kind": callback.kind.value, **detail}
        await audit.note(session, self._now(), actor, f"callback.{verb}", str(callback.id), **told)
