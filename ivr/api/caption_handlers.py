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


async def captions_now(ask: Ask) -> models.CaptionsNowOut:
    """How live captions are altogether: languages, calls that have them, how late they are."""
    now = ask.use.services.captions.now()
    languages = [
        models.CaptionLanguageOut(language=language, why=why)
        for language, why in now.lacking.items()
    ]
    return models.CaptionsNowOut(
        state=now.state,
        on=now.on,
        turned_off=now.turned_off,
        late=now.late,
        languages=languages,
    )
