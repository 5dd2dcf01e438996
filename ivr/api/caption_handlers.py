"""The handler of the live captions of a call."""

from __future__ import annotations

from dataclasses import asdict

from ivr.api import caption_models as models
from ivr.api.services import Ask
from ticketing.domain.errors import CallNotFound, NotYourSeat


async def call_captions(ask: Ask) -> models.CaptionsOut:
    """What has been said in a call going on, for who talks in it or may hear recordings."""
    call = ask.path("call_id")
    captions = ask.use.services.captions
    state = captions.state(call)
    if state is None:
        raise CallNotFound(call)
    if not captions.may_read(ask.who, call):
        raise NotYourSeat(call)
    return models.CaptionsOut(
        state=state,
        why=captions.why(call),
        items=[models.CaptionOut(**asdict(each)) for each in captions.of(call)],
    )
