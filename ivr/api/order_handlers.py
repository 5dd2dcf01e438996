"""The handlers of work orders: parse is done, one use case, answer."""

from __future__ import annotations

import contextlib
import re
from dataclasses import asdict, replace
from typing import Any

from ivr.api import order_models as models
from ivr.api.problems import ApiError
from ivr.api.services import Ask
from ticketing.domain import actions as do
from ticketing.domain.errors import CallNotFound, NotAllowed
from ticketing.domain.matters import Citizen
from ticketing.domain.plain import to_plain
from ticketing.domain.roles import Permission, mask_name, mask_number
from ticketing.domain.work_order import Event, Request, WorkOrder
from ticketing.service.orders import Opened
from ticketing.store.orders import OrderRow

_KEY = re.compile(r"[\x21-\x7e]{8,80}")
# What a step keeps of the citizen, or says of one; hidden from those who may not see citizens.
_PERSONAL = {"citizen", "source", "call"}


async def create_order(ask: Ask) -> models.OrderOut:
    """Take a matter in; the header Idempotency-Key makes a repeated request safe."""
    key = idempotency_key(ask)
    actor = await ask.use.orders.actor(ask.who)
    command = await _with_number(ask, ask.body(models.OrderIn).command)
    order = await ask.use.orders.receive(actor, command, key)
    return _order(ask, await ask.use.orders.open(actor, order.number))


async def list_orders(ask: Ask) -> models.OrdersOut:
    """The orders that one may see: narrowed, searched, the newest or the most pressing first."""
    query = ask.query(models.OrdersQuery)
    if query.phone is not None and not ask.who.may(Permission.ORDERS_SEE_CITIZENS):
        raise NotAllowed
    actor = await ask.use.orders.actor(ask.who)
    page = await ask.use.orders.page(
        actor,
        query.filters(ask.use.services.now()),
        sort=query.sort,
        limit=query.limit,
        cursor=query.cursor,
    )
    return models.OrdersOut(items=[_line(ask, row) for row in page.items], next=page.next)


async def show_order(ask: Ask) -> models.OrderOut:
    """One order."""
    actor = await ask.use.orders.actor(ask.who)
    return _order(ask, await ask.use.orders.open(actor, ask.path("order")))


async def order_history(ask: Ask) -> models.HistoryOut:
    """Every step of an order: who, when, why (W8)."""
    actor = await ask.use.orders.actor(ask.who)
    opened = await ask.use.orders.open(actor, ask.path("order"))
    hidden = _citizen(ask, opened.order) is not opened.order.citizen
    return models.HistoryOut(items=[_event(event, hidden) for event in opened.events])


async def act_on_order(ask: Ask) -> models.OrderOut:
    """Do one thing to an order: one of the actions that its answer lists."""
    given = ask.body(models.ActionIn)
    actor, number = await ask.use.orders.actor(ask.who), ask.path("order")
    await ask.use.orders.act(actor, number, given.command, given.version)
    return _order(ask, await ask.use.orders.open(actor, number))


async def order_proposal(ask: Ask) -> models.ProposalOut:
    """Whose an order is, and the rule that says so; a person decides (I5)."""
    actor = await ask.use.orders.actor(ask.who)
    found = await ask.use.advice.routing(actor, ask.path("order"))
    return models.ProposalOut.model_validate(
        {
            **{name: getattr(found, name) for name in models.ProposalOut.model_fields},
            "refusals": [asdict(refusal) for refusal in found.refusals],
        },
        from_attributes=True,
    )


async def order_repeats(ask: Ask) -> models.RepeatsOut:
    """Earlier orders that an order seems to repeat; a person decides (W10)."""
    actor = await ask.use.orders.actor(ask.who)
    found = await ask.use.advice.repeats(actor, ask.path("order"))
    return models.RepeatsOut(
        items=[models.MatchOut.model_validate(match) for match in (found.earlier if found else ())]
    )


async def _with_number(ask: Ask, command: do.Receive) -> do.Receive:
    """With the number that was dialled in the order's call, unless it is given (T2)."""
    if not command.call or command.dialled:
        return command
    dialled = ask.use.services.dialled(command.call)
    if dialled is None:
        with contextlib.suppress(CallNotFound):
            dialled = (await ask.use.calls.get(ask.who, command.call)).dialled
    return command if dialled is None else replace(command, dialled=dialled)


def idempotency_key(ask: Ask) -> str:
    """The header Idempotency-Key; empty when there is none."""
    key = ask.request.headers.get("Idempotency-Key", "")
    if key and not _KEY.fullmatch(key):
        raise ApiError("bad_request", detail="Idempotency-Key: 8 to 80 visible characters")
    return key


def _citizen(ask: Ask, order: WorkOrder) -> Citizen:
    """The citizen as the asker may see it; the same object when nothing is hidden.

    One who wishes not to be named is known to the hotline alone, not to the unit.
    """
    citizen = order.citizen
    if ask.who.may(Permission.ORDERS_SEE_CITIZENS) and not (
        citizen.anonymous and not ask.who.may(Permission.CALLS_SEE_NUMBERS)
    ):
        return citizen
    return replace(
        citizen,
        name=mask_name(citizen.name),
        phone=mask_number(citizen.phone),
        address="",
        email="",
    )


def _line(ask: Ask, row: OrderRow) -> models.OrderLineOut:
    line = models.OrderLineOut.model_validate(row)
    if not ask.who.may(Permission.CALLS_SEE_NUMBERS):
        line.citizen_name = mask_name(line.citizen_name)
        line.citizen_phone = mask_number(line.citizen_phone)
    return line


def _order(ask: Ask, opened: Opened) -> models.OrderOut:
    order = opened.order
    citizen = _citizen(ask, order)
    requests = (order.return_request, order.extension_request, order.exemption_request)
    return models.OrderOut.model_validate(
        {
            **{
                name: getattr(order, name)
                for name in models.OrderOut.model_fields
                if hasattr(order, name)
            },
            "call": order.call if citizen is order.citizen else "",
            "citizen": models.CitizenOut.model_validate(citizen),
            "chain": [models.HolderOut.model_validate(holder) for holder in order.chain],
            "requests": [_request(each) for each in requests if each is not None],
            "actions": list(opened.actions),
        },
        from_attributes=True,
    )


def _request(request: Request) -> models.RequestOut:
    c = request.command
    common: dict[str, Any] = {
        "at": request.at,
        "who": request.who,
        "unit": request.unit,
        "why": c.why,
    }
    match c:
        case do.AskReturn():
            return models.RequestOut(kind="return", site_check=c.site_check, **common)
        case do.AskExtension():
            return models.RequestOut(kind="extension", days=c.days, **common)
        case do.AskExemption():
            return models.RequestOut(kind="exemption", **common)


def _event(event: Event, hidden: bool) -> models.EventOut:
    details = to_plain(event.command)
    return models.EventOut(
        seq=event.seq,
        at=event.at,
        who=event.who,
        unit=event.unit,
        action=event.command.action,
        state=event.to,
        details={
            name: value
            for name, value in details.items()
            if name not in {"action", "number"} and not (hidden and name in _PERSONAL)
        },
        moments=None if event.moments is None else models.MomentsOut(**asdict(event.moments)),
    )
