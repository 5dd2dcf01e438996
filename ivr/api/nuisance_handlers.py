"""The handlers of nuisance callers."""

from __future__ import annotations

from ivr.api import nuisance_models as models
from ivr.api.paths import number_in
from ivr.api.services import Ask
from ticketing.domain.errors import MeasureNotFound
from ticketing.domain.roles import Permission, mask_number
from ticketing.service.clock import utc_now
from ticketing.store.nuisance import Kept


async def report_nuisance(ask: Ask) -> models.ReportedOut:
    """Say that the caller of a call is a nuisance; several agents' reports block the number."""
    call = ask.path("call_id")
    live = ask.use.services.live.snapshot()["calls"]
    caller = next((str(each["caller"]) for each in live if each["id"] == call), None)
    if caller is None:
        caller = (await ask.use.calls.get(ask.who, call)).caller
    made = await ask.use.services.nuisance.report(
        ask.who, call, caller, ask.body(models.ReportIn).note
    )
    ask.use.services.nuisance_changed()
    return models.ReportedOut(measures=[kept.measure for kept in made])


async def list_nuisance(ask: Ask) -> models.MeasuresOut:
    """Callers who were slowed or blocked, newest first, with the calls that led to it."""
    found = await ask.use.services.nuisance.latest()
    return models.MeasuresOut(items=[_measure(ask, kept) for kept in found])


async def block_caller(ask: Ask) -> models.MeasureOut:
    """Block a caller; 110, 119 and 120 are reached all the same."""
    given = ask.body(models.BlockIn)
    nuisance = ask.use.services.nuisance
    kept = await nuisance.block(ask.who, given.caller, given.hours, given.note)
    ask.use.services.nuisance_changed()
    return _measure(ask, kept)


async def review_nuisance(ask: Ask) -> models.MeasureOut:
    """Look at a measure: lift it, and what led to it counts no more; or keep it."""
    given = ask.body(models.MeasureReviewIn)
    kept = await ask.use.services.nuisance.review(
        ask.who,
        number_in(ask.path("measure"), MeasureNotFound),
        given.decision,
        given.hours,
        given.note,
    )
    ask.use.services.nuisance_changed()
    return _measure(ask, kept)


def _measure(ask: Ask, kept: Kept) -> models.MeasureOut:
    whole = ask.who.may(Permission.CALLS_SEE_NUMBERS)
    return models.MeasureOut(
        id=kept.id,
        caller=kept.caller if whole else mask_number(kept.caller),
        measure=kept.measure,
        holds=kept.holds(utc_now()),
        since=kept.since,
        until=kept.until,
        made_by=kept.made_by,
        reasons=list(kept.reasons),
        decision=kept.decision,
        reviewed_by=kept.reviewed_by,
        reviewed_at=kept.reviewed_at,
        note=kept.note,
    )
