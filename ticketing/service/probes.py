"""Use cases of probes (T8): what is due, what came of it, who is told when nobody answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from ticketing.domain.calendar import OfficeTime
from ticketing.domain.errors import NoPolicy, ProbeTargetNotFound, UnitNotFound
from ticketing.domain.probes import (
    ProbeRules,
    Slot,
    Target,
    next_attempt,
    plan,
    targets,
    unanswered,
)
from ticketing.domain.roles import Principal, mask_number
from ticketing.service.clock import utc_now
from ticketing.service.orders import Worlds
from ticketing.service.outward import SYSTEM
from ticketing.store import audit, inbox, probes, units
from ticketing.store.database import Database
from ticketing.store.inbox import Message
from ticketing.store.probes import ANSWERED, Probe

TOLD = "probe_unanswered"
"""What a message is called that tells of a number that did not answer."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt that is claimed, and to be made now; ``rings`` in seconds."""

    id: int
    target: Target
    rings: int


class Probes:
    """The probes in SQL.

    Args:
        worlds: policy packs, calendar and units.
        seed: of the times; a secret of this hotline.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        worlds: Worlds,
        seed: bytes,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._worlds, self._seed, self._now = database, worlds, seed, now

    async def begin_due(self) -> Begun | None:
        """Claim the next attempt that is due now; None when none is.

        Raises:
            DatabaseUnavailable
        """
        now, day = self._today()
        try:
            rules, slots = await self._plan(day)
        except (NoPolicy, UnitNotFound):
            return None
        if not rules.enabled:
            return None
        async with self._database.session() as session:
            done = await probes.of_day(session, day)
            for slot in slots:
                tried = [(p.at, p.outcome == ANSWERED) for p in done.get(slot.target.number, ())]
                if next_attempt(slot, tried, now, rules):
                    begun = await probes.claim(
                        session, day, slot.target, len(tried) + 1, SYSTEM, now
                    )
                    if begun is not None:
                        return Begun(begun, slot.target, rules.rings)
        return None

    async def begin(self, who: Principal, number: str) -> Begun:
        """Claim an attempt at a number now, because a person wants it.

        Raises:
            ProbeTargetNotFound: it is none of those that must answer.
            NoPolicy, UnitNotFound, DatabaseUnavailable
        """
        now, day = self._today()
        rules, wanted = await self._targets(day)
        target = next((one for one in wanted if one.number == number), None)
        if target is None:
            raise ProbeTargetNotFound(f"{mask_number(number)} is no number that is tried")
        async with self._database.session() as session:
            attempt = await probes.last_attempt(session, day, target.number) + 1
            begun = await probes.claim(session, day, target, attempt, who.username, now)
            if begun is None:
                raise ProbeTargetNotFound("somebody else tries it at this moment")
            await audit.note(session, now, who.username, "probe.make", mask_number(number))
        return Begun(begun, target, rules.rings)

    async def told(
        self,
        begun: Begun,
        outcome: str,
        rang: float,
        *,
        came_back: bool | None = None,
        recording: str | None = None,
    ) -> Probe:
        """Keep how an attempt went; the centre and the unit are told when none was answered.

        Raises:
            DatabaseUnavailable
        """
        rules, _ = await self._targets(self._today()[1])
        async with self._database.session() as session:
            probe = await probes.told(
                session,
                begun.id,
                outcome=outcome,
                rang=round(rang, 1),
                came_back=came_back,
                recording=recording,
            )
            done = (await probes.of_day(session, probe.day)).get(probe.number, [])
            tried = [(one.at, one.outcome == ANSWERED) for one in done]
            if not unanswered(tried, rules):
                return probe
            probe = await probes.told(session, begun.id, unanswered=True)
            tree = await self._worlds.tree()
            there = {tree.root.id}
            if probe.unit in {unit.id for unit in tree}:
                there.add(probe.unit)
            for unit in sorted(there):
                key = f"probe-{probe.day}-{probe.number}-{unit}"
                await inbox.put(session, Message(key, unit, probe.number, TOLD, self._now()))
        return probe

    async def latest(
        self,
        *,
        limit: int,
        before: int | None = None,
        unit: str | None = None,
        unanswered: bool = False,
    ) -> list[Probe]:
        """The latest attempts, newest first; see `ticketing.store.probes.latest`.

        Raises:
            DatabaseUnavailable
        """
        async with self._database.reading() as session:
            return await probes.latest(
                session, limit=limit, before=before, unit=unit, unanswered=unanswered
            )

    async def _plan(self, day: date) -> tuple[ProbeRules, tuple[Slot, ...]]:
        rules, wanted = await self._targets(day)
        world = await self._worlds.world(day)
        zone = self._worlds.zone
        office = OfficeTime(world.calendar, world.pack.office_hours, zone).spans(day)
        return rules, plan(wanted, day, office, rules, zone, self._seed)

    async def _targets(self, day: date) -> tuple[ProbeRules, tuple[Target, ...]]:
        world = await self._worlds.world(day)
        async with self._database.reading() as session:
            register = await units.register(session, day=day)
        contacts = [entry.contact for entry in register]
        return world.pack.probes, targets(world.pack.lines, contacts, day)

    def _today(self) -> tuple[datetime, date]:
        now = self._now()
        return now, now.astimezone(self._worlds.zone).date()
