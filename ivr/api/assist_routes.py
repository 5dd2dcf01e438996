"""The rows of the help for agents in the table of routes."""

from __future__ import annotations

from ivr.api import assist_handlers as handlers
from ivr.api import assist_models as models
from ivr.api.route import Route
from ticketing.domain import errors
from ticketing.domain.roles import Permission

ASSIST_ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/api/v1/assist",
        Permission.ORDERS_CREATE,
        handlers.assist,
        models.AssistOut,
        body=models.AssistIn,
        raises=(errors.NothingSaid, errors.NoPolicy, errors.UnitNotFound),
    ),
    Route(
        "POST",
        "/api/v1/assist/{proposal}/used",
        Permission.ORDERS_CREATE,
        handlers.assist_used,
        body=models.UsedIn,
        status=204,
        raises=(errors.ProposalNotFound, errors.OrderNotFound, errors.UnitNotFound),
    ),
    Route(
        "GET",
        "/api/v1/assist/agreement",
        Permission.ASSIST_REVIEW,
        handlers.assist_agreement,
        models.AgreementOut,
        query=models.AgreementQuery,
    ),
)
