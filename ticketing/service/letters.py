"""What a citizen is told of a step of the order: from the history up to that step (M1, W5, W6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ticketing.channels.outbound import BY_SMS, OutboxItem
from ticketing.domain import actions as do
from ticketing.domain.fold import fold
from ticketing.domain.guards import World
from ticketing.domain.matters import Channel
from ticketing.domain.work_order import Event, WorkOrder


def letter_of(item: str, events: Sequence[Event], world: World) -> OutboxItem:
    """What is to be told, the same for ever: later steps do not change it.

    Args:
        item: the outbox's id, which names the step.
        events: of the order, at least up to the step.

    Raises:
        ValueError: the id names no step of the order.
    """
    parts = item.split("-")
    if len(parts) != 3 or not parts[1].isdigit() or not 1 <= int(parts[1]) <= len(events):
        raise ValueError(f"{item}: this is no step of the order")
    seq = int(parts[1])
    event = events[seq - 1]
    after = fold(events[:seq])
    payload: dict[str, object] = {
        "number": after.number,
        "language": after.language,
        "occurred_at": event.at.isoformat(),
    }
    match event.command:
        case do.Decline() as command:
            payload["reason"] = _refusal(command, world)
        case do.DecideExtension():
            payload |= _extension(fold(events[: seq - 1]), after, world)
        case _:
            payload |= {"unit": _answerer(after, world), "text": after.answer or after.result}
    if after.channel is Channel.EMAIL:
        received = events[0].command
        assert isinstance(received, do.Receive)  # noqa: S101 - what a history begins with
        payload |= {"subject": received.title, "references": list(mail_source(after.source)[1])}
    return OutboxItem(item, _notice(event), f"{after.channel.value}:{_address(after)}", payload)


def source_of_mail(address: str, message_ids: Sequence[str]) -> str:
    """An order's ``source`` that came by mail: where the answer goes, and what it answers."""
    return " ".join((address, *message_ids))


def mail_source(source: str) -> tuple[str, tuple[str, ...]]:
    """The address and the Message-IDs that `source_of_mail` was given."""
    address, *message_ids = source.split(" ")
    return address, tuple(message_ids)


def _notice(event: Event) -> str:
    match event.command:
        case do.Receive():
            return "received"
        case do.Decline():
            return "declined"
        case do.DecideExtension():
            return "extended"
        case _:
            return "answered"


def _address(order: WorkOrder) -> str:
    if order.channel in BY_SMS:
        return order.citizen.phone or order.source
    if order.channel is Channel.EMAIL:
        return mail_source(order.source)[0] or order.citizen.email
    return order.source


def _refusal(command: do.Decline, world: World) -> str:
    known = next((one for one in world.pack.intake.declined if one.code == command.code), None)
    said = command.said or (known.sentence if known is not None else "")
    redirect = command.redirect or (known.redirect if known is not None else "")
    return said if redirect in said else f"{said}（{redirect}）"


def _extension(before: WorkOrder, after: WorkOrder, world: World) -> dict[str, object]:
    asked, holder = before.extension_request, after.holder
    return {
        "reason": asked.command.why if asked is not None else "",
        "due": _local(holder.moments.due, world) if holder is not None else "",
    }


def _answerer(order: WorkOrder, world: World) -> str:
    """The unit that has handled it, as people know it; the centre when none has."""
    unit = world.units.get(order.holder.unit if order.holder is not None else order.centre)
    return "" if unit is None else unit.name


def _local(moment: datetime, world: World) -> str:
    return f"{moment.astimezone(world.pack.zone):%Y-%m-%d %H:%M}"
