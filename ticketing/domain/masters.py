"""Many callers on one event: one master order, and an own answer for each caller.

The master is handled; the orders attached to it wait, and each caller is answered singly when it
closes, in the channel and language they came in (M1).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from ticketing.domain.errors import GuardFailed
from ticketing.domain.matters import Channel


@dataclass(frozen=True, slots=True)
class Member:
    """An order that is handled with its master.

    Attributes:
        source: the number or address in its channel that the result goes back to.
    """

    order: str
    channel: Channel
    source: str
    at: datetime
    by: str
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class MasterOrder:
    """One event.

    Attributes:
        number: of the order that is handled.
        members: the others on the event, in the order they were attached.
    """

    number: str
    title: str
    members: tuple[Member, ...] = ()
    closed_at: datetime | None = None

    def has(self, order: str) -> bool:
        """Whether ``order`` is attached to it."""
        return any(member.order == order for member in self.members)


@dataclass(frozen=True, slots=True)
class ReplyTask:
    """A caller is to be told of the result.

    Attributes:
        key: the same for the same order and master: a task that is there already is not made again.
    """

    key: str
    order: str
    master: str
    channel: Channel
    source: str
    language: str
    result: str


def attach(master: MasterOrder, member: Member, others: Iterable[MasterOrder]) -> MasterOrder:
    """``master`` with ``member``; attaching it again changes nothing.

    Args:
        others: the masters that have either of the two orders in them, as far as known.

    Raises:
        GuardFailed: ``master_of_itself``; ``master_closed``; ``master_of_a_master``: one of the two
            would be both; ``two_masters``: the order is attached elsewhere.
    """
    if master.has(member.order):
        return master
    if member.order == master.number:
        raise GuardFailed(
            "master_of_itself",
            "工单不能并入自己，请选另一张主单。",
            "An order cannot be attached to itself; choose another master.",
            "민원을 자기 자신에 합칠 수 없습니다. 다른 대표 민원을 고르십시오.",
        )
    if master.closed_at is not None:
        raise GuardFailed(
            "master_closed",
            f"主单 {master.number} 已办结，不能再并入。",
            f"The master {master.number} is closed; nothing can be attached to it.",
            f"대표 민원 {master.number}은(는) 종결되어 더 합칠 수 없습니다.",
        )
    for other in others:
        if other.number == master.number:
            continue
        if other.has(master.number):
            raise GuardFailed(
                "master_of_a_master",
                f"{master.number} 已并入 {other.number}，请并入 {other.number}。",
                f"{master.number} is itself attached to {other.number}; attach to that.",
                f"{master.number}은(는) {other.number}에 합쳐져 있으니 그쪽에 합치십시오.",
            )
        if other.number == member.order and other.members:
            raise GuardFailed(
                "master_of_a_master",
                f"{member.order} 自己是主单，请先移出并入它的工单。",
                f"{member.order} is itself a master; detach its orders first.",
                f"{member.order}은(는) 대표 민원입니다. 합쳐진 민원을 먼저 빼십시오.",
            )
        if other.has(member.order):
            raise GuardFailed(
                "two_masters",
                f"{member.order} 已并入 {other.number}，请先移出。",
                f"{member.order} is attached to {other.number}; detach it first.",
                f"{member.order}은(는) {other.number}에 합쳐져 있습니다. 먼저 빼십시오.",
            )
    return replace(master, members=(*master.members, member))


def detach(master: MasterOrder, order: str) -> MasterOrder:
    """``master`` without ``order``, which goes its own way again.

    Raises:
        GuardFailed: ``not_attached``, or ``master_closed``.
    """
    if not master.has(order):
        raise GuardFailed(
            "not_attached",
            f"{order} 没有并入 {master.number}。",
            f"{order} is not attached to {master.number}.",
            f"{order}은(는) {master.number}에 합쳐져 있지 않습니다.",
        )
    if master.closed_at is not None:
        raise GuardFailed(
            "master_closed",
            f"主单 {master.number} 已办结，正在逐一答复，不能移出。",
            f"The master {master.number} is closed and its callers are being answered.",
            f"대표 민원 {master.number}은(는) 종결되어 답변 중이므로 뺄 수 없습니다.",
        )
    return replace(master, members=tuple(one for one in master.members if one.order != order))


def close(
    master: MasterOrder, result: str, at: datetime
) -> tuple[MasterOrder, tuple[ReplyTask, ...]]:
    """The event is settled: a task for each caller besides the master's own.

    Closing it again gives the same tasks and the first time.

    Raises:
        GuardFailed: ``text_missing``: there is nothing to tell the callers.
    """
    if not result.strip():
        raise GuardFailed(
            "text_missing",
            "请写明答复市民的内容。",
            "Say what the callers are to be told.",
            "시민에게 답변할 내용을 적어 주십시오.",
        )
    tasks = tuple(
        ReplyTask(
            key=f"{master.number}/{member.order}/reply",
            order=member.order,
            master=master.number,
            channel=member.channel,
            source=member.source,
            language=member.language,
            result=result.strip(),
        )
        for member in master.members
    )
    return replace(master, closed_at=master.closed_at or at), tasks
