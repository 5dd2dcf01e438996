"""The rows of calls to the persons responsible for an urgent order in the table of routes (H4)."""

from __future__ import annotations

from ivr.api import dispatch_handlers as handlers
from ivr.api import dispatch_models as models
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

_PATH = "/api/v1/orders/{order}/dispatch-call"
_UNITS = (errors.UnitNotFound,)

DISPATCH_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        _PATH,
        Permission.ORDERS_RING,
        handlers.start_dispatch_call,
        models.DispatchCallOut,
        status=201,
        raises=(
            errors.OrderNotFound,
            errors.NotYours,
            errors.GuardFailed,
            errors.DispatchCallGoing,
            *_UNITS,
        ),
    ),
    Route(
        "GET",
        _PATH,
        Permission.ORDERS_VIEW,
        handlers.read_dispatch_call,
        models.DispatchCallOut,
        raises=(errors.OrderNotFound, errors.DispatchCallNotFound, *_UNITS),
    ),
    Route(
        "DELETE",
        _PATH,
        Permission.ORDERS_RING,
        handlers.stop_dispatch_call,
        models.DispatchCallOut,
        raises=(
            errors.OrderNotFound,
            errors.NotYours,
            errors.DispatchCallNotFound,
            errors.OrderChanged,
            *_UNITS,
        ),
    ),
)
