"""The handlers of probes (T8)."""

from __future__ import annotations

from ivr.api import probe_models as models
from ivr.api.services import Ask
from ticketing.domain.roles import Permission, mask_name, mask_number
from ticketing.store.probes import Probe


async def list_probes(ask: Ask) -> models.ProbesOut:
    """Calls that tried whether lines answer, newest first: the evidence of S6 and S7."""
    query = ask.query(models.ProbesQuery)
    found = await ask.use.services.probes.latest(
        limit=query.limit + 1,
        before=query.before,
        unit=query.unit or None,
        unanswered=query.unanswered,
    )
    page = found[: query.limit]
    more = len(found) > query.limit
    return models.ProbesOut(
        items=[_probe(ask, probe) for probe in page], next=page[-1].id if more else None
    )


async def make_probe(ask: Ask) -> models.ProbeOut:
    """Try a number at once; answers when it was taken, or given up."""
    number = ask.body(models.ProbeIn).number
    return _probe(ask, await ask.use.services.probing.now(ask.who, number))


def _probe(ask: Ask, probe: Probe) -> models.ProbeOut:
    shown = models.ProbeOut.model_validate(probe)
    if not ask.who.may(Permission.CONTACTS_SEE_PHONES):
        shown.number, shown.person = mask_number(probe.number), mask_name(probe.person)
    return shown
