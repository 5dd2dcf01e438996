"""Use cases of a surge (K3): announce a notice in one step, join its order by one key, be told.

A caller who joins has an order of their own, attached to the master (W10). When the master is
answered, so are they: by the same words, in their channel, without anybody's hand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ticketing.domain import actions as do
from ticketing.domain.errors import (
    GuardFailed,
    IllegalAction,
    OrderNotFound,
)
from ticketing.domain.guards import Actor
from ticketing.domain.matters import Citizen
from ticketing.domain.roles import Principal, Role
from ticketing.domain.surges import ANSWERED, Piece, Surge
from ticketing.domain.work_order import Event
from ticketing.service.clock import utc_now
from ticketing.service.orders import Orders
from ticketing.store import audit, notices
from ticketing.store import surges as store
from ticketing.store.database import Database

_BY = Principal("surge", frozenset({Role.AGENT}))
_WHY = "来电人按键确认反映同一事件"
_DONE = "您反映的事件已经处理完毕。"

log = logging.getLogger(__name__)


class Surges:
    """The announcements in SQL.

    Args:
        orders: makes and answers the orders of those who join.
        now: the clock, UTC.
    """

    def __init__(
        self, database: Database, orders: Orders, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database, self._orders, self._now = database, orders, now

    async def standing(self) -> list[Surge]:
        """What callers hear now, the newest first."""
        async with self._database.reading() as session:
            found = await store.standing(session)
        now = self._now()
        return [surge for surge in found if surge.active_at(now)]

    async def announce(self, who: Principal, notice: str, piece: Piece, master: str = "") -> Surge:
        """Have callers hear of a published notice before the queue; again changes what they hear.

        Args:
            master: the order that they may join; empty for none.

        Raises:
            NoticeNotFound
            GuardFailed: ``notice_not_active``, ``master_closed``
            OrderNotFound: there is no such order.
        """
        now = self._now()
        if master:
            await self._check_master(master)
        async with self._database.session() as session:
            found = await notices.get(session, notice)
            surge = Surge(found, piece, now, who.username, master)
            if not surge.active_at(now):
                raise GuardFailed(
                    "notice_not_active",
                    "公告尚未发布、尚未开始或已结束，不能播报。",
                    "The notice is not published, has not begun, or is over.",
                    "공지가 발행되지 않았거나 시작 전이거나 끝났습니다.",
                )
            await store.put(session, surge)
            detail = {"piece": piece.value, "master": master}
            await audit.note(session, now, who.username, "surge.announce", notice, **detail)
        return surge

    async def stop(self, who: Principal, notice: str) -> None:
        """Let callers hear no more of it; all done already is well.

        Raises:
            NoticeNotFound
        """
        now = self._now()
        async with self._database.session() as session:
            await notices.get(session, notice)
            if await store.stop(session, notice, now):
                await audit.note(session, now, who.username, "surge.stop", notice)

    async def _check_master(self, number: str) -> None:
        row = await self._orders.find(number)
        if row is None:
            raise OrderNotFound(f"{number}: no work order has this number")
        if row.closed_at is not None or row.master is not None:
            raise GuardFailed(
                "master_closed",
                "主工单已办结，或本身并入了其他工单，请另选。",
                "The master order is closed, or follows another itself.",
                "대표 민원이 끝났거나 다른 민원에 병합되어 있습니다.",
            )

    async def join(self, surge: Surge, call: str, caller: str, language: str, dialled: str) -> str:
        """An order for a caller, attached to the master; the same caller has one only.

        Returns:
            its number.

        Raises:
            TicketingError: it cannot be done now.
        """
        actor = await self._orders.actor(_BY)
        content = f"来电反映：{surge.notice.zh}"
        wanted = do.Receive(
            number="",
            content=content,
            citizen=Citizen(phone=caller),
            call="",
            source=caller,
            dialled=dialled,
            language=language,
        )
        key = f"surge-{surge.notice.id}-{surge.master}-{caller}"
        order = await self._orders.receive(actor, wanted, key)
        if not order.master:
            step = do.JoinMaster(master=surge.master, why=_WHY)
            order = await self._orders.act(actor, order.number, step)
        async with self._database.session() as session:
            await store.join(session, surge.notice.id, order.number)
            now, detail = self._now(), {"order": order.number, "call": call}
            await audit.note(session, now, _BY.username, "surge.join", surge.notice.id, **detail)
        return order.number

    async def tell(self) -> int:
        """Answer those who joined a master that is answered now; how many were."""
        async with self._database.reading() as session:
            waiting = await store.untold(session)
        actor, done = await self._orders.actor(_BY), 0
        words: dict[str, str | None] = {}
        for number, master in waiting.items():
            if master not in words:
                words[master] = await self._words(actor, master)
            text = words[master]
            if text is not None:
                done += await self._answer(actor, number, text)
        return done

    async def _answer(self, actor: Actor, number: str, text: str) -> bool:
        try:
            await self._orders.act(actor, number, do.Reply(text=text))
        except (IllegalAction, OrderNotFound) as problem:  # a person has seen to it
            log.info("order %s is answered by a person: %s", number, problem)
        async with self._database.session() as session:
            await store.told(session, number, self._now())
        return True

    async def _words(self, actor: Actor, master: str) -> str | None:
        """What those who joined are told; None while the master is not answered."""
        row = await self._orders.find(master)
        if row is None or row.state not in ANSWERED:
            return None
        opened = await self._orders.open(replace(actor, roles=frozenset({Role.ADMIN})), master)
        replies = [each for event in opened.events if (each := _reply(event))]
        return f"{_DONE}{replies[-1]}" if replies else _DONE


def _reply(event: Event) -> str:
    return event.command.text if isinstance(event.command, do.Reply) else ""
