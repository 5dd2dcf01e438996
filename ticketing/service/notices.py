"""Use cases of the notices (K3): units write them, the centre publishes them, either ends them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from ticketing.domain import notices as rules
from ticketing.domain.errors import GuardFailed, NoticeNotFound, NotYourUnit
from ticketing.domain.notices import Conflict, Notice
from ticketing.domain.roles import Permission, Principal
from ticketing.domain.units import UnitTree
from ticketing.service import reach
from ticketing.service.clock import utc_now
from ticketing.store import audit, notices, units
from ticketing.store.database import Database
from ticketing.store.notices import NoticePage


@dataclass(frozen=True, slots=True)
class Published:
    """A notice that was published, with the others that a person should look at beside it."""

    notice: Notice
    conflicts: tuple[Conflict, ...]


class Notices:
    """Notices in SQL.

    Args:
        database: where they are kept.
        now: the clock, UTC.
    """

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._now = database, now

    async def page(
        self, who: Principal, *, unit: str = "", limit: int = 50, cursor: str | None = None
    ) -> NoticePage:
        """One page of notices, newest first; unpublished ones for their writers and the centre.

        Raises:
            BadCursor
        """
        async with self._database.reading() as session:
            everyone = await units.everyone(session)
            if not everyone:
                return NoticePage((), None)
            drafts = reach.unpublished_of(who, UnitTree(everyone), Permission.NOTICES_WRITE)
            return await notices.page(
                session, unit=unit, drafts_of=drafts, limit=limit, cursor=cursor
            )

    async def active(self, district: str | None = None, line: str = "") -> tuple[Notice, ...]:
        """What is to be shown to an agent now, the most pressing first.

        Args:
            district, line: of the caller; without a district everything active is shown.
        """
        now = self._now()
        async with self._database.reading() as session:
            standing = await notices.standing(session, now)
        return rules.active(standing, now, district=district, line=line)

    async def show(self, who: Principal, notice: str) -> Notice:
        """One notice.

        Raises:
            NoticeNotFound: it is not there, or is not published and another's.
        """
        async with self._database.reading() as session:
            found = await notices.get(session, notice)
            tree = await units.tree(session)
        _check_seen(who, tree, found)
        return found

    async def write(self, who: Principal, notice: Notice) -> Notice:
        """Write a notice; it is shown to nobody before it is published.

        Args:
            notice: its ``id`` is not looked at; an empty ``unit`` is the principal's own.

        Raises:
            UnitNotFound, NotYourUnit
        """
        async with self._database.session() as session:
            tree = await units.tree(session)
            unit = (await units.get(session, notice.unit or reach.place_of(who, tree))).id
            reach.check(who, tree, unit)
            fresh = replace(notice, unit=unit, published_by="")
            written = replace(fresh, id=await notices.add(session, fresh, who.username))
            await audit.note(
                session, self._now(), who.username, "notice.write", written.id, unit=unit
            )
        return written

    async def publish(self, who: Principal, notice: str) -> Published:
        """Publish a notice: from its start to its end it is shown. Once is enough.

        Raises:
            NoticeNotFound, NotYourUnit
            GuardFailed: ``notice_over``
        """
        now = self._now()
        async with self._database.session() as session:
            before = await notices.get(session, notice, lock=True)
            reach.check(who, await units.tree(session), before.unit)
            after = _published(before, who.username, now)
            if after != before:
                await notices.change(session, after)
                await audit.note(session, now, who.username, "notice.publish", notice)
            standing = await notices.standing(session, now)
        found = rules.conflicts(standing)
        return Published(after, tuple(c for c in found if notice in (c.one, c.other)))

    async def end(self, who: Principal, notice: str, why: str) -> Notice:
        """Take a notice back before its end; it stays in the records. Once is enough.

        Raises:
            NoticeNotFound
            NotYourUnit: neither the owner's people nor the centre.
            GuardFailed: ``reason_missing``, ``notice_over``
        """
        now = self._now()
        async with self._database.session() as session:
            before = await notices.get(session, notice, lock=True)
            tree = await units.tree(session)
            _check_seen(who, tree, before)
            if not reach.reaches(who, tree, before.unit):
                raise NotYourUnit(f"{notice} is another unit's")
            after = rules.withdraw(before, who.username, now, why)
            if after != before:
                await notices.change(session, after)
                await audit.note(session, now, who.username, "notice.end", notice, why=why)
        return after


def _published(notice: Notice, by: str, now: datetime) -> Notice:
    if notice.published_by:
        return notice
    if notice.withdrawn_at is not None or now >= notice.end:
        raise GuardFailed(
            "notice_over",
            "公告已撤回或已到期，请另写一条。",
            "The notice is withdrawn or over; write another one.",
            "공지가 내려졌거나 끝났습니다. 새로 작성하십시오.",
        )
    return replace(notice, published_by=by)


def _check_seen(who: Principal, tree: UnitTree, notice: Notice) -> None:
    drafts = reach.unpublished_of(who, tree, Permission.NOTICES_WRITE)
    if not notice.published_by and drafts is not None and notice.unit not in drafts:
        raise NoticeNotFound(f"{notice.id}: no notice has this id")
