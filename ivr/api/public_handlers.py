"""What anybody may do without a log-in: tell a matter, and ask for its progress (M1)."""

from __future__ import annotations

from ivr.api import order_models as models
from ivr.api.order_handlers import idempotency_key
from ivr.api.services import Ask
from ticketing.domain.errors import OrderNotFound, TooManyAttempts
from ticketing.domain.repeats import plain_phone
from ticketing.service.orders import system_actor


async def public_intake(ask: Ask) -> models.ReceiptOut:
    """Tell a matter; the answer holds the number to ask for its progress with."""
    await _slowly(ask, "intake")
    given = ask.body(models.PublicOrderIn)
    actor = system_actor(given.channel, await ask.use.services.worlds.tree())
    order = await ask.use.orders.receive(actor, given.command, idempotency_key(ask))
    return models.ReceiptOut(number=order.number, received_at=order.received_at)


async def public_progress(ask: Ask) -> models.ProgressOut:
    """Where an order is, for who knows its number and the telephone given with it."""
    await _slowly(ask, "progress")
    given = ask.body(models.AskProgressIn)
    row = await ask.use.orders.find(given.number)
    known = plain_phone(row.citizen_phone) if row is not None else ""
    if row is None or not known or known != plain_phone(given.phone):
        # the same answer for both, so that numbers cannot be tried
        raise OrderNotFound(f"{given.number}: no such order with this telephone")
    return models.ProgressOut(
        number=row.number,
        state=row.state,
        received_at=row.received_at,
        changed_at=row.changed_at,
        closed_at=row.closed_at,
    )


async def _slowly(ask: Ask, what: str) -> None:
    """Each address is heard so often in an hour."""
    address = ask.request.remote or "local"
    wait = await ask.use.services.public_attempts.take(f"{what}:{address}")
    if wait is not None:
        raise TooManyAttempts(wait)
