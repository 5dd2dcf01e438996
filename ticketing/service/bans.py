"""Use cases of bans: shut an address out, tell of one that is spared, let one in again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ticketing.domain.errors import BanNotFound
from ticketing.domain.intruders import BanRule, Failed, plain_address
from ticketing.domain.roles import Principal
from ticketing.service.clock import utc_now
from ticketing.service.outward import SYSTEM
from ticketing.store import audit
from ticketing.store import bans as store
from ticketing.store.bans import Ban
from ticketing.store.database import Database

_NAMES = 10  # of accounts that are kept
_LONGEST = 40  # of such a name


class Bans:
    """The bans in SQL.

    Args:
        rule: how long they last.
        now: the clock, UTC.
    """

    def __init__(
        self,
        database: Database,
        rule: BanRule | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._rule, self._now = database, rule or BanRule(), now

    async def shut_out(self, attempts: Sequence[Failed], spared: str = "") -> Ban:
        """Write a ban of the address of these attempts, or, when it is spared, that it is not.

        Raises:
            DatabaseUnavailable
        """
        address, now = attempts[0].address, self._now()
        names = dict.fromkeys(_name(one.account) for one in attempts)
        async with self._database.session() as session:
            before = await store.times(session, address, now - self._rule.memory)
            until = now if spared else now + self._rule.length(before)
            ban = await store.add(
                session, address, now, until, len(attempts), list(names)[:_NAMES], spared
            )
            action = "ban.spared" if spared else "ban.add"
            await audit.note(
                session,
                now,
                SYSTEM,
                action,
                address,
                until=until.isoformat(),
                failures=len(attempts),
                why=spared,
            )
        return ban

    async def standing(self) -> list[Ban]:
        """The bans that hold now, the first to end first.

        Raises:
            DatabaseUnavailable
        """
        async with self._database.reading() as session:
            return await store.standing(session, self._now())

    async def latest(self, limit: int = 200) -> list[Ban]:
        """The latest bans, newest first, whatever became of them.

        Raises:
            DatabaseUnavailable
        """
        async with self._database.reading() as session:
            return await store.latest(session, limit)

    async def lift(self, who: Principal, address: str) -> str:
        """Let an address in again; its time is not held against it.

        Returns:
            the address, as it stands in the bans.

        Raises:
            BanNotFound: it is not shut out now.
            DatabaseUnavailable
        """
        try:
            plain = plain_address(address)
        except ValueError:
            raise BanNotFound(f"{address[:_LONGEST]!r} is no address") from None
        async with self._database.session() as session:
            now = self._now()
            if not await store.lift(session, plain, who.username, now):
                raise BanNotFound(f"{plain} is not shut out")
            await audit.note(session, now, who.username, "ban.lift", plain)
        return plain


def _name(account: str) -> str:
    return "".join(c for c in account if c.isprintable())[:_LONGEST]
