"""Use cases of nuisance callers: note what speaks against them, act by rule, have a person look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.calls import CallRecord
from ticketing.domain.errors import CallerUnknown, MeasureNotFound
from ticketing.domain.lines import LinePlan
from ticketing.domain.nuisance import (
    Decision,
    Measure,
    NuisanceRules,
    Sign,
    SignKind,
    Standing,
    judge,
    without_matter,
)
from ticketing.domain.roles import Principal, mask_number
from ticketing.service.clock import utc_now
from ticketing.service.outward import SYSTEM
from ticketing.store import audit
from ticketing.store import nuisance as store
from ticketing.store.database import Database
from ticketing.store.nuisance import Kept

_SHORTEST = 5  # digits of a citizen's number; seats have fewer or as many, and are in no record
_MEMORY = timedelta(days=90)

Rules = Callable[[date], tuple[NuisanceRules, LinePlan]]
"""The rules of a local day, and the number plan, whose numbers are never nuisance callers."""


class Nuisance:
    """Nuisance callers in SQL.

    Args:
        zone: the city's time zone.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        rules: Rules,
        zone: ZoneInfo,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._rules, self._zone, self._now = database, rules, zone, now

    def rules(self) -> NuisanceRules:
        """Those of today."""
        return self._today()[0]

    async def observe(self, records: Sequence[CallRecord]) -> list[Kept]:
        """Note the calls that brought no matter; the measures that are due by it.

        Raises:
            DatabaseUnavailable
        """
        rules, _ = self._today()
        signs = [
            (record.caller, Sign(record.ended_at, SignKind.SHORT, "", record.id))
            for record in records
            if without_matter(record, rules) and self._citizen(record.caller)
        ]
        if not signs:
            return []
        now, made = self._now(), []
        since = now - timedelta(minutes=rules.slow_within_minutes)
        async with self._database.session() as session:
            await store.add_signs(session, signs)
            for caller in await store.often(session, signs, since, rules.slow_calls):
                made += await self._act(session, caller, now)
        return made

    async def report(self, who: Principal, call: str, caller: str, note: str) -> list[Kept]:
        """An agent says that the caller of a call is a nuisance.

        Returns:
            the measures that are due by it.

        Raises:
            CallerUnknown: the number is withheld, or one of the number plan.
            DatabaseUnavailable
        """
        if not self._citizen(caller):
            raise CallerUnknown("the caller's number is withheld, or of the number plan")
        sign = Sign(self._now(), SignKind.REPORT, who.username, call)
        async with self._database.session() as session:
            return await self._note(session, caller, sign, note, who)

    async def block(self, who: Principal, caller: str, hours: int, note: str) -> Kept:
        """A supervisor blocks a caller, whatever speaks against them.

        Raises:
            CallerUnknown: a number of the number plan, or none at all.
            DatabaseUnavailable
        """
        if not self._citizen(caller):
            raise CallerUnknown("no number of a citizen")
        async with self._database.session() as session:
            now = self._now()
            standing = Standing(Measure.BLOCKED, now, now + timedelta(hours=hours))
            kept = await store.add_measure(session, caller, standing, who.username, (), note)
            await _audit(session, now, who.username, "nuisance.block", kept)
        return kept

    async def review(
        self, who: Principal, measure: int, decision: Decision, hours: int | None, note: str
    ) -> Kept:
        """A person has looked at a measure: it is lifted, or kept, for so many hours from now.

        Args:
            hours: None leaves its end as it is.

        Raises:
            MeasureNotFound, DatabaseUnavailable
        """
        async with self._database.session() as session:
            kept = await store.get(session, measure)
            if kept is None:
                raise MeasureNotFound(f"there is no measure {measure}")
            now = self._now()
            until = kept.until if hours is None else now + timedelta(hours=hours)
            kept = await store.review(session, measure, decision, who.username, now, until, note)
            await _audit(session, now, who.username, f"nuisance.{decision}", kept)
        return kept

    async def holding(self) -> list[Kept]:
        """The measures that hold now.

        Raises:
            DatabaseUnavailable
        """
        async with self._database.reading() as session:
            return await store.holding(session, self._now())

    async def latest(self, limit: int = 200) -> list[Kept]:
        """The latest measures, newest first.

        Raises:
            DatabaseUnavailable
        """
        async with self._database.reading() as session:
            return await store.latest(session, limit)

    async def _note(
        self,
        session: AsyncSession,
        caller: str,
        sign: Sign,
        note: str,
        who: Principal | None = None,
    ) -> list[Kept]:
        if not await store.add_sign(session, caller, sign, note):
            return []
        now = self._now()
        if who is not None:
            await audit.note(
                session, now, who.username, "nuisance.report", mask_number(caller),
                call=sign.call, note=note,
            )  # fmt: skip
        return await self._act(session, caller, now)

    async def _act(self, session: AsyncSession, caller: str, now: datetime) -> list[Kept]:
        """Take the measure that is due against a caller, if any."""
        rules, _ = self._today()
        due = judge(
            await store.signs(session, caller, now - _MEMORY, rules.slow_calls),
            [kept.standing for kept in await store.holding(session, now, caller)],
            await store.cleared(session, caller),
            now,
            rules,
        )
        if due is None:
            return []
        standing, reasons = due
        calls = list(dict.fromkeys(one.call for one in reasons))
        kept = await store.add_measure(session, caller, standing, SYSTEM, calls)
        await _audit(session, now, SYSTEM, f"nuisance.{standing.measure}", kept)
        return [kept]

    def _citizen(self, caller: str) -> bool:
        """Whether a number can be a nuisance caller's: not withheld, nor of the number plan."""
        _, lines = self._today()
        day = self._now().astimezone(self._zone).date()
        digits = caller.removeprefix("+")
        return (
            digits.isascii()
            and digits.isdigit()
            and len(digits) >= _SHORTEST
            and lines.find(caller, day) is None
        )

    def _today(self) -> tuple[NuisanceRules, LinePlan]:
        return self._rules(self._now().astimezone(self._zone).date())


async def _audit(session: AsyncSession, now: datetime, who: str, action: str, kept: Kept) -> None:
    await audit.note(
        session,
        now,
        who,
        action,
        mask_number(kept.caller),
        measure=kept.id,
        until=kept.until.isoformat(),
        note=kept.note,
    )
