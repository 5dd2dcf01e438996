"""The rows of those who are to be called back in the table of routes."""

from __future__ import annotations

from ivr.api import callback_handlers as handlers
from ivr.api import callback_models as models
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

CALLBACK_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/v1/callbacks",
        Permission.CALLS_LIST,
        handlers.list_callbacks,
        models.CallbacksOut,
        query=models.CallbacksQuery,
        raises=(errors.BadCursor,),
    ),
    Route(
        "POST",
        "/api/v1/callbacks/{callback}/call",
        Permission.DESK_SIT,
        handlers.call_callback,
        models.CallbackOut,
        raises=(
            errors.CallbackNotFound,
            errors.CallbackClosed,
            errors.NumberNotAllowed,
            errors.NoTrunk,
        ),
    ),
    Route(
        "POST",
        "/api/v1/callbacks/{callback}/set-aside",
        Permission.DESK_SIT,
        handlers.set_callback_aside,
        models.CallbackOut,
        body=models.SetAsideIn,
        raises=(errors.CallbackNotFound, errors.CallbackClosed),
    ),
)
