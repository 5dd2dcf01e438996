"""The handlers of safety: bans, and calls out of the house."""

from __future__ import annotations

from ivr.api import safety_models as models
from ivr.api.services import Ask
from ticketing.domain.roles import Permission, mask_number
from ticketing.service.clock import utc_now


async def list_bans(ask: Ask) -> models.BansOut:
    """Addresses shut out because they tried to break in by SIP, newest first."""
    now = utc_now()
    found = await ask.use.bans.latest()
    return models.BansOut(
        items=[
            models.BanOut(
                address=ban.address,
                holds=ban.holds(now),
                since=ban.since,
                until=ban.until,
                failures=ban.failures,
                accounts=list(ban.accounts),
                spared=ban.spared,
                lifted_by=ban.lifted_by,
                lifted_at=ban.lifted_at,
            )
            for ban in found
        ]
    )


async def lift_ban(ask: Ask) -> None:
    """Let an address in again, at once; the ban does not count for the next one's length."""
    ask.use.services.ban_lifted(await ask.use.bans.lift(ask.who, ask.path("address")))


async def list_outward_calls(ask: Ask) -> models.OutwardCallsOut:
    """Calls that the hotline placed to the outside, newest first: who, whom, what for, how long."""
    query = ask.query(models.OutwardQuery)
    page = await ask.use.outward.page(limit=query.limit, purpose=query.purpose, cursor=query.cursor)
    whole = ask.who.may(Permission.CALLS_SEE_NUMBERS)
    return models.OutwardCallsOut(
        items=[
            models.OutwardCallOut(
                id=call.id,
                at=call.at,
                who=call.who,
                number=call.number if whole else mask_number(call.number),
                kind=call.kind,
                purpose=call.purpose,
                ref=call.ref,
                outcome=call.outcome,
                answered_at=call.answered_at,
                ended_at=call.ended_at,
                seconds=round(call.seconds, 1),
            )
            for call in page.items
        ],
        next=page.next,
    )
