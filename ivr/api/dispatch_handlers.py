"""The handlers of calls to the persons responsible for an urgent order (H4)."""

from __future__ import annotations

from ivr.api import dispatch_models as models
from ivr.api.services import Ask
from ticketing.domain.roles import Permission, Principal, mask_number
from ticketing.service.dispatch_calls import Told


async def start_dispatch_call(ask: Ask) -> models.DispatchCallOut:
    """Have the persons responsible for an urgent order rung, one after the other."""
    actor = await ask.use.orders.actor(ask.who)
    calling = ask.use.services.dispatch_calling
    return _shown(ask.who, await calling.start(actor, ask.path("order")))


async def read_dispatch_call(ask: Ask) -> models.DispatchCallOut:
    """Who was rung for an order the last time, and who has taken it over."""
    actor = await ask.use.orders.actor(ask.who)
    calling = ask.use.services.dispatch_calling
    return _shown(ask.who, await calling.listed.status(actor, ask.path("order")))


async def stop_dispatch_call(ask: Ask) -> models.DispatchCallOut:
    """Ring nobody else."""
    actor = await ask.use.orders.actor(ask.who)
    calling = ask.use.services.dispatch_calling
    return _shown(ask.who, await calling.stop(actor, ask.path("order")))


def _shown(who: Principal, told: Told) -> models.DispatchCallOut:
    cascade, sees = told.cascade, who.may(Permission.CONTACTS_SEE_PHONES)
    rings = [
        models.RingOut(
            seq=ring.seq,
            stage=ring.stage,
            person=ring.person.name,
            phone=ring.person.phone if sees else mask_number(ring.person.phone),
            started_at=ring.started_at,
            ended_at=ring.ended_at,
            outcome=ring.outcome,
        )
        for ring in told.rings
    ]
    return models.DispatchCallOut(
        number=cascade.number,
        unit=cascade.unit,
        stage=cascade.stage,
        asked_by=cascade.asked_by,
        started_at=cascade.started_at,
        give_up_at=cascade.give_up_at,
        accepted_by=cascade.accepted_by,
        ended_at=cascade.ended_at,
        rings=rings,
    )
