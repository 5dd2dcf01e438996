"""The row of the live captions in the table of routes."""

from __future__ import annotations

from ivr.api import caption_handlers as handlers
from ivr.api import caption_models as models
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

CAPTION_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/captions",
        Permission.EVENTS_WATCH,
        handlers.captions_now,
        models.CaptionsNowOut,
    ),
    Route(
        "GET",
        "/api/v1/calls/{call_id}/captions",
        Permission.EVENTS_WATCH,
        handlers.call_captions,
        models.CaptionsOut,
        raises=(errors.CallNotFound, errors.NotYourSeat),
    ),
)
