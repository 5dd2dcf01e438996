"""Use cases of outward calls: what goes out is judged, counted, and written before it rings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ticketing.domain.errors import DatabaseUnavailable, NumberNotAllowed, OutboundLimit
from ticketing.domain.lines import LinePlan
from ticketing.domain.outbound import Dialled, NumberKind, Outbound, Purpose, Traffic, judge, within
from ticketing.domain.roles import Principal, mask_number
from ticketing.service.clock import utc_now
from ticketing.store import audit
from ticketing.store import outward as store
from ticketing.store.database import Database
from ticketing.store.outward import OutwardPage

SYSTEM = "system"
"""Who places the calls that nobody asked for."""

Plans = Callable[[date], tuple[Outbound, LinePlan]]
"""The plans of a local day: of outward calls, and of numbers."""


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to place one call.

    Attributes:
        id: of its row; None when an emergency went out without the database.
    """

    id: int | None
    dialled: Dialled


class OutwardLog:
    """The outward calls as they were, for who looks after them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, *, limit: int, purpose: Purpose | None = None, cursor: str | None = None
    ) -> OutwardPage:
        """A page of the calls, newest first.

        Raises:
            BadCursor, DatabaseUnavailable
        """
        async with self._database.reading() as session:
            return await store.page(session, limit=limit, purpose=purpose, cursor=cursor)


class OutwardCalls:
    """The outward calls in SQL.

    Args:
        plans: what may go out.
        zone: whose midnight begins the counting anew.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        plans: Plans,
        zone: ZoneInfo,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._plans, self._zone, self._now = database, plans, zone, now
        self._one = asyncio.Lock()  # counting and writing are one step

    def judge(self, number: str, purpose: Purpose | None = None) -> Dialled:
        """What a number is, if it may be called at all.

        Raises:
            NumberNotAllowed
        """
        day, _ = self._today()
        outbound, lines = self._plans(day)
        return judge(outbound, lines, number, purpose, day)

    async def permit(
        self,
        who: Principal | None,
        number: str,
        purpose: Purpose,
        ref: str,
        *,
        going_on: int,
        channel: str | None = None,
    ) -> Permit:
        """Judge a call and write it down; refusals go into the audit log too.

        Args:
            who: who wants it; None for the hotline itself.
            ref: what it is for, for the auditor.
            going_on: outward calls that go on now.
            channel: the id its leg will have.

        Raises:
            NumberNotAllowed, OutboundLimit, DatabaseUnavailable
        """
        name = SYSTEM if who is None else who.username
        day, midnight = self._today()
        outbound, lines = self._plans(day)
        try:
            dialled = judge(outbound, lines, number, purpose, day)
            if dialled.kind is NumberKind.EMERGENCY:
                return await self._emergency(name, dialled, purpose, ref, channel)
            async with self._one, self._database.session() as session:
                today, same = await store.counts(session, midnight, dialled.number)
                within(outbound, dialled, purpose, Traffic(going_on, today, same))
                now = self._now()
                call = await store.add(
                    session, now, name, dialled.number, dialled.kind, purpose, ref, channel
                )
                await audit.note(session, now, name, f"outward.{purpose}", _shown(dialled), ref=ref)
        except (NumberNotAllowed, OutboundLimit) as refusal:
            await self._note_refusal(name, refusal, purpose, ref)
            raise
        return Permit(call, dialled)

    async def told(self, permit: Permit, outcome: str) -> None:
        """Keep how a call went.

        Raises:
            DatabaseUnavailable
        """
        if permit.id is not None:
            async with self._database.session() as session:
                await store.told(session, permit.id, self._now(), outcome)

    async def ended(self, channel: str) -> None:
        """Keep that the leg of a call is gone.

        Raises:
            DatabaseUnavailable
        """
        async with self._database.session() as session:
            await store.ended(session, channel, self._now())

    async def _emergency(
        self, name: str, dialled: Dialled, purpose: Purpose, ref: str, channel: str | None
    ) -> Permit:
        """An emergency goes out, whether it can be written down or not (X1, X2)."""
        try:
            async with self._database.session() as session:
                now = self._now()
                call = await store.add(
                    session, now, name, dialled.number, dialled.kind, purpose, ref, channel
                )
                await audit.note(session, now, name, f"outward.{purpose}", dialled.number, ref=ref)
        except DatabaseUnavailable:
            return Permit(None, dialled)
        return Permit(call, dialled)

    async def _note_refusal(
        self, name: str, refusal: NumberNotAllowed | OutboundLimit, purpose: Purpose, ref: str
    ) -> None:
        if isinstance(refusal, NumberNotAllowed):
            number, reason = refusal.number, refusal.reason
        else:
            number, reason = "", refusal.limit
        async with self._database.session() as session:
            await audit.note(
                session,
                self._now(),
                name,
                "outward.refused",
                number,
                purpose=purpose.value,
                ref=ref,
                reason=reason,
            )

    def _today(self) -> tuple[date, datetime]:
        """The local day, and when it began."""
        day = self._now().astimezone(self._zone).date()
        return day, datetime.combine(day, time(), self._zone)


def _shown(dialled: Dialled) -> str:
    return dialled.number if not dialled.counted_apart else mask_number(dialled.number)
