"""Orders that a step names beside its own: a master (many callers on one event), a repeat (W10)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from ticketing.domain.actions import Command, JoinMaster, LinkRepeat
from ticketing.domain.errors import OrderNotFound
from ticketing.domain.masters import MasterOrder, Member, attach
from ticketing.domain.work_order import WorkOrder
from ticketing.store import orders
from ticketing.store.orders import OrderRow


async def check(session: AsyncSession, order: WorkOrder, command: Command) -> None:
    """Whether the other order is there, and may be what the step makes of it.

    Raises:
        OrderNotFound: there is no such order.
        GuardFailed: it is closed, follows a master itself, or the order is a master already.
    """
    match command:
        case LinkRepeat():
            await _find(session, command.earlier)
        case JoinMaster():
            master = await _find(session, command.master)
            mine = await orders.followers(session, order.number)
            others = [_master(order.number, mine)] if mine else []
            if master.master is not None:
                others.append(_master(master.master, (master,)))
            attach(
                MasterOrder(master.number, master.title, closed_at=master.closed_at),
                Member(order.number, order.channel, order.source, order.received_at, ""),
                others,
            )
        case _:
            pass


async def _find(session: AsyncSession, number: str) -> OrderRow:
    row = await orders.find(session, number)
    if row is None:
        raise OrderNotFound(f"{number}: no work order has this number")
    return row


def _master(number: str, rows: tuple[OrderRow, ...]) -> MasterOrder:
    members = tuple(Member(row.number, row.channel, "", row.received_at, "") for row in rows)
    return MasterOrder(number, "", members)
