"""Use cases of what was handed over: a unit's inbox, and what could not be told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ticketing.domain.guards import Actor
from ticketing.service.clock import utc_now
from ticketing.store import audit, inbox, outbox
from ticketing.store.database import Database
from ticketing.store.inbox import Message, MessagePage
from ticketing.store.outbox import Failure, FailurePage


class Inbox:
    """The units' inboxes and the outbox's failures, in SQL.

    Args:
        database: where they are.
        now: the clock, UTC.
    """

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._now = database, now

    async def page(
        self, actor: Actor, *, limit: int = 50, cursor: str | None = None
    ) -> MessagePage:
        """One page of what the actor's own unit was told; what is not read comes first.

        Raises:
            BadCursor
        """
        async with self._database.reading() as session:
            return await inbox.page(session, actor.unit, limit=limit, cursor=cursor)

    async def read(self, actor: Actor, message: str) -> Message:
        """Somebody of the unit has read a message; who was first is kept.

        Raises:
            MessageNotFound: the actor's unit has no such message.
        """
        async with self._database.session() as session:
            return await inbox.mark_read(session, actor.unit, message, actor.name, self._now())

    async def failures(self, *, limit: int = 50, cursor: str | None = None) -> FailurePage:
        """One page of what nobody could be told, for those who look after the hotline.

        Raises:
            BadCursor
        """
        async with self._database.reading() as session:
            return await outbox.failures(session, limit=limit, cursor=cursor)

    async def retry(self, by: str, item: str) -> Failure:
        """Try once more to tell what has failed.

        Raises:
            DeliveryNotFound: nothing that has failed has this id.
        """
        async with self._database.session() as session:
            found = await outbox.again(session, item, self._now())
            await audit.note(session, self._now(), by, "outbox.retry", item)
        return found
